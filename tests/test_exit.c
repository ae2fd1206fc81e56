/*
 * The end of the process with pools alive and busy, and the end of threads
 * whose destructors call the library.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <sched.h>
#include <stdlib.h>

#include "child.h"
#include "quit.h"

CHILD_TSAN_OPTIONS("report_thread_leaks=0")
CHILD_ASAN_OPTIONS("detect_leaks=0")

/* The child forks off before there are any threads, so that it may do what it
 * likes under any sanitizer. */

/* ---- Leaving -------------------------------------------------------- */

enum { STATUS = 7 };

static ac_pool *busy; /* globals outlive main() */
static ac_pool *bounded;
static ac_iter *iter;
static support_counter started;
static atomic_int stops;

static int
spin(void *arg, void **result)
{
    *result = arg;
    support_counter_add(&started);
    while (!ac_cancel_requested())
        sched_yield();
    return 0;
}

/* Keeps the pool busy for ever. */
static void
submit_again(ac_future *future, void *arg)
{
    ac_future *next;

    (void)future;
    if (ac_submit(arg, NULL, support_nothing, arg, &next) == AC_OK) {
        ac_future_on_done(next, submit_again, arg);
        ac_future_unref(next);
    }
}

static int
start_hook(size_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    return 0;
}

static void
stop_hook(size_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    atomic_fetch_add(&stops, 1);
}

static void
consume(void *arg)
{
    ac_future *future;

    while (ac_iter_next(arg, AC_FOREVER, &future) == AC_OK)
        ac_future_unref(future);
}

static void
destroy(void *arg)
{
    ac_pool_destroy(arg);
}

static void
wait_for_room(void *arg)
{
    ac_submit_until(arg, NULL, support_nothing, NULL, AC_FOREVER, NULL);
}

/* Workers that run, sleep, call back and abort; threads that wait in every
 * kind of place. */
static void
be_busy(void)
{
    static support_thread threads[3];
    ac_pool_attr *attr;
    ac_future *f;
    int fd;

    support_counter_init(&started);
    CHILD_MUST(ac_pool_attr_create(&attr) == AC_OK);
    CHILD_MUST(ac_pool_attr_set_hooks(attr, start_hook, stop_hook, NULL) ==
               AC_OK);
    CHILD_MUST(ac_pool_create(3, attr, &busy) == AC_OK);
    CHILD_MUST(ac_pool_attr_set_capacity(attr, 1) == AC_OK);
    CHILD_MUST(ac_pool_create(1, attr, &bounded) == AC_OK);
    ac_pool_attr_destroy(attr);
    CHILD_MUST(ac_iter_open(&iter) == AC_OK);
    CHILD_MUST(ac_iter_fd(iter, &fd) == AC_OK);
    for (int i = 0; i < 2; i++)
        CHILD_MUST(ac_iter_submit(iter, i ? busy : bounded, NULL, spin, busy,
                                  AC_FOREVER, NULL) == AC_OK);
    support_counter_wait(&started, 2);
    CHILD_MUST(ac_submit(bounded, NULL, support_echo, busy, NULL) == AC_OK);
    CHILD_MUST(ac_submit(busy, NULL, quit_task, busy, NULL) == AC_OK);
    CHILD_MUST(ac_submit(busy, NULL, support_nothing, NULL, &f) == AC_OK);
    CHILD_MUST(ac_future_on_done(f, submit_again, busy) == AC_OK);
    ac_future_unref(f);
    support_thread_start(&threads[0], consume, iter);
    support_thread_start(&threads[1], wait_for_room, bounded);
    support_thread_start(&threads[2], destroy, bounded);
    for (int i = 0; i < 3; i++)
        support_thread_await_sleep(&threads[i]);
}

/* What main() does when it returns. */
static void
leave(void *arg)
{
    (void)arg;
    be_busy();
    exit(STATUS);
}

static int
exit_in_task(void *arg, void **result)
{
    (void)arg;
    (void)result;
    exit(STATUS);
}

static void
leave_in_task(void *arg)
{
    (void)arg;
    be_busy();
    CHILD_MUST(ac_submit(busy, NULL, exit_in_task, NULL, NULL) == AC_OK);
    support_counter_wait(&started, 1000);
}

static void
exit_in_callback(ac_future *future, void *arg)
{
    exit_in_task(future, arg);
}

static void
leave_in_callback(void *arg)
{
    ac_future *f;

    (void)arg;
    be_busy();
    CHILD_MUST(ac_submit(busy, NULL, support_nothing, NULL, &f) == AC_OK);
    CHILD_MUST(ac_future_on_done(f, exit_in_callback, NULL) == AC_OK);
    support_counter_wait(&started, 1000);
}

/* main() has ended, the process has not. */
static void
leave_main_thread(void *arg)
{
    (void)arg;
    be_busy();
    CHILD_MUST(ac_submit(busy, NULL, exit_in_task, NULL, NULL) == AC_OK);
    pthread_exit(NULL);
}

