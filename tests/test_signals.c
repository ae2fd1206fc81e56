/*
 * Signals: a worker gets none but the synchronous faults, the caller's mask
 * stays as it was, and no wait is ended by a handler.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "quit.h"

static const int faults[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                             SIGABRT, SIGTRAP, SIGSYS};

enum { FAULTS = sizeof(faults) / sizeof(*faults), WORKERS = 3 };

static atomic_int handled;   /* calls of the handler */
static atomic_int elsewhere; /* of them, not on the thread expected: */
static pthread_t expected;

static void
handle(int number)
{
    (void)number;
    if (!pthread_equal(pthread_self(), expected))
        atomic_fetch_add(&elsewhere, 1);
    atomic_fetch_add(&handled, 1);
}

/* No SA_RESTART: whatever can be interrupted is. */
static void
handle_signal(int number, struct sigaction *old)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = handle;
    sigemptyset(&action.sa_mask);
    ck_assert_int_eq(sigaction(number, &action, old), 0);
}

static void
setup(void)
{
    atomic_store(&handled, 0);
    atomic_store(&elsewhere, 0);
    expected = pthread_self();
}

/* ---- Workers -------------------------------------------------------- */

static int
is_fault(int number)
{
    for (int i = 0; i < FAULTS; i++)
        if (faults[i] == number)
            return 1;
    return 0;
}

static int
check_mask(void *arg, void **result)
{
    sigset_t set;

    (void)arg;
    (void)result;
    SUPPORT_CHECK_INT(pthread_sigmask(SIG_BLOCK, NULL, &set), 0);
    for (int number = 1; number < NSIG; number++) {
        /* Those two nobody can block; the C library keeps some for itself. */
        if (number == SIGKILL || number == SIGSTOP ||
            (number >= 32 && number < SIGRTMIN))
            continue;
        SUPPORT_CHECK_INT(sigismember(&set, number), !is_fault(number));
    }
    return 0;
}

static void
mask_in_hook(size_t worker, void *arg)
{
    (void)worker;
    check_mask(arg, NULL);
}

static int
mask_in_start(size_t worker, void *arg)
{
    mask_in_hook(worker, arg);
    return 0;
}

/* Those that replace others too; whatever the mask is of who creates them. */
START_TEST(s57_workers_block_all_but_the_faults)
{
    ac_pool_attr *attr = NULL;
    ac_pool *pool = NULL;
    sigset_t set;
    sigset_t after;

    if (_i == 0)
        sigemptyset(&set);
    else
        sigfillset(&set);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &set, NULL), 0);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &set), 0);
    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(
        ac_pool_attr_set_hooks(attr, mask_in_start, mask_in_hook, NULL), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &pool), AC_OK);
    ac_pool_attr_destroy(attr);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(
            ac_submit(pool, NULL, i == 1 ? quit_task : check_mask, NULL, NULL),
            AC_OK);
    support_pool_end(pool);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    for (int number = 1; number < NSIG; number++)
        ck_assert_int_eq(sigismember(&after, number),
                         sigismember(&set, number));
    sigemptyset(&set);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &set, NULL), 0);
}
END_TEST

static int
refuse(size_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    return 1;
}

START_TEST(s57_a_failed_create_leaves_the_mask_alone)
{
    ac_pool_attr *attr = NULL;
    ac_pool *pool = NULL;
    sigset_t set;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_hooks(attr, refuse, NULL, NULL), AC_OK);
    ck_assert_int_eq(ac_pool_create(2, attr, &pool), AC_EHOOK);
    ac_pool_attr_destroy(attr);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &set), 0);
    ck_assert_int_eq(sigismember(&set, SIGUSR1), 0);
    ck_assert_int_eq(sigismember(&set, SIGTERM), 0);
}
END_TEST

/* ---- Who gets them -------------------------------------------------- */

typedef struct spinning {
    support_counter started;
    atomic_bool stop;
} spinning;

static int
spin(void *arg, void **result)
{
    spinning *s = arg;

    (void)result;
    support_counter_add(&s->started);
    while (!atomic_load(&s->stop))
        sched_yield();
    return 0;
}

/* Idle workers and busy ones, while the only thread that takes it does not
 * want it yet: then it is pending, and nobody else's. */
START_TEST(s57_a_process_signal_is_never_a_workers)
{
    ac_pool *idle = support_pool(WORKERS);
    ac_pool *busy = support_pool(WORKERS);
    spinning s = {.stop = false};
    struct sigaction old;
    sigset_t set;
    sigset_t pending;

    support_counter_init(&s.started);
    handle_signal(SIGUSR1, &old);
    for (int i = 0; i < WORKERS; i++)
        ck_assert_int_eq(ac_submit(busy, NULL, spin, &s, NULL), AC_OK);
    support_counter_wait(&s.started, WORKERS);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
        ck_assert_int_eq(kill(getpid(), SIGUSR1), 0);
        ac_future *f = support_submit(idle, support_nothing, NULL);
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
        ac_future_unref(f);
        ck_assert_int_eq(sigpending(&pending), 0);
        ck_assert_int_eq(sigismember(&pending, SIGUSR1), 1);
        ck_assert_int_eq(atomic_load(&handled), i);
        ck_assert_int_eq(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
        ck_assert_int_eq(atomic_load(&handled), i + 1);
    }
    ck_assert_int_eq(atomic_load(&elsewhere), 0);
    atomic_store(&s.stop, true);
    support_pool_end(busy);
    support_pool_end(idle);
    ck_assert_int_eq(sigaction(SIGUSR1, &old, NULL), 0);
    support_counter_destroy(&s.started);
}
END_TEST

