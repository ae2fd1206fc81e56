/*
 * Completion against going to sleep: one task at a time, about as long as next
 * looks again before it sleeps, so that it often ends just when the consumer
 * has looked for the last time.  A wake-up that is lost is a program that
 * hangs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

/* Nanoseconds: around the time for which next looks again. */
enum { SHORTEST = 18000, LONGEST = 26000 };

typedef struct task {
    stress_token token;
    int64_t ns;
} task;

static int
take_time(void *arg, void **result)
{
    const task *t = arg;
    ac_deadline end = ac_deadline_in_ns(t->ns);

    stress_run(arg, result);
    while (ac_now() < end)
        continue;
    return 0;
}

static void
submit(ac_pool *pool, ac_iter *iter, stress_dice *dice)
{
    task *t = stress_token_make(sizeof(*t));
    int rc;

    t->ns = SHORTEST + stress_dice_roll(dice, LONGEST - SHORTEST);
    rc = ac_iter_submit(iter, pool, stress_attr(), take_time, t, AC_FOREVER,
                        NULL);
    STRESS_MUST(rc == AC_OK);
    stress_token_said(t, rc);
}

int
main(int argc, char **argv)
{
    size_t rounds = stress_begin(argc, argv);
    stress_dice dice = stress_dice_make(3);
    ac_pool *pool;
    ac_iter *iter;

    STRESS_MUST(ac_pool_create(2, NULL, &pool) == AC_OK);
    STRESS_MUST(ac_iter_open(&iter) == AC_OK);
    rounds *= 10; /* they are short */
    while (rounds-- > 0) {
        ac_future *done;
        submit(pool, iter, &dice);
        STRESS_MUST(ac_iter_next(iter, AC_FOREVER, &done) == AC_OK);
        stress_deliver(done);
    }
    ac_iter_destroy(iter);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
