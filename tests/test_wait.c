/*
 * ac_wait: one, the first failed one, or all of a set; which index it tells,
 * and when it does not wait at all.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <stdlib.h>

enum { N = 4 };
#define UNSET ((size_t)77)

/* N tasks, each on a worker of its own, that end when and how a test says. */
typedef struct stage {
    ac_pool *pool;
    support_hold holds[N];
    ac_future *futures[N];
} stage;

static void
stage_init(stage *st)
{
    st->pool = support_pool(N);
    for (int i = 0; i < N; i++) {
        support_hold_worker(&st->holds[i], st->pool);
        st->futures[i] = st->holds[i].future;
    }
}

static void
stage_finish(stage *st, int i, int rc)
{
    st->holds[i].rc = rc;
    support_hold_release(&st->holds[i]);
    ck_assert_int_eq(ac_future_wait(st->futures[i], AC_FOREVER), AC_OK);
}

static void
stage_end(stage *st)
{
    for (int i = 0; i < N; i++)
        support_hold_end(&st->holds[i]);
    support_pool_end(st->pool);
}

static void
expect(stage *st, ac_wait_mode mode, ac_deadline deadline, int rc,
       size_t expected)
{
    size_t which = UNSET;

    ck_assert_int_eq(ac_wait(st->futures, N, mode, deadline, &which), rc);
    ck_assert_uint_eq(which, expected);
    ck_assert_int_eq(ac_wait(st->futures, N, mode, deadline, NULL), rc);
}

/* ---- Modes ---------------------------------------------------------- */

START_TEST(s10_no_futures)
{
    ac_future *none[1] = {NULL};
    size_t which = UNSET;

    ck_assert_int_eq(ac_wait(NULL, 0, AC_ALL, AC_FOREVER, &which), AC_OK);
    ck_assert_uint_eq(which, 0);
    which = UNSET;
    ck_assert_int_eq(ac_wait(none, 0, AC_ALL, AC_POLL, &which), AC_OK);
    ck_assert_uint_eq(which, 0);
    which = UNSET;
    ck_assert_int_eq(ac_wait(NULL, 0, AC_FIRST_ERROR, AC_FOREVER, &which),
                     AC_OK);
    ck_assert_uint_eq(which, 0);
    which = UNSET;
    ck_assert_int_eq(ac_wait(NULL, 0, AC_FIRST, AC_FOREVER, &which), AC_EINVAL);
    ck_assert_uint_eq(which, UNSET);
}
END_TEST

START_TEST(s11_arguments_are_checked)
{
    stage st;
    size_t which = UNSET;

    stage_init(&st);
    for (int i = 0; i < N; i++) {
        ac_future *futures[N];
        for (int k = 0; k < N; k++)
            futures[k] = k == i ? NULL : st.futures[k];
        for (int mode = AC_ALL; mode <= AC_FIRST_ERROR; mode++)
            ck_assert_int_eq(
                ac_wait(futures, N, (ac_wait_mode)mode, AC_FOREVER, &which),
                AC_EINVAL);
    }
    ck_assert_int_eq(ac_wait(NULL, 1, AC_ALL, AC_POLL, &which), AC_EINVAL);
    ck_assert_int_eq(ac_wait(st.futures, N, (ac_wait_mode)3, AC_POLL, &which),
                     AC_EINVAL);
    ck_assert_uint_eq(which, UNSET);
    stage_end(&st);
}
END_TEST

START_TEST(all_waits_for_the_last_and_tells_n)
{
    stage st;

    stage_init(&st);
    for (int i = 0; i < N; i++) {
        expect(&st, AC_ALL, AC_POLL, AC_ETIMEDOUT, N);
        stage_finish(&st, i, i == 1 ? 5 : 0);
    }
    expect(&st, AC_ALL, AC_POLL, AC_OK, N);
    expect(&st, AC_ALL, AC_FOREVER, AC_OK, N);
    stage_end(&st);
}
END_TEST

