/*
 * run_iter.c - iterators: how they end, against completions and consumers
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

static ac_pool *pool;
static ac_iter *iter;
static int got[2];

static void
begin(size_t workers, int tasks)
{
    pool = sk_pool(workers);
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    while (tasks-- > 0)
        SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
}

static void
end(void)
{
    ac_iter_destroy(iter);
    sk_pool_end(pool);
}

static void *
drain(void *count)
{
    *(int *)count = sk_drain(iter, AC_FOREVER, AC_DONE);
    return NULL;
}

/* ---- Closing ---- */

static void *
close_it(void *unused)
{
    (void)unused;
    SK_MUST(ac_iter_close(iter) == AC_OK);
    return NULL;
}

/* Two consumers, one close: all comes out, and both see the end. */
SK_SCENARIO(close_next)
{
    begin(1, 2);
    pthread_t consumer = sk_start(drain, &got[0]);
    pthread_t closer = sk_start(close_it, NULL);
    got[1] = sk_drain(iter, AC_FOREVER, AC_DONE);
    sk_join(consumer);
    sk_join(closer);
    SK_MUST(got[0] + got[1] == 2);
    end();
}

/* An iterator that stays empty: close alone wakes both. */
SK_SCENARIO(close_empty)
{
    begin(1, 0);
    pthread_t consumer = sk_start(drain, &got[0]);
    pthread_t closer = sk_start(close_it, NULL);
    SK_MUST(sk_drain(iter, AC_FOREVER, AC_DONE) == 0);
    sk_join(consumer);
    sk_join(closer);
    SK_MUST(got[0] == 0);
    end();
}

/* Close against a submission: it is in, or refused and the caller's again. */
SK_SCENARIO(close_submit)
{
    struct sk_task *task = sk_task();
    begin(1, 0);
    pthread_t closer = sk_start(close_it, NULL);
    int rc = sk_submit(pool, iter, task, NULL);
    SK_MUST(rc == AC_OK || rc == AC_ECLOSED);
    SK_MUST(sk_drain(iter, AC_FOREVER, AC_DONE) == (rc == AC_OK));
    sk_join(closer);
    end();
}

/* ---- Letting go ---- */

static void *
abandon(void *unused)
{
    (void)unused;
    SK_MUST(ac_iter_abandon(iter) == AC_OK);
    return NULL;
}

SK_SCENARIO(abandon_next)
{
    begin(1, 3);
    pthread_t consumer = sk_start(drain, &got[0]);
    pthread_t other = sk_start(abandon, NULL);
    got[1] = sk_drain(iter, AC_FOREVER, AC_DONE);
    sk_join(consumer);
    sk_join(other);
    SK_MUST(got[0] + got[1] <= 3 && ac_iter_remaining(iter) == 0);
    end();
}

/* What never ends is let go of: the consumer is not forgotten. */
SK_SCENARIO(abandon_stuck)
{
    struct sk_gate hold = {0};
    struct sk_task *task = sk_task();
    task->hold = &hold;
    begin(1, 0);
    SK_MUST(sk_submit(pool, iter, task, NULL) == AC_OK);
    pthread_t consumer = sk_start(drain, &got[0]);
    pthread_t other = sk_start(abandon, NULL);
    sk_join(consumer);
    sk_join(other);
    SK_MUST(got[0] == 0 && task->delivered == 0);
    sk_gate_open(&hold);
    end();
}

/* What was let go of is not waited for, even if it is just being told of. */
SK_SCENARIO(abandon_poll)
{
    begin(1, 1);
    SK_MUST(ac_iter_abandon(iter) == AC_OK);
    size_t left = ac_iter_remaining(iter);
    SK_MUST((size_t)sk_drain(iter, AC_POLL, AC_DONE) == left);
    end();
}

/* Members of all three kinds are let go of while they complete. */
SK_SCENARIO(destroy_complete)
{
    ac_iter *set;
    begin(2, 1);
    ac_future *futures[2] = {sk_submitted(pool), sk_submitted(pool)};
    SK_MUST(ac_iter_add(iter, futures[0]) == AC_OK);
    SK_MUST(ac_as_completed(futures, 2, &set) == AC_OK);
    SK_MUST(ac_iter_add(iter, futures[1]) == AC_OK);
    ac_future_unref(futures[0]);
    if (sk_roll(2) == 0)
        SK_MUST(ac_iter_cancel(set) == AC_OK);
    ac_iter_destroy(set);
    ac_future_unref(futures[1]);
    end();
}

/* ---- Two iterators want the same future's seat, while it ends or one of them
 * lets go of it ---- */

static ac_future *shared;

static int
close_and_count(ac_iter *from)
{
    SK_MUST(ac_iter_close(from) == AC_OK);
    return sk_count(from);
}

static void *
add_and_end(void *other)
{
    SK_MUST(ac_iter_add(other, shared) == AC_OK);
    SK_MUST(close_and_count(other) == 1);
    ac_iter_destroy(other);
    return NULL;
}

SK_SCENARIO(add_add)
{
    ac_iter *other;
    begin(1, 0);
    SK_MUST(ac_iter_open(&other) == AC_OK);
    shared = sk_submitted(pool);
    pthread_t thread = sk_start(add_and_end, other);
    pthread_t third = 0;
    int kind = (int)sk_roll(3);
    if (kind == 0)
        third = sk_start(abandon, NULL);
    int rc = ac_iter_add(iter, shared);
    SK_MUST(rc == AC_OK || (kind == 0 && rc == AC_ECLOSED));
    if (kind == 1) /* it may let go of it, or not */
        SK_MUST(ac_iter_abandon(iter) == AC_OK);
    else if (kind == 2)
        SK_MUST(ac_future_cancel(shared) != AC_EINVAL);
    if (kind == 0)
        sk_join(third);
    int n = close_and_count(iter);
    SK_MUST(n == 1 || (kind < 2 && n == 0));
    sk_join(thread);
    ac_future_unref(shared);
    end();
}

/* ---- What a future tells others of: two iterators and a wait ---- */

static void *
wait_for(void *future)
{
    SK_MUST(ac_future_wait(future, AC_FOREVER) == AC_OK);
    ac_future_unref(future);
    return NULL;
}

SK_SCENARIO(tell_all)
{
    ac_iter *other;
    begin(1, 0);
    SK_MUST(ac_iter_open(&other) == AC_OK);
    ac_future *future = sk_submitted(pool);
    SK_MUST(ac_iter_add(iter, future) == AC_OK);
    pthread_t waiter = sk_start(wait_for, ac_future_ref(future));
    SK_MUST(ac_iter_add(other, future) == AC_OK);
    SK_MUST(ac_iter_add(iter, future) == AC_OK);
    SK_MUST(ac_iter_close(iter) == AC_OK && ac_iter_close(other) == AC_OK);
    SK_MUST(sk_drain(other, AC_FOREVER, AC_DONE) == 1);
    SK_MUST(sk_drain(iter, AC_FOREVER, AC_DONE) == 2);
    ac_iter_destroy(other);
    ac_future_unref(future);
    sk_join(waiter);
    end();
}
