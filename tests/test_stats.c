/*
 * The counters of a pool: each of them, that they add up, that a snapshot is
 * of one moment, and the times.
 *
 * SPDX-License-Identifier: MIT
 */
#include "submitter.h"

#include <string.h>

typedef struct snapshot {
    uint64_t v[AC_STATS];
} snapshot;

static snapshot
look(const ac_pool *pool)
{
    snapshot s;

    SUPPORT_CHECK_INT(ac_pool_stats(pool, s.v, AC_STATS), AC_OK);
    return s;
}

static uint64_t
ended(const snapshot *s)
{
    return s->v[AC_STAT_COMPLETED] + s->v[AC_STAT_FAILED] +
           s->v[AC_STAT_CANCELED] + s->v[AC_STAT_EXPIRED] +
           s->v[AC_STAT_ABORTED];
}

/* The pool is idle: it adds up. */
static snapshot
look_idle(ac_pool *pool)
{
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    const snapshot s = look(pool);
    ck_assert_uint_eq(s.v[AC_STAT_SUBMITTED], ended(&s));
    ck_assert_uint_eq(s.v[AC_STAT_QUEUED], 0);
    return s;
}

/* ---- Each ----------------------------------------------------------- */

START_TEST(a_new_pool_has_its_workers_and_nothing_else)
{
    ac_pool *pool = support_pool(3);

    snapshot s = look(pool);
    ck_assert_uint_eq(s.v[AC_STAT_WORKERS], 3);
    for (int i = 1; i < AC_STATS; i++)
        ck_assert_uint_eq(s.v[i], 0);
    support_pool_end(pool);
}
END_TEST

START_TEST(the_numbers_of_the_counters_are_fixed)
{
    const int numbers[] = {
        AC_STAT_WORKERS,     AC_STAT_BUSY,      AC_STAT_QUEUED,
        AC_STAT_QUEUED_MAX,  AC_STAT_SUBMITTED, AC_STAT_COMPLETED,
        AC_STAT_FAILED,      AC_STAT_CANCELED,  AC_STAT_EXPIRED,
        AC_STAT_ABORTED,     AC_STAT_REJECTED,  AC_STAT_WAIT_NS,
        AC_STAT_WAIT_MAX_NS, AC_STAT_RUN_NS,    AC_STAT_RUN_MAX_NS};

    ck_assert_int_ge(AC_STATS, (int)(sizeof(numbers) / sizeof(numbers[0])));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        ck_assert_int_eq(numbers[i], (int)i);
}
END_TEST

START_TEST(as_many_are_written_as_were_asked_for)
{
    const uint64_t mark = UINT64_C(0x5a5a5a5a5a5a5a5a);
    ac_pool *pool = support_pool(2);
    uint64_t values[AC_STATS + 5];

    for (size_t n = 0; n <= AC_STATS + 4; n++) {
        memset(values, 0x5a, sizeof(values));
        ck_assert_int_eq(ac_pool_stats(pool, values, n), AC_OK);
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            const uint64_t known = i == AC_STAT_WORKERS ? 2 : 0;
            ck_assert_uint_eq(values[i], i < n ? known : mark);
        }
    }
    ck_assert_int_eq(ac_pool_stats(pool, NULL, 0), AC_OK);
    ck_assert_int_eq(ac_pool_stats(pool, NULL, 1), AC_EINVAL);
    memset(values, 0x5a, sizeof(values));
    ck_assert_int_eq(ac_pool_stats(NULL, values, AC_STATS), AC_EINVAL);
    ck_assert_uint_eq(values[0], mark);
    support_pool_end(pool);
}
END_TEST

START_TEST(who_is_busy_and_what_is_queued)
{
    ac_pool *pool = support_pool(2);
    support_hold holds[2];

    for (size_t i = 0; i < 2; i++) {
        support_hold_worker(&holds[i], pool);
        ck_assert_uint_eq(look(pool).v[AC_STAT_BUSY], i + 1);
    }
    for (size_t i = 1; i <= 3; i++) {
        ck_assert_int_eq(ac_submit(pool, NULL, support_nothing, NULL, NULL),
                         AC_OK);
        ck_assert_uint_eq(look(pool).v[AC_STAT_QUEUED], i);
        ck_assert_uint_eq(look(pool).v[AC_STAT_SUBMITTED], i + 2);
    }
    for (size_t i = 0; i < 2; i++)
        support_hold_end(&holds[i]);
    const snapshot s = look_idle(pool);
    ck_assert_uint_eq(s.v[AC_STAT_BUSY], 0);
    ck_assert_uint_eq(s.v[AC_STAT_QUEUED_MAX], 3);
    ck_assert_uint_eq(s.v[AC_STAT_COMPLETED], 5);
    support_pool_end(pool);
}
END_TEST

static int
return_it(void *arg, void **result)
{
    (void)result;
    return *(const int *)arg;
}

