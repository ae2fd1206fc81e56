/*
 * The end of an iterator: close, abandon, destroy, with and without someone
 * waiting in it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "puller.h"

static int anchor;
static support_counter released;

static void
release(void *object)
{
    (void)object;
    support_counter_add(&released);
}

static ac_iter *
open_iter(void)
{
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    return iter;
}

static void
expect_code(ac_iter *iter, ac_deadline deadline, int code)
{
    ac_future *future = (ac_future *)(void *)&anchor;

    ck_assert_int_eq(ac_iter_next(iter, deadline, &future), code);
    ck_assert_ptr_eq(future, (void *)&anchor);
}

/* ---- Close ---------------------------------------------------------- */

START_TEST(s19_close_wakes_all_who_wait_for_nothing)
{
    ac_iter *iter = open_iter();
    puller pullers[4];

    for (int i = 0; i < 3; i++)
        puller_next(&pullers[i], iter);
    puller_many(&pullers[3], iter, 2, 3);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(puller_end(&pullers[i]), AC_DONE);
        ck_assert_uint_eq(pullers[i].n, 0);
    }
    ac_iter_destroy(iter);
}
END_TEST

START_TEST(s19_s21_after_close_the_last_delivery_wakes_the_others)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    support_hold hold;
    puller pullers[3];
    int ok = 0;

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
    for (int i = 0; i < 3; i++)
        puller_next(&pullers[i], iter);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK); /* one is left: they wait */
    for (int i = 0; i < 3; i++)
        support_thread_await_sleep(&pullers[i].thread);
    ck_assert_uint_eq(ac_iter_remaining(iter), 1);
    support_hold_release(&hold);
    for (int i = 0; i < 3; i++) {
        int rc = puller_end(&pullers[i]);
        ck_assert(rc == AC_OK || rc == AC_DONE);
        ok += rc == AC_OK;
        puller_drop(&pullers[i]);
    }
    ck_assert_int_eq(ok, 1);

    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

/* ---- Abandon -------------------------------------------------------- */

START_TEST(s19_abandon_delivers_what_is_ready_then_done)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_future *ready = support_submit(pool, support_nothing, NULL);
    ac_future *future = NULL;
    support_hold hold;

    ck_assert_int_eq(ac_future_wait(ready, AC_FOREVER), AC_OK);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, ready), AC_OK);
    ck_assert_int_eq(ac_iter_abandon(iter), AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(iter), 1);
    ck_assert_int_eq(ac_iter_add(iter, ready), AC_ECLOSED);
    ck_assert_int_eq(
        ac_iter_submit(iter, pool, NULL, support_nothing, NULL, AC_POLL, NULL),
        AC_ECLOSED);
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &future), AC_OK);
    ck_assert_ptr_eq(future, ready);
    ac_future_unref(future);
    expect_code(iter, AC_FOREVER, AC_DONE);
    /* It was let go of, not canceled: it ends well, and stays out. */
    ck_assert_int_eq(ac_future_status(hold.future), AC_EAGAIN);
    support_hold_release(&hold);
    ck_assert_int_eq(ac_future_wait(hold.future, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_future_status(hold.future), AC_OK);
    expect_code(iter, AC_FOREVER, AC_DONE);
    ck_assert_int_eq(ac_iter_abandon(iter), AC_OK);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);

    ac_future_unref(ready);
    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s19_abandon_wakes_all_who_wait)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    support_hold hold;
    puller pullers[4];

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
    for (int i = 0; i < 3; i++)
        puller_next(&pullers[i], iter);
    puller_many(&pullers[3], iter, 1, 2);
    ck_assert_int_eq(ac_iter_abandon(iter), AC_OK);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(puller_end(&pullers[i]), AC_DONE);
    ck_assert_uint_eq(ac_iter_remaining(iter), 0);

    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s19_abandon_of_a_closed_one)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    support_hold hold;
    puller p;

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_as_completed(&hold.future, 1, &iter), AC_OK);
    puller_next(&p, iter);
    ck_assert_int_eq(ac_iter_abandon(iter), AC_OK);
    ck_assert_int_eq(puller_end(&p), AC_DONE);

    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s16_s19_abandon_drops_the_references_of_the_unfinished)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_task_attr *attr = NULL;
    ac_future *future = NULL;
    support_hold hold;

    support_counter_init(&released);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, release), AC_OK);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_submit(iter, pool, attr, support_nothing, &anchor,
                                    AC_POLL, &future),
                     AC_OK);
    ck_assert_int_eq(ac_iter_abandon(iter), AC_OK);
    ck_assert_int_eq(ac_future_cancel(future), AC_OK);
    ck_assert_uint_eq(support_counter_get(&released), 0);
    ac_future_unref(future); /* that was the last one */
    ck_assert_uint_eq(support_counter_get(&released), 1);

    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
    ac_task_attr_destroy(attr);
}
END_TEST

