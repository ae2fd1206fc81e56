/*
 * next and its deadline: a past one polls, what is ready beats it, a timeout
 * consumes nothing, and everyone who waits is told.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "puller.h"

static int anchor; /* an address that no future has */

static ac_iter *
open_iter(void)
{
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    return iter;
}

static void
expect_next(ac_iter *iter, ac_deadline deadline, const ac_future *expected)
{
    ac_future *future = NULL;

    ck_assert_int_eq(ac_iter_next(iter, deadline, &future), AC_OK);
    ck_assert_ptr_eq(future, expected);
    ac_future_unref(future);
}

static void
expect_code(ac_iter *iter, ac_deadline deadline, int code)
{
    ac_future *future = (ac_future *)(void *)&anchor;

    ck_assert_int_eq(ac_iter_next(iter, deadline, &future), code);
    ck_assert_ptr_eq(future, (void *)&anchor);
}

/* ---- Deadlines ------------------------------------------------------ */

/* A past deadline, in all the shapes that it has. */
static const ac_deadline past[] = {AC_POLL, 1, -1, INT64_MIN, INT64_MIN + 1};
#define N_PAST ((int)(sizeof(past) / sizeof(past[0])))

START_TEST(s2_a_past_deadline_polls)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    support_hold hold;

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
    expect_code(iter, past[_i], AC_ETIMEDOUT);
    expect_code(iter, ac_deadline_in_ms(-5), AC_ETIMEDOUT);
    expect_code(iter, ac_now(), AC_ETIMEDOUT);
    ck_assert_uint_eq(ac_iter_remaining(iter), 1);

    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s2_s3_ready_beats_expired)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    support_hold hold;

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
    support_hold_release(&hold);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    expect_next(iter, past[_i], hold.future);
    expect_next(iter, past[_i], hold.future);
    expect_code(iter, past[_i], AC_ETIMEDOUT);
    support_hold_end(&hold);

    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s4_s17_a_timeout_consumes_nothing_and_is_not_the_end)
{
    ac_pool *pool = support_pool(2);
    ac_iter *iter = NULL;
    ac_future *futures[2];
    support_hold a;
    support_hold b;

    support_hold_worker(&a, pool);
    support_hold_worker(&b, pool);
    futures[0] = a.future;
    futures[1] = b.future;
    ck_assert_int_eq(ac_as_completed(futures, 2, &iter), AC_OK);
    for (int i = 0; i < 5; i++) {
        expect_code(iter, AC_POLL, AC_ETIMEDOUT);
        expect_code(iter, ac_deadline_in_ns(1000), AC_ETIMEDOUT);
        ck_assert_uint_eq(ac_iter_remaining(iter), 2);
    }
    support_hold_release(&b);
    expect_next(iter, AC_FOREVER, b.future);
    for (int i = 0; i < 5; i++)
        expect_code(iter, AC_POLL, AC_ETIMEDOUT);
    support_hold_release(&a);
    expect_next(iter, support_far(), a.future);
    expect_code(iter, AC_POLL, AC_DONE);

    support_hold_end(&a);
    support_hold_end(&b);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s6_never_early)
{
    ac_iter *iter = open_iter();
    ac_future *futures[1];
    size_t n;

    for (int i = 0; i < 20; i++) {
        ac_deadline deadline = ac_deadline_in_ns(1 + (int64_t)i * 200003);
        expect_code(iter, deadline, AC_ETIMEDOUT);
        ck_assert_int_ge(ac_now(), deadline);
        deadline = ac_deadline_in_ns(1 + (int64_t)i * 200003);
        ck_assert_int_eq(ac_iter_next_many(iter, futures, 1, 1, deadline, &n),
                         AC_ETIMEDOUT);
        ck_assert_int_ge(ac_now(), deadline);
    }
    ac_iter_destroy(iter);
}
END_TEST

