/*
 * The iterator as a completion queue: what goes in, what comes out, how
 * often, and whose reference it is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <stdlib.h>

#include "puller.h"

/* ---- What the tests share ------------------------------------------- */

static support_counter freed; /* results and arguments released */

static void
count_free(void *object)
{
    (void)object;
    support_counter_add(&freed);
}

/* Counts everything that the library releases for a task. */
static ac_task_attr *
counting_attr(void)
{
    ac_task_attr *attr = NULL;

    support_counter_init(&freed);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, count_free), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_result(attr, count_free), AC_OK);
    return attr;
}

static ac_iter *
open_iter(void)
{
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_ptr_nonnull(iter);
    return iter;
}

/* A future that is done already. */
static ac_future *
done_future(ac_pool *pool)
{
    ac_future *future = support_submit(pool, support_nothing, NULL);

    ck_assert_int_eq(ac_future_wait(future, AC_FOREVER), AC_OK);
    return future;
}

/* The next one is there, and it is that one. */
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
    ac_future *future = (ac_future *)(void *)&freed;

    ck_assert_int_eq(ac_iter_next(iter, deadline, &future), code);
    ck_assert_ptr_eq(future, (void *)&freed);
}

/* ---- The end -------------------------------------------------------- */

START_TEST(s9_open_and_empty_waits_it_is_not_done)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_future *future = done_future(pool);

    expect_code(iter, AC_POLL, AC_ETIMEDOUT);
    expect_code(iter, ac_now(), AC_ETIMEDOUT);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    expect_next(iter, AC_POLL, future);
    expect_code(iter, AC_POLL, AC_ETIMEDOUT);
    expect_code(iter, ac_deadline_in_ms(1), AC_ETIMEDOUT);

    ac_future_unref(future);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s9_closed_next_is_done_for_good_add_and_submit_are_closed)
{
    ac_task_attr *attr = counting_attr();
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_future *future = done_future(pool);
    ac_future *mark = (ac_future *)(void *)&freed;

    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    for (int i = 0; i < 3; i++) {
        expect_code(iter, AC_POLL, AC_DONE);
        expect_code(iter, AC_FOREVER, AC_DONE);
        ck_assert_int_eq(ac_iter_add(iter, future), AC_ECLOSED);
        ck_assert_int_eq(ac_iter_submit(iter, pool, attr, support_nothing,
                                        &freed, AC_FOREVER, &mark),
                         AC_ECLOSED);
    }
    ck_assert_ptr_eq(mark, (void *)&freed);
    ck_assert_uint_eq(ac_iter_remaining(iter), 0);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);

    ac_future_unref(future);
    ac_iter_destroy(iter);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&freed), 0);
    ac_task_attr_destroy(attr);
}
END_TEST

START_TEST(s9_s19_closed_with_some_left_delivers_them_then_done)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    support_hold hold;

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    expect_code(iter, AC_POLL, AC_ETIMEDOUT);
    support_hold_release(&hold);
    expect_next(iter, AC_FOREVER, hold.future);
    expect_code(iter, AC_FOREVER, AC_DONE);

    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

/* ---- How often ------------------------------------------------------ */

START_TEST(s12_each_add_of_a_done_one_is_a_delivery)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_future *future = done_future(pool);

    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(iter), 2);
    expect_next(iter, AC_POLL, future);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    expect_next(iter, AC_POLL, future);
    expect_next(iter, AC_POLL, future);
    expect_code(iter, AC_POLL, AC_ETIMEDOUT);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK); /* once more, late */
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    expect_next(iter, AC_FOREVER, future);
    expect_code(iter, AC_FOREVER, AC_DONE);

    ac_future_unref(future);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s12_each_add_of_a_pending_one_is_a_delivery)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    support_hold hold;

    support_hold_worker(&hold, pool);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(iter), 3);
    expect_code(iter, AC_POLL, AC_ETIMEDOUT);
    support_hold_release(&hold);
    for (size_t left = 3; left > 0; left--) {
        ck_assert_uint_eq(ac_iter_remaining(iter), left);
        expect_next(iter, AC_FOREVER, hold.future);
    }
    expect_code(iter, AC_FOREVER, AC_DONE);

    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s12_submitted_through_it_and_added_again)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    support_hold hold;
    ac_future *future = NULL;

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_submit(iter, pool, NULL, support_echo, &hold,
                                    AC_FOREVER, &future),
                     AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(iter), 2);
    support_hold_release(&hold);
    expect_next(iter, AC_FOREVER, future);
    expect_next(iter, AC_FOREVER, future);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    expect_next(iter, AC_POLL, future);
    expect_code(iter, AC_POLL, AC_ETIMEDOUT);

    ac_future_unref(future);
    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

/* ---- Whose reference ------------------------------------------------ */

