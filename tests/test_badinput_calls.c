/*
 * What is not valid, again: promises, callbacks, room, statistics and the
 * descriptor of an iterator.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <limits.h>
#include <string.h>

#include "owned.h"

/* Outputs that a refused call must leave alone. */
static char mark;
#define MARK(type) ((type *)(void *)&mark)

/* ---- Promises and callbacks ----------------------------------------- */

START_TEST(null_promises_are_refused)
{
    ac_promise *promise = MARK(ac_promise);
    ac_future *f = MARK(ac_future);
    owned o = {.runs = 0};

    ck_assert_int_eq(ac_promise_create(NULL, NULL, NULL, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_promise_create(NULL, NULL, NULL, &f), AC_EINVAL);
    ck_assert_int_eq(ac_promise_create(NULL, NULL, &promise, NULL), AC_EINVAL);
    ck_assert_ptr_eq(promise, MARK(ac_promise));
    ck_assert_ptr_eq(f, MARK(ac_future));
    ck_assert_int_eq(ac_promise_resolve(NULL, &o), AC_EINVAL);
    ck_assert_int_eq(ac_promise_resolve(NULL, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_promise_fail(NULL, 1, &o), AC_EINVAL);
    ck_assert_int_eq(ac_promise_fail(NULL, 0, &o), AC_EINVAL);
    ck_assert_int_eq(o.freed_as_result, 0);
}
END_TEST

START_TEST(s37_a_callback_needs_a_future_and_a_function)
{
    pledge p;
    called c = {.times = 0};

    pledge_init(&p);
    for (int i = 0; i < 2; i++) { /* while it is pending, and when done */
        ck_assert_int_eq(ac_future_on_done(NULL, called_note, &c), AC_EINVAL);
        ck_assert_int_eq(ac_future_on_done(p.future, NULL, &c), AC_EINVAL);
        ck_assert_int_eq(ac_future_on_done(NULL, NULL, NULL), AC_EINVAL);
        if (i == 0)
            ck_assert_int_eq(ac_promise_resolve(p.promise, &p.result), AC_OK);
    }
    ck_assert_int_eq(c.times, 0);
    pledge_end(&p, 0, 1);
}
END_TEST

/* ---- Submit --------------------------------------------------------- */

START_TEST(s43_what_submit_needs)
{
    ac_pool *pool = support_pool(1);
    ac_future *f = MARK(ac_future);
    ac_iter *iter = NULL;
    owned o = {.runs = 0};
    void *args[1] = {&o};
    ac_task_attr *attr = owned_attr();
    uint64_t stats[AC_STATS];

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_int_eq(ac_submit(pool, attr, NULL, &o, &f), AC_EINVAL);
    ck_assert_int_eq(ac_submit_until(NULL, attr, owned_run, &o, AC_POLL, &f),
                     AC_EINVAL);
    ck_assert_int_eq(ac_submit_until(pool, attr, NULL, &o, AC_FOREVER, &f),
                     AC_EINVAL);
    ck_assert_int_eq(
        ac_submit_many(NULL, attr, owned_run, args, 1, AC_POLL, &f), AC_EINVAL);
    ck_assert_int_eq(ac_submit_many(pool, attr, NULL, args, 1, AC_POLL, &f),
                     AC_EINVAL);
    ck_assert_int_eq(
        ac_submit_many(pool, attr, owned_run, NULL, 1, AC_POLL, &f), AC_EINVAL);
    ck_assert_int_eq(
        ac_iter_submit(iter, NULL, attr, owned_run, &o, AC_POLL, &f),
        AC_EINVAL);
    ck_assert_int_eq(ac_iter_submit(iter, pool, attr, NULL, &o, AC_POLL, &f),
                     AC_EINVAL);
    ck_assert_uint_eq(ac_iter_remaining(iter), 0);
    ck_assert_ptr_eq(f, MARK(ac_future));
    ck_assert_int_eq(ac_pool_stats(pool, stats, AC_STATS), AC_OK);
    ck_assert_uint_eq(stats[AC_STAT_SUBMITTED], 0);
    ac_iter_destroy(iter);
    ac_task_attr_destroy(attr);
    support_pool_end(pool);
    ck_assert_int_eq(o.freed_as_arg + o.freed_as_result + o.runs, 0);
}
END_TEST

START_TEST(nothing_is_a_valid_number_of_tasks)
{
    ac_pool *pool = support_pool(1);
    ac_future *f = MARK(ac_future);
    void *args[1] = {NULL};

    ck_assert_int_eq(
        ac_submit_many(pool, NULL, support_nothing, NULL, 0, AC_POLL, NULL),
        AC_OK);
    ck_assert_int_eq(
        ac_submit_many(pool, NULL, support_nothing, args, 0, AC_FOREVER, &f),
        AC_OK);
    ck_assert_ptr_eq(f, MARK(ac_future));
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_OK);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, NULL), AC_OK);
    support_pool_end(pool);
}
END_TEST

