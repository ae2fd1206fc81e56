/*
 * worker - a thread of a pool
 *
 * Pop, claim, run unlocked, finish, settle; sleep when there is nothing.
 *
 * Locking: the pool's mutex to pop and to settle, in one go; none while a task
 * runs.
 * Lifetime: from aci_thread_start() until the pool is stopped and its queue is
 * empty.  What is popped carries the queue's reference.
 *
 * SPDX-License-Identifier: MIT
 */
#include "worker.h"

#include "frame.h"

void
aci_worker_run(ac_pool *pool, ac_future *future)
{
    struct aci_frame frame;
    void *result = NULL;
    aci_frame_push(&frame, future, &pool->stop);
    int rc = future->work.fn(future->arg, &result);
    aci_frame_pop();
    aci_future_finish(future, rc, result);
    ac_future_unref(future);
}

/* The oldest queued future, with its reference; NULL when it is time to go.
 * What is still queued when all is canceled is the canceler's. */
static ac_future *
pop_locked(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    ac_future *future = NULL;
    while (pool->phase != ACI_CANCELING &&
           (future = aci_runq_pop(&pool->runq)) == NULL) {
        if (pool->phase == ACI_DRAINING)
            return NULL;
        aci_list_prepend(&pool->idle, &self->parked.link);
        aci_park(&self->parked, &pool->mu, AC_FOREVER);
    }
    return future;
}

void *
aci_worker_main(void *arg)
{
    struct aci_worker *self = arg;
    ac_pool *pool = self->pool;
    ac_future *future;
    aci_cancel_disable(); /* a task's calls must not end its thread */
    aci_thread_name(pool->attr.name, self->number);
    aci_thread_works_for(&pool->owner);
    aci_lock(&pool->mu);
    while ((future = pop_locked(self)) != NULL) {
        aci_unlock(&pool->mu);
        bool mine = aci_future_claim(future);
        if (mine)
            aci_worker_run(pool, future);
        else
            ac_future_unref(future);
        aci_lock(&pool->mu);
        if (mine)
            aci_pool_settle_locked(pool, 1);
    }
    aci_unlock(&pool->mu);
    return NULL;
}
