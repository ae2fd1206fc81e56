/*
 * How long tasks wait and run, for a pool that measures it.  All bounds are
 * times that the test itself has read, so they hold on any machine.
 *
 * SPDX-License-Identifier: MIT
 */
#include "submitter.h"

static ac_pool *
timed_pool(size_t workers, size_t capacity, int on)
{
    ac_pool_attr *attr = NULL;
    ac_pool *pool = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_timing(attr, on == 0), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_timing(attr, on), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_capacity(attr, capacity), AC_OK);
    ck_assert_int_eq(ac_pool_create(workers, attr, &pool), AC_OK);
    ac_pool_attr_destroy(attr);
    return pool;
}

/* Let some time pass; returns how late it is. */
static ac_deadline
pass_time(void)
{
    const ac_deadline until = ac_deadline_in_ms(2);
    ac_deadline now;

    do
        now = ac_now();
    while (now < until);
    return now;
}

static int
take_time(void *arg, void **result)
{
    (void)arg;
    (void)result;
    pass_time();
    return 0;
}

static uint64_t
wait_ns(const ac_pool *pool)
{
    return stat_of(pool, AC_STAT_WAIT_NS);
}

static uint64_t
run_ns(const ac_pool *pool)
{
    return stat_of(pool, AC_STAT_RUN_NS);
}

/* Between the two, in nanoseconds. */
#define CK_BETWEEN(value, least, most) \
    do { \
        ck_assert_uint_ge((value), (uint64_t)(least)); \
        ck_assert_uint_le((value), (uint64_t)(most)); \
    } while (0)

START_TEST(nothing_is_measured_unless_asked_for)
{
    ac_pool *pool = _i == 0 ? support_pool(1) : timed_pool(1, 0, 0);

    ck_assert_int_eq(ac_pool_attr_set_timing(NULL, 1), AC_EINVAL);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, take_time, NULL, NULL), AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    for (int i = AC_STAT_WAIT_NS; i <= AC_STAT_RUN_MAX_NS; i++)
        ck_assert_uint_eq(stat_of(pool, i), 0);
    support_pool_end(pool);
}
END_TEST

START_TEST(it_runs_from_its_start_to_its_end)
{
    const int on[] = {1, 2, -1};
    ac_pool *pool = timed_pool(1, 0, on[_i]);
    support_hold hold;

    const ac_deadline before = ac_now();
    support_hold_worker(&hold, pool);
    const ac_deadline started = ac_now();
    const ac_deadline released = pass_time();
    support_hold_end(&hold);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    const ac_deadline after = ac_now();
    CK_BETWEEN(run_ns(pool), released - started, after - before);
    CK_BETWEEN(wait_ns(pool), 0, started - before);
    ck_assert_uint_eq(stat_of(pool, AC_STAT_RUN_MAX_NS), run_ns(pool));
    ck_assert_uint_eq(stat_of(pool, AC_STAT_WAIT_MAX_NS), wait_ns(pool));
    support_pool_end(pool);
}
END_TEST

/* Without a time to start by, or with one that is far. */
START_TEST(it_waits_from_when_it_was_accepted_to_its_start)
{
    ac_pool *pool = timed_pool(1, 0, 1);
    ac_task_attr *attr = NULL;
    support_hold hold;

    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    if (_i == 1)
        ck_assert_int_eq(ac_task_attr_set_start_by(attr, support_far()), AC_OK);
    const ac_deadline before = ac_now();
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_submit(pool, attr, support_nothing, NULL, NULL), AC_OK);
    const ac_deadline accepted = ac_now();
    const ac_deadline released = pass_time();
    support_hold_end(&hold);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    const ac_deadline after = ac_now();
    CK_BETWEEN(wait_ns(pool), released - accepted, 2 * (after - before));
    CK_BETWEEN(stat_of(pool, AC_STAT_WAIT_MAX_NS), released - accepted,
               after - before);
    CK_BETWEEN(stat_of(pool, AC_STAT_WAIT_MAX_NS), wait_ns(pool) / 2,
               wait_ns(pool));
    ac_task_attr_destroy(attr);
    support_pool_end(pool);
}
END_TEST

START_TEST(s44_to_stand_in_line_is_not_to_wait_in_the_queue)
{
    ac_pool *pool = timed_pool(1, 1, 1);
    submitter s = {.n = 0};
    support_hold hold;

    const ac_deadline before = ac_now();
    support_hold_worker(&hold, pool);
    const ac_deadline started = ac_now();
    ac_future *queued = support_submit(pool, support_nothing, NULL);
    submitter_start(&s, pool, 1);
    const ac_deadline room = pass_time();
    ck_assert_int_eq(ac_future_cancel(queued), AC_OK);
    ac_future_unref(queued);
    submitter_end(&s, AC_OK);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    const ac_deadline after = ac_now();
    CK_BETWEEN(wait_ns(pool), 0, (started - before) + (after - room));
    support_pool_end(pool);
}
END_TEST

