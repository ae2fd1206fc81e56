/*
 * runq - the futures that wait for a worker
 *
 * Three levels, each first in, first out.  The highest level that is not empty
 * goes first, unless a lower one has been passed over too often.
 *
 * Each queued future holds one reference.  One that left the QUEUED state
 * elsewhere is taken out by whoever comes first: a worker that finds it at the
 * front and cannot claim it, or the one who took it, to whom the reference
 * belongs either way.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_RUNQ_H
#define ACI_RUNQ_H

#include "future.h"

#define ACI_LEVELS 3

struct aci_level {
    struct aci_list futures; /* pool's mu: by future.tail.queue */
    /* pool's mu: tasks of higher levels started since one of this level was,
     * or since it was empty */
    unsigned passed;
};

/* In this order, what most tasks need is on one cache line. */
struct aci_runq {
    _Alignas(ACI_CACHE_LINE) size_t n; /* pool's mu */
    /* pool's mu: none of those queued expires before */
    ac_deadline next_expiry;
    struct aci_level levels[ACI_LEVELS]; /* pool's mu: by ac_priority */
};

void aci_runq_init(struct aci_runq *runq);
void aci_runq_push(struct aci_runq *runq, ac_future *future);

/* The one to start next, or NULL. */
ac_future *aci_runq_pop(struct aci_runq *runq);

/* A popped one of that level is started indeed. */
void aci_runq_started(struct aci_runq *runq, ac_priority level);

/* No-op for one that is out already. */
void aci_runq_remove(struct aci_runq *runq, ac_future *future);

/* End those that are too late to start, and move them to `expired`. */
void aci_runq_expire(struct aci_runq *runq, struct aci_list *expired);

#endif
