/*
 * run_outbox.c - what is ready is taken without the iterator's lock
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

#include <sched.h>

static ac_pool *pool;
static ac_iter *iter;
static int got[2];

/* An iterator whose outbox has so many: one more was ready, and taken. */
static void
begin(int left)
{
    ac_future *future;
    pool = sk_pool(1);
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    for (int i = 0; i <= left; i++)
        SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(ac_iter_next(iter, AC_POLL, &future) == AC_OK);
    SK_MUST(sk_task_of(future)->ended_as == 1);
    sk_deliver(future);
}

static void
end(void)
{
    ac_iter_destroy(iter);
    sk_pool_end(pool);
}

/* Each consumer gets its share in the order of completion. */
static int
drain_in_order(void)
{
    ac_future *future;
    int rc, last = 0, n = 0;
    while ((rc = ac_iter_next(iter, AC_FOREVER, &future)) == AC_OK) {
        SK_MUST(sk_task_of(future)->ended_as > last);
        last = sk_task_of(future)->ended_as;
        sk_deliver(future);
        n++;
    }
    SK_MUST(rc == AC_DONE);
    return n;
}

static void *
drain(void *count)
{
    *(int *)count = drain_in_order();
    return NULL;
}

static int
poll_one(void)
{
    ac_future *future;
    if (ac_iter_next(iter, AC_POLL, &future) != AC_OK)
        return 0;
    sk_deliver(future);
    return 1;
}

/* Of two, and of three more: so there are two in the box again. */
static void
empty_and_refill(void)
{
    for (int i = 0; i < 2; i++)
        got[1] += poll_one();
    for (int i = 0; i < 3; i++)
        SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    got[1] += poll_one();
}

/* It is filled again, with as many, while another one is taking. */
SK_SCENARIO(outbox_refilled)
{
    begin(2);
    pthread_t other = sk_start(drain, &got[0]);
    empty_and_refill();
    sched_yield();
    SK_MUST(ac_iter_close(iter) == AC_OK);
    got[1] += drain_in_order();
    sk_join(other);
    SK_MUST(got[0] + got[1] == 5);
    end();
}

/* It is taken back, and filled again with as many, while another one is
 * taking. */
static void *
poll_into(void *count)
{
    *(int *)count = poll_one();
    return NULL;
}

SK_SCENARIO(outbox_taken_back)
{
    begin(2);
    pthread_t other = sk_start(poll_into, &got[0]);
    SK_MUST(ac_iter_remaining(iter) <= 2);
    empty_and_refill();
    sk_join(other);
    got[1] += sk_drain(iter, AC_POLL, AC_ETIMEDOUT);
    SK_MUST(got[0] + got[1] == 5);
    end();
}

/* Two who look away while more are to come, one of whom finds that the other
 * has taken them meanwhile. */
SK_SCENARIO(gather)
{
    begin(0);
    for (int i = 0; i < 5; i++)
        SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    pthread_t other = sk_start(drain, &got[0]);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    got[1] = drain_in_order();
    sk_join(other);
    SK_MUST(got[0] + got[1] == 5);
    end();
}

/* Somebody takes several at once. */
static void *
drain_many(void *count)
{
    ac_future *futures[3];
    size_t n;
    int rc, last = 0;
    while ((rc = ac_iter_next_many(iter, futures, 1, 3, AC_FOREVER, &n)) ==
           AC_OK) {
        for (size_t i = 0; i < n; i++) {
            SK_MUST(sk_task_of(futures[i])->ended_as > last);
            last = sk_task_of(futures[i])->ended_as;
            sk_deliver(futures[i]);
        }
        *(int *)count += (int)n;
    }
    SK_MUST(rc == AC_DONE);
    return NULL;
}

/* ... of which there are more than fit in there. */
SK_SCENARIO(outbox_next_many)
{
    begin(6);
    pthread_t other = sk_start(drain_many, &got[0]);
    SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    got[1] = drain_in_order();
    sk_join(other);
    SK_MUST(got[0] + got[1] == 7);
    end();
}

/* Who wants more than there is waits, and keeps nothing from others. */
static void *
wait_for_three(void *count)
{
    ac_future *futures[3];
    size_t n;
    SK_MUST(ac_iter_next_many(iter, futures, 3, 3, AC_FOREVER, &n) == AC_OK);
    for (size_t i = 0; i < n; i++)
        sk_deliver(futures[i]);
    *(int *)count = (int)n;
    return NULL;
}

SK_SCENARIO(outbox_wait)
{
    begin(2);
    pthread_t other = sk_start(wait_for_three, &got[0]);
    for (int i = 0; i < 3; i++)
        SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    for (int i = 0; i < 2; i++)
        got[1] += poll_one();
    sk_join(other);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    got[1] += sk_drain(iter, AC_POLL, AC_ETIMEDOUT);
    SK_MUST(got[0] + got[1] == 5);
    end();
}

/* What is in there is counted, and shown by the descriptor. */
static void *
take_one(void *unused)
{
    ac_future *future;
    SK_MUST(ac_iter_next(iter, AC_POLL, &future) == AC_OK);
    sk_deliver(future);
    return unused;
}

SK_SCENARIO(outbox_remaining)
{
    ac_future *future;
    begin(2);
    pthread_t other = sk_start(take_one, NULL);
    size_t n = ac_iter_remaining(iter);
    SK_MUST(n == 1 || n == 2);
    sk_join(other);
    SK_MUST(ac_iter_remaining(iter) == 1);
    SK_MUST(ac_iter_next_many(iter, &future, 1, 1, AC_POLL, &n) == AC_OK);
    SK_MUST(n == 1);
    sk_deliver(future);
    end();
}

SK_SCENARIO(outbox_fd)
{
    int fd;
    begin(2);
    pthread_t other = sk_start(take_one, NULL);
    SK_MUST(ac_iter_fd(iter, &fd) == AC_OK);
    SK_MUST(sk_readable(fd));
    sk_join(other);
    SK_MUST(sk_readable(fd));
    SK_MUST(sk_drain(iter, AC_POLL, AC_ETIMEDOUT) == 1);
    SK_MUST(!sk_readable(fd));
    for (int i = 0; i < 3; i++)
        SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(sk_drain(iter, AC_POLL, AC_ETIMEDOUT) == 3);
    SK_MUST(!sk_readable(fd));
    end();
}

/* What nobody took goes with the iterator; what was added by itself, too. */
SK_SCENARIO(outbox_left)
{
    ac_future *future = NULL;
    begin(0);
    for (int i = 0; i < 3; i++) {
        ac_future *added = sk_submitted(pool);
        SK_MUST(ac_iter_add(iter, added) == AC_OK);
        SK_MUST(ac_iter_add(iter, added) == AC_OK);
        ac_future_unref(added);
    }
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(ac_iter_next(iter, AC_POLL, &future) == AC_OK);
    sk_deliver(future);
    pthread_t other = sk_start(take_one, NULL);
    SK_MUST(ac_iter_abandon(iter) == AC_OK);
    sk_join(other);
    end();
}
