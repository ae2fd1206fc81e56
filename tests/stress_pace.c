/*
 * More workers than processors, short tasks by the thousand, and now and then
 * two that wait for a third one behind them: whoever stands by has to start
 * it.  All share one iterator, from which they take one or several, without
 * its lock or with it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

#include <stdbool.h>

/* Those that wait at one time leave two workers. */
enum { WORKERS = 8, CREW = 3, KNOT = 2, BURST = 64, MAX = 40 };

typedef struct tied {
    stress_token token;
    ac_promise *opens; /* or NULL */
    ac_future *gate;   /* to be waited for, or NULL */
} tied;

static ac_pool *pool;
static ac_iter *shared;
static size_t rounds;

static int
pass_or_open(void *arg, void **result)
{
    tied *task = arg;

    if (task->gate != NULL)
        STRESS_MUST(ac_future_wait(task->gate, AC_FOREVER) == AC_OK);
    if (task->opens != NULL)
        STRESS_MUST(ac_promise_resolve(task->opens, NULL) == AC_OK);
    stress_run(arg, result);
    return 0;
}

static void
submit_tied(ac_promise *opens, ac_future *gate, ac_future **future)
{
    tied *task = stress_token_make(sizeof *task);

    task->opens = opens;
    task->gate = gate;
    int rc = ac_submit(pool, stress_attr(), pass_or_open, task, future);
    stress_token_said(task, rc);
    STRESS_MUST(rc == AC_OK);
}

static void
submit_burst(stress_dice *dice)
{
    for (uint32_t n = stress_dice_roll(dice, BURST); n > 0; n--)
        STRESS_MUST(stress_submit(pool, shared, NULL) == AC_OK);
}

static void
tie_and_open(stress_dice *dice)
{
    ac_future *gate, *waiting[KNOT], *opener;
    ac_promise *promise;

    STRESS_MUST(ac_promise_create(NULL, NULL, &promise, &gate) == AC_OK);
    for (int i = 0; i < KNOT; i++)
        submit_tied(NULL, gate, &waiting[i]);
    submit_burst(dice);
    submit_tied(promise, NULL, &opener);
    for (int i = 0; i < KNOT; i++) {
        STRESS_MUST(ac_future_wait(waiting[i], AC_FOREVER) == AC_OK);
        stress_deliver(waiting[i]);
    }
    STRESS_MUST(ac_future_wait(opener, AC_FOREVER) == AC_OK);
    stress_deliver(opener);
    ac_promise_destroy(promise);
    ac_future_unref(gate);
}

/* False: nothing came. */
static bool
take(stress_dice *dice, ac_deadline deadline)
{
    ac_future *got[MAX];
    size_t n = 1;
    int rc;

    if (stress_dice_roll(dice, 4) > 0)
        rc = ac_iter_next(shared, deadline, &got[0]);
    else
        rc = ac_iter_next_many(shared, got, 1 + stress_dice_roll(dice, 3), MAX,
                               deadline, &n);
    if (rc != AC_OK) {
        STRESS_MUST(rc == AC_DONE || rc == AC_ETIMEDOUT);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        stress_deliver(got[i]);
    return true;
}

static void
work(void *unused, unsigned who)
{
    stress_dice dice = stress_dice_make(who + 1);

    (void)unused;
    for (size_t i = 0; i < rounds; i++) {
        submit_burst(&dice);
        if (stress_dice_roll(&dice, 8) == 0)
            tie_and_open(&dice);
        for (uint32_t n = stress_dice_roll(&dice, BURST); n > 0; n--)
            take(&dice, ac_deadline_in_ns(stress_dice_roll(&dice, 20000)));
        while (ac_iter_remaining(shared) > (size_t)CREW * BURST)
            take(&dice, ac_deadline_in_ns(1000000));
    }
}

int
main(int argc, char **argv)
{
    stress_dice dice = stress_dice_make(99);
    stress_crew crew;

    rounds = stress_begin(argc, argv) / CREW;
    STRESS_MUST(ac_pool_create(WORKERS, NULL, &pool) == AC_OK);
    STRESS_MUST(ac_iter_open(&shared) == AC_OK);
    stress_crew_start(&crew, CREW, work, NULL);
    stress_crew_join(&crew);
    STRESS_MUST(ac_iter_close(shared) == AC_OK);
    while (take(&dice, AC_FOREVER))
        continue;
    STRESS_MUST(ac_iter_remaining(shared) == 0);
    ac_iter_destroy(shared);
    STRESS_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    stress_check_stats(pool, UINT64_MAX);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
