/*
 * Shutting down: drain and cancel, deadlines and how many are left, several
 * threads at once, and against submit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <sched.h>

enum { QUEUED = 20 };

static void
submit_queued(ac_pool *pool, support_counter *ran, ac_future *f[QUEUED])
{
    for (int i = 0; i < QUEUED; i++)
        f[i] = support_submit(pool, support_count, ran);
}

static void
check_and_drop(ac_future *f[QUEUED], int status)
{
    for (int i = 0; i < QUEUED; i++) {
        ck_assert_int_eq(ac_future_status(f[i]), status);
        ac_future_unref(f[i]);
    }
}

/* ---- Drain and cancel ----------------------------------------------- */

START_TEST(s48_drain_runs_all_that_was_accepted)
{
    ac_pool *pool = support_pool(2);
    support_counter ran;
    ac_future *f[QUEUED];
    size_t left = 99;

    support_counter_init(&ran);
    submit_queued(pool, &ran, f);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, &left),
                     AC_OK);
    ck_assert_uint_eq(left, 0);
    ck_assert_uint_eq(support_counter_get(&ran), QUEUED);
    check_and_drop(f, AC_OK);
    support_pool_end(pool);
    support_counter_destroy(&ran);
}
END_TEST

START_TEST(s48_s52_cancel_resolves_the_queued_at_once)
{
    ac_pool *pool = support_pool(1);
    support_counter ran;
    support_hold hold;
    ac_future *f[QUEUED];
    ac_future *done;
    ac_iter *iter = NULL;
    size_t left = 99;

    support_counter_init(&ran);
    support_hold_worker(&hold, pool);
    submit_queued(pool, &ran, f);
    ck_assert_int_eq(ac_as_completed(f, QUEUED, &iter), AC_OK);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 1);
    for (int i = 0; i < QUEUED; i++) {
        ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &done), AC_OK);
        ac_future_unref(done);
    }
    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &done), AC_DONE);
    ac_iter_destroy(iter);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, &left),
                     AC_OK);
    ck_assert_uint_eq(left, 0);
    ck_assert_uint_eq(support_counter_get(&ran), 0);
    check_and_drop(f, AC_ECANCELED);
    support_pool_end(pool);
    support_counter_destroy(&ran);
}
END_TEST

/* Runs until it is asked to stop. */
static int
until_asked(void *arg, void **result)
{
    (void)result;
    support_counter_add(arg);
    while (!ac_cancel_requested())
        sched_yield();
    return AC_TASK_CANCELED;
}

START_TEST(s48_cancel_asks_the_running)
{
    ac_pool *pool = support_pool(3);
    support_counter started;
    ac_future *f[3];

    support_counter_init(&started);
    for (int i = 0; i < 3; i++)
        f[i] = support_submit(pool, until_asked, &started);
    support_counter_wait(&started, 3);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, NULL),
                     AC_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ac_future_status(f[i]), AC_ECANCELED);
        ac_future_unref(f[i]);
    }
    support_pool_end(pool);
    support_counter_destroy(&started);
}
END_TEST

/* The only worker is set free by the very call that cancels: it must not get
 * hold of what is queued before that call does. */
START_TEST(s48_cancel_starts_nothing_that_was_queued)
{
    for (int round = 0; round < 20; round++) {
        ac_pool *pool = support_pool(1);
        support_counter started;
        support_counter ran;
        support_counter_init(&started);
        support_counter_init(&ran);
        ck_assert_int_eq(ac_submit(pool, NULL, until_asked, &started, NULL),
                         AC_OK);
        support_counter_wait(&started, 1);
        for (int i = 0; i < 500; i++)
            ck_assert_int_eq(ac_submit(pool, NULL, support_count, &ran, NULL),
                             AC_OK);
        ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, NULL),
                         AC_OK);
        ck_assert_uint_eq(support_counter_get(&ran), 0);
        support_pool_end(pool);
        support_counter_destroy(&started);
        support_counter_destroy(&ran);
    }
}
END_TEST

START_TEST(s48_cancel_after_drain_escalates)
{
    ac_pool *pool = support_pool(2);
    support_counter counter;
    support_hold hold;
    ac_future *f[QUEUED];
    size_t left = 99;

    support_counter_init(&counter);
    ac_future *runs = support_submit(pool, until_asked, &counter);
    support_counter_wait(&counter, 1);
    support_hold_worker(&hold, pool);
    submit_queued(pool, &counter, f);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 2 + QUEUED);
    ck_assert_int_eq(ac_future_status(runs), AC_EAGAIN);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, &left),
                     AC_ETIMEDOUT);
    check_and_drop(f, AC_ECANCELED);
    ck_assert_int_eq(ac_future_get(runs, AC_FOREVER, NULL), AC_ECANCELED);
    ac_future_unref(runs);
    support_hold_end(&hold);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&counter), 1);
    support_counter_destroy(&counter);
}
END_TEST

