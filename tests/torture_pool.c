/*
 * torture_pool.c - refusals while a pool starts, stops and is waited for
 *
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

#include <sched.h>
#include <string.h>

/* One task through the pool and back: it works. */
static void
use(ac_pool *pool)
{
    ac_future *future = tt_submit(pool, tt_job());
    TT_MUST(ac_future_wait, AC_OK, (future, AC_FOREVER));
    ac_future_unref(future);
}

static void
create(size_t workers, const ac_pool_attr *attr)
{
    ac_pool *pool = tt_untouched;
    tt_arm();
    if (TT_REFUSED(ac_pool_create, AC_OK, (workers, attr, &pool))) {
        TT_CHECK(pool == tt_untouched);
        tt_disarm();
        TT_MUST(ac_pool_create, AC_OK, (workers, attr, &pool));
    }
    tt_disarm();
    use(pool);
    /* Refused what it asks for, destroy must do its work all the same. */
    tt_arm();
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    tt_disarm();
}

static void
create_1(void)
{
    create(1, NULL);
}

static void
create_5(void)
{
    create(5, NULL);
}

/* Nobody tells the number of processors: it takes what it can learn. */
static void
create_0(void)
{
    create(0, NULL);
}

static void
attr(void)
{
    ac_pool_attr *pool_attr = tt_untouched;
    tt_arm();
    if (TT_REFUSED(ac_pool_attr_create, AC_OK, (&pool_attr))) {
        TT_CHECK(pool_attr == tt_untouched);
        tt_disarm();
        TT_MUST(ac_pool_attr_create, AC_OK, (&pool_attr));
    }
    TT_MUST(ac_pool_attr_set_name, AC_OK, (pool_attr, "torture"));
    TT_MUST(ac_pool_attr_set_name, AC_OK, (pool_attr, "a longer name"));
    TT_MUST(ac_pool_attr_set_stack_size, AC_OK, (pool_attr, 512 * 1024));
    TT_MUST(ac_pool_attr_set_help, AC_OK, (pool_attr, AC_HELP_ALWAYS));
    tt_disarm();
    create(2, pool_attr);
    ac_pool_attr_destroy(pool_attr);
}

/* ---- Stopping ------------------------------------------------------- */

/* A pool of one worker: one job runs until the gate opens, two are queued. */
static ac_pool *
busy(struct tt_gate *gate)
{
    static struct tt_gate started = TT_GATE(1);
    ac_pool *pool = tt_pool(1);
    for (int i = 0; i < 3; i++) {
        struct tt_job *job = tt_job();
        job->started = i == 0 ? &started : NULL;
        job->hold = i == 0 ? gate : NULL;
        ac_future_unref(tt_submit(pool, job));
    }
    tt_gate_pass(&started);
    return pool;
}

/* As after any error, a refused shutdown has changed nothing. */
static void
still_open(ac_pool *pool)
{
    tt_disarm();
    ac_future_unref(tt_submit(pool, tt_job()));
}

static void
closed(ac_pool *pool)
{
    ac_future *future = tt_untouched;
    TT_MUST(ac_submit, AC_ESHUTDOWN,
            (pool, tt_counted(), tt_run, tt_job(), &future));
    TT_CHECK(future == tt_untouched);
}