START_TEST(first_tells_the_lowest_index_that_is_done)
{
    stage st;

    stage_init(&st);
    expect(&st, AC_FIRST, AC_POLL, AC_ETIMEDOUT, N);
    expect(&st, AC_FIRST, ac_deadline_in_ms(1), AC_ETIMEDOUT, N);
    stage_finish(&st, 2, 0);
    expect(&st, AC_FIRST, AC_FOREVER, AC_OK, 2);
    stage_finish(&st, 3, 0);
    expect(&st, AC_FIRST, AC_POLL, AC_OK, 2);
    stage_finish(&st, 1, 0);
    expect(&st, AC_FIRST, AC_POLL, AC_OK, 1);
    stage_end(&st);
}
END_TEST

START_TEST(first_error_tells_the_lowest_that_failed)
{
    stage st;

    stage_init(&st);
    expect(&st, AC_FIRST_ERROR, AC_POLL, AC_ETIMEDOUT, N);
    stage_finish(&st, 0, 0);
    expect(&st, AC_FIRST_ERROR, AC_POLL, AC_ETIMEDOUT, N);
    stage_finish(&st, 3, 9);
    expect(&st, AC_FIRST_ERROR, AC_FOREVER, AC_OK, 3);
    stage_finish(&st, 2, 8);
    expect(&st, AC_FIRST_ERROR, AC_FOREVER, AC_OK, 2);
    stage_end(&st);
}
END_TEST

START_TEST(s59_a_canceled_one_has_not_failed)
{
    stage st;

    stage_init(&st);
    for (int i = 0; i < N; i++) {
        expect(&st, AC_FIRST_ERROR, AC_POLL, AC_ETIMEDOUT, N);
        ck_assert_int_eq(ac_future_cancel(st.futures[i]), AC_EBUSY);
        stage_finish(&st, i, AC_TASK_CANCELED);
        ck_assert_int_eq(ac_future_status(st.futures[i]), AC_ECANCELED);
    }
    /* None failed, all are done. */
    expect(&st, AC_FIRST_ERROR, AC_FOREVER, AC_OK, N);
    expect(&st, AC_FIRST, AC_FOREVER, AC_OK, 0);
    stage_end(&st);
}
END_TEST

START_TEST(s12_the_same_one_may_be_there_twice)
{
    stage st;
    size_t which = UNSET;

    stage_init(&st);
    ac_future *futures[] = {st.futures[0], st.futures[1], st.futures[1],
                            st.futures[0]};
    ck_assert_int_eq(ac_wait(futures, 4, AC_ALL, AC_POLL, NULL), AC_ETIMEDOUT);
    stage_finish(&st, 1, 3);
    ck_assert_int_eq(ac_wait(futures, 4, AC_FIRST, AC_FOREVER, &which), AC_OK);
    ck_assert_uint_eq(which, 1);
    ck_assert_int_eq(ac_wait(futures, 4, AC_FIRST_ERROR, AC_POLL, &which),
                     AC_OK);
    ck_assert_uint_eq(which, 1);
    ck_assert_int_eq(ac_wait(futures, 4, AC_ALL, AC_POLL, NULL), AC_ETIMEDOUT);
    stage_finish(&st, 0, 0);
    ck_assert_int_eq(ac_wait(futures, 4, AC_ALL, AC_FOREVER, &which), AC_OK);
    ck_assert_uint_eq(which, 4);
    stage_end(&st);
}
END_TEST

/* ---- While it waits ------------------------------------------------- */

typedef struct waiting {
    support_thread thread;
    ac_future *const *futures;
    size_t n;
    ac_wait_mode mode;
    size_t which;
    int rc;
} waiting;

static void
wait_main(void *arg)
{
    waiting *w = arg;

    w->rc = ac_wait(w->futures, w->n, w->mode, AC_FOREVER, &w->which);
}

static void
wait_start(waiting *w, ac_future *const *futures, size_t n, ac_wait_mode mode)
{
    *w = (waiting){.futures = futures, .n = n, .mode = mode, .which = UNSET};
    support_thread_start(&w->thread, wait_main, w);
    support_thread_await_sleep(&w->thread);
}

static void
wait_end(waiting *w, size_t which)
{
    support_thread_join(&w->thread);
    ck_assert_int_eq(w->rc, AC_OK);
    ck_assert_uint_eq(w->which, which);
}

