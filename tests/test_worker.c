/*
 * The thread of a worker: its name, its stack and its signals, also when it
 * has replaced another one, and what hooks may do in it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static int
create(size_t workers, ac_start_fn *start, ac_stop_fn *stop, void *arg,
       ac_pool **pool)
{
    ac_pool_attr *attr = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_hooks(attr, start, stop, arg), AC_OK);
    const int rc = ac_pool_create(workers, attr, pool);
    ac_pool_attr_destroy(attr);
    return rc;
}

/* ---- What it is ----------------------------------------------------- */

/* Elsewhere a thread asks for its name and its stack in other ways. */
#ifdef __linux__

enum { WORKERS = 12 };

typedef struct self {
    char name[16];
    size_t stack;
    sigset_t mask;
} self;

static void
look_at_self(self *s)
{
    pthread_attr_t attr;

    SUPPORT_CHECK_INT(pthread_getname_np(pthread_self(), s->name, 16), 0);
    SUPPORT_CHECK_INT(pthread_getattr_np(pthread_self(), &attr), 0);
    SUPPORT_CHECK_INT(pthread_attr_getstacksize(&attr, &s->stack), 0);
    pthread_attr_destroy(&attr);
    SUPPORT_CHECK_INT(pthread_sigmask(SIG_BLOCK, NULL, &s->mask), 0);
}

static int
look_task(void *arg, void **result)
{
    (void)result;
    look_at_self(arg);
    return 0;
}

/* The k-th of an array is the k-th worker's. */
static int
look_hook(size_t worker, void *arg)
{
    look_at_self((self *)arg + worker);
    return 0;
}

static void
look_stop_hook(size_t worker, void *arg)
{
    self *first = (self *)arg + worker;
    self last;

    look_at_self(&last);
    SUPPORT_CHECK_INT(strcmp(first->name, last.name), 0);
    SUPPORT_CHECK_INT(first->stack, last.stack);
}

START_TEST(its_number_is_the_one_in_its_name)
{
    static self all[WORKERS];
    ac_pool *pool = NULL;

    ck_assert_int_eq(create(WORKERS, look_hook, look_stop_hook, all, &pool),
                     AC_OK);
    for (int k = 0; k < WORKERS; k++) {
        char name[16];
        snprintf(name, sizeof(name), "ac-%d", k);
        ck_assert_str_eq(all[k].name, name);
    }
    support_pool_end(pool);
}
END_TEST

static int
end_thread(void *arg, void **result)
{
    (void)arg;
    (void)result;
    pthread_exit(NULL);
}

START_TEST(s55_s57_one_that_replaces_it_is_just_the_same)
{
    const size_t stack = (size_t)1 << 20;
    ac_pool_attr *attr = NULL;
    ac_pool *pool = NULL;
    self before, after;
    sigset_t mine;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_name(attr, "same"), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_stack_size(attr, stack), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &pool), AC_OK);
    ac_pool_attr_destroy(attr);
    ck_assert_int_eq(ac_submit(pool, NULL, look_task, &before, NULL), AC_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, end_thread, NULL, NULL), AC_OK);
    ck_assert_int_eq(ac_submit(pool, NULL, look_task, &after, NULL), AC_OK);
    support_pool_end(pool);
    ck_assert_str_eq(before.name, "same-0");
    ck_assert_str_eq(after.name, "same-0");
    ck_assert_uint_eq(before.stack, stack);
    ck_assert_uint_eq(after.stack, stack);
    for (int s = 1; s < 32; s++)
        ck_assert_int_eq(sigismember(&before.mask, s),
                         sigismember(&after.mask, s));
    ck_assert(sigismember(&after.mask, SIGTERM));
    ck_assert(!sigismember(&after.mask, SIGSEGV));
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &mine), 0);
    ck_assert(!sigismember(&mine, SIGTERM));
}
END_TEST

#endif /* __linux__ */

/* ---- Too few of them ------------------------------------------------ */

static atomic_size_t starts;
static atomic_size_t stops;

static int
count_start(size_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    atomic_fetch_add(&starts, 1);
    return 0;
}

static void
count_stop(size_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    atomic_fetch_add(&stops, 1);
}

/* The hooks of those that did start are called in pairs. */
START_TEST(s54_too_few_threads_and_the_hooks_come_in_pairs)
{
    struct rlimit limit;
    ac_pool *pool = NULL;

    if (support_instrumented())
        return; /* no sanitizer works with so little address space */
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = (rlim_t)1 << 29; /* about 50 stacks */
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    const int rc = create(5000, count_start, count_stop, NULL, &pool);
    ck_assert_msg(rc == AC_EAGAIN || rc == AC_ENOMEM, "%d", rc);
    ck_assert_ptr_null(pool);
    ck_assert_uint_eq(atomic_load(&starts), atomic_load(&stops));
}
END_TEST

/* ---- What they may do ----------------------------------------------- */

static support_barrier all_here;

static int
meet_hook(size_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    support_barrier_wait(&all_here);
    return 0;
}

START_TEST(start_hooks_may_wait_for_each_other)
{
    ac_pool *pool = NULL;

    support_barrier_init(&all_here, 8);
    ck_assert_int_eq(create(8, meet_hook, NULL, NULL, &pool), AC_OK);
    support_pool_end(pool);
    support_barrier_destroy(&all_here);
}
END_TEST

static void
use_helper(ac_pool *helper)
{
    ac_future *f = NULL;
    ac_pool *pool = NULL;

    SUPPORT_CHECK_INT(ac_submit(helper, NULL, support_nothing, NULL, &f),
                      AC_OK);
    SUPPORT_CHECK_INT(ac_future_wait(f, AC_FOREVER), AC_OK);
    ac_future_unref(f);
    SUPPORT_CHECK_INT(ac_pool_create(1, NULL, &pool), AC_OK);
    SUPPORT_CHECK_INT(ac_pool_destroy(pool), AC_OK);
    SUPPORT_CHECK_INT(ac_cancel_requested(), 0);
}

static int
busy_start(size_t worker, void *arg)
{
    (void)worker;
    use_helper(arg);
    return 0;
}

static void
busy_stop(size_t worker, void *arg)
{
    (void)worker;
    use_helper(arg);
}

START_TEST(they_may_call_anything)
{
    ac_pool *helper = support_pool(1);
    ac_pool *pool = NULL;

    ck_assert_int_eq(create(3, busy_start, busy_stop, helper, &pool), AC_OK);
    support_pool_end(pool);
    support_pool_end(helper);
}
END_TEST

/* ---- Suite ---------------------------------------------------------- */

Suite *
test_suite(void)
{
    Suite *suite = suite_create("worker");
    TCase *tcase = support_tcase("hooks");

    tcase_add_test(tcase, s54_too_few_threads_and_the_hooks_come_in_pairs);
    tcase_add_test(tcase, start_hooks_may_wait_for_each_other);
    tcase_add_test(tcase, they_may_call_anything);
    suite_add_tcase(suite, tcase);

#ifdef __linux__
    tcase = support_tcase("what it is");
    tcase_add_test(tcase, its_number_is_the_one_in_its_name);
    tcase_add_test(tcase, s55_s57_one_that_replaces_it_is_just_the_same);
    suite_add_tcase(suite, tcase);
#endif
    return suite;
}
