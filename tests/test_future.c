/*
 * Futures: their status and result, get and take, references, and who frees
 * what, when.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <limits.h>

/* ---- Tasks ---------------------------------------------------------- */

/* Ends as its argument says. */
typedef struct ending {
    int rc;
    void *result;
} ending;

static int
end_as_told(void *arg, void **result)
{
    const ending *e = arg;

    *result = e->result;
    return e->rc;
}

static int
result_starts_null(void *arg, void **result)
{
    (void)arg;
    SUPPORT_CHECK(result != NULL);
    SUPPORT_CHECK(*result == NULL);
    return 0;
}

/* ---- Status --------------------------------------------------------- */

START_TEST(s8_wait_says_done_get_says_how)
{
    int object;
    const struct {
        ending e;
        int status;
        int error;
    } table[] = {
        {{0, &object}, AC_OK, 0},
        {{0, NULL}, AC_OK, 0},
        {{1, &object}, AC_EFAILED, 1},
        {{1, NULL}, AC_EFAILED, 1},
        {{-1, &object}, AC_EFAILED, -1},
        {{AC_ETIMEDOUT, &object}, AC_EFAILED, AC_ETIMEDOUT},
        {{AC_EFAILED, NULL}, AC_EFAILED, AC_EFAILED},
        {{INT_MAX, NULL}, AC_EFAILED, INT_MAX},
        {{AC_TASK_CANCELED, &object}, AC_ECANCELED, 0},
        {{INT_MIN + 1, &object}, AC_EFAILED, INT_MIN + 1},
    };
    ac_pool *pool = support_pool(1);

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        ending e = table[i].e;
        void *result = &e;
        ac_future *f = support_submit(pool, end_as_told, &e);
        ck_assert_int_eq(ac_future_wait(f, AC_FOREVER), AC_OK);
        ck_assert_int_eq(ac_future_status(f), table[i].status);
        ck_assert_int_eq(ac_future_error(f), table[i].error);
        ck_assert_int_eq(ac_future_get(f, AC_POLL, &result), table[i].status);
        ck_assert_ptr_eq(result, e.result);
        ck_assert_int_eq(ac_future_get(f, AC_POLL, NULL), table[i].status);
        ac_future_unref(f);
    }
    support_pool_end(pool);
}
END_TEST

START_TEST(s8_unfinished_it_tells_nothing_but_its_argument)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;
    int object;
    void *result = &object;

    support_hold_worker(&hold, pool);
    ac_future *queued = support_submit(pool, support_echo, &object);
    ac_future *both[] = {hold.future, queued};
    void *args[] = {&hold, &object};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ac_future_status(both[i]), AC_EAGAIN);
        ck_assert_int_eq(ac_future_error(both[i]), 0);
        ck_assert_ptr_eq(ac_future_arg(both[i]), args[i]);
        ck_assert_int_eq(ac_future_get(both[i], AC_POLL, &result),
                         AC_ETIMEDOUT);
        ck_assert_int_eq(ac_future_take(both[i], AC_POLL, &result),
                         AC_ETIMEDOUT);
        ck_assert_ptr_eq(result, &object);
    }
    support_hold_end(&hold);
    ck_assert_int_eq(ac_future_take(queued, AC_FOREVER, &result), AC_OK);
    ck_assert_ptr_eq(ac_future_arg(queued), &object);
    ac_future_unref(queued);
    support_pool_end(pool);
}
END_TEST

START_TEST(s31_the_result_is_null_when_the_task_starts)
{
    ac_pool *pool = support_pool(1);
    void *result = pool;

    /* The second one may get the memory of the first. */
    for (int i = 0; i < 100; i++) {
        ac_future *f = support_submit(pool, support_echo, pool);
        ck_assert_int_eq(ac_future_wait(f, AC_FOREVER), AC_OK);
        ac_future_unref(f);
        f = support_submit(pool, result_starts_null, NULL);
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &result), AC_OK);
        ck_assert_ptr_null(result);
        ac_future_unref(f);
    }
    support_pool_end(pool);
}
END_TEST

/* Status first, error after: what is read must belong together. */
START_TEST(s34_who_sees_the_status_sees_all_of_it)
{
    ac_pool *pool = support_pool(1);
    ending e = {42, &e};

    for (int i = 0; i < 2000; i++) {
        ac_future *f = support_submit(pool, end_as_told, &e);
        int status;
        void *result = NULL;
        while ((status = ac_future_status(f)) == AC_EAGAIN)
            ck_assert_ptr_eq(ac_future_arg(f), &e);
        ck_assert_int_eq(status, AC_EFAILED);
        ck_assert_int_eq(ac_future_error(f), 42);
        ck_assert_int_eq(ac_future_get(f, AC_POLL, &result), AC_EFAILED);
        ck_assert_ptr_eq(result, &e);
        ac_future_unref(f);
    }
    support_pool_end(pool);
}
END_TEST

