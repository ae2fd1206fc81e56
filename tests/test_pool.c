/*
 * Pools: their workers and what those look like from inside, waiting until
 * one is idle, calls from one's own worker, and how a pool ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Workers -------------------------------------------------------- */

static support_barrier all_here;

static int
meet(void *arg, void **result)
{
    (void)arg;
    (void)result;
    support_barrier_wait(&all_here);
    return 0;
}

START_TEST(it_has_as_many_workers_as_were_asked_for)
{
    const size_t sizes[] = {1, 2, 3, 8, 50};
    const size_t n = sizes[_i];
    const size_t before = support_thread_count();

    support_barrier_init(&all_here, n);
    ac_pool *pool = support_pool(n);
    if (before > 0)
        ck_assert_uint_eq(support_thread_count(), before + n);
    /* They all run at once, twice. */
    for (size_t i = 0; i < 2 * n; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, meet, NULL, NULL), AC_OK);
    support_pool_end(pool);
    support_barrier_destroy(&all_here);
}
END_TEST

#ifdef __linux__
START_TEST(zero_workers_takes_the_processors_we_may_use)
{
    const size_t before = support_thread_count();
    cpu_set_t mask;
    ac_pool *pool = NULL;

    ck_assert_int_eq(sched_getaffinity(0, sizeof(mask), &mask), 0);
    ck_assert_int_eq(ac_pool_create(0, NULL, &pool), AC_OK);
    const size_t workers = support_thread_count() - before;
    ck_assert_uint_ge(workers, 1);
    ck_assert_uint_le(workers, (size_t)CPU_COUNT(&mask));
    support_pool_end(pool);
    support_await_threads(before);

    size_t cpu = 0;
    while (!CPU_ISSET(cpu, &mask))
        cpu++;
    CPU_ZERO(&mask);
    CPU_SET(cpu, &mask);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(mask), &mask), 0);
    ck_assert_int_eq(ac_pool_create(0, NULL, &pool), AC_OK);
    ck_assert_uint_eq(support_thread_count() - before, 1);
    support_pool_end(pool);
}
END_TEST
#endif

static sigset_t seen_mask;

static int
look_at_mask(void *arg, void **result)
{
    (void)arg;
    (void)result;
    SUPPORT_CHECK_INT(pthread_sigmask(SIG_BLOCK, NULL, &seen_mask), 0);
    return 0;
}

START_TEST(s57_workers_block_all_signals_but_synchronous_faults)
{
    const int open[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                        SIGABRT, SIGTRAP, SIGSYS};
    const int blocked[] = {SIGTERM, SIGINT,  SIGHUP,  SIGQUIT,
                           SIGUSR1, SIGUSR2, SIGCHLD, SIGALRM,
                           SIGPIPE, SIGPROF, SIGTSTP, SIGWINCH};
    sigset_t before;
    sigset_t after;

    pthread_sigmask(SIG_BLOCK, NULL, &before);
    ac_pool *pool = support_pool(1);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    ck_assert_int_eq(ac_submit(pool, NULL, look_at_mask, NULL, NULL), AC_OK);
    support_pool_end(pool);
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        ck_assert_msg(!sigismember(&seen_mask, open[i]), "signal %d", open[i]);
    for (size_t i = 0; i < sizeof(blocked) / sizeof(blocked[0]); i++)
        ck_assert_msg(sigismember(&seen_mask, blocked[i]), "signal %d",
                      blocked[i]);
    /* The caller's own mask is as it was. */
    for (int s = 1; s < 32; s++)
        ck_assert_int_eq(sigismember(&before, s), sigismember(&after, s));
}
END_TEST

/* All threads or none.  How a single refused thread is unwound is a matter
 * for failure injection; here the system itself says no. */
