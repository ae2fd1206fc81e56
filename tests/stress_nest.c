/*
 * Tasks that submit to their own pool, and then wait for that, take it from an
 * iterator, cancel it, or leave it to others; while threads from outside
 * submit, take, cancel and look at the counters.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

#include <stdbool.h>

enum { WORKERS = 3, CREW = 4, KIDS = 3, WAYS = 5, AT_ONCE = 64 };

static ac_pool *pool;
static ac_iter *shared; /* members of all */
static atomic_uint seeds;
static atomic_bool stopped;

/* ---- What a task does ----------------------------------------------- */

static void
submit_and_wait(stress_dice *dice)
{
    ac_future *kids[KIDS];

    for (int i = 0; i < KIDS; i++)
        STRESS_MUST(stress_submit(pool, NULL, &kids[i]) == AC_OK);
    if (stress_dice_roll(dice, 4) == 0)
        ac_future_cancel(kids[stress_dice_roll(dice, KIDS)]);
    for (int i = 0; i < KIDS; i++) {
        STRESS_MUST(ac_future_wait(kids[i], AC_FOREVER) == AC_OK);
        stress_deliver(kids[i]);
    }
}

static void
submit_and_take(void)
{
    ac_future *done;
    ac_iter *mine;
    int n = 0, rc;

    STRESS_MUST(ac_iter_open(&mine) == AC_OK);
    for (int i = 0; i < KIDS; i++)
        STRESS_MUST(stress_submit(pool, mine, NULL) == AC_OK);
    STRESS_MUST(ac_iter_close(mine) == AC_OK);
    while ((rc = ac_iter_next(mine, AC_FOREVER, &done)) == AC_OK) {
        stress_deliver(done);
        n++;
    }
    STRESS_MUST(rc == AC_DONE && n == KIDS);
    ac_iter_destroy(mine);
}

static void
submit_to_all(void)
{
    for (int i = 0; i < KIDS; i++)
        STRESS_MUST(stress_submit(pool, shared, NULL) == AC_OK);
}

static void
take_some(ac_deadline deadline)
{
    ac_future *done;
    int rc = ac_iter_next(shared, deadline, &done);

    STRESS_MUST(rc == AC_OK || rc == AC_ETIMEDOUT);
    if (rc == AC_OK)
        stress_deliver(done);
}

static int
parent(void *arg, void **result)
{
    stress_dice dice = stress_dice_make(atomic_fetch_add(&seeds, 1));

    stress_run(arg, result);
    switch (stress_dice_roll(&dice, WAYS)) {
    case 0:
        submit_and_wait(&dice);
        break;
    case 1:
        submit_and_take();
        break;
    case 2:
        submit_to_all();
        break;
    case 3:
        submit_to_all();
        for (int i = 0; i < KIDS; i++)
            take_some(ac_deadline_in_ns(stress_dice_roll(&dice, 20000)));
        break;
    default:
        for (int i = 0; i < KIDS; i++)
            STRESS_MUST(stress_submit(pool, NULL, NULL) == AC_OK);
    }
    return 0;
}

/* ---- From outside --------------------------------------------------- */

static void
disturb(void *unused, unsigned who)
{
    stress_dice dice = stress_dice_make(who);
    uint64_t stats[AC_STATS];

    (void)unused;
    while (!atomic_load(&stopped)) {
        switch ((who + stress_dice_roll(&dice, 2)) % CREW) {
        case 0:
            STRESS_MUST(stress_submit(pool, shared, NULL) == AC_OK);
            break;
        case 1:
            STRESS_MUST(ac_iter_cancel(shared) == AC_OK);
            break;
        case 2:
            STRESS_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
            STRESS_MUST(stats[AC_STAT_QUEUED] <= stats[AC_STAT_QUEUED_MAX]);
            STRESS_MUST(stats[AC_STAT_QUEUED] + stats[AC_STAT_BUSY] +
                            stats[AC_STAT_COMPLETED] <=
                        stats[AC_STAT_SUBMITTED]);
            break;
        default:
            take_some(ac_deadline_in_ns(stress_dice_roll(&dice, 50000)));
        }
        stress_dawdle(&dice);
    }
}

int
main(int argc, char **argv)
{
    size_t rounds = stress_begin(argc, argv);
    stress_crew crew;
    ac_future *done;
    int rc;

    STRESS_MUST(ac_pool_create(WORKERS, NULL, &pool) == AC_OK);
    STRESS_MUST(ac_iter_open(&shared) == AC_OK);
    stress_crew_start(&crew, CREW, disturb, NULL);
    for (size_t i = 0; i < rounds; i++) {
        STRESS_MUST(stress_submit_fn(pool, NULL, parent, NULL) == AC_OK);
        if (i % AT_ONCE == 0)
            STRESS_MUST(ac_pool_wait_idle(pool, ac_deadline_in_ms(2)) !=
                        AC_EINVAL);
        while (ac_iter_remaining(shared) > 4 * AT_ONCE)
            take_some(AC_FOREVER);
    }
    atomic_store(&stopped, true);
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    STRESS_MUST(ac_iter_close(shared) == AC_OK);
    while ((rc = ac_iter_next(shared, AC_FOREVER, &done)) == AC_OK)
        stress_deliver(done);
    STRESS_MUST(rc == AC_DONE);
    ac_iter_destroy(shared);
    stress_check_stats(pool, UINT64_MAX);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