START_TEST(s48_drain_after_cancel_changes_nothing)
{
    ac_pool *pool = support_pool(1);
    support_counter ran;
    support_hold hold;
    ac_future *f[QUEUED];
    size_t left = 99;

    support_counter_init(&ran);
    support_hold_worker(&hold, pool);
    submit_queued(pool, &ran, f);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ac_pool_shutdown(pool, i == 0 ? AC_CANCEL : AC_DRAIN,
                                          AC_POLL, &left),
                         AC_ETIMEDOUT);
        ck_assert_uint_eq(left, 1);
    }
    support_hold_end(&hold);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, NULL), AC_OK);
    check_and_drop(f, AC_ECANCELED);
    ck_assert_uint_eq(support_counter_get(&ran), 0);
    support_pool_end(pool);
    support_counter_destroy(&ran);
}
END_TEST

START_TEST(s51_it_may_be_said_again_when_all_is_over)
{
    ac_pool *pool = support_pool(2);
    size_t left = 99;

    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(ac_pool_shutdown(pool, i % 2 ? AC_CANCEL : AC_DRAIN,
                                          i < 2 ? AC_FOREVER : AC_POLL, &left),
                         AC_OK);
        ck_assert_uint_eq(left, 0);
        ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_OK);
        ck_assert_int_eq(ac_submit(pool, NULL, support_nothing, NULL, NULL),
                         AC_ESHUTDOWN);
    }
    support_pool_end(pool);
}
END_TEST

/* ---- Deadlines ------------------------------------------------------ */

START_TEST(s50_a_time_out_says_how_many_are_left)
{
    ac_pool *pool = support_pool(1);
    support_counter ran;
    support_hold hold;
    support_hold last;
    ac_future *f[QUEUED];
    size_t left = 99;

    support_counter_init(&ran);
    support_hold_worker(&hold, pool);
    submit_queued(pool, &ran, f);
    support_hold_init(&last, pool);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left),
                         AC_ETIMEDOUT);
        ck_assert_uint_eq(left, QUEUED + 2);
    }
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    support_hold_release(&hold);
    support_gate_wait(&last.started);
    /* It is the only worker that started the last: the others are over. */
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 1);
    support_hold_end(&last);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, &left),
                     AC_OK);
    ck_assert_uint_eq(left, 0);
    check_and_drop(f, AC_OK);
    support_hold_end(&hold);
    support_pool_end(pool);
    support_counter_destroy(&ran);
}
END_TEST

/* ---- Several at once ------------------------------------------------ */

typedef struct stopping {
    ac_pool *pool;
    ac_shutdown how;
    support_hold *hold;
} stopping;

static void
stop_pool(void *arg)
{
    const stopping *s = arg;
    size_t left = 99;

    SUPPORT_CHECK_INT(ac_pool_shutdown(s->pool, s->how, AC_FOREVER, &left),
                      AC_OK);
    SUPPORT_CHECK_INT(left, 0);
    SUPPORT_CHECK(ac_future_status(s->hold->future) != AC_EAGAIN);
}

static void
await_idle(void *arg)
{
    const stopping *s = arg;

    SUPPORT_CHECK_INT(ac_pool_wait_idle(s->pool, AC_FOREVER), AC_OK);
    SUPPORT_CHECK(ac_future_status(s->hold->future) != AC_EAGAIN);
}

START_TEST(s51_all_wait_for_the_same_end)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;
    support_thread threads[5];
    stopping s[2];

    support_hold_worker(&hold, pool);
    for (int i = 0; i < 2; i++)
        s[i] = (stopping){pool, i == 0 ? AC_DRAIN : AC_CANCEL, &hold};
    for (int i = 0; i < 4; i++)
        support_thread_start(&threads[i], stop_pool, &s[i % 2]);
    support_thread_start(&threads[4], await_idle, &s[0]);
    for (int i = 0; i < 5; i++)
        support_thread_await_sleep(&threads[i]);
    support_hold_release(&hold);
    for (int i = 0; i < 5; i++)
        support_thread_join(&threads[i]);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

/* ---- Against submit ------------------------------------------------- */

