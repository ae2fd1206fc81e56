/*
 * Options: of a pool (name, stack, help) and of a task (who frees what is
 * left, and how often).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Elsewhere a thread asks for its name and its stack in other ways. */
#ifdef __linux__

/* ---- The name of the workers ---------------------------------------- */

enum { WORKERS = 12 };

static support_barrier all_here;
static char names[WORKERS][16];

static int
note_name(void *arg, void **result)
{
    char *name = arg;

    (void)result;
    SUPPORT_CHECK_INT(pthread_getname_np(pthread_self(), name, 16), 0);
    support_barrier_wait(&all_here);
    return 0;
}

static int
compare_names(const void *a, const void *b)
{
    const int x = atoi(strrchr(a, '-') + 1);
    const int y = atoi(strrchr(b, '-') + 1);

    return (x > y) - (x < y);
}

/* All of them, in the order of their numbers. */
static void
collect_names(const ac_pool_attr *attr)
{
    ac_pool *pool = NULL;

    support_barrier_init(&all_here, WORKERS);
    ck_assert_int_eq(ac_pool_create(WORKERS, attr, &pool), AC_OK);
    for (int i = 0; i < WORKERS; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, note_name, names[i], NULL),
                         AC_OK);
    support_pool_end(pool);
    support_barrier_destroy(&all_here);
    for (int i = 0; i < WORKERS; i++)
        ck_assert_msg(strrchr(names[i], '-') != NULL, "%s", names[i]);
    qsort(names, WORKERS, sizeof(names[0]), compare_names);
}

static void
check_names(const char *name)
{
    const int first = atoi(strrchr(names[0], '-') + 1);

    for (int i = 0; i < WORKERS; i++) {
        char number[16];
        char whole[32];
        snprintf(number, sizeof(number), "-%d", first + i);
        snprintf(whole, sizeof(whole), "%.*s%s", (int)(15 - strlen(number)),
                 name, number);
        ck_assert_str_eq(names[i], whole);
    }
}

START_TEST(workers_are_called_by_the_name_and_a_number)
{
    char name[64];
    ac_pool_attr *attr = NULL;

    collect_names(NULL);
    check_names("ac");
    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    collect_names(attr);
    check_names("ac");
    strcpy(name, "resize");
    ck_assert_int_eq(ac_pool_attr_set_name(attr, name), AC_OK);
    memset(name, 'x', sizeof(name)); /* it was copied */
    collect_names(attr);
    check_names("resize");
    ac_pool_attr_destroy(attr);
}
END_TEST

START_TEST(a_long_name_is_cut_and_the_number_is_not)
{
    const char *const longs[] = {"abcdefghijklm", "abcdefghijklmn",
                                 "abcdefghijklmno", "abcdefghijklmnop",
                                 "a-name-longer-than-any-thread-may-have"};
    ac_pool_attr *attr = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++) {
        ck_assert_int_eq(ac_pool_attr_set_name(attr, longs[i]), AC_OK);
        collect_names(attr);
        check_names(longs[i]);
    }
    ac_pool_attr_destroy(attr);
}
END_TEST

/* ---- The stack ------------------------------------------------------ */

static int
measure_stack(void *arg, void **result)
{
    pthread_attr_t attr;
    size_t *size = arg;

    (void)result;
    SUPPORT_CHECK_INT(pthread_getattr_np(pthread_self(), &attr), 0);
    SUPPORT_CHECK_INT(pthread_attr_getstacksize(&attr, size), 0);
    pthread_attr_destroy(&attr);
    return 0;
}

static size_t
stack_of(const ac_pool_attr *attr)
{
    ac_pool *pool = NULL;
    size_t size = 0;

    ck_assert_int_eq(ac_pool_create(1, attr, &pool), AC_OK);
    ck_assert_int_eq(ac_submit(pool, NULL, measure_stack, &size, NULL), AC_OK);
    support_pool_end(pool);
    return size;
}

/* At least: the system may give a thread the larger stack of one that has
 * ended, and may count a guard page in or out. */
START_TEST(the_stack_is_as_large_as_asked)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t sizes[] = {(size_t)256 << 10, (size_t)1 << 20,
                            (size_t)16 << 20, ((size_t)16 << 20) + page + 1,
                            (size_t)64 << 20};
    ac_pool_attr *attr = NULL;

    ck_assert_uint_ge(stack_of(NULL), ((size_t)8 << 20) - page);
    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_uint_ge(stack_of(attr), ((size_t)8 << 20) - page);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        ck_assert_int_eq(ac_pool_attr_set_stack_size(attr, sizes[i]), AC_OK);
        ck_assert_uint_ge(stack_of(attr), sizes[i] - page);
    }
    ac_pool_attr_destroy(attr);
}
END_TEST

