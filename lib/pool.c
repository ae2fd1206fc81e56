/*
 * pool - a fixed set of workers and the queue of tasks that wait for them
 *
 * Locking: one mutex, never held together with a stripe, and taken under an
 * iterator's only to have what is NEW accepted; no user code runs under it.
 * That of a nest is taken after it.
 * Idle workers park, each on its own record; who submits wakes the one that
 * went to sleep last, whose memory is warmest.
 *
 * Lifetime: the caller's, until ac_pool_destroy().  Futures keep the cache
 * alive, not the pool.
 *
 * SPDX-License-Identifier: MIT
 */
#include "pool.h"

#include "cpus.h"
#include "due.h"
#include "fork.h"
#include "frame.h"
#include "mem.h"
#include "room.h"
#include "spin.h"
#include "worker.h"

static ac_pool *
pool_of(const struct aci_owner *owner)
{
    return aci_container_of(owner, ac_pool, owner);
}

bool
aci_pool_is_mine(const ac_pool *pool)
{
    return aci_thread_owner() == &pool->owner;
}

/* ---- As the owner of its futures ---- */

static void
refresh(const struct aci_owner *owner)
{
    ac_pool *pool = pool_of(owner);
    aci_pool_enter(pool);
    aci_unlock(&pool->mu);
}

void
aci_pool_settle_locked(ac_pool *pool, const struct aci_outcome *outcome)
{
    aci_assert(pool->unfinished > 0);
    aci_stats_ended(&pool->stats, outcome);
    /* What is in the intake is unfinished too, and will be settled in turn. */
    if (--pool->unfinished == 0 && !aci_inbox_has_some(&pool->intake))
        aci_unpark_all(&pool->watchers);
}

void
aci_pool_settle_nested(struct aci_worker *worker,
                       const struct aci_outcome *outcome)
{
    ac_pool *pool = worker->pool;
    if (outcome->status != AC_OK || pool->attr.timing) {
        aci_lock(&pool->mu);
        aci_pool_count_locked(worker);
        aci_pool_settle_locked(pool, outcome);
        aci_unlock(&pool->mu);
        return;
    }
    aci_tally_add(&worker->completed);
}

void
aci_pool_count_locked(struct aci_worker *worker)
{
    ac_pool *pool = worker->pool;
    /* In this order: what has completed was accepted before. */
    size_t completed = aci_tally_take(&worker->completed);
    size_t accepted = aci_tally_take(&worker->accepted);
    if (accepted > 0)
        aci_pool_accepted_locked(pool, accepted);
    /* The one below them is unfinished still. */
    aci_assert(completed == 0 || pool->unfinished > completed);
    pool->unfinished -= completed;
    aci_stats_completed(&pool->stats, completed);
}

void
aci_pool_count_all_locked(ac_pool *pool)
{
    for (size_t i = 0; i < pool->n_workers; i++)
        aci_pool_count_locked(&pool->workers[i]);
}

static void
unqueue(const struct aci_owner *owner, ac_future *future)
{
    ac_pool *pool = pool_of(owner);
    aci_pool_enter(pool);
    aci_runq_remove(&pool->runq, future);
    aci_room_grant_locked(pool);
    aci_unlock(&pool->mu);
}

static void
settle(const struct aci_owner *owner, ac_future *future)
{
    ac_pool *pool = pool_of(owner);
    const struct aci_outcome outcome = {.status = ac_future_status(future)};
    aci_pool_trace(pool, AC_TRACE_ENDED, future);
    aci_pool_enter(pool);
    aci_pool_settle_locked(pool, &outcome);
    aci_unlock(&pool->mu);
}

static bool
may_help(const struct aci_owner *owner, ac_deadline deadline)
{
    const ac_pool *pool = pool_of(owner);
    if (deadline != AC_FOREVER && pool->attr.help != AC_HELP_ALWAYS)
        return false;
    size_t depth = aci_frame_depth();
    /* Once all is canceled, what is queued is the canceler's.  Only a task may
     * wait for others: what would run on top of anything else (a callback, a
     * free function) could not be told of, or would end the thread under it. */
    return depth > 0 && depth <= AC_MAX_NESTING && !atomic_load(&pool->stop) &&
           !aci_due_running();
}