START_TEST(s16_hands_over_one_reference_and_keeps_none)
{
    ac_task_attr *attr = counting_attr();
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_future *future = NULL;

    /* Nobody but the iterator refers to it. */
    ck_assert_int_eq(
        ac_iter_submit(iter, pool, attr, support_echo, attr, AC_POLL, NULL),
        AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_uint_eq(support_counter_get(&freed), 0);
    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &future), AC_OK);
    ck_assert_uint_eq(support_counter_get(&freed), 0);
    ck_assert_ptr_eq(ac_future_arg(future), attr);
    ac_future_unref(future);
    ck_assert_uint_eq(support_counter_get(&freed), 1);

    ac_iter_destroy(iter);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&freed), 1);
    ac_task_attr_destroy(attr);
}
END_TEST

START_TEST(s16_add_takes_a_reference_of_its_own)
{
    ac_task_attr *attr = counting_attr();
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    support_hold hold;
    ac_future *future = NULL;

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_submit(pool, attr, support_echo, attr, &future), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    ac_future_unref(future);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &future), AC_OK);
    ac_future_unref(future);
    ck_assert_uint_eq(support_counter_get(&freed), 0); /* due once more */
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &future), AC_OK);
    /* The worker lets go before the pool is idle; then it is only ours. */
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_uint_eq(support_counter_get(&freed), 0);
    ac_future_unref(future);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&freed), 1);

    ac_iter_destroy(iter);
    ac_task_attr_destroy(attr);
}
END_TEST

START_TEST(s20_what_was_handed_out_has_no_link_left)
{
    ac_pool *pool = support_pool(1);
    ac_iter *first = open_iter();
    ac_iter *second = open_iter();
    ac_future *future = NULL;
    ac_future *again = NULL;

    ck_assert_int_eq(
        ac_iter_submit(first, pool, NULL, support_nothing, NULL, AC_POLL, NULL),
        AC_OK);
    ck_assert_int_eq(ac_iter_next(first, AC_FOREVER, &future), AC_OK);
    ac_iter_destroy(first);
    ck_assert_int_eq(ac_future_status(future), AC_OK);
    ck_assert_int_eq(ac_iter_add(second, future), AC_OK);
    ck_assert_int_eq(ac_iter_next(second, AC_POLL, &again), AC_OK);
    ck_assert_ptr_eq(again, future);
    ac_future_unref(again);
    ac_future_unref(future);

    ac_iter_destroy(second);
    support_pool_end(pool);
}
END_TEST

/* ---- Many at once --------------------------------------------------- */

START_TEST(s14_one_future_in_many_iterators_and_waits)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;
    ac_iter *iters[16];
    puller pullers[4];

    support_hold_worker(&hold, pool);
    for (int i = 0; i < 16; i++) {
        iters[i] = open_iter();
        ck_assert_int_eq(ac_iter_add(iters[i], hold.future), AC_OK);
    }
    for (int i = 0; i < 4; i++)
        puller_next(&pullers[i], iters[i]);
    support_hold_release(&hold);
    ck_assert_int_eq(ac_wait(&hold.future, 1, AC_ALL, AC_FOREVER, NULL), AC_OK);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(puller_end(&pullers[i]), AC_OK);
        ck_assert_ptr_eq(pullers[i].futures[0], hold.future);
        puller_drop(&pullers[i]);
    }
    for (int i = 4; i < 16; i++)
        expect_next(iters[i], AC_FOREVER, hold.future);
    for (int i = 0; i < 16; i++) {
        expect_code(iters[i], AC_POLL, AC_ETIMEDOUT);
        ac_iter_destroy(iters[i]);
    }
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

START_TEST(remaining_counts_what_is_still_to_come_out)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_future *future = done_future(pool);
    support_hold hold;

    ck_assert_uint_eq(ac_iter_remaining(NULL), 0);
    ck_assert_uint_eq(ac_iter_remaining(iter), 0);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(iter), 2); /* ready or not */
    expect_next(iter, AC_POLL, future);
    ck_assert_uint_eq(ac_iter_remaining(iter), 1);
    support_hold_release(&hold);
    expect_next(iter, AC_FOREVER, hold.future);
    ck_assert_uint_eq(ac_iter_remaining(iter), 0);

    support_hold_end(&hold);
    ac_future_unref(future);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("iter");
    TCase *tcase = support_tcase("iter");

    tcase_add_test(tcase, s9_open_and_empty_waits_it_is_not_done);
    tcase_add_test(tcase,
                   s9_closed_next_is_done_for_good_add_and_submit_are_closed);
    tcase_add_test(tcase, s9_s19_closed_with_some_left_delivers_them_then_done);
    tcase_add_test(tcase, s12_each_add_of_a_done_one_is_a_delivery);
    tcase_add_test(tcase, s12_each_add_of_a_pending_one_is_a_delivery);
    tcase_add_test(tcase, s12_submitted_through_it_and_added_again);
    tcase_add_test(tcase, s16_hands_over_one_reference_and_keeps_none);
    tcase_add_test(tcase, s16_add_takes_a_reference_of_its_own);
    tcase_add_test(tcase, s20_what_was_handed_out_has_no_link_left);
    tcase_add_test(tcase, s14_one_future_in_many_iterators_and_waits);
    tcase_add_test(tcase, remaining_counts_what_is_still_to_come_out);
    suite_add_tcase(suite, tcase);
    return suite;
}