static int
end_thread(void *arg, void **result)
{
    (void)arg;
    (void)result;
    pthread_exit(NULL);
}

/* n of them for the n-th way to end. */
START_TEST(s46_s55_each_way_to_end_has_its_counter)
{
    const int codes[] = {0, 7, AC_TASK_CANCELED};
    ac_pool *pool = support_pool(1);
    ac_task_attr *late = NULL;
    ac_future *queued = NULL;
    support_hold hold;

    ck_assert_int_eq(ac_task_attr_create(&late), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_start_by(late, AC_POLL), AC_OK);
    support_hold_worker(&hold, pool); /* completes, too */
    for (size_t way = 0; way < 3; way++)
        for (size_t i = 0; i < way + 1; i++)
            ck_assert_int_eq(
                ac_submit(pool, NULL, return_it, (void *)&codes[way], NULL),
                AC_OK);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(ac_submit(pool, late, support_nothing, NULL, NULL),
                         AC_OK);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, end_thread, NULL, NULL), AC_OK);
    for (int i = 0; i < 6; i++) {
        queued = support_submit(pool, support_nothing, NULL);
        ck_assert_int_eq(ac_future_cancel(queued), AC_OK);
        ck_assert_int_eq(ac_future_cancel(queued), AC_OK); /* counts once */
        ck_assert_uint_eq(look(pool).v[AC_STAT_CANCELED], (uint64_t)i + 1);
        ac_future_unref(queued);
    }
    support_hold_end(&hold);
    const snapshot s = look_idle(pool);
    ck_assert_uint_eq(s.v[AC_STAT_COMPLETED], 1 + 1);
    ck_assert_uint_eq(s.v[AC_STAT_FAILED], 2);
    ck_assert_uint_eq(s.v[AC_STAT_CANCELED], 3 + 6);
    ck_assert_uint_eq(s.v[AC_STAT_EXPIRED], 4);
    ck_assert_uint_eq(s.v[AC_STAT_ABORTED], 5);
    ck_assert_uint_eq(s.v[AC_STAT_SUBMITTED], 1 + 6 + 4 + 5 + 6);
    ck_assert_uint_eq(s.v[AC_STAT_WORKERS], 1);
    ck_assert_uint_eq(s.v[AC_STAT_BUSY], 0);
    ck_assert_uint_eq(s.v[AC_STAT_REJECTED], 0);
    ac_task_attr_destroy(late);
    support_pool_end(pool);
}
END_TEST

/* A worker that is inside of two tasks is one that is busy. */
static int
ask_inside(void *arg, void **result)
{
    (void)result;
    SUPPORT_CHECK_INT(look(arg).v[AC_STAT_BUSY], 1);
    return 0;
}

static int
ask_in_place(void *arg, void **result)
{
    ac_pool *pool = arg;
    ac_future *child = NULL;

    (void)result;
    SUPPORT_CHECK_INT(look(pool).v[AC_STAT_BUSY], 1);
    SUPPORT_CHECK_INT(ac_submit(pool, NULL, ask_inside, pool, &child), AC_OK);
    SUPPORT_CHECK_INT(ac_future_wait(child, AC_FOREVER), AC_OK);
    ac_future_unref(child);
    /* That one is accounted for before the wait returns. */
    SUPPORT_CHECK_INT(look(pool).v[AC_STAT_COMPLETED], 1);
    SUPPORT_CHECK_INT(look(pool).v[AC_STAT_QUEUED], 0);
    SUPPORT_CHECK_INT(look(pool).v[AC_STAT_BUSY], 1);
    return 0;
}

START_TEST(s39_one_run_in_place_counts_like_any_other)
{
    ac_pool *pool = support_pool(1);

    ck_assert_int_eq(ac_submit(pool, NULL, ask_in_place, pool, NULL), AC_OK);
    const snapshot s = look_idle(pool);
    ck_assert_uint_eq(s.v[AC_STAT_SUBMITTED], 2);
    ck_assert_uint_eq(s.v[AC_STAT_COMPLETED], 2);
    support_pool_end(pool);
}
END_TEST

