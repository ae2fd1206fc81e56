/*
 * pthread_cancel() of a thread that is inside a call: no call is a point of
 * cancellation, so it ends as if nothing had been, holds no lock, and the
 * thread ends at its next own point.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <sched.h>

#include "child.h"

/* Frames that a cancellation leaves behind still count as a stack in use for
 * AddressSanitizer, when it gives back its signal stack. */
CHILD_ASAN_OPTIONS("use_sigaltstack=0")

/* ---- Calls that wait ------------------------------------------------ */

enum call {
    CALL_WAIT,
    CALL_WAIT_FAR,
    CALL_GET,
    CALL_TAKE,
    CALL_SET,
    CALL_LARGE_SET,
    CALL_NEXT,
    CALL_NEXT_FAR,
    CALL_MANY,
    CALL_SUBMIT,
    CALL_SUBMIT_MANY,
    CALL_ITER_SUBMIT,
    CALL_IDLE,
    CALL_SHUTDOWN,
    CALL_DESTROY,
    CALLS
};

enum { LARGE = 20 }; /* a set that is not waited for on the stack */

typedef struct caller {
    pthread_t thread;
    enum call call;
    ac_pool *pool;   /* of one worker, which is held; bounded to one: */
    ac_future *next; /* the one in its queue */
    ac_iter *iter;   /* has that one */
    ac_iter *open;   /* accepts more */
    support_gate started;
    long tid;          /* before started opens */
    ac_future *future; /* what the call handed out */
    int rc;            /* what it returned; -1: it did not return */
    int went_on;       /* past the point of cancellation */
} caller;

static int
submit_call(caller *c)
{
    void *args[1] = {c};

    if (c->call == CALL_SUBMIT)
        return ac_submit_until(c->pool, NULL, support_echo, c, AC_FOREVER,
                               &c->future);
    if (c->call == CALL_SUBMIT_MANY)
        return ac_submit_many(c->pool, NULL, support_echo, args, 1,
                              support_far(), &c->future);
    return ac_iter_submit(c->open, c->pool, NULL, support_echo, c, AC_FOREVER,
                          &c->future);
}

static int
do_call(caller *c)
{
    ac_future *set[LARGE];
    size_t n = 0;

    for (int i = 0; i < LARGE; i++)
        set[i] = c->next;
    switch (c->call) {
    case CALL_WAIT:
        return ac_future_wait(c->next, AC_FOREVER);
    case CALL_WAIT_FAR:
        return ac_future_wait(c->next, support_far());
    case CALL_GET:
        return ac_future_get(c->next, AC_FOREVER, NULL);
    case CALL_TAKE:
        return ac_future_take(c->next, AC_FOREVER, (void *[]){NULL});
    case CALL_SET:
        return ac_wait(set, 2, AC_ALL, AC_FOREVER, NULL);
    case CALL_LARGE_SET:
        return ac_wait(set, LARGE, AC_FIRST, support_far(), NULL);
    case CALL_NEXT:
        return ac_iter_next(c->iter, AC_FOREVER, &c->future);
    case CALL_NEXT_FAR:
        return ac_iter_next(c->iter, support_far(), &c->future);
    case CALL_MANY:
        return ac_iter_next_many(c->iter, &c->future, 1, 1, AC_FOREVER, &n);
    case CALL_IDLE:
        return ac_pool_wait_idle(c->pool, AC_FOREVER);
    case CALL_SHUTDOWN:
        return ac_pool_shutdown(c->pool, AC_DRAIN, support_far(), NULL);
    case CALL_DESTROY:
        return ac_pool_destroy(c->pool);
    default:
        return submit_call(c);
    }
}

static void *
caller_main(void *arg)
{
    caller *c = arg;
    int state = -1;

    c->tid = support_tid();
    support_gate_open(&c->started);
    c->rc = do_call(c);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    SUPPORT_CHECK_INT(state, PTHREAD_CANCEL_ENABLE);
    pthread_testcancel();
    c->went_on = 1;
    return NULL;
}

