/*
 * torture_future.c - refusals while someone waits for one future
 *
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

/* A job that ends when whoever waits for it has gone to sleep. */
static ac_future *
held(ac_pool *pool, struct tt_gate *gate, int error)
{
    struct tt_job *job = tt_job();
    job->hold = gate;
    job->error = error;
    return tt_submit(pool, job);
}

static void
end(ac_pool *pool, ac_future *future)
{
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    ac_future_unref(future);
}

static void
waits(ac_deadline deadline)
{
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = tt_pool(2);
    ac_future *future = held(pool, &gate, 0);
    tt_arm();
    tt_knock_when_parked(&gate);
    if (TT_REFUSED(ac_future_wait, AC_OK, (future, deadline))) {
        tt_disarm();
        TT_CHECK(ac_future_status(future) == AC_EAGAIN);
        TT_MUST(ac_future_wait, AC_OK, (future, deadline));
    }
    /* It is done: nothing to wait for, so nothing to be refused. */
    TT_MUST(ac_future_wait, AC_OK, (future, AC_FOREVER));
    tt_disarm();
    end(pool, future);
}

static void
wait_forever(void)
{
    waits(AC_FOREVER);
}

static void
wait_deadline(void)
{
    waits(tt_far());
}

/* A past deadline is a poll: it needs nothing, and says so. */
static void
wait_poll(void)
{
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = tt_pool(1);
    ac_future *future = held(pool, &gate, 0);
    void *result = tt_untouched;
    tt_arm();
    TT_MUST(ac_future_wait, AC_ETIMEDOUT, (future, AC_POLL));
    TT_MUST(ac_future_get, AC_ETIMEDOUT, (future, AC_POLL, &result));
    TT_MUST(ac_future_take, AC_ETIMEDOUT, (future, AC_POLL, &result));
    TT_CHECK(result == tt_untouched);
    tt_disarm();
    tt_gate_open(&gate);
    end(pool, future);
}

/* A deadline that really passes, with nobody to end the task before. */
static void
wait_timeout(void)
{
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = tt_pool(1);
    ac_future *future = held(pool, &gate, 0);
    tt_arm();
    TT_RETRY(ac_future_wait, AC_ETIMEDOUT, (future, ac_deadline_in_ms(2)));
    tt_disarm();
    TT_CHECK(ac_future_status(future) == AC_EAGAIN);
    tt_gate_open(&gate);
    end(pool, future);
}

static void
get(void)
{
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = tt_pool(1);
    ac_future *future = held(pool, &gate, 42);
    void *result = tt_untouched;
    tt_arm();
    tt_knock_when_parked(&gate);
    if (TT_REFUSED(ac_future_get, AC_EFAILED,
                   (future, AC_FOREVER, &result))) {
        TT_CHECK(result == tt_untouched);
        tt_disarm();
        TT_MUST(ac_future_get, AC_EFAILED, (future, tt_far(), &result));
    }
    TT_CHECK(result == ac_future_arg(future));
    TT_CHECK(ac_future_error(future) == 42);
    TT_MUST(ac_future_get, AC_EFAILED, (future, AC_POLL, NULL));
    tt_disarm();
    end(pool, future);
}

/* A refused take has taken nothing. */
static void
take(void)
{
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = tt_pool(1);
    ac_future *future = held(pool, &gate, 0);
    struct tt_job *job = ac_future_arg(future);
    void *result = tt_untouched;
    tt_arm();
    tt_knock_when_parked(&gate);
    if (TT_REFUSED(ac_future_take, AC_OK, (future, AC_FOREVER, &result))) {
        TT_CHECK(result == tt_untouched);
        tt_disarm();
        TT_MUST(ac_future_take, AC_OK, (future, tt_far(), &result));
    }
    job->taken = true;
    TT_CHECK(result == job);
    result = tt_untouched;
    TT_MUST(ac_future_take, AC_ENOENT, (future, AC_FOREVER, &result));
    TT_MUST(ac_future_get, AC_ENOENT, (future, AC_FOREVER, &result));
    TT_CHECK(result == tt_untouched);
    tt_disarm();
    end(pool, future);
}

/* Canceling needs nothing, whatever state the task is in. */
static void
cancel(void)
{
    static struct tt_gate started = TT_GATE(1);
    ac_pool *pool = tt_pool(1);
    ac_future *ended = tt_ended(pool, 0);
    struct tt_job *job = tt_job();
    job->started = &started;
    job->body = tt_until_canceled;
    ac_future *running = tt_submit(pool, job);
    ac_future *queued = tt_submit(pool, tt_job());
    tt_gate_pass(&started);
    tt_arm();
    TT_MUST(ac_future_cancel, AC_EALREADY, (ended));
    TT_MUST(ac_future_cancel, AC_OK, (queued));
    TT_MUST(ac_future_cancel, AC_OK, (queued));
    TT_MUST(ac_future_wait, AC_OK, (queued, AC_FOREVER));
    void *result = tt_untouched;
    TT_MUST(ac_future_take, AC_ECANCELED, (queued, AC_FOREVER, &result));
    TT_CHECK(result == tt_untouched);
    TT_MUST(ac_future_cancel, AC_EBUSY, (running));
    TT_RETRY(ac_future_get, AC_ECANCELED, (running, AC_FOREVER, &result));
    TT_CHECK(result == job);
    ac_future_unref(queued);
    ac_future_unref(ended);
    tt_disarm();
    end(pool, running);
}

static void *
wait_too(void *future)
{
    TT_RETRY(ac_future_wait, AC_OK, (future, AC_FOREVER));
    ac_future_unref(future);
    return NULL;
}

/* Many wait, some are refused, and a cancel tells the rest. */
static void
cancel_waited(void)
{
    enum { N = 4 };
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = tt_pool(1);
    struct tt_job *job = tt_job();
    static struct tt_gate started = TT_GATE(1);
    job->started = &started;
    job->hold = &gate;
    ac_future *running = tt_submit(pool, job);
    ac_future *queued = tt_submit(pool, tt_job());
    tt_gate_pass(&started);
    pthread_t threads[N];
    tt_arm();
    for (int i = 0; i < N; i++)
        threads[i] = tt_thread(wait_too, ac_future_ref(queued));
    TT_MUST(ac_future_cancel, AC_OK, (queued));
    for (int i = 0; i < N; i++)
        tt_join(threads[i]);
    tt_disarm();
    tt_gate_open(&gate);
    ac_future_unref(queued);
    end(pool, running);
}

/* The last reference goes before, and after, its pool does. */
static void
outlive(void)
{
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = tt_pool(1);
    ac_future *kept = held(pool, &gate, 0);
    ac_future *dropped = tt_submit(pool, tt_job());
    tt_arm();
    ac_future_unref(dropped);
    tt_gate_open(&gate);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    TT_MUST(ac_future_get, AC_OK, (kept, AC_FOREVER, NULL));
    ac_future_unref(kept);
    tt_disarm();
}

const struct tt_scenario tt_scenarios[] = {
    {"wait_forever", wait_forever},
    {"wait_deadline", wait_deadline},
    {"wait_poll", wait_poll},
    {"wait_timeout", wait_timeout},
    {"get", get},
    {"take", take},
    {"cancel", cancel},
    {"cancel_waited", cancel_waited},
    {"outlive", outlive},
    {NULL, NULL},
};