/* What was refused for another reason is not the pool's refusal. */
START_TEST(s44_what_the_pool_refused_is_rejected_and_nothing_else)
{
    void *args[2] = {NULL};
    ac_iter *iter = NULL;
    full_pool full;

    full_pool_init(&full, 2, 1);
    ck_assert_int_eq(ac_as_completed(NULL, 0, &iter), AC_OK);
    ck_assert_int_eq(ac_iter_submit(iter, full.pool, NULL, support_nothing,
                                    NULL, AC_POLL, NULL),
                     AC_ECLOSED);
    ck_assert_int_eq(ac_submit(full.pool, NULL, NULL, NULL, NULL), AC_EINVAL);
    ck_assert_uint_eq(look(full.pool).v[AC_STAT_REJECTED], 0);
    ck_assert_int_eq(ac_submit_many(full.pool, NULL, support_nothing, args, 2,
                                    AC_POLL, NULL),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(look(full.pool).v[AC_STAT_REJECTED], 2);
    ck_assert_int_eq(ac_submit(full.pool, NULL, support_nothing, NULL, NULL),
                     AC_OK);
    ck_assert_int_eq(ac_submit(full.pool, NULL, support_nothing, NULL, NULL),
                     AC_EAGAIN);
    ck_assert_uint_eq(look(full.pool).v[AC_STAT_REJECTED], 3);
    ck_assert_int_eq(ac_pool_shutdown(full.pool, AC_CANCEL, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    ck_assert_int_eq(ac_submit(full.pool, NULL, support_nothing, NULL, NULL),
                     AC_ESHUTDOWN);
    const snapshot s = look(full.pool);
    ck_assert_uint_eq(s.v[AC_STAT_REJECTED], 4);
    ck_assert_uint_eq(s.v[AC_STAT_CANCELED], 2);
    ck_assert_uint_eq(s.v[AC_STAT_QUEUED], 0);
    ck_assert_uint_eq(s.v[AC_STAT_SUBMITTED], 3);
    ac_iter_destroy(iter);
    ck_assert_uint_eq(full_pool_end(&full), 0);
}
END_TEST

/* ---- Of one moment -------------------------------------------------- */

typedef struct traffic {
    ac_pool *pool;
    support_counter done;
    size_t each;
} traffic;

/* Some run, some are canceled, some are refused. */
static void
drive(void *arg)
{
    traffic *t = arg;

    for (size_t i = 0; i < t->each; i++) {
        ac_future *f = NULL;
        const int rc = ac_submit(t->pool, NULL, support_nothing, NULL, &f);
        SUPPORT_CHECK(rc == AC_OK || rc == AC_EAGAIN);
        if (rc == AC_OK && i % 3 == 0)
            ac_future_cancel(f);
        ac_future_unref(f);
    }
    support_counter_add(&t->done);
}

static void
check_moment(const snapshot *s, const snapshot *before, size_t capacity)
{
    ck_assert_uint_ge(s->v[AC_STAT_SUBMITTED],
                      ended(s) + s->v[AC_STAT_QUEUED] + s->v[AC_STAT_BUSY]);
    ck_assert_uint_le(s->v[AC_STAT_BUSY], s->v[AC_STAT_WORKERS]);
    ck_assert_uint_le(s->v[AC_STAT_QUEUED], s->v[AC_STAT_QUEUED_MAX]);
    ck_assert_uint_le(s->v[AC_STAT_QUEUED_MAX], capacity);
    for (int i = AC_STAT_QUEUED_MAX; i <= AC_STAT_REJECTED; i++)
        ck_assert_uint_ge(s->v[i], before->v[i]);
}

START_TEST(under_load_a_snapshot_is_of_one_moment)
{
    enum { DRIVERS = 3, CAPACITY = 20 };
    traffic t = {.pool = bounded_pool(2, CAPACITY),
                 .each = support_instrumented() ? 1000 : 5000};
    support_thread threads[DRIVERS];
    snapshot before = look(t.pool);

    support_counter_init(&t.done);
    for (int i = 0; i < DRIVERS; i++)
        support_thread_start(&threads[i], drive, &t);
    while (support_counter_get(&t.done) < DRIVERS) {
        const snapshot s = look(t.pool);
        check_moment(&s, &before, CAPACITY);
        before = s;
    }
    for (int i = 0; i < DRIVERS; i++)
        support_thread_join(&threads[i]);
    const snapshot s = look_idle(t.pool);
    ck_assert_uint_eq(s.v[AC_STAT_SUBMITTED] + s.v[AC_STAT_REJECTED],
                      DRIVERS * t.each);
    support_pool_end(t.pool);
    support_counter_destroy(&t.done);
}
END_TEST

/* ---- Suite ---------------------------------------------------------- */

Suite *
test_suite(void)
{
    Suite *suite = suite_create("stats");
    TCase *tcase = support_tcase("each");

    tcase_add_test(tcase, a_new_pool_has_its_workers_and_nothing_else);
    tcase_add_test(tcase, the_numbers_of_the_counters_are_fixed);
    tcase_add_test(tcase, as_many_are_written_as_were_asked_for);
    tcase_add_test(tcase, who_is_busy_and_what_is_queued);
    tcase_add_test(tcase, s46_s55_each_way_to_end_has_its_counter);
    tcase_add_test(tcase, s39_one_run_in_place_counts_like_any_other);
    tcase_add_test(tcase,
                   s44_what_the_pool_refused_is_rejected_and_nothing_else);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("of one moment");
    tcase_add_test(tcase, under_load_a_snapshot_is_of_one_moment);
    suite_add_tcase(suite, tcase);
    return suite;
}
