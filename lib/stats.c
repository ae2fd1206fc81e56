/*
 * stats - what a pool has done so far
 *
 * Locking: the pool's mutex, so that a snapshot is of one moment; a tally is
 * added to without it.
 * Lifetime: part of the pool.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stats.h"

#include "fork.h"
#include "pool.h"

void
aci_tally_init(struct aci_tally *tally)
{
    atomic_init(&tally->n, 0);
    tally->taken = 0;
}

/* Nobody else changes it.  Release: what that thread did before is done when
 * it is reported; pairs with take(). */
void
aci_tally_add(struct aci_tally *tally)
{
    size_t n = atomic_load_explicit(&tally->n, memory_order_relaxed);
    atomic_store_explicit(&tally->n, n + 1, memory_order_release);
}

/* Acquire: pairs with add(). */
size_t
aci_tally_take(struct aci_tally *tally)
{
    size_t n = atomic_load_explicit(&tally->n, memory_order_acquire);
    size_t since = n - tally->taken;
    tally->taken = n;
    return since;
}

void
aci_stats_accepted(struct aci_stats *stats, size_t n, size_t queued)
{
    stats->counts[AC_STAT_SUBMITTED] += n;
    if (queued > stats->counts[AC_STAT_QUEUED_MAX])
        stats->counts[AC_STAT_QUEUED_MAX] = queued;
}

void
aci_stats_rejected(struct aci_stats *stats, size_t n)
{
    stats->counts[AC_STAT_REJECTED] += n;
}

void
aci_stats_completed(struct aci_stats *stats, size_t n)
{
    stats->counts[AC_STAT_COMPLETED] += n;
}

static size_t
counter_of(int status)
{
    switch (status) {
    case AC_OK:
        return AC_STAT_COMPLETED;
    case AC_EFAILED:
        return AC_STAT_FAILED;
    case AC_EEXPIRED:
        return AC_STAT_EXPIRED;
    case AC_EABORTED:
        return AC_STAT_ABORTED;
    default:
        return AC_STAT_CANCELED;
    }
}

static void
add_time(uint64_t *total, uint64_t *max, int64_t ns)
{
    uint64_t spent = ns > 0 ? (uint64_t)ns : 0;
    *total += spent;
    if (spent > *max)
        *max = spent;
}

void
aci_stats_ended(struct aci_stats *stats, const struct aci_outcome *outcome)
{
    uint64_t *counts = stats->counts;
    counts[counter_of(outcome->status)]++;
    if (outcome->waited == 0 && outcome->ran == 0)
        return;
    add_time(&counts[AC_STAT_WAIT_NS], &counts[AC_STAT_WAIT_MAX_NS],
             outcome->waited);
    add_time(&counts[AC_STAT_RUN_NS], &counts[AC_STAT_RUN_MAX_NS],
             outcome->ran);
}

int
ac_pool_stats(const ac_pool *pool, uint64_t values[], size_t n)
{
    if (pool == NULL || (values == NULL && n > 0))
        return AC_EINVAL;
    if (aci_forked(pool->cache->born))
        return AC_EFORKED;
    ac_pool *known = (ac_pool *)pool; /* what is taken in was there already */
    aci_pool_enter(known);
    aci_pool_count_all_locked(known);
    struct aci_stats now = pool->stats;
    now.counts[AC_STAT_WORKERS] = pool->n_workers;
    now.counts[AC_STAT_BUSY] = pool->busy;
    now.counts[AC_STAT_QUEUED] = pool->runq.n;
    aci_unlock(&known->mu);
    for (size_t i = 0; i < n; i++)
        values[i] = i < AC_STATS ? now.counts[i] : 0;
    return AC_OK;
}
