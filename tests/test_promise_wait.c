/*
 * Promises among those who wait: iterators, sets, threads, tasks; and how the
 * owner of one learns that nobody wants it any more.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "owned.h"
#include "puller.h"

enum { MANY = 5 };

static void
pledges_init(pledge pledges[], ac_future *futures[])
{
    for (int i = 0; i < MANY; i++) {
        pledge_init(&pledges[i]);
        futures[i] = pledges[i].future;
    }
}

static void
check_next(ac_iter *iter, const pledge *p, int status)
{
    ac_future *done = NULL;

    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &done), AC_OK);
    ck_assert_ptr_eq(done, p->future);
    ck_assert_int_eq(ac_future_status(done), status);
    ac_future_unref(done);
}

static void
check_none(ac_iter *iter, int expected)
{
    ac_future *done = NULL;

    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &done), expected);
    ck_assert_ptr_null(done);
}

/* ---- Iterators ------------------------------------------------------ */

START_TEST(s14_in_the_order_of_completion)
{
    pledge p[MANY];
    ac_future *futures[MANY];
    ac_iter *iters[2];

    pledges_init(p, futures);
    ck_assert_int_eq(ac_as_completed(futures, MANY, &iters[0]), AC_OK);
    ck_assert_int_eq(ac_iter_open(&iters[1]), AC_OK);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(ac_iter_add(iters[1], futures[i]), AC_OK);
    check_none(iters[0], AC_ETIMEDOUT);
    ck_assert_int_eq(ac_promise_resolve(p[3].promise, &p[3].result), AC_OK);
    ck_assert_int_eq(ac_promise_fail(p[1].promise, 8, NULL), AC_OK);
    check_next(iters[0], &p[3], AC_OK);
    ck_assert_int_eq(ac_future_cancel(p[4].future), AC_OK);
    ac_promise_destroy(p[0].promise);
    p[0].promise = NULL;
    check_next(iters[0], &p[1], AC_EFAILED);
    check_next(iters[0], &p[4], AC_ECANCELED);
    check_next(iters[0], &p[0], AC_EBROKEN);
    check_none(iters[0], AC_ETIMEDOUT);
    ck_assert_int_eq(ac_promise_resolve(p[2].promise, NULL), AC_OK);
    check_next(iters[0], &p[2], AC_OK);
    check_none(iters[0], AC_DONE);
    const int order[MANY] = {3, 1, 4, 0, 2};
    for (int i = 0; i < MANY; i++)
        check_next(iters[1], &p[order[i]], ac_future_status(futures[order[i]]));
    check_none(iters[1], AC_ETIMEDOUT);
    for (int i = 0; i < 2; i++)
        ac_iter_destroy(iters[i]);
    for (int i = 0; i < MANY; i++)
        pledge_end(&p[i], i == 0 || i == 4, i == 3);
}
END_TEST

START_TEST(s15_a_blocked_next_wakes_for_each_end)
{
    for (int end = 0; end < 4; end++) {
        pledge p;
        puller waiting;
        ac_iter *iter = NULL;
        pledge_init(&p);
        ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
        ck_assert_int_eq(ac_iter_add(iter, p.future), AC_OK);
        puller_next(&waiting, iter);
        if (end == 0)
            ck_assert_int_eq(ac_promise_resolve(p.promise, NULL), AC_OK);
        else if (end == 1)
            ck_assert_int_eq(ac_promise_fail(p.promise, 1, NULL), AC_OK);
        else if (end == 2)
            ck_assert_int_eq(ac_future_cancel(p.future), AC_OK);
        ac_promise_destroy(p.promise);
        p.promise = NULL;
        ck_assert_int_eq(puller_end(&waiting), AC_OK);
        ck_assert_ptr_eq(waiting.futures[0], p.future);
        puller_drop(&waiting);
        ac_iter_destroy(iter);
        pledge_end(&p, end >= 2, 0);
    }
}
END_TEST

START_TEST(s18_an_iterator_goes_before_its_promises)
{
    pledge p[MANY];
    ac_future *futures[MANY];
    ac_iter *iter = NULL;

    pledges_init(p, futures);
    ck_assert_int_eq(ac_as_completed(futures, MANY, &iter), AC_OK);
    ck_assert_int_eq(ac_iter_abandon(iter), AC_OK);
    check_none(iter, AC_DONE);
    ac_iter_destroy(iter);
    ck_assert_int_eq(ac_as_completed(futures, MANY, &iter), AC_OK);
    ac_iter_destroy(iter);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(ac_future_status(futures[i]), AC_EAGAIN);
        ck_assert_int_eq(ac_promise_resolve(p[i].promise, &p[i].result), AC_OK);
        pledge_end(&p[i], 0, 1);
    }
}
END_TEST