START_TEST(a_stack_below_the_minimum_is_refused_and_nothing_changes)
{
    const size_t minimum = (size_t)sysconf(_SC_THREAD_STACK_MIN);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t wrong[] = {0, 1, minimum / 2, minimum - 1};
    ac_pool_attr *attr = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_stack_size(attr, (size_t)64 << 20),
                     AC_OK);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_int_eq(ac_pool_attr_set_stack_size(attr, wrong[i]),
                         AC_EINVAL);
    ck_assert_uint_ge(stack_of(attr), ((size_t)64 << 20) - page);
    ac_pool_attr_destroy(attr);
}
END_TEST

#endif /* __linux__ */

START_TEST(a_stack_that_the_system_cannot_give_fails_the_create)
{
    const size_t huge[] = {SIZE_MAX, SIZE_MAX - 4095, SIZE_MAX / 2 + 1};
    ac_pool_attr *attr = NULL;
    ac_pool *pool = NULL;

    if (support_instrumented())
        return; /* a sanitizer ends the program when mmap() says no */
    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
        if (ac_pool_attr_set_stack_size(attr, huge[i]) != AC_OK)
            continue;
        const int rc = ac_pool_create(2, attr, &pool);
        ck_assert_msg(rc == AC_ENOMEM || rc == AC_EAGAIN, "%d", rc);
        ck_assert_ptr_null(pool);
    }
    ac_pool_attr_destroy(attr);
}
END_TEST

/* ---- Free functions: how often, for which end ----------------------- */

typedef struct object {
    int args_freed;    /* by whoever drops the last reference */
    int results_freed; /* the same */
    int rc;
    int leave_result;
    support_gate started;
    support_gate go_on;
} object;

static void
free_arg(void *arg)
{
    ((object *)arg)->args_freed++;
}

static void
free_result(void *result)
{
    ((object *)result)->results_freed++;
}

static int
leave(void *arg, void **result)
{
    object *o = arg;

    support_gate_open(&o->started);
    support_gate_wait(&o->go_on);
    if (o->leave_result)
        *result = o;
    return o->rc;
}

enum { QUEUED_CANCELED = 1, QUEUED_SHUTDOWN = 2, RUNS = 3 };

static const struct {
    int rc;
    int leave_result;
    int how;
    int take;
    int args_freed;
    int results_freed;
} matrix[] = {
    /* it ran: its argument was its own */
    {0, 1, RUNS, 0, 0, 1},
    {0, 1, RUNS, 1, 0, 0},
    {0, 0, RUNS, 0, 0, 0},
    {0, 0, RUNS, 1, 0, 0},
    {7, 1, RUNS, 0, 0, 1},
    {7, 1, RUNS, 1, 0, 0},
    {7, 0, RUNS, 0, 0, 0},
    /* it ran and stopped when asked: the same */
    {AC_TASK_CANCELED, 1, RUNS, 0, 0, 1},
    {AC_TASK_CANCELED, 1, RUNS, 1, 0, 0},
    {AC_TASK_CANCELED, 0, RUNS, 0, 0, 0},
    /* it never ran: nobody else could have freed the argument */
    {0, 1, QUEUED_CANCELED, 0, 1, 0},
    {0, 1, QUEUED_CANCELED, 1, 1, 0},
    {0, 1, QUEUED_SHUTDOWN, 0, 1, 0},
    {0, 1, QUEUED_SHUTDOWN, 1, 1, 0},
};
#define N_MATRIX ((int)(sizeof(matrix) / sizeof(matrix[0])))

static ac_task_attr *
freeing_attr(void)
{
    ac_task_attr *attr = NULL;

    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, free_arg), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_result(attr, free_result), AC_OK);
    return attr;
}

static void
object_init(object *o, int rc, int leave_result)
{
    o->args_freed = o->results_freed = 0;
    o->rc = rc;
    o->leave_result = leave_result;
    support_gate_init(&o->started);
    support_gate_init(&o->go_on);
}

static void
object_destroy(object *o)
{
    support_gate_destroy(&o->started);
    support_gate_destroy(&o->go_on);
}

START_TEST(s32_free_functions_run_once_when_they_should)
{
    ac_task_attr *attr = freeing_attr();
    ac_pool *pool = support_pool(1);
    support_hold hold;
    ac_future *f = NULL;
    void *taken = NULL;
    object o;

    object_init(&o, matrix[_i].rc, matrix[_i].leave_result);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_submit(pool, attr, leave, &o, &f), AC_OK);
    ac_task_attr_destroy(attr);
    if (matrix[_i].how == QUEUED_CANCELED)
        ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    if (matrix[_i].how == QUEUED_SHUTDOWN)
        ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, NULL),
                         AC_ETIMEDOUT);
    support_hold_end(&hold);
    if (matrix[_i].how == RUNS) {
        support_gate_wait(&o.started);
        if (o.rc == AC_TASK_CANCELED)
            ck_assert_int_eq(ac_future_cancel(f), AC_EBUSY);
        support_gate_open(&o.go_on);
    }
    ck_assert_int_eq(ac_future_wait(f, AC_FOREVER), AC_OK);
    if (matrix[_i].take)
        (void)ac_future_take(f, AC_POLL, &taken);
    support_pool_end(pool);
    /* Not before the last reference goes: the argument can be looked at. */
    ck_assert_ptr_eq(ac_future_arg(f), &o);
    ck_assert_int_eq(o.args_freed + o.results_freed, 0);
    ac_future_unref(ac_future_ref(f));
    ck_assert_int_eq(o.args_freed + o.results_freed, 0);
    ac_future_unref(f);
    ck_assert_int_eq(o.args_freed, matrix[_i].args_freed);
    ck_assert_int_eq(o.results_freed, matrix[_i].results_freed);
    object_destroy(&o);
}
END_TEST

