/*
 * torture_life.c - a whole life, armed from beginning to end
 *
 * The other programs look at one call at a time.  Here the refusal may fall
 * on a worker that goes to sleep, on the way out, or between two calls.
 *
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

#define TASKS 12

/* Submit them all to an iterator, take them all, stop. */
static void
through(size_t workers)
{
    ac_pool *pool;
    ac_iter *iter;
    ac_future *done;
    size_t left;
    tt_arm();
    TT_RETRY(ac_pool_create, AC_OK, (workers, NULL, &pool));
    TT_RETRY(ac_iter_open, AC_OK, (&iter));
    for (int i = 0; i < TASKS; i++) {
        struct tt_job *job = tt_job();
        TT_RETRY(ac_iter_submit, AC_OK,
                 (iter, pool, tt_counted(), tt_run, job, AC_FOREVER, NULL));
        job->accepted = true;
    }
    TT_MUST(ac_iter_close, AC_OK, (iter));
    for (int i = 0; i < TASKS; i++) {
        TT_RETRY(ac_iter_next, AC_OK, (iter, AC_FOREVER, &done));
        ac_future_unref(done);
    }
    TT_MUST(ac_iter_next, AC_DONE, (iter, AC_FOREVER, &done));
    ac_iter_destroy(iter);
    TT_RETRY(ac_pool_wait_idle, AC_OK, (pool, AC_FOREVER));
    TT_RETRY(ac_pool_shutdown, AC_OK, (pool, AC_CANCEL, AC_FOREVER, &left));
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    tt_disarm();
}

static void
one_worker(void)
{
    through(1);
}

static void
three_workers(void)
{
    through(3);
}

/* Stop-and-go: the workers sleep and wake between any two tasks. */
static void
one_by_one(void)
{
    ac_pool *pool;
    void *result;
    tt_arm();
    TT_RETRY(ac_pool_create, AC_OK, (2, NULL, &pool));
    for (int i = 0; i < TASKS; i++) {
        struct tt_job *job = tt_job();
        ac_future *future;
        TT_RETRY(ac_submit, AC_OK,
                 (pool, tt_counted(), tt_run, job, &future));
        job->accepted = true;
        TT_RETRY(ac_future_take, AC_OK, (future, AC_FOREVER, &result));
        job->taken = true;
        TT_CHECK(result == job);
        ac_future_unref(future);
        TT_RETRY(ac_pool_wait_idle, AC_OK, (pool, tt_far()));
    }
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    tt_disarm();
}

/* Two pools, one set of futures, and the pools end before they are asked. */
static void
two_pools(void)
{
    ac_pool *pools[2];
    ac_future *futures[TASKS], *done;
    ac_iter *iter;
    size_t which;
    tt_arm();
    for (int i = 0; i < 2; i++)
        TT_RETRY(ac_pool_create, AC_OK, (1, NULL, &pools[i]));
    for (int i = 0; i < TASKS; i++) {
        struct tt_job *job = tt_job();
        TT_RETRY(ac_submit, AC_OK,
                 (pools[i % 2], tt_counted(), tt_run, job, &futures[i]));
        job->accepted = true;
    }
    TT_RETRY(ac_as_completed, AC_OK, (futures, TASKS, &iter));
    for (int i = 0; i < 2; i++)
        TT_MUST(ac_pool_destroy, AC_OK, (pools[i]));
    TT_RETRY(ac_wait, AC_OK, (futures, TASKS, AC_ALL, AC_FOREVER, &which));
    for (int i = 0; i < TASKS; i++) {
        TT_MUST(ac_iter_next, AC_OK, (iter, AC_FOREVER, &done));
        ac_future_unref(done);
        ac_future_unref(futures[i]);
    }
    ac_iter_destroy(iter);
    tt_disarm();
}

const struct tt_scenario tt_scenarios[] = {
    {"one_worker", one_worker},
    {"three_workers", three_workers},
    {"one_by_one", one_by_one},
    {"two_pools", two_pools},
    {NULL, NULL},
};
