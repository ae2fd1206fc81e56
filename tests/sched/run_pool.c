/*
 * run_pool.c - the end of a pool, against all that goes on in it
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

static ac_pool *pool;
static ac_future *futures[4];
static struct sk_gate hold;

/* ---- Submitting ---- */

/* From the first refusal on, all are refused. */
static void *
submit_three(void *unused)
{
    (void)unused;
    int refused = 0;
    for (int i = 0; i < 3; i++) {
        int rc = sk_submit(pool, NULL, sk_task(), &futures[i]);
        SK_MUST(rc == (refused ? AC_ESHUTDOWN : AC_OK) || rc == AC_ESHUTDOWN);
        refused |= rc != AC_OK;
        if (rc != AC_OK)
            futures[i] = NULL;
    }
    return NULL;
}

static void
shutdown_submit(size_t workers, ac_shutdown how)
{
    size_t left = 99;
    pool = sk_pool(workers);
    pthread_t other = sk_start(submit_three, NULL);
    SK_MUST(ac_pool_shutdown(pool, how, AC_FOREVER, &left) == AC_OK);
    SK_MUST(left == 0);
    sk_join(other);
    for (int i = 0; i < 3 && futures[i] != NULL; i++) {
        int status = ac_future_status(futures[i]);
        SK_MUST(status == AC_OK ||
                (how == AC_CANCEL && status == AC_ECANCELED));
        ac_future_unref(futures[i]);
    }
    sk_pool_end(pool);
}

SK_SCENARIO(drain_submit)
{
    shutdown_submit(2, AC_DRAIN);
}

SK_SCENARIO(shutdown_submit_cancel)
{
    shutdown_submit(1, AC_CANCEL);
}

/* A worker that is about to sleep hears of the only task. */
SK_SCENARIO(submit_sleep)
{
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, sk_task(), NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    sk_pool_end(pool);
}

/* Work is not left lying while a worker is idle. */
SK_SCENARIO(submit_idle)
{
    struct sk_gate both = {0};
    pool = sk_pool(2);
    struct sk_task *one = sk_task(), *two = sk_task();
    one->hold = &both;
    two->started = &both;
    pthread_t other = sk_start(submit_three, NULL);
    SK_MUST(sk_submit(pool, NULL, one, NULL) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, two, NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    sk_join(other);
    for (int i = 0; i < 3; i++)
        ac_future_unref(futures[i]);
    sk_pool_end(pool);
}

/* Also what comes in while a worker that was woken has not looked yet.  Two of
 * those before it wait for the last one. */
SK_SCENARIO(submit_woken)
{
    static struct sk_gate last;
    last = (struct sk_gate){0};
    pool = sk_pool(3);
    struct sk_task *tasks[4];
    for (int i = 0; i < 4; i++)
        tasks[i] = sk_task();
    tasks[1]->hold = &last;
    tasks[2]->hold = &last;
    tasks[3]->started = &last;
    for (int i = 0; i < 4; i++)
        SK_MUST(sk_submit(pool, NULL, tasks[i], NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    sk_pool_end(pool);
}

/* A worker that watches for what comes in hears of what another one has taken
 * in: here it would watch for ever.  That other one is busy meanwhile, with a
 * task, or with the argument of one that is too late. */
static struct sk_gate both;

static void
free_when_both(void *arg)
{
    struct sk_task *task = arg;
    sk_user_code();
    task->args_freed++;
    sk_gate_pass(&both);
}

static int
submit_pair(struct sk_task *task)
{
    SK_MUST(sk_submit(pool, NULL, task->next, NULL) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, task->next->next, NULL) == AC_OK);
    return 0;
}

SK_SCENARIO(submit_spin)
{
    struct sk_task *parent = sk_task(), *one = sk_task(), *two = sk_task();
    ac_task_attr *attr = sk_attr_new();
    SK_MUST(ac_task_attr_set_free_arg(attr, free_when_both) == AC_OK);
    if (sk_roll(2))
        SK_MUST(ac_task_attr_set_start_by(attr, AC_POLL) == AC_OK);
    sk_slow_clock();
    pool = sk_pool(2);
    parent->body = submit_pair;
    parent->next = one;
    one->next = two;
    one->attr = attr;
    one->hold = &both;
    two->started = &both;
    SK_MUST(sk_submit(pool, NULL, parent, NULL) == AC_OK);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    ac_task_attr_destroy(attr);
    sk_pool_end(pool);
}

/* A task may use the handle that its own submission writes. */
static int
use_handle(struct sk_task *task)
{
    ac_future *own = futures[task->error];
    SK_MUST(ac_future_wait(own, AC_POLL) == AC_EDEADLK);
    SK_MUST(sk_task_of(own) == task);
    return 0;
}

SK_SCENARIO(submit_handle)
{
    struct sk_task *tasks[2] = {sk_task(), sk_task()};
    void *args[2] = {tasks[0], tasks[1]};
    pool = sk_roll(2) ? sk_pool(1) : sk_bounded_pool(1, 2);
    for (int i = 0; i < 2; i++) {
        tasks[i]->body = use_handle;
        tasks[i]->error = i;
    }
    if (sk_roll(2)) {
        SK_MUST(ac_submit_many(pool, sk_attr(), sk_run, args, 2, AC_FOREVER,
                               futures) == AC_OK);
        tasks[0]->accepted = tasks[1]->accepted = true;
    } else {
        SK_MUST(sk_submit(pool, NULL, tasks[0], &futures[0]) == AC_OK);
        SK_MUST(sk_submit(pool, NULL, tasks[1], &futures[1]) == AC_OK);
    }
    sk_pool_end(pool);
    ac_future_unref(futures[0]);
    ac_future_unref(futures[1]);
}

/* ---- Several who stop it ---- */

static void *
stop_it(void *how)
{
    ac_shutdown mode = how == NULL ? AC_DRAIN : AC_CANCEL;
    SK_MUST(ac_pool_shutdown(pool, mode, AC_FOREVER, NULL) == AC_OK);
    return NULL;
}

SK_SCENARIO(shutdown_shutdown)
{
    size_t left = 99;
    pool = sk_pool(1);
    submit_three(NULL);
    pthread_t one = sk_start(stop_it, sk_roll(2) ? &pool : NULL);
    pthread_t two = sk_start(stop_it, sk_roll(2) ? &pool : NULL);
    int rc = ac_pool_shutdown(pool, AC_CANCEL, sk_soon(), &left);
    SK_MUST(rc == AC_OK ? left == 0 : rc == AC_ETIMEDOUT && left <= 3);
    for (int i = 0; i < 3; i++)
        ac_future_unref(futures[i]);
    sk_join(one);
    sk_join(two);
    sk_pool_end(pool);
}

/* The first one waits for a task that ends only because of the second. */
SK_SCENARIO(shutdown_escalate)
{
    struct sk_task *task = sk_task();
    task->body = sk_until_asked;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, task, NULL) == AC_OK);
    submit_three(NULL);
    pthread_t one = sk_start(stop_it, NULL);
    pthread_t two = sk_start(stop_it, &pool);
    for (int i = 0; i < 3; i++) {
        SK_MUST(ac_future_wait(futures[i], AC_FOREVER) == AC_OK);
        ac_future_unref(futures[i]);
    }
    sk_join(one);
    sk_join(two);
    sk_pool_end(pool);
}

