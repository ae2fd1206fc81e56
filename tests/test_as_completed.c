/*
 * ac_as_completed: a closed iterator over an array, without duplicates, with
 * those that are done already in front.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <stdlib.h>

#include "puller.h"

static int anchor; /* an address that nothing else has */

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

static void
submit_all(ac_pool *pool, ac_future **futures, size_t n)
{
    for (size_t i = 0; i < n; i++)
        futures[i] = support_submit(pool, support_nothing, NULL);
}

static void
unref_all(ac_future **futures, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ac_future_unref(futures[i]);
}

START_TEST(s10_no_futures_is_done_at_once)
{
    ac_future *none[1] = {NULL};
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_as_completed(NULL, 0, &iter), AC_OK);
    expect_code(iter, AC_POLL, AC_DONE);
    expect_code(iter, AC_FOREVER, AC_DONE);
    ck_assert_uint_eq(ac_iter_remaining(iter), 0);
    ac_iter_destroy(iter);

    iter = NULL;
    ck_assert_int_eq(ac_as_completed(none, 0, &iter), AC_OK);
    expect_code(iter, AC_FOREVER, AC_DONE);
    ac_iter_destroy(iter);
}
END_TEST

static support_counter released;

static void
release(void *object)
{
    (void)object;
    support_counter_add(&released);
}

START_TEST(s11_a_null_in_the_array_registers_nothing)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = (ac_iter *)(void *)&anchor;
    ac_task_attr *attr = NULL;
    ac_future *futures[3] = {NULL};
    support_hold hold;

    support_counter_init(&released);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, release), AC_OK);
    support_hold_worker(&hold, pool);
    for (size_t at = 0; at < 3; at++) {
        for (size_t i = 0; i < 3; i++)
            if (i != at)
                ck_assert_int_eq(ac_submit(pool, attr, support_nothing, &anchor,
                                           &futures[i]),
                                 AC_OK);
        futures[at] = NULL;
        ck_assert_int_eq(ac_as_completed(futures, 3, &iter), AC_EINVAL);
        ck_assert_ptr_eq(iter, (void *)&anchor);
        /* No reference was kept: ours are the last ones. */
        for (size_t i = 0; i < 3; i++) {
            if (i != at)
                ck_assert_int_eq(ac_future_cancel(futures[i]), AC_OK);
            ac_future_unref(futures[i]);
        }
        ck_assert_uint_eq(support_counter_get(&released), (at + 1) * 2);
    }
    ck_assert_int_eq(ac_as_completed(NULL, 1, &iter), AC_EINVAL);
    ck_assert_int_eq(ac_as_completed(&hold.future, 1, NULL), AC_EINVAL);
    ck_assert_ptr_eq(iter, (void *)&anchor);

    support_hold_end(&hold);
    support_pool_end(pool);
    ac_task_attr_destroy(attr);
}
END_TEST

