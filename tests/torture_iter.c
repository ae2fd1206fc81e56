/*
 * torture_iter.c - refusals of an iterator: nothing is lost between add and
 * hand-over
 *
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

static struct tt_gate gate = TT_GATE(1);

static ac_future *
held(ac_pool *pool)
{
    struct tt_job *job = tt_job();
    job->hold = &gate;
    return tt_submit(pool, job);
}

static void
unref_all(ac_future *futures[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        ac_future_unref(futures[i]);
}

static void
destroy(ac_pool *pool)
{
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

/* Take all that comes out; a refused one is asked for again. */
static size_t
drain(ac_iter *iter)
{
    ac_future *done;
    size_t n = 0;
    for (;;) {
        int rc = ac_iter_next(iter, AC_FOREVER, &done);
        if (rc == AC_DONE)
            return n;
        if (tt_refused(__FILE__, __LINE__, "ac_iter_next", rc, AC_OK)) {
            tt_disarm();
            continue;
        }
        TT_CHECK(ac_future_status(done) != AC_EAGAIN);
        ac_future_unref(done);
        n++;
    }
}

/* Done ones, pending ones, and both of them twice. */
static void
as_completed(void)
{
    enum { N = 40 };
    ac_pool *pool = tt_pool(2);
    ac_future *futures[N + 2];
    ac_iter *iter = tt_untouched;
    for (size_t i = 0; i < N; i++)
        futures[i] = i % 4 == 0 ? tt_ended(pool, (int)i) : NULL;
    for (size_t i = 0; i < N; i++)
        if (futures[i] == NULL)
            futures[i] = held(pool);
    futures[N] = ac_future_ref(futures[0]);
    futures[N + 1] = ac_future_ref(futures[1]);
    tt_arm();
    if (TT_REFUSED(ac_as_completed, AC_OK, (futures, N + 2, &iter))) {
        TT_CHECK(iter == tt_untouched);
        tt_disarm();
        TT_MUST(ac_as_completed, AC_OK, (futures, N + 2, &iter));
    }
    TT_CHECK(ac_iter_remaining(iter) == N);
    ac_future *done;
    for (size_t i = 0; i < N; i += 4) {
        TT_MUST(ac_iter_next, AC_OK, (iter, AC_POLL, &done));
        TT_CHECK(done == futures[i]);
        ac_future_unref(done);
    }
    tt_knock_when_parked(&gate);
    TT_CHECK(drain(iter) == N - N / 4);
    TT_RETRY(ac_iter_add, AC_ECLOSED, (iter, futures[0]));
    ac_iter_destroy(iter);
    tt_disarm();
    unref_all(futures, N + 2);
    destroy(pool);
}

static void
as_completed_none(void)
{
    ac_iter *iter = tt_untouched;
    ac_future *done = tt_untouched;
    tt_arm();
    if (TT_REFUSED(ac_as_completed, AC_OK, (NULL, 0, &iter))) {
        TT_CHECK(iter == tt_untouched);
        tt_disarm();
        TT_MUST(ac_as_completed, AC_OK, (NULL, 0, &iter));
    }
    TT_MUST(ac_iter_next, AC_DONE, (iter, AC_FOREVER, &done));
    TT_CHECK(done == tt_untouched);
    ac_iter_destroy(iter);
    tt_disarm();
}

/* An invalid member: no error of resources hides it, and nothing is left. */
static void
as_completed_null(void)
{
    ac_pool *pool = tt_pool(1);
    ac_future *futures[3] = {held(pool), NULL, NULL};
    ac_iter *iter = tt_untouched;
    futures[1] = ac_future_ref(futures[0]);
    tt_arm();
    TT_RETRY(ac_as_completed, AC_EINVAL, (futures, 3, &iter));
    TT_CHECK(iter == tt_untouched);
    tt_disarm();
    tt_gate_open(&gate);
    unref_all(futures, 3);
    destroy(pool);
}

