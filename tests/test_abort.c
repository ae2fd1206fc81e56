/*
 * A task that ends its thread: it is AC_EABORTED, keeps what it left, everyone
 * is told, and another thread takes the place of the one that is gone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <sched.h>
#include <unistd.h>

#include "quit.h"

/* ---- The future ----------------------------------------------------- */

START_TEST(s8_s55_it_is_aborted_and_its_result_kept)
{
    ac_pool *pool = support_pool(1);
    void *result = NULL;
    uint64_t stats[AC_STATS];
    ac_future *f = support_submit(pool, quit_task, pool);

    ck_assert_int_eq(ac_future_wait(f, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_future_status(f), AC_EABORTED);
    ck_assert_int_eq(ac_future_error(f), 0);
    ck_assert_ptr_eq(ac_future_arg(f), pool);
    ck_assert_int_eq(ac_future_cancel(f), AC_EALREADY);
    for (int i = 0; i < 2; i++) {
        result = NULL;
        ck_assert_int_eq(ac_future_get(f, AC_POLL, &result), AC_EABORTED);
        ck_assert_ptr_eq(result, pool);
    }
    result = NULL;
    ck_assert_int_eq(ac_future_take(f, AC_POLL, &result), AC_EABORTED);
    ck_assert_ptr_eq(result, pool);
    ck_assert_int_eq(ac_future_take(f, AC_POLL, &result), AC_ENOENT);
    ac_future_unref(f);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_pool_stats(pool, stats, AC_STATS), AC_OK);
    ck_assert_uint_eq(stats[AC_STAT_SUBMITTED], 1);
    ck_assert_uint_eq(stats[AC_STAT_ABORTED], 1);
    ck_assert_uint_eq(stats[AC_STAT_BUSY], 0);
    ck_assert_uint_eq(stats[AC_STAT_WORKERS], 1);
    support_pool_end(pool);
}
END_TEST

static atomic_int freed_args;
static atomic_int freed_results;

static void
free_arg(void *object)
{
    (void)object;
    atomic_fetch_add(&freed_args, 1);
}

static void
free_result(void *object)
{
    (void)object;
    atomic_fetch_add(&freed_results, 1);
}

/* With a result and without; kept, taken, and of no interest to anyone. */
START_TEST(s33_s55_its_result_is_freed_unless_taken)
{
    ac_pool *pool = support_pool(1);
    ac_task_attr *attr = NULL;
    ac_future *f[3];
    void *result;

    atomic_store(&freed_args, 0);
    atomic_store(&freed_results, 0);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, free_arg), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_result(attr, free_result), AC_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(
            ac_submit(pool, attr, quit_task, i ? pool : NULL, &f[i]), AC_OK);
    ck_assert_int_eq(ac_submit(pool, attr, quit_task, pool, NULL), AC_OK);
    ac_task_attr_destroy(attr);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_int_eq(atomic_load(&freed_results), 1);
    ck_assert_int_eq(ac_future_take(f[2], AC_POLL, &result), AC_EABORTED);
    for (int i = 0; i < 3; i++)
        ac_future_unref(f[i]);
    ck_assert_int_eq(atomic_load(&freed_results), 2);
    ck_assert_int_eq(atomic_load(&freed_args), 0);
    support_pool_end(pool);
}
END_TEST

/* The program's own cleanup handlers come first: it is running until then. */
static void
look_back(void *arg)
{
    ac_future **own = arg;

    SUPPORT_CHECK_INT(ac_future_status(*own), AC_EAGAIN);
    SUPPORT_CHECK_INT(ac_future_wait(*own, AC_POLL), AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_cancel_requested(), 0);
    SUPPORT_CHECK_INT(ac_future_cancel(*own), AC_EBUSY);
    SUPPORT_CHECK_INT(ac_cancel_requested(), 1);
}

typedef struct clean {
    support_gate ready;
    ac_future *own;
} clean;

static int
quit_cleanly(void *arg, void **result)
{
    clean *c = arg;

    (void)result;
    support_gate_wait(&c->ready);
    pthread_cleanup_push(look_back, &c->own);
    pthread_exit(NULL);
    pthread_cleanup_pop(0);
}