/* Who is inside when destroy begins gets out in peace. */
static void *
visit(void *unused)
{
    (void)unused;
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    return NULL;
}

SK_SCENARIO(destroy_visitor)
{
    struct sk_task *task = sk_task();
    task->hold = &hold;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, task, NULL) == AC_OK);
    pthread_t visitor = sk_start(visit, NULL);
    sk_until_asleep(visitor);
    sk_gate_open(&hold);
    sk_pool_end(pool);
    sk_join(visitor);
}

/* The same for one who is still canceling. */
static struct sk_gate canceling;

static void
tell_main(ac_future *future, void *unused)
{
    (void)unused;
    sk_user_code();
    SK_MUST(ac_future_status(future) == AC_ECANCELED);
    sk_gate_open(&canceling);
}

SK_SCENARIO(destroy_canceler)
{
    struct sk_task *task = sk_task();
    task->hold = &hold;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, task, NULL) == AC_OK);
    SK_MUST(sk_submit(pool, NULL, sk_task(), &futures[0]) == AC_OK);
    SK_MUST(ac_future_on_done(futures[0], tell_main, NULL) == AC_OK);
    pthread_t visitor = sk_start(stop_it, &pool);
    sk_gate_pass(&canceling);
    sk_gate_open(&hold);
    sk_pool_end(pool);
    ac_future_unref(futures[0]);
    sk_join(visitor);
}

/* ---- Idle ---- */

static void *
wait_idle_soon(void *unused)
{
    (void)unused;
    ac_deadline deadline = sk_soon();
    int rc = ac_pool_wait_idle(pool, deadline);
    SK_MUST(rc == AC_OK || (rc == AC_ETIMEDOUT && ac_now() >= deadline));
    return NULL;
}

SK_SCENARIO(idle_submit)
{
    pool = sk_pool(1);
    pthread_t other = sk_start(wait_idle_soon, NULL);
    submit_three(NULL);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    for (int i = 0; i < 3; i++) {
        SK_MUST(ac_future_status(futures[i]) == AC_OK);
        ac_future_unref(futures[i]);
    }
    sk_join(other);
    sk_pool_end(pool);
}

/* What is canceled is settled before its argument is freed: that may wait for
 * the pool to be idle. */
static int freed;

static void
free_when_idle(void *unused)
{
    (void)unused;
    sk_user_code();
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    freed++;
}

static int
do_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    freed++;
    return 0;
}

