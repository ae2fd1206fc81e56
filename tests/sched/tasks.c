/*
 * tasks.c - tasks that keep their books
 *
 * Locking: what only one thread at a time may know of a task is left to the
 * library to order, that is what is tested.  The counters of the starts and
 * ends belong to no task: atomic, relaxed, so that they order nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

#include <sched.h>
#include <stdatomic.h>

enum { TASKS = 16 };

static struct sk_task tasks[TASKS];
static atomic_int n_tasks, n_started, n_ended;

static int
count(atomic_int *counter)
{
    return atomic_fetch_add_explicit(counter, 1, memory_order_relaxed) + 1;
}

struct sk_task *
sk_task(void)
{
    int n = count(&n_tasks);
    SK_MUST(n <= TASKS);
    return &tasks[n - 1];
}

struct sk_task *
sk_parent(int (*body)(struct sk_task *task), struct sk_task *next)
{
    struct sk_task *parent = sk_task();
    parent->body = body;
    parent->next = next;
    return parent;
}

int
sk_run(void *arg, void **result)
{
    struct sk_task *task = arg;
    sk_user_code();
    task->runs++;
    task->started_as = count(&n_started);
    if (task->started != NULL)
        sk_gate_open(task->started);
    if (task->hold != NULL)
        sk_gate_pass(task->hold);
    *result = task;
    int rc = task->body != NULL ? task->body(task) : task->error;
    task->ended_as = count(&n_ended);
    return rc;
}

static void
free_arg(void *arg)
{
    struct sk_task *task = arg;
    sk_user_code();
    task->args_freed++;
}

static void
free_result(void *result)
{
    struct sk_task *task = result;
    sk_user_code();
    task->results_freed++;
}

/* ---- Submitting ---- */

static ac_task_attr *attr;

ac_task_attr *
sk_attr_new(void)
{
    ac_task_attr *made;
    SK_MUST(ac_task_attr_create(&made) == AC_OK);
    SK_MUST(ac_task_attr_set_free_arg(made, free_arg) == AC_OK);
    SK_MUST(ac_task_attr_set_free_result(made, free_result) == AC_OK);
    return made;
}

void
sk_tasks_begin(void)
{
    attr = sk_attr_new();
}

void
sk_tasks_end(void)
{
    ac_task_attr_destroy(attr);
}

const ac_task_attr *
sk_attr(void)
{
    return attr;
}

int
sk_submit(ac_pool *pool, ac_iter *iter, struct sk_task *task,
          ac_future **future)
{
    const ac_task_attr *with = task->attr != NULL ? task->attr : attr;
    ac_deadline room_by = task->room_by;
    int rc;
    if (iter != NULL)
        rc = ac_iter_submit(iter, pool, with, sk_run, task, room_by, future);
    else if (room_by != AC_POLL)
        rc = ac_submit_until(pool, with, sk_run, task, room_by, future);
    else
        rc = ac_submit(pool, with, sk_run, task, future);
    task->accepted = rc == AC_OK;
    return rc;
}

void
sk_submit_next(ac_pool *pool, const struct sk_task *task)
{
    for (struct sk_task *next = task->next; next != NULL; next = next->next)
        SK_MUST(sk_submit(pool, NULL, next, NULL) == AC_OK);
}

void
sk_occupy(ac_pool *pool, struct sk_gate *until)
{
    static struct sk_gate busy;
    struct sk_task *task = sk_task();
    task->started = &busy;
    task->hold = until;
    SK_MUST(sk_submit(pool, NULL, task, NULL) == AC_OK);
    sk_gate_pass(&busy);
}

ac_future *
sk_submitted(ac_pool *pool)
{
    ac_future *future;
    SK_MUST(sk_submit(pool, NULL, sk_task(), &future) == AC_OK);
    return future;
}

ac_pool *
sk_pool(size_t workers)
{
    ac_pool *pool;
    SK_MUST(ac_pool_create(workers, NULL, &pool) == AC_OK);
    return pool;
}

ac_pool *
sk_bounded_pool(size_t workers, size_t capacity)
{
    ac_pool_attr *bounded;
    ac_pool *pool;
    SK_MUST(ac_pool_attr_create(&bounded) == AC_OK);
    SK_MUST(ac_pool_attr_set_capacity(bounded, capacity) == AC_OK);
    SK_MUST(ac_pool_create(workers, bounded, &pool) == AC_OK);
    ac_pool_attr_destroy(bounded);
    return pool;
}

void
sk_bounded_pool_end(ac_pool *pool, size_t capacity)
{
    uint64_t stats[AC_STATS];
    SK_MUST(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, NULL) == AC_OK);
    SK_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
    SK_MUST(stats[AC_STAT_QUEUED_MAX] <= capacity);
    SK_MUST(stats[AC_STAT_QUEUED] == 0 && stats[AC_STAT_BUSY] == 0);
    SK_MUST(stats[AC_STAT_SUBMITTED] ==
            stats[AC_STAT_COMPLETED] + stats[AC_STAT_FAILED] +
                stats[AC_STAT_CANCELED] + stats[AC_STAT_EXPIRED] +
                stats[AC_STAT_ABORTED]);
    sk_pool_end(pool);
}

void
sk_pool_end(ac_pool *pool)
{
    SK_MUST(ac_pool_destroy(pool) == AC_OK);
}

/* ---- What comes of them ---- */

struct sk_task *
sk_task_of(const ac_future *future)
{
    return ac_future_arg(future);
}

void
sk_deliver(ac_future *future)
{
    struct sk_task *task = sk_task_of(future);
    int status = ac_future_status(future);
    SK_MUST(status != AC_EAGAIN);
    task->delivered++;
    if (status == AC_OK)
        SK_MUST(task->runs == 1 && task->ended_as > 0);
    ac_future_unref(future);
}

int
sk_drain(ac_iter *iter, ac_deadline deadline, int end)
{
    ac_future *future;
    int rc, n = 0;
    while ((rc = ac_iter_next(iter, deadline, &future)) == AC_OK) {
        sk_deliver(future);
        n++;
    }
    SK_MUST(rc == end);
    return n;
}

int
sk_count(ac_iter *iter)
{
    ac_future *future;
    int rc, n = 0;
    for (; (rc = ac_iter_next(iter, AC_FOREVER, &future)) == AC_OK; n++) {
        SK_MUST(ac_future_status(future) != AC_EAGAIN);
        ac_future_unref(future);
    }
    SK_MUST(rc == AC_DONE);
    return n;
}

int
sk_take(ac_future *future)
{
    void *result = NULL;
    int rc = ac_future_take(future, AC_FOREVER, &result);
    if (result != NULL) {
        struct sk_task *task = result;
        task->taken++;
        SK_MUST(task->ended_as > 0);
    }
    return rc;
}

int
sk_until_asked(struct sk_task *task)
{
    (void)task;
    while (!ac_cancel_requested())
        sched_yield();
    return AC_TASK_CANCELED;
}

void
sk_tasks_check(void)
{
    for (int i = 0; i < TASKS; i++) {
        const struct sk_task *task = &tasks[i];
        SK_MUST(task->runs + task->args_freed == task->accepted);
        SK_MUST(task->taken + task->results_freed == task->runs);
    }
}
