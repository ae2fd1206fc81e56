/*
 * What a done callback may do: all that does not block.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "owned.h"

/* ---- All that is allowed -------------------------------------------- */

typedef struct server {
    ac_pool *pool;
    ac_future *held; /* of a task that waits for its end */
    ac_future *mine; /* the last reference to the one that is done */
    support_counter ran;
    called again;      /* registered in the callback, on the same future */
    called later;      /* ... on one that is not done */
    atomic_int called; /* how often the callback was */
} server;

static void
ask_and_tell(server *s, ac_future *future)
{
    ac_iter *iter = NULL;
    ac_future *set[2] = {future, s->held}, *done = NULL;
    size_t which = 99;

    SUPPORT_CHECK_INT(ac_future_wait(future, AC_FOREVER), AC_OK);
    SUPPORT_CHECK_INT(ac_future_wait(s->held, AC_POLL), AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_wait(set, 2, AC_FIRST, AC_FOREVER, &which), AC_OK);
    SUPPORT_CHECK_INT(which, 0);
    SUPPORT_CHECK_INT(ac_as_completed(set, 2, &iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
    SUPPORT_CHECK(done == future);
    ac_future_unref(done);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_POLL, &done), AC_ETIMEDOUT);
    ac_iter_destroy(iter);
    SUPPORT_CHECK_INT(ac_future_on_done(future, called_note, &s->again), AC_OK);
    SUPPORT_CHECK_INT(s->again.times, 0); /* not within this one */
    SUPPORT_CHECK_INT(ac_future_on_done(s->held, called_note, &s->later),
                      AC_OK);
}

static void
do_all(ac_future *future, void *arg)
{
    server *s = arg;
    ac_promise *promise = NULL;
    ac_future *f = NULL;
    uint64_t stats[AC_STATS];

    s->called++;
    ask_and_tell(s, future);
    SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, support_count, &s->ran, NULL),
                      AC_OK);
    SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, support_count, &s->ran, &f),
                      AC_OK);
    SUPPORT_CHECK_INT(ac_future_cancel(f), AC_OK);
    ac_future_unref(f);
    SUPPORT_CHECK_INT(ac_promise_create(NULL, NULL, &promise, &f), AC_OK);
    SUPPORT_CHECK_INT(ac_future_on_done(f, called_note, &s->again), AC_OK);
    SUPPORT_CHECK_INT(ac_promise_resolve(promise, NULL), AC_OK);
    ac_promise_destroy(promise);
    ac_future_unref(f);
    SUPPORT_CHECK_INT(s->again.times, 0);
    SUPPORT_CHECK_INT(ac_pool_stats(s->pool, stats, AC_STATS), AC_OK);
    ac_future_unref(s->mine);
    s->mine = NULL;
}

/* The hold keeps the only worker, so what is submitted stays queued. */
static void
server_init(server *s, support_hold *hold)
{
    *s = (server){.pool = support_pool(1)};
    support_counter_init(&s->ran);
    support_hold_worker(hold, s->pool);
    s->held = hold->future;
}

static void
server_end(server *s, support_hold *hold)
{
    ck_assert_int_eq(s->called, 1);
    ck_assert_int_eq(s->again.times, 2);
    ck_assert_int_eq(s->later.times, 0);
    ck_assert_ptr_null(s->mine);
    support_hold_end(hold);
    support_pool_end(s->pool);
    ck_assert_int_eq(s->later.times, 1);
    ck_assert_uint_eq(support_counter_get(&s->ran), 1);
    support_counter_destroy(&s->ran);
}

START_TEST(s37_it_may_do_all_when_it_is_canceled)
{
    server s;
    support_hold hold;

    server_init(&s, &hold);
    s.mine = support_submit(s.pool, support_nothing, NULL);
    ck_assert_int_eq(ac_future_on_done(s.mine, do_all, &s), AC_OK);
    ac_future_ref(s.mine); /* the canceler's own: cancel needs one */
    ac_future *f = s.mine;
    ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    ac_future_unref(f);
    server_end(&s, &hold);
}
END_TEST