START_TEST(s33_a_dropped_future_frees_its_result_too)
{
    ac_task_attr *attr = freeing_attr();
    ac_pool *pool = support_pool(1);
    object o[3];

    for (int i = 0; i < 3; i++) {
        ac_future *f = NULL;
        object_init(&o[i], 0, 1);
        ck_assert_int_eq(
            ac_submit(pool, attr, leave, &o[i], i == 0 ? NULL : &f), AC_OK);
        if (i == 1)
            ac_future_unref(f);
        support_gate_wait(&o[i].started);
        if (i == 2)
            ac_future_unref(f);
        support_gate_open(&o[i].go_on);
    }
    ac_task_attr_destroy(attr);
    support_pool_end(pool);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(o[i].args_freed, 0);
        ck_assert_int_eq(o[i].results_freed, 1);
        object_destroy(&o[i]);
    }
}
END_TEST

START_TEST(s33_nobody_asks_and_it_never_runs)
{
    ac_task_attr *attr = freeing_attr();
    ac_pool *pool = support_pool(1);
    support_hold hold;
    object o;

    object_init(&o, 0, 1);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_submit(pool, attr, leave, &o, NULL), AC_OK);
    ac_task_attr_destroy(attr);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    ck_assert_int_eq(o.args_freed, 1);
    support_hold_end(&hold);
    support_pool_end(pool);
    ck_assert_int_eq(o.args_freed, 1);
    ck_assert_int_eq(o.results_freed, 0);
    object_destroy(&o);
}
END_TEST

START_TEST(s43_what_was_refused_is_not_freed)
{
    ac_task_attr *attr = freeing_attr();
    ac_pool *pool = support_pool(1);
    object o;

    object_init(&o, 0, 1);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, NULL), AC_OK);
    ck_assert_int_eq(ac_submit(pool, attr, leave, &o, NULL), AC_ESHUTDOWN);
    ck_assert_int_eq(ac_submit(pool, attr, NULL, &o, NULL), AC_EINVAL);
    support_pool_end(pool);
    ac_task_attr_destroy(attr);
    ck_assert_int_eq(o.args_freed + o.results_freed, 0);
    object_destroy(&o);
}
END_TEST

/* A free function is user code like any other: no lock of ours is held. */
typedef struct calling {
    ac_pool *pool;
    ac_future *other; /* a reference; may be NULL */
    int freed;
} calling;

static void
free_and_call(void *arg)
{
    calling *c = arg;

    c->freed++;
    ac_future_unref(c->other);
    SUPPORT_CHECK_INT(ac_submit(c->pool, NULL, support_nothing, NULL, NULL),
                      AC_OK);
    SUPPORT_CHECK_INT(ac_cancel_requested(), 0);
}

START_TEST(a_free_function_may_call_anything)
{
    ac_pool *pool = support_pool(1);
    ac_task_attr *attr = NULL;
    calling c[3];
    ac_future *f = NULL;

    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_result(attr, free_and_call), AC_OK);
    /* Each drops the one before: one free function inside another. */
    for (int i = 0; i < 3; i++) {
        c[i] = (calling){pool, f, 0};
        ck_assert_int_eq(ac_submit(pool, attr, support_echo, &c[i], &f), AC_OK);
        ck_assert_int_eq(ac_future_wait(f, AC_FOREVER), AC_OK);
    }
    ac_task_attr_destroy(attr);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ac_future_unref(f);
    support_pool_end(pool);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(c[i].freed, 1);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("attr");
    TCase *tcase = support_tcase("pool");

#ifdef __linux__
    tcase_add_test(tcase, workers_are_called_by_the_name_and_a_number);
    tcase_add_test(tcase, a_long_name_is_cut_and_the_number_is_not);
    tcase_add_test(tcase, the_stack_is_as_large_as_asked);
    tcase_add_test(tcase,
                   a_stack_below_the_minimum_is_refused_and_nothing_changes);
#endif
    tcase_add_test(tcase, a_stack_that_the_system_cannot_give_fails_the_create);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("who frees");
    tcase_add_loop_test(tcase, s32_free_functions_run_once_when_they_should, 0,
                        N_MATRIX);
    tcase_add_test(tcase, s33_a_dropped_future_frees_its_result_too);
    tcase_add_test(tcase, s33_nobody_asks_and_it_never_runs);
    tcase_add_test(tcase, s43_what_was_refused_is_not_freed);
    tcase_add_test(tcase, a_free_function_may_call_anything);
    suite_add_tcase(suite, tcase);
    return suite;
}
