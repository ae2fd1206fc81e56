/*
 * Submitting: all or nothing, what the two sides see of each other's memory,
 * and who frees the argument and the result.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

/* ---- All or nothing ------------------------------------------------- */

START_TEST(s43_what_was_refused_was_not_queued)
{
    ac_pool *pool = support_pool(1);
    support_counter ran;
    ac_future *f = (ac_future *)pool;
    ac_iter *iter = NULL;

    support_counter_init(&ran);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_int_eq(ac_submit(pool, NULL, NULL, &ran, &f), AC_EINVAL);
    ck_assert_int_eq(ac_submit(NULL, NULL, support_count, &ran, &f), AC_EINVAL);
    ck_assert_int_eq(
        ac_iter_submit(iter, pool, NULL, NULL, &ran, AC_FOREVER, &f),
        AC_EINVAL);
    ck_assert_int_eq(
        ac_iter_submit(iter, NULL, NULL, support_count, &ran, AC_FOREVER, &f),
        AC_EINVAL);
    ck_assert_int_eq(
        ac_iter_submit(NULL, pool, NULL, support_count, &ran, AC_FOREVER, &f),
        AC_EINVAL);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, NULL), AC_OK);
    ck_assert_int_eq(ac_submit(pool, NULL, support_count, &ran, &f),
                     AC_ESHUTDOWN);
    ck_assert_int_eq(
        ac_iter_submit(iter, pool, NULL, support_count, &ran, AC_FOREVER, &f),
        AC_ESHUTDOWN);
    ck_assert_ptr_eq(f, pool);
    ck_assert_uint_eq(ac_iter_remaining(iter), 0);
    ac_iter_destroy(iter);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&ran), 0);
    support_counter_destroy(&ran);
}
END_TEST

START_TEST(s43_a_closed_iterator_refuses_and_nothing_is_queued)
{
    ac_pool *pool = support_pool(1);
    support_counter ran;
    ac_future *f = (ac_future *)pool;
    ac_iter *closed = NULL;
    ac_iter *given = NULL;

    support_counter_init(&ran);
    ck_assert_int_eq(ac_iter_open(&closed), AC_OK);
    ck_assert_int_eq(ac_iter_close(closed), AC_OK);
    ck_assert_int_eq(ac_as_completed(NULL, 0, &given), AC_OK);
    ck_assert_int_eq(
        ac_iter_submit(closed, pool, NULL, support_count, &ran, AC_FOREVER, &f),
        AC_ECLOSED);
    ck_assert_int_eq(ac_iter_submit(given, pool, NULL, support_count, &ran,
                                    AC_FOREVER, NULL),
                     AC_ECLOSED);
    ck_assert_ptr_eq(f, pool);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_OK);
    ac_iter_destroy(closed);
    ac_iter_destroy(given);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&ran), 0);
    support_counter_destroy(&ran);
}
END_TEST

START_TEST(iter_submit_queues_and_adds)
{
    /* Room there is always, so a past deadline for it is as good as any. */
    const ac_deadline room_by[] = {AC_FOREVER, AC_POLL, -1, INT64_MIN};
    ac_pool *pool = support_pool(2);
    ac_iter *iter = NULL;
    ac_future *mine = NULL;
    ac_future *done = NULL;
    void *result = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(ac_iter_submit(iter, pool, NULL, support_echo, &mine,
                                        room_by[i], &mine),
                         AC_OK);
        ck_assert_uint_eq(ac_iter_remaining(iter), 1);
        ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
        ck_assert_ptr_eq(done, mine);
        ck_assert_int_eq(ac_future_get(done, AC_POLL, &result), AC_OK);
        ck_assert_ptr_eq(result, &mine);
        ac_future_unref(done);
        ac_future_unref(mine);
        ck_assert_int_eq(ac_iter_submit(iter, pool, NULL, support_echo, pool,
                                        room_by[i], NULL),
                         AC_OK);
        ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
        ck_assert_ptr_eq(ac_future_arg(done), pool);
        ac_future_unref(done);
    }
    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &done), AC_ETIMEDOUT);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

typedef struct submitting {
    ac_pool *pool;
    support_counter *ran;
    int times;
} submitting;

static void
submit_many(void *arg)
{
    const submitting *s = arg;

    for (int i = 0; i < s->times; i++)
        SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, support_count, s->ran, NULL),
                          AC_OK);
}

static int
submit_from_task(void *arg, void **result)
{
    (void)result;
    submit_many(arg);
    return 0;
}

START_TEST(s48_from_many_threads_and_tasks_each_runs_once)
{
    ac_pool *pool = support_pool(2);
    support_counter ran;
    submitting s = {pool, &ran, 1000};
    support_thread threads[3];

    support_counter_init(&ran);
    for (int i = 0; i < 3; i++)
        support_thread_start(&threads[i], submit_many, &s);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, submit_from_task, &s, NULL),
                         AC_OK);
    for (int i = 0; i < 3; i++)
        support_thread_join(&threads[i]);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_uint_eq(support_counter_get(&ran), 6000);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&ran), 6000);
    support_counter_destroy(&ran);
}
END_TEST

