/*
 * Tasks that end their threads while others wait for the pool: shutdown,
 * wait_idle, destroy; and the hooks of the threads that go and come.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include <sched.h>
#include <string.h>

#include "quit.h"

enum { TASKS = 10 };

/* ---- Whoever waits for the pool ------------------------------------- */

/* Every second one ends its thread; they begin when the hold is released. */
static void
submit_both_kinds(ac_pool *pool, ac_future *f[TASKS])
{
    for (int i = 0; i < TASKS; i++)
        f[i] = support_submit(pool, i % 2 ? quit_task : support_echo, pool);
}

static void
check_both_kinds(ac_future *f[TASKS])
{
    for (int i = 0; i < TASKS; i++) {
        ck_assert_int_eq(ac_future_status(f[i]), i % 2 ? AC_EABORTED : AC_OK);
        ac_future_unref(f[i]);
    }
}

static void
drain(void *arg)
{
    size_t left = 9;

    SUPPORT_CHECK_INT(ac_pool_shutdown(arg, AC_DRAIN, AC_FOREVER, &left),
                      AC_OK);
    SUPPORT_CHECK_INT(left, 0);
}

static void
await_idle(void *arg)
{
    SUPPORT_CHECK_INT(ac_pool_wait_idle(arg, AC_FOREVER), AC_OK);
}

static void
destroy(void *arg)
{
    SUPPORT_CHECK_INT(ac_pool_destroy(arg), AC_OK);
}

START_TEST(s48_s55_waiting_for_the_pool_goes_on)
{
    static void (*const waits[])(void *) = {drain, await_idle, destroy};
    ac_pool *pool = support_pool(1 + (size_t)_i % 2);
    support_thread waiter;
    support_hold holds[2];
    ac_future *f[TASKS];

    for (int i = 0; i < 1 + _i % 2; i++)
        support_hold_worker(&holds[i], pool);
    submit_both_kinds(pool, f);
    support_thread_start(&waiter, waits[_i / 2], pool);
    support_thread_await_sleep(&waiter);
    for (int i = 0; i < 1 + _i % 2; i++)
        support_hold_end(&holds[i]);
    support_thread_join(&waiter);
    check_both_kinds(f);
    if (waits[_i / 2] != destroy)
        support_pool_end(pool);
}
END_TEST

/* Asked to stop, it stops its thread. */
static int
quit_when_asked(void *arg, void **result)
{
    support_gate_open(arg);
    while (!ac_cancel_requested())
        sched_yield();
    return quit_task(arg, result);
}

START_TEST(s48_s55_canceled_while_it_runs_it_is_still_aborted)
{
    ac_pool *pool = support_pool(1);
    support_gate started;
    size_t left = 9;

    support_gate_init(&started);
    ac_future *runs = support_submit(pool, quit_when_asked, &started);
    support_gate_wait(&started);
    ac_future *queued = support_submit(pool, quit_task, pool);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, &left),
                     AC_OK);
    ck_assert_uint_eq(left, 0);
    ck_assert_int_eq(ac_future_status(runs), AC_EABORTED);
    ck_assert_int_eq(ac_future_status(queued), AC_ECANCELED);
    ac_future_unref(runs);
    ac_future_unref(queued);
    support_pool_end(pool);
    support_gate_destroy(&started);
}
END_TEST

static void
call_when_aborted(ac_future *future, void *arg)
{
    support_gate *gates = arg;

    SUPPORT_CHECK_INT(ac_future_status(future), AC_EABORTED);
    support_gate_open(&gates[0]);
    support_gate_wait(&gates[1]);
}

/* A task is left until its callbacks returned, and so is its thread. */
START_TEST(s50_s55_it_is_left_until_its_callbacks_returned)
{
    ac_pool *pool = support_pool(1);
    support_gate go;
    support_gate gates[2];
    size_t left = 9;

    support_gate_init(&go);
    support_gate_init(&gates[0]);
    support_gate_init(&gates[1]);
    ac_future *f = support_submit(pool, quit_when_open, &go);
    ck_assert_int_eq(ac_future_on_done(f, call_when_aborted, gates), AC_OK);
    support_gate_open(&go);
    support_gate_wait(&gates[0]);
    ck_assert_int_eq(ac_future_status(f), AC_EABORTED);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_ETIMEDOUT);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 1);
    support_gate_open(&gates[1]);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, &left),
                     AC_OK);
    ck_assert_uint_eq(left, 0);
    ac_future_unref(f);
    support_pool_end(pool);
    support_gate_destroy(&go);
    support_gate_destroy(&gates[0]);
    support_gate_destroy(&gates[1]);
}
END_TEST

/* ---- Canceled inside a call ----------------------------------------- */

typedef struct waits {
    support_gate started;
    pthread_t thread; /* these two before started opens */
    long tid;
    ac_future *other; /* of another pool, which is held */
    int rc;
} waits;

static int
wait_cancelable(void *arg, void **result)
{
    waits *w = arg;

    (void)result;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    w->thread = pthread_self();
    w->tid = support_tid();
    support_gate_open(&w->started);
    w->rc = ac_future_wait(w->other, AC_FOREVER);
    pthread_cleanup_push(quit_leave_frames, NULL);
    pthread_testcancel();
    pthread_cleanup_pop(0);
    return 0;
}

