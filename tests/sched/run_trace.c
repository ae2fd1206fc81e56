/*
 * run_trace.c - what a trace hook sees, times, and workers of two pools
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

#include <stdatomic.h>

enum { TRACED = 4 };

static ac_pool *pool;
static struct sk_task *traced[TRACED];
static atomic_uint seen[TRACED]; /* one bit for each event */

/* ---- Each event once, in this order, and none without its cause ---- */

static void
trace(ac_trace event, ac_future *future, void *unused)
{
    (void)unused;
    sk_user_code();
    struct sk_task *task = sk_task_of(future);
    int i = 0;
    while (i < TRACED && traced[i] != task)
        i++;
    SK_MUST(i < TRACED);
    unsigned before =
        atomic_fetch_or_explicit(&seen[i], 1U << event, memory_order_relaxed);
    unsigned submitted = 1U << AC_TRACE_SUBMITTED;
    unsigned started = submitted | 1U << AC_TRACE_STARTED;
    switch (event) {
    case AC_TRACE_SUBMITTED:
        SK_MUST(before == 0);
        break;
    case AC_TRACE_REFUSED:
        SK_MUST(before == submitted);
        break;
    case AC_TRACE_STARTED:
        SK_MUST(before == submitted && task->runs == 0);
        break;
    case AC_TRACE_ENDED:
        SK_MUST(ac_future_status(future) != AC_EAGAIN);
        SK_MUST(before == (task->runs ? started : submitted));
    }
}

static ac_pool *
traced_pool(size_t workers, size_t capacity)
{
    ac_pool_attr *attr;
    SK_MUST(ac_pool_attr_create(&attr) == AC_OK);
    SK_MUST(ac_pool_attr_set_trace(attr, trace, NULL) == AC_OK);
    SK_MUST(ac_pool_attr_set_timing(attr, (int)sk_roll(2)) == AC_OK);
    SK_MUST(ac_pool_attr_set_capacity(attr, capacity) == AC_OK);
    SK_MUST(ac_pool_create(workers, attr, &pool) == AC_OK);
    ac_pool_attr_destroy(attr);
    for (int i = 0; i < TRACED; i++)
        traced[i] = sk_task();
    return pool;
}

static void *
submit_second(void *future)
{
    int rc = sk_submit(pool, NULL, traced[1], NULL);
    SK_MUST(rc == AC_OK || rc == AC_EAGAIN || rc == AC_ESHUTDOWN);
    rc = ac_future_cancel(future);
    SK_MUST(rc == AC_OK || rc == AC_EBUSY || rc == AC_EALREADY);
    return NULL;
}

SK_SCENARIO(trace_submit)
{
    ac_future *future;
    traced_pool(1, sk_roll(3));
    SK_MUST(sk_submit(pool, NULL, traced[0], &future) == AC_OK);
    pthread_t other = sk_start(submit_second, future);
    int rc = sk_submit(pool, NULL, traced[2], NULL);
    SK_MUST(rc == AC_OK || rc == AC_EAGAIN);
    SK_MUST(ac_pool_shutdown(pool, sk_roll(2) ? AC_DRAIN : AC_CANCEL,
                             AC_FOREVER, NULL) == AC_OK);
    sk_join(other);
    ac_future_unref(future);
    sk_pool_end(pool);
    for (int i = 0; i < TRACED - 1; i++) {
        unsigned last = traced[i]->accepted ? AC_TRACE_ENDED : AC_TRACE_REFUSED;
        SK_MUST(seen[i] & 1U << last);
    }
}

/* ---- An iterator with members of two pools, both of whose workers wait on
 * it: each runs its own in place ---- */

static ac_pool *pools[2];
static ac_iter *iter;
static int got[2];

static int
drain_all(struct sk_task *task)
{
    got[task->error] = sk_drain(iter, AC_FOREVER, AC_DONE);
    return 0;
}

static void *
submit_to_second(void *unused)
{
    (void)unused;
    SK_MUST(sk_submit(pools[1], iter, sk_task(), NULL) == AC_OK);
    SK_MUST(sk_submit(pools[0], iter, sk_task(), NULL) == AC_OK);
    return NULL;
}

SK_SCENARIO(two_pools)
{
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    for (int i = 0; i < 2; i++) {
        struct sk_task *task = sk_task();
        task->body = drain_all;
        task->error = i;
        pools[i] = sk_pool(1);
        SK_MUST(sk_submit(pools[i], NULL, task, NULL) == AC_OK);
    }
    pthread_t other = sk_start(submit_to_second, NULL);
    SK_MUST(sk_submit(pools[0], iter, sk_task(), NULL) == AC_OK);
    sk_join(other);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pools[0], AC_FOREVER) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pools[1], AC_FOREVER) == AC_OK);
    SK_MUST(got[0] + got[1] == 3);
    ac_iter_destroy(iter);
    sk_pool_end(pools[0]);
    sk_pool_end(pools[1]);
}

/* ---- Waits with a deadline inside of a pool that helps always ---- */

static ac_future *futures[2];

static int
wait_soon(struct sk_task *task)
{
    (void)task;
    ac_deadline deadline = sk_soon();
    int rc = ac_wait(futures, 2, AC_ALL, deadline, NULL);
    SK_MUST(rc == AC_OK || (rc == AC_ETIMEDOUT && ac_now() >= deadline));
    return 0;
}

SK_SCENARIO(help_always)
{
    ac_pool_attr *attr;
    struct sk_gate start = {0};
    struct sk_task *outer = sk_task();
    outer->body = wait_soon;
    outer->hold = &start;
    SK_MUST(ac_pool_attr_create(&attr) == AC_OK);
    SK_MUST(ac_pool_attr_set_help(attr, AC_HELP_ALWAYS) == AC_OK);
    SK_MUST(ac_pool_create(1 + sk_roll(2), attr, &pool) == AC_OK);
    ac_pool_attr_destroy(attr);
    SK_MUST(sk_submit(pool, NULL, outer, NULL) == AC_OK);
    futures[0] = sk_submitted(pool);
    futures[1] = sk_submitted(pool);
    sk_gate_open(&start);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    ac_future_unref(futures[0]);
    ac_future_unref(futures[1]);
    sk_pool_end(pool);
}
