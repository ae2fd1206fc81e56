/*
 * fork() in what the library calls beside tasks: done callbacks, hooks, free
 * functions; and in a process that has fork handlers of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <stdlib.h>

#include "child.h"
#include "heritage.h"

CHILD_TSAN_OPTIONS("die_after_fork=0")

static atomic_int called;
static atomic_int freed;
static atomic_int stopped;

/* ---- Callbacks, hooks and free functions ---------------------------- */

static void
use_ones_own(void *arg)
{
    (void)arg;
    heritage_of_ones_own();
}

static void
become_another(void *arg)
{
    (void)arg;
    execlp("true", "true", (char *)NULL);
}

static void
fork_twice(void)
{
    SUPPORT_CHECK_INT(child_run(become_another, NULL), 0);
    SUPPORT_CHECK_INT(child_run(use_ones_own, NULL), 0);
}

static void
fork_in_callback(ac_future *future, void *arg)
{
    (void)future;
    (void)arg;
    atomic_fetch_add(&called, 1);
    fork_twice();
}

/* On a worker, on the main thread, and as one of many that are due. */
START_TEST(s37_s56_a_callback_may_fork)
{
    ac_pool *pool = support_pool(1);
    ac_promise *promise = NULL;
    ac_future *f[3];
    support_hold hold;

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_future_on_done(hold.future, fork_in_callback, NULL),
                     AC_OK);
    support_hold_end(&hold);
    /* AddressSanitizer's allocator does not stand a fork beside another thread
     * that allocates. */
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_promise_create(NULL, NULL, &promise, &f[0]), AC_OK);
    ck_assert_int_eq(ac_future_on_done(f[0], fork_in_callback, NULL), AC_OK);
    ck_assert_int_eq(ac_promise_resolve(promise, NULL), AC_OK);
    ac_promise_destroy(promise);
    ac_future_unref(f[0]);
    support_hold_worker(&hold, pool);
    for (int i = 0; i < 3; i++) {
        f[i] = support_submit(pool, support_nothing, NULL);
        ck_assert_int_eq(ac_future_on_done(f[i], fork_in_callback, NULL),
                         AC_OK);
        ac_future_unref(f[i]);
    }
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    support_hold_end(&hold);
    support_pool_end(pool);
    ck_assert_int_eq(atomic_load(&called), 5);
}
END_TEST

static int
fork_in_start(size_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    fork_twice();
    return 0;
}

static void
fork_in_stop(size_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    atomic_fetch_add(&stopped, 1);
    fork_twice();
}

static void
fork_in_free(void *object)
{
    (void)object;
    atomic_fetch_add(&freed, 1);
    fork_twice();
}

/* The child of a trace hook must not see the events of its parent's tasks. */
static void
fork_in_trace(ac_trace event, ac_future *future, void *arg)
{
    static atomic_int child; /* in the child, too, but there it is another */
    (void)future;
    (void)arg;
    SUPPORT_CHECK(event != AC_TRACE_REFUSED);
    CHILD_MUST(atomic_load(&child) == 0);
    const pid_t pid = fork();
    if (pid == 0) {
        atomic_store(&child, 1);
        heritage_of_ones_own();
        _exit(0);
    }
    SUPPORT_CHECK_INT(child_end(pid), 0);
}

START_TEST(s56_hooks_and_free_functions_may_fork)
{
    ac_pool_attr *pool_attr = NULL;
    ac_task_attr *attr = NULL;
    ac_pool *pool = NULL;
    support_hold hold;

    ck_assert_int_eq(ac_pool_attr_create(&pool_attr), AC_OK);
    ck_assert_int_eq(
        ac_pool_attr_set_hooks(pool_attr, fork_in_start, fork_in_stop, NULL),
        AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_trace(pool_attr, fork_in_trace, NULL),
                     AC_OK);
    ck_assert_int_eq(ac_pool_create(1, pool_attr, &pool), AC_OK);
    ac_pool_attr_destroy(pool_attr);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, fork_in_free), AC_OK);
    support_hold_worker(&hold, pool);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ac_submit(pool, attr, support_nothing, pool, NULL),
                         AC_OK);
    ac_task_attr_destroy(attr);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    ck_assert_int_eq(atomic_load(&freed), 3);
    support_hold_end(&hold);
    support_pool_end(pool);
    ck_assert_int_eq(atomic_load(&stopped), 1);
}
END_TEST

/* ---- The program's fork handlers ------------------------------------ */

static ac_pool *pools; /* made anew by each child; NULL: leave it */

static void
make_anew(void)
{
    if (pools == NULL)
        return;
    CHILD_MUST(ac_pool_stats(pools, NULL, 0) == AC_EFORKED);
    CHILD_MUST(ac_pool_shutdown(pools, AC_DRAIN, AC_FOREVER, NULL) ==
               AC_EFORKED);
    CHILD_MUST(ac_pool_destroy(pools) == AC_EFORKED);
    CHILD_MUST(ac_pool_create(1, NULL, &pools) == AC_OK);
    heritage_of_ones_own();
}

static void
use_the_new(void *arg)
{
    ac_future *future = NULL;
    void *result = NULL;

    CHILD_MUST(ac_submit(pools, NULL, support_echo, arg, &future) == AC_OK);
    CHILD_MUST(ac_future_get(future, AC_FOREVER, &result) == AC_OK);
    CHILD_MUST(result == arg);
    ac_future_unref(future);
    if (arg == NULL)
        CHILD_MUST(child_run(use_the_new, &result) == 0);
    CHILD_MUST(ac_pool_destroy(pools) == AC_OK);
}

/* Registered before the library is used for the first time, so it is called
 * before any handler of the library's. */
START_TEST(s56_a_fork_handler_may_make_a_pool_anew)
{
    support_hold hold;

    ck_assert_int_eq(pthread_atfork(NULL, NULL, make_anew), 0);
    pools = support_pool(1);
    support_hold_worker(&hold, pools);
    ck_assert_int_eq(child_run(use_the_new, NULL), 0);
    ck_assert_int_eq(child_run(use_the_new, NULL), 0);
    support_hold_end(&hold);
    support_pool_end(pools);
    pools = NULL;
}
END_TEST

static void
setup(void)
{
    atomic_store(&called, 0);
    atomic_store(&freed, 0);
    atomic_store(&stopped, 0);
}

Suite *
test_suite(void)
{
    Suite *suite = suite_create("fork hooks");
    TCase *tcase = support_tcase("hooks");

    if (CHILD_NO_THREADS) {
        puts("skipped: gcc's ThreadSanitizer ends a child with threads");
        exit(77);
    }
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, s56_a_fork_handler_may_make_a_pool_anew);
    tcase_add_test(tcase, s37_s56_a_callback_may_fork);
    tcase_add_test(tcase, s56_hooks_and_free_functions_may_fork);
    suite_add_tcase(suite, tcase);
    return suite;
}