static void
add(void)
{
    enum { N = 30 };
    ac_pool *pool = tt_pool(1);
    ac_future *ended = tt_ended(pool, 0);
    ac_future *pending = held(pool);
    ac_iter *iter = tt_untouched;
    size_t added = 0;
    tt_arm();
    if (TT_REFUSED(ac_iter_open, AC_OK, (&iter))) {
        TT_CHECK(iter == tt_untouched);
        tt_disarm();
        TT_MUST(ac_iter_open, AC_OK, (&iter));
    }
    for (int i = 0; i < N; i++) {
        ac_future *future = i % 3 == 0 ? ended : pending;
        if (!TT_REFUSED(ac_iter_add, AC_OK, (iter, future)))
            added++;
        TT_CHECK(ac_iter_remaining(iter) == added);
    }
    tt_disarm();
    TT_MUST(ac_iter_add, AC_OK, (iter, pending));
    TT_MUST(ac_iter_add, AC_OK, (iter, ended));
    tt_arm();
    TT_MUST(ac_iter_close, AC_OK, (iter));
    ac_future_unref(ended);
    ac_future_unref(pending);
    tt_knock_when_parked(&gate);
    TT_CHECK(drain(iter) == added + 2);
    ac_iter_destroy(iter);
    tt_disarm();
    destroy(pool);
}

/* Refused before it waits: the iterator, and what it holds, is as before. */
static void
next(ac_deadline deadline)
{
    ac_pool *pool = tt_pool(1);
    ac_future *future = held(pool);
    ac_future *done = tt_untouched;
    ac_iter *iter;
    TT_MUST(ac_as_completed, AC_OK, (&future, 1, &iter));
    tt_arm();
    TT_MUST(ac_iter_next, AC_ETIMEDOUT, (iter, AC_POLL, &done));
    TT_CHECK(done == tt_untouched);
    tt_knock_when_parked(&gate);
    if (TT_REFUSED(ac_iter_next, AC_OK, (iter, deadline, &done))) {
        TT_CHECK(done == tt_untouched);
        TT_CHECK(ac_iter_remaining(iter) == 1);
        tt_disarm();
        TT_MUST(ac_iter_next, AC_OK, (iter, deadline, &done));
    }
    TT_CHECK(done == future);
    tt_disarm();
    TT_MUST(ac_iter_next, AC_DONE, (iter, AC_FOREVER, &done));
    ac_future_unref(done);
    ac_future_unref(future);
    ac_iter_destroy(iter);
    destroy(pool);
}

static void
next_forever(void)
{
    next(AC_FOREVER);
}

static void
next_deadline(void)
{
    next(tt_far());
}

static void
next_timeout(void)
{
    ac_pool *pool = tt_pool(1);
    ac_future *future = held(pool);
    ac_future *done = tt_untouched;
    ac_iter *iter;
    TT_MUST(ac_as_completed, AC_OK, (&future, 1, &iter));
    tt_arm();
    TT_RETRY(ac_iter_next, AC_ETIMEDOUT, (iter, ac_deadline_in_ms(2), &done));
    TT_CHECK(done == tt_untouched);
    tt_disarm();
    tt_gate_open(&gate);
    TT_CHECK(drain(iter) == 1);
    ac_future_unref(future);
    ac_iter_destroy(iter);
    destroy(pool);
}

static void
next_many(void)
{
    enum { N = 8 };
    ac_pool *pool = tt_pool(2);
    ac_future *futures[N], *done[N];
    ac_iter *iter;
    size_t n = TT_UNTOUCHED_SIZE;
    for (size_t i = 0; i < N; i++)
        futures[i] = i < N / 2 ? tt_ended(pool, 0) : held(pool);
    TT_MUST(ac_as_completed, AC_OK, (futures, N, &iter));
    done[0] = tt_untouched;
    tt_arm();
    tt_knock_when_parked(&gate);
    /* More than are ready: it must wait, and when refused take none. */
    if (TT_REFUSED(ac_iter_next_many, AC_OK,
                   (iter, done, N, N, AC_FOREVER, &n))) {
        TT_CHECK(n == TT_UNTOUCHED_SIZE && done[0] == tt_untouched);
        TT_CHECK(ac_iter_remaining(iter) == N);
        tt_disarm();
        TT_MUST(ac_iter_next_many, AC_OK,
                (iter, done, N, N, AC_FOREVER, &n));
    }
    TT_CHECK(n == N);
    TT_MUST(ac_iter_next_many, AC_DONE, (iter, done, 1, 1, AC_POLL, &n));
    tt_disarm();
    unref_all(done, N);
    unref_all(futures, N);
    ac_iter_destroy(iter);
    destroy(pool);
}