/* The program may tidy up in the last moment, too. */
static void
use_at_exit(void)
{
    ac_future *f;
    ac_iter *own;

    CHILD_MUST(ac_pool_wait_idle(busy, AC_POLL) == AC_ETIMEDOUT);
    CHILD_MUST(ac_submit(busy, NULL, support_nothing, NULL, &f) == AC_OK);
    CHILD_MUST(ac_future_wait(f, AC_FOREVER) == AC_OK);
    CHILD_MUST(ac_as_completed(&f, 1, &own) == AC_OK);
    ac_iter_destroy(own);
    ac_future_unref(f);
    CHILD_MUST(ac_pool_shutdown(busy, AC_CANCEL, AC_FOREVER, NULL) == AC_OK);
    CHILD_MUST(ac_pool_destroy(busy) == AC_OK);
    CHILD_MUST(atomic_load(&stops) >= 3);
}

static void
leave_with_handler(void *arg)
{
    (void)arg;
    CHILD_MUST(atexit(use_at_exit) == 0);
    be_busy();
    exit(STATUS);
}

START_TEST(s53_one_may_leave_with_live_pools)
{
    static child_fn *const ways[] = {leave, leave_in_task, leave_in_callback,
                                     leave_main_thread, leave_with_handler};

    ck_assert_int_eq(child_run(ways[_i], NULL), STATUS);
}
END_TEST

/* ---- Destructors ---------------------------------------------------- */

static pthread_key_t key;

typedef struct farewell {
    ac_pool *pool;
    ac_pool *other;
    int calls;     /* the thread's, then whoever joined it */
    int submit_rc; /* expected of a submit to `pool` */
    int idle_rc;   /* expected of wait_idle */
} farewell;

static void
use_other(ac_pool *other)
{
    ac_future *f = NULL;
    ac_iter *own = NULL;

    SUPPORT_CHECK_INT(ac_iter_open(&own), AC_OK);
    SUPPORT_CHECK_INT(
        ac_iter_submit(own, other, NULL, support_echo, own, AC_FOREVER, NULL),
        AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(own, AC_FOREVER, &f), AC_OK);
    SUPPORT_CHECK_INT(ac_future_status(f), AC_OK);
    ac_future_unref(f);
    ac_iter_destroy(own);
}

/* Sets its key again: systems call it up to four times. */
static void
say_farewell(void *value)
{
    farewell *w = value;
    ac_future *f = NULL;

    SUPPORT_CHECK_INT(ac_cancel_requested(), 0);
    SUPPORT_CHECK_INT(ac_submit(w->pool, NULL, support_nothing, NULL, &f),
                      w->submit_rc);
    if (f != NULL) {
        SUPPORT_CHECK_INT(ac_future_wait(f, AC_FOREVER), AC_OK);
        ac_future_unref(f);
    }
    SUPPORT_CHECK_INT(ac_pool_wait_idle(w->pool, AC_POLL), w->idle_rc);
    use_other(w->other);
    if (++w->calls < 2)
        pthread_setspecific(key, w);
}

static int
set_key(void *arg, void **result)
{
    (void)result;
    SUPPORT_CHECK_INT(pthread_setspecific(key, arg), 0);
    return 0;
}

static int
set_key_and_quit(void *arg, void **result)
{
    set_key(arg, result);
    pthread_exit(NULL);
}

static void
set_in_thread(void *arg)
{
    set_key(arg, NULL);
}

/* Of a thread that is none of the library's, of a worker when its pool is
 * destroyed, and of one that a task has ended. */
START_TEST(s53_destructors_of_threads_may_call_everything)
{
    farewell plain = {.submit_rc = AC_OK, .idle_rc = AC_ETIMEDOUT};
    farewell worker = {.submit_rc = AC_ESHUTDOWN, .idle_rc = AC_EDEADLK};
    farewell gone = {.submit_rc = AC_OK, .idle_rc = AC_EDEADLK};
    support_thread thread;
    support_hold hold;

    ck_assert_int_eq(pthread_key_create(&key, say_farewell), 0);
    ac_pool *other = support_pool(1);
    plain.other = worker.other = gone.other = other;
    worker.pool = support_pool(1);
    gone.pool = support_pool(2);
    ac_future *f = support_submit(gone.pool, set_key_and_quit, &gone);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_EABORTED);
    ac_future_unref(f);
    ck_assert_int_eq(ac_submit(worker.pool, NULL, set_key, &worker, NULL),
                     AC_OK);
    support_pool_end(worker.pool);
    ck_assert_int_eq(worker.calls, 2);
    plain.pool = support_pool(2);
    support_hold_worker(&hold, plain.pool);
    support_thread_start(&thread, set_in_thread, &plain);
    support_thread_join(&thread);
    support_hold_end(&hold);
    support_pool_end(plain.pool);
    support_pool_end(gone.pool);
    ck_assert_int_eq(plain.calls, 2);
    ck_assert_int_eq(gone.calls, 2);
    support_pool_end(other);
    ck_assert_int_eq(pthread_key_delete(key), 0);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("exit");
    TCase *tcase = support_tcase("leave");

    tcase_add_loop_test(tcase, s53_one_may_leave_with_live_pools, 0, 5);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("destructors");
    tcase_add_test(tcase, s53_destructors_of_threads_may_call_everything);
    suite_add_tcase(suite, tcase);
    return suite;
}