/* ---- Get and take --------------------------------------------------- */

START_TEST(s32_get_repeats_take_is_once)
{
    const int rcs[] = {0, 5};
    const int statuses[] = {AC_OK, AC_EFAILED};
    ac_pool *pool = support_pool(1);

    for (int i = 0; i < 2; i++) {
        ending e = {rcs[i], &e};
        void *result;
        ac_future *f = support_submit(pool, end_as_told, &e);
        for (int k = 0; k < 3; k++) {
            result = NULL;
            ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &result),
                             statuses[i]);
            ck_assert_ptr_eq(result, &e);
        }
        result = NULL;
        ck_assert_int_eq(ac_future_take(f, AC_POLL, &result), statuses[i]);
        ck_assert_ptr_eq(result, &e);
        result = pool;
        ck_assert_int_eq(ac_future_take(f, AC_POLL, &result), AC_ENOENT);
        ck_assert_int_eq(ac_future_get(f, AC_POLL, &result), AC_ENOENT);
        ck_assert_ptr_eq(result, pool);
        ck_assert_int_eq(ac_future_wait(f, AC_POLL), AC_OK);
        ck_assert_int_eq(ac_future_status(f), statuses[i]);
        ck_assert_int_eq(ac_future_error(f), rcs[i]);
        ac_future_unref(f);
    }
    support_pool_end(pool);
}
END_TEST

START_TEST(s32_take_without_a_place_takes_nothing)
{
    ac_pool *pool = support_pool(1);
    ac_future *f = support_submit(pool, support_echo, pool);
    void *result = NULL;

    ck_assert_int_eq(ac_future_take(f, AC_FOREVER, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_future_take(f, AC_FOREVER, &result), AC_OK);
    ck_assert_ptr_eq(result, pool);
    ac_future_unref(f);
    support_pool_end(pool);
}
END_TEST

START_TEST(s31_s32_a_null_result_is_taken_once_too)
{
    ac_pool *pool = support_pool(1);
    ac_future *f = support_submit(pool, support_nothing, NULL);
    void *result = pool;

    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &result), AC_OK);
    ck_assert_ptr_null(result);
    result = pool;
    ck_assert_int_eq(ac_future_take(f, AC_FOREVER, &result), AC_OK);
    ck_assert_ptr_null(result);
    ck_assert_int_eq(ac_future_take(f, AC_FOREVER, &result), AC_ENOENT);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &result), AC_ENOENT);
    ac_future_unref(f);
    support_pool_end(pool);
}
END_TEST

START_TEST(s32_what_never_ran_has_nothing_to_take)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;
    void *result = &hold;

    support_hold_worker(&hold, pool);
    ac_future *f = support_submit(pool, support_echo, pool);
    ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ac_future_take(f, AC_POLL, &result), AC_ECANCELED);
        ck_assert_int_eq(ac_future_get(f, AC_POLL, &result), AC_ECANCELED);
    }
    ck_assert_ptr_eq(result, &hold);
    ac_future_unref(f);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

typedef struct taking {
    ac_future *future;
    void *expected;
    atomic_int taken;
} taking;

static void
take_one(void *arg)
{
    taking *t = arg;
    void *result = NULL;
    const int rc = ac_future_take(t->future, AC_FOREVER, &result);

    SUPPORT_CHECK(rc == AC_OK || rc == AC_ENOENT);
    SUPPORT_CHECK(result == (rc == AC_OK ? t->expected : NULL));
    if (rc == AC_OK)
        atomic_fetch_add(&t->taken, 1);
}

START_TEST(s32_of_many_who_take_one_gets_it)
{
    ac_pool *pool = support_pool(1);

    for (int i = 0; i < 100; i++) {
        support_thread threads[4];
        support_hold hold;
        taking t;
        support_hold_init(&hold, pool);
        hold.result = &t;
        t.future = hold.future;
        t.expected = &t;
        atomic_init(&t.taken, 0);
        for (int k = 0; k < 4; k++)
            support_thread_start(&threads[k], take_one, &t);
        support_hold_release(&hold);
        for (int k = 0; k < 4; k++)
            support_thread_join(&threads[k]);
        ck_assert_int_eq(atomic_load(&t.taken), 1);
        support_hold_end(&hold);
    }
    support_pool_end(pool);
}
END_TEST

