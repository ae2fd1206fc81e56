/*
 * worker - a thread of a pool
 *
 * Pop, claim, run unlocked, finish, settle; sleep when there is nothing.
 *
 * A task may end its thread (pthread_exit).  Cleanup handlers, the innermost
 * first, then finish every task that the thread was inside of as AC_EABORTED;
 * the last one starts a thread in this one's place, and only then settles: so
 * nobody who waits for the pool misses the new thread.
 *
 * Locking: the pool's mutex to pop and to settle, in one go; none while a task
 * runs.
 * Lifetime: from aci_thread_start() until the pool is stopped and its queue is
 * empty.  What is popped carries the queue's reference.  A thread that
 * replaced another one joins it when it ends itself.
 *
 * SPDX-License-Identifier: MIT
 */
#include "worker.h"

#include "clock.h"
#include "due.h"
#include "fork.h"
#include "frame.h"
#include "room.h"

/* ---- One task ---- */

struct run {
    struct aci_frame frame;
    ac_pool *pool;
    ac_future *future;
    struct aci_outcome *outcome;
    int64_t started; /* with timing */
    void *result;
};

/* In a child of fork() there is neither a pool to go on with nor anybody who
 * waits: its only thread ends, and the child with it. */
static void
end_in_child(const ac_pool *pool)
{
    if (aci_forked(pool->cache->born))
        pthread_exit(NULL);
}

static void
complete(struct run *run, int status, int rc)
{
    struct aci_outcome *outcome = run->outcome;
    outcome->status = status;
    if (run->pool->attr.timing)
        outcome->ran = ac_now() - run->started;
    aci_frame_pop();
    aci_future_finish(run->future, status, rc, run->result);
    aci_due_run();
    aci_pool_trace(run->pool, AC_TRACE_ENDED, run->future);
    ac_future_unref(run->future);
}

/* Cleanup handler. */
static void
abort_run(void *arg)
{
    struct run *run = arg;
    if (!aci_forked(run->pool->cache->born))
        complete(run, AC_EABORTED, 0);
}

/* Run a claimed task, finish it, and drop the queue's reference. */
static void
run_task(ac_pool *pool, ac_future *future, struct aci_outcome *outcome)
{
    struct run run = {
        .pool = pool, .future = future, .outcome = outcome, .result = NULL};
    int rc;
    *outcome = (struct aci_outcome){.status = AC_EAGAIN};
    if (pool->attr.timing) {
        run.started = ac_now();
        outcome->waited = run.started - aci_future_accepted(future);
    }
    aci_pool_trace(pool, AC_TRACE_STARTED, future);
    aci_frame_push(&run.frame, future, &pool->stop);
    pthread_cleanup_push(abort_run, &run);
    rc = future->work.fn(future->arg, &run.result);
    end_in_child(pool);
    pthread_cleanup_pop(0);
    complete(&run, aci_future_verdict(rc), rc);
    end_in_child(pool);
}

struct nested {
    ac_pool *pool;
    struct aci_outcome outcome;
};

/* Cleanup handler, or the plain end. */
static void
settle_nested(void *arg)
{
    struct nested *nested = arg;
    ac_pool *pool = nested->pool;
    if (aci_forked(pool->cache->born))
        return;
    aci_lock(&pool->mu);
    aci_pool_settle_locked(pool, &nested->outcome);
    aci_unlock(&pool->mu);
}

void
aci_worker_run_nested(ac_pool *pool, ac_future *future)
{
    struct nested nested = {.pool = pool};
    pthread_cleanup_push(settle_nested, &nested);
    run_task(pool, future, &nested.outcome);
    pthread_cleanup_pop(1);
}

/* ---- All tasks ---- */

/* The next one that is to run, claimed, with its queue's reference; NULL when
 * it is time to go.  What is still queued when all is canceled is the
 * canceler's.  The mutex is released for one that is too late to start. */