typedef struct submitting {
    ac_pool *pool;
    support_counter *ran;
    support_barrier *barrier;
    ac_future *futures[4000];
    size_t accepted;
} submitting;

static void
submit_until_refused(void *arg)
{
    submitting *s = arg;
    int rc = AC_OK;

    support_barrier_wait(s->barrier);
    while (s->accepted < 4000) {
        rc = ac_submit(s->pool, NULL, support_count, s->ran,
                       &s->futures[s->accepted]);
        if (rc != AC_OK)
            break;
        s->accepted++;
    }
    SUPPORT_CHECK(rc == AC_OK || rc == AC_ESHUTDOWN);
}

/* The accepted ones ran or are canceled, every one of them, and nothing that
 * was refused ran. */
static void
race_with_submit(ac_shutdown how)
{
    static submitting s[2];
    support_thread threads[2];
    support_barrier barrier;
    support_counter ran;
    size_t finished = 0;

    support_barrier_init(&barrier, 3);
    support_counter_init(&ran);
    ac_pool *pool = support_pool(2);
    for (int i = 0; i < 2; i++) {
        s[i] = (submitting){.pool = pool, .ran = &ran, .barrier = &barrier};
        support_thread_start(&threads[i], submit_until_refused, &s[i]);
    }
    support_barrier_wait(&barrier);
    support_counter_wait(&ran, 1);
    ck_assert_int_eq(ac_pool_shutdown(pool, how, AC_FOREVER, NULL), AC_OK);
    const uint64_t ran_then = support_counter_get(&ran);
    for (int i = 0; i < 2; i++) {
        support_thread_join(&threads[i]);
        for (size_t k = 0; k < s[i].accepted; k++) {
            const int status = ac_future_status(s[i].futures[k]);
            ck_assert(status == AC_OK ||
                      (status == AC_ECANCELED && how == AC_CANCEL));
            finished += status == AC_OK;
            ac_future_unref(s[i].futures[k]);
        }
    }
    ck_assert_uint_eq(finished, ran_then);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&ran), ran_then);
    support_counter_destroy(&ran);
    support_barrier_destroy(&barrier);
}

START_TEST(s48_of_submit_and_shutdown_none_is_lost)
{
    const int rounds = support_instrumented() ? 10 : 50;

    for (int i = 0; i < rounds; i++)
        race_with_submit(i % 2 ? AC_CANCEL : AC_DRAIN);
}
END_TEST

typedef struct late {
    ac_pool *pool;
    support_gate started;
    support_gate stopping;
} late;

static int
submit_late(void *arg, void **result)
{
    late *l = arg;
    ac_future *f = (ac_future *)l;

    (void)result;
    support_gate_open(&l->started);
    support_gate_wait(&l->stopping);
    SUPPORT_CHECK_INT(ac_submit(l->pool, NULL, support_nothing, NULL, &f),
                      AC_ESHUTDOWN);
    SUPPORT_CHECK(f == (ac_future *)l);
    return 0;
}

START_TEST(s49_a_task_cannot_submit_to_a_pool_that_stops)
{
    ac_pool *pool = support_pool(1);
    late l = {.pool = pool};

    support_gate_init(&l.started);
    support_gate_init(&l.stopping);
    ac_future *f = support_submit(pool, submit_late, &l);
    support_gate_wait(&l.started);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    support_gate_open(&l.stopping);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f);
    support_pool_end(pool);
    support_gate_destroy(&l.started);
    support_gate_destroy(&l.stopping);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("shutdown");
    TCase *tcase = support_tcase("drain and cancel");

    tcase_add_test(tcase, s48_drain_runs_all_that_was_accepted);
    tcase_add_test(tcase, s48_s52_cancel_resolves_the_queued_at_once);
    tcase_add_test(tcase, s48_cancel_asks_the_running);
    tcase_add_test(tcase, s48_cancel_starts_nothing_that_was_queued);
    tcase_add_test(tcase, s48_cancel_after_drain_escalates);
    tcase_add_test(tcase, s48_drain_after_cancel_changes_nothing);
    tcase_add_test(tcase, s51_it_may_be_said_again_when_all_is_over);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("deadlines");
    tcase_add_test(tcase, s50_a_time_out_says_how_many_are_left);
    tcase_add_test(tcase, s51_all_wait_for_the_same_end);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("against submit");
    tcase_add_test(tcase, s48_of_submit_and_shutdown_none_is_lost);
    tcase_add_test(tcase, s49_a_task_cannot_submit_to_a_pool_that_stops);
    suite_add_tcase(suite, tcase);
    return suite;
}
