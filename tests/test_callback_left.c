/*
 * A task is left until its callbacks have returned: for shutdown, wait_idle
 * and destroy, wherever the callbacks are called.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "owned.h"

/* A callback that stays until it is let go.  (It must not, really.) */
typedef struct slow {
    support_gate called;
    support_gate let_go;
    pthread_t tester; /* is not kept: the test would wait for itself */
} slow;

static void
slow_init(slow *s)
{
    support_gate_init(&s->called);
    support_gate_init(&s->let_go);
    s->tester = pthread_self();
}

static void
slow_destroy(slow *s)
{
    support_gate_destroy(&s->called);
    support_gate_destroy(&s->let_go);
}

static void
stay(ac_future *future, void *arg)
{
    slow *s = arg;

    (void)future;
    support_gate_open(&s->called);
    if (!pthread_equal(pthread_self(), s->tester))
        support_gate_wait(&s->let_go);
}

static void
check_left(ac_pool *pool, size_t expected)
{
    size_t left = 99;

    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_ETIMEDOUT);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, expected);
}

static void
check_none_left(ac_pool *pool)
{
    size_t left = 99;

    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, &left),
                     AC_OK);
    ck_assert_uint_eq(left, 0);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_OK);
}

/* ---- Where it ran --------------------------------------------------- */

START_TEST(s50_left_until_the_worker_has_called)
{
    ac_pool *pool = support_pool(2);
    support_gate gate;
    slow s;

    support_gate_init(&gate);
    slow_init(&s);
    ac_future *f = support_submit(pool, support_wait_gate, &gate);
    ck_assert_int_eq(ac_future_on_done(f, stay, &s), AC_OK);
    support_gate_open(&gate);
    support_gate_wait(&s.called);
    ck_assert_int_eq(ac_future_status(f), AC_OK); /* it is done, */
    check_left(pool, 1);                          /* and yet it is left */
    support_gate_open(&s.let_go);
    check_none_left(pool);
    ac_future_unref(f);
    support_pool_end(pool);
    slow_destroy(&s);
    support_gate_destroy(&gate);
}
END_TEST

typedef struct stopping {
    support_thread thread;
    ac_pool *pool;
    int how; /* 0: wait_idle, 1: shutdown, 2: destroy */
    atomic_int over;
} stopping;

static void
stop(void *arg)
{
    stopping *s = arg;
    size_t left = 99;

    if (s->how == 0)
        SUPPORT_CHECK_INT(ac_pool_wait_idle(s->pool, AC_FOREVER), AC_OK);
    else if (s->how == 1)
        SUPPORT_CHECK_INT(
            ac_pool_shutdown(s->pool, AC_CANCEL, AC_FOREVER, &left), AC_OK);
    else
        SUPPORT_CHECK_INT(ac_pool_destroy(s->pool), AC_OK);
    SUPPORT_CHECK(s->how != 1 || left == 0);
    s->over = 1;
}

/* Whoever waits for the end of the pool waits for the callback. */
START_TEST(s51_nobody_gets_past_a_callback)
{
    for (int how = 0; how < 3; how++) {
        stopping w = {.pool = support_pool(1), .how = how};
        support_gate gate;
        slow s;
        support_gate_init(&gate);
        slow_init(&s);
        ac_future *f = support_submit(w.pool, support_wait_gate, &gate);
        ck_assert_int_eq(ac_future_on_done(f, stay, &s), AC_OK);
        support_gate_open(&gate);
        support_gate_wait(&s.called);
        support_thread_start(&w.thread, stop, &w);
        support_thread_await_sleep(&w.thread);
        ck_assert_int_eq(w.over, 0);
        support_gate_open(&s.let_go);
        support_thread_join(&w.thread);
        ck_assert_int_eq(w.over, 1);
        ac_future_unref(f);
        if (how < 2)
            support_pool_end(w.pool);
        slow_destroy(&s);
        support_gate_destroy(&gate);
    }
}
END_TEST

/* ---- Where it never ran --------------------------------------------- */

static void
cancel_it(void *arg)
{
    SUPPORT_CHECK_INT(ac_future_cancel(arg), AC_OK);
}

static void
wait_for_it(void *arg)
{
    SUPPORT_CHECK_INT(ac_future_wait(arg, AC_FOREVER), AC_OK);
}

/* Another thread ends it, and stays in its callback.  False if it expired too
 * early for that. */