static ac_future *
pop_locked(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    ac_future *future;
    while (pool->phase != ACI_CANCELING) {
        future = aci_runq_pop(&pool->runq);
        if (future == NULL) {
            if (pool->phase == ACI_DRAINING)
                return NULL;
            aci_list_prepend(&pool->idle, &self->parked.link);
            aci_park(&self->parked, &pool->mu, AC_FOREVER);
            continue;
        }
        aci_room_grant_locked(pool);
        /* One that cannot be claimed is another one's, with the reference. */
        if (!aci_future_late(future)) {
            if (aci_future_claim(future))
                return future;
        } else if (aci_future_end(future, AC_EEXPIRED)) {
            aci_unlock(&pool->mu);
            aci_future_conclude(future);
            aci_due_run();
            aci_lock(&pool->mu);
        }
    }
    return NULL;
}

static void
work(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    ac_future *future;
    aci_lock(&pool->mu);
    while ((future = pop_locked(self)) != NULL) {
        pool->busy++;
        aci_unlock(&pool->mu);
        run_task(pool, future, &self->outcome);
        aci_lock(&pool->mu);
        pool->busy--;
        aci_pool_settle_locked(pool, &self->outcome);
    }
    aci_unlock(&pool->mu);
}

/* ---- The thread ---- */

static int
call_start_hook(struct aci_worker *self)
{
    const struct ac_pool_attr *attr = &self->pool->attr;
    return attr->start != NULL ? attr->start(self->number, attr->hook_arg) : 0;
}

static void
call_stop_hook(struct aci_worker *self)
{
    const struct ac_pool_attr *attr = &self->pool->attr;
    if (attr->stop != NULL)
        attr->stop(self->number, attr->hook_arg);
}

/* Join the thread that this one replaced. */
static void
join_before(struct aci_worker *self)
{
    if (self->replaces)
        aci_thread_join(self->before);
    self->replaces = false;
}

/* A new thread in the place of this one, or false. */
static bool
replace(struct aci_worker *self, pthread_t *thread)
{
    join_before(self);
    self->before = pthread_self();
    self->replaces = true;
    if (aci_thread_start(thread, self->pool->attr.stack_size, aci_worker_main,
                         self) == AC_OK)
        return true;
    self->replaces = false;
    return false;
}

static void work_on(struct aci_worker *self);

/* Cleanup handler: a task has ended this thread.  Without another one to
 * replace it, it goes on in here.  What is the worker's belongs to the new
 * thread at once, but for the join: that one waits until this thread is gone,
 * so what is written last about a thread is about the newest. */
static void
outlive(void *arg)
{
    struct aci_worker *self = arg;
    ac_pool *pool = self->pool;
    if (aci_forked(pool->cache->born))
        return;
    pthread_t thread;
    call_stop_hook(self);
    struct aci_outcome outcome = self->outcome;
    bool replaced = replace(self, &thread);
    aci_lock(&pool->mu);
    if (replaced)
        self->thread = thread;
    pool->busy--;
    aci_pool_settle_locked(pool, &outcome);
    aci_unlock(&pool->mu);
    if (!replaced) {
        call_start_hook(self);
        work_on(self);
    }
}

static void
work_on(struct aci_worker *self)
{
    pthread_cleanup_push(outlive, self);
    work(self);
    pthread_cleanup_pop(0);
    call_stop_hook(self);
    join_before(self);
}

/* Call the start hook.  The first threads say what it returned; a pool that is
 * refused ends before it has begun. */
static bool
begin(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    bool refused = call_start_hook(self) != 0;
    if (pool->attr.start == NULL || self->replaces)
        return true;
    aci_lock(&pool->mu);
    pool->refused |= refused;
    if (--pool->starting == 0)
        aci_unpark_all(&pool->watchers);
    aci_unlock(&pool->mu);
    return !refused;
}

void *
aci_worker_main(void *arg)
{
    struct aci_worker *self = arg;
    aci_cancel_disable(); /* a task's calls must not end its thread */
    aci_thread_name(self->pool->attr.name, self->number);
    aci_thread_works_for(&self->pool->owner);
    if (begin(self))
        work_on(self);
    return NULL;
}
