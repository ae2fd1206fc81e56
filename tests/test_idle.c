/*
 * Waiting until a pool is idle: what it is, who may wait for it, and what the
 * pool does meanwhile; and tasks that wait for each other when all is canceled.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <sched.h>

#include "pool.h"

/* ---- What idle is --------------------------------------------------- */

START_TEST(s41_a_pool_that_never_ran_anything_is_idle)
{
    ac_pool *pool = support_pool(2);

    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    support_pool_end(pool);
}
END_TEST

typedef struct chain {
    ac_pool *pool;
    support_counter ran;
} chain;

enum { LINKS = 200 };

/* The next one is accepted before this one ends. */
static int
submit_next(void *arg, void **result)
{
    chain *c = arg;

    (void)result;
    if (support_counter_add(&c->ran) < LINKS)
        SUPPORT_CHECK_INT(ac_submit(c->pool, NULL, submit_next, c, NULL),
                          AC_OK);
    return 0;
}

static void
see_the_end(void *arg)
{
    chain *c = arg;

    SUPPORT_CHECK_INT(ac_pool_wait_idle(c->pool, AC_FOREVER), AC_OK);
    SUPPORT_CHECK_INT(support_counter_get(&c->ran), LINKS);
}

START_TEST(s41_tasks_that_submit_are_waited_for_to_the_last)
{
    chain c = {.pool = support_pool(3)};
    support_thread threads[3];
    support_hold hold;

    support_counter_init(&c.ran);
    support_hold_worker(&hold, c.pool);
    ck_assert_int_eq(ac_submit(c.pool, NULL, submit_next, &c, NULL), AC_OK);
    for (int i = 0; i < 3; i++)
        support_thread_start(&threads[i], see_the_end, &c);
    ck_assert_int_eq(ac_pool_wait_idle(c.pool, AC_POLL), AC_ETIMEDOUT);
    support_hold_end(&hold);
    see_the_end(&c);
    for (int i = 0; i < 3; i++)
        support_thread_join(&threads[i]);
    /* It was not stopped by that. */
    ck_assert_int_eq(ac_submit(c.pool, NULL, support_count, &c.ran, NULL),
                     AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(c.pool, AC_FOREVER), AC_OK);
    ck_assert_uint_eq(support_counter_get(&c.ran), LINKS + 1);
    support_pool_end(c.pool);
    support_counter_destroy(&c.ran);
}
END_TEST

typedef struct slow {
    support_gate called;
    support_gate go;
} slow;

static void
call_slowly(ac_future *future, void *arg)
{
    slow *s = arg;

    (void)future;
    support_gate_open(&s->called);
    support_gate_wait(&s->go);
}

/* In a worker, and in the thread that cancels. */
static void
cancel_it(void *arg)
{
    SUPPORT_CHECK_INT(ac_future_cancel(arg), AC_OK);
}

START_TEST(s37_s41_it_is_not_idle_while_a_callback_runs)
{
    ac_pool *pool = support_pool(1);
    support_thread thread;
    support_hold hold;
    slow s;

    support_gate_init(&s.called);
    support_gate_init(&s.go);
    support_hold_worker(&hold, pool);
    ac_future *f = support_submit(pool, support_nothing, NULL);
    ck_assert_int_eq(ac_future_on_done(f, call_slowly, &s), AC_OK);
    if (_i) {
        support_thread_start(&thread, cancel_it, f);
        support_gate_wait(&s.called);
    }
    support_hold_end(&hold);
    support_gate_wait(&s.called);
    ck_assert_int_ne(ac_future_status(f), AC_EAGAIN);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_ETIMEDOUT);
    support_gate_open(&s.go);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    if (_i)
        support_thread_join(&thread);
    ac_future_unref(f);
    support_pool_end(pool);
    support_gate_destroy(&s.called);
    support_gate_destroy(&s.go);
}
END_TEST

/* A moment of idleness that came and went is seen, however soon others
 * follow. */