START_TEST(s45_more_than_the_capacity_is_refused)
{
    ac_pool_attr *attr = NULL;
    ac_pool *pool = NULL;
    owned o[4] = {{.runs = 0}};
    void *args[4] = {&o[0], &o[1], &o[2], &o[3]};
    ac_future *f[4] = {MARK(ac_future), NULL, NULL, NULL};

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_capacity(attr, 3), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &pool), AC_OK);
    ac_pool_attr_destroy(attr);
    ck_assert_int_eq(
        ac_submit_many(pool, NULL, owned_run, args, 4, AC_FOREVER, f),
        AC_EINVAL);
    ck_assert_int_eq(
        ac_submit_many(pool, NULL, owned_run, args, SIZE_MAX, AC_POLL, f),
        AC_EINVAL);
    ck_assert_ptr_eq(f[0], MARK(ac_future));
    ck_assert_int_eq(
        ac_submit_many(pool, NULL, owned_run, args, 3, AC_FOREVER, f), AC_OK);
    for (int i = 0; i < 3; i++)
        ac_future_unref(f[i]);
    support_pool_end(pool);
    ck_assert_int_eq(o[2].runs, 1);
    ck_assert_int_eq(o[3].runs, 0);
}
END_TEST

START_TEST(s43_more_than_memory_can_hold_is_refused)
{
    const size_t many[] = {SIZE_MAX,      SIZE_MAX - 1,  SIZE_MAX / 8,
                           SIZE_MAX / 16, SIZE_MAX / 32, SIZE_MAX / 64};
    ac_pool *pool = support_pool(1);
    ac_future *f = MARK(ac_future);
    void *args[1] = {NULL};

    for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
        ck_assert_int_eq(ac_submit_many(pool, NULL, support_nothing, args,
                                        many[i], AC_FOREVER, &f),
                         AC_ENOMEM);
    ck_assert_ptr_eq(f, MARK(ac_future));
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_OK);
    support_pool_end(pool);
}
END_TEST

/* ---- Options -------------------------------------------------------- */

START_TEST(s47_unknown_levels_are_refused)
{
    const int unknown[] = {-1, 3, 64, INT_MAX, INT_MIN};
    ac_task_attr *attr = owned_attr();

    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        ac_priority level; /* by copy: no compiler minds how it got there */
        memcpy(&level, &unknown[i], sizeof(unknown[i]));
        ck_assert_int_eq(ac_task_attr_set_priority(attr, level), AC_EINVAL);
    }
    ck_assert_int_eq(ac_task_attr_set_priority(attr, AC_PRIORITY_LOW), AC_OK);
    ac_task_attr_destroy(attr);
}
END_TEST

START_TEST(any_number_will_do)
{
    ac_pool_attr *attr = NULL;
    ac_pool *pool = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_capacity(attr, SIZE_MAX), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_timing(attr, -7), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_hooks(attr, NULL, NULL, &mark), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_trace(attr, NULL, &mark), AC_OK);
    ck_assert_int_eq(ac_pool_create(2, attr, &pool), AC_OK);
    ac_pool_attr_destroy(attr);
    ac_future *f = support_submit(pool, support_nothing, NULL);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f);
    support_pool_end(pool);
}
END_TEST

/* ---- Questions ------------------------------------------------------ */

START_TEST(a_snapshot_needs_a_pool_and_a_place)
{
    ac_pool *pool = support_pool(2);
    uint64_t values[AC_STATS + 3];

    for (int i = 0; i < AC_STATS + 3; i++)
        values[i] = 99;
    ck_assert_int_eq(ac_pool_stats(NULL, values, AC_STATS), AC_EINVAL);
    ck_assert_int_eq(ac_pool_stats(NULL, NULL, 0), AC_EINVAL);
    ck_assert_int_eq(ac_pool_stats(pool, NULL, 1), AC_EINVAL);
    ck_assert_int_eq(ac_pool_stats(pool, NULL, 0), AC_OK);
    ck_assert_int_eq(ac_pool_stats(pool, values, 0), AC_OK);
    ck_assert_uint_eq(values[0], 99);
    ck_assert_int_eq(ac_pool_stats(pool, values, 1), AC_OK);
    ck_assert_uint_eq(values[0], 2);
    ck_assert_uint_eq(values[1], 99);
    /* What a later header may know is 0 here. */
    ck_assert_int_eq(ac_pool_stats(pool, values, AC_STATS + 2), AC_OK);
    ck_assert_uint_eq(values[AC_STATS], 0);
    ck_assert_uint_eq(values[AC_STATS + 1], 0);
    ck_assert_uint_eq(values[AC_STATS + 2], 99);
    support_pool_end(pool);
}
END_TEST

START_TEST(s24_a_descriptor_needs_an_iterator_and_a_place)
{
    ac_iter *iter = NULL;
    int fd = -99;
    const size_t before = support_fd_count();

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_int_eq(ac_iter_fd(NULL, &fd), AC_EINVAL);
    ck_assert_int_eq(ac_iter_fd(iter, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_iter_fd(NULL, NULL), AC_EINVAL);
    ck_assert_int_eq(fd, -99);
    ck_assert_uint_eq(support_fd_count(), before);
    ac_iter_destroy(iter);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("bad input to other calls");
    TCase *tcase = support_tcase("promises");

    tcase_add_test(tcase, null_promises_are_refused);
    tcase_add_test(tcase, s37_a_callback_needs_a_future_and_a_function);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("submit");
    tcase_add_test(tcase, s43_what_submit_needs);
    tcase_add_test(tcase, nothing_is_a_valid_number_of_tasks);
    tcase_add_test(tcase, s45_more_than_the_capacity_is_refused);
    tcase_add_test(tcase, s43_more_than_memory_can_hold_is_refused);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("the rest");
    tcase_add_test(tcase, s47_unknown_levels_are_refused);
    tcase_add_test(tcase, any_number_will_do);
    tcase_add_test(tcase, a_snapshot_needs_a_pool_and_a_place);
    tcase_add_test(tcase, s24_a_descriptor_needs_an_iterator_and_a_place);
    suite_add_tcase(suite, tcase);
    return suite;
}
