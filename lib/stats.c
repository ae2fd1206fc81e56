/*
 * stats - what a pool has done so far
 *
 * Locking: the pool's mutex, so that a snapshot is of one moment.
 * Lifetime: part of the pool.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stats.h"

#include "fork.h"
#include "pool.h"

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
    struct aci_stats now = pool->stats;
    now.counts[AC_STAT_WORKERS] = pool->n_workers;
    now.counts[AC_STAT_BUSY] = pool->busy;
    now.counts[AC_STAT_QUEUED] = pool->runq.n;
    aci_unlock(&known->mu);
    for (size_t i = 0; i < n; i++)
        values[i] = i < AC_STATS ? now.counts[i] : 0;
    return AC_OK;
}