START_TEST(completion_order_not_input_order)
{
    enum { N = 4 };
    static const int order[N] = {2, 0, 3, 1};
    ac_pool *pool = support_pool(N);
    support_hold holds[N];
    ac_future *futures[N];
    ac_iter *iter = NULL;

    for (int i = 0; i < N; i++) {
        support_hold_worker(&holds[i], pool);
        futures[i] = holds[i].future;
    }
    ck_assert_int_eq(ac_as_completed(futures, N, &iter), AC_OK);
    for (int i = 0; i < N; i++) {
        support_hold_release(&holds[order[i]]);
        expect_next(iter, AC_FOREVER, futures[order[i]]);
    }
    expect_code(iter, AC_POLL, AC_DONE);
    for (int i = 0; i < N; i++)
        support_hold_end(&holds[i]);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(completion_order_also_when_collected_late)
{
    enum { N = 5 };
    static const int order[N] = {3, 0, 4, 2, 1};
    ac_pool *pool = support_pool(1);
    ac_future *futures[N];
    ac_iter *iter = NULL;
    support_hold hold;

    support_hold_worker(&hold, pool);
    for (int i = 0; i < N; i++)
        futures[i] = support_submit(pool, support_nothing, NULL);
    ck_assert_int_eq(ac_as_completed(futures, N, &iter), AC_OK);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(ac_future_cancel(futures[order[i]]), AC_OK);
    for (int i = 0; i < N; i++)
        expect_next(iter, AC_POLL, futures[order[i]]);
    expect_code(iter, AC_POLL, AC_DONE);

    for (int i = 0; i < N; i++)
        ac_future_unref(futures[i]);
    ac_iter_destroy(iter);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

/* ---- Who is told ---------------------------------------------------- */

START_TEST(s22_an_add_wakes_the_one_who_waits)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_future *future = support_submit(pool, support_nothing, NULL);
    puller p;

    ck_assert_int_eq(ac_future_wait(future, AC_FOREVER), AC_OK);
    puller_next(&p, iter);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    ck_assert_int_eq(puller_end(&p), AC_OK);
    ck_assert_ptr_eq(p.futures[0], future);
    puller_drop(&p);

    puller_next(&p, iter);
    ck_assert_int_eq(
        ac_iter_submit(iter, pool, NULL, support_nothing, NULL, AC_POLL, NULL),
        AC_OK);
    ck_assert_int_eq(puller_end(&p), AC_OK);
    puller_drop(&p);

    ac_future_unref(future);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s15_cancel_itself_wakes_next)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    ac_future *queued;
    support_hold hold;
    puller p;

    /* The only worker stays busy: nobody but cancel can tell. */
    support_hold_worker(&hold, pool);
    queued = support_submit(pool, support_nothing, NULL);
    ck_assert_int_eq(ac_as_completed(&queued, 1, &iter), AC_OK);
    puller_next(&p, iter);
    ck_assert_int_eq(ac_future_cancel(queued), AC_OK);
    ck_assert_int_eq(puller_end(&p), AC_OK);
    ck_assert_ptr_eq(p.futures[0], queued);
    ck_assert_int_eq(ac_future_status(queued), AC_ECANCELED);
    expect_code(iter, AC_POLL, AC_DONE);

    puller_drop(&p);
    ac_future_unref(queued);
    ac_iter_destroy(iter);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

START_TEST(s15_iter_cancel_ends_the_queued_and_asks_the_running)
{
    enum { N = 5 };
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_future *done = support_submit(pool, support_nothing, NULL);
    ac_future *queued[N];
    support_hold hold;

    ck_assert_int_eq(ac_future_wait(done, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, done), AC_OK);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
    for (int i = 0; i < N; i++) {
        queued[i] = support_submit(pool, support_nothing, NULL);
        ck_assert_int_eq(ac_iter_add(iter, queued[i]), AC_OK);
    }
    hold.rc = AC_TASK_CANCELED;
    ck_assert_int_eq(ac_iter_cancel(iter), AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(iter), N + 2); /* still come out */
    expect_next(iter, AC_POLL, done);
    ck_assert_int_eq(ac_future_status(done), AC_OK);
    for (int i = 0; i < N; i++) {
        ac_future *future = NULL;
        ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &future), AC_OK);
        ck_assert_int_eq(ac_future_status(future), AC_ECANCELED);
        ac_future_unref(future);
        ac_future_unref(queued[i]);
    }
    expect_code(iter, AC_POLL, AC_ETIMEDOUT); /* the running one is left */
    ck_assert_int_eq(ac_future_cancel(hold.future), AC_EBUSY);
    support_hold_release(&hold);
    expect_next(iter, AC_FOREVER, hold.future);
    ck_assert_int_eq(ac_future_status(hold.future), AC_ECANCELED);
    ck_assert_int_eq(ac_iter_cancel(iter), AC_OK); /* nothing to cancel */

    ac_future_unref(done);
    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

/* Says, as its error number, whether it was asked to stop. */
static int
asked(void *arg, void **result)
{
    (void)result;
    support_gate_wait(arg);
    return ac_cancel_requested() ? AC_TASK_CANCELED : 7;
}

START_TEST(s28_iter_cancel_raises_the_flag_of_the_running)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    support_gate gate;
    support_hold hold;
    ac_future *future;

    support_gate_init(&gate);
    support_hold_worker(&hold, pool);
    future = support_submit(pool, asked, &gate);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    support_hold_end(&hold);
    /* Queued or running by now: either way it ends as canceled. */
    ck_assert_int_eq(ac_iter_cancel(iter), AC_OK);
    support_gate_open(&gate);
    expect_next(iter, AC_FOREVER, future);
    ck_assert_int_eq(ac_future_status(future), AC_ECANCELED);
    ck_assert_int_eq(ac_future_cancel(future), AC_OK);

    ac_future_unref(future);
    ac_iter_destroy(iter);
    support_pool_end(pool);
    support_gate_destroy(&gate);
}
END_TEST

START_TEST(s11_arguments_are_checked_and_nothing_changes)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_future *future = support_submit(pool, support_nothing, NULL);

    ck_assert_int_eq(ac_future_wait(future, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_iter_add(NULL, future), AC_EINVAL);
    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, NULL), AC_EINVAL);
    expect_code(NULL, AC_POLL, AC_EINVAL);
    ck_assert_uint_eq(ac_iter_remaining(iter), 1);
    expect_next(iter, AC_POLL, future);

    ac_future_unref(future);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("next");
    TCase *tcase = support_tcase("next");

    tcase_add_loop_test(tcase, s2_a_past_deadline_polls, 0, N_PAST);
    tcase_add_loop_test(tcase, s2_s3_ready_beats_expired, 0, N_PAST);
    tcase_add_test(tcase, s4_s17_a_timeout_consumes_nothing_and_is_not_the_end);
    tcase_add_test(tcase, s6_never_early);
    tcase_add_test(tcase, completion_order_not_input_order);
    tcase_add_test(tcase, completion_order_also_when_collected_late);
    tcase_add_test(tcase, s22_an_add_wakes_the_one_who_waits);
    tcase_add_test(tcase, s15_cancel_itself_wakes_next);
    tcase_add_test(tcase, s15_iter_cancel_ends_the_queued_and_asks_the_running);
    tcase_add_test(tcase, s28_iter_cancel_raises_the_flag_of_the_running);
    tcase_add_test(tcase, s11_arguments_are_checked_and_nothing_changes);
    suite_add_tcase(suite, tcase);
    return suite;
}