static bool
help(const struct aci_owner *owner, ac_future *future, ac_deadline deadline)
{
    ac_pool *pool = pool_of(owner);
    if (!may_help(owner, deadline))
        return false;
    struct aci_worker *self = aci_run_worker();
    if (aci_nest_claim(&self->nest, future, &self->accepted)) {
        aci_run_nested(pool, future);
        return true;
    }
    aci_pool_enter(pool);
    bool won = aci_future_claim(future);
    if (won) {
        aci_runq_remove(&pool->runq, future);
        aci_room_grant_locked(pool);
    }
    aci_unlock(&pool->mu);
    if (won)
        aci_run_nested(pool, future);
    return won;
}

static const struct aci_owner_ops pool_ops = {
    .refresh = refresh,
    .unqueue = unqueue,
    .settle = settle,
    .help = help,
    .may_help = may_help,
};

/* ---- The end ---- */

void
aci_pool_stop_locked(ac_pool *pool, enum aci_pool_phase phase)
{
    if (pool->phase >= phase)
        return;
    pool->phase = phase;
    aci_pool_shut_locked(pool);
    if (phase == ACI_CANCELING)
        atomic_store(&pool->stop, true);
    aci_unpark_all(&pool->idle);
    atomic_store(&pool->n_idle, 0);
    aci_room_refuse_locked(pool);
}

void
aci_pool_leave_locked(ac_pool *pool)
{
    if (--pool->visitors == 0 && pool->unfinished == 0)
        aci_unpark_all(&pool->watchers);
}

/* Join the first n workers, which find the pool stopped and nothing queued. */
static void
join_workers(ac_pool *pool, size_t n)
{
    aci_lock(&pool->mu);
    aci_pool_stop_locked(pool, ACI_DRAINING);
    aci_unlock(&pool->mu);
    while (n > 0)
        aci_thread_join(pool->workers[--n].thread);
}

static void
wait_for_the_last(ac_pool *pool)
{
    aci_lock(&pool->mu);
    aci_pool_stop_locked(pool, ACI_DRAINING);
    while (pool->unfinished > 0 || pool->visitors > 0) {
        aci_list_append(&pool->watchers, &pool->last.link);
        aci_park(&pool->last, &pool->mu, AC_FOREVER);
    }
    aci_unlock(&pool->mu);
}

static void
worker_destroy(struct aci_worker *worker)
{
    aci_nest_destroy(&worker->nest);
    aci_parked_destroy(&worker->parked);
}

/* The workers are gone, or never were; so many have records. */
static void
pool_free(ac_pool *pool, size_t made)
{
    aci_cache_disown(pool->cache);
    while (made > 0)
        worker_destroy(&pool->workers[--made]);
    aci_parked_destroy(&pool->last);
    aci_mutex_destroy(&pool->mu);
    aci_free(pool);
}

int
ac_pool_destroy(ac_pool *pool)
{
    if (pool == NULL)
        return AC_OK;
    if (aci_forked(pool->cache->born))
        return AC_EFORKED;
    if (aci_pool_is_mine(pool))
        return AC_EDEADLK;
    wait_for_the_last(pool);
    join_workers(pool, pool->n_workers);
    pool_free(pool, pool->n_workers);
    return AC_OK;
}

/* ---- The beginning ---- */