START_TEST(an_iterator_cancels_its_promises)
{
    pledge p[MANY];
    ac_future *futures[MANY];
    ac_iter *iter = NULL;

    pledges_init(p, futures);
    ck_assert_int_eq(ac_promise_resolve(p[2].promise, &p[2].result), AC_OK);
    ck_assert_int_eq(ac_as_completed(futures, MANY, &iter), AC_OK);
    ck_assert_int_eq(ac_iter_cancel(iter), AC_OK);
    check_next(iter, &p[2], AC_OK);
    for (size_t left = MANY - 1; left > 0; left--) {
        ac_future *done = NULL;
        ck_assert_uint_eq(ac_iter_remaining(iter), left);
        ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &done), AC_OK);
        ck_assert_int_eq(ac_future_status(done), AC_ECANCELED);
        ac_future_unref(done);
    }
    check_none(iter, AC_DONE);
    ac_iter_destroy(iter);
    for (int i = 0; i < MANY; i++)
        pledge_end(&p[i], i != 2, i == 2);
}
END_TEST

/* The iterator and the promise are all that hold it. */
START_TEST(s33_a_dropped_future_is_delivered)
{
    pledge p;
    ac_iter *iter = NULL;
    ac_future *done = NULL;
    void *result = NULL;

    pledge_init(&p);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, p.future), AC_OK);
    ac_future_unref(p.future);
    p.future = NULL;
    ck_assert_int_eq(ac_promise_resolve(p.promise, &p.result), AC_OK);
    ac_promise_destroy(p.promise);
    p.promise = NULL;
    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &done), AC_OK);
    ck_assert_int_eq(ac_future_take(done, AC_POLL, &result), AC_OK);
    ck_assert_ptr_eq(result, &p.result);
    ac_future_unref(done);
    ac_iter_destroy(iter);
    pledge_end(&p, 0, 0);
}
END_TEST

/* ---- Sets and threads ----------------------------------------------- */

typedef struct waiting {
    support_thread thread;
    ac_future *const *futures;
    ac_wait_mode mode;
    int rc;
    size_t which;
} waiting;

static void
wait_main(void *arg)
{
    waiting *w = arg;

    w->which = 99;
    w->rc = ac_wait(w->futures, MANY, w->mode, AC_FOREVER, &w->which);
}

static void
wait_start(waiting *w, ac_future *const futures[], ac_wait_mode mode)
{
    w->futures = futures;
    w->mode = mode;
    support_thread_start(&w->thread, wait_main, w);
    support_thread_await_sleep(&w->thread);
}

static void
wait_end(waiting *w, size_t which)
{
    support_thread_join(&w->thread);
    ck_assert_int_eq(w->rc, AC_OK);
    ck_assert_uint_eq(w->which, which);
}

