/*
 * torture_submit.c - refusals of submit: all or nothing
 *
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

static void
destroy(ac_pool *pool)
{
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

static void
submit(void)
{
    ac_pool *pool = tt_pool(2);
    struct tt_job *job = tt_job();
    ac_future *future = tt_untouched;
    tt_arm();
    if (TT_REFUSED(ac_submit, AC_OK,
                   (pool, tt_counted(), tt_run, job, &future))) {
        TT_CHECK(future == tt_untouched);
        TT_CHECK(atomic_load(&job->args_freed) == 0);
        tt_disarm();
        /* Nothing was queued: the pool is idle, without waiting. */
        TT_MUST(ac_pool_wait_idle, AC_OK, (pool, AC_POLL));
        TT_MUST(ac_submit, AC_OK,
                (pool, tt_counted(), tt_run, job, &future));
    }
    tt_disarm();
    job->accepted = true;
    TT_CHECK(ac_future_arg(future) == job);
    TT_MUST(ac_future_wait, AC_OK, (future, AC_FOREVER));
    ac_future_unref(future);
    destroy(pool);
}

/* A refused one in the midst of many: the others all run. */
static void
submit_many(void)
{
    enum { N = 100 };
    ac_pool *pool = tt_pool(2);
    tt_arm();
    for (int i = 0; i < N; i++) {
        struct tt_job *job = tt_job();
        job->accepted = !TT_REFUSED(
            ac_submit, AC_OK, (pool, tt_counted(), tt_run, job, NULL));
        if (!job->accepted && i > N / 2)
            tt_disarm();
    }
    tt_disarm();
    TT_MUST(ac_pool_wait_idle, AC_OK, (pool, AC_FOREVER));
    destroy(pool);
}

static void
iter_submit(void)
{
    ac_pool *pool = tt_pool(1);
    struct tt_job *job = tt_job();
    ac_future *future = tt_untouched;
    ac_future *done = NULL;
    ac_iter *iter;
    TT_MUST(ac_iter_open, AC_OK, (&iter));
    tt_arm();
    if (TT_REFUSED(ac_iter_submit, AC_OK,
                   (iter, pool, tt_counted(), tt_run, job, AC_FOREVER,
                    &future))) {
        TT_CHECK(future == tt_untouched);
        TT_CHECK(ac_iter_remaining(iter) == 0);
        tt_disarm();
        TT_MUST(ac_iter_next, AC_ETIMEDOUT, (iter, AC_POLL, &done));
        TT_MUST(ac_iter_submit, AC_OK,
                (iter, pool, tt_counted(), tt_run, job, AC_FOREVER,
                 &future));
    }
    tt_disarm();
    job->accepted = true;
    TT_CHECK(ac_iter_remaining(iter) == 1);
    TT_MUST(ac_iter_next, AC_OK, (iter, AC_FOREVER, &done));
    TT_CHECK(done == future);
    ac_future_unref(done);
    ac_future_unref(future);
    ac_iter_destroy(iter);
    destroy(pool);
}

/* The iterator holds the only reference; what it accepted all comes out. */
static void
iter_submit_many(void)
{
    enum { N = 60 };
    ac_pool *pool = tt_pool(2);
    ac_iter *iter;
    size_t accepted = 0;
    TT_MUST(ac_iter_open, AC_OK, (&iter));
    tt_arm();
    for (int i = 0; i < N; i++) {
        struct tt_job *job = tt_job();
        job->accepted =
            !TT_REFUSED(ac_iter_submit, AC_OK,
                        (iter, pool, tt_counted(), tt_run, job, AC_POLL,
                         NULL));
        accepted += job->accepted;
        if (!job->accepted && i > N / 2)
            tt_disarm();
    }
    tt_disarm();
    TT_CHECK(ac_iter_remaining(iter) == accepted);
    TT_MUST(ac_iter_close, AC_OK, (iter));
    ac_future *done;
    for (size_t i = 0; i < accepted; i++) {
        TT_MUST(ac_iter_next, AC_OK, (iter, AC_FOREVER, &done));
        ac_future_unref(done);
    }
    TT_MUST(ac_iter_next, AC_DONE, (iter, AC_FOREVER, &done));
    ac_iter_destroy(iter);
    destroy(pool);
}

/* Refused by the rules: no more an allocation than a trace. */
static void
iter_submit_closed(void)
{
    ac_pool *pool = tt_pool(1);
    struct tt_job *job = tt_job();
    ac_future *future = tt_untouched;
    ac_iter *iter;
    TT_MUST(ac_iter_open, AC_OK, (&iter));
    TT_MUST(ac_iter_close, AC_OK, (iter));
    tt_arm();
    TT_RETRY(ac_iter_submit, AC_ECLOSED,
             (iter, pool, tt_counted(), tt_run, job, AC_POLL, &future));
    TT_CHECK(future == tt_untouched);
    tt_disarm();
    TT_MUST(ac_pool_shutdown, AC_OK, (pool, AC_DRAIN, AC_FOREVER, NULL));
    ac_iter_destroy(iter);
    TT_MUST(ac_iter_open, AC_OK, (&iter));
    tt_arm();
    TT_RETRY(ac_iter_submit, AC_ESHUTDOWN,
             (iter, pool, tt_counted(), tt_run, job, AC_POLL, &future));
    TT_CHECK(future == tt_untouched);
    TT_CHECK(ac_iter_remaining(iter) == 0);
    tt_disarm();
    ac_iter_destroy(iter);
    destroy(pool);
}

static void
task_attr(void)
{
    ac_task_attr *attr = tt_untouched;
    tt_arm();
    if (TT_REFUSED(ac_task_attr_create, AC_OK, (&attr))) {
        TT_CHECK(attr == tt_untouched);
        tt_disarm();
        TT_MUST(ac_task_attr_create, AC_OK, (&attr));
    }
    TT_MUST(ac_task_attr_set_free_arg, AC_OK, (attr, NULL));
    TT_MUST(ac_task_attr_set_free_result, AC_OK, (attr, NULL));
    ac_task_attr_destroy(attr);
    tt_disarm();
}

/* Submitting from a task, while the pool's only worker is inside it. */
static int
submit_inner(struct tt_job *job)
{
    struct tt_job *inner = tt_job();
    TT_RETRY(ac_submit, AC_OK,
             (job->pool, tt_counted(), tt_run, inner, NULL));
    inner->accepted = true;
    return 0;
}

static void
submit_in_task(void)
{
    ac_pool *pool = tt_pool(1);
    struct tt_job *job = tt_job();
    job->body = submit_inner;
    job->pool = pool;
    tt_arm();
    TT_RETRY(ac_submit, AC_OK, (pool, tt_counted(), tt_run, job, NULL));
    job->accepted = true;
    TT_RETRY(ac_pool_wait_idle, AC_OK, (pool, AC_FOREVER));
    tt_disarm();
    destroy(pool);
}

const struct tt_scenario tt_scenarios[] = {
    {"submit", submit},
    {"submit_many", submit_many},
    {"iter_submit", iter_submit},
    {"iter_submit_many", iter_submit_many},
    {"iter_submit_closed", iter_submit_closed},
    {"task_attr", task_attr},
    {"submit_in_task", submit_in_task},
    {NULL, NULL},
};
