/*
 * The order in which tasks start, and that none waits behind a long one while
 * there is a worker for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

/* ---- One worker ----------------------------------------------------- */

enum { MANY = 5000 };

static size_t started[MANY]; /* by the only worker */
static size_t n_started;
static size_t numbers[MANY];

static int
log_number(void *arg, void **result)
{
    (void)result;
    started[n_started++] = *(size_t *)arg;
    return 0;
}

static void
number_all(void)
{
    for (size_t i = 0; i < MANY; i++)
        numbers[i] = i;
}

START_TEST(s47_one_worker_starts_in_order_of_submission)
{
    ac_pool *pool = support_pool(1);

    number_all();
    for (size_t i = 0; i < MANY; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, log_number, &numbers[i], NULL),
                         AC_OK);
    support_pool_end(pool);
    ck_assert_uint_eq(n_started, MANY);
    for (size_t i = 0; i < MANY; i++)
        ck_assert_uint_eq(started[i], i);
}
END_TEST

START_TEST(s47_in_order_too_when_they_pile_up_first)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;

    number_all();
    support_hold_worker(&hold, pool);
    for (size_t i = 0; i < MANY; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, log_number, &numbers[i], NULL),
                         AC_OK);
    support_hold_end(&hold);
    support_pool_end(pool);
    ck_assert_uint_eq(n_started, MANY);
    for (size_t i = 0; i < MANY; i++)
        ck_assert_uint_eq(started[i], i);
}
END_TEST

static int
submit_odd_ones(void *arg, void **result)
{
    (void)result;
    for (size_t i = 1; i < MANY; i += 2)
        SUPPORT_CHECK_INT(ac_submit(arg, NULL, log_number, &numbers[i], NULL),
                          AC_OK);
    return 0;
}

/* Into its own pool, or into another one. */
START_TEST(s47_what_a_task_submits_starts_in_order)
{
    ac_pool *pool = support_pool(1);
    ac_pool *from = _i == 0 ? pool : support_pool(1);

    number_all();
    ck_assert_int_eq(ac_submit(from, NULL, submit_odd_ones, pool, NULL), AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(from, AC_FOREVER), AC_OK);
    for (size_t i = 0; i < MANY; i += 2)
        ck_assert_int_eq(ac_submit(pool, NULL, log_number, &numbers[i], NULL),
                         AC_OK);
    if (from != pool)
        support_pool_end(from);
    support_pool_end(pool);
    ck_assert_uint_eq(n_started, MANY);
    for (size_t i = 0; i < MANY / 2; i++)
        ck_assert_uint_eq(started[i], 2 * i + 1);
    for (size_t i = MANY / 2; i < MANY; i++)
        ck_assert_uint_eq(started[i], 2 * (i - MANY / 2));
}
END_TEST

