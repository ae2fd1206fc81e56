/*
 * next_many: how many it waits for, how many it takes, what it does at the
 * deadline, and that it takes nothing away from those who wait beside it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "puller.h"

enum { N = 6 };

/* N futures held back in the queue behind a busy worker: cancel() completes
 * one of them, here and now, in an order that the test chooses. */
typedef struct stage {
    ac_pool *pool;
    support_hold hold;
    ac_future *futures[N];
    ac_iter *iter;
} stage;

static void
stage_init(stage *st, size_t n)
{
    st->pool = support_pool(1);
    support_hold_worker(&st->hold, st->pool);
    for (size_t i = 0; i < N; i++)
        st->futures[i] = support_submit(st->pool, support_nothing, NULL);
    ck_assert_int_eq(ac_as_completed(st->futures, n, &st->iter), AC_OK);
}

static void
stage_complete(stage *st, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        ck_assert_int_eq(ac_future_cancel(st->futures[i]), AC_OK);
}

static void
stage_end(stage *st)
{
    ac_iter_destroy(st->iter);
    for (size_t i = 0; i < N; i++)
        ac_future_unref(st->futures[i]);
    support_hold_end(&st->hold);
    support_pool_end(st->pool);
}

/* Take what comes: exactly those from `from` on, `count` of them. */
static void
expect_many(stage *st, size_t min, size_t max, ac_deadline deadline,
            size_t from, size_t count)
{
    ac_future *got[N + 1] = {NULL};
    size_t n = 99;

    ck_assert_int_eq(ac_iter_next_many(st->iter, got, min, max, deadline, &n),
                     AC_OK);
    ck_assert_uint_eq(n, count);
    for (size_t i = 0; i < n; i++) {
        ck_assert_ptr_eq(got[i], st->futures[from + i]);
        ac_future_unref(got[i]);
    }
}

static void
expect_code(ac_iter *iter, size_t min, size_t max, ac_deadline deadline,
            int code)
{
    ac_future *got[N + 1] = {NULL};
    size_t n = 99;

    ck_assert_int_eq(ac_iter_next_many(iter, got, min, max, deadline, &n),
                     code);
    ck_assert_uint_eq(n, 99);
    for (size_t i = 0; i <= N; i++)
        ck_assert_ptr_null(got[i]);
}

/* ---- One caller ----------------------------------------------------- */

START_TEST(s23_arguments_one_to_min_to_max)
{
    stage st;
    size_t n = 99;
    ac_future *got[1] = {NULL};

    stage_init(&st, 3);
    stage_complete(&st, 0, 3);
    expect_code(st.iter, 0, 1, AC_POLL, AC_EINVAL);
    expect_code(st.iter, 0, 0, AC_POLL, AC_EINVAL);
    expect_code(st.iter, 3, 2, AC_POLL, AC_EINVAL);
    expect_code(NULL, 1, 1, AC_POLL, AC_EINVAL);
    ck_assert_int_eq(ac_iter_next_many(st.iter, NULL, 1, 1, AC_POLL, &n),
                     AC_EINVAL);
    ck_assert_int_eq(ac_iter_next_many(st.iter, got, 1, 1, AC_POLL, NULL),
                     AC_EINVAL);
    ck_assert_uint_eq(ac_iter_remaining(st.iter), 3);
    expect_many(&st, 1, 1, AC_POLL, 0, 1);
    stage_end(&st);
}
END_TEST

START_TEST(s23_takes_all_that_is_ready_up_to_max)
{
    stage st;

    stage_init(&st, N);
    stage_complete(&st, 0, 5);
    expect_many(&st, 1, 2, AC_POLL, 0, 2);
    expect_many(&st, 1, N, AC_FOREVER, 2, 3);
    expect_code(st.iter, 1, N, AC_POLL, AC_ETIMEDOUT);
    ck_assert_uint_eq(ac_iter_remaining(st.iter), 1);
    stage_complete(&st, 5, 6);
    expect_many(&st, 1, 1, AC_FOREVER, 5, 1);
    expect_code(st.iter, 1, N, AC_FOREVER, AC_DONE);
    stage_end(&st);
}
END_TEST

START_TEST(s23_min_is_capped_at_what_remains)
{
    stage st;

    stage_init(&st, 3);
    stage_complete(&st, 0, 1);
    expect_many(&st, 1, 1, AC_FOREVER, 0, 1);
    stage_complete(&st, 1, 3);
    expect_many(&st, 5, N, AC_FOREVER, 1, 2); /* two remain: no use waiting */
    expect_code(st.iter, 5, N, AC_FOREVER, AC_DONE);
    expect_code(st.iter, 5, N, AC_POLL, AC_DONE);
    stage_end(&st);
}
END_TEST

