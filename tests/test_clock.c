/*
 * Deadlines: how they are made, and that every call that takes one means the
 * same by it: a past one polls, what is ready is returned even then, and no
 * time-out comes early.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include <time.h>

#define MS INT64_C(1000000)
#define HOUR (INT64_C(3600) * 1000 * MS)

/* ---- Making deadlines ----------------------------------------------- */

static int64_t
monotonic(void)
{
    struct timespec ts;

    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
    return (int64_t)ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

START_TEST(s1_now_is_the_monotonic_clock)
{
    for (int i = 0; i < 1000; i++) {
        const int64_t before = monotonic();
        const ac_deadline now = ac_now();
        ck_assert(before <= now);
        ck_assert(now <= monotonic());
    }
}
END_TEST

START_TEST(s2_poll_is_past_and_forever_is_not)
{
    _Static_assert(_Generic(AC_POLL, ac_deadline : 1, default : 0) &&
                       _Generic(AC_FOREVER, ac_deadline : 1, default : 0),
                   "the constants are deadlines");
    ck_assert(AC_POLL < ac_now());
    ck_assert(ac_now() < AC_FOREVER);
}
END_TEST

START_TEST(s7_a_sum_in_range_is_exact)
{
    const int64_t ms[] = {0, 1, 999, 1000, 86400000, 1000000000000};

    for (size_t i = 0; i < sizeof(ms) / sizeof(ms[0]); i++) {
        const ac_deadline before = ac_now();
        const ac_deadline in_ms = ac_deadline_in_ms(ms[i]);
        const ac_deadline in_ns = ac_deadline_in_ns(ms[i] * MS + 7);
        const ac_deadline after = ac_now();
        ck_assert(before + ms[i] * MS <= in_ms);
        ck_assert(in_ms <= after + ms[i] * MS);
        ck_assert(before + ms[i] * MS + 7 <= in_ns);
        ck_assert(in_ns <= after + ms[i] * MS + 7);
    }
}
END_TEST

START_TEST(s7_a_sum_out_of_range_is_forever)
{
    const int64_t max_ms = INT64_MAX / MS;
    const int64_t ms[] = {max_ms,        max_ms + 1, max_ms * 2, 1LL << 62,
                          INT64_MAX - 1, INT64_MAX,  1LL << 44,  1LL << 60};

    for (size_t i = 0; i < sizeof(ms) / sizeof(ms[0]); i++)
        ck_assert(ac_deadline_in_ms(ms[i]) == AC_FOREVER);
    ck_assert(ac_deadline_in_ns(INT64_MAX) == AC_FOREVER);
    ck_assert(ac_deadline_in_ns(INT64_MAX - 1) == AC_FOREVER);
    ck_assert(ac_deadline_in_ns(INT64_MAX - ac_now()) == AC_FOREVER);
}
END_TEST

START_TEST(s7_just_inside_the_range_is_not_forever)
{
    const ac_deadline before = ac_now();
    const int64_t ns = INT64_MAX - before - HOUR;
    const ac_deadline deadline = ac_deadline_in_ns(ns);

    ck_assert(deadline != AC_FOREVER);
    ck_assert(deadline >= before + ns);
}
END_TEST

START_TEST(s7_a_negative_duration_is_already_past)
{
    const int64_t durations[] = {-1,
                                 -2,
                                 -1000,
                                 INT64_MIN / MS - 1,
                                 -HOUR,
                                 -(INT64_MAX / 2),
                                 INT64_MIN / MS,
                                 INT64_MIN / 1000,
                                 INT64_MIN + 1,
                                 INT64_MIN};

    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        const ac_deadline in_ms = ac_deadline_in_ms(durations[i]);
        const ac_deadline in_ns = ac_deadline_in_ns(durations[i]);
        const ac_deadline now = ac_now();
        ck_assert_msg(in_ms < now, "%lld ms", (long long)durations[i]);
        ck_assert_msg(in_ns < now, "%lld ns", (long long)durations[i]);
    }
}
END_TEST

/* ---- Every call that takes a deadline ------------------------------- */

/* What a call may wait for: one task, alone on its pool. */
typedef struct scene {
    ac_pool *pool;
    support_hold hold;
} scene;

typedef int wait_fn(scene *s, ac_deadline deadline);

static int
by_wait(scene *s, ac_deadline deadline)
{
    return ac_future_wait(s->hold.future, deadline);
}

static int
by_get(scene *s, ac_deadline deadline)
{
    return ac_future_get(s->hold.future, deadline, NULL);
}

static int
by_take(scene *s, ac_deadline deadline)
{
    void *result = NULL;

    return ac_future_take(s->hold.future, deadline, &result);
}

static int
by_next(scene *s, ac_deadline deadline)
{
    ac_iter *iter = NULL;
    ac_future *done = NULL;
    int rc = ac_as_completed(&s->hold.future, 1, &iter);

    if (rc != AC_OK)
        return rc;
    rc = ac_iter_next(iter, deadline, &done);
    ac_iter_destroy(iter);
    ac_future_unref(done);
    return rc;
}

static int
by_next_many(scene *s, ac_deadline deadline)
{
    ac_iter *iter = NULL;
    ac_future *done[2] = {NULL, NULL};
    size_t n = 0;
    int rc = ac_as_completed(&s->hold.future, 1, &iter);

    if (rc != AC_OK)
        return rc;
    rc = ac_iter_next_many(iter, done, 1, 2, deadline, &n);
    ac_iter_destroy(iter);
    ac_future_unref(done[0]);
    return rc;
}

