/*
 * run_nest.c - what a task submits to its own pool, while the other workers are
 * busy, or are about to look for something to do
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

static ac_pool *pool;
static ac_future *handle;

static uint64_t
stat_of(size_t which)
{
    uint64_t stats[AC_STATS];
    SK_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
    return stats[which];
}

static int
submit_children(struct sk_task *task)
{
    sk_submit_next(pool, task);
    return 0;
}

/* ---- It waits for what its children do, but does not run them: another worker
 * must, which may be going to sleep just now ---- */

static struct sk_gate both;

static int
submit_and_pass(struct sk_task *task)
{
    submit_children(task);
    sk_gate_pass(&both);
    return 0;
}

SK_SCENARIO(nest_steal)
{
    struct sk_task *parent = sk_task(), *one = sk_task(), *two = sk_task();
    parent->body = submit_and_pass;
    parent->next = one;
    one->next = two;
    two->started = &both;
    pool = sk_pool(2);
    for (unsigned n = sk_roll(3); n > 0; n--)
        SK_MUST(sk_submit(pool, NULL, sk_task(), NULL) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, parent, NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(one->runs == 1 && two->runs == 1);
    sk_pool_end(pool);
}

/* ---- It ends before its children have begun ---- */

SK_SCENARIO(nest_orphans)
{
    struct sk_task *parent = sk_task(), *one = sk_task(), *two = sk_task();
    parent->body = submit_children;
    parent->next = one;
    one->next = two;
    pool = sk_pool(1 + sk_roll(2));
    SK_MUST(sk_submit(pool, NULL, parent, NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(one->runs == 1 && two->runs == 1);
    SK_MUST(stat_of(AC_STAT_COMPLETED) == 3);
    sk_pool_end(pool);
}

/* ---- One worker: first in, first out, whoever submits ---- */

static struct sk_gate begun, before, between, after;

static int
submit_between(struct sk_task *task)
{
    sk_gate_open(&begun);
    sk_gate_pass(&before);
    submit_children(task);
    sk_gate_open(&between);
    sk_gate_pass(&after);
    return 0;
}

SK_SCENARIO(nest_order)
{
    struct sk_task *parent = sk_task(), *first = sk_task(), *second = sk_task(),
                   *third = sk_task();
    bool some_before = sk_roll(2) != 0;
    parent->body = submit_between;
    parent->next = second;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, parent, NULL) == AC_OK);
    sk_gate_pass(&begun);
    if (some_before)
        SK_MUST(sk_submit(pool, NULL, first, NULL) == AC_OK);
    sk_gate_open(&before);
    sk_gate_pass(&between);
    SK_MUST(sk_submit(pool, NULL, third, NULL) == AC_OK);
    if (sk_roll(2))
        SK_MUST(stat_of(AC_STAT_QUEUED) == 2 + (uint64_t)some_before);
    sk_gate_open(&after);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(second->started_as < third->started_as);
    SK_MUST(!some_before || first->started_as < second->started_as);
    sk_pool_end(pool);
}

static void *
ask(void *unused)
{
    uint64_t stats[AC_STATS];
    (void)unused;
    SK_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
    return NULL;
}

/* One worker; somebody takes all in while its task submits one, and another one
 * comes from elsewhere after that. */
SK_SCENARIO(nest_asked)
{
    struct sk_task *second = sk_task(), *third = sk_task();
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, sk_parent(submit_between, second), NULL) ==
            AC_OK);
    sk_gate_pass(&begun);
    sk_gate_open(&before);
    pthread_t other = sk_start(ask, NULL);
    sk_gate_pass(&between);
    SK_MUST(sk_submit(pool, NULL, third, NULL) == AC_OK);
    sk_gate_open(&after);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    sk_join(other);
    SK_MUST(second->started_as < third->started_as);
    sk_pool_end(pool);
}

/* ---- Two workers: what comes later is not all before it ---- */

enum { LATER = 8 };

static struct sk_task *later[LATER];
static struct sk_gate last_ran;

static void
submit_later(void)
{
    for (int i = 0; i < LATER; i++) {
        later[i] = sk_task();
        if (i == LATER - 1)
            later[i]->started = &last_ran;
        SK_MUST(sk_submit(pool, NULL, later[i], NULL) == AC_OK);
    }
}

/* The parent is held until they have run, then all are done. */
static void
end_later(const struct sk_task *early)
{
    int overtaken = 0;
    sk_gate_pass(&last_ran);
    sk_gate_open(&after);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    for (int i = 0; i < LATER; i++)
        overtaken += later[i]->started_as < early->started_as;
    SK_MUST(overtaken < LATER);
    sk_pool_end(pool);
}

SK_SCENARIO(nest_overtaken)
{
    struct sk_task *early = sk_task();
    pool = sk_pool(2);
    SK_MUST(sk_submit(pool, NULL, sk_parent(submit_between, early), NULL) ==
            AC_OK);
    sk_gate_pass(&begun);
    for (unsigned n = sk_roll(3); n > 0; n--)
        SK_MUST(sk_submit(pool, NULL, sk_task(), NULL) == AC_OK);
    sk_gate_open(&before);
    sk_gate_pass(&between);
    submit_later();
    end_later(early);
}

/* Somebody takes all in while it is submitted. */
static struct sk_gate let_go;

SK_SCENARIO(nest_asked_two)
{
    struct sk_task *early = sk_task();
    pool = sk_pool(2);
    sk_occupy(pool, &let_go);
    SK_MUST(sk_submit(pool, NULL, sk_parent(submit_between, early), NULL) ==
            AC_OK);
    sk_gate_pass(&begun);
    pthread_t other = sk_start(ask, NULL);
    sk_gate_open(&before);
    sk_gate_pass(&between);
    submit_later();
    sk_join(other);
    sk_gate_open(&let_go);
    end_later(early);
}

