/*
 * ac_iter_submit: all or nothing, between an iterator and a pool.
 *
 * SPDX-License-Identifier: MIT
 */
#include "submitter.h"

static int anchor;
static support_counter released;

static void
release(void *object)
{
    (void)object;
    support_counter_add(&released);
}

static ac_task_attr *
counting_attr(void)
{
    ac_task_attr *attr = NULL;

    support_counter_init(&released);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, release), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_result(attr, release), AC_OK);
    return attr;
}

/* It says that code, and neither iterator, argument nor output changed. */
static void
expect_failure(ac_iter *iter, ac_pool *pool, const ac_task_attr *attr,
               ac_task_fn *fn, int code)
{
    ac_future *future = (ac_future *)(void *)&anchor;
    size_t remaining = ac_iter_remaining(iter);

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ac_iter_submit(iter, pool, attr, fn, &anchor,
                                        i == 0 ? AC_POLL : AC_FOREVER,
                                        i == 1 ? NULL : &future),
                         code);
    ck_assert_ptr_eq(future, (void *)&anchor);
    ck_assert_uint_eq(ac_iter_remaining(iter), remaining);
    ck_assert_uint_eq(support_counter_get(&released), 0);
}

START_TEST(s43_success_adds_one_delivery)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    ac_future *mine = NULL;
    ac_future *given = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_int_eq(ac_iter_submit(iter, pool, NULL, support_echo, &anchor,
                                    INT64_MIN, &mine),
                     AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(iter), 1);
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &given), AC_OK);
    ck_assert_ptr_eq(given, mine);
    ck_assert_ptr_eq(ac_future_arg(given), &anchor);
    ck_assert_uint_eq(ac_iter_remaining(iter), 0);
    ac_future_unref(given);
    /* The reference that submit gave is another one. */
    void *result = NULL;
    ck_assert_int_eq(ac_future_get(mine, AC_POLL, &result), AC_OK);
    ck_assert_ptr_eq(result, &anchor);
    ac_future_unref(mine);

    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s43_shut_down_pool_leaves_the_iterator_as_it_was)
{
    ac_task_attr *attr = counting_attr();
    ac_pool *pool = support_pool(1);
    ac_pool *other = support_pool(1);
    ac_iter *iter = NULL;
    ac_future *future = NULL;
    support_hold hold;

    support_hold_worker(&hold, other);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, NULL), AC_OK);
    expect_failure(iter, pool, attr, support_nothing, AC_ESHUTDOWN);
    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &future), AC_ETIMEDOUT);
    /* No place was left reserved: with the one it has, it is done. */
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    support_hold_release(&hold);
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &future), AC_OK);
    ac_future_unref(future);
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &future), AC_DONE);

    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(other);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&released), 0);
    ac_task_attr_destroy(attr);
}
END_TEST

START_TEST(s43_closed_and_abandoned_iterators)
{
    ac_task_attr *attr = counting_attr();
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    expect_failure(iter, pool, attr, support_nothing, AC_ECLOSED);
    ck_assert_int_eq(ac_iter_abandon(iter), AC_OK);
    expect_failure(iter, pool, attr, support_nothing, AC_ECLOSED);
    ac_iter_destroy(iter);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&released), 0);
    ac_task_attr_destroy(attr);
}
END_TEST

START_TEST(s43_invalid_arguments)
{
    ac_task_attr *attr = counting_attr();
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    expect_failure(NULL, pool, attr, support_nothing, AC_EINVAL);
    expect_failure(iter, NULL, attr, support_nothing, AC_EINVAL);
    expect_failure(iter, pool, attr, NULL, AC_EINVAL);
    ac_iter_destroy(iter);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&released), 0);
    ac_task_attr_destroy(attr);
}
END_TEST

START_TEST(s31_s33_each_argument_or_result_is_released_once)
{
    ac_task_attr *attr = counting_attr();
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    ac_future *future = NULL;
    support_hold hold;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    support_hold_worker(&hold, pool);
    /* One runs, one is canceled (that its argument is NULL is nothing special),
     * one drops. */
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ac_iter_submit(iter, pool, attr,
                                        i == 0 ? support_echo : support_nothing,
                                        i == 1 ? NULL : &anchor, AC_POLL,
                                        i == 1 ? &future : NULL),
                         AC_OK);
    ck_assert_int_eq(ac_future_cancel(future), AC_OK);
    ac_future_unref(future);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &future), AC_OK);
    ck_assert_int_eq(ac_future_status(future), AC_ECANCELED);
    ck_assert_uint_eq(support_counter_get(&released), 0);
    ac_future_unref(future);
    ck_assert_uint_eq(support_counter_get(&released), 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &future), AC_OK);
        ac_future_unref(future);
    }
    ac_iter_destroy(iter);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&released), 2);
    ac_task_attr_destroy(attr);
}
END_TEST

/* ---- While it waits for room ---------------------------------------- */

typedef struct waiting {
    full_pool full;
    ac_iter *iter;
    submitter submitter; /* in line, for a task that counts */
} waiting;