START_TEST(s23_what_remains_counts_for_an_open_one_too)
{
    enum { READY = 2 };
    ac_pool *pool = support_pool(1);
    ac_future *future = support_submit(pool, support_nothing, NULL);
    ac_future *got[N];
    ac_iter *iter = NULL;
    size_t n = 99;

    ck_assert_int_eq(ac_future_wait(future, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    for (int i = 0; i < READY; i++)
        ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
    ck_assert_int_eq(ac_iter_next_many(iter, got, N, N, AC_FOREVER, &n), AC_OK);
    ck_assert_uint_eq(n, READY);
    while (n > 0)
        ac_future_unref(got[--n]);
    ac_future_unref(future);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s23_at_the_deadline_what_it_has)
{
    stage st;

    stage_init(&st, N);
    expect_code(st.iter, 2, N, AC_POLL, AC_ETIMEDOUT);
    expect_code(st.iter, 2, N, ac_deadline_in_ms(1), AC_ETIMEDOUT);
    stage_complete(&st, 0, 2);
    expect_many(&st, 4, N, AC_POLL, 0, 2);
    stage_complete(&st, 2, 4);
    ac_deadline deadline = ac_deadline_in_ms(5);
    expect_many(&st, 3, N, deadline, 2, 2);
    ck_assert_int_ge(ac_now(), deadline); /* it did wait for the third */
    expect_code(st.iter, 2, N, AC_POLL, AC_ETIMEDOUT);
    ck_assert_uint_eq(ac_iter_remaining(st.iter), 2);
    stage_end(&st);
}
END_TEST

START_TEST(s9_s23_open_and_empty_waits)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    puller p;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    expect_code(iter, 1, 3, AC_POLL, AC_ETIMEDOUT);
    expect_code(iter, 3, 3, AC_POLL, AC_ETIMEDOUT);
    puller_many(&p, iter, 1, 3);
    ck_assert_int_eq(
        ac_iter_submit(iter, pool, NULL, support_nothing, NULL, AC_POLL, NULL),
        AC_OK);
    ck_assert_int_eq(puller_end(&p), AC_OK);
    ck_assert_uint_eq(p.n, 1);
    puller_drop(&p);
    puller_many(&p, iter, 3, 3);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    ck_assert_int_eq(puller_end(&p), AC_DONE);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

/* ---- Several callers ------------------------------------------------ */

START_TEST(s23_waits_until_min_are_ready)
{
    stage st;
    puller p;

    stage_init(&st, N);
    puller_many(&p, st.iter, 3, 4);
    stage_complete(&st, 0, 3);
    ck_assert_int_eq(puller_end(&p), AC_OK);
    ck_assert_uint_eq(p.n, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_eq(p.futures[i], st.futures[i]);
    puller_drop(&p);
    stage_end(&st);
}
END_TEST

START_TEST(s23_a_waiting_one_reserves_nothing)
{
    stage st;
    puller many;
    puller one;

    stage_init(&st, N);
    puller_many(&many, st.iter, 3, N);
    puller_next(&one, st.iter);
    /* Three were asked for and one is there: the younger one gets it. */
    stage_complete(&st, 0, 1);
    ck_assert_int_eq(puller_end(&one), AC_OK);
    ck_assert_ptr_eq(one.futures[0], st.futures[0]);
    puller_drop(&one);
    /* The same for one that only looks in. */
    stage_complete(&st, 1, 3);
    expect_many(&st, 1, 1, AC_POLL, 1, 1);
    stage_complete(&st, 3, 5);
    ck_assert_int_eq(puller_end(&many), AC_OK);
    ck_assert_uint_eq(many.n, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_eq(many.futures[i], st.futures[2 + i]);
    puller_drop(&many);
    ck_assert_uint_eq(ac_iter_remaining(st.iter), 1);
    stage_end(&st);
}
END_TEST

START_TEST(s23_the_rest_is_less_than_min_and_nobody_is_forgotten)
{
    stage st;
    puller first;
    puller second;

    /* Of three, two go to one; the other then waits for one, not for two. */
    stage_init(&st, 3);
    puller_many(&first, st.iter, 2, 2);
    puller_many(&second, st.iter, 2, 2);
    stage_complete(&st, 0, 3);
    ck_assert_int_eq(puller_end(&first), AC_OK);
    ck_assert_int_eq(puller_end(&second), AC_OK);
    ck_assert_uint_eq(first.n + second.n, 3);
    ck_assert_uint_ge(first.n, 1);
    ck_assert_uint_ge(second.n, 1);
    puller_drop(&first);
    puller_drop(&second);
    expect_code(st.iter, 1, 1, AC_FOREVER, AC_DONE);
    stage_end(&st);
}
END_TEST

START_TEST(s23_a_take_lowers_what_another_waits_for)
{
    stage st;
    puller many;

    /* Two of three are ready.  Someone takes one and one more completes:
     * that makes two of two, and the three can never be. */
    stage_init(&st, 3);
    puller_many(&many, st.iter, 3, 3);
    stage_complete(&st, 0, 2);
    expect_many(&st, 1, 1, AC_POLL, 0, 1);
    stage_complete(&st, 2, 3);
    ck_assert_int_eq(puller_end(&many), AC_OK);
    ck_assert_uint_eq(many.n, 2);
    puller_drop(&many);
    stage_end(&st);
}
END_TEST

START_TEST(s21_s23_whoever_comes_too_late_is_told_that_it_is_done)
{
    stage st;
    puller pullers[3];
    size_t n = 0;

    stage_init(&st, 2);
    for (int i = 0; i < 3; i++)
        puller_many(&pullers[i], st.iter, 2, 4);
    stage_complete(&st, 0, 2);
    for (int i = 0; i < 3; i++) {
        int rc = puller_end(&pullers[i]);
        ck_assert_int_eq(rc, pullers[i].n > 0 ? AC_OK : AC_DONE);
        n += pullers[i].n;
        puller_drop(&pullers[i]);
    }
    ck_assert_uint_eq(n, 2);
    stage_end(&st);
}
END_TEST

START_TEST(s19_s23_abandon_gives_it_what_is_ready)
{
    stage st;
    puller many;

    stage_init(&st, N);
    puller_many(&many, st.iter, 4, N);
    stage_complete(&st, 0, 2);
    ck_assert_int_eq(ac_iter_abandon(st.iter), AC_OK);
    ck_assert_int_eq(puller_end(&many), AC_OK);
    ck_assert_uint_eq(many.n, 2);
    puller_drop(&many);
    expect_code(st.iter, 4, N, AC_FOREVER, AC_DONE);
    stage_end(&st);
}
END_TEST

/* One is picked when it can have all that remains; before it runs more is
 * added, and it goes back to sleep.  Another one wants just what is ready. */
typedef struct either {
    puller puller;
    support_latch *served;
} either;

static void
either_main(void *arg)
{
    either *e = arg;

    puller_main(&e->puller);
    support_latch_count_down(e->served);
}

static void
either_start(either *e, ac_iter *iter, size_t min, support_latch *served)
{
    e->puller = (puller){
        .iter = iter, .min = min, .max = N, .deadline = AC_FOREVER, .rc = -1};
    e->served = served;
    support_thread_start(&e->puller.thread, either_main, e);
    support_thread_await_sleep(&e->puller.thread);
}

START_TEST(s23_s60_picked_and_asleep_again_it_forgets_nobody)
{
    stage st;
    either two, one;
    support_latch served;
    ac_iter *iter = NULL;

    stage_init(&st, 0);
    support_latch_init(&served, 1);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_int_eq(ac_iter_add(iter, st.futures[0]), AC_OK);
    either_start(&two, iter, 2, &served);
    either_start(&one, iter, 0, &served);
    stage_complete(&st, 0, 1);
    ck_assert_int_eq(ac_iter_add(iter, st.futures[1]), AC_OK);
    support_latch_wait(&served); /* whoever it is */
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    stage_complete(&st, 1, 2);
    puller_end(&two.puller);
    puller_end(&one.puller);
    ck_assert_uint_eq(two.puller.n + one.puller.n, 2);
    puller_drop(&two.puller);
    puller_drop(&one.puller);
    ac_iter_destroy(iter);
    support_latch_destroy(&served);
    stage_end(&st);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("next_many");
    TCase *tcase = support_tcase("next_many");

    tcase_add_test(tcase, s23_arguments_one_to_min_to_max);
    tcase_add_test(tcase, s23_takes_all_that_is_ready_up_to_max);
    tcase_add_test(tcase, s23_min_is_capped_at_what_remains);
    tcase_add_test(tcase, s23_what_remains_counts_for_an_open_one_too);
    tcase_add_test(tcase, s23_at_the_deadline_what_it_has);
    tcase_add_test(tcase, s9_s23_open_and_empty_waits);
    tcase_add_test(tcase, s23_waits_until_min_are_ready);
    tcase_add_test(tcase, s23_a_waiting_one_reserves_nothing);
    tcase_add_test(tcase,
                   s23_the_rest_is_less_than_min_and_nobody_is_forgotten);
    tcase_add_test(tcase, s23_a_take_lowers_what_another_waits_for);
    tcase_add_test(tcase,
                   s21_s23_whoever_comes_too_late_is_told_that_it_is_done);
    tcase_add_test(tcase, s19_s23_abandon_gives_it_what_is_ready);
    tcase_add_loop_test(
        tcase, s23_s60_picked_and_asleep_again_it_forgets_nobody, 0, 20);
    suite_add_tcase(suite, tcase);
    return suite;
}
