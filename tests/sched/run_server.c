/*
 * run_server.c - what a server needs: descriptors, statistics, priorities,
 * hooks, and tasks that end their thread
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

#include <stdatomic.h>

static ac_pool *pool;
static ac_iter *iter;
static ac_future *futures[4];
static struct sk_gate hold;

/* ---- A descriptor: readable exactly while next would not time out ---- */

static int
get_fd(void)
{
    int fd = -1;
    SK_MUST(ac_iter_fd(iter, &fd) == AC_OK && fd >= 0);
    return fd;
}

static void *
submit_two(void *unused)
{
    (void)unused;
    SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    return NULL;
}

/* An event loop: poll, take one, or all that is ready. */
static int
serve(int fd, bool all)
{
    ac_future *future;
    int rc, n = 0;
    for (;;) {
        sk_until_readable(fd);
        rc = ac_iter_next(iter, AC_POLL, &future);
        SK_MUST(rc == AC_OK || rc == AC_DONE);
        while (rc == AC_OK) {
            sk_deliver(future);
            n++;
            rc = all ? ac_iter_next(iter, AC_POLL, &future) : AC_ETIMEDOUT;
        }
        if (rc == AC_DONE) {
            SK_MUST(sk_readable(fd));
            return n;
        }
    }
}

SK_SCENARIO(fd_complete)
{
    pool = sk_pool(1);
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    pthread_t other = sk_start(submit_two, NULL);
    int fd = get_fd();
    SK_MUST(serve(fd, sk_roll(2) == 0) == 2);
    sk_join(other);
    ac_iter_destroy(iter);
    sk_pool_end(pool);
}

/* The other one takes without polling. */
static void *
next_all(void *count)
{
    SK_MUST(get_fd() >= 0);
    *(int *)count = sk_drain(iter, AC_FOREVER, AC_DONE);
    return NULL;
}

SK_SCENARIO(fd_shared)
{
    ac_future *future;
    int others = 0, mine = 0, rc;
    pool = sk_pool(1);
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    pthread_t consumer = sk_start(next_all, &others);
    pthread_t adder = sk_start(submit_two, NULL);
    int fd = get_fd();
    do {
        sk_until_readable(fd);
        rc = ac_iter_next(iter, AC_POLL, &future);
        if (rc == AC_OK) {
            sk_deliver(future);
            mine++;
        }
    } while (rc != AC_DONE);
    sk_join(consumer);
    sk_join(adder);
    SK_MUST(mine + others == 2 && get_fd() == fd);
    ac_iter_destroy(iter);
    sk_pool_end(pool);
}

/* ---- Statistics: each snapshot is of one moment ---- */

static uint64_t
ended(const uint64_t stats[])
{
    return stats[AC_STAT_COMPLETED] + stats[AC_STAT_FAILED] +
           stats[AC_STAT_CANCELED] + stats[AC_STAT_EXPIRED] +
           stats[AC_STAT_ABORTED];
}

static void *
look(void *unused)
{
    uint64_t stats[AC_STATS], before = 0;
    (void)unused;
    for (int i = 0; i < 3; i++) {
        SK_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
        SK_MUST(stats[AC_STAT_WORKERS] == 2 && stats[AC_STAT_BUSY] <= 2);
        SK_MUST(stats[AC_STAT_QUEUED] <= stats[AC_STAT_QUEUED_MAX]);
        SK_MUST(stats[AC_STAT_QUEUED] + ended(stats) <=
                stats[AC_STAT_SUBMITTED]);
        SK_MUST(ended(stats) >= before);
        before = ended(stats);
    }
    return NULL;
}

SK_SCENARIO(stats_complete)
{
    uint64_t stats[AC_STATS];
    pool = sk_pool(2);
    pthread_t other = sk_start(look, NULL);
    for (int i = 0; i < 3; i++)
        futures[i] = sk_submitted(pool);
    int canceled = ac_future_cancel(futures[2]) == AC_OK;
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
    SK_MUST(stats[AC_STAT_SUBMITTED] == 3 && ended(stats) == 3);
    SK_MUST(stats[AC_STAT_CANCELED] == (uint64_t)canceled);
    for (int i = 0; i < 3; i++)
        ac_future_unref(futures[i]);
    sk_join(other);
    sk_pool_end(pool);
}

/* ---- Priorities: a higher level goes first, within one the older ---- */

static struct sk_task *
submit_level(ac_priority level)
{
    struct sk_task *task = sk_task();
    ac_task_attr *attr = sk_attr_new();
    SK_MUST(ac_task_attr_set_priority(attr, level) == AC_OK);
    task->attr = attr;
    SK_MUST(sk_submit(pool, NULL, task, NULL) == AC_OK);
    ac_task_attr_destroy(attr);
    return task;
}

static struct sk_task *high[2];

static void *
submit_high(void *unused)
{
    (void)unused;
    high[0] = submit_level(AC_PRIORITY_HIGH);
    high[1] = submit_level(AC_PRIORITY_HIGH);
    return NULL;
}

SK_SCENARIO(priorities)
{
    struct sk_gate started = {0};
    struct sk_task *busy = sk_task();
    busy->started = &started;
    busy->hold = &hold;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, busy, NULL) == AC_OK);
    sk_gate_pass(&started);
    pthread_t other = sk_start(submit_high, NULL);
    struct sk_task *low = submit_level(AC_PRIORITY_LOW);
    struct sk_task *normal = submit_level(AC_PRIORITY_NORMAL);
    bool joined = sk_roll(2) == 0;
    if (joined)
        sk_join(other);
    sk_gate_open(&hold);
    if (!joined)
        sk_join(other);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(normal->started_as < low->started_as);
    SK_MUST(high[0]->started_as < high[1]->started_as);
    SK_MUST(!joined || high[1]->started_as < normal->started_as);
    sk_pool_end(pool);
}

