/*
 * run_cancel.c - cancel against whatever else may happen to a task
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

static ac_pool *pool;
static ac_future *futures[4];
static int said[2][4];
static ac_iter *iter;

/* ---- Cancel against start: two cancelers, and workers that take ---- */

static void *
cancel_both(void *who)
{
    int *mine = who;
    for (int i = 0; i < 2; i++) {
        int k = mine == said[0] ? i : 1 - i;
        mine[k] = ac_future_cancel(futures[k]);
    }
    return NULL;
}

static void
look_at(int k)
{
    SK_MUST(ac_future_wait(futures[k], AC_FOREVER) == AC_OK);
    int status = ac_future_status(futures[k]);
    SK_MUST(status == AC_OK || status == AC_ECANCELED);
    SK_MUST(sk_task_of(futures[k])->runs == (status == AC_OK));
    for (int who = 0; who < 2; who++) {
        int rc = said[who][k];
        SK_MUST(rc == AC_OK || rc == AC_EBUSY || rc == AC_EALREADY);
        SK_MUST((rc == AC_OK) == (status == AC_ECANCELED));
    }
    ac_future_unref(futures[k]);
}

/* Exactly one side wins, and what cancel said is what came of it. */
SK_SCENARIO(cancel_start)
{
    pool = sk_pool(1);
    futures[0] = sk_submitted(pool);
    futures[1] = sk_submitted(pool);
    pthread_t other = sk_start(cancel_both, said[0]);
    cancel_both(said[1]);
    sk_join(other);
    look_at(0);
    look_at(1);
    sk_pool_end(pool);
}

/* ---- Cancel against the end of a task that minds, or does not ---- */

static int
ask_once(struct sk_task *task)
{
    (void)task;
    return ac_cancel_requested() ? AC_TASK_CANCELED : 0;
}

static void *
cancel_first(void *unused)
{
    (void)unused;
    said[0][0] = ac_future_cancel(futures[0]);
    return NULL;
}

SK_SCENARIO(cancel_complete)
{
    struct sk_task *task = sk_task();
    task->body = ask_once;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, task, &futures[0]) == AC_OK);
    pthread_t other = sk_start(cancel_first, NULL);
    int rc = sk_take(futures[0]);
    sk_join(other);
    switch (said[0][0]) {
    case AC_OK:
        SK_MUST(rc == AC_ECANCELED);
        break;
    case AC_EBUSY:
        SK_MUST(task->runs == 1 && (rc == AC_OK || rc == AC_ECANCELED));
        break;
    default:
        SK_MUST(said[0][0] == AC_EALREADY && task->runs == 1 && rc == AC_OK);
    }
    ac_future_unref(futures[0]);
    sk_pool_end(pool);
}

/* ---- A task that goes on until it is asked ---- */

SK_SCENARIO(cancel_running)
{
    struct sk_task *task = sk_task();
    struct sk_gate started = {0};
    task->body = sk_until_asked;
    task->started = &started;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, task, &futures[0]) == AC_OK);
    sk_gate_pass(&started);
    SK_MUST(ac_future_cancel(futures[0]) == AC_EBUSY);
    SK_MUST(ac_future_wait(futures[0], AC_FOREVER) == AC_OK);
    SK_MUST(ac_future_status(futures[0]) == AC_ECANCELED);
    SK_MUST(ac_future_cancel(futures[0]) == AC_OK);
    ac_future_unref(futures[0]);
    sk_pool_end(pool);
}

/* ---- The canceler wakes all who wait, and the pool comes to rest ---- */

static void *
wait_first(void *unused)
{
    (void)unused;
    SK_MUST(ac_future_wait(futures[0], AC_FOREVER) == AC_OK);
    ac_future_unref(futures[0]);
    return NULL;
}

SK_SCENARIO(cancel_wait_idle)
{
    struct sk_gate hold = {0};
    struct sk_task *task = sk_task();
    task->hold = &hold;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, task, NULL) == AC_OK);
    futures[0] = sk_submitted(pool);
    pthread_t other = sk_start(wait_first, ac_future_ref(futures[0]));
    SK_MUST(ac_future_cancel(futures[0]) == AC_OK);
    sk_gate_open(&hold);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    ac_future_unref(futures[0]);
    sk_join(other);
    sk_pool_end(pool);
}

/* ---- All members of an iterator, while they complete ---- */

static void *
cancel_all(void *unused)
{
    (void)unused;
    SK_MUST(ac_iter_cancel(iter) == AC_OK);
    return NULL;
}

SK_SCENARIO(cancel_iter)
{
    struct sk_task *task;
    pool = sk_pool(1);
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    for (int i = 0; i < 3; i++) {
        task = sk_task();
        SK_MUST(sk_submit(pool, iter, task, NULL) == AC_OK);
    }
    pthread_t other = sk_start(cancel_all, NULL);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    SK_MUST(sk_drain(iter, AC_FOREVER, AC_DONE) == 3);
    sk_join(other);
    ac_iter_destroy(iter);
    sk_pool_end(pool);
}

/* ---- The last reference goes while the task ends ---- */

static void *
drop_first(void *unused)
{
    (void)unused;
    ac_future_unref(futures[0]);
    return NULL;
}

SK_SCENARIO(unref_complete)
{
    pool = sk_pool(1);
    futures[0] = sk_submitted(pool);
    pthread_t other = sk_start(drop_first, ac_future_ref(futures[0]));
    ac_future *mine = futures[0];
    int status = ac_future_status(mine);
    SK_MUST(status == AC_EAGAIN || status == AC_OK);
    ac_future_unref(mine);
    sk_join(other);
    sk_pool_end(pool);
}

/* One takes, one borrows: exactly one owns the result. */
static void *
take_first(void *unused)
{
    (void)unused;
    said[0][0] = sk_take(futures[0]);
    ac_future_unref(futures[0]);
    return NULL;
}

SK_SCENARIO(take_take)
{
    pool = sk_pool(1);
    futures[0] = sk_submitted(pool);
    pthread_t other = sk_start(take_first, ac_future_ref(futures[0]));
    int rc = sk_take(futures[0]);
    ac_future_unref(futures[0]);
    sk_join(other);
    SK_MUST((rc == AC_OK && said[0][0] == AC_ENOENT) ||
            (rc == AC_ENOENT && said[0][0] == AC_OK));
    sk_pool_end(pool);
}
