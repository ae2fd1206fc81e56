/*
 * What is not valid is answered by a code: nothing crashes, nothing changes,
 * no output is written.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <limits.h>
#include <string.h>

/* Outputs that a refused call must leave alone. */
static char mark;
#define MARK(type) ((type *)(void *)&mark)

/* ---- NULL, in every place ------------------------------------------- */

START_TEST(null_attrs_and_places_are_refused)
{
    ac_pool_attr *pool_attr = NULL;

    ck_assert_int_eq(ac_pool_attr_create(NULL), AC_EINVAL);
    ck_assert_int_eq(ac_task_attr_create(NULL), AC_EINVAL);
    ck_assert_int_eq(ac_pool_attr_set_name(NULL, "x"), AC_EINVAL);
    ck_assert_int_eq(ac_pool_attr_set_stack_size(NULL, 1 << 20), AC_EINVAL);
    ck_assert_int_eq(ac_pool_attr_set_help(NULL, AC_HELP_ALWAYS), AC_EINVAL);
    ck_assert_int_eq(ac_task_attr_set_free_arg(NULL, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_pool_attr_set_capacity(NULL, 1), AC_EINVAL);
    ck_assert_int_eq(ac_pool_attr_set_hooks(NULL, NULL, NULL, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_pool_attr_set_timing(NULL, 1), AC_EINVAL);
    ck_assert_int_eq(ac_pool_attr_set_trace(NULL, NULL, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_task_attr_set_free_result(NULL, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_task_attr_set_priority(NULL, AC_PRIORITY_HIGH),
                     AC_EINVAL);
    ck_assert_int_eq(ac_task_attr_set_start_by(NULL, AC_FOREVER), AC_EINVAL);
    ck_assert_int_eq(ac_pool_attr_create(&pool_attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_name(pool_attr, NULL), AC_EINVAL);
    ac_pool_attr_destroy(pool_attr);
}
END_TEST

START_TEST(null_pools_are_refused)
{
    size_t left = 99;
    ac_future *f = MARK(ac_future);

    ck_assert_int_eq(ac_pool_create(1, NULL, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_pool_shutdown(NULL, AC_DRAIN, AC_POLL, &left),
                     AC_EINVAL);
    ck_assert_int_eq(ac_pool_wait_idle(NULL, AC_POLL), AC_EINVAL);
    ck_assert_int_eq(ac_submit(NULL, NULL, support_nothing, NULL, &f),
                     AC_EINVAL);
    ck_assert_uint_eq(left, 99);
    ck_assert_ptr_eq(f, MARK(ac_future));
}
END_TEST

START_TEST(null_futures_are_refused)
{
    void *result = &mark;

    ck_assert_int_eq(ac_future_wait(NULL, AC_POLL), AC_EINVAL);
    ck_assert_int_eq(ac_future_get(NULL, AC_POLL, &result), AC_EINVAL);
    ck_assert_int_eq(ac_future_get(NULL, AC_FOREVER, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_future_take(NULL, AC_POLL, &result), AC_EINVAL);
    ck_assert_int_eq(ac_future_take(NULL, AC_FOREVER, &result), AC_EINVAL);
    ck_assert_int_eq(ac_future_cancel(NULL), AC_EINVAL);
    ck_assert_int_eq(ac_future_status(NULL), AC_EINVAL);
    ck_assert_int_eq(ac_future_error(NULL), 0);
    ck_assert_ptr_null(ac_future_arg(NULL));
    ck_assert_ptr_null(ac_future_ref(NULL));
    ck_assert_ptr_eq(result, &mark);
}
END_TEST

START_TEST(null_iterators_are_refused)
{
    ac_pool *pool = support_pool(1);
    ac_future *f = MARK(ac_future);
    ac_iter *iter = NULL;
    size_t n = 99;

    ck_assert_int_eq(ac_iter_open(NULL), AC_EINVAL);
    ck_assert_int_eq(ac_as_completed(NULL, 0, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_as_completed(&f, 1, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_as_completed(NULL, 1, &iter), AC_EINVAL);
    ck_assert_ptr_null(iter);
    ck_assert_int_eq(ac_iter_next(NULL, AC_POLL, &f), AC_EINVAL);
    ck_assert_int_eq(ac_iter_next_many(NULL, &f, 1, 1, AC_POLL, &n), AC_EINVAL);
    ck_assert_uint_eq(ac_iter_remaining(NULL), 0);
    ck_assert_int_eq(ac_iter_cancel(NULL), AC_EINVAL);
    ck_assert_int_eq(ac_iter_close(NULL), AC_EINVAL);
    ck_assert_int_eq(ac_iter_abandon(NULL), AC_EINVAL);
    ck_assert_int_eq(
        ac_iter_submit(NULL, pool, NULL, support_nothing, NULL, AC_POLL, &f),
        AC_EINVAL);
    ck_assert_ptr_eq(f, MARK(ac_future));
    ck_assert_uint_eq(n, 99);
    support_pool_end(pool);
}
END_TEST

START_TEST(null_places_of_an_iterator_are_refused)
{
    ac_pool *pool = support_pool(1);
    ac_future *f = support_submit(pool, support_nothing, NULL);
    ac_future *done = NULL;
    ac_iter *iter = NULL;
    size_t n = 99;

    ck_assert_int_eq(ac_future_wait(f, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_int_eq(ac_iter_add(NULL, f), AC_EINVAL);
    ck_assert_int_eq(ac_iter_add(iter, NULL), AC_EINVAL);
    ck_assert_uint_eq(ac_iter_remaining(iter), 0);
    ck_assert_int_eq(ac_iter_add(iter, f), AC_OK);
    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_iter_next_many(iter, NULL, 1, 1, AC_POLL, &n),
                     AC_EINVAL);
    ck_assert_int_eq(ac_iter_next_many(iter, &done, 1, 1, AC_POLL, NULL),
                     AC_EINVAL);
    ck_assert_int_eq(ac_iter_next_many(iter, &done, 0, 1, AC_POLL, &n),
                     AC_EINVAL);
    ck_assert_int_eq(ac_iter_next_many(iter, &done, 0, 0, AC_POLL, &n),
                     AC_EINVAL);
    ck_assert_int_eq(ac_iter_next_many(iter, &done, 2, 1, AC_POLL, &n),
                     AC_EINVAL);
    ck_assert_uint_eq(n, 99);
    ck_assert_ptr_null(done);
    /* It is still there. */
    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &done), AC_OK);
    ck_assert_ptr_eq(done, f);
    ac_future_unref(done);
    ac_iter_destroy(iter);
    ac_future_unref(f);
    support_pool_end(pool);
}
END_TEST

START_TEST(null_is_nothing_to_every_end)
{
    ac_future_unref(NULL);
    ac_promise_destroy(NULL);
    ac_iter_destroy(NULL);
    ac_pool_attr_destroy(NULL);
    ac_task_attr_destroy(NULL);
    ck_assert_int_eq(ac_pool_destroy(NULL), AC_OK);
}
END_TEST

/* ---- Arrays --------------------------------------------------------- */

START_TEST(s11_a_null_in_an_array_is_refused_wherever_it_is)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;
    ac_future *f[5];
    ac_iter *iter = NULL;

    support_hold_worker(&hold, pool);
    for (size_t at = 0; at < 5; at++) {
        size_t which = 99;
        for (size_t i = 0; i < 5; i++)
            f[i] = i == at ? NULL : hold.future;
        ck_assert_int_eq(ac_as_completed(f, 5, &iter), AC_EINVAL);
        ck_assert_ptr_null(iter);
        for (int mode = AC_ALL; mode <= AC_FIRST_ERROR; mode++)
            ck_assert_int_eq(
                ac_wait(f, 5, (ac_wait_mode)mode, AC_FOREVER, &which),
                AC_EINVAL);
        ck_assert_uint_eq(which, 99);
    }
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

START_TEST(s10_nothing_to_wait_for)
{
    ac_iter *iter = NULL;
    ac_future *done = MARK(ac_future);
    size_t which = 99;

    ck_assert_int_eq(ac_as_completed(NULL, 0, &iter), AC_OK);
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &done), AC_DONE);
    ck_assert_ptr_eq(done, MARK(ac_future));
    ac_iter_destroy(iter);
    ck_assert_int_eq(ac_wait(NULL, 0, AC_FIRST, AC_FOREVER, &which), AC_EINVAL);
    ck_assert_uint_eq(which, 99);
    ck_assert_int_eq(ac_wait(NULL, 0, AC_ALL, AC_FOREVER, &which), AC_OK);
    ck_assert_uint_eq(which, 0);
    ck_assert_int_eq(ac_wait(NULL, 1, AC_ALL, AC_POLL, &which), AC_EINVAL);
}
END_TEST

START_TEST(more_than_memory_can_hold_is_refused)
{
    const size_t many[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 8, SIZE_MAX / 16,
                           SIZE_MAX / 64};
    ac_pool *pool = support_pool(1);
    support_hold hold;
    ac_iter *iter = NULL;

    support_hold_worker(&hold, pool);
    for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
        const int rc = ac_as_completed(&hold.future, many[i], &iter);
        ck_assert_msg(rc == AC_ENOMEM || rc == AC_EINVAL, "%d", rc);
        ck_assert_ptr_null(iter);
    }
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

/* ---- Numbers -------------------------------------------------------- */

START_TEST(too_many_workers_are_refused)
{
    const size_t many[] = {AC_MAX_WORKERS + 1, SIZE_MAX, SIZE_MAX / 64,
                           (size_t)INT_MAX + 1};
    ac_pool *pool = NULL;

    for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
        ck_assert_int_eq(ac_pool_create(many[i], NULL, &pool), AC_EINVAL);
    ck_assert_ptr_null(pool);
}
END_TEST

/* By copy, so that no compiler or sanitizer minds how it got there. */
#define AS(var, number) \
    do { \
        const int number_ = (number); \
        memcpy(&(var), &number_, sizeof(number_)); \
    } while (0)

START_TEST(unknown_choices_are_refused)
{
    const int unknown[] = {-1, 3, 7, INT_MAX, INT_MIN};
    ac_pool *pool = support_pool(1);
    ac_pool_attr *attr = NULL;
    support_hold hold;
    size_t out = 99;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    support_hold_worker(&hold, pool);
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        ac_help help;
        ac_shutdown how;
        ac_wait_mode mode;
        AS(help, unknown[i]);
        AS(how, unknown[i]);
        AS(mode, unknown[i]);
        ck_assert_int_eq(ac_pool_attr_set_help(attr, help), AC_EINVAL);
        ck_assert_int_eq(ac_pool_shutdown(pool, how, AC_POLL, &out), AC_EINVAL);
        ck_assert_int_eq(ac_wait(&hold.future, 1, mode, AC_POLL, &out),
                         AC_EINVAL);
    }
    ck_assert_uint_eq(out, 99);
    /* Nothing changed: it still accepts, and nobody was asked to stop. */
    ck_assert_int_eq(ac_submit(pool, NULL, support_nothing, NULL, NULL), AC_OK);
    support_hold_end(&hold);
    ac_pool_attr_destroy(attr);
    support_pool_end(pool);
}
END_TEST

START_TEST(s43_after_the_end_of_a_pool_submit_says_so)
{
    ac_pool *pool = support_pool(1);
    ac_future *f = MARK(ac_future);
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, NULL),
                     AC_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ac_submit(pool, NULL, support_nothing, NULL, &f),
                         AC_ESHUTDOWN);
        ck_assert_int_eq(ac_iter_submit(iter, pool, NULL, support_nothing, NULL,
                                        INT64_MIN, &f),
                         AC_ESHUTDOWN);
        ck_assert_int_eq(ac_pool_wait_idle(pool, INT64_MIN), AC_OK);
    }
    ck_assert_ptr_eq(f, MARK(ac_future));
    ck_assert_uint_eq(ac_iter_remaining(iter), 0);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("bad input");
    TCase *tcase = support_tcase("null");

    tcase_add_test(tcase, null_attrs_and_places_are_refused);
    tcase_add_test(tcase, null_pools_are_refused);
    tcase_add_test(tcase, null_futures_are_refused);
    tcase_add_test(tcase, null_iterators_are_refused);
    tcase_add_test(tcase, null_places_of_an_iterator_are_refused);
    tcase_add_test(tcase, null_is_nothing_to_every_end);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("arrays");
    tcase_add_test(tcase, s11_a_null_in_an_array_is_refused_wherever_it_is);
    tcase_add_test(tcase, s10_nothing_to_wait_for);
    tcase_add_test(tcase, more_than_memory_can_hold_is_refused);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("numbers");
    tcase_add_test(tcase, too_many_workers_are_refused);
    tcase_add_test(tcase, unknown_choices_are_refused);
    tcase_add_test(tcase, s43_after_the_end_of_a_pool_submit_says_so);
    suite_add_tcase(suite, tcase);
    return suite;
}
