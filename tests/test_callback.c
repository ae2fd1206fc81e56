/*
 * Done callbacks: called once, in which thread, after whom, in which order,
 * and with what in their hands.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "owned.h"

static void
check_called(called *c, ac_future *future, int status)
{
    ck_assert_int_eq(c->times, 1);
    ck_assert_ptr_eq(c->future, future);
    ck_assert_int_eq(c->status, status);
}

static int
is_here(const called *c)
{
    return pthread_equal(c->thread, pthread_self());
}

/* ---- Once, and where ------------------------------------------------ */

typedef struct ending {
    support_gate let_go; /* the task ends when it opens */
    int rc;              /* what it returns */
    int exits;           /* instead, it ends its thread */
    pthread_t thread;    /* of the task */
} ending;

static int
end_so(void *arg, void **result)
{
    ending *e = arg;

    *result = e;
    e->thread = pthread_self();
    support_gate_wait(&e->let_go);
    if (e->exits)
        pthread_exit(NULL);
    return e->rc;
}

static void
check_ending(int rc, int exits, int status)
{
    ending e = {.rc = rc, .exits = exits};
    ac_pool *pool = support_pool(2);
    called c;

    support_gate_init(&e.let_go);
    ac_future *f = support_submit(pool, end_so, &e);
    called_when_done(&c, f);
    ck_assert_int_eq(c.times, 0);
    support_gate_open(&e.let_go);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    check_called(&c, f, status);
    ck_assert(pthread_equal(c.thread, e.thread));
    ac_future_unref(f);
    support_pool_end(pool);
    check_called(&c, f, status);
    support_gate_destroy(&e.let_go);
}

START_TEST(s37_in_the_worker_that_ran_it)
{
    check_ending(0, 0, AC_OK);
    check_ending(5, 0, AC_EFAILED);
    check_ending(AC_TASK_CANCELED, 0, AC_ECANCELED);
}
END_TEST

START_TEST(s37_s55_in_a_thread_that_its_task_ends)
{
    check_ending(0, 1, AC_EABORTED);
}
END_TEST

START_TEST(s37_in_the_thread_that_cancels)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;
    called c;

    support_hold_worker(&hold, pool);
    ac_future *f = support_submit(pool, support_nothing, NULL);
    called_when_done(&c, f);
    ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    check_called(&c, f, AC_ECANCELED); /* before cancel returned */
    ck_assert(is_here(&c));
    ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    support_hold_end(&hold);
    support_pool_end(pool);
    check_called(&c, f, AC_ECANCELED);
    ac_future_unref(f);
}
END_TEST

START_TEST(s37_in_the_thread_that_stops_the_pool)
{
    enum { MANY = 20 };
    ac_pool *pool = support_pool(1);
    support_hold hold;
    ac_future *f[MANY];
    called c[MANY];
    size_t left = 0;

    support_hold_worker(&hold, pool);
    for (int i = 0; i < MANY; i++) {
        f[i] = support_submit(pool, support_nothing, NULL);
        called_when_done(&c[i], f[i]);
    }
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 1);
    for (int i = 0; i < MANY; i++) {
        check_called(&c[i], f[i], AC_ECANCELED);
        ck_assert(is_here(&c[i]));
        ac_future_unref(f[i]);
    }
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

static void
resolve_it(void *arg)
{
    pledge *p = arg;

    SUPPORT_CHECK_INT(ac_promise_resolve(p->promise, &p->result), AC_OK);
}

START_TEST(s37_in_the_thread_that_ends_the_promise)
{
    support_thread thread;
    pledge p[4];
    called c[4];

    for (int i = 0; i < 4; i++) {
        pledge_init(&p[i]);
        called_when_done(&c[i], p[i].future);
    }
    ck_assert_int_eq(ac_promise_resolve(p[0].promise, &p[0].result), AC_OK);
    check_called(&c[0], p[0].future, AC_OK);
    ck_assert_int_eq(ac_promise_fail(p[1].promise, 2, &p[1].result), AC_OK);
    check_called(&c[1], p[1].future, AC_EFAILED);
    ac_promise_destroy(p[2].promise);
    p[2].promise = NULL;
    check_called(&c[2], p[2].future, AC_EBROKEN);
    for (int i = 0; i < 3; i++)
        ck_assert(is_here(&c[i]));
    support_thread_start(&thread, resolve_it, &p[3]);
    support_thread_join(&thread);
    check_called(&c[3], p[3].future, AC_OK);
    ck_assert(pthread_equal(c[3].thread, thread.id));
    for (int i = 0; i < 4; i++)
        pledge_end(&p[i], i == 2, i != 2);
}
END_TEST