/* ---- Destroy -------------------------------------------------------- */

START_TEST(s18_destroy_neither_cancels_nor_waits)
{
    enum { N = 4 };
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    ac_future *futures[N];
    support_hold hold;

    support_hold_worker(&hold, pool);
    futures[0] = hold.future;
    for (int i = 1; i < N; i++)
        futures[i] = support_submit(pool, support_nothing, NULL);
    ck_assert_int_eq(ac_as_completed(futures, N, &iter), AC_OK);
    ac_iter_destroy(iter); /* would never return if it waited */
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(ac_future_status(futures[i]), AC_EAGAIN);
    support_hold_release(&hold);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(ac_future_wait(futures[i], AC_FOREVER), AC_OK);
        ck_assert_int_eq(ac_future_status(futures[i]), AC_OK);
    }
    for (int i = 1; i < N; i++)
        ac_future_unref(futures[i]);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

START_TEST(s16_s18_destroy_releases_ready_and_pending)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_task_attr *attr = NULL;
    ac_future *pending = NULL;
    support_hold hold;

    support_counter_init(&released);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_result(attr, release), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, release), AC_OK);
    ck_assert_int_eq(
        ac_iter_submit(iter, pool, attr, support_echo, &anchor, AC_POLL, NULL),
        AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_submit(iter, pool, attr, support_echo, &anchor,
                                    AC_POLL, &pending),
                     AC_OK);
    ac_iter_destroy(iter);
    ck_assert_uint_eq(support_counter_get(&released), 1); /* the ready one */
    ck_assert_int_eq(ac_future_cancel(pending), AC_OK);
    ac_future_unref(pending);
    ck_assert_uint_eq(support_counter_get(&released), 2);

    support_hold_end(&hold);
    support_pool_end(pool);
    ac_task_attr_destroy(attr);
}
END_TEST

START_TEST(s18_teardown_abandon_join_destroy)
{
    ac_pool *pool = support_pool(2);
    ac_iter *iter = open_iter();
    puller pullers[3];
    int ok = 0;

    for (int i = 0; i < 3; i++)
        puller_next(&pullers[i], iter);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(ac_iter_submit(iter, pool, NULL, support_nothing, NULL,
                                        AC_POLL, NULL),
                         AC_OK);
    ck_assert_int_eq(ac_iter_abandon(iter), AC_OK);
    for (int i = 0; i < 3; i++) {
        ok += puller_end(&pullers[i]) == AC_OK;
        puller_drop(&pullers[i]);
    }
    ck_assert_int_le(ok, 2);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(null_is_checked_or_ignored)
{
    ac_iter_destroy(NULL);
    ck_assert_int_eq(ac_iter_open(NULL), AC_EINVAL);
    ck_assert_int_eq(ac_iter_close(NULL), AC_EINVAL);
    ck_assert_int_eq(ac_iter_abandon(NULL), AC_EINVAL);
    ck_assert_int_eq(ac_iter_cancel(NULL), AC_EINVAL);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("abandon");
    TCase *tcase = support_tcase("abandon");

    tcase_add_test(tcase, s19_close_wakes_all_who_wait_for_nothing);
    tcase_add_test(tcase,
                   s19_s21_after_close_the_last_delivery_wakes_the_others);
    tcase_add_test(tcase, s19_abandon_delivers_what_is_ready_then_done);
    tcase_add_test(tcase, s19_abandon_wakes_all_who_wait);
    tcase_add_test(tcase, s19_abandon_of_a_closed_one);
    tcase_add_test(tcase,
                   s16_s19_abandon_drops_the_references_of_the_unfinished);
    tcase_add_test(tcase, s18_destroy_neither_cancels_nor_waits);
    tcase_add_test(tcase, s16_s18_destroy_releases_ready_and_pending);
    tcase_add_test(tcase, s18_teardown_abandon_join_destroy);
    tcase_add_test(tcase, null_is_checked_or_ignored);
    suite_add_tcase(suite, tcase);
    return suite;
}