static void
make_caller(caller *c, support_hold *hold)
{
    ac_pool_attr *attr = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_capacity(attr, 1), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &c->pool), AC_OK);
    ac_pool_attr_destroy(attr);
    support_hold_worker(hold, c->pool);
    c->next = support_submit(c->pool, support_echo, c);
    ck_assert_int_eq(ac_as_completed(&c->next, 1, &c->iter), AC_OK);
    ck_assert_int_eq(ac_iter_open(&c->open), AC_OK);
    support_gate_init(&c->started);
    c->rc = -1;
}

/* Everything still works; whatever lock were held would stop this. */
static void
use_all(caller *c)
{
    ac_future *future = NULL;
    uint64_t stats[AC_STATS];

    if (c->iter != NULL)
        ac_iter_remaining(c->iter);
    ck_assert_int_eq(ac_iter_add(c->open, c->next), AC_OK);
    while (ac_iter_next(c->open, AC_FOREVER, &future) == AC_OK) {
        const int last = future == c->next;
        ac_future_unref(future);
        if (last)
            break;
    }
    if (c->call == CALL_DESTROY)
        return;
    ck_assert_int_eq(ac_pool_wait_idle(c->pool, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_pool_stats(c->pool, stats, AC_STATS), AC_OK);
    ck_assert_uint_eq(stats[AC_STAT_QUEUED] + stats[AC_STAT_BUSY], 0);
    support_pool_end(c->pool);
}

static void
drop_caller(caller *c)
{
    if (c->future != NULL)
        ac_future_unref(c->future);
    ac_future_unref(c->next);
    ac_iter_destroy(c->iter);
    ac_iter_destroy(c->open);
    support_gate_destroy(&c->started);
}

/* The cancel comes while it sleeps (and again: pending is pending). */
START_TEST(s57_a_canceled_wait_ends_as_any_other)
{
    caller c = {.call = (enum call)_i};
    support_hold hold;
    void *end = NULL;

    make_caller(&c, &hold);
    ck_assert_int_eq(pthread_create(&c.thread, NULL, caller_main, &c), 0);
    support_gate_wait(&c.started);
    support_tid_await_sleep(c.tid);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(pthread_cancel(c.thread), 0);
        for (int k = 0; k < 100; k++)
            sched_yield();
    }
    support_hold_end(&hold);
    ck_assert_int_eq(pthread_join(c.thread, &end), 0);
    ck_assert_ptr_eq(end, PTHREAD_CANCELED);
    ck_assert_int_eq(c.rc, AC_OK);
    ck_assert_int_eq(c.went_on, 0);
    use_all(&c);
    drop_caller(&c);
}
END_TEST

/* ---- All calls, with a cancel that is pending already --------------- */

static int
start_hook(size_t worker, void *arg)
{
    (void)worker;
    support_counter_add(arg);
    return 0;
}

static void
call_back(ac_future *future, void *arg)
{
    (void)future;
    support_counter_add(arg);
}

/* Attributes, and a pool with hooks and as many workers as it likes. */
static void
call_create(support_counter *counter, ac_pool **pool)
{
    ac_pool_attr *attr;

    SUPPORT_CHECK_INT(ac_pool_attr_create(&attr), AC_OK);
    SUPPORT_CHECK_INT(ac_pool_attr_set_name(attr, "canceled"), AC_OK);
    SUPPORT_CHECK_INT(ac_pool_attr_set_hooks(attr, start_hook, NULL, counter),
                      AC_OK);
    SUPPORT_CHECK_INT(ac_pool_attr_set_timing(attr, 1), AC_OK);
    SUPPORT_CHECK_INT(ac_pool_create(0, attr, pool), AC_OK);
    ac_pool_attr_destroy(attr);
}

