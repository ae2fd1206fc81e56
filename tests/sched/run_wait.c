/*
 * run_wait.c - waits for one future or a set, outside of tasks and inside
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

enum { SET = 3 };

static ac_pool *pool;
static ac_future *futures[SET];
static int error[SET];

static void
begin(size_t workers)
{
    pool = sk_pool(workers);
    for (int i = 0; i < SET; i++) {
        struct sk_task *task = sk_task();
        task->error = error[i];
        SK_MUST(sk_submit(pool, NULL, task, &futures[i]) == AC_OK);
    }
}

static void
end(void)
{
    for (int i = 0; i < SET; i++)
        ac_future_unref(futures[i]);
    sk_pool_end(pool);
}

static bool
done(int i)
{
    return ac_future_status(futures[i]) != AC_EAGAIN;
}

/* ---- One future ---- */

static void *
wait_soon(void *future)
{
    ac_deadline deadline = sk_soon();
    int rc = ac_future_wait(future, deadline);
    SK_MUST(rc == AC_OK || (rc == AC_ETIMEDOUT && ac_now() >= deadline));
    SK_MUST(rc != AC_OK || ac_future_status(future) == AC_OK);
    return NULL;
}

SK_SCENARIO(wait_complete)
{
    begin(1);
    pthread_t other = sk_start(wait_soon, futures[1]);
    SK_MUST(ac_future_wait(futures[1], AC_FOREVER) == AC_OK);
    SK_MUST(ac_future_status(futures[1]) == AC_OK && done(0));
    sk_join(other);
    end();
}

/* ---- Sets ---- */

static void *
cancel_second(void *unused)
{
    (void)unused;
    int rc = ac_future_cancel(futures[1]);
    SK_MUST(rc == AC_OK || rc == AC_EBUSY || rc == AC_EALREADY);
    return NULL;
}

static void
wait_set(ac_wait_mode mode, ac_deadline deadline)
{
    size_t which = 99;
    error[2] = 7;
    begin(2);
    pthread_t other = sk_start(cancel_second, NULL);
    int rc = ac_wait(futures, SET, mode, deadline, &which);
    SK_MUST(rc == AC_OK || (rc == AC_ETIMEDOUT && ac_now() >= deadline));
    if (rc == AC_ETIMEDOUT || mode == AC_ALL)
        SK_MUST(which == SET);
    else if (mode == AC_FIRST)
        SK_MUST(which < SET && done((int)which));
    else
        SK_MUST(which == 2 && ac_future_error(futures[2]) == 7);
    if (rc == AC_OK && mode == AC_ALL)
        SK_MUST(done(0) && done(1) && done(2));
    sk_join(other);
    end();
}

SK_SCENARIO(wait_all)
{
    wait_set(AC_ALL, AC_FOREVER);
}

SK_SCENARIO(wait_first)
{
    wait_set(AC_FIRST, AC_FOREVER);
}

SK_SCENARIO(wait_first_error)
{
    wait_set(AC_FIRST_ERROR, AC_FOREVER);
}

SK_SCENARIO(wait_set_soon)
{
    wait_set((ac_wait_mode)sk_roll(3), sk_soon());
}

/* ---- Inside of tasks: what is queued is run in place ---- */

static int
wait_all_inside(struct sk_task *task)
{
    (void)task;
    SK_MUST(ac_wait(futures, SET, AC_ALL, AC_FOREVER, NULL) == AC_OK);
    return 0;
}

static struct sk_task *
waiting_task(void)
{
    struct sk_task *task = sk_task();
    task->body = wait_all_inside;
    return task;
}

/* Two tasks wait for the same three, on that many workers. */
static void
nested_wait(size_t workers)
{
    struct sk_gate start = {0};
    struct sk_task *one = waiting_task(), *two = waiting_task();
    one->hold = two->hold = &start;
    pool = sk_pool(workers);
    SK_MUST(sk_submit(pool, NULL, one, NULL) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, two, NULL) == AC_OK);
    for (int i = 0; i < SET; i++)
        futures[i] = sk_submitted(pool);
    sk_gate_open(&start);
    pthread_t other = sk_start(cancel_second, NULL);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(one->runs == 1 && two->runs == 1);
    sk_join(other);
    end();
}

SK_SCENARIO(nested_wait_one)
{
    nested_wait(1);
}

SK_SCENARIO(nested_wait_two)
{
    nested_wait(2);
}

/* A worker that has popped a task against one that runs it in place. */
static int
wait_one_inside(struct sk_task *task)
{
    (void)task;
    SK_MUST(ac_future_wait(futures[0], AC_FOREVER) == AC_OK);
    SK_MUST(sk_task_of(futures[0])->runs == 1);
    return 0;
}

SK_SCENARIO(nested_pop)
{
    struct sk_task *outer = sk_task();
    outer->body = wait_one_inside;
    pool = sk_pool(2);
    futures[0] = sk_submitted(pool);
    SK_MUST(sk_submit(pool, NULL, outer, NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    end();
}