START_TEST(s37_of_a_done_one_at_once_and_here)
{
    pledge p;
    called c[3];

    pledge_init(&p);
    ck_assert_int_eq(ac_promise_fail(p.promise, 3, NULL), AC_OK);
    for (int i = 0; i < 3; i++) {
        called_when_done(&c[i], p.future);
        check_called(&c[i], p.future, AC_EFAILED);
        ck_assert(is_here(&c[i]));
    }
    /* The same function with the same argument is another registration. */
    ck_assert_int_eq(ac_future_on_done(p.future, called_note, &c[0]), AC_OK);
    ck_assert_int_eq(c[0].times, 2);
    pledge_end(&p, 0, 0);
}
END_TEST

START_TEST(s37_of_a_done_task_whose_pool_is_gone)
{
    ac_pool *pool = support_pool(1);
    ac_future *f = support_submit(pool, support_nothing, NULL);
    called c;

    support_pool_end(pool);
    called_when_done(&c, f);
    check_called(&c, f, AC_OK);
    ck_assert(is_here(&c));
    ac_future_unref(f);
}
END_TEST

/* ---- After iterators and waits -------------------------------------- */

typedef struct crowd {
    ac_iter *iters[3];
    support_gate waits_over; /* those who waited have returned */
    support_gate called;
    ac_future *future; /* its three deliveries */
    int delivered;
} crowd;

/* All were told before: nobody waits for this callback to return. */
static void
look_around(ac_future *future, void *arg)
{
    crowd *c = arg;

    for (int i = 0; i < 3; i++) {
        ac_future *done = NULL;
        SUPPORT_CHECK_INT(ac_iter_next(c->iters[i], AC_POLL, &done), AC_OK);
        SUPPORT_CHECK(done == future);
        c->delivered += done == future;
        ac_future_unref(done);
    }
    support_gate_wait(&c->waits_over);
    support_gate_open(&c->called);
}

static void
wait_for_it(void *arg)
{
    SUPPORT_CHECK_INT(ac_future_wait(arg, AC_FOREVER), AC_OK);
}

static void
wait_for_set(void *arg)
{
    ac_future *set[1] = {arg};

    SUPPORT_CHECK_INT(ac_wait(set, 1, AC_ALL, AC_FOREVER, NULL), AC_OK);
}

START_TEST(s37_after_iterators_and_waits_were_told)
{
    ac_pool *pool = support_pool(1);
    support_gate let_go;
    support_thread one, set;
    crowd c = {.delivered = 0};

    support_gate_init(&let_go);
    support_gate_init(&c.waits_over);
    support_gate_init(&c.called);
    ck_assert_int_eq(ac_iter_open(&c.iters[0]), AC_OK);
    ck_assert_int_eq(ac_iter_submit(c.iters[0], pool, NULL, support_wait_gate,
                                    &let_go, AC_POLL, &c.future),
                     AC_OK);
    /* It comes first, and is called last. */
    ck_assert_int_eq(ac_future_on_done(c.future, look_around, &c), AC_OK);
    ck_assert_int_eq(ac_as_completed(&c.future, 1, &c.iters[1]), AC_OK);
    ck_assert_int_eq(ac_iter_open(&c.iters[2]), AC_OK);
    ck_assert_int_eq(ac_iter_add(c.iters[2], c.future), AC_OK);
    support_thread_start(&one, wait_for_it, c.future);
    support_thread_start(&set, wait_for_set, c.future);
    support_thread_await_sleep(&one);
    support_thread_await_sleep(&set);
    support_gate_open(&let_go);
    support_thread_join(&one);
    support_thread_join(&set);
    ck_assert(!support_gate_is_open(&c.called));
    support_gate_open(&c.waits_over);
    support_pool_end(pool);
    ck_assert(support_gate_is_open(&c.called));
    ck_assert_int_eq(c.delivered, 3);
    for (int i = 0; i < 3; i++)
        ac_iter_destroy(c.iters[i]);
    ac_future_unref(c.future);
    support_gate_destroy(&let_go);
    support_gate_destroy(&c.waits_over);
    support_gate_destroy(&c.called);
}
END_TEST