START_TEST(s55_it_runs_until_its_cleanup_handlers_are_over)
{
    ac_pool *pool = support_pool(1);
    clean c;

    support_gate_init(&c.ready);
    c.own = support_submit(pool, quit_cleanly, &c);
    support_gate_open(&c.ready);
    ck_assert_int_eq(ac_future_get(c.own, AC_FOREVER, NULL), AC_EABORTED);
    ac_future_unref(c.own);
    support_pool_end(pool);
    support_gate_destroy(&c.ready);
}
END_TEST

/* ---- Everyone is told ----------------------------------------------- */

typedef struct order {
    ac_future *future;
    ac_iter *iter;
    support_counter calls;
} order;

static void
note_call(ac_future *future, void *arg)
{
    order *o = arg;

    SUPPORT_CHECK(future == o->future);
    SUPPORT_CHECK_INT(ac_future_status(future), AC_EABORTED);
    SUPPORT_CHECK_INT(ac_iter_remaining(o->iter), 1);
    support_counter_add(&o->calls);
}

static void
wait_for_it(void *arg)
{
    order *o = arg;
    ac_future *const set[] = {o->future};
    size_t which = 9;

    SUPPORT_CHECK_INT(ac_wait(set, 1, AC_FIRST_ERROR, AC_FOREVER, &which),
                      AC_OK);
    SUPPORT_CHECK_INT(which, 0);
}

START_TEST(s37_s55_callbacks_iterators_and_waits_are_told)
{
    ac_pool *pool = support_pool(1);
    support_thread waiter;
    support_gate go;
    order o;
    ac_iter *set = NULL;
    ac_future *next[2] = {NULL, NULL};

    support_gate_init(&go);
    support_counter_init(&o.calls);
    ck_assert_int_eq(ac_iter_open(&o.iter), AC_OK);
    ck_assert_int_eq(ac_iter_submit(o.iter, pool, NULL, quit_when_open, &go,
                                    AC_POLL, &o.future),
                     AC_OK);
    ck_assert_int_eq(ac_as_completed(&o.future, 1, &set), AC_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ac_future_on_done(o.future, note_call, &o), AC_OK);
    support_thread_start(&waiter, wait_for_it, &o);
    support_thread_await_sleep(&waiter);
    support_gate_open(&go);
    ck_assert_int_eq(ac_iter_next(set, AC_FOREVER, &next[1]), AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_uint_eq(support_counter_get(&o.calls), 3);
    ck_assert_int_eq(ac_iter_next(o.iter, AC_FOREVER, &next[0]), AC_OK);
    support_thread_join(&waiter);
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_eq(next[i], o.future);
        ac_future_unref(next[i]);
    }
    ac_iter_destroy(o.iter);
    ac_iter_destroy(set);
    ac_future_unref(o.future);
    support_pool_end(pool);
    support_counter_destroy(&o.calls);
    support_gate_destroy(&go);
}
END_TEST

/* ---- The pool ------------------------------------------------------- */

enum { WORKERS = 3 };

static int
meet(void *arg, void **result)
{
    (void)result;
    support_barrier_wait(arg);
    return 0;
}

/* As many as there are workers, which can only end together. */
static void
run_in_parallel(ac_pool *pool, ac_task_fn *fn, int status)
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

static int
meet_and_quit(void *arg, void **result)
{
    meet(arg, result);
    pthread_exit(NULL);
}

START_TEST(s55_the_pool_keeps_its_size)
{
    const size_t before = support_thread_count();
    ac_pool *pool = support_pool(WORKERS);

    for (int i = 0; i < 5; i++) {
        run_in_parallel(pool, meet_and_quit, AC_EABORTED);
        run_in_parallel(pool, meet, AC_OK);
    }
    support_await_threads(before + WORKERS);
    support_pool_end(pool);
}
END_TEST

/* Neither threads nor memory are left behind, not even until the pool goes:
 * a dead thread's stack is megabytes. */