START_TEST(s14_each_mode_wakes_in_its_turn)
{
    stage st;
    waiting first;
    waiting error;
    waiting all;

    stage_init(&st);
    wait_start(&first, st.futures, N, AC_FIRST);
    wait_start(&error, st.futures, N, AC_FIRST_ERROR);
    wait_start(&all, st.futures, N, AC_ALL);
    stage_finish(&st, 2, 0);
    wait_end(&first, 2);
    stage_finish(&st, 1, 4);
    wait_end(&error, 1);
    stage_finish(&st, 0, 0);
    stage_finish(&st, 3, 0);
    wait_end(&all, N);
    stage_end(&st);
}
END_TEST

START_TEST(s15_cancel_itself_wakes_a_wait)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;
    ac_future *futures[2];
    waiting first;
    waiting all;

    support_hold_worker(&hold, pool);
    futures[0] = support_submit(pool, support_nothing, NULL);
    futures[1] = support_submit(pool, support_nothing, NULL);
    wait_start(&first, futures, 2, AC_FIRST);
    wait_start(&all, futures, 2, AC_ALL);
    ck_assert_int_eq(ac_future_cancel(futures[1]), AC_OK);
    wait_end(&first, 1);
    ck_assert_int_eq(ac_future_cancel(futures[0]), AC_OK);
    wait_end(&all, 2);

    ac_future_unref(futures[0]);
    ac_future_unref(futures[1]);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

START_TEST(s2_s3_s6_deadlines)
{
    stage st;
    ac_deadline deadline;

    stage_init(&st);
    for (int i = 0; i < 10; i++) {
        deadline = ac_deadline_in_ns(i * 100003);
        expect(&st, AC_ALL, deadline, AC_ETIMEDOUT, N);
        ck_assert_int_ge(ac_now(), deadline);
    }
    expect(&st, AC_FIRST, INT64_MIN, AC_ETIMEDOUT, N);
    stage_finish(&st, 0, 0);
    expect(&st, AC_FIRST, INT64_MIN, AC_OK, 0); /* ready beats expired */
    stage_end(&st);
}
END_TEST

/* More than fits on anyone's stack. */
START_TEST(a_large_set)
{
    enum { MANY = 5000 };
    ac_pool *pool = support_pool(2);
    ac_future **futures = calloc(MANY, sizeof(futures[0]));
    support_hold hold;
    size_t which = UNSET;

    ck_assert_ptr_nonnull(futures);
    support_hold_worker(&hold, pool);
    for (int i = 0; i < MANY; i++)
        futures[i] = support_submit(pool, support_nothing, NULL);
    ck_assert_int_eq(ac_wait(futures, MANY, AC_ALL, AC_FOREVER, &which), AC_OK);
    ck_assert_uint_eq(which, MANY);
    ac_future *last = futures[MANY - 1];
    futures[MANY - 1] = hold.future;
    ck_assert_int_eq(ac_wait(futures, MANY, AC_ALL, AC_POLL, &which),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(which, MANY);
    futures[MANY - 1] = last;

    for (int i = 0; i < MANY; i++)
        ac_future_unref(futures[i]);
    free(futures);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("wait");
    TCase *tcase = support_tcase("wait");

    tcase_add_test(tcase, s10_no_futures);
    tcase_add_test(tcase, s11_arguments_are_checked);
    tcase_add_test(tcase, all_waits_for_the_last_and_tells_n);
    tcase_add_test(tcase, first_tells_the_lowest_index_that_is_done);
    tcase_add_test(tcase, first_error_tells_the_lowest_that_failed);
    tcase_add_test(tcase, s59_a_canceled_one_has_not_failed);
    tcase_add_test(tcase, s12_the_same_one_may_be_there_twice);
    tcase_add_test(tcase, s14_each_mode_wakes_in_its_turn);
    tcase_add_test(tcase, s15_cancel_itself_wakes_a_wait);
    tcase_add_test(tcase, s2_s3_s6_deadlines);
    tcase_add_test(tcase, a_large_set);
    suite_add_tcase(suite, tcase);
    return suite;
}