/* Everything but the workers.  AC_OK or AC_ENOMEM. */
static int
pool_alloc(size_t workers, size_t cpus, const struct ac_pool_attr *attr,
           ac_pool **out)
{
    int rc = AC_ENOMEM;
    ac_pool *pool = aci_alloc_aligned(
        ACI_CACHE_LINE, sizeof *pool + workers * sizeof *pool->workers);
    if (pool == NULL)
        return rc;
    if ((rc = aci_cache_create(&pool->owner, ACI_STRIPES, sizeof(ac_future),
                               &pool->cache)) != AC_OK)
        goto fail_pool;
    if ((rc = aci_mutex_init(&pool->mu)) != AC_OK)
        goto fail_cache;
    if ((rc = aci_parked_init(&pool->last)) != AC_OK)
        goto fail_mutex;
    pool->owner.ops = &pool_ops;
    pool->attr = *attr;
    atomic_init(&pool->stop, false);
    atomic_init(&pool->nests, false);
    aci_inbox_init(&pool->intake);
    atomic_init(&pool->n_idle, 0);
    atomic_init(&pool->lookout, ACI_NOBODY);
    atomic_init(&pool->spins_on, -1);
    atomic_init(&pool->woken_at, 0);
    aci_runq_init(&pool->runq);
    /* A start hook may give the workers other processors than the caller's. */
    aci_pace_init(&pool->pace,
                  attr->start != NULL ? aci_cpus_at_most() : cpus);
    aci_list_init(&pool->idle);
    aci_list_init(&pool->watchers);
    aci_list_init(&pool->line);
    pool->n_workers = workers;
    *out = pool;
    return AC_OK;

fail_mutex:
    aci_mutex_destroy(&pool->mu);
fail_cache:
    aci_cache_disown(pool->cache);
fail_pool:
    aci_free(pool);
    return rc;
}

/* Wait until every worker has called its start hook.  AC_OK or AC_EHOOK. */
static int
await_hooks(ac_pool *pool)
{
    aci_lock(&pool->mu);
    while (pool->starting > 0) {
        aci_list_append(&pool->watchers, &pool->last.link);
        aci_park(&pool->last, &pool->mu, AC_FOREVER);
    }
    bool refused = pool->refused;
    aci_unlock(&pool->mu);
    return refused ? AC_EHOOK : AC_OK;
}

/* The record of a worker.  AC_OK or AC_ENOMEM. */
static int
worker_init(struct aci_worker *worker, ac_pool *pool, size_t number)
{
    worker->pool = pool;
    worker->number = number;
    worker->run.worker = worker;
    aci_tally_init(&worker->accepted);
    aci_tally_init(&worker->completed);
    int rc = aci_parked_init(&worker->parked);
    if (rc != AC_OK)
        return rc;
    if ((rc = aci_nest_init(&worker->nest)) != AC_OK)
        aci_parked_destroy(&worker->parked);
    return rc;
}

/* All of them, or none.  Each needs only what was made before it, and none
 * starts before all have records. */
static int
start_workers(ac_pool *pool)
{
    int rc = AC_OK;
    size_t made = 0, started = 0;
    if (pool->attr.start != NULL)
        pool->starting = pool->n_workers;
    for (; made < pool->n_workers; made++) {
        if ((rc = worker_init(&pool->workers[made], pool, made)) != AC_OK) {
            pool_free(pool, made);
            return rc;
        }
    }
    for (; started < pool->n_workers; started++) {
        struct aci_worker *worker = &pool->workers[started];
        rc = aci_thread_start(&worker->thread, pool->attr.stack_size,
                              aci_worker_main, worker);
        if (rc != AC_OK)
            goto fail;
    }
    if ((rc = await_hooks(pool)) == AC_OK)
        return AC_OK;

fail:
    join_workers(pool, started);
    pool_free(pool, made);
    return rc;
}

int
ac_pool_create(size_t workers, const ac_pool_attr *attr, ac_pool **out)
{
    ac_pool *pool = NULL;
    if (out == NULL || workers > AC_MAX_WORKERS)
        return AC_EINVAL;
    size_t cpus = aci_cpus();
    if (workers == 0)
        workers = cpus;
    aci_spin_processors(cpus);
    int rc = pool_alloc(workers, cpus, aci_pool_attr(attr), &pool);
    if (rc == AC_OK)
        rc = start_workers(pool);
    if (rc == AC_OK)
        *out = pool;
    return rc;
}