/* ---- Tasks that end their thread ---- */

static int
end_thread(struct sk_task *task)
{
    (void)task;
    pthread_exit(NULL);
}

/* The pool keeps its size: what is behind the dying ones runs all the same. */
SK_SCENARIO(exit_submit)
{
    struct sk_task *dying[2] = {sk_task(), sk_task()};
    dying[0]->body = dying[1]->body = end_thread;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, dying[0], &futures[0]) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, dying[1], NULL) == AC_OK);
    futures[1] = sk_submitted(pool);
    SK_MUST(ac_future_wait(futures[1], AC_FOREVER) == AC_OK);
    SK_MUST(ac_future_status(futures[1]) == AC_OK);
    SK_MUST(ac_future_status(futures[0]) == AC_EABORTED);
    ac_future_unref(futures[0]);
    ac_future_unref(futures[1]);
    uint64_t stats[AC_STATS];
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
    SK_MUST(stats[AC_STAT_ABORTED] == 2 && stats[AC_STAT_COMPLETED] == 1);
    SK_MUST(stats[AC_STAT_BUSY] == 0);
    sk_pool_end(pool);
}

/* Of one worker no more than one is busy: neither while another thread takes
 * its place, nor with a task that runs inside another's wait. */
static int
look_busy(struct sk_task *task)
{
    uint64_t stats[AC_STATS];
    SK_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
    SK_MUST(stats[AC_STAT_BUSY] == 1);
    if (task->next == NULL)
        return 0;
    SK_MUST(sk_submit(pool, NULL, task->next, &futures[0]) == AC_OK);
    SK_MUST(ac_future_wait(futures[0], AC_FOREVER) == AC_OK);
    ac_future_unref(futures[0]);
    return 0;
}

SK_SCENARIO(exit_busy)
{
    struct sk_task *dying = sk_task(), *outer = sk_task();
    dying->body = end_thread;
    outer->body = look_busy;
    outer->next = sk_task();
    outer->next->body = look_busy;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, dying, NULL) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, outer, NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(outer->next->runs == 1);
    sk_pool_end(pool);
}

static void *
shut_down(void *unused)
{
    (void)unused;
    SK_MUST(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, NULL) == AC_OK);
    return NULL;
}

SK_SCENARIO(exit_shutdown)
{
    struct sk_task *dying = sk_task();
    dying->body = end_thread;
    pool = sk_pool(2);
    SK_MUST(sk_submit(pool, NULL, dying, &futures[0]) == AC_OK);
    futures[1] = sk_submitted(pool);
    pthread_t other = sk_start(shut_down, NULL);
    if (ac_future_cancel(futures[1]) == AC_OK)
        SK_MUST(ac_future_status(futures[1]) == AC_ECANCELED);
    SK_MUST(ac_future_wait(futures[0], AC_FOREVER) == AC_OK);
    SK_MUST(ac_future_status(futures[0]) == AC_EABORTED);
    ac_future_unref(futures[0]);
    ac_future_unref(futures[1]);
    sk_join(other);
    sk_pool_end(pool);
}

/* A task run in place ends the thread under the one that waits for it. */
static int
wait_first(struct sk_task *task)
{
    (void)task;
    SK_MUST(ac_future_wait(futures[0], AC_FOREVER) == AC_OK);
    return 0;
}

SK_SCENARIO(exit_nested)
{
    struct sk_task *outer = sk_task(), *dying = sk_task();
    outer->body = wait_first;
    outer->hold = &hold;
    dying->body = end_thread;
    pool = sk_pool(sk_roll(2) + 1);
    SK_MUST(sk_submit(pool, NULL, outer, &futures[1]) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, dying, &futures[0]) == AC_OK);
    sk_gate_open(&hold);
    futures[2] = sk_submitted(pool);
    SK_MUST(ac_wait(futures, 3, AC_ALL, AC_FOREVER, NULL) == AC_OK);
    SK_MUST(ac_future_status(futures[0]) == AC_EABORTED);
    SK_MUST(ac_future_status(futures[2]) == AC_OK);
    for (int i = 0; i < 3; i++)
        ac_future_unref(futures[i]);
    sk_pool_end(pool);
}

/* ---- Hooks: one refuses, and the pool is never there ---- */

static atomic_int begun, stopped;

static int
refuse_second(size_t worker, void *unused)
{
    (void)unused;
    sk_user_code();
    if (worker == 1)
        return 1;
    atomic_fetch_add_explicit(&begun, 1, memory_order_relaxed);
    return 0;
}

static void
stop(size_t worker, void *unused)
{
    (void)worker;
    (void)unused;
    sk_user_code();
    atomic_fetch_add_explicit(&stopped, 1, memory_order_relaxed);
}

SK_SCENARIO(hook_refuses)
{
    ac_pool_attr *attr;
    size_t workers = 1 + sk_roll(3);
    SK_MUST(ac_pool_attr_create(&attr) == AC_OK);
    SK_MUST(ac_pool_attr_set_hooks(attr, refuse_second, stop, NULL) == AC_OK);
    int rc = ac_pool_create(workers, attr, &pool);
    ac_pool_attr_destroy(attr);
    SK_MUST(rc == (workers == 1 ? AC_OK : AC_EHOOK));
    if (rc == AC_OK)
        sk_pool_end(pool);
    SK_MUST(begun == (int)(workers == 1 ? 1 : workers - 1));
    SK_MUST(begun == stopped);
}
