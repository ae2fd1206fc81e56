/*
 * run_any.c - any calls against any others: two iterators, three futures that
 * may be members of both, and three threads that do as the seed says
 *
 * What the others promise is not looked at here: that all ends, each result is
 * there when it is handed out, and everything is given back, is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

enum { FUTURES = 3, CALLS = 3, MOST = 2 };

static ac_pool *pool;
static ac_iter *iters[2];
static ac_future *futures[FUTURES];
static ac_promise *promise; /* the last one's */

static void
take_some(ac_iter *iter, ac_deadline deadline)
{
    ac_future *got[MOST];
    size_t n = 0;
    if (ac_iter_next_many(iter, got, 1 + sk_roll(MOST), MOST, deadline, &n) !=
        AC_OK)
        return;
    while (n > 0) {
        SK_MUST(ac_future_status(got[--n]) != AC_EAGAIN);
        ac_future_unref(got[n]);
    }
}

static void
go_through_all(void)
{
    ac_iter *set;
    SK_MUST(ac_as_completed(futures, FUTURES, &set) == AC_OK);
    if (sk_roll(2))
        take_some(set, AC_POLL);
    ac_iter_destroy(set);
}

static void
call(void)
{
    ac_iter *iter = iters[sk_roll(2)];
    int rc = AC_OK;
    switch (sk_roll(9)) {
    case 0:
    case 1:
        rc = ac_iter_add(iter, futures[sk_roll(FUTURES)]);
        break;
    case 2:
        ac_future_cancel(futures[sk_roll(FUTURES)]);
        break;
    case 3:
        rc = ac_iter_cancel(iter);
        break;
    case 4:
        rc = sk_roll(2) ? ac_iter_abandon(iter) : ac_iter_close(iter);
        break;
    case 5:
        take_some(iter, AC_POLL);
        break;
    case 6:
        take_some(iter, sk_soon());
        break;
    case 7:
        go_through_all();
        break;
    case 8:
        rc = sk_submit(pool, iter, sk_task(), NULL);
        break;
    }
    SK_MUST(rc == AC_OK || rc == AC_ECLOSED || rc == AC_ETIMEDOUT);
}

static void *
calls(void *unused)
{
    (void)unused;
    for (int i = 0; i < CALLS; i++)
        call();
    return NULL;
}

static void *
fulfil(void *unused)
{
    (void)unused;
    if (sk_roll(2))
        call();
    if (sk_roll(2))
        ac_promise_resolve(promise, NULL);
    ac_promise_destroy(promise);
    return NULL;
}

SK_SCENARIO(any_calls)
{
    int fd;
    struct sk_task *task = sk_task();
    ac_task_attr *late = sk_attr_new();
    pool = sk_roll(2) ? sk_pool(1) : sk_bounded_pool(1, 2);
    SK_MUST(ac_iter_open(&iters[0]) == AC_OK);
    SK_MUST(ac_iter_open(&iters[1]) == AC_OK);
    if (sk_roll(4) == 0)
        SK_MUST(ac_iter_fd(iters[0], &fd) == AC_OK);
    SK_MUST(ac_task_attr_set_start_by(late, sk_soon()) == AC_OK);
    if (sk_roll(2))
        task->attr = late;
    SK_MUST(sk_submit(pool, sk_roll(2) ? iters[0] : NULL, task, &futures[0]) ==
            AC_OK);
    futures[1] = sk_submitted(pool);
    SK_MUST(ac_promise_create(NULL, NULL, &promise, &futures[2]) == AC_OK);
    pthread_t one = sk_start(calls, NULL), two = sk_start(fulfil, NULL);
    calls(NULL);
    sk_join(one);
    sk_join(two);
    ac_iter_destroy(iters[0]);
    ac_iter_destroy(iters[1]);
    for (int i = 0; i < FUTURES; i++)
        ac_future_unref(futures[i]);
    ac_task_attr_destroy(late);
    sk_pool_end(pool);
}