/* ---- The order of registration -------------------------------------- */

enum { QUEUE = 60 };

static int order[QUEUE];
static int orders; /* how many were called */

static void
take_number(ac_future *future, void *arg)
{
    (void)future;
    order[orders++] = *(int *)arg;
}

START_TEST(s37_in_the_order_of_registration)
{
    ac_pool *pool = support_pool(1);
    int numbers[QUEUE];
    support_hold hold;
    ac_iter *iter = NULL;
    ac_future *done = NULL;

    orders = 0;
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    for (int i = 0; i < QUEUE; i++) {
        numbers[i] = i;
        ck_assert_int_eq(
            ac_future_on_done(hold.future, take_number, &numbers[i]), AC_OK);
        /* What comes and goes in between changes nothing. */
        if (i % 3 == 0)
            ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
        if (i % 5 == 0)
            ck_assert_int_eq(ac_future_wait(hold.future, ac_now()),
                             AC_ETIMEDOUT);
    }
    support_hold_end(&hold);
    support_pool_end(pool);
    ck_assert_int_eq(orders, QUEUE);
    for (int i = 0; i < QUEUE; i++)
        ck_assert_int_eq(order[i], i);
    for (int i = 0; i < QUEUE / 3; i++) {
        ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &done), AC_OK);
        ac_future_unref(done);
    }
    ac_iter_destroy(iter);
}
END_TEST

/* ---- What it is given ----------------------------------------------- */

static void
use_result(ac_future *future, void *arg)
{
    owned *o = arg;
    void *result = NULL;

    SUPPORT_CHECK(ac_future_arg(future) == o);
    SUPPORT_CHECK_INT(ac_future_get(future, AC_POLL, &result), AC_OK);
    SUPPORT_CHECK(result == o);
    SUPPORT_CHECK_INT(o->runs, 1);
    SUPPORT_CHECK_INT(o->freed_as_result, 0);
}

/* Nobody else holds the future: it is kept until it was called. */
START_TEST(s33_s37_a_dropped_future_is_kept_for_it)
{
    ac_pool *pool = support_pool(1);
    ac_task_attr *attr = owned_attr();
    support_hold hold;
    owned o = {.runs = 0};
    ac_future *f = NULL;
    called c;

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_submit(pool, attr, owned_run, &o, &f), AC_OK);
    ck_assert_int_eq(ac_future_on_done(f, use_result, &o), AC_OK);
    called_when_done(&c, f);
    ac_future_unref(f);
    ck_assert_int_eq(c.times, 0);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_int_eq(c.times, 1);
    ck_assert_int_eq(c.status, AC_OK);
    ck_assert_int_eq(o.freed_as_result, 1);
    ck_assert_int_eq(o.freed_as_arg, 0);
    ac_task_attr_destroy(attr);
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("callback");
    TCase *tcase = support_tcase("once");

    tcase_add_test(tcase, s37_in_the_worker_that_ran_it);
    tcase_add_test(tcase, s37_s55_in_a_thread_that_its_task_ends);
    tcase_add_test(tcase, s37_in_the_thread_that_cancels);
    tcase_add_test(tcase, s37_in_the_thread_that_stops_the_pool);
    tcase_add_test(tcase, s37_in_the_thread_that_ends_the_promise);
    tcase_add_test(tcase, s37_of_a_done_one_at_once_and_here);
    tcase_add_test(tcase, s37_of_a_done_task_whose_pool_is_gone);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("order");
    tcase_add_test(tcase, s37_after_iterators_and_waits_were_told);
    tcase_add_test(tcase, s37_in_the_order_of_registration);
    tcase_add_test(tcase, s33_s37_a_dropped_future_is_kept_for_it);
    suite_add_tcase(suite, tcase);
    return suite;
}
