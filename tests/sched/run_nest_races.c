/*
 * run_nest_races.c - what a task submits to its own pool, and others want at
 * the same moment
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

static ac_pool *pool;
static ac_iter *iter;
static struct sk_gate begun, after;

static void
read_stats(uint64_t stats[])
{
    SK_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
}

static int
submit_children(struct sk_task *task)
{
    sk_submit_next(pool, task);
    return 0;
}

static struct sk_gate let_go; /* who is busy meanwhile */

/* ---- Members of an iterator, which others know before they are queued ---- */

static int
submit_member(struct sk_task *task)
{
    sk_gate_open(&begun);
    SK_MUST(sk_submit(pool, iter, task->next, NULL) == AC_OK);
    sk_gate_pass(&after);
    return 0;
}

SK_SCENARIO(nest_iter_cancel)
{
    ac_future *got;
    pool = sk_pool(2);
    sk_occupy(pool, &let_go);
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, sk_parent(submit_member, sk_task()), NULL) ==
            AC_OK);
    sk_gate_pass(&begun);
    SK_MUST(ac_iter_cancel(iter) == AC_OK);
    sk_gate_open(&after);
    SK_MUST(ac_iter_next(iter, AC_FOREVER, &got) == AC_OK);
    ac_future_unref(got);
    sk_gate_open(&let_go);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    ac_iter_destroy(iter);
    sk_pool_end(pool);
}

static int
take_member(struct sk_task *task)
{
    ac_future *got;
    (void)task;
    sk_gate_pass(&begun);
    SK_MUST(ac_iter_next(iter, AC_FOREVER, &got) == AC_OK);
    sk_gate_open(&after);
    ac_future_unref(got);
    return 0;
}

/* Another worker would run it. */
SK_SCENARIO(nest_iter_help)
{
    struct sk_task *child = sk_task();
    pool = sk_pool(2);
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, sk_parent(submit_member, child), NULL) ==
            AC_OK);
    SK_MUST(sk_submit(pool, NULL, sk_parent(take_member, NULL), NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(child->runs == 1);
    ac_iter_destroy(iter);
    sk_pool_end(pool);
}

static int
submit_and_take(struct sk_task *task)
{
    ac_future *got;
    SK_MUST(sk_submit(pool, iter, task->next, NULL) == AC_OK);
    SK_MUST(ac_iter_next(iter, AC_FOREVER, &got) == AC_OK);
    ac_future_unref(got);
    return 0;
}

/* Two tasks submit to the same iterator, and take from it. */
SK_SCENARIO(nest_iter_both)
{
    struct sk_task *child[2];
    pool = sk_pool(1 + sk_roll(3));
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    for (int i = 0; i < 2; i++) {
        child[i] = sk_task();
        SK_MUST(sk_submit(pool, NULL, sk_parent(submit_and_take, child[i]),
                          NULL) == AC_OK);
    }
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(child[0]->runs == 1 && child[1]->runs == 1);
    ac_iter_destroy(iter);
    sk_pool_end(pool);
}

/* ---- The counters ---- */

static ac_future *handle;

static int
submit_and_wait(struct sk_task *task)
{
    SK_MUST(sk_submit(pool, NULL, task->next, &handle) == AC_OK);
    sk_gate_open(&begun);
    SK_MUST(ac_future_wait(handle, AC_FOREVER) == AC_OK);
    return 0;
}

/* While one goes from the nest to who runs it. */
SK_SCENARIO(nest_left)
{
    uint64_t stats[AC_STATS];
    size_t left = 0;
    struct sk_task *child = sk_task();
    child->hold = &after;
    pool = sk_pool(2);
    sk_occupy(pool, &let_go);
    SK_MUST(sk_submit(pool, NULL, sk_parent(submit_and_wait, child), NULL) ==
            AC_OK);
    sk_gate_pass(&begun);
    SK_MUST(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left) == AC_ETIMEDOUT);
    SK_MUST(left == 3);
    read_stats(stats);
    SK_MUST(stats[AC_STAT_SUBMITTED] == 3);
    sk_gate_open(&after);
    sk_gate_open(&let_go);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    ac_future_unref(handle);
    sk_pool_end(pool);
}

static int
submit_and_stay(struct sk_task *task)
{
    sk_submit_next(pool, task);
    sk_gate_open(&begun);
    sk_gate_pass(&after);
    return 0;
}

SK_SCENARIO(nest_queued_max)
{
    uint64_t stats[AC_STATS];
    struct sk_task *one = sk_task();
    one->next = sk_task();
    pool = sk_pool(2);
    sk_occupy(pool, &let_go);
    SK_MUST(sk_submit(pool, NULL, sk_parent(submit_and_stay, one), NULL) ==
            AC_OK);
    sk_gate_pass(&begun);
    read_stats(stats);
    SK_MUST(stats[AC_STAT_QUEUED] == 2);
    SK_MUST(stats[AC_STAT_QUEUED] <= stats[AC_STAT_QUEUED_MAX]);
    sk_gate_open(&after);
    sk_gate_open(&let_go);
    sk_pool_end(pool);
}

/* ---- Other workers have nothing to do, or have just had ---- */

static struct sk_gate both;

static int
pass_both(struct sk_task *task)
{
    (void)task;
    sk_gate_pass(&both);
    return 0;
}

/* The other worker only spins. */
SK_SCENARIO(nest_spin)
{
    struct sk_task *one = sk_task(), *two = sk_task();
    sk_slow_clock();
    one->next = two;
    one->body = pass_both;
    two->started = &both;
    pool = sk_pool(2);
    SK_MUST(sk_submit(pool, NULL, sk_task(), NULL) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, sk_parent(submit_children, one), NULL) ==
            AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(one->runs == 1 && two->runs == 1);
    sk_pool_end(pool);
}