static int
by_all(scene *s, ac_deadline deadline)
{
    return ac_wait(&s->hold.future, 1, AC_ALL, deadline, NULL);
}

static int
by_first(scene *s, ac_deadline deadline)
{
    return ac_wait(&s->hold.future, 1, AC_FIRST, deadline, NULL);
}

static int
by_first_error(scene *s, ac_deadline deadline)
{
    return ac_wait(&s->hold.future, 1, AC_FIRST_ERROR, deadline, NULL);
}

static int
by_idle(scene *s, ac_deadline deadline)
{
    return ac_pool_wait_idle(s->pool, deadline);
}

static int
by_shutdown(scene *s, ac_deadline deadline)
{
    return ac_pool_shutdown(s->pool, AC_DRAIN, deadline, NULL);
}

static wait_fn *const waits[] = {
    by_wait, by_get,   by_take,        by_next, by_next_many,
    by_all,  by_first, by_first_error, by_idle, by_shutdown,
};
#define N_WAITS ((int)(sizeof(waits) / sizeof(waits[0])))

/* Long past, and around now: from a nanosecond, which is over when it is
 * looked at, to 2 ms. */
static const ac_deadline past[] = {INT64_MIN, INT64_MIN + 1, -1, AC_POLL,
                                   1,         999999999};
static const int64_t offsets[] = {-MS,    -1,      0,      1,
                                  1000,   20000,   100000, 300000,
                                  500000, 1500000, MS,     2 * MS + 1};
#define N_PAST (sizeof(past) / sizeof(past[0]))
#define N_SOON (N_PAST + sizeof(offsets) / sizeof(offsets[0]))

static ac_deadline
soon(size_t i)
{
    return i < N_PAST ? past[i] : ac_now() + offsets[i - N_PAST];
}

START_TEST(s2_s4_s6_a_time_out_is_never_early_and_consumes_nothing)
{
    scene s;

    s.pool = support_pool(1);
    support_hold_worker(&s.hold, s.pool);
    for (size_t i = 0; i < 5 * N_SOON; i++) {
        const ac_deadline deadline = soon(i % N_SOON);
        ck_assert_int_eq(waits[_i](&s, deadline), AC_ETIMEDOUT);
        ck_assert(ac_now() >= deadline);
        ck_assert_int_eq(ac_future_status(s.hold.future), AC_EAGAIN);
    }
    support_hold_release(&s.hold);
    ck_assert_int_eq(waits[_i](&s, AC_FOREVER), AC_OK);
    support_hold_end(&s.hold);
    support_pool_end(s.pool);
}
END_TEST

START_TEST(s2_s3_ready_beats_expired)
{
    for (size_t i = 0; i < N_SOON; i++) {
        scene s;
        s.pool = support_pool(1);
        support_hold_worker(&s.hold, s.pool);
        support_hold_release(&s.hold);
        /* Idle, not only done: the pool accounts after it resolves. */
        ck_assert_int_eq(ac_pool_wait_idle(s.pool, AC_FOREVER), AC_OK);
        ck_assert_int_eq(waits[_i](&s, soon(i)), AC_OK);
        support_hold_end(&s.hold);
        support_pool_end(s.pool);
    }
}
END_TEST

typedef struct waiting {
    scene *s;
    wait_fn *fn;
    ac_deadline deadline;
} waiting;

static void
wait_for_ok(void *arg)
{
    waiting *w = arg;

    SUPPORT_CHECK_INT(w->fn(w->s, w->deadline), AC_OK);
}

/* Far deadlines must not come out as near ones: in seconds they fit no
 * 32-bit time, and INT64_MAX - 1 is a limit, though nobody will see it. */
START_TEST(s7_far_deadlines_wait_until_it_is_done)
{
    const ac_deadline far[] = {
        support_far(), INT64_MAX / 2,    INT64_MAX - 1,
        INT64_MAX,     INT64_C(1) << 62, INT64_C(2147483648) * 1000 * MS};

    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        support_thread thread;
        scene s;
        waiting w = {&s, waits[_i], far[i]};
        s.pool = support_pool(1);
        support_hold_worker(&s.hold, s.pool);
        support_thread_start(&thread, wait_for_ok, &w);
        support_thread_await_sleep(&thread);
        support_hold_release(&s.hold);
        support_thread_join(&thread);
        support_hold_end(&s.hold);
        support_pool_end(s.pool);
    }
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("clock");
    TCase *tcase = support_tcase("making deadlines");

    tcase_add_test(tcase, s1_now_is_the_monotonic_clock);
    tcase_add_test(tcase, s2_poll_is_past_and_forever_is_not);
    tcase_add_test(tcase, s7_a_sum_in_range_is_exact);
    tcase_add_test(tcase, s7_a_sum_out_of_range_is_forever);
    tcase_add_test(tcase, s7_just_inside_the_range_is_not_forever);
    tcase_add_test(tcase, s7_a_negative_duration_is_already_past);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("every call that takes one");
    tcase_add_loop_test(tcase,
                        s2_s4_s6_a_time_out_is_never_early_and_consumes_nothing,
                        0, N_WAITS);
    tcase_add_loop_test(tcase, s2_s3_ready_beats_expired, 0, N_WAITS);
    tcase_add_loop_test(tcase, s7_far_deadlines_wait_until_it_is_done, 0,
                        N_WAITS);
    suite_add_tcase(suite, tcase);
    return suite;
}
