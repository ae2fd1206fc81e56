/*
 * Tasks that end their threads, against submit and against shutdown: each is
 * accounted for, alone or on top of one that waits for it, and the pool has
 * threads enough to come to its end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { SUBMITTERS = 3, TOO_MANY = 60 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_pool *pool;
    ac_iter *iter;
} shared;

static shared all;

static int
quit(void *arg, void **result)
{
    stress_run(arg, result);
    pthread_exit(NULL);
}

static void
drop(void *future)
{
    ac_future_unref(future);
}

static void
destroy(void *iter)
{
    ac_iter_destroy(iter);
}

/* Waits for one that quits; if that runs in place, it goes too. */
static int
wait_for_quitter(void *arg, void **result)
{
    ac_future *future;

    stress_run(arg, result);
    if (stress_submit_fn(all.pool, NULL, quit, &future) != AC_OK)
        return 0;
    pthread_cleanup_push(drop, future);
    STRESS_MUST(ac_future_wait(future, AC_FOREVER) == AC_OK);
    pthread_cleanup_pop(1);
    return 0;
}

static int
iterate_to_quitter(void *arg, void **result)
{
    ac_iter *iter;
    ac_future *future;

    stress_run(arg, result);
    STRESS_MUST(ac_iter_open(&iter) == AC_OK);
    pthread_cleanup_push(destroy, iter);
    if (stress_submit_fn(all.pool, iter, quit, NULL) == AC_OK) {
        STRESS_MUST(ac_iter_next(iter, AC_FOREVER, &future) == AC_OK);
        ac_future_unref(future);
    }
    pthread_cleanup_pop(1);
    return 0;
}

static int
leave(void *arg, void **result)
{
    stress_run(arg, result);
    return 0;
}

static void
submitter(void *arg, unsigned who)
{
    static ac_task_fn *const kinds[] = {quit, leave, wait_for_quitter, leave,
                                        iterate_to_quitter};
    shared *s = arg;
    stress_dice dice = stress_dice_make(who);
    int rc;

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        for (int i = 0; i < TOO_MANY; i++) {
            rc = stress_submit_fn(s->pool, who == 0 ? s->iter : NULL,
                                  kinds[stress_dice_roll(&dice, 5)], NULL);
            if (rc != AC_OK)
                break;
            if (i % 8 == 0)
                stress_dawdle(&dice);
        }
        STRESS_MUST(rc == AC_OK || rc == AC_ESHUTDOWN);
        stress_rally_meet(&s->rally);
    }
}

static void
stop(ac_pool *pool, stress_dice *dice)
{
    size_t left = 99;

    switch (stress_dice_roll(dice, 4)) {
    case 0:
        STRESS_MUST(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, &left) ==
                    AC_OK);
        break;
    case 1:
        STRESS_MUST(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, &left) ==
                    AC_OK);
        break;
    case 2:
        STRESS_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
        return;
    default:
        ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left);
        stress_dawdle(dice);
        STRESS_MUST(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, &left) ==
                    AC_OK);
    }
    STRESS_MUST(left == 0);
}

/* Those in the iterator came out, and the pool's books agree. */
static void
settle(ac_pool *pool, ac_iter *iter)
{
    uint64_t stats[AC_STATS];
    ac_future *future;
    int rc;

    STRESS_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    STRESS_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
    STRESS_MUST(stats[AC_STAT_SUBMITTED] == stats[AC_STAT_COMPLETED] +
                                                stats[AC_STAT_CANCELED] +
                                                stats[AC_STAT_ABORTED]);
    STRESS_MUST(stats[AC_STAT_BUSY] + stats[AC_STAT_QUEUED] == 0);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    STRESS_MUST(ac_iter_close(iter) == AC_OK);
    while ((rc = ac_iter_next(iter, AC_POLL, &future)) == AC_OK)
        stress_deliver(future);
    STRESS_MUST(rc == AC_DONE);
    ac_iter_destroy(iter);
}

int
main(int argc, char **argv)
{
    stress_dice dice = stress_dice_make(99);
    stress_crew crew;

    all.rounds = (stress_begin(argc, argv) + 9) / 10; /* each makes a pool */
    stress_rally_init(&all.rally, SUBMITTERS + 1);
    stress_crew_start(&crew, SUBMITTERS, submitter, &all);
    for (size_t round = 0; round < all.rounds; round++) {
        STRESS_MUST(ac_pool_create(1 + round % 3, NULL, &all.pool) == AC_OK);
        STRESS_MUST(ac_iter_open(&all.iter) == AC_OK);
        stress_rally_meet(&all.rally);
        stress_dawdle(&dice);
        stop(all.pool, &dice);
        stress_rally_meet(&all.rally);
        settle(all.pool, all.iter);
    }
    stress_crew_join(&crew);
    return stress_end();
}