START_TEST(s55_a_thousand_leave_nothing_behind)
{
    const int rounds = support_instrumented() ? 200 : 1000;
    const size_t before = support_thread_count();
    ac_pool *pool = support_pool(2);
    uint64_t stats[AC_STATS];
    size_t resident = 0;

    for (int i = 0; i < rounds; i++) {
        ac_future *f = support_submit(pool, quit_task, pool);
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_EABORTED);
        ac_future_unref(f);
        if (i == rounds / 10)
            resident = support_resident_bytes();
    }
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_pool_stats(pool, stats, AC_STATS), AC_OK);
    ck_assert_uint_eq(stats[AC_STAT_ABORTED], (unsigned)rounds);
    /* For each worker the thread that is joined by the next one. */
    support_await_threads(before + 4);
    if (!support_instrumented())
        ck_assert_uint_lt(support_resident_bytes(), resident + (1u << 20));
    support_pool_end(pool);
}
END_TEST

/* ---- Canceled by the program ---------------------------------------- */

typedef struct victim {
    support_gate ready;
    pthread_t thread; /* before ready opens */
    int enable;
} victim;

static int
be_canceled(void *arg, void **result)
{
    victim *v = arg;
    int old = -1;

    *result = v;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    SUPPORT_CHECK_INT(old, PTHREAD_CANCEL_DISABLE);
    v->thread = pthread_self();
    support_gate_open(&v->ready);
    pthread_cleanup_push(quit_leave_frames, NULL);
    /* Not in a call that a sanitizer wraps: it would not see it left. */
    while (v->enable) {
        pthread_testcancel();
        sched_yield();
    }
    pthread_cleanup_pop(0);
    return 0;
}

START_TEST(s55_a_canceled_thread_aborts_its_task)
{
    ac_pool *pool = support_pool(1);
    victim v = {.enable = 1};
    void *result = NULL;

    for (int i = 0; i < 3; i++) {
        support_gate_init(&v.ready);
        ac_future *f = support_submit(pool, be_canceled, &v);
        support_gate_wait(&v.ready);
        ck_assert_int_eq(pthread_cancel(v.thread), 0);
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &result), AC_EABORTED);
        ck_assert_ptr_eq(result, &v);
        ac_future_unref(f);
        support_gate_destroy(&v.ready);
    }
    support_pool_end(pool);
}
END_TEST

static int
test_cancel(void *arg, void **result)
{
    (void)result;
    *(pthread_t *)arg = pthread_self();
    pthread_testcancel();
    return 0;
}

/* Workers are not cancelable, unless a task wants it, for itself: a cancel
 * that comes too late for it does not strike the next. */
START_TEST(s55_else_nobody_is_canceled)
{
    ac_pool *pool = support_pool(1);
    victim v = {.enable = 0};
    pthread_t thread;
    ac_future *f = support_submit(pool, test_cancel, &thread);

    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f);
    support_gate_init(&v.ready);
    f = support_submit(pool, be_canceled, &v);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_int_eq(pthread_cancel(thread), 0);
    f = support_submit(pool, test_cancel, &thread);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f);
    support_pool_end(pool);
    support_gate_destroy(&v.ready);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("abort");
    TCase *tcase = support_tcase("future");

    tcase_add_test(tcase, s8_s55_it_is_aborted_and_its_result_kept);
    tcase_add_test(tcase, s33_s55_its_result_is_freed_unless_taken);
    tcase_add_test(tcase, s55_it_runs_until_its_cleanup_handlers_are_over);
    tcase_add_test(tcase, s37_s55_callbacks_iterators_and_waits_are_told);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("pool");
    tcase_add_test(tcase, s55_the_pool_keeps_its_size);
    tcase_add_test(tcase, s55_a_thousand_leave_nothing_behind);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("cancel");
    tcase_add_test(tcase, s55_a_canceled_thread_aborts_its_task);
    tcase_add_test(tcase, s55_else_nobody_is_canceled);
    suite_add_tcase(suite, tcase);
    return suite;
}
