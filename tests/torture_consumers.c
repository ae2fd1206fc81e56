/*
 * torture_consumers.c - several threads take from one iterator, and some of
 * them are refused what they need to wait
 *
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

#define CONSUMERS 3
#define MEMBERS 12

/* Opens when all consumers sleep. */
static struct tt_gate gate = TT_GATE(CONSUMERS);
static ac_iter *iter;
static atomic_size_t taken;
static atomic_int refused;

static ac_pool *
open_with(size_t members)
{
    ac_pool *pool = tt_pool(2);
    TT_MUST(ac_iter_open, AC_OK, (&iter));
    for (size_t i = 0; i < members; i++) {
        struct tt_job *job = tt_job();
        job->hold = &gate;
        job->accepted = true;
        TT_MUST(ac_iter_submit, AC_OK,
                (iter, pool, tt_counted(), tt_run, job, AC_POLL, NULL));
    }
    return pool;
}

static void
end(ac_pool *pool)
{
    ac_iter_destroy(iter);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

/* Take until there is nothing left; who is refused takes up again. */
static void *
consume(void *arg)
{
    (void)arg;
    ac_future *done = tt_untouched;
    tt_knock_when_parked(&gate);
    for (;;) {
        int rc = ac_iter_next(iter, AC_FOREVER, &done);
        if (rc == AC_DONE)
            return NULL;
        if (tt_refused(__FILE__, __LINE__, "ac_iter_next", rc, AC_OK)) {
            TT_CHECK(done == tt_untouched);
            tt_disarm();
            continue;
        }
        atomic_fetch_add(&taken, 1);
        ac_future_unref(done);
        done = tt_untouched;
    }
}

/* The same, two at a time. */
static void *
consume_many(void *arg)
{
    (void)arg;
    ac_future *done[4];
    size_t n;
    tt_knock_when_parked(&gate);
    for (;;) {
        int rc = ac_iter_next_many(iter, done, 2, 4, AC_FOREVER, &n);
        if (rc == AC_DONE)
            return NULL;
        if (tt_refused(__FILE__, __LINE__, "ac_iter_next_many", rc, AC_OK)) {
            tt_disarm();
            continue;
        }
        atomic_fetch_add(&taken, n);
        for (size_t i = 0; i < n; i++)
            ac_future_unref(done[i]);
    }
}

/* Who is refused leaves, and must not take another's wake-up with it. */
static void *
consume_or_leave(void *arg)
{
    (void)arg;
    ac_future *done;
    tt_knock_when_parked(&gate);
    for (;;) {
        int rc = ac_iter_next(iter, AC_FOREVER, &done);
        if (rc == AC_DONE)
            return NULL;
        if (tt_refused(__FILE__, __LINE__, "ac_iter_next", rc, AC_OK))
            break;
        ac_future_unref(done);
        if (atomic_fetch_add(&taken, 1) + 1 == MEMBERS)
            TT_MUST(ac_iter_close, AC_OK, (iter));
    }
    atomic_fetch_add(&refused, 1);
    tt_gate_open(&gate);
    return NULL;
}

static void
start(pthread_t threads[], void *(*fn)(void *))
{
    tt_arm();
    for (int i = 0; i < CONSUMERS; i++)
        threads[i] = tt_thread(fn, NULL);
}

static void
join(pthread_t threads[])
{
    for (int i = 0; i < CONSUMERS; i++)
        tt_join(threads[i]);
    tt_disarm();
}

static void
next(void)
{
    pthread_t threads[CONSUMERS];
    ac_pool *pool = open_with(MEMBERS);
    TT_MUST(ac_iter_close, AC_OK, (iter));
    start(threads, consume);
    join(threads);
    TT_CHECK(atomic_load(&taken) == MEMBERS);
    end(pool);
}

static void
next_many(void)
{
    pthread_t threads[CONSUMERS];
    ac_pool *pool = open_with(MEMBERS);
    TT_MUST(ac_iter_close, AC_OK, (iter));
    start(threads, consume_many);
    join(threads);
    TT_CHECK(atomic_load(&taken) == MEMBERS);
    end(pool);
}

/*
 * The iterator is open until all are taken, so nobody is told of an end: who
 * stays must be woken for each one.
 */
static void
leave(void)
{
    pthread_t threads[CONSUMERS];
    ac_pool *pool = open_with(MEMBERS);
    start(threads, consume_or_leave);
    join(threads);
    size_t left = MEMBERS - atomic_load(&taken);
    TT_CHECK(left == 0 || atomic_load(&refused) == CONSUMERS);
    TT_CHECK(ac_iter_remaining(iter) == left);
    TT_MUST(ac_iter_close, AC_OK, (iter));
    consume(NULL);
    TT_CHECK(atomic_load(&taken) == MEMBERS);
    end(pool);
}

/* Sleepers on an empty iterator: abandon wakes all of them. */
static void
abandon(void)
{
    pthread_t threads[CONSUMERS];
    ac_pool *pool = open_with(0);
    start(threads, consume);
    tt_gate_pass(&gate);
    TT_MUST(ac_iter_abandon, AC_OK, (iter));
    join(threads);
    TT_CHECK(atomic_load(&taken) == 0);
    end(pool);
}

/* Submitting while they take: what is refused is not in the iterator. */
static void
submit_meanwhile(void)
{
    pthread_t threads[CONSUMERS];
    ac_pool *pool = open_with(0);
    size_t accepted = 0;
    start(threads, consume);
    for (int i = 0; i < MEMBERS; i++) {
        struct tt_job *job = tt_job();
        job->accepted =
            !TT_REFUSED(ac_iter_submit, AC_OK,
                        (iter, pool, tt_counted(), tt_run, job, AC_POLL,
                         NULL));
        accepted += job->accepted;
    }
    TT_MUST(ac_iter_close, AC_OK, (iter));
    join(threads);
    TT_CHECK(atomic_load(&taken) == accepted);
    end(pool);
}

const struct tt_scenario tt_scenarios[] = {
    {"next", next},
    {"next_many", next_many},
    {"leave", leave},
    {"abandon", abandon},
    {"submit_meanwhile", submit_meanwhile},
    {NULL, NULL},
};
