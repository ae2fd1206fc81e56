/*
 * One of each; heritage.h tells what for.
 *
 * SPDX-License-Identifier: MIT
 */
#include "heritage.h"

#include <fcntl.h>

#include "child.h"

enum { FILLER = 77 };

static atomic_int called; /* callbacks */
static atomic_int freed;  /* arguments and results released */

static void
free_something(void *object)
{
    (void)object;
    atomic_fetch_add(&freed, 1);
}

static void
call_back(ac_future *future, void *arg)
{
    (void)future;
    (void)arg;
    atomic_fetch_add(&called, 1);
}

/* ---- The parent's --------------------------------------------------- */

static void
make_futures(heritage *h, const ac_task_attr *attr)
{
    CHILD_MUST(ac_submit(h->pool, attr, support_echo, h, &h->done) == AC_OK);
    CHILD_MUST(ac_future_wait(h->done, AC_FOREVER) == AC_OK);
    support_hold_worker(&h->hold, h->pool);
    CHILD_MUST(ac_submit(h->pool, attr, support_echo, h, &h->queued) == AC_OK);
    CHILD_MUST(ac_promise_create(attr, h, &h->promise, &h->promised) == AC_OK);
    CHILD_MUST(ac_future_on_done(h->queued, call_back, NULL) == AC_OK);
    CHILD_MUST(ac_future_on_done(h->promised, call_back, NULL) == AC_OK);
}

void
heritage_make(heritage *h)
{
    ac_task_attr *attr;

    atomic_store(&called, 0);
    atomic_store(&freed, 0);
    CHILD_MUST(ac_task_attr_create(&attr) == AC_OK);
    CHILD_MUST(ac_task_attr_set_free_arg(attr, free_something) == AC_OK);
    CHILD_MUST(ac_task_attr_set_free_result(attr, free_something) == AC_OK);
    CHILD_MUST(ac_pool_create(1, NULL, &h->pool) == AC_OK);
    make_futures(h, attr);
    ac_task_attr_destroy(attr);
    CHILD_MUST(ac_iter_open(&h->open) == AC_OK);
    CHILD_MUST(ac_iter_add(h->open, h->queued) == AC_OK);
    CHILD_MUST(ac_iter_add(h->open, h->done) == AC_OK);
    CHILD_MUST(ac_iter_fd(h->open, &h->fd) == AC_OK);
    CHILD_MUST(ac_as_completed((ac_future *[]){h->hold.future, h->queued}, 2,
                               &h->set) == AC_OK);
}

static void
take_next(ac_iter *iter, ac_future *expected)
{
    ac_future *future = NULL;

    CHILD_MUST(ac_iter_next(iter, AC_FOREVER, &future) == AC_OK);
    CHILD_MUST(future == expected);
    ac_future_unref(future);
}

void
heritage_end(heritage *h)
{
    void *result = NULL;

    CHILD_MUST(atomic_load(&called) == 0 && atomic_load(&freed) == 0);
    CHILD_MUST(ac_future_status(h->queued) == AC_EAGAIN);
    CHILD_MUST(ac_future_status(h->promised) == AC_EAGAIN);
    CHILD_MUST(ac_iter_remaining(h->open) == 2);
    take_next(h->open, h->done);
    support_hold_release(&h->hold);
    take_next(h->set, h->hold.future);
    take_next(h->set, h->queued);
    take_next(h->open, h->queued);
    CHILD_MUST(ac_future_get(h->queued, AC_FOREVER, &result) == AC_OK);
    CHILD_MUST(result == h);
    CHILD_MUST(ac_promise_resolve(h->promise, h) == AC_OK);
    CHILD_MUST(ac_pool_wait_idle(h->pool, AC_FOREVER) == AC_OK);
    CHILD_MUST(atomic_load(&called) == 2 && atomic_load(&freed) == 0);
    ac_iter_destroy(h->open);
    ac_iter_destroy(h->set);
    ac_promise_destroy(h->promise);
    ac_future_unref(h->promised);
    ac_future_unref(h->queued);
    ac_future_unref(h->done);
    support_hold_end(&h->hold);
    CHILD_MUST(ac_pool_destroy(h->pool) == AC_OK);
    CHILD_MUST(atomic_load(&called) == 2 && atomic_load(&freed) == 3);
}

/* ---- The child's ---------------------------------------------------- */

#define IS_DEAD(call) CHILD_MUST((call) == AC_EFORKED)

static const ac_deadline deadlines[] = {AC_POLL, AC_FOREVER};

