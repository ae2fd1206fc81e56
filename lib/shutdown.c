/*
 * shutdown - stop a pool, or wait until it is idle
 *
 * Locking: the pool's mutex.  Those who wait park among the pool's watchers,
 * which are all woken when the last unfinished task is settled.
 * Lifetime: whoever is in here is counted as a visitor, so that destroy waits
 * for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "clock.h"
#include "due.h"
#include "fork.h"
#include "pool.h"

/* Resolve all that is queued, then let go of it: what free_arg may ask for is
 * resolved and settled by then.  The mutex is released meanwhile; nothing new
 * comes in, as the pool is stopped, and the workers leave the queue alone. */
static void
cancel_queued_locked(ac_pool *pool)
{
    ac_future *future;
    while ((future = aci_runq_pop(&pool->runq)) != NULL) {
        /* Else it is another one's already, with the reference. */
        if (!aci_future_end(future, AC_ECANCELED))
            continue;
        aci_unlock(&pool->mu);
        aci_future_conclude(future);
        aci_pool_enter(pool);
    }
    aci_unlock(&pool->mu);
    aci_due_run();
    aci_pool_enter(pool);
}

/* What is in the intake is unfinished, too: a worker lets go of the mutex
 * between the last one that it has settled and the next one. */
static bool
is_idle_locked(ac_pool *pool)
{
    return pool->unfinished == 0 && !aci_inbox_has_some(&pool->intake);
}

/* To be woken is to have seen the moment when nothing was unfinished, even if
 * more has been submitted since. */
static int
watch_locked(ac_pool *pool, struct aci_parked *self, ac_deadline deadline)
{
    bool idle = is_idle_locked(pool);
    while (!idle && !aci_deadline_passed(deadline)) {
        aci_list_append(&pool->watchers, &self->link);
        idle = aci_park(self, &pool->mu, deadline) || is_idle_locked(pool);
    }
    return idle ? AC_OK : AC_ETIMEDOUT;
}

int
ac_pool_shutdown(ac_pool *pool, ac_shutdown how, ac_deadline deadline,
                 size_t *left)
{
    struct aci_parked self;
    if (pool == NULL || (how != AC_DRAIN && how != AC_CANCEL))
        return AC_EINVAL;
    if (aci_forked(pool->cache->born))
        return AC_EFORKED;
    if (aci_pool_is_mine(pool))
        return AC_EDEADLK;
    int rc = aci_parked_init(&self);
    if (rc != AC_OK)
        return rc;
    aci_pool_enter(pool);
    pool->visitors++;
    aci_pool_stop_locked(pool, how == AC_CANCEL ? ACI_CANCELING : ACI_DRAINING);
    if (how == AC_CANCEL)
        cancel_queued_locked(pool);
    rc = watch_locked(pool, &self, deadline);
    aci_pool_count_all_locked(pool);
    if (left != NULL)
        *left = pool->unfinished;
    aci_pool_leave_locked(pool);
    aci_unlock(&pool->mu);
    aci_parked_destroy(&self);
    return rc;
}

int
ac_pool_wait_idle(ac_pool *pool, ac_deadline deadline)
{
    struct aci_parked self;
    if (pool == NULL)
        return AC_EINVAL;
    if (aci_forked(pool->cache->born))
        return AC_EFORKED;
    if (aci_pool_is_mine(pool))
        return AC_EDEADLK;
    int rc = aci_parked_init(&self);
    if (rc != AC_OK)
        return rc;
    aci_pool_enter(pool);
    pool->visitors++;
    rc = watch_locked(pool, &self, deadline);
    aci_pool_leave_locked(pool);
    aci_unlock(&pool->mu);
    aci_parked_destroy(&self);
    return rc;
}
