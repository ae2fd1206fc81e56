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
    int rc = task->body != NULL ? task->body(task) : task->error;
    *result = task;
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

void
sk_tasks_begin(void)
{
    SK_MUST(ac_task_attr_create(&attr) == AC_OK);
    SK_MUST(ac_task_attr_set_free_arg(attr, free_arg) == AC_OK);
    SK_MUST(ac_task_attr_set_free_result(attr, free_result) == AC_OK);
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
    int rc;
    if (iter == NULL)
        rc = ac_submit(pool, attr, sk_run, task, future);
    else
        rc = ac_iter_submit(iter, pool, attr, sk_run, task, AC_POLL, future);
    task->accepted = rc == AC_OK;
    return rc;
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
