/*
 * run_next.c - consumers of one iterator, against completions and each other
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

/* ---- Adding ---- */

static void *
add_two(void *futures)
{
    ac_future **both = futures;
    SK_MUST(ac_iter_add(iter, both[0]) == AC_OK);
    SK_MUST(ac_iter_add(iter, both[1]) == AC_OK);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    return NULL;
}

/* Futures that are done, or not, are added while two consumers wait. */
SK_SCENARIO(add_next)
{
    begin(1, 0);
    ac_future *futures[2] = {sk_submitted(pool), sk_submitted(pool)};
    pthread_t adder = sk_start(add_two, futures);
    pthread_t consumer = sk_start(drain, &got[0]);
    got[1] = sk_drain(iter, AC_FOREVER, AC_DONE);
    sk_join(consumer);
    sk_join(adder);
    SK_MUST(got[0] + got[1] == 2);
    ac_future_unref(futures[0]);
    ac_future_unref(futures[1]);
    end();
}

/* One worker: completion order is the order of starts, and of next. */
SK_SCENARIO(order_next)
{
    ac_future *future;
    begin(1, 3);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    for (int i = 1; i <= 3; i++) {
        SK_MUST(ac_iter_next(iter, AC_FOREVER, &future) == AC_OK);
        SK_MUST(sk_task_of(future)->ended_as == i);
        sk_deliver(future);
    }
    SK_MUST(ac_iter_next(iter, AC_POLL, &future) == AC_DONE);
    end();
}

/* ---- Many at once ---- */

static void
deliver_many(ac_future *futures[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        sk_deliver(futures[i]);
}

/* Waits for two each time, or what is left. */
static void *
drain_many(void *count)
{
    ac_future *futures[3];
    size_t n;
    int rc;
    while ((rc = ac_iter_next_many(iter, futures, 2, 3, AC_FOREVER, &n)) ==
           AC_OK) {
        SK_MUST(n >= 1 && n <= 3);
        deliver_many(futures, n);
        *(int *)count += (int)n;
    }
    SK_MUST(rc == AC_DONE);
    return NULL;
}

SK_SCENARIO(next_many_complete)
{
    begin(2, 4);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    pthread_t consumer = sk_start(drain_many, &got[0]);
    got[1] = sk_drain(iter, AC_FOREVER, AC_DONE);
    sk_join(consumer);
    SK_MUST(got[0] + got[1] == 4);
    end();
}

/* One gives up after a while, with what is ready; nothing is lost, and what
 * it was woken for reaches the one that stays. */
SK_SCENARIO(next_many_timeout)
{
    ac_future *futures[3];
    size_t n = 0;
    begin(1, 3);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    pthread_t consumer = sk_start(drain, &got[0]);
    int rc = ac_iter_next_many(iter, futures, 3, 3, sk_soon(), &n);
    SK_MUST(rc == AC_OK || rc == AC_ETIMEDOUT || rc == AC_DONE);
    if (rc == AC_OK)
        deliver_many(futures, n);
    sk_join(consumer);
    SK_MUST(got[0] + (rc == AC_OK ? (int)n : 0) == 3);
    end();
}

/* When time is up, what is ready is enough. */
SK_SCENARIO(next_many_late)
{
    ac_future *first, *futures[2];
    struct sk_gate hold = {0};
    struct sk_task *task = sk_task();
    size_t n = 0;
    int fd = -1;
    task->hold = &hold;
    begin(1, 0);
    SK_MUST(sk_submit(pool, iter, sk_task(), &first) == AC_OK);
    SK_MUST(sk_submit(pool, iter, task, NULL) == AC_OK);
    SK_MUST(ac_iter_fd(iter, &fd) == AC_OK);
    sk_until_readable(fd);
    SK_MUST(ac_iter_next_many(iter, futures, 2, 2, sk_soon(), &n) == AC_OK);
    SK_MUST(n == 1 && futures[0] == first);
    sk_deliver(first);
    ac_future_unref(first);
    SK_MUST(ac_iter_next(iter, AC_POLL, futures) == AC_ETIMEDOUT);
    sk_gate_open(&hold);
    end();
}

/* One waits for two, is picked for the only one, and then wants more than
 * that; the other one, who would take it, must not be forgotten. */
static struct sk_gate one_is_out;

static void *
take_one_or_two(void *wanted)
{
    ac_future *futures[2];
    size_t n, min = wanted == NULL ? 1 : 2;
    SK_MUST(ac_iter_next_many(iter, futures, min, 2, AC_FOREVER, &n) == AC_OK);
    sk_gate_open(&one_is_out);
    deliver_many(futures, n);
    return NULL;
}

SK_SCENARIO(next_many_greedy)
{
    struct sk_task *task = sk_task();
    task->hold = &one_is_out;
    begin(1, 0);
    pthread_t greedy = sk_start(take_one_or_two, &pool);
    pthread_t modest = sk_start(take_one_or_two, NULL);
    SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(sk_submit(pool, iter, task, NULL) == AC_OK);
    SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    sk_join(modest);
    sk_join(greedy);
    end();
}

/* ---- Deadlines ---- */

static void *
next_soon(void *count)
{
    ac_future *future;
    ac_deadline deadline = sk_soon();
    int rc = ac_iter_next(iter, deadline, &future);
    if (rc == AC_OK)
        sk_deliver(future);
    else if (rc == AC_ETIMEDOUT)
        SK_MUST(ac_now() >= deadline);
    else
        SK_MUST(rc == AC_DONE);
    *(int *)count = rc == AC_OK;
    return NULL;
}

/* A consumer that was woken may find its deadline passed: it takes, or wakes
 * the other one. */
SK_SCENARIO(timeout_next)
{
    begin(1, 2);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    pthread_t consumer = sk_start(next_soon, &got[0]);
    got[1] = sk_drain(iter, AC_FOREVER, AC_DONE);
    sk_join(consumer);
    SK_MUST(got[0] + got[1] == 2);
    end();
}

/* The same in an open iterator, where the one that stays has to get the last
 * one or it sleeps for ever. */
SK_SCENARIO(timeout_open)
{
    ac_future *future;
    begin(1, 0);
    pthread_t consumer = sk_start(next_soon, &got[0]);
    SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(ac_iter_next(iter, AC_FOREVER, &future) == AC_OK);
    sk_deliver(future);
    sk_join(consumer);
    SK_MUST(got[0] + (int)ac_iter_remaining(iter) == 1);
    end();
}

/* ---- Workers that consume: they run what nobody else would ---- */

static int
drain_all(struct sk_task *task)
{
    drain(&got[task->error]);
    return 0;
}

static void
submit_consumer(int which)
{
    struct sk_task *task = sk_task();
    task->body = drain_all;
    task->error = which;
    SK_MUST(sk_submit(pool, NULL, task, NULL) == AC_OK);
}

/* All workers wait for what is submitted after that. */
static void
submit_to_workers(size_t workers)
{
    begin(workers, 0);
    for (size_t i = 0; i < workers; i++)
        submit_consumer((int)i);
    SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(got[0] + got[1] == 2);
    end();
}

SK_SCENARIO(submit_helper)
{
    submit_to_workers(1);
}

SK_SCENARIO(submit_helpers)
{
    submit_to_workers(2);
}

/* A future that is queued already is added. */
SK_SCENARIO(add_helper)
{
    begin(1, 0);
    submit_consumer(0);
    ac_future *futures[2] = {sk_submitted(pool), sk_submitted(pool)};
    add_two(futures);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(got[0] == 2);
    ac_future_unref(futures[0]);
    ac_future_unref(futures[1]);
    end();
}
