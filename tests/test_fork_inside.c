/*
 * fork() inside tasks.  The child may leave; if the task returns there, that
 * ends it, and nothing that is the parent's to do happens twice.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "child.h"
#include "heritage.h"

#include "pool.h"

CHILD_TSAN_OPTIONS("die_after_fork=0")
CHILD_ASAN_OPTIONS("detect_leaks=0")

/* What happened, in the parent and in the child. */
typedef struct tally {
    atomic_int pid;
    atomic_int ran;     /* the task that forks */
    atomic_int resumed; /* the one that waited for it */
    atomic_int after;   /* the one behind it in the queue */
    atomic_int called;
    atomic_int stopped;
    atomic_int freed;
    ac_pool *pool;
} tally;

static tally *both; /* shared memory */

/* A sanitizer has locks of its own, which are not made for forks beside other
 * threads: there all else stands still. */
static support_gate may_fork;

static void
tally_setup(void)
{
    both = mmap(NULL, sizeof(*both), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(both, MAP_FAILED);
    support_gate_init(&may_fork);
}

static void
tally_teardown(void)
{
    munmap(both, sizeof(*both));
    support_gate_destroy(&may_fork);
}

static void
call_back(ac_future *future, void *arg)
{
    (void)future;
    (void)arg;
    atomic_fetch_add(&both->called, 1);
}

static void
release(void *object)
{
    (void)object;
    atomic_fetch_add(&both->freed, 1);
}

static void
stop_hook(size_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    atomic_fetch_add(&both->stopped, 1);
}

/* ---- The child leaves ----------------------------------------------- */

static void
in_a_task(void *arg)
{
    ac_pool *pool = arg;
    ac_future *future;

    /* Dead, rather than one's own. */
    CHILD_MUST(ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, NULL) == AC_EFORKED);
    CHILD_MUST(ac_pool_wait_idle(pool, AC_POLL) == AC_EFORKED);
    CHILD_MUST(ac_pool_destroy(pool) == AC_EFORKED);
    CHILD_MUST(ac_submit(pool, NULL, support_nothing, NULL, &future) ==
               AC_EFORKED);
    CHILD_MUST(ac_cancel_requested() == 0);
    heritage_of_ones_own();
}

/* The pool is locked meanwhile: the child's thread is no worker of it any more,
 * and would not come back from a look at it. */
static int
fork_in_task(void *arg, void **result)
{
    ac_pool *pool = arg;

    *result = arg;
    support_gate_wait(&may_fork);
    aci_lock(&pool->mu);
    const pid_t pid = child_start(in_a_task, arg);
    aci_unlock(&pool->mu);
    SUPPORT_CHECK_INT(child_end(pid), 0);
    return 0;
}

START_TEST(s56_a_task_may_fork_and_its_child_exit)
{
    ac_pool *pool = support_pool(support_instrumented() ? 1 : 2);
    ac_future *f[8];
    void *result = NULL;

    if (!support_instrumented())
        support_gate_open(&may_fork);
    for (int i = 0; i < 8; i++)
        f[i] = support_submit(pool, fork_in_task, pool);
    support_gate_open(&may_fork);
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(ac_future_get(f[i], AC_FOREVER, &result), AC_OK);
        ck_assert_ptr_eq(result, pool);
        ac_future_unref(f[i]);
    }
    support_pool_end(pool);
}
END_TEST

/* The inner one forks, on top of the one that waits for it and was asked to
 * stop. */
static int
wait_for_forker(void *arg, void **result)
{
    ac_future *inner = NULL;

    SUPPORT_CHECK_INT(ac_submit(arg, NULL, fork_in_task, arg, &inner), AC_OK);
    SUPPORT_CHECK_INT(ac_future_get(inner, AC_FOREVER, result), AC_OK);
    ac_future_unref(inner);
    return 0;
}

