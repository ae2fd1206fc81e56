/*
 * pool - a fixed set of workers and the queue of tasks that wait for them
 *
 * Accounting: a task counts as unfinished from the moment it is accepted until
 * whoever claimed it (a worker, a wait that runs it in place, a canceler) has
 * finished it and told everyone; who ran it has dropped its reference before.
 * To settle is that one's last touch of the pool; who stops the pool waits for
 * all of these.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_POOL_H
#define ACI_POOL_H

#include "attr.h"
#include "cache.h"
#include "owner.h"
#include "park.h"
#include "runq.h"

#include <stdatomic.h>

enum aci_pool_phase { ACI_ACCEPTING, ACI_DRAINING, ACI_CANCELING };

struct aci_worker {
    struct aci_parked parked; /* pool's mu */
    pthread_t thread;         /* immutable */
    ac_pool *pool;            /* immutable */
    size_t number;            /* immutable */
};

struct ac_pool {
    struct aci_owner owner;   /* immutable */
    struct aci_cache *cache;  /* immutable */
    struct ac_pool_attr attr; /* immutable */
    /* atomic, set once: everything that runs has been asked to stop */
    atomic_bool stop;

    struct aci_mutex mu;
    struct aci_runq runq;      /* mu */
    struct aci_list idle;      /* mu: parked workers, the last one first */
    struct aci_list watchers;  /* mu: parked, until nothing is unfinished */
    size_t unfinished;         /* mu */
    size_t visitors;           /* mu: threads in shutdown and wait_idle */
    enum aci_pool_phase phase; /* mu: only ever goes up */
    struct aci_parked last;    /* mu: for destroy, which cannot fail */

    size_t n_workers;            /* immutable */
    struct aci_worker workers[]; /* immutable but for what they guard */
};

/* Is the calling thread one of this pool's workers? */
bool aci_pool_is_mine(const ac_pool *pool);

/* Accept a NEW future: its pool reference goes to the queue.  AC_OK or
 * AC_ESHUTDOWN. */
int aci_pool_push(ac_pool *pool, ac_future *future);

/* So many tasks less. */
void aci_pool_settle_locked(ac_pool *pool, size_t n);

/* Refuse further tasks; `phase` is not ACI_ACCEPTING. */
void aci_pool_stop_locked(ac_pool *pool, enum aci_pool_phase phase);

#endif
