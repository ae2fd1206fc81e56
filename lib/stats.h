/*
 * stats - what a pool has done so far
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_STATS_H
#define ACI_STATS_H

#include "port.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* How a task ended, and for a pool with timing how long it took. */
struct aci_outcome {
    int status;     /* owner thread */
    int64_t waited; /* owner thread: ns; meaningful if it ran */
    int64_t ran;    /* owner thread: ns */
};

/* pool's mu: indexed by AC_STAT_...; those that are not counted but read from
 * the pool stay 0. */
struct aci_stats {
    uint64_t counts[AC_STATS];
};

/* What one thread counts without the mutex. */
struct aci_tally {
    atomic_size_t n; /* atomic, changed by that thread */
    size_t taken;    /* pool's mu */
};

void aci_tally_init(struct aci_tally *tally);

/* By the thread whose it is. */
void aci_tally_add(struct aci_tally *tally);

/* By who holds the pool's mutex: how many came since the last time. */
size_t aci_tally_take(struct aci_tally *tally);

void aci_stats_accepted(struct aci_stats *stats, size_t n, size_t queued);
void aci_stats_rejected(struct aci_stats *stats, size_t n);
void aci_stats_completed(struct aci_stats *stats, size_t n);
void aci_stats_ended(struct aci_stats *stats,
                     const struct aci_outcome *outcome);

#endif