START_TEST(of_several_the_sum_and_the_longest)
{
    enum { N = 4 };
    ac_pool *pool = timed_pool(2, 0, 1);

    const ac_deadline before = ac_now();
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, take_time, NULL, NULL), AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    const ac_deadline after = ac_now();
    const uint64_t most = stat_of(pool, AC_STAT_RUN_MAX_NS);
    CK_BETWEEN(run_ns(pool), N * INT64_C(2000000), 2 * (after - before));
    CK_BETWEEN(most, INT64_C(2000000), after - before);
    CK_BETWEEN(run_ns(pool), most, N * most);
    support_pool_end(pool);
}
END_TEST

START_TEST(s26_s46_what_never_ran_has_no_times)
{
    ac_pool *pool = timed_pool(1, 0, 1);
    ac_task_attr *late = NULL;
    support_hold hold;

    ck_assert_int_eq(ac_task_attr_create(&late), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_start_by(late, AC_POLL), AC_OK);
    const ac_deadline before = ac_now();
    support_hold_worker(&hold, pool);
    const ac_deadline started = ac_now();
    for (int i = 0; i < 4; i++) {
        ac_future *f = NULL;
        ck_assert_int_eq(
            ac_submit(pool, i < 2 ? late : NULL, support_nothing, NULL, &f),
            AC_OK);
        pass_time();
        if (i > 0) /* the first is left to the worker */
            ac_future_cancel(f);
        ac_future_unref(f);
    }
    support_hold_end(&hold);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_uint_eq(stat_of(pool, AC_STAT_EXPIRED), 2);
    ck_assert_uint_eq(stat_of(pool, AC_STAT_CANCELED), 2);
    CK_BETWEEN(wait_ns(pool), 0, started - before);
    ck_assert_uint_eq(stat_of(pool, AC_STAT_RUN_MAX_NS), run_ns(pool));
    ac_task_attr_destroy(late);
    support_pool_end(pool);
}
END_TEST

static int
take_time_and_thread(void *arg, void **result)
{
    take_time(arg, result);
    pthread_exit(NULL);
}

START_TEST(s55_what_ended_its_thread_has_run_too)
{
    ac_pool *pool = timed_pool(1, 0, 1);

    const ac_deadline before = ac_now();
    ck_assert_int_eq(ac_submit(pool, NULL, take_time_and_thread, NULL, NULL),
                     AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    CK_BETWEEN(run_ns(pool), INT64_C(2000000), ac_now() - before);
    ck_assert_uint_eq(stat_of(pool, AC_STAT_ABORTED), 1);
    support_pool_end(pool);
}
END_TEST

static int
wait_for_another(void *arg, void **result)
{
    ac_future *inner = NULL;

    (void)result;
    SUPPORT_CHECK_INT(ac_submit(arg, NULL, take_time, NULL, &inner), AC_OK);
    pass_time();
    SUPPORT_CHECK_INT(ac_future_wait(inner, AC_FOREVER), AC_OK);
    ac_future_unref(inner);
    return 0;
}

/* The outer one runs while the inner one does. */
START_TEST(s39_one_run_in_place_is_measured_by_itself)
{
    ac_pool *pool = timed_pool(1, 0, 1);

    const ac_deadline before = ac_now();
    ck_assert_int_eq(ac_submit(pool, NULL, wait_for_another, pool, NULL),
                     AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    const ac_deadline after = ac_now();
    CK_BETWEEN(run_ns(pool), INT64_C(6000000), 2 * (after - before));
    CK_BETWEEN(stat_of(pool, AC_STAT_RUN_MAX_NS), INT64_C(4000000),
               after - before);
    CK_BETWEEN(wait_ns(pool), INT64_C(2000000), after - before);
    support_pool_end(pool);
}
END_TEST

/* ---- Suite ---------------------------------------------------------- */

Suite *
test_suite(void)
{
    Suite *suite = suite_create("timing");
    TCase *tcase = support_tcase("timing");

    tcase_add_loop_test(tcase, nothing_is_measured_unless_asked_for, 0, 2);
    tcase_add_loop_test(tcase, it_runs_from_its_start_to_its_end, 0, 3);
    tcase_add_loop_test(tcase, it_waits_from_when_it_was_accepted_to_its_start,
                        0, 2);
    tcase_add_test(tcase, s44_to_stand_in_line_is_not_to_wait_in_the_queue);
    tcase_add_test(tcase, of_several_the_sum_and_the_longest);
    tcase_add_test(tcase, s26_s46_what_never_ran_has_no_times);
    tcase_add_test(tcase, s55_what_ended_its_thread_has_run_too);
    tcase_add_test(tcase, s39_one_run_in_place_is_measured_by_itself);
    suite_add_tcase(suite, tcase);
    return suite;
}