static void
await_idle(void *arg)
{
    SUPPORT_CHECK_INT(ac_pool_wait_idle(arg, AC_FOREVER), AC_OK);
}

/* Until somebody waits in there. */
static void
await_visitor(ac_pool *pool)
{
    size_t visitors;

    do {
        sched_yield();
        aci_lock(&pool->mu);
        visitors = pool->visitors;
        aci_unlock(&pool->mu);
    } while (visitors == 0);
}

START_TEST(s41_who_waits_sees_the_moment)
{
    ac_pool *pool = support_pool(1);
    support_thread waiter;
    support_hold first;
    support_hold second;

    support_hold_worker(&first, pool);
    support_thread_start(&waiter, await_idle, pool);
    await_visitor(pool);
    support_hold_end(&first);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    support_hold_worker(&second, pool);
    support_thread_join(&waiter);
    support_hold_end(&second);
    support_pool_end(pool);
}
END_TEST

/* ---- Not from inside ------------------------------------------------ */

typedef struct inside {
    ac_pool *pool;
    ac_pool *other;
} inside;

static void
try_to_stop(const inside *in)
{
    size_t left = 99;

    for (int i = 0; i < 2; i++) {
        const ac_deadline by = i ? AC_FOREVER : AC_POLL;
        SUPPORT_CHECK_INT(ac_pool_wait_idle(in->pool, by), AC_EDEADLK);
        SUPPORT_CHECK_INT(ac_pool_shutdown(in->pool, AC_CANCEL, by, &left),
                          AC_EDEADLK);
        SUPPORT_CHECK_INT(ac_pool_destroy(in->pool), AC_EDEADLK);
    }
    SUPPORT_CHECK_INT(left, 99);
    SUPPORT_CHECK_INT(ac_cancel_requested(), 0);
    SUPPORT_CHECK_INT(ac_pool_wait_idle(in->other, AC_FOREVER), AC_OK);
}

static int
stop_inside(void *arg, void **result)
{
    (void)result;
    try_to_stop(arg);
    return 0;
}

static int
stop_in_place(void *arg, void **result)
{
    inside *in = arg;
    ac_future *f = NULL;

    (void)result;
    SUPPORT_CHECK_INT(ac_submit(in->pool, NULL, stop_inside, in, &f), AC_OK);
    SUPPORT_CHECK_INT(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f);
    return 0;
}

static void
stop_in_callback(ac_future *future, void *arg)
{
    (void)future;
    try_to_stop(arg);
}

/* Changes nothing: the pool goes on as before. */
START_TEST(s41_a_worker_cannot_wait_for_its_own_pool)
{
    inside in = {support_pool(1), support_pool(1)};
    support_hold hold;
    ac_future *f[2];

    support_hold_worker(&hold, in.pool);
    ck_assert_int_eq(ac_future_on_done(hold.future, stop_in_callback, &in),
                     AC_OK);
    support_hold_end(&hold);
    f[0] = support_submit(in.pool, stop_inside, &in);
    f[1] = support_submit(in.pool, stop_in_place, &in);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ac_future_get(f[i], AC_FOREVER, NULL), AC_OK);
        ac_future_unref(f[i]);
    }
    ck_assert_int_eq(ac_submit(in.pool, NULL, support_nothing, NULL, NULL),
                     AC_OK);
    support_pool_end(in.pool);
    support_pool_end(in.other);
}
END_TEST

/* A free function must not wait, but may look: all that is due is settled
 * before it runs.  So one that waits all the same gets away with it here. */
static ac_pool *awaited;
static atomic_int freed;

static void
free_and_wait(void *object)
{
    (void)object;
    SUPPORT_CHECK_INT(ac_pool_wait_idle(awaited, AC_FOREVER), AC_OK);
    atomic_fetch_add(&freed, 1);
}

static int
until_asked(void *arg, void **result)
{
    (void)result;
    support_gate_open(arg);
    while (!ac_cancel_requested())
        sched_yield();
    return AC_TASK_CANCELED;
}

