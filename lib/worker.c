/*
 * worker - a thread of a pool
 *
 * Pop, claim, run unlocked, finish, settle; sleep when there is nothing.
 *
 * A task may end its thread (pthread_exit).  Cleanup handlers, the innermost
 * first, then finish every task that the thread was inside of as AC_EABORTED;
 * the last one starts a thread in this one's place, and only then settles: so
 * nobody who waits for the pool misses the new thread.  The library is compiled
 * so that these handlers also run where the task's code cannot be unwound
 * (configure.ac), and one of them serves for all tasks of a thread.
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

#include "due.h"
#include "fork.h"
#include "frame.h"
#include "lookout.h"
#include "room.h"

/* ---- All tasks ---- */

/* Who found work, having looked in vain or taken some in, and sees more, wakes
 * the next.  Who only goes on need not: when these tasks came in somebody was
 * called for them, and he or the next will see them; it looks after one that
 * is long in coming. */
static void
wake_next_locked(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    if (aci_pool_queued_locked(pool) > 0 &&
        (self->calls || atomic_load(&pool->lookout) == ACI_WAKING))
        aci_pool_wake_locked(pool);
    self->calls = false;
}

/* A popped one: claimed, or NULL if it is not to run.  One that cannot be
 * claimed is another one's, with the reference.  The mutex is released for one
 * that is too late to start. */
static ac_future *
claim_locked(struct aci_worker *self, ac_future *future)
{
    ac_pool *pool = self->pool;
    aci_room_grant_locked(pool);
    if (!aci_future_late(future)) {
        uint32_t state = aci_future_state(future);
        if (!aci_future_claim(future))
            return NULL;
        aci_runq_started(&pool->runq, aci_future_priority(state));
        return future;
    }
    if (aci_future_end(future, AC_EEXPIRED)) {
        wake_next_locked(self);
        aci_unlock(&pool->mu);
        aci_future_conclude(future);
        aci_due_run();
        aci_lock(&pool->mu);
    }
    return NULL;
}

/* Mostly nothing is queued but what is fresh: the next of these, or NULL. */
static ac_future *
start_fresh_locked(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    if (pool->runq.n > 0)
        return NULL;
    if (pool->fresh == NULL) {
        /* In this order: see nest.h. */
        if (!aci_inbox_has_some(&pool->intake) || aci_pool_has_nested(pool))
            return NULL;
        self->calls |= aci_pool_fetch_locked(pool);
    }
    ac_future *future = aci_container_of(pool->fresh, ac_future, tail.intake);
    pool->fresh = pool->fresh->next;
    pool->n_fresh--;
    aci_future_start(future);
    /* Who was called must see what came in behind these, too: meanwhile nobody
     * else was called for it. */
    if (self->calls && aci_inbox_has_some(&pool->intake)) {
        if (aci_pool_has_nested(pool))
            aci_pool_take_in_locked(pool);
        else
            aci_pool_fetch_locked(pool);
    }
    return future;
}

/* Nothing is there but in a nest: the oldest of one, or NULL.  The rest stays
 * there, as most of it will be run in place. */
static ac_future *
start_nested_locked(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    if (aci_pool_queued_locked(pool) > 0 ||
        aci_inbox_has_some(&pool->intake))
        return NULL;
    while (aci_pool_steal_locked(pool)) {
        ac_future *future = aci_runq_pop(&pool->runq);
        if (aci_future_claim(future))
            return future;
    }
    return NULL;
}

/* The next one of the queue, claimed, or NULL if there is none. */
static ac_future *
start_queued_locked(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    ac_future *future;
    aci_pool_take_in_locked(pool);
    self->calls = true;
    while ((future = aci_runq_pop(&pool->runq)) != NULL) {
        if ((future = claim_locked(self, future)) != NULL)
            return future;
        if (pool->phase == ACI_CANCELING)
            return NULL;
        aci_pool_take_in_locked(pool);
    }
    return NULL;
}

/* The next one that is to run, claimed, with its queue's reference; NULL when
 * it is time to go.  What is still queued when all is canceled is the
 * canceler's.  The mutex is released meanwhile. */
static ac_future *
pop_locked(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    ac_future *future;
    bool watched = false;
    while (pool->phase != ACI_CANCELING) {
        if (self->ran && aci_pool_queued_locked(pool) == 0) {
            self->calls = true;
            aci_lookout_watch_locked(self);
            watched = true;
            continue;
        }
        if ((future = start_fresh_locked(self)) != NULL ||
            (future = start_nested_locked(self)) != NULL ||
            (future = start_queued_locked(self)) != NULL)
            return future;
        if (pool->phase != ACI_ACCEPTING)
            return NULL;
        self->calls = true;
        aci_lookout_be_active(self, false);
        if (!watched)
            aci_lookout_watch_locked(self);
        else
            aci_lookout_sleep_locked(self);
        watched = !watched;
    }
    return NULL;
}

static void
work(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    ac_future *future;
    self->calls = true;
    self->ran = false;
    self->streak = 0;
    self->crowded = false;
    aci_lock(&pool->mu);
    while ((future = pop_locked(self)) != NULL) {
        pool->busy++;
        self->working = true;
        self->stretch = aci_pace_begin_locked(&pool->pace);
        wake_next_locked(self);
        aci_unlock(&pool->mu);
        aci_lookout_be_active(self, true);
        aci_run(&self->run, pool, future);
        aci_lock(&pool->mu);
        self->working = false;
        self->ran = true;
        pool->busy--;
        aci_pace_end_locked(&pool->pace, self->stretch);
        if (aci_nest_has_some(&self->nest))
            aci_pool_take_in_locked(pool);
        aci_pool_count_locked(self);
        aci_pool_settle_locked(pool, &self->run.outcome);
    }
    aci_unlock(&pool->mu);
    aci_lookout_be_active(self, false);
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

/* Cleanup handler: a task has ended this thread.  Without another one to
 * replace it, it goes on: it leaves the handler by a jump, as the C library's
 * own record of handlers is only in order again where they were pushed.  What
 * is the worker's belongs to the new thread as soon as that has started, but
 * for `thread`: who replaces the new one joins this one first, so what is
 * written last there is the newest.  The account is settled last, as the pool
 * may go then. */
static void
outlive(void *arg)
{
    struct aci_worker *self = arg;
    ac_pool *pool = self->pool;
    if (aci_forked(pool->cache->born))
        return;
    pthread_t thread;
    aci_lookout_be_active(self, false);
    aci_run_abort(&self->run);
    call_stop_hook(self);
    struct aci_outcome outcome = self->run.outcome;
    bool working = self->working;
    self->working = false;
    aci_lock(&pool->mu);
    if (working) {
        pool->busy--;
        aci_pace_end_locked(&pool->pace, self->stretch);
    }
    aci_unlock(&pool->mu);
    bool replaced = replace(self, &thread);
    aci_pool_enter(pool);
    if (replaced)
        self->thread = thread;
    if (working) {
        aci_pool_count_locked(self);
        aci_pool_settle_locked(pool, &outcome);
    }
    aci_unlock(&pool->mu);
    if (!replaced)
        longjmp(self->home, 1);
}

static void
work_on(struct aci_worker *self)
{
    volatile bool again;
    do {
        again = false;
        pthread_cleanup_push(outlive, self);
        if (setjmp(self->home) == 0)
            work(self);
        else
            again = true;
        pthread_cleanup_pop(0);
        if (again)
            call_start_hook(self);
    } while (again);
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
