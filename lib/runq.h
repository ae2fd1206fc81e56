/*
 * runq - the futures that wait for a worker, first in, first out
 *
 * Each holds one reference.  One that was claimed elsewhere (canceled, or run
 * in place) is taken out by whoever claimed it.
 *
 * Locking: the pool's mutex; there is none in here.
 * Lifetime: part of the pool.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_RUNQ_H
#define ACI_RUNQ_H

#include "future.h"

struct aci_runq {
    struct aci_list futures; /* pool's mu: by future.tail.queue */
    size_t n;                /* pool's mu */
};

static inline void
aci_runq_init(struct aci_runq *runq)
{
    aci_list_init(&runq->futures);
    runq->n = 0;
}

static inline void
aci_runq_push(struct aci_runq *runq, ac_future *future)
{
    aci_list_append(&runq->futures, &future->tail.queue);
    runq->n++;
}

/* The oldest one, or NULL. */
static inline ac_future *
aci_runq_pop(struct aci_runq *runq)
{
    struct aci_list *link = aci_list_pop(&runq->futures);
    if (link == NULL)
        return NULL;
    runq->n--;
    return aci_container_of(link, ac_future, tail.queue);
}

/* False if it has been popped. */
static inline bool
aci_runq_remove(struct aci_runq *runq, ac_future *future)
{
    if (aci_list_empty(&future->tail.queue))
        return false;
    aci_list_remove(&future->tail.queue);
    runq->n--;
    return true;
}

#endif