static void *
cancel_first(void *unused)
{
    (void)unused;
    int rc = ac_future_cancel(futures[0]);
    SK_MUST(rc == AC_OK || rc == AC_EBUSY || rc == AC_EALREADY);
    return NULL;
}

SK_SCENARIO(idle_free)
{
    ac_task_attr *attr = sk_attr_new();
    SK_MUST(ac_task_attr_set_free_arg(attr, free_when_idle) == AC_OK);
    SK_MUST(ac_task_attr_set_free_result(attr, NULL) == AC_OK);
    pool = sk_pool(1);
    SK_MUST(ac_submit(pool, attr, do_nothing, NULL, &futures[0]) == AC_OK);
    SK_MUST(ac_submit(pool, attr, do_nothing, NULL, NULL) == AC_OK);
    ac_task_attr_destroy(attr);
    pthread_t other = sk_start(cancel_first, NULL);
    SK_MUST(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, NULL) == AC_OK);
    sk_join(other);
    ac_future_unref(futures[0]);
    sk_pool_end(pool);
    SK_MUST(freed == 2);
}

/* ---- Destroy drains; results outlive the pool ---- */

SK_SCENARIO(destroy_queued)
{
    pool = sk_pool(2);
    submit_three(NULL);
    sk_pool_end(pool);
    for (int i = 0; i < 3; i++) {
        SK_MUST(sk_take(futures[i]) == AC_OK);
        ac_future_unref(futures[i]);
    }
}

/* Who asks of a future may find that its pool has gone meanwhile. */
static void *
ask(void *iter)
{
    int rc = ac_future_cancel(futures[0]);
    SK_MUST(rc == AC_OK || rc == AC_EBUSY || rc == AC_EALREADY);
    SK_MUST(ac_iter_cancel(iter) == AC_OK);
    SK_MUST(ac_future_wait(futures[0], AC_FOREVER) == AC_OK);
    ac_future_unref(futures[0]);
    return NULL;
}

SK_SCENARIO(destroy_ask)
{
    ac_iter *iter;
    pool = sk_pool(1);
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(sk_submit(pool, iter, sk_task(), &futures[0]) == AC_OK);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    pthread_t other = sk_start(ask, iter);
    sk_pool_end(pool);
    SK_MUST(sk_drain(iter, AC_FOREVER, AC_DONE) == 2);
    sk_join(other);
    ac_iter_destroy(iter);
}

/* ---- A task that submits to its own pool while that is stopped ---- */

static int
submit_next(struct sk_task *task)
{
    ac_future *next = NULL;
    int rc = sk_submit(task->pool, NULL, task->next, &next);
    SK_MUST(rc == AC_OK || rc == AC_ESHUTDOWN);
    if (rc != AC_OK)
        return 0;
    SK_MUST(ac_future_wait(next, AC_FOREVER) == AC_OK);
    ac_future_unref(next);
    return 0;
}

static void
nested_shutdown(size_t workers, ac_shutdown how)
{
    struct sk_task *outer = sk_task();
    outer->body = submit_next;
    outer->next = sk_task();
    outer->pool = pool = sk_pool(workers);
    SK_MUST(sk_submit(pool, NULL, outer, NULL) == AC_OK);
    SK_MUST(ac_pool_shutdown(pool, how, AC_FOREVER, NULL) == AC_OK);
    SK_MUST(how == AC_CANCEL || outer->runs == 1);
    sk_pool_end(pool);
}

/* What ran inside of a wait is not left, even while its waiter goes on. */
static struct sk_gate innermost_done, hold;

static int
submit_next_and_hold(struct sk_task *task)
{
    int rc = submit_next(task);
    sk_gate_open(&innermost_done);
    sk_gate_pass(&hold);
    return rc;
}

SK_SCENARIO(nested_left)
{
    uint64_t stats[AC_STATS];
    size_t left = 0;
    struct sk_task *outer = sk_task(), *inner = sk_task();
    outer->body = submit_next;
    outer->next = inner;
    inner->body = submit_next_and_hold;
    inner->next = sk_task();
    outer->pool = inner->pool = pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, outer, NULL) == AC_OK);
    sk_gate_pass(&innermost_done);
    if (sk_roll(2)) {
        SK_MUST(ac_pool_stats(pool, stats, AC_STATS) == AC_OK);
        SK_MUST(stats[AC_STAT_COMPLETED] == 1);
    }
    SK_MUST(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left) == AC_ETIMEDOUT);
    SK_MUST(left == 2);
    sk_gate_open(&hold);
    sk_pool_end(pool);
}

SK_SCENARIO(nested_drain)
{
    nested_shutdown(1, AC_DRAIN);
}

SK_SCENARIO(nested_cancel)
{
    nested_shutdown(1, AC_CANCEL);
}

SK_SCENARIO(nested_cancel_two)
{
    nested_shutdown(2, AC_CANCEL);
}