static void
call_futures(ac_pool *pool, support_counter *counter)
{
    ac_task_attr *attr;
    ac_future *f[2];
    void *args[2] = {pool, pool};

    SUPPORT_CHECK_INT(ac_task_attr_create(&attr), AC_OK);
    SUPPORT_CHECK_INT(ac_task_attr_set_start_by(attr, AC_POLL), AC_OK);
    SUPPORT_CHECK_INT(
        ac_submit_many(pool, NULL, support_echo, args, 2, AC_FOREVER, f),
        AC_OK);
    SUPPORT_CHECK_INT(ac_future_on_done(f[0], call_back, counter), AC_OK);
    SUPPORT_CHECK_INT(ac_wait(f, 2, AC_ALL, AC_FOREVER, NULL), AC_OK);
    SUPPORT_CHECK_INT(ac_future_get(f[0], AC_FOREVER, NULL), AC_OK);
    SUPPORT_CHECK_INT(ac_future_take(f[1], AC_FOREVER, (void *[]){NULL}),
                      AC_OK);
    SUPPORT_CHECK_INT(ac_future_cancel(f[0]), AC_EALREADY);
    ac_future_unref(f[0]);
    ac_future_unref(f[1]);
    SUPPORT_CHECK_INT(ac_submit(pool, attr, support_echo, pool, &f[0]), AC_OK);
    SUPPORT_CHECK_INT(ac_future_wait(f[0], AC_FOREVER), AC_OK);
    SUPPORT_CHECK_INT(ac_future_status(f[0]), AC_EEXPIRED);
    ac_future_unref(f[0]);
    ac_task_attr_destroy(attr);
}

static void
call_iters(ac_pool *pool)
{
    ac_iter *iter;
    ac_future *f;
    size_t n;
    int fd;

    SUPPORT_CHECK_INT(ac_iter_open(&iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_fd(iter, &fd), AC_OK);
    for (int i = 0; i < 3; i++)
        SUPPORT_CHECK_INT(ac_iter_submit(iter, pool, NULL, support_echo, pool,
                                         AC_FOREVER, NULL),
                          AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &f), AC_OK);
    ac_future_unref(f);
    SUPPORT_CHECK_INT(ac_iter_next_many(iter, &f, 1, 1, AC_FOREVER, &n), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_add(iter, f), AC_OK);
    ac_future_unref(f);
    SUPPORT_CHECK_INT(ac_iter_cancel(iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_close(iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_abandon(iter), AC_OK);
    ac_iter_destroy(iter);
}

static void
call_promise(support_counter *counter)
{
    ac_promise *promise;
    ac_future *f;

    SUPPORT_CHECK_INT(ac_promise_create(NULL, NULL, &promise, &f), AC_OK);
    SUPPORT_CHECK_INT(ac_future_on_done(f, call_back, counter), AC_OK);
    SUPPORT_CHECK_INT(ac_future_wait(f, AC_POLL), AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_future_wait(f, ac_deadline_in_ns(1000)), AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_promise_resolve(promise, NULL), AC_OK);
    ac_promise_destroy(promise);
    ac_future_unref(f);
}

static void *
call_all(void *arg)
{
    support_counter *counter = arg;
    ac_pool *pool;

    pthread_cancel(pthread_self());
    call_create(counter, &pool);
    call_futures(pool, counter);
    call_iters(pool);
    call_promise(counter);
    SUPPORT_CHECK_INT(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    SUPPORT_CHECK_INT(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, NULL),
                      AC_OK);
    SUPPORT_CHECK_INT(ac_pool_destroy(pool), AC_OK);
    support_counter_add(counter);
    pthread_testcancel();
    SUPPORT_FAIL("canceled");
    return NULL;
}

START_TEST(s57_no_call_is_a_point_of_cancellation)
{
    support_counter counter;
    pthread_t thread;
    void *end = NULL;

    support_counter_init(&counter);
    ck_assert_int_eq(pthread_create(&thread, NULL, call_all, &counter), 0);
    ck_assert_int_eq(pthread_join(thread, &end), 0);
    ck_assert_ptr_eq(end, PTHREAD_CANCELED);
    /* A hook or more, two callbacks, and the end. */
    ck_assert_uint_ge(support_counter_get(&counter), 4);
    support_counter_destroy(&counter);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("thread cancel");
    TCase *tcase = support_tcase("cancel");

    tcase_add_loop_test(tcase, s57_a_canceled_wait_ends_as_any_other, 0, CALLS);
    tcase_add_test(tcase, s57_no_call_is_a_point_of_cancellation);
    suite_add_tcase(suite, tcase);
    return suite;
}