START_TEST(s54_too_many_threads_for_the_system)
{
    const size_t before = support_thread_count();
    ac_pool *pool = NULL;
    struct rlimit limit;

    if (support_instrumented())
        return; /* no sanitizer works with so little address space */
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = (rlim_t)1 << 30; /* about 100 stacks */
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    const int rc = ac_pool_create(5000, NULL, &pool);
    ck_assert_msg(rc == AC_EAGAIN || rc == AC_ENOMEM, "%d", rc);
    ck_assert_ptr_null(pool);
    support_await_threads(before);
    pool = support_pool(2);
    support_pool_end(pool);
}
END_TEST

START_TEST(s53_a_pool_leaves_nothing_behind)
{
    const size_t threads = support_thread_count();
    const int rounds = support_instrumented() ? 100 : 1000;
    size_t memory = 0;

    for (int i = 0; i < rounds; i++) {
        ac_pool *pool = support_pool(3);
        for (int k = 0; k < 10; k++)
            ck_assert_int_eq(ac_submit(pool, NULL, support_nothing, NULL, NULL),
                             AC_OK);
        support_pool_end(pool);
        if (i == rounds / 10)
            memory = support_resident_bytes();
    }
    support_await_threads(threads);
    if (!support_instrumented())
        ck_assert_uint_le(support_resident_bytes(), memory + (4u << 20));
}
END_TEST

/* ---- Idle ----------------------------------------------------------- */

START_TEST(s50_wait_idle_waits_for_all_and_the_pool_goes_on)
{
    ac_pool *pool = support_pool(2);
    support_counter ran;

    support_counter_init(&ran);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_OK);
    for (unsigned round = 1; round <= 20; round++) {
        support_hold hold;
        support_hold_worker(&hold, pool);
        for (int i = 0; i < 10; i++)
            ck_assert_int_eq(ac_submit(pool, NULL, support_count, &ran, NULL),
                             AC_OK);
        ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_ETIMEDOUT);
        support_hold_release(&hold);
        ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
        ck_assert_uint_eq(support_counter_get(&ran), 10 * round);
        ck_assert_int_eq(ac_future_status(hold.future), AC_OK);
        ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_OK);
        support_hold_end(&hold);
    }
    support_pool_end(pool);
    support_counter_destroy(&ran);
}
END_TEST

typedef struct chain {
    ac_pool *pool;
    support_counter ran;
} chain;

static int
submit_next(void *arg, void **result)
{
    chain *c = arg;

    (void)result;
    if (support_counter_add(&c->ran) < 1000)
        SUPPORT_CHECK_INT(ac_submit(c->pool, NULL, submit_next, c, NULL),
                          AC_OK);
    return 0;
}

START_TEST(s50_what_a_task_submits_counts_before_it_ends)
{
    chain c = {.pool = support_pool(2)};

    support_counter_init(&c.ran);
    ck_assert_int_eq(ac_submit(c.pool, NULL, submit_next, &c, NULL), AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(c.pool, AC_FOREVER), AC_OK);
    ck_assert_uint_eq(support_counter_get(&c.ran), 1000);
    support_pool_end(c.pool);
    support_counter_destroy(&c.ran);
}
END_TEST

/* ---- From one's own worker ------------------------------------------ */

static int
stop_own_pool(void *arg, void **result)
{
    ac_pool *pool = arg;
    const ac_deadline deadlines[] = {AC_FOREVER, AC_POLL, -1, support_far()};

    (void)result;
    for (size_t i = 0; i < 4; i++) {
        size_t left = 99;
        SUPPORT_CHECK_INT(ac_pool_shutdown(pool, AC_DRAIN, deadlines[i], &left),
                          AC_EDEADLK);
        SUPPORT_CHECK_INT(
            ac_pool_shutdown(pool, AC_CANCEL, deadlines[i], &left), AC_EDEADLK);
        SUPPORT_CHECK_INT(left, 99);
        SUPPORT_CHECK_INT(ac_pool_wait_idle(pool, deadlines[i]), AC_EDEADLK);
    }
    SUPPORT_CHECK_INT(ac_pool_destroy(pool), AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_cancel_requested(), 0);
    SUPPORT_CHECK_INT(ac_submit(pool, NULL, support_nothing, NULL, NULL),
                      AC_OK);
    return 0;
}