/* ---- References ----------------------------------------------------- */

START_TEST(s33_a_dropped_future_still_runs)
{
    ac_pool *pool = support_pool(1);
    support_counter ran;
    support_hold hold;

    support_counter_init(&ran);
    support_hold_worker(&hold, pool);
    ac_future_unref(support_submit(pool, support_count, &ran));
    ck_assert_int_eq(ac_submit(pool, NULL, support_count, &ran, NULL), AC_OK);
    support_hold_end(&hold);
    support_counter_wait(&ran, 2);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&ran), 2);
    support_counter_destroy(&ran);
}
END_TEST

START_TEST(s33_a_future_dropped_while_it_runs)
{
    ac_pool *pool = support_pool(1);

    for (int i = 0; i < 200; i++) {
        support_gate gate;
        support_gate_init(&gate);
        ac_future_unref(support_submit(pool, support_wait_gate, &gate));
        support_gate_open(&gate);
        ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
        support_gate_destroy(&gate);
    }
    support_pool_end(pool);
}
END_TEST

START_TEST(a_future_outlives_its_pool)
{
    ac_pool *pool = support_pool(2);
    ending e = {9, &e};
    void *result = NULL;
    ac_iter *iter = NULL;

    ac_future *f = support_submit(pool, end_as_told, &e);
    ac_future *again = ac_future_ref(f);
    ck_assert_ptr_eq(again, f);
    support_pool_end(pool);
    ac_future_unref(again);
    ck_assert_int_eq(ac_future_status(f), AC_EFAILED);
    ck_assert_int_eq(ac_future_error(f), 9);
    ck_assert_ptr_eq(ac_future_arg(f), &e);
    ck_assert_int_eq(ac_future_wait(f, AC_POLL), AC_OK);
    ck_assert_int_eq(ac_future_cancel(f), AC_EALREADY);
    ck_assert_int_eq(ac_as_completed(&f, 1, &iter), AC_OK);
    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &again), AC_OK);
    ck_assert_ptr_eq(again, f);
    ac_iter_destroy(iter);
    ac_future_unref(again);
    ck_assert_int_eq(ac_future_take(f, AC_POLL, &result), AC_EFAILED);
    ck_assert_ptr_eq(result, &e);
    ac_future_unref(f);
}
END_TEST

START_TEST(a_null_future_is_no_reference)
{
    ck_assert_ptr_null(ac_future_ref(NULL));
    ac_future_unref(NULL);
}
END_TEST

static void
wait_for_it(void *arg)
{
    SUPPORT_CHECK_INT(ac_future_wait(arg, AC_FOREVER), AC_OK);
    SUPPORT_CHECK_INT(ac_future_status(arg), AC_OK);
}

START_TEST(s14_all_who_wait_are_woken)
{
    ac_pool *pool = support_pool(1);
    support_thread threads[8];
    support_hold hold;

    support_hold_worker(&hold, pool);
    for (int i = 0; i < 8; i++)
        support_thread_start(&threads[i], wait_for_it, hold.future);
    for (int i = 0; i < 8; i++)
        support_thread_await_sleep(&threads[i]);
    support_hold_release(&hold);
    for (int i = 0; i < 8; i++)
        support_thread_join(&threads[i]);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("future");
    TCase *tcase = support_tcase("status");

    tcase_add_test(tcase, s8_wait_says_done_get_says_how);
    tcase_add_test(tcase, s8_unfinished_it_tells_nothing_but_its_argument);
    tcase_add_test(tcase, s31_the_result_is_null_when_the_task_starts);
    tcase_add_test(tcase, s34_who_sees_the_status_sees_all_of_it);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("get and take");
    tcase_add_test(tcase, s32_get_repeats_take_is_once);
    tcase_add_test(tcase, s32_take_without_a_place_takes_nothing);
    tcase_add_test(tcase, s31_s32_a_null_result_is_taken_once_too);
    tcase_add_test(tcase, s32_what_never_ran_has_nothing_to_take);
    tcase_add_test(tcase, s32_of_many_who_take_one_gets_it);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("references");
    tcase_add_test(tcase, s33_a_dropped_future_still_runs);
    tcase_add_test(tcase, s33_a_future_dropped_while_it_runs);
    tcase_add_test(tcase, a_future_outlives_its_pool);
    tcase_add_test(tcase, a_null_future_is_no_reference);
    tcase_add_test(tcase, s14_all_who_wait_are_woken);
    suite_add_tcase(suite, tcase);
    return suite;
}