START_TEST(a_task_may_submit_to_another_pool)
{
    ac_pool *here = support_pool(1);
    ac_pool *there = support_pool(1);
    support_counter ran;
    submitting s = {there, &ran, 10};

    support_counter_init(&ran);
    ac_future *f = support_submit(here, submit_from_task, &s);
    ck_assert_int_eq(ac_future_wait(f, AC_FOREVER), AC_OK);
    ac_future_unref(f);
    support_pool_end(here);
    support_pool_end(there);
    ck_assert_uint_eq(support_counter_get(&ran), 10);
    support_counter_destroy(&ran);
}
END_TEST

/* ---- Memory: plain data, no lock of the test's own ------------------ */

typedef struct parcel {
    int there;
    int back;
} parcel;

static int
answer(void *arg, void **result)
{
    parcel *p = arg;

    p->back = p->there + 1;
    *result = p;
    return 0;
}

/* How the submitter learns that it is done; 0 when it did. */
static int
learn(int how, ac_pool *pool, ac_future *f)
{
    ac_iter *iter = NULL;
    ac_future *done = NULL;
    void *result = NULL;
    size_t n = 0;
    int rc = AC_OK;

    switch (how) {
    case 0:
        return ac_future_wait(f, AC_FOREVER);
    case 1:
        return ac_future_get(f, AC_FOREVER, NULL);
    case 2:
        return ac_future_take(f, AC_FOREVER, &result);
    case 3:
        return ac_wait(&f, 1, AC_ALL, AC_FOREVER, NULL);
    case 4:
        return ac_pool_wait_idle(pool, AC_FOREVER);
    case 5:
        while (ac_future_status(f) == AC_EAGAIN)
            ;
        return 0;
    case 6:
        while (ac_future_wait(f, AC_POLL) != AC_OK)
            ;
        return 0;
    case 7:
        while ((rc = ac_future_cancel(f)) == AC_EBUSY)
            ;
        return rc == AC_EALREADY ? 0 : rc;
    case 8:
        rc = ac_as_completed(&f, 1, &iter);
        if (rc == AC_OK)
            rc = ac_iter_next(iter, AC_FOREVER, &done);
        break;
    default:
        rc = ac_as_completed(&f, 1, &iter);
        if (rc == AC_OK)
            rc = ac_iter_next_many(iter, &done, 1, 1, AC_FOREVER, &n);
        break;
    }
    ac_future_unref(done);
    ac_iter_destroy(iter);
    return rc;
}

START_TEST(s35_each_side_sees_what_the_other_wrote)
{
    ac_pool *pool = support_pool(1);

    for (int i = 0; i < 1000; i++) {
        parcel p = {i, -1};
        ac_future *f = support_submit(pool, answer, &p);
        ck_assert_int_eq(learn(_i, pool, f), AC_OK);
        /* One that was canceled before it ran has nothing to show. */
        if (_i == 7 && ac_future_status(f) == AC_ECANCELED)
            ck_assert_int_eq(p.back, -1);
        else
            ck_assert_int_eq(p.back, i + 1);
        ac_future_unref(f);
    }
    support_pool_end(pool);
}
END_TEST

START_TEST(s35_shutdown_shows_what_the_tasks_wrote)
{
    for (int i = 0; i < 50; i++) {
        ac_pool *pool = support_pool(2);
        parcel p[8];
        for (int k = 0; k < 8; k++) {
            p[k].there = k;
            ck_assert_int_eq(ac_submit(pool, NULL, answer, &p[k], NULL), AC_OK);
        }
        ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, NULL),
                         AC_OK);
        for (int k = 0; k < 8; k++)
            ck_assert_int_eq(p[k].back, k + 1);
        support_pool_end(pool);
    }
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("submit");
    TCase *tcase = support_tcase("all or nothing");

    tcase_add_test(tcase, s43_what_was_refused_was_not_queued);
    tcase_add_test(tcase, s43_a_closed_iterator_refuses_and_nothing_is_queued);
    tcase_add_test(tcase, iter_submit_queues_and_adds);
    tcase_add_test(tcase, s48_from_many_threads_and_tasks_each_runs_once);
    tcase_add_test(tcase, a_task_may_submit_to_another_pool);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("memory");
    tcase_add_loop_test(tcase, s35_each_side_sees_what_the_other_wrote, 0, 10);
    tcase_add_test(tcase, s35_shutdown_shows_what_the_tasks_wrote);
    suite_add_tcase(suite, tcase);
    return suite;
}