/* ---- Its child is canceled, fails, or is asked for, while it waits ---- */

static int
submit_and_wait(struct sk_task *task)
{
    ac_future *child = NULL;
    SK_MUST(sk_submit(pool, NULL, task->next, &child) == AC_OK);
    handle = ac_future_ref(child);
    sk_gate_open(&begun);
    SK_MUST(ac_future_wait(child, AC_FOREVER) == AC_OK);
    ac_future_unref(child);
    return 0;
}

SK_SCENARIO(nest_cancel)
{
    struct sk_task *parent = sk_task(), *child = sk_task();
    parent->body = submit_and_wait;
    parent->next = child;
    child->error = (int)sk_roll(2);
    pool = sk_pool(1 + sk_roll(2));
    SK_MUST(sk_submit(pool, NULL, parent, NULL) == AC_OK);
    sk_gate_pass(&begun);
    bool canceled = sk_roll(2) && ac_future_cancel(handle) == AC_OK;
    SK_MUST(ac_future_wait(handle, AC_FOREVER) == AC_OK);
    SK_MUST((ac_future_status(handle) == AC_ECANCELED) == canceled);
    ac_future_unref(handle);
    SK_MUST(child->runs == !canceled);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(stat_of(AC_STAT_SUBMITTED) == 2);
    SK_MUST(stat_of(AC_STAT_CANCELED) == (uint64_t)canceled);
    SK_MUST(stat_of(AC_STAT_COMPLETED) + stat_of(AC_STAT_FAILED) ==
            2 - (uint64_t)canceled);
    sk_pool_end(pool);
}

/* ---- The pool is stopped meanwhile ---- */

static int
submit_if_open(struct sk_task *task)
{
    for (task = task->next; task != NULL; task = task->next) {
        int rc = sk_submit(pool, NULL, task, NULL);
        SK_MUST(rc == AC_OK || rc == AC_ESHUTDOWN);
    }
    return 0;
}

SK_SCENARIO(nest_stop)
{
    struct sk_task *parent = sk_task(), *one = sk_task(), *two = sk_task();
    bool drained = sk_roll(2) != 0;
    parent->body = submit_if_open;
    parent->next = one;
    one->next = two;
    parent->started = &begun;
    pool = sk_pool(1 + sk_roll(2));
    SK_MUST(sk_submit(pool, NULL, parent, NULL) == AC_OK);
    sk_gate_pass(&begun);
    SK_MUST(ac_pool_shutdown(pool, drained ? AC_DRAIN : AC_CANCEL, AC_FOREVER,
                             NULL) == AC_OK);
    SK_MUST(one->accepted >= two->accepted);
    if (drained)
        SK_MUST(one->runs == one->accepted && two->runs == two->accepted);
    sk_pool_end(pool);
}

/* ---- A task that runs another one on top of it, which runs a third: either of
 * the two lower may end its thread, while somebody reads the counters ---- */

static ac_future *middles, *tops; /* of those below, who may not get so far */

static int
nest_and_exit(struct sk_task *task)
{
    ac_future **next = task->next->next != NULL ? &middles : &tops;
    SK_MUST(sk_submit(pool, NULL, task->next, next) == AC_OK);
    SK_MUST(ac_future_wait(*next, AC_FOREVER) == AC_OK);
    if (sk_roll(2))
        pthread_exit(NULL);
    return 0;
}

static void *
read_counters(void *unused)
{
    uint64_t stats[AC_STATS], last = 0;
    (void)unused;
    for (int i = 0; i < 3; i++) {
        SK_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
        uint64_t ended = stats[AC_STAT_COMPLETED] + stats[AC_STAT_ABORTED];
        SK_MUST(ended >= last);
        SK_MUST(ended + stats[AC_STAT_BUSY] + stats[AC_STAT_QUEUED] <=
                stats[AC_STAT_SUBMITTED]);
        last = ended;
    }
    return NULL;
}

SK_SCENARIO(nest_exit)
{
    size_t left = 1;
    struct sk_task *lowest = sk_task(), *middle = sk_task(), *top = sk_task();
    lowest->body = middle->body = nest_and_exit;
    lowest->next = middle;
    middle->next = top;
    pool = sk_pool(1 + sk_roll(2));
    pthread_t other = sk_start(read_counters, NULL);
    SK_MUST(sk_submit(pool, NULL, lowest, NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(top->runs == 1);
    SK_MUST(stat_of(AC_STAT_SUBMITTED) == 3);
    SK_MUST(stat_of(AC_STAT_COMPLETED) + stat_of(AC_STAT_ABORTED) == 3);
    SK_MUST(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, &left) == AC_OK);
    SK_MUST(left == 0);
    ac_future_unref(middles);
    ac_future_unref(tops);
    sk_join(other);
    sk_pool_end(pool);
}

/* ---- Each submits the next one: idle is it when the last has ended ---- */

static int
submit_one(struct sk_task *task)
{
    SK_MUST(sk_submit(pool, NULL, task->next, NULL) == AC_OK);
    return 0;
}

SK_SCENARIO(idle_in_time)
{
    struct sk_task *last = sk_task(), *task = last;
    for (int i = 0; i < 3; i++) {
        struct sk_task *next = task;
        task = sk_task();
        task->body = submit_one;
        task->next = next;
    }
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, task, NULL) == AC_OK);
    int rc = ac_pool_wait_idle(pool, sk_soon());
    SK_MUST(rc == AC_ETIMEDOUT || (rc == AC_OK && last->runs == 1));
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    sk_pool_end(pool);
}