static void
shutdown_drain(void)
{
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = busy(&gate);
    size_t left = TT_UNTOUCHED_SIZE;
    tt_arm();
    tt_knock_when_parked(&gate);
    if (TT_REFUSED(ac_pool_shutdown, AC_OK,
                   (pool, AC_DRAIN, AC_FOREVER, &left))) {
        TT_CHECK(left == TT_UNTOUCHED_SIZE);
        still_open(pool);
        TT_MUST(ac_pool_shutdown, AC_OK,
                (pool, AC_DRAIN, AC_FOREVER, &left));
    }
    tt_disarm();
    TT_CHECK(left == 0);
    closed(pool);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

/* Gives the worker every chance to take the next one before it is canceled. */
static void
await_running(struct tt_job *job)
{
    TT_RETRY(ac_future_wait, AC_OK, (job->future, AC_FOREVER));
    for (int i = 0; i < 1000; i++)
        sched_yield();
}

static void
shutdown_cancel(void)
{
    enum { N = 4 };
    static struct tt_gate started = TT_GATE(1);
    ac_pool *pool = tt_pool(1);
    struct tt_job *job = tt_job();
    job->started = &started;
    job->body = tt_until_canceled;
    ac_future *running = tt_submit(pool, job);
    ac_future *queued[N];
    struct tt_job *first = tt_job();
    first->unused = await_running;
    first->future = running;
    ac_future_unref(tt_submit(pool, first));
    for (int i = 0; i < N; i++)
        queued[i] = tt_submit(pool, tt_job());
    tt_gate_pass(&started);
    size_t left = TT_UNTOUCHED_SIZE;
    tt_arm();
    if (TT_REFUSED(ac_pool_shutdown, AC_OK,
                   (pool, AC_CANCEL, tt_far(), &left))) {
        TT_CHECK(left == TT_UNTOUCHED_SIZE);
        TT_CHECK(ac_future_status(queued[0]) == AC_EAGAIN);
        still_open(pool);
        TT_MUST(ac_pool_shutdown, AC_OK,
                (pool, AC_CANCEL, tt_far(), &left));
    }
    tt_disarm();
    TT_CHECK(left == 0);
    TT_CHECK(ac_future_status(running) == AC_ECANCELED);
    closed(pool);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    ac_future_unref(running);
    for (int i = 0; i < N; i++) {
        TT_CHECK(ac_future_status(queued[i]) == AC_ECANCELED);
        ac_future_unref(queued[i]);
    }
}

/* Not to wait may be refused as well: that is documented. */
static void
shutdown_poll(void)
{
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = busy(&gate);
    size_t left = TT_UNTOUCHED_SIZE;
    tt_arm();
    TT_RETRY(ac_pool_wait_idle, AC_ETIMEDOUT, (pool, AC_POLL));
    TT_RETRY(ac_pool_shutdown, AC_ETIMEDOUT,
             (pool, AC_DRAIN, AC_POLL, &left));
    TT_CHECK(left == 3);
    TT_RETRY(ac_pool_shutdown, AC_ETIMEDOUT,
             (pool, AC_CANCEL, AC_POLL, &left));
    TT_CHECK(left == 1);
    tt_disarm();
    tt_gate_open(&gate);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

static struct tt_gate stop_gate = TT_GATE(2);

static void *
stop(void *arg)
{
    tt_knock_when_parked(&stop_gate);
    if (TT_REFUSED(ac_pool_shutdown, AC_OK,
                   (arg, AC_DRAIN, AC_FOREVER, NULL))) {
        tt_disarm();
        TT_MUST(ac_pool_shutdown, AC_OK, (arg, AC_DRAIN, AC_FOREVER, NULL));
    }
    return NULL;
}

/* Two threads wait for the same end; a refused one keeps it from nobody. */
static void
shutdown_twice(void)
{
    ac_pool *pool = busy(&stop_gate);
    tt_arm();
    pthread_t other = tt_thread(stop, pool);
    stop(pool);
    tt_join(other);
    tt_disarm();
    closed(pool);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

static void
wait_idle(void)
{
    static struct tt_gate gate = TT_GATE(1);
    static struct tt_gate again = TT_GATE(1);
    ac_pool *pool = busy(&gate);
    tt_arm();
    tt_knock_when_parked(&gate);
    TT_RETRY(ac_pool_wait_idle, AC_OK, (pool, AC_FOREVER));
    struct tt_job *job = tt_job();
    job->hold = &again;
    tt_disarm();
    ac_future_unref(tt_submit(pool, job));
    tt_arm();
    tt_knock_when_parked(&again);
    TT_RETRY(ac_pool_wait_idle, AC_OK, (pool, tt_far()));
    tt_disarm();
    use(pool);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

static void *
open_gate(void *gate)
{
    tt_gate_open(gate);
    return NULL;
}

/*
 * Destroy drains, refused or not.  The gate is opened by another thread: what
 * destroy waits for need not go through a condition variable.
 */
static void
destroy_busy(void)
{
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = busy(&gate);
    tt_arm();
    pthread_t other = tt_thread(open_gate, &gate);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    tt_disarm();
    tt_join(other);
}

/* The same, and the gate opens no sooner than destroy sleeps. */
static void
destroy_parked(void)
{
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = busy(&gate);
    tt_arm();
    tt_knock_when_parked(&gate);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    tt_disarm();
}

/* From a worker: refused by the rules, whatever else is. */
static int
stop_own(struct tt_job *job)
{
    size_t left = TT_UNTOUCHED_SIZE;
    TT_MUST(ac_pool_destroy, AC_EDEADLK, (job->pool));
    TT_MUST(ac_pool_wait_idle, AC_EDEADLK, (job->pool, AC_FOREVER));
    TT_MUST(ac_pool_shutdown, AC_EDEADLK,
            (job->pool, AC_DRAIN, AC_FOREVER, &left));
    TT_CHECK(left == TT_UNTOUCHED_SIZE);
    return 0;
}

static void
own_worker(void)
{
    ac_pool *pool = tt_pool(2);
    struct tt_job *job = tt_job();
    job->body = stop_own;
    job->pool = pool;
    tt_arm();
    TT_RETRY(ac_submit, AC_OK, (pool, tt_counted(), tt_run, job, NULL));
    job->accepted = true;
    TT_RETRY(ac_pool_wait_idle, AC_OK, (pool, AC_FOREVER));
    tt_disarm();
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

static void
texts(void)
{
    tt_arm();
    for (int code = -1; code < 128; code++)
        TT_CHECK(ac_strerror(code) != NULL);
    TT_CHECK(strcmp(ac_version(), AC_VERSION) == 0);
    TT_CHECK(ac_now() > 0);
    TT_CHECK(ac_deadline_in_ms(INT64_MAX) == AC_FOREVER);
    TT_CHECK(ac_deadline_in_ns(INT64_MAX) == AC_FOREVER);
    TT_CHECK(ac_cancel_requested() == 0);
    tt_disarm();
}

const struct tt_scenario tt_scenarios[] = {
    {"create_1", create_1},
    {"create_5", create_5},
    {"create_0", create_0},
    {"attr", attr},
    {"shutdown_drain", shutdown_drain},
    {"shutdown_cancel", shutdown_cancel},
    {"shutdown_poll", shutdown_poll},
    {"shutdown_twice", shutdown_twice},
    {"wait_idle", wait_idle},
    {"destroy_busy", destroy_busy},
    {"destroy_parked", destroy_parked},
    {"own_worker", own_worker},
    {"texts", texts},
    {NULL, NULL},
};