START_TEST(s41_one_s_own_worker_cannot_stop_the_pool)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;

    support_hold_worker(&hold, pool);
    ac_future *f = support_submit(pool, stop_own_pool, pool);
    ac_future *queued = support_submit(pool, support_nothing, NULL);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    ck_assert_int_eq(ac_future_get(queued, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f);
    ac_future_unref(queued);
    support_pool_end(pool);
}
END_TEST

static int
stop_other_pool(void *arg, void **result)
{
    (void)result;
    SUPPORT_CHECK_INT(ac_pool_wait_idle(arg, AC_FOREVER), AC_OK);
    SUPPORT_CHECK_INT(ac_pool_shutdown(arg, AC_DRAIN, AC_FOREVER, NULL), AC_OK);
    SUPPORT_CHECK_INT(ac_pool_destroy(arg), AC_OK);
    return 0;
}

START_TEST(s41_a_worker_may_stop_another_pool)
{
    ac_pool *pool = support_pool(1);
    ac_pool *other = support_pool(1);
    support_counter ran;

    support_counter_init(&ran);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(ac_submit(other, NULL, support_count, &ran, NULL),
                         AC_OK);
    ck_assert_int_eq(ac_submit(pool, NULL, stop_other_pool, other, NULL),
                     AC_OK);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&ran), 100);
    support_counter_destroy(&ran);
}
END_TEST

/* ---- The end -------------------------------------------------------- */

START_TEST(s48_destroy_drains)
{
    ac_pool *pool = support_pool(2);
    support_counter ran;

    support_counter_init(&ran);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, support_count, &ran, NULL),
                         AC_OK);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&ran), 1000);
    support_counter_destroy(&ran);
}
END_TEST

static void
leave_main_with_live_pools(void)
{
    static ac_pool *pools[3]; /* reachable: this is no leak */
    static support_hold hold;
    static support_gate never;

    for (int i = 0; i < 3; i++)
        if (ac_pool_create(2, NULL, &pools[i]) != AC_OK)
            _exit(2);
    support_gate_init(&never);
    support_hold_worker(&hold, pools[1]);
    for (int i = 0; i < 10; i++)
        if (ac_submit(pools[2], NULL, support_wait_gate, &never, NULL) != AC_OK)
            _exit(3);
    exit(0);
}

START_TEST(s53_leaving_main_with_live_pools_is_legal)
{
    int status = -1;

    fflush(NULL);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        leave_main_with_live_pools();
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("pool");
    TCase *tcase = support_tcase("workers");

    tcase_add_loop_test(tcase, it_has_as_many_workers_as_were_asked_for, 0, 5);
#ifdef __linux__
    tcase_add_test(tcase, zero_workers_takes_the_processors_we_may_use);
#endif
    tcase_add_test(tcase, s57_workers_block_all_signals_but_synchronous_faults);
    tcase_add_test(tcase, s54_too_many_threads_for_the_system);
    tcase_add_test(tcase, s53_a_pool_leaves_nothing_behind);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("idle");
    tcase_add_test(tcase, s50_wait_idle_waits_for_all_and_the_pool_goes_on);
    tcase_add_test(tcase, s50_what_a_task_submits_counts_before_it_ends);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("own worker");
    tcase_add_test(tcase, s41_one_s_own_worker_cannot_stop_the_pool);
    tcase_add_test(tcase, s41_a_worker_may_stop_another_pool);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("the end");
    tcase_add_test(tcase, s48_destroy_drains);
    tcase_add_test(tcase, s53_leaving_main_with_live_pools_is_legal);
    suite_add_tcase(suite, tcase);
    return suite;
}
