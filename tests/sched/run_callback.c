/*
 * run_callback.c - done callbacks, against completions and each other
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

#include <stdatomic.h>

static ac_pool *pool;
static ac_future *futures[3];
static atomic_int called, calls[3];

/* Relaxed, so that counting orders nothing. */
static int
count(atomic_int *counter)
{
    return atomic_fetch_add_explicit(counter, 1, memory_order_relaxed) + 1;
}

static void
on_done(ac_future *future, void *at)
{
    sk_user_code();
    SK_MUST(ac_future_status(future) != AC_EAGAIN);
    atomic_store_explicit((atomic_int *)at, count(&called),
                          memory_order_relaxed);
}

static void
watch(ac_future *future, ac_done_fn *fn, void *arg)
{
    SK_MUST(ac_future_on_done(future, fn, arg) == AC_OK);
}

/* ---- Registration against the end ---- */

static void *
watch_first(void *unused)
{
    (void)unused;
    watch(futures[0], on_done, &calls[0]);
    watch(futures[0], on_done, &calls[1]);
    ac_future_unref(futures[0]);
    return NULL;
}

/* Each once, whoever is faster. */
SK_SCENARIO(on_done_complete)
{
    pool = sk_pool(1);
    futures[0] = sk_submitted(pool);
    pthread_t other = sk_start(watch_first, ac_future_ref(futures[0]));
    watch(futures[0], on_done, &calls[2]);
    ac_future_unref(futures[0]);
    sk_join(other);
    sk_pool_end(pool);
    SK_MUST(called == 3 && calls[0] != 0 && calls[1] != 0 && calls[2] != 0);
}

/* Those registered before come in order, after the waits were told. */
SK_SCENARIO(on_done_order)
{
    struct sk_gate hold = {0};
    struct sk_task *task = sk_task();
    task->hold = &hold;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, task, &futures[0]) == AC_OK);
    for (int i = 0; i < 3; i++)
        watch(futures[0], on_done, &calls[i]);
    sk_gate_open(&hold);
    ac_future_unref(futures[0]);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    for (int i = 0; i < 3; i++)
        SK_MUST(calls[i] == i + 1);
    sk_pool_end(pool);
}

/* ---- A task is left until its callbacks have returned ---- */

static void *
cancel_first(void *unused)
{
    (void)unused;
    int rc = ac_future_cancel(futures[0]);
    SK_MUST(rc == AC_OK || rc == AC_EBUSY || rc == AC_EALREADY);
    ac_future_unref(futures[0]);
    return NULL;
}

SK_SCENARIO(on_done_idle)
{
    pool = sk_pool(1);
    futures[0] = sk_submitted(pool);
    watch(futures[0], on_done, &calls[0]);
    pthread_t other = sk_start(cancel_first, NULL);
    SK_MUST(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, NULL) == AC_OK);
    SK_MUST(called == 1);
    sk_join(other);
    sk_pool_end(pool);
}

/* ---- What callbacks may do ---- */

static struct sk_task *last;

/* Cancel the next one, submit another, and drop what was kept for this. */
static void
go_on(ac_future *future, void *unused)
{
    (void)unused;
    sk_user_code();
    int before = called;
    int rc = ac_future_cancel(futures[1]);
    SK_MUST(rc == AC_OK || rc == AC_EBUSY || rc == AC_EALREADY);
    /* What that finished waits until this has returned. */
    SK_MUST(called == before || rc != AC_OK);
    rc = sk_submit(pool, NULL, last, NULL);
    SK_MUST(rc == AC_OK || rc == AC_ESHUTDOWN);
    ac_future_unref(futures[1]);
    ac_future_unref(future);
}

SK_SCENARIO(on_done_goes_on)
{
    pool = sk_pool(2);
    last = sk_task();
    futures[0] = sk_submitted(pool);
    futures[1] = sk_submitted(pool);
    watch(futures[1], on_done, &calls[1]);
    watch(futures[0], go_on, NULL);
    SK_MUST(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, NULL) == AC_OK);
    SK_MUST(called == 1);
    sk_pool_end(pool);
}

/* A worker runs what it waits for in place, and calls what is due for it. */
static int
wait_second(struct sk_task *task)
{
    (void)task;
    SK_MUST(ac_future_wait(futures[1], AC_FOREVER) == AC_OK);
    return 0;
}

SK_SCENARIO(on_done_nested)
{
    struct sk_task *outer = sk_task();
    struct sk_gate hold = {0};
    outer->body = wait_second;
    outer->hold = &hold;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, outer, &futures[0]) == AC_OK);
    futures[1] = sk_submitted(pool);
    watch(futures[0], on_done, &calls[0]);
    watch(futures[1], on_done, &calls[1]);
    sk_gate_open(&hold);
    futures[2] = futures[1];
    pthread_t other = sk_start(watch_first, ac_future_ref(futures[0]));
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    sk_join(other);
    SK_MUST(called == 4);
    ac_future_unref(futures[0]);
    ac_future_unref(futures[1]);
    sk_pool_end(pool);
}