/* More than the worker keeps for itself while the other one is busy. */
START_TEST(s47_what_a_task_submits_stays_in_order_beside_a_busy_worker)
{
    ac_pool *pool = support_pool(2);
    support_hold hold;
    ac_future *last;

    number_all();
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_submit(pool, NULL, submit_odd_ones, pool, &last),
                     AC_OK);
    ck_assert_int_eq(ac_future_get(last, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(last);
    ck_assert_int_eq(ac_submit(pool, NULL, log_number, &numbers[0], &last),
                     AC_OK);
    ck_assert_int_eq(ac_future_get(last, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(last);
    ck_assert_uint_eq(n_started, MANY / 2 + 1);
    for (size_t i = 0; i < MANY / 2; i++)
        ck_assert_uint_eq(started[i], 2 * i + 1);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

typedef struct submitter {
    ac_pool *pool;
    size_t from;
    size_t to;
} submitter;

static void
submit_range(void *arg)
{
    const submitter *s = arg;

    for (size_t i = s->from; i < s->to; i++)
        SUPPORT_CHECK_INT(
            ac_submit(s->pool, NULL, log_number, &numbers[i], NULL), AC_OK);
}

START_TEST(s47_each_submitter_keeps_its_own_order)
{
    enum { SUBMITTERS = 4, EACH = MANY / SUBMITTERS };
    ac_pool *pool = support_pool(1);
    support_thread threads[SUBMITTERS];
    submitter s[SUBMITTERS];
    size_t next[SUBMITTERS];

    number_all();
    for (size_t i = 0; i < SUBMITTERS; i++) {
        next[i] = i * EACH;
        s[i] = (submitter){pool, i * EACH, (i + 1) * EACH};
        support_thread_start(&threads[i], submit_range, &s[i]);
    }
    for (size_t i = 0; i < SUBMITTERS; i++)
        support_thread_join(&threads[i]);
    support_pool_end(pool);
    ck_assert_uint_eq(n_started, MANY);
    for (size_t i = 0; i < MANY; i++) {
        const size_t by = started[i] / EACH;
        ck_assert_uint_eq(started[i], next[by]);
        next[by]++;
    }
}
END_TEST

/* ---- Nobody waits for the long one ---------------------------------- */

/* One long task and a thousand short ones on two workers: they are all done
 * before the long one ends, wherever it stood among them. */
START_TEST(s47_no_short_task_waits_for_a_long_one)
{
    enum { SHORTS = 1000 };
    const int places[] = {0, 1, 31, 32, 33, 500, 999, 1000};
    ac_pool *pool = support_pool(2);
    support_counter ran;
    support_hold first;
    support_hold busy;

    support_counter_init(&ran);
    support_hold_worker(&busy, pool); /* half of them pile up first */
    for (int i = 0; i <= SHORTS; i++) {
        if (i == places[_i])
            support_hold_init(&first, pool);
        if (i == SHORTS / 2)
            support_hold_release(&busy);
        if (i < SHORTS)
            ck_assert_int_eq(ac_submit(pool, NULL, support_count, &ran, NULL),
                             AC_OK);
    }
    support_counter_wait(&ran, SHORTS);
    support_gate_wait(&first.started);
    support_hold_end(&first);
    support_hold_end(&busy);
    support_pool_end(pool);
    support_counter_destroy(&ran);
}
END_TEST

/* The same with seven long ones: one worker is enough for the rest. */
START_TEST(s47_one_free_worker_does_the_work_of_all)
{
    enum { LONG = 7, SHORTS = 1000 };
    ac_pool *pool = support_pool(LONG + 1);
    support_counter ran;
    support_hold holds[LONG];

    support_counter_init(&ran);
    for (int i = 0; i < LONG; i++) {
        support_hold_init(&holds[i], pool);
        for (int k = 0; k < SHORTS / LONG; k++)
            ck_assert_int_eq(ac_submit(pool, NULL, support_count, &ran, NULL),
                             AC_OK);
    }
    support_counter_wait(&ran, SHORTS / LONG * LONG);
    for (int i = 0; i < LONG; i++)
        support_hold_end(&holds[i]);
    support_pool_end(pool);
    support_counter_destroy(&ran);
}
END_TEST

/* ---- How far a task is overtaken ------------------------------------ */

enum { WORKERS = 8, BATCH = 32, ROUNDS = 256, N_TASKS = WORKERS * ROUNDS };

static support_barrier in_step;
static atomic_size_t stamp;
static size_t stamps[N_TASKS];

/* All workers start one task each, then all go on: so that a thread which the
 * system sets aside between claim and stamp holds up the others as well. */
static int
stamp_task(void *arg, void **result)
{
    size_t *mine = arg;

    (void)result;
    *mine = atomic_fetch_add(&stamp, 1);
    support_barrier_wait(&in_step);
    return 0;
}

START_TEST(s47_a_task_is_overtaken_by_few)
{
    ac_pool *pool = support_pool(WORKERS);
    static size_t inverse[N_TASKS];

    support_barrier_init(&in_step, WORKERS);
    for (size_t i = 0; i < N_TASKS; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, stamp_task, &stamps[i], NULL),
                         AC_OK);
    support_pool_end(pool);
    /* Overtaken by: how many of a higher number have a lower stamp. */
    for (size_t i = 0; i < N_TASKS; i++)
        inverse[stamps[i]] = i;
    for (size_t i = 0; i < N_TASKS; i++) {
        size_t later = 0;
        for (size_t at = 0; at < stamps[i]; at++)
            later += inverse[at] > i;
        ck_assert_uint_le(later, WORKERS * BATCH);
    }
    support_barrier_destroy(&in_step);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("order");
    TCase *tcase = support_tcase("one worker");

    tcase_add_test(tcase, s47_one_worker_starts_in_order_of_submission);
    tcase_add_test(tcase, s47_in_order_too_when_they_pile_up_first);
    tcase_add_loop_test(tcase, s47_what_a_task_submits_starts_in_order, 0, 2);
    tcase_add_test(
        tcase, s47_what_a_task_submits_stays_in_order_beside_a_busy_worker);
    tcase_add_test(tcase, s47_each_submitter_keeps_its_own_order);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("a long one");
    tcase_add_loop_test(tcase, s47_no_short_task_waits_for_a_long_one, 0, 8);
    tcase_add_test(tcase, s47_one_free_worker_does_the_work_of_all);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("overtaken");
    tcase_add_test(tcase, s47_a_task_is_overtaken_by_few);
    suite_add_tcase(suite, tcase);
    return suite;
}