START_TEST(s48_a_free_function_that_waits_is_not_stuck)
{
    ac_task_attr *attr = NULL;
    support_gate started;

    atomic_store(&freed, 0);
    support_gate_init(&started);
    awaited = support_pool(1);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, free_and_wait), AC_OK);
    ck_assert_int_eq(ac_submit(awaited, NULL, until_asked, &started, NULL),
                     AC_OK);
    support_gate_wait(&started);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(ac_submit(awaited, attr, support_nothing, attr, NULL),
                         AC_OK);
    ac_task_attr_destroy(attr);
    ck_assert_int_eq(ac_pool_shutdown(awaited, AC_CANCEL, AC_FOREVER, NULL),
                     AC_OK);
    ck_assert_int_eq(atomic_load(&freed), 5);
    support_pool_end(awaited);
    support_gate_destroy(&started);
}
END_TEST

/* ---- Tasks that wait when all is canceled --------------------------- */

typedef struct nested {
    ac_pool *pool;
    support_gate started;
    support_gate stopping;
    support_counter ran;
    ac_iter *iter;
} nested;

/* What it waits for was queued, and is canceled: it runs nothing in place. */
static int
wait_canceled(void *arg, void **result)
{
    nested *n = arg;
    ac_future *f[2];
    ac_future *out = NULL;

    (void)result;
    for (int i = 0; i < 2; i++)
        SUPPORT_CHECK_INT(ac_iter_submit(n->iter, n->pool, NULL, support_count,
                                         &n->ran, AC_POLL, &f[i]),
                          AC_OK);
    support_gate_open(&n->started);
    support_gate_wait(&n->stopping);
    SUPPORT_CHECK_INT(ac_cancel_requested(), 1);
    SUPPORT_CHECK_INT(ac_wait(f, 2, AC_ALL, AC_FOREVER, NULL), AC_OK);
    for (int i = 0; i < 2; i++) {
        SUPPORT_CHECK_INT(ac_iter_next(n->iter, AC_FOREVER, &out), AC_OK);
        SUPPORT_CHECK_INT(ac_future_get(f[i], AC_FOREVER, NULL), AC_ECANCELED);
        ac_future_unref(out);
        ac_future_unref(f[i]);
    }
    return 0;
}

START_TEST(s39_s48_what_a_task_waits_for_is_canceled_under_it)
{
    nested n = {.pool = support_pool(1)};
    size_t left = 99;

    support_gate_init(&n.started);
    support_gate_init(&n.stopping);
    support_counter_init(&n.ran);
    ck_assert_int_eq(ac_iter_open(&n.iter), AC_OK);
    ac_future *f = support_submit(n.pool, wait_canceled, &n);
    support_gate_wait(&n.started);
    ck_assert_int_eq(ac_pool_shutdown(n.pool, AC_CANCEL, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 1);
    support_gate_open(&n.stopping);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    ck_assert_uint_eq(support_counter_get(&n.ran), 0);
    ac_future_unref(f);
    ac_iter_destroy(n.iter);
    support_pool_end(n.pool);
    support_gate_destroy(&n.started);
    support_gate_destroy(&n.stopping);
    support_counter_destroy(&n.ran);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("idle");
    TCase *tcase = support_tcase("idle");

    tcase_add_test(tcase, s41_a_pool_that_never_ran_anything_is_idle);
    tcase_add_test(tcase, s41_tasks_that_submit_are_waited_for_to_the_last);
    tcase_add_loop_test(tcase, s37_s41_it_is_not_idle_while_a_callback_runs, 0,
                        2);
    tcase_add_test(tcase, s41_who_waits_sees_the_moment);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("inside");
    tcase_add_test(tcase, s41_a_worker_cannot_wait_for_its_own_pool);
    tcase_add_test(tcase, s48_a_free_function_that_waits_is_not_stuck);
    tcase_add_test(tcase, s39_s48_what_a_task_waits_for_is_canceled_under_it);
    suite_add_tcase(suite, tcase);
    return suite;
}