START_TEST(s9_it_is_closed)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    ac_future *future = support_submit(pool, support_nothing, NULL);

    ck_assert_int_eq(ac_as_completed(&future, 1, &iter), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_ECLOSED);
    ck_assert_int_eq(
        ac_iter_submit(iter, pool, NULL, support_nothing, NULL, AC_POLL, NULL),
        AC_ECLOSED);
    expect_next(iter, AC_FOREVER, future);
    expect_code(iter, AC_FOREVER, AC_DONE);

    ac_future_unref(future);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s12_duplicates_come_once)
{
    ac_pool *pool = support_pool(1);
    ac_future *done = support_submit(pool, support_nothing, NULL);
    ac_iter *iter = NULL;
    support_hold hold;

    ck_assert_int_eq(ac_future_wait(done, AC_FOREVER), AC_OK);
    support_hold_worker(&hold, pool);
    ac_future *futures[] = {hold.future, done,        hold.future, done,
                            done,        hold.future, hold.future};
    ck_assert_int_eq(ac_as_completed(futures, 7, &iter), AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(iter), 2);
    expect_next(iter, AC_POLL, done);
    expect_code(iter, AC_POLL, AC_ETIMEDOUT);
    support_hold_release(&hold);
    expect_next(iter, AC_FOREVER, hold.future);
    expect_code(iter, AC_FOREVER, AC_DONE);

    support_hold_end(&hold);
    ac_future_unref(done);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

/* Every future k times over, far apart, half of them done. */
START_TEST(s12_many_duplicates_come_once)
{
    enum { N = 500, TIMES = 7 };
    static ac_future *futures[N * TIMES];
    ac_pool *pool = support_pool(2);
    ac_iter *iter = NULL;
    size_t seen = 0;
    ac_future *future;
    support_hold a;
    support_hold b;

    submit_all(pool, futures, N / 2);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    support_hold_worker(&a, pool);
    support_hold_worker(&b, pool);
    submit_all(pool, futures + N / 2, N / 2);
    for (size_t i = N; i < N * TIMES; i++)
        futures[i] = futures[(i * 7) % N];
    ck_assert_int_eq(ac_as_completed(futures, N * TIMES, &iter), AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(iter), N);
    for (size_t i = 0; i < N / 2; i++) /* S13: in the order of the array */
        expect_next(iter, AC_POLL, futures[i]);
    expect_code(iter, AC_POLL, AC_ETIMEDOUT);
    support_hold_end(&a);
    support_hold_end(&b);
    while (ac_iter_next(iter, AC_FOREVER, &future) == AC_OK) {
        seen++;
        ac_future_unref(future);
    }
    ck_assert_uint_eq(seen, N / 2);

    unref_all(futures, N);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s13_those_done_already_come_first_in_input_order)
{
    enum { N = 12 };
    ac_pool *pool = support_pool(1);
    ac_future *futures[N];
    ac_iter *iter = NULL;
    support_hold hold;

    /* Finished (5 and on) in an order that is not the array's. */
    support_hold_worker(&hold, pool);
    for (size_t i = 1; i < N; i++)
        futures[i] = support_submit(pool, support_nothing, NULL);
    futures[0] = hold.future;
    for (size_t i = N - 1; i >= 5; i--)
        ck_assert_int_eq(ac_future_cancel(futures[i]), AC_OK);
    ck_assert_int_eq(ac_as_completed(futures, N, &iter), AC_OK);
    ck_assert_int_eq(ac_future_cancel(futures[3]), AC_OK); /* a later one */
    for (size_t i = 5; i < N; i++)
        expect_next(iter, AC_POLL, futures[i]);
    expect_next(iter, AC_POLL, futures[3]);
    expect_code(iter, AC_POLL, AC_ETIMEDOUT);
    support_hold_release(&hold);
    for (int i = 0; i < 4; i++) {
        ac_future *future = NULL;
        ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &future), AC_OK);
        ac_future_unref(future);
    }
    expect_code(iter, AC_FOREVER, AC_DONE);

    support_hold_end(&hold);
    unref_all(futures + 1, N - 1);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s16_it_takes_references_of_its_own)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    ac_task_attr *attr = NULL;
    ac_future *futures[2];
    ac_future *given = NULL;
    support_hold hold;

    support_counter_init(&released);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_result(attr, release), AC_OK);
    support_hold_worker(&hold, pool);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(
            ac_submit(pool, attr, support_echo, &anchor, &futures[i]), AC_OK);
    ck_assert_int_eq(ac_as_completed(futures, 2, &iter), AC_OK);
    unref_all(futures, 2);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_uint_eq(support_counter_get(&released), 0);
    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &given), AC_OK);
    ck_assert_ptr_eq(ac_future_arg(given), &anchor);
    ck_assert_uint_eq(support_counter_get(&released), 0);
    ac_future_unref(given); /* the iterator is there still, and keeps none */
    ck_assert_uint_eq(support_counter_get(&released), 1);
    ac_iter_destroy(iter);
    ck_assert_uint_eq(support_counter_get(&released), 2);

    support_pool_end(pool);
    ac_task_attr_destroy(attr);
}
END_TEST

START_TEST(s14_two_iterators_over_one_array)
{
    enum { N = 20 };
    ac_pool *pool = support_pool(2);
    ac_future *futures[N];
    ac_iter *iters[2] = {NULL, NULL};
    ac_future *future;

    submit_all(pool, futures, N);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(ac_as_completed(futures, N, &iters[i]), AC_OK);
    for (int i = 0; i < 2; i++) {
        size_t seen = 0;
        while (ac_iter_next(iters[i], AC_FOREVER, &future) == AC_OK) {
            ck_assert_int_eq(ac_future_status(future), AC_OK);
            ac_future_unref(future);
            seen++;
        }
        ck_assert_uint_eq(seen, N);
        ac_iter_destroy(iters[i]);
    }
    unref_all(futures, N);
    support_pool_end(pool);
}
END_TEST

START_TEST(it_may_outlive_the_pool)
{
    enum { N = 3 };
    ac_pool *pool = support_pool(1);
    ac_future *futures[N];
    ac_iter *iter = NULL;

    submit_all(pool, futures, N);
    ck_assert_int_eq(ac_as_completed(futures, N, &iter), AC_OK);
    unref_all(futures, N);
    support_pool_end(pool);
    for (int i = 0; i < N; i++)
        expect_next(iter, AC_POLL, futures[i]);
    expect_code(iter, AC_POLL, AC_DONE);
    ac_iter_destroy(iter);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("as_completed");
    TCase *tcase = support_tcase("as_completed");

    tcase_add_test(tcase, s10_no_futures_is_done_at_once);
    tcase_add_test(tcase, s11_a_null_in_the_array_registers_nothing);
    tcase_add_test(tcase, s9_it_is_closed);
    tcase_add_test(tcase, s12_duplicates_come_once);
    tcase_add_test(tcase, s12_many_duplicates_come_once);
    tcase_add_test(tcase, s13_those_done_already_come_first_in_input_order);
    tcase_add_test(tcase, s16_it_takes_references_of_its_own);
    tcase_add_test(tcase, s14_two_iterators_over_one_array);
    tcase_add_test(tcase, it_may_outlive_the_pool);
    suite_add_tcase(suite, tcase);
    return suite;
}
