/*
 * torture_nested.c - refusals of a worker that waits inside its task, where
 * it runs the awaited task itself or must sleep
 *
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

#define INNER 4

/* ---- Bodies of the outer task --------------------------------------- */

static ac_future *
submit_inner(struct tt_job *outer)
{
    struct tt_job *job = tt_job();
    ac_future *future;
    TT_RETRY(ac_submit, AC_OK,
             (outer->pool, tt_counted(), tt_run, job, &future));
    job->accepted = true;
    return future;
}

static int
wait_forever(struct tt_job *outer)
{
    ac_future *future = submit_inner(outer);
    TT_RETRY(ac_future_wait, AC_OK, (future, AC_FOREVER));
    TT_MUST(ac_future_get, AC_OK, (future, AC_FOREVER, NULL));
    ac_future_unref(future);
    return 0;
}

/* With AC_HELP_ALWAYS; else it would wait for itself, for an hour. */
static int
wait_deadline(struct tt_job *outer)
{
    ac_future *future = submit_inner(outer);
    TT_RETRY(ac_future_wait, AC_OK, (future, tt_far()));
    ac_future_unref(future);
    return 0;
}

static int
as_completed(struct tt_job *outer)
{
    ac_future *futures[INNER], *done;
    ac_iter *iter;
    for (int i = 0; i < INNER; i++)
        futures[i] = submit_inner(outer);
    TT_RETRY(ac_as_completed, AC_OK, (futures, INNER, &iter));
    for (int i = 0; i < INNER; i++) {
        TT_RETRY(ac_iter_next, AC_OK, (iter, AC_FOREVER, &done));
        ac_future_unref(done);
        ac_future_unref(futures[i]);
    }
    TT_MUST(ac_iter_next, AC_DONE, (iter, AC_FOREVER, &done));
    ac_iter_destroy(iter);
    return 0;
}

static int
next_many(struct tt_job *outer)
{
    ac_future *futures[INNER], *done[INNER];
    ac_iter *iter;
    size_t n;
    for (int i = 0; i < INNER; i++)
        futures[i] = submit_inner(outer);
    TT_RETRY(ac_as_completed, AC_OK, (futures, INNER, &iter));
    TT_RETRY(ac_iter_next_many, AC_OK,
             (iter, done, INNER, INNER, AC_FOREVER, &n));
    TT_CHECK(n == INNER);
    for (int i = 0; i < INNER; i++) {
        ac_future_unref(done[i]);
        ac_future_unref(futures[i]);
    }
    ac_iter_destroy(iter);
    return 0;
}

static int
wait_set(struct tt_job *outer)
{
    ac_future *futures[INNER];
    size_t which;
    for (int i = 0; i < INNER; i++)
        futures[i] = submit_inner(outer);
    TT_RETRY(ac_wait, AC_OK,
             (futures, INNER, AC_FIRST, AC_FOREVER, &which));
    TT_CHECK(which < INNER);
    TT_RETRY(ac_wait, AC_OK, (futures, INNER, AC_ALL, AC_FOREVER, &which));
    for (int i = 0; i < INNER; i++)
        ac_future_unref(futures[i]);
    return 0;
}

/* A task that waits for one that waits for one. */
static int
deeper(struct tt_job *outer)
{
    struct tt_job *job = tt_job();
    ac_future *future;
    job->body = wait_forever;
    job->pool = outer->pool;
    TT_RETRY(ac_submit, AC_OK,
             (outer->pool, tt_counted(), tt_run, job, &future));
    job->accepted = true;
    TT_RETRY(ac_future_wait, AC_OK, (future, AC_FOREVER));
    ac_future_unref(future);
    return 0;
}

/* The other runs already: a worker, too, must sleep then. */
static struct tt_gate both_asleep = TT_GATE(2);

static int
wait_other(struct tt_job *outer)
{
    tt_knock_when_parked(&both_asleep);
    TT_RETRY(ac_future_wait, AC_OK, (outer->future, AC_FOREVER));
    ac_future_unref(outer->future);
    return 0;
}

/* Oneself: refused by the rules, resources or not. */
static int
wait_oneself(struct tt_job *outer)
{
    ac_future *done = tt_untouched;
    ac_iter *iter;
    TT_MUST(ac_future_wait, AC_EDEADLK, (outer->future, AC_FOREVER));
    TT_RETRY(ac_as_completed, AC_OK, (&outer->future, 1, &iter));
    TT_RETRY(ac_iter_next, AC_EDEADLK, (iter, AC_FOREVER, &done));
    TT_CHECK(done == tt_untouched);
    ac_iter_destroy(iter);
    TT_RETRY(ac_wait, AC_EDEADLK,
             (&outer->future, 1, AC_ALL, AC_FOREVER, NULL));
    return 0;
}

/* ---- Scenarios ------------------------------------------------------ */

/* One worker, so that nobody but the waiter can run the inner tasks. */
static void
on_one_worker(int (*body)(struct tt_job *job), ac_help help)
{
    static struct tt_gate known = TT_GATE(1);
    ac_pool_attr *attr;
    ac_pool *pool;
    TT_MUST(ac_pool_attr_create, AC_OK, (&attr));
    TT_MUST(ac_pool_attr_set_help, AC_OK, (attr, help));
    TT_MUST(ac_pool_create, AC_OK, (1, attr, &pool));
    ac_pool_attr_destroy(attr);
    struct tt_job *job = tt_job();
    job->body = body;
    job->pool = pool;
    job->hold = &known;
    job->future = tt_submit(pool, job);
    tt_arm();
    tt_gate_open(&known);
    TT_RETRY(ac_future_wait, AC_OK, (job->future, AC_FOREVER));
    tt_disarm();
    ac_future_unref(job->future);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

static void
help_wait(void)
{
    on_one_worker(wait_forever, AC_HELP_UNTIMED);
}

static void
help_deadline(void)
{
    on_one_worker(wait_deadline, AC_HELP_ALWAYS);
}

static void
help_iter(void)
{
    on_one_worker(as_completed, AC_HELP_UNTIMED);
}

static void
help_many(void)
{
    on_one_worker(next_many, AC_HELP_UNTIMED);
}

static void
help_set(void)
{
    on_one_worker(wait_set, AC_HELP_UNTIMED);
}

static void
help_deeper(void)
{
    on_one_worker(deeper, AC_HELP_UNTIMED);
}

static void
oneself(void)
{
    on_one_worker(wait_oneself, AC_HELP_UNTIMED);
}

static void
sleep_inside(void)
{
    static struct tt_gate started = TT_GATE(1);
    ac_pool *pool = tt_pool(2);
    struct tt_job *other = tt_job();
    other->started = &started;
    other->hold = &both_asleep;
    ac_future *future = tt_submit(pool, other);
    tt_gate_pass(&started);
    struct tt_job *job = tt_job();
    job->body = wait_other;
    job->future = ac_future_ref(future);
    tt_arm();
    TT_RETRY(ac_submit, AC_OK, (pool, tt_counted(), tt_run, job, NULL));
    job->accepted = true;
    tt_knock_when_parked(&both_asleep);
    TT_RETRY(ac_future_wait, AC_OK, (future, AC_FOREVER));
    tt_disarm();
    ac_future_unref(future);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

const struct tt_scenario tt_scenarios[] = {
    {"help_wait", help_wait},
    {"help_deadline", help_deadline},
    {"help_iter", help_iter},
    {"help_many", help_many},
    {"help_set", help_set},
    {"help_deeper", help_deeper},
    {"oneself", oneself},
    {"sleep_inside", sleep_inside},
    {NULL, NULL},
};