static void
waiting_init(waiting *w)
{
    ck_assert_int_eq(ac_iter_open(&w->iter), AC_OK);
    full_pool_init(&w->full, 1, 0);
    w->submitter =
        (submitter){.iter = w->iter, .fn = support_count, .arg = &w->full.ran};
    submitter_start(&w->submitter, w->full.pool, 1);
    ck_assert_uint_eq(ac_iter_remaining(w->iter), 1);
}

START_TEST(s19_s45_after_close_it_still_comes_in)
{
    ac_future *future = NULL;
    waiting w;

    waiting_init(&w);
    ck_assert_int_eq(ac_iter_close(w.iter), AC_OK);
    ck_assert_int_eq(ac_iter_next(w.iter, AC_POLL, &future), AC_ETIMEDOUT);
    full_pool_cancel(&w.full, 0);
    submitter_end(&w.submitter, AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(w.iter), 1);
    ck_assert_uint_eq(full_pool_end(&w.full), 1);
    ck_assert_int_eq(ac_iter_next(w.iter, AC_FOREVER, &future), AC_OK);
    ac_future_unref(future);
    ck_assert_int_eq(ac_iter_next(w.iter, AC_FOREVER, &future), AC_DONE);
    ac_iter_destroy(w.iter);
}
END_TEST

START_TEST(s19_s45_after_close_its_error_is_the_end)
{
    ac_future *future = NULL;
    waiting w;

    waiting_init(&w);
    ck_assert_int_eq(ac_iter_close(w.iter), AC_OK);
    ck_assert_int_eq(ac_pool_shutdown(w.full.pool, AC_DRAIN, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    ck_assert_int_eq(ac_iter_next(w.iter, AC_FOREVER, &future), AC_DONE);
    submitter_end(&w.submitter, AC_ESHUTDOWN);
    ck_assert_uint_eq(full_pool_end(&w.full), 1);
    ac_iter_destroy(w.iter);
}
END_TEST

START_TEST(s19_s45_after_abandon_it_runs_but_does_not_come_out)
{
    ac_future *future = NULL;
    waiting w;

    waiting_init(&w);
    ck_assert_int_eq(ac_iter_abandon(w.iter), AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(w.iter), 0);
    ck_assert_int_eq(ac_iter_next(w.iter, AC_FOREVER, &future), AC_DONE);
    full_pool_cancel(&w.full, 0);
    submitter_end(&w.submitter, AC_OK);
    ck_assert_uint_eq(full_pool_end(&w.full), 1);
    ck_assert_int_eq(ac_iter_next(w.iter, AC_FOREVER, &future), AC_DONE);
    ac_iter_destroy(w.iter);
}
END_TEST

/* ---- From inside the pool ------------------------------------------- */

typedef struct relay {
    ac_pool *pool;
    ac_iter *iter;
    int left; /* handed from one task to the next */
} relay;

/* Submits its successor: adds come from workers, while others wait. */
static int
pass_on(void *arg, void **result)
{
    relay *r = arg;

    (void)result;
    if (--r->left > 0)
        SUPPORT_CHECK_INT(ac_iter_submit(r->iter, r->pool, NULL, pass_on, r,
                                         AC_FOREVER, NULL),
                          AC_OK);
    return 0;
}

START_TEST(s22_tasks_submit_through_the_iterator_they_come_out_of)
{
    enum { N = 300 };
    relay r = {.pool = support_pool(2), .left = N};
    ac_future *future = NULL;

    ck_assert_int_eq(ac_iter_open(&r.iter), AC_OK);
    ck_assert_int_eq(
        ac_iter_submit(r.iter, r.pool, NULL, pass_on, &r, AC_POLL, NULL),
        AC_OK);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(ac_iter_next(r.iter, AC_FOREVER, &future), AC_OK);
        ac_future_unref(future);
    }
    ck_assert_uint_eq(ac_iter_remaining(r.iter), 0);
    ac_iter_destroy(r.iter);
    support_pool_end(r.pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("iter_submit");
    TCase *tcase = support_tcase("iter_submit");

    tcase_add_test(tcase, s43_success_adds_one_delivery);
    tcase_add_test(tcase, s43_shut_down_pool_leaves_the_iterator_as_it_was);
    tcase_add_test(tcase, s43_closed_and_abandoned_iterators);
    tcase_add_test(tcase, s43_invalid_arguments);
    tcase_add_test(tcase, s31_s33_each_argument_or_result_is_released_once);
    tcase_add_test(tcase,
                   s22_tasks_submit_through_the_iterator_they_come_out_of);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("no room yet");
    tcase_add_test(tcase, s19_s45_after_close_it_still_comes_in);
    tcase_add_test(tcase, s19_s45_after_close_its_error_is_the_end);
    tcase_add_test(tcase, s19_s45_after_abandon_it_runs_but_does_not_come_out);
    suite_add_tcase(suite, tcase);
    return suite;
}