static int
raise_fault(void *arg, void **result)
{
    const int *number = arg;

    (void)result;
    expected = pthread_self();
    SUPPORT_CHECK_INT(raise(*number), 0);
    return 0;
}

START_TEST(s57_a_fault_reaches_the_worker_that_caused_it)
{
    ac_pool *pool = support_pool(WORKERS);
    struct sigaction old;

    for (int i = 0; i < FAULTS; i++) {
        int number = faults[i];
        handle_signal(number, &old);
        ac_future *f = support_submit(pool, raise_fault, &number);
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
        ac_future_unref(f);
        ck_assert_int_eq(atomic_load(&handled), i + 1);
        ck_assert_int_eq(atomic_load(&elsewhere), 0);
        ck_assert_int_eq(sigaction(number, &old, NULL), 0);
    }
    support_pool_end(pool);
}
END_TEST

/* ---- Waits are not interrupted -------------------------------------- */

enum wait {
    WAIT_FUTURE,
    WAIT_FUTURE_FAR,
    WAIT_SET,
    WAIT_NEXT,
    WAIT_NEXT_FAR,
    WAIT_MANY,
    WAIT_SUBMIT,
    WAIT_SUBMIT_MANY,
    WAIT_IDLE,
    WAIT_SHUTDOWN,
    WAIT_DESTROY,
    WAITS
};

typedef struct waiting {
    ac_pool *pool; /* bounded to one; full; its worker held */
    ac_future *queued;
    ac_iter *iter;
    enum wait wait;
    int rc;
} waiting;

static void
do_wait(void *arg)
{
    waiting *w = arg;
    ac_future *f[1] = {NULL};
    void *args[1] = {NULL};
    size_t n = 0;

    expected = pthread_self();
    switch (w->wait) {
    case WAIT_FUTURE:
        w->rc = ac_future_wait(w->queued, AC_FOREVER);
        break;
    case WAIT_FUTURE_FAR:
        w->rc = ac_future_get(w->queued, support_far(), NULL);
        break;
    case WAIT_SET:
        w->rc = ac_wait(&w->queued, 1, AC_ALL, support_far(), NULL);
        break;
    case WAIT_NEXT:
        w->rc = ac_iter_next(w->iter, AC_FOREVER, f);
        break;
    case WAIT_NEXT_FAR:
        w->rc = ac_iter_next(w->iter, support_far(), f);
        break;
    case WAIT_MANY:
        w->rc = ac_iter_next_many(w->iter, f, 1, 1, AC_FOREVER, &n);
        break;
    case WAIT_SUBMIT:
        w->rc = ac_submit_until(w->pool, NULL, support_nothing, NULL,
                                AC_FOREVER, f);
        break;
    case WAIT_SUBMIT_MANY:
        w->rc = ac_submit_many(w->pool, NULL, support_nothing, args, 1,
                               support_far(), f);
        break;
    case WAIT_IDLE:
        w->rc = ac_pool_wait_idle(w->pool, support_far());
        break;
    case WAIT_SHUTDOWN:
        w->rc = ac_pool_shutdown(w->pool, AC_DRAIN, AC_FOREVER, NULL);
        break;
    default:
        w->rc = ac_pool_destroy(w->pool);
    }
    ac_future_unref(f[0]);
}

static void
make_waiting(waiting *w, support_hold *hold)
{
    ac_pool_attr *attr = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_capacity(attr, 1), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &w->pool), AC_OK);
    ac_pool_attr_destroy(attr);
    support_hold_worker(hold, w->pool);
    w->queued = support_submit(w->pool, support_nothing, NULL);
    ck_assert_int_eq(ac_as_completed(&w->queued, 1, &w->iter), AC_OK);
    w->rc = -1;
}

START_TEST(s57_no_wait_is_interrupted)
{
    waiting w = {.wait = (enum wait)_i};
    support_thread thread;
    support_hold hold;
    struct sigaction old;

    handle_signal(SIGUSR1, &old);
    make_waiting(&w, &hold);
    support_thread_start(&thread, do_wait, &w);
    for (int i = 0; i < 20; i++) {
        support_thread_await_sleep(&thread);
        ck_assert_int_eq(pthread_kill(thread.id, SIGUSR1), 0);
        while (atomic_load(&handled) <= i)
            sched_yield();
    }
    ck_assert_int_eq(ac_future_status(w.queued), AC_EAGAIN);
    support_hold_end(&hold);
    support_thread_join(&thread);
    ck_assert_int_eq(w.rc, AC_OK);
    ck_assert_int_eq(atomic_load(&elsewhere), 0);
    ck_assert_int_eq(sigaction(SIGUSR1, &old, NULL), 0);
    ac_iter_destroy(w.iter);
    ac_future_unref(w.queued);
    if (w.wait != WAIT_DESTROY)
        support_pool_end(w.pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("signals");
    TCase *tcase = support_tcase("workers");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, s57_workers_block_all_but_the_faults, 0, 2);
    tcase_add_test(tcase, s57_a_failed_create_leaves_the_mask_alone);
    tcase_add_test(tcase, s57_a_process_signal_is_never_a_workers);
    tcase_add_test(tcase, s57_a_fault_reaches_the_worker_that_caused_it);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("waits");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, s57_no_wait_is_interrupted, 0, WAITS);
    suite_add_tcase(suite, tcase);
    return suite;
}