static void
submit_is_dead(heritage *h)
{
    ac_future *const before = (ac_future *)h;
    ac_future *f[2] = {before, before};
    void *args[2] = {h, h};

    for (int i = 0; i < 2; i++) {
        IS_DEAD(ac_submit(h->pool, NULL, support_echo, h, i ? f : NULL));
        IS_DEAD(ac_submit_until(h->pool, NULL, support_echo, h, deadlines[i],
                                i ? f : NULL));
        IS_DEAD(ac_submit_many(h->pool, NULL, support_echo, args, 2,
                               deadlines[i], i ? f : NULL));
        IS_DEAD(ac_iter_submit(h->open, h->pool, NULL, support_echo, h,
                               deadlines[i], i ? f : NULL));
    }
    CHILD_MUST(f[0] == before && f[1] == before);
}

void
heritage_pool_is_dead(heritage *h)
{
    size_t left = FILLER;
    uint64_t values[AC_STATS] = {FILLER};

    for (int i = 0; i < 2; i++) {
        IS_DEAD(ac_pool_shutdown(h->pool, AC_DRAIN, deadlines[i], &left));
        IS_DEAD(ac_pool_shutdown(h->pool, AC_CANCEL, deadlines[i], NULL));
        IS_DEAD(ac_pool_wait_idle(h->pool, deadlines[i]));
        IS_DEAD(ac_pool_stats(h->pool, values, AC_STATS));
        submit_is_dead(h);
        IS_DEAD(ac_pool_destroy(h->pool));
    }
    CHILD_MUST(left == FILLER && values[0] == FILLER);
    CHILD_MUST(atomic_load(&called) == 0 && atomic_load(&freed) == 0);
}

static void
future_is_dead(ac_future *future)
{
    ac_iter *iter = (ac_iter *)&called;
    void *result = &called;
    size_t which = FILLER;

    CHILD_MUST(ac_future_ref(future) == future);
    ac_future_unref(future);
    IS_DEAD(ac_future_status(future));
    CHILD_MUST(ac_future_error(future) == 0);
    CHILD_MUST(ac_future_arg(future) == NULL);
    for (int i = 0; i < 2; i++) {
        IS_DEAD(ac_future_wait(future, deadlines[i]));
        IS_DEAD(ac_future_get(future, deadlines[i], &result));
        IS_DEAD(ac_future_get(future, deadlines[i], NULL));
        IS_DEAD(ac_future_take(future, deadlines[i], &result));
        IS_DEAD(ac_wait(&future, 1, AC_ALL, deadlines[i], &which));
        IS_DEAD(ac_wait(&future, 1, AC_FIRST, deadlines[i], &which));
        IS_DEAD(ac_wait(&future, 1, AC_FIRST_ERROR, deadlines[i], NULL));
    }
    IS_DEAD(ac_future_cancel(future));
    IS_DEAD(ac_future_on_done(future, call_back, NULL));
    /* Not in a child of threads that may hold an allocator's lock. */
    if (!support_instrumented())
        IS_DEAD(ac_as_completed(&future, 1, &iter));
    CHILD_MUST(result == &called && which == FILLER);
    CHILD_MUST(iter == (ac_iter *)&called);
    CHILD_MUST(atomic_load(&called) == 0 && atomic_load(&freed) == 0);
}

void
heritage_futures_are_dead(heritage *h)
{
    future_is_dead(h->hold.future);
    future_is_dead(h->queued);
    future_is_dead(h->done);
    future_is_dead(h->promised);
    CHILD_MUST(ac_cancel_requested() == 0);
}

void
heritage_promise_is_dead(heritage *h)
{
    IS_DEAD(ac_promise_resolve(h->promise, h));
    IS_DEAD(ac_promise_fail(h->promise, 1, h));
    IS_DEAD(ac_promise_fail(h->promise, AC_TASK_CANCELED, h));
    CHILD_MUST(atomic_load(&called) == 0 && atomic_load(&freed) == 0);
}

static void
iter_is_dead(heritage *h, ac_iter *iter)
{
    ac_future *const before = (ac_future *)h;
    ac_future *f[2] = {before, before};
    size_t n = FILLER;
    int fd = FILLER;

    for (int i = 0; i < 2; i++) {
        IS_DEAD(ac_iter_next(iter, deadlines[i], f));
        IS_DEAD(ac_iter_next_many(iter, f, 1, 2, deadlines[i], &n));
        IS_DEAD(ac_iter_next_many(iter, f, 2, 2, deadlines[i], &n));
    }
    CHILD_MUST(ac_iter_remaining(iter) == 0);
    IS_DEAD(ac_iter_fd(iter, &fd));
    IS_DEAD(ac_iter_add(iter, h->queued));
    IS_DEAD(ac_iter_cancel(iter));
    IS_DEAD(ac_iter_close(iter));
    IS_DEAD(ac_iter_abandon(iter));
    CHILD_MUST(f[0] == before && f[1] == before);
    CHILD_MUST(n == FILLER && fd == FILLER);
}

void
heritage_iters_are_dead(heritage *h)
{
    iter_is_dead(h, h->open);
    iter_is_dead(h, h->set);
}