static int
check_ended_elsewhere(ac_deadline start_by, void (*end)(void *))
{
    ac_pool *pool = support_pool(1);
    ac_task_attr *attr = NULL;
    ac_future *f = NULL;
    support_hold hold;
    support_thread thread;
    slow s;

    slow_init(&s);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_start_by(attr, start_by), AC_OK);
    ck_assert_int_eq(ac_submit(pool, attr, support_nothing, NULL, &f), AC_OK);
    ac_task_attr_destroy(attr);
    ck_assert_int_eq(ac_future_on_done(f, stay, &s), AC_OK);
    const int met_here = support_gate_is_open(&s.called);
    support_thread_start(&thread, end, f);
    support_gate_wait(&s.called);
    if (!met_here)
        check_left(pool, 2); /* with the one that runs */
    support_hold_end(&hold);
    if (!met_here)
        ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_ETIMEDOUT);
    support_gate_open(&s.let_go);
    support_thread_join(&thread);
    check_none_left(pool);
    ac_future_unref(f);
    support_pool_end(pool);
    slow_destroy(&s);
    return !met_here;
}

START_TEST(s50_left_until_the_canceler_has_called)
{
    ck_assert(check_ended_elsewhere(AC_FOREVER, cancel_it));
}
END_TEST

START_TEST(s46_s50_left_until_who_met_it_has_called)
{
    int64_t ms = 50;

    while (!check_ended_elsewhere(ac_deadline_in_ms(ms), wait_for_it))
        ms *= 2;
}
END_TEST

/* ---- Canceled inside a callback ------------------------------------- */

typedef struct victim {
    ac_pool *pool;
    ac_future *task;  /* queued */
    size_t before;    /* left, after the cancel, before the return */
    size_t meanwhile; /* left in its own callback */
} victim;

static void
count_left(ac_pool *pool, size_t *left)
{
    SUPPORT_CHECK_INT(ac_pool_wait_idle(pool, AC_POLL), AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, left),
                      AC_ETIMEDOUT);
}

static void
cancel_victim(ac_future *future, void *arg)
{
    victim *v = arg;

    (void)future;
    SUPPORT_CHECK_INT(ac_future_cancel(v->task), AC_OK);
    SUPPORT_CHECK_INT(ac_future_status(v->task), AC_ECANCELED);
    count_left(v->pool, &v->before);
}

static void
of_victim(ac_future *future, void *arg)
{
    victim *v = arg;

    SUPPORT_CHECK(future == v->task);
    count_left(v->pool, &v->meanwhile);
}

START_TEST(s50_left_when_canceled_inside_a_callback)
{
    victim v = {.pool = support_pool(1)};
    support_hold hold;
    pledge p;

    support_hold_worker(&hold, v.pool);
    v.task = support_submit(v.pool, support_nothing, NULL);
    pledge_init(&p);
    ck_assert_int_eq(ac_future_on_done(p.future, cancel_victim, &v), AC_OK);
    ck_assert_int_eq(ac_future_on_done(v.task, of_victim, &v), AC_OK);
    ck_assert_int_eq(ac_promise_resolve(p.promise, NULL), AC_OK);
    ck_assert_uint_eq(v.before, 2);
    ck_assert_uint_eq(v.meanwhile, 2);
    check_left(v.pool, 1);
    pledge_end(&p, 0, 0);
    ac_future_unref(v.task);
    support_hold_end(&hold);
    check_none_left(v.pool);
    support_pool_end(v.pool);
}
END_TEST

/* The callback of one that ran in another pool cancels it, in a worker. */
START_TEST(s50_left_when_canceled_in_a_worker_of_another_pool)
{
    victim v = {.pool = support_pool(1)};
    ac_pool *elsewhere = support_pool(1);
    support_hold hold;
    support_gate gate;

    support_gate_init(&gate);
    support_hold_worker(&hold, v.pool);
    v.task = support_submit(v.pool, support_nothing, NULL);
    ac_future *f = support_submit(elsewhere, support_wait_gate, &gate);
    ck_assert_int_eq(ac_future_on_done(f, cancel_victim, &v), AC_OK);
    ck_assert_int_eq(ac_future_on_done(v.task, of_victim, &v), AC_OK);
    support_gate_open(&gate);
    ck_assert_int_eq(ac_pool_wait_idle(elsewhere, AC_FOREVER), AC_OK);
    ck_assert_uint_eq(v.before, 2);
    ck_assert_uint_eq(v.meanwhile, 2);
    check_left(v.pool, 1);
    ac_future_unref(f);
    ac_future_unref(v.task);
    support_hold_end(&hold);
    check_none_left(v.pool);
    support_pool_end(v.pool);
    support_pool_end(elsewhere);
    support_gate_destroy(&gate);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("left with callbacks");
    TCase *tcase = support_tcase("left");

    tcase_add_test(tcase, s50_left_until_the_worker_has_called);
    tcase_add_test(tcase, s51_nobody_gets_past_a_callback);
    tcase_add_test(tcase, s50_left_until_the_canceler_has_called);
    tcase_add_test(tcase, s46_s50_left_until_who_met_it_has_called);
    tcase_add_test(tcase, s50_left_when_canceled_inside_a_callback);
    tcase_add_test(tcase, s50_left_when_canceled_in_a_worker_of_another_pool);
    suite_add_tcase(suite, tcase);
    return suite;
}
