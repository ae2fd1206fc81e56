/*
 * run - one task on the thread that runs it
 *
 * Locking: none while the task runs; to settle see pool.h.
 * Lifetime: the record of a worker's outermost task is part of the worker, that
 * of a task run in place is on the stack of who waits.  Should the task end
 * its thread, the cleanup handler that belongs to the record finishes it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "run.h"

#include "clock.h"
#include "due.h"
#include "fork.h"
#include "future.h"
#include "pool.h"

/* In a child of fork() there is neither a pool to go on with nor anybody who
 * waits: its only thread ends, and the child with it. */
static void
end_in_child(const ac_pool *pool)
{
    if (aci_forked(pool->cache->born))
        pthread_exit(NULL);
}

static void
complete(struct aci_run *run, int status, int rc)
{
    ac_future *future = run->future;
    run->future = NULL;
    run->outcome.status = status;
    if (run->pool->attr.timing)
        run->outcome.ran = ac_now() - run->started;
    aci_frame_pop();
    bool traced = run->pool->attr.trace != NULL;
    if (traced)
        ac_future_ref(future);
    aci_future_finish(future, status, rc, run->result);
    aci_due_run();
    if (traced) {
        aci_pool_trace(run->pool, AC_TRACE_ENDED, future);
        ac_future_unref(future);
    }
}

void
aci_run_abort(struct aci_run *run)
{
    if (run->future != NULL)
        complete(run, AC_EABORTED, 0);
}

void
aci_run(struct aci_run *run, ac_pool *pool, ac_future *future)
{
    ac_task_fn *fn = future->work.fn;
    run->pool = pool;
    run->result = NULL;
    run->outcome = (struct aci_outcome){.status = AC_EABORTED};
    aci_frame_push(&run->frame, future, &pool->stop);
    run->future = future;
    if (pool->attr.timing) {
        run->started = ac_now();
        run->outcome.waited = run->started - aci_future_accepted(future);
    }
    aci_pool_trace(pool, AC_TRACE_STARTED, future);
    int rc = fn(future->arg, &run->result);
    end_in_child(pool);
    /* If the task has made its thread cancelable, that was for itself. */
    aci_cancel_disable();
    complete(run, aci_future_verdict(rc), rc);
    end_in_child(pool);
}

/* Cleanup handler, or the plain end. */
static void
end_nested(void *arg)
{
    struct aci_run *run = arg;
    ac_pool *pool = run->pool;
    if (aci_forked(pool->cache->born))
        return;
    aci_run_abort(run);
    aci_pool_settle_nested(run->worker, &run->outcome);
}

void
aci_run_nested(ac_pool *pool, ac_future *future)
{
    struct aci_run run = {.pool = pool, .worker = aci_run_worker()};
    pthread_cleanup_push(end_nested, &run);
    aci_run(&run, pool, future);
    pthread_cleanup_pop(1);
}