START_TEST(a_set_of_promises)
{
    pledge p[MANY];
    ac_future *futures[MANY];
    waiting first, error, all;
    size_t which = 99;

    pledges_init(p, futures);
    wait_start(&first, futures, AC_FIRST);
    wait_start(&error, futures, AC_FIRST_ERROR);
    wait_start(&all, futures, AC_ALL);
    ck_assert_int_eq(ac_wait(futures, MANY, AC_FIRST, AC_POLL, &which),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(which, MANY);
    ck_assert_int_eq(ac_future_cancel(p[4].future), AC_OK);
    wait_end(&first, 4);
    ck_assert_int_eq(ac_promise_resolve(p[3].promise, NULL), AC_OK);
    /* Neither of these has failed; a broken one has. */
    ck_assert_int_eq(ac_wait(futures, MANY, AC_FIRST_ERROR, AC_POLL, &which),
                     AC_ETIMEDOUT);
    ac_promise_destroy(p[2].promise);
    p[2].promise = NULL;
    wait_end(&error, 2);
    ck_assert_int_eq(ac_promise_fail(p[0].promise, 1, NULL), AC_OK);
    ck_assert_int_eq(ac_wait(futures, MANY, AC_FIRST_ERROR, AC_POLL, &which),
                     AC_OK);
    ck_assert_uint_eq(which, 0);
    ck_assert_int_eq(ac_wait(futures, MANY, AC_ALL, AC_POLL, &which),
                     AC_ETIMEDOUT);
    ck_assert_int_eq(ac_promise_resolve(p[1].promise, NULL), AC_OK);
    wait_end(&all, MANY);
    for (int i = 0; i < MANY; i++)
        pledge_end(&p[i], i == 2 || i == 4, 0);
}
END_TEST

/* ---- Tasks ---------------------------------------------------------- */

typedef struct server {
    ac_pool *pool;
    pledge pledge;
    support_gate asked; /* opens when a task is about to wait */
    int helped;
} server;

static int
quick(void *arg, void **result)
{
    server *s = arg;

    (void)result;
    s->helped++;
    return 0;
}

/* Waits on the only worker, for a promise and for a task behind it. */
static int
ask(void *arg, void **result)
{
    server *s = arg;
    ac_future *set[2] = {s->pledge.future, NULL};
    size_t which = 99;

    SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, quick, s, &set[1]), AC_OK);
    SUPPORT_CHECK_INT(ac_wait(set, 2, AC_FIRST, AC_FOREVER, &which), AC_OK);
    SUPPORT_CHECK_INT(which, 1); /* run in place; a promise can't be */
    support_gate_open(&s->asked);
    SUPPORT_CHECK_INT(ac_wait(set, 2, AC_ALL, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(set[1]);
    SUPPORT_CHECK_INT(ac_future_get(set[0], AC_POLL, result), AC_OK);
    return 0;
}

START_TEST(s39_a_task_waits_for_a_promise)
{
    server s = {.pool = support_pool(1)};
    void *result = NULL;

    support_gate_init(&s.asked);
    pledge_init(&s.pledge);
    ac_future *f = support_submit(s.pool, ask, &s);
    support_gate_wait(&s.asked);
    ck_assert_int_eq(ac_promise_resolve(s.pledge.promise, &s.pledge.result),
                     AC_OK);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &result), AC_OK);
    ck_assert_ptr_eq(result, &s.pledge.result);
    ck_assert_int_eq(s.helped, 1);
    ac_future_unref(f);
    support_pool_end(s.pool);
    pledge_end(&s.pledge, 0, 1);
    support_gate_destroy(&s.asked);
}
END_TEST

static int
keep_promise(void *arg, void **result)
{
    pledge *p = arg;

    (void)result;
    SUPPORT_CHECK_INT(ac_promise_resolve(p->promise, &p->result), AC_OK);
    ac_promise_destroy(p->promise);
    return 0;
}

START_TEST(a_task_resolves_a_promise)
{
    ac_pool *pool = support_pool(2);

    for (int i = 0; i < 100; i++) {
        pledge p;
        void *result = NULL;
        pledge_init(&p);
        ck_assert_int_eq(ac_submit(pool, NULL, keep_promise, &p, NULL), AC_OK);
        ck_assert_int_eq(ac_future_take(p.future, AC_FOREVER, &result), AC_OK);
        ck_assert_ptr_eq(result, &p.result);
        ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
        p.promise = NULL;
        pledge_end(&p, 0, 0);
    }
    support_pool_end(pool);
}
END_TEST

/* ---- The owner ------------------------------------------------------ */

static void
give_up(ac_future *future, void *arg)
{
    pledge *p = arg;

    SUPPORT_CHECK(future == p->future);
    SUPPORT_CHECK_INT(ac_future_status(future), AC_ECANCELED);
    SUPPORT_CHECK_INT(ac_promise_resolve(p->promise, &p->result), AC_EALREADY);
    ac_promise_destroy(p->promise);
    p->promise = NULL;
}

START_TEST(s30_the_owner_learns_of_a_cancel)
{
    pledge p;
    called c;

    pledge_init(&p);
    ck_assert_int_eq(ac_future_on_done(p.future, give_up, &p), AC_OK);
    called_when_done(&c, p.future);
    ck_assert_int_eq(ac_future_cancel(p.future), AC_OK);
    ck_assert_ptr_null(p.promise); /* before cancel returned */
    ck_assert_int_eq(c.times, 1);
    ck_assert_int_eq(c.status, AC_ECANCELED);
    ck_assert_int_eq(p.arg.freed_as_arg, 0);
    pledge_end(&p, 1, 0);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("waiting for promises");
    TCase *tcase = support_tcase("waiting");

    tcase_add_test(tcase, s14_in_the_order_of_completion);
    tcase_add_test(tcase, s15_a_blocked_next_wakes_for_each_end);
    tcase_add_test(tcase, s18_an_iterator_goes_before_its_promises);
    tcase_add_test(tcase, an_iterator_cancels_its_promises);
    tcase_add_test(tcase, s33_a_dropped_future_is_delivered);
    tcase_add_test(tcase, a_set_of_promises);
    tcase_add_test(tcase, s39_a_task_waits_for_a_promise);
    tcase_add_test(tcase, a_task_resolves_a_promise);
    tcase_add_test(tcase, s30_the_owner_learns_of_a_cancel);
    suite_add_tcase(suite, tcase);
    return suite;
}