/* Three that need each other, and three workers. */
static struct sk_gate three[3];

static int
meet(struct sk_task *task)
{
    sk_gate_open(&three[task->error]);
    for (int i = 0; i < 3; i++)
        sk_gate_pass(&three[i]);
    return 0;
}

static int
submit_and_meet(struct sk_task *task)
{
    submit_children(task);
    return meet(task);
}

SK_SCENARIO(nest_three)
{
    struct sk_task *one = sk_task(), *two = sk_task();
    ac_pool *other = NULL; /* which may have the one that spins */
    one->next = two;
    one->body = two->body = meet;
    one->error = 1;
    two->error = 2;
    if (sk_roll(2)) {
        other = sk_pool(1);
        SK_MUST(sk_submit(other, NULL, sk_task(), NULL) == AC_OK);
    }
    pool = sk_pool(3);
    for (unsigned n = sk_roll(4); n > 0; n--)
        SK_MUST(sk_submit(pool, NULL, sk_task(), NULL) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, sk_parent(submit_and_meet, one), NULL) ==
            AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(one->runs == 1 && two->runs == 1);
    sk_pool_end(pool);
    if (other != NULL)
        sk_pool_end(other);
}

/* ---- The thread ends, with something in its nest ---- */

static int
submit_and_exit(struct sk_task *task)
{
    submit_children(task);
    if (sk_roll(2))
        sk_gate_pass(&after);
    pthread_exit(NULL);
}

SK_SCENARIO(nest_exit_full)
{
    struct sk_task *one = sk_task(), *two = sk_task();
    one->next = two;
    pool = sk_pool(1 + sk_roll(3));
    for (unsigned n = sk_roll(3); n > 0; n--)
        SK_MUST(sk_submit(pool, NULL, sk_task(), NULL) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, sk_parent(submit_and_exit, one), NULL) ==
            AC_OK);
    sk_gate_open(&after);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    SK_MUST(one->runs == 1 && two->runs == 1);
    sk_pool_end(pool);
}

/* ---- Two nests, two cancelers, a third worker, the end of the pool ---- */

static ac_future *handles[2];
static struct sk_gate in[2];

static int
submit_and_maybe_wait(struct sk_task *task)
{
    int i = task->error;
    task->error = 0;
    SK_MUST(sk_submit(pool, NULL, task->next, &handles[i]) == AC_OK);
    sk_gate_open(&in[i]);
    if (sk_roll(2)) {
        ac_deadline until = sk_roll(2) ? AC_FOREVER : sk_soon();
        int rc = ac_future_wait(handles[i], until);
        SK_MUST(rc == AC_OK || rc == AC_ETIMEDOUT);
    }
    if (sk_roll(2))
        sk_gate_pass(&after);
    return 0;
}

static void *
cancel(void *which)
{
    int i = *(int *)which;
    sk_gate_pass(&in[i]);
    (void)ac_future_cancel(handles[i]);
    return NULL;
}

SK_SCENARIO(nest_cancel_two)
{
    static int which[2] = {0, 1};
    uint64_t stats[AC_STATS];
    pool = sk_pool(2 + sk_roll(2));
    for (int i = 0; i < 2; i++) {
        struct sk_task *parent = sk_parent(submit_and_maybe_wait, sk_task());
        parent->error = i;
        SK_MUST(sk_submit(pool, NULL, parent, NULL) == AC_OK);
    }
    pthread_t other = sk_start(cancel, &which[0]);
    cancel(&which[1]);
    sk_gate_pass(&in[0]);
    sk_gate_open(&after);
    SK_MUST(ac_pool_shutdown(pool, sk_roll(2) ? AC_DRAIN : AC_CANCEL,
                             AC_FOREVER, NULL) == AC_OK);
    sk_join(other);
    for (int i = 0; i < 2; i++) {
        SK_MUST(ac_future_status(handles[i]) != AC_EAGAIN);
        ac_future_unref(handles[i]);
    }
    read_stats(stats);
    SK_MUST(stats[AC_STAT_SUBMITTED] == 4 && stats[AC_STAT_BUSY] == 0);
    SK_MUST(stats[AC_STAT_COMPLETED] + stats[AC_STAT_CANCELED] == 4);
    sk_pool_end(pool);
}

/* ---- A callback submits, to this pool or to another one ---- */

static ac_pool *second_pool;
static struct sk_task *from_callback;

static ac_pool *
either(void)
{
    return sk_roll(2) ? pool : second_pool;
}

static void
submit_when_done(ac_future *future, void *arg)
{
    (void)future;
    (void)arg;
    sk_user_code();
    SK_MUST(sk_submit(either(), NULL, from_callback, NULL) == AC_OK);
}

static int
submit_with_callback(struct sk_task *task)
{
    ac_future *child;
    SK_MUST(sk_submit(either(), NULL, task->next, &child) == AC_OK);
    SK_MUST(ac_future_on_done(child, submit_when_done, NULL) == AC_OK);
    if (sk_roll(2))
        SK_MUST(ac_future_wait(child, AC_FOREVER) == AC_OK);
    ac_future_unref(child);
    return 0;
}

SK_SCENARIO(nest_callback)
{
    struct sk_task *child = sk_task();
    from_callback = sk_task();
    pool = sk_pool(1 + sk_roll(2));
    second_pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, sk_parent(submit_with_callback, child),
                      NULL) == AC_OK);
    for (int i = 0; i < 2; i++) {
        SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
        SK_MUST(ac_pool_wait_idle(second_pool, AC_FOREVER) == AC_OK);
    }
    SK_MUST(child->runs == 1 && from_callback->runs == 1);
    sk_pool_end(pool);
    sk_pool_end(second_pool);
}