static void
set_is_dead(ac_future *a, ac_future *b)
{
    ac_future *const set[] = {a, b};
    ac_iter *iter = (ac_iter *)&called;
    size_t which = FILLER;

    IS_DEAD(ac_as_completed(set, 2, &iter));
    IS_DEAD(ac_wait(set, 2, AC_ALL, AC_FOREVER, &which));
    IS_DEAD(ac_wait(set, 2, AC_FIRST, AC_FOREVER, &which));
    IS_DEAD(ac_wait(set, 2, AC_FIRST_ERROR, AC_FOREVER, &which));
    CHILD_MUST(which == FILLER && iter == (ac_iter *)&called);
}

void
heritage_mixed_is_dead(heritage *h, ac_pool *pool, ac_iter *iter,
                       ac_future *own)
{
    for (int i = 0; i < 2; i++) {
        IS_DEAD(ac_iter_submit(h->open, pool, NULL, support_echo, h,
                               deadlines[i], NULL));
        IS_DEAD(ac_iter_submit(iter, h->pool, NULL, support_echo, h,
                               deadlines[i], NULL));
    }
    IS_DEAD(ac_iter_add(h->open, own));
    IS_DEAD(ac_iter_add(iter, h->done));
    IS_DEAD(ac_iter_add(iter, h->promised));
    set_is_dead(own, h->queued);
    set_is_dead(h->done, own);
}

void
heritage_let_go(heritage *h)
{
    ac_iter_destroy(h->open);
    ac_iter_destroy(h->set);
    ac_promise_destroy(h->promise);
    ac_future_unref(h->promised);
    ac_future_unref(h->queued);
    ac_future_unref(h->done);
    ac_future_unref(h->hold.future);
    IS_DEAD(ac_pool_destroy(h->pool));
    CHILD_MUST(fcntl(h->fd, F_GETFD) != -1);
    CHILD_MUST(atomic_load(&called) == 0 && atomic_load(&freed) == 0);
}

/* ---- Anybody's ------------------------------------------------------ */

static void
use_promise(ac_iter *iter)
{
    ac_promise *promise;
    ac_future *future;
    support_counter counter;

    support_counter_init(&counter);
    CHILD_MUST(ac_promise_create(NULL, NULL, &promise, &future) == AC_OK);
    CHILD_MUST(ac_iter_add(iter, future) == AC_OK);
    CHILD_MUST(ac_future_wait(future, AC_POLL) == AC_ETIMEDOUT);
    CHILD_MUST(ac_promise_resolve(promise, &counter) == AC_OK);
    take_next(iter, future);
    ac_promise_destroy(promise);
    ac_future_unref(future);
    support_counter_destroy(&counter);
}

static int
nest(void *arg, void **result)
{
    ac_future *inner;
    int rc = ac_submit(arg, NULL, support_echo, arg, &inner);

    if (rc == AC_OK) {
        rc = ac_future_get(inner, AC_FOREVER, result);
        ac_future_unref(inner);
    }
    return rc;
}

static void
count_call(ac_future *future, void *arg)
{
    (void)future;
    support_counter_add(arg);
}

/* Some that run, one of them with a nested wait, and one that is canceled. */
static void
use_pool(ac_pool *pool, ac_iter *iter)
{
    support_counter calls;
    support_hold hold;
    ac_future *future;

    support_counter_init(&calls);
    for (int i = 0; i < 20; i++)
        CHILD_MUST(ac_iter_submit(iter, pool, NULL, nest, pool, AC_FOREVER,
                                  NULL) == AC_OK);
    for (int i = 0; i < 20; i++) {
        CHILD_MUST(ac_iter_next(iter, AC_FOREVER, &future) == AC_OK);
        CHILD_MUST(ac_future_status(future) == AC_OK);
        ac_future_unref(future);
    }
    support_hold_worker(&hold, pool);
    CHILD_MUST(ac_submit(pool, NULL, support_nothing, NULL, &future) == AC_OK);
    CHILD_MUST(ac_future_on_done(future, count_call, &calls) == AC_OK);
    CHILD_MUST(ac_future_cancel(future) == AC_OK);
    CHILD_MUST(ac_future_on_done(future, count_call, &calls) == AC_OK);
    CHILD_MUST(support_counter_get(&calls) == 2);
    ac_future_unref(future);
    support_hold_end(&hold);
    support_counter_destroy(&calls);
}

void
heritage_of_ones_own(void)
{
    ac_pool *pool;
    ac_iter *iter;
    int fd = -1;

    CHILD_MUST(ac_pool_create(1, NULL, &pool) == AC_OK);
    CHILD_MUST(ac_iter_open(&iter) == AC_OK);
    CHILD_MUST(ac_iter_fd(iter, &fd) == AC_OK && fd >= 0);
    use_pool(pool, iter);
    use_promise(iter);
    ac_iter_destroy(iter);
    CHILD_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    CHILD_MUST(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, NULL) == AC_OK);
    CHILD_MUST(ac_pool_destroy(pool) == AC_OK);
}