START_TEST(s56_a_task_that_runs_in_place_may_fork)
{
    ac_pool *pool = support_pool(1);
    support_gate_open(&may_fork);
    ac_future *outer = support_submit(pool, wait_for_forker, pool);

    ck_assert_int_eq(ac_future_get(outer, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(outer);
    support_pool_end(pool);
}
END_TEST

/* ---- The child returns ---------------------------------------------- */

static int
fork_and_return(void *arg, void **result)
{
    (void)arg;
    *result = both;
    atomic_fetch_add(&both->ran, 1);
    const pid_t pid = fork();
    SUPPORT_CHECK(pid >= 0);
    if (pid > 0)
        atomic_store(&both->pid, pid);
    return 0;
}

static int
wait_and_resume(void *arg, void **result)
{
    ac_future *inner = NULL;

    (void)arg;
    SUPPORT_CHECK_INT(
        ac_submit(both->pool, NULL, fork_and_return, NULL, &inner), AC_OK);
    SUPPORT_CHECK_INT(ac_future_get(inner, AC_FOREVER, result), AC_OK);
    ac_future_unref(inner);
    atomic_fetch_add(&both->resumed, 1);
    return 0;
}

static int
run_after(void *arg, void **result)
{
    (void)arg;
    (void)result;
    atomic_fetch_add(&both->after, 1);
    return 0;
}

static void
begin_returning(void)
{
    ac_pool_attr *attr = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_hooks(attr, NULL, stop_hook, NULL),
                     AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &both->pool), AC_OK);
    ac_pool_attr_destroy(attr);
}

/* Runs `fn` behind a held task, so that what follows it is queued already. */
static void
return_in_child(ac_task_fn *fn, int status, int stops)
{
    static ac_future *forker; /* its child has no main thread to hold it */
    ac_task_attr *attr = NULL;
    support_hold hold;

    begin_returning();
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_result(attr, release), AC_OK);
    support_hold_worker(&hold, both->pool);
    ck_assert_int_eq(ac_submit(both->pool, attr, fn, NULL, &forker), AC_OK);
    ac_task_attr_destroy(attr);
    ck_assert_int_eq(ac_future_on_done(forker, call_back, NULL), AC_OK);
    ck_assert_int_eq(ac_submit(both->pool, NULL, run_after, NULL, NULL), AC_OK);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_future_get(forker, AC_FOREVER, NULL), status);
    ck_assert_int_eq(child_end(atomic_load(&both->pid)), 0);
    ac_future_unref(forker);
    support_pool_end(both->pool);
    ck_assert_int_eq(atomic_load(&both->ran), 1);
    ck_assert_int_eq(atomic_load(&both->after), 1);
    ck_assert_int_eq(atomic_load(&both->called), 1);
    ck_assert_int_eq(atomic_load(&both->freed), 1);
    ck_assert_int_eq(atomic_load(&both->stopped), stops);
}

START_TEST(s56_a_task_that_returns_in_the_child_ends_it)
{
    return_in_child(fork_and_return, AC_OK, 1);
}
END_TEST

START_TEST(s56_so_does_one_that_runs_in_place)
{
    return_in_child(wait_and_resume, AC_OK, 1);
    ck_assert_int_eq(atomic_load(&both->resumed), 1);
}
END_TEST

static int
fork_then_end_thread(void *arg, void **result)
{
    (void)arg;
    *result = both;
    atomic_fetch_add(&both->ran, 1);
    const pid_t pid = fork();
    if (pid > 0)
        atomic_store(&both->pid, pid);
    pthread_exit(NULL);
}

START_TEST(s55_s56_one_that_ends_its_thread_is_aborted_in_the_parent_only)
{
    return_in_child(fork_then_end_thread, AC_EABORTED, 2);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("fork inside");
    TCase *tcase = support_tcase("tasks");

    if (CHILD_NO_THREADS) {
        puts("skipped: gcc's ThreadSanitizer ends a child with threads");
        exit(77);
    }
    tcase_add_checked_fixture(tcase, tally_setup, tally_teardown);
    tcase_add_test(tcase, s56_a_task_may_fork_and_its_child_exit);
    tcase_add_test(tcase, s56_a_task_that_runs_in_place_may_fork);
    tcase_add_test(tcase, s56_a_task_that_returns_in_the_child_ends_it);
    tcase_add_test(tcase, s56_so_does_one_that_runs_in_place);
    tcase_add_test(
        tcase, s55_s56_one_that_ends_its_thread_is_aborted_in_the_parent_only);
    suite_add_tcase(suite, tcase);
    return suite;
}