START_TEST(s37_it_may_do_all_when_it_is_resolved)
{
    server s;
    support_hold hold;
    ac_promise *promise = NULL;

    server_init(&s, &hold);
    ck_assert_int_eq(ac_promise_create(NULL, NULL, &promise, &s.mine), AC_OK);
    ck_assert_int_eq(ac_future_on_done(s.mine, do_all, &s), AC_OK);
    ck_assert_int_eq(ac_promise_resolve(promise, NULL), AC_OK);
    ac_promise_destroy(promise);
    server_end(&s, &hold);
}
END_TEST

START_TEST(s37_it_may_do_all_when_the_promise_is_broken)
{
    server s;
    support_hold hold;
    ac_promise *promise = NULL;

    server_init(&s, &hold);
    ck_assert_int_eq(ac_promise_create(NULL, NULL, &promise, &s.mine), AC_OK);
    ck_assert_int_eq(ac_future_on_done(s.mine, do_all, &s), AC_OK);
    ac_promise_destroy(promise);
    server_end(&s, &hold);
}
END_TEST

START_TEST(s37_it_may_do_all_in_the_worker_of_another_pool)
{
    server s;
    support_hold hold;
    support_gate gate;
    ac_pool *elsewhere = support_pool(1);

    server_init(&s, &hold);
    support_gate_init(&gate);
    s.mine = support_submit(elsewhere, support_wait_gate, &gate);
    ck_assert_int_eq(ac_future_on_done(s.mine, do_all, &s), AC_OK);
    support_gate_open(&gate);
    support_pool_end(elsewhere);
    server_end(&s, &hold);
    support_gate_destroy(&gate);
}
END_TEST

/* ---- In a worker of the same pool ----------------------------------- */

static void
in_own_pool(ac_future *future, void *arg)
{
    server *s = arg;
    size_t left = 99;

    (void)future;
    SUPPORT_CHECK_INT(ac_pool_wait_idle(s->pool, AC_POLL), AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_pool_destroy(s->pool), AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_pool_shutdown(s->pool, AC_DRAIN, AC_POLL, &left),
                      AC_EDEADLK);
    SUPPORT_CHECK_INT(left, 99);
    SUPPORT_CHECK_INT(ac_cancel_requested(), 0);
    SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, support_count, &s->ran, NULL),
                      AC_OK);
    /* A worker never waits for room in its own pool. */
    SUPPORT_CHECK_INT(ac_submit_until(s->pool, NULL, support_count, &s->ran,
                                      AC_FOREVER, NULL),
                      AC_EAGAIN);
    s->called++;
}

START_TEST(s41_s42_what_holds_for_a_worker_holds_in_it)
{
    server s = {.called = 0};
    ac_pool_attr *attr = NULL;
    support_gate gate;

    support_gate_init(&gate);
    support_counter_init(&s.ran);
    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_capacity(attr, 1), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &s.pool), AC_OK);
    ac_pool_attr_destroy(attr);
    ac_future *f = support_submit(s.pool, support_wait_gate, &gate);
    ck_assert_int_eq(ac_future_on_done(f, in_own_pool, &s), AC_OK);
    support_gate_open(&gate);
    ck_assert_int_eq(ac_pool_wait_idle(s.pool, AC_FOREVER), AC_OK);
    ac_future_unref(f);
    support_pool_end(s.pool);
    ck_assert_int_eq(s.called, 1);
    ck_assert_uint_eq(support_counter_get(&s.ran), 1);
    support_counter_destroy(&s.ran);
    support_gate_destroy(&gate);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("calls of callbacks");
    TCase *tcase = support_tcase("calls");

    tcase_add_test(tcase, s37_it_may_do_all_when_it_is_canceled);
    tcase_add_test(tcase, s37_it_may_do_all_when_it_is_resolved);
    tcase_add_test(tcase, s37_it_may_do_all_when_the_promise_is_broken);
    tcase_add_test(tcase, s37_it_may_do_all_in_the_worker_of_another_pool);
    tcase_add_test(tcase, s41_s42_what_holds_for_a_worker_holds_in_it);
    suite_add_tcase(suite, tcase);
    return suite;
}