/* Once they are ready, taking them needs nothing. */
static void
next_many_ready(void)
{
    enum { N = 6 };
    ac_pool *pool = tt_pool(1);
    ac_future *futures[N], *done[N];
    ac_iter *iter;
    size_t n;
    for (size_t i = 0; i < N; i++)
        futures[i] = tt_ended(pool, 0);
    TT_MUST(ac_as_completed, AC_OK, (futures, N, &iter));
    tt_arm();
    TT_MUST(ac_iter_next_many, AC_OK, (iter, done, 1, 4, AC_FOREVER, &n));
    TT_CHECK(n == 4);
    TT_MUST(ac_iter_next_many, AC_OK, (iter, done + 4, 4, 4, tt_far(), &n));
    TT_CHECK(n == 2);
    tt_disarm();
    unref_all(done, N);
    unref_all(futures, N);
    ac_iter_destroy(iter);
    destroy(pool);
}

static void
cancel(void)
{
    enum { N = 5 };
    static struct tt_gate started = TT_GATE(1);
    ac_pool *pool = tt_pool(1);
    ac_future *futures[N];
    ac_iter *iter;
    struct tt_job *job = tt_job();
    job->started = &started;
    job->hold = &gate; /* or it could end before the others are canceled */
    job->body = tt_until_canceled;
    futures[0] = tt_submit(pool, job);
    for (size_t i = 1; i < N; i++)
        futures[i] = tt_submit(pool, tt_job());
    tt_gate_pass(&started);
    TT_MUST(ac_as_completed, AC_OK, (futures, N, &iter));
    tt_arm();
    TT_MUST(ac_iter_cancel, AC_OK, (iter));
    TT_CHECK(ac_iter_remaining(iter) == N);
    tt_gate_open(&gate);
    TT_CHECK(drain(iter) == N);
    tt_disarm();
    for (size_t i = 0; i < N; i++)
        TT_CHECK(ac_future_status(futures[i]) == AC_ECANCELED);
    unref_all(futures, N);
    ac_iter_destroy(iter);
    destroy(pool);
}

static void
abandon(void)
{
    ac_pool *pool = tt_pool(1);
    ac_future *futures[2];
    ac_iter *iter;
    futures[0] = tt_ended(pool, 0);
    futures[1] = held(pool);
    TT_MUST(ac_as_completed, AC_OK, (futures, 2, &iter));
    tt_arm();
    TT_MUST(ac_iter_abandon, AC_OK, (iter));
    TT_CHECK(ac_iter_remaining(iter) == 1);
    TT_CHECK(drain(iter) == 1);
    TT_CHECK(ac_future_status(futures[1]) == AC_EAGAIN);
    ac_iter_destroy(iter);
    tt_disarm();
    tt_gate_open(&gate);
    unref_all(futures, 2);
    destroy(pool);
}

/* With members ready, running and queued, and the last references its own. */
static void
destroy_early(void)
{
    ac_pool *pool = tt_pool(1);
    ac_future *futures[3];
    ac_iter *iter;
    futures[0] = tt_ended(pool, 0);
    futures[1] = held(pool);
    futures[2] = tt_submit(pool, tt_job());
    TT_MUST(ac_as_completed, AC_OK, (futures, 3, &iter));
    unref_all(futures, 3);
    tt_arm();
    ac_iter_destroy(iter);
    tt_disarm();
    tt_gate_open(&gate);
    destroy(pool);
}

const struct tt_scenario tt_scenarios[] = {
    {"as_completed", as_completed},
    {"as_completed_none", as_completed_none},
    {"as_completed_null", as_completed_null},
    {"add", add},
    {"next_forever", next_forever},
    {"next_deadline", next_deadline},
    {"next_timeout", next_timeout},
    {"next_many", next_many},
    {"next_many_ready", next_many_ready},
    {"cancel", cancel},
    {"abandon", abandon},
    {"destroy_early", destroy_early},
    {NULL, NULL},
};
