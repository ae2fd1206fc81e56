/*
 * intake - how what is submitted gets to the workers
 *
 * Plain tasks from outside come into the intake, those of the pool's own tasks
 * into the nests, both without the pool's lock; all others go right into the
 * queue (room.c).  From there they are taken in: mostly they stay fresh, in the
 * order in which they came, and workers start them; whoever has to do with
 * what is queued has them put into the queue first.
 *
 * Locking: the pool's mutex, then that of a nest.
 * Lifetime: part of the pool.
 *
 * SPDX-License-Identifier: MIT
 */
#include "clock.h"
#include "cpus.h"
#include "pool.h"

/* So long a worker that was woken may take to come, in ticks(). */
#define PATIENCE 100

/* ---- Taken in ---- */

void
aci_pool_accepted_locked(ac_pool *pool, size_t n)
{
    pool->unfinished += n;
    aci_stats_accepted(&pool->stats, n, aci_pool_queued_locked(pool));
}

bool
aci_pool_fetch_locked(ac_pool *pool)
{
    if (pool->fresh != NULL)
        return false;
    pool->fresh = aci_inbox_take(&pool->intake, &pool->n_fresh);
    if (pool->fresh == NULL)
        return false;
    aci_pool_accepted_locked(pool, pool->n_fresh);
    return true;
}

/* What is fresh goes into the queue. */
static void
enqueue_locked(ac_pool *pool)
{
    while (pool->fresh != NULL) {
        ac_future *future =
            aci_container_of(pool->fresh, ac_future, tail.intake);
        pool->fresh = pool->fresh->next;
        aci_future_accept(future);
        aci_runq_push(&pool->runq, future);
    }
    pool->n_fresh = 0;
}

bool
aci_pool_has_nested(const ac_pool *pool)
{
    if (!atomic_load(&pool->nests))
        return false;
    for (size_t i = 0; i < pool->n_workers; i++) {
        if (aci_nest_has_some(&pool->workers[i].nest))
            return true;
    }
    return false;
}

bool
aci_pool_steal_locked(ac_pool *pool)
{
    ac_future *future = NULL;
    if (!atomic_load(&pool->nests))
        return false;
    for (size_t i = 0; i < pool->n_workers && future == NULL; i++) {
        future = aci_nest_pop(&pool->workers[pool->turn].nest);
        pool->turn = (pool->turn + 1) % pool->n_workers;
    }
    if (future == NULL)
        return false;
    aci_runq_push(&pool->runq, future);
    aci_pool_accepted_locked(pool, 1);
    return true;
}

/* What is in the nests goes into the queue. */
static void
enqueue_nested_locked(ac_pool *pool)
{
    size_t n = 0;
    struct aci_list taken, *link;
    if (!atomic_load(&pool->nests))
        return;
    aci_list_init(&taken);
    for (size_t i = 0; i < pool->n_workers; i++)
        aci_nest_take(&pool->workers[i].nest, &taken);
    for (; (link = aci_list_pop(&taken)) != NULL; n++)
        aci_runq_push(&pool->runq,
                      aci_container_of(link, ac_future, tail.queue));
    aci_pool_accepted_locked(pool, n);
}

void
aci_pool_take_in_locked(ac_pool *pool)
{
    enqueue_locked(pool);
    /* In this order: see nest.h. */
    bool some = aci_inbox_has_some(&pool->intake);
    enqueue_nested_locked(pool);
    if (some && aci_pool_fetch_locked(pool))
        enqueue_locked(pool);
}

void
aci_pool_shut_locked(ac_pool *pool)
{
    enqueue_locked(pool);
    for (size_t i = 0; i < pool->n_workers; i++)
        aci_nest_shut(&pool->workers[i].nest);
    enqueue_nested_locked(pool);
    pool->fresh = aci_inbox_shut(&pool->intake, &pool->n_fresh);
    aci_pool_accepted_locked(pool, pool->n_fresh);
    enqueue_locked(pool);
}

/* Call a worker that spins, which does not see what has left the intake. */
static void
call_locked(ac_pool *pool)
{
    if (atomic_load(&pool->lookout) == ACI_SPINNING)
        atomic_store(&pool->lookout, ACI_NOBODY);
}

void
aci_pool_enter(ac_pool *pool)
{
    aci_lock(&pool->mu);
    aci_pool_take_in_locked(pool);
    if (pool->runq.n > 0)
        call_locked(pool);
}

/* ---- Who is woken for it ---- */

static unsigned
ticks(void)
{
    return (unsigned)(ac_now() / 1024);
}

/* One is under way already; should it not come soon, as when it has to wait for
 * the processor of who woke it, another one may find one that is free. */
static bool
is_late(const ac_pool *pool)
{
    /* In this order, so that it is not of later than now. */
    unsigned woken_at = atomic_load(&pool->woken_at);
    return ticks() - woken_at >= PATIENCE;
}

bool
aci_pool_spares_locked(ac_pool *pool, size_t workers)
{
    size_t idle = atomic_load(&pool->n_idle) + workers;
    aci_assert(idle <= pool->n_workers);
    return aci_pace_suffices_locked(&pool->pace, pool->n_workers - idle,
                                    pool->busy, ac_now());
}

/* Does it spin on the processor of who asks?  Then it does not run, and may
 * have to wait for milliseconds. */
static bool
is_here(const ac_pool *pool)
{
    int here = aci_cpu_here();
    return here >= 0 && here == atomic_load(&pool->spins_on);
}

bool
aci_pool_is_unseen(ac_pool *pool)
{
    switch (atomic_load(&pool->lookout)) {
    case ACI_NOBODY:
        return true;
    case ACI_SPINNING:
        return is_here(pool);
    case ACI_WAKING:
        return is_late(pool);
    default:
        return false;
    }
}

void
aci_pool_wake_locked(ac_pool *pool)
{
    /* Who stands by is asked for below; and all this before one is called. */
    bool unseen = atomic_load(&pool->lookout) == ACI_STANDBY ||
                  aci_pool_is_unseen(pool);
    call_locked(pool);
    if (!unseen || aci_list_empty(&pool->idle))
        return;
    /* Who yields while it stands by does not keep up. */
    size_t yielding = pool->pace.yields ? 1 : 0;
    if (pool->pace.standby && aci_pool_spares_locked(pool, yielding)) {
        atomic_store(&pool->lookout, ACI_STANDBY);
        return;
    }
    aci_unpark_first(&pool->idle);
    atomic_fetch_sub(&pool->n_idle, 1);
    atomic_store(&pool->woken_at, ticks());
    atomic_store(&pool->lookout, ACI_WAKING);
}