START_TEST(s55_s57_a_task_canceled_in_a_call_ends_after_it)
{
    ac_pool *pool = support_pool(1);
    ac_pool *other = support_pool(1);
    support_hold hold;
    waits w = {.rc = -1};

    support_gate_init(&w.started);
    support_hold_worker(&hold, other);
    w.other = ac_future_ref(hold.future);
    ac_future *f = support_submit(pool, wait_cancelable, &w);
    support_gate_wait(&w.started);
    support_tid_await_sleep(w.tid);
    ck_assert_int_eq(pthread_cancel(w.thread), 0);
    ck_assert_int_eq(ac_future_status(f), AC_EAGAIN);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_EABORTED);
    ck_assert_int_eq(w.rc, AC_OK);
    ac_future_unref(f);
    ac_future_unref(w.other);
    support_pool_end(pool);
    support_pool_end(other);
    support_gate_destroy(&w.started);
}
END_TEST

/* ---- Hooks ---------------------------------------------------------- */

enum { WORKERS = 2 };

static _Thread_local int started; /* 1 + the worker's number */

typedef struct hooked {
    atomic_int starts[WORKERS];
    atomic_int stops[WORKERS];
    ac_pool *pool;
} hooked;

/* Only the first start's answer counts. */
static int
start_hook(size_t worker, void *arg)
{
    hooked *h = arg;
    const int before = atomic_fetch_add(&h->starts[worker], 1);

    SUPPORT_CHECK_INT(atomic_load(&h->stops[worker]), before);
    SUPPORT_CHECK_INT(started, 0);
    started = 1 + (int)worker;
    return before;
}

static void
stop_hook(size_t worker, void *arg)
{
    hooked *h = arg;
    const int before = atomic_fetch_add(&h->stops[worker], 1);

    SUPPORT_CHECK_INT(atomic_load(&h->starts[worker]), before + 1);
    SUPPORT_CHECK_INT(started, 1 + (int)worker);
    /* The task is over by now, and the worker is one still. */
    SUPPORT_CHECK_INT(ac_pool_wait_idle(h->pool, AC_POLL), AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_cancel_requested(), 0);
}

static int
check_started(void *arg, void **result)
{
    char name[20] = "";

    (void)result;
    SUPPORT_CHECK(started == 1 || started == 2);
#ifdef __linux__
    pthread_getname_np(pthread_self(), name, sizeof(name));
    SUPPORT_CHECK_INT(strcmp(name, started == 1 ? "hooked-0" : "hooked-1"), 0);
#endif
    support_barrier_wait(arg);
    return 0;
}

static int
check_started_and_quit(void *arg, void **result)
{
    check_started(arg, result);
    pthread_exit(NULL);
}

static void
run_on_all(ac_pool *pool, ac_task_fn *fn, int status)
{
    support_barrier barrier;
    ac_future *f[WORKERS];

    support_barrier_init(&barrier, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        f[i] = support_submit(pool, fn, &barrier);
    for (int i = 0; i < WORKERS; i++) {
        ck_assert_int_eq(ac_future_get(f[i], AC_FOREVER, NULL), status);
        ac_future_unref(f[i]);
    }
    support_barrier_destroy(&barrier);
}

START_TEST(s54_s55_the_one_stops_and_the_other_starts)
{
    static hooked h; /* a failure leaves it to the workers */
    ac_pool_attr *attr = NULL;

    memset(&h, 0, sizeof(h));
    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_name(attr, "hooked"), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_hooks(attr, start_hook, stop_hook, &h),
                     AC_OK);
    ck_assert_int_eq(ac_pool_create(WORKERS, attr, &h.pool), AC_OK);
    ac_pool_attr_destroy(attr);
    for (int i = 0; i < 3; i++) {
        run_on_all(h.pool, check_started_and_quit, AC_EABORTED);
        run_on_all(h.pool, check_started, AC_OK);
    }
    support_pool_end(h.pool);
    for (int i = 0; i < WORKERS; i++) {
        ck_assert_int_eq(atomic_load(&h.starts[i]), 4);
        ck_assert_int_eq(atomic_load(&h.stops[i]), 4);
    }
}
END_TEST

/* ---- Without unwind tables ------------------------------------------ */

int bare_quit_task(void *arg, void **result); /* bare.c */

/* As a compiler without them, or code made at run time, would leave it. */
START_TEST(s55_code_that_cannot_be_unwound_is_aborted_too)
{
    ac_pool *pool = support_pool(1);
    void *result = NULL;

    for (int i = 0; i < 3; i++) {
        ac_future *f = support_submit(pool, bare_quit_task, pool);
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &result), AC_EABORTED);
        ck_assert_ptr_eq(result, pool);
        ac_future_unref(f);
    }
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("abort at the end");
    TCase *tcase = support_tcase("waits");

    tcase_add_loop_test(tcase, s48_s55_waiting_for_the_pool_goes_on, 0, 6);
    tcase_add_test(tcase, s48_s55_canceled_while_it_runs_it_is_still_aborted);
    tcase_add_test(tcase, s50_s55_it_is_left_until_its_callbacks_returned);
    tcase_add_test(tcase, s55_s57_a_task_canceled_in_a_call_ends_after_it);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("threads");
    tcase_add_test(tcase, s54_s55_the_one_stops_and_the_other_starts);
    tcase_add_test(tcase, s55_code_that_cannot_be_unwound_is_aborted_too);
    suite_add_tcase(suite, tcase);
    return suite;
}
