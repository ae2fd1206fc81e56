/*
 * pool - a fixed set of workers and the queue of tasks that wait for them
 *
 * Accounting: a task counts as unfinished from the moment it is accepted until
 * whoever started or ended it (a worker, a wait that runs it in place, a
 * canceler, who finds it expired) has finished it and told everyone,
 * and its callbacks have returned; who ran it has given its reference away
 * before.  To settle is that one's last touch of the pool; who stops the pool
 * waits for all of these.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_POOL_H
#define ACI_POOL_H

#include "attr.h"
#include "cache.h"
#include "inbox.h"
#include "nest.h"
#include "owner.h"
#include "pace.h"
#include "park.h"
#include "run.h"
#include "runq.h"
#include "stats.h"

#include <setjmp.h>
#include <stdatomic.h>

enum aci_pool_phase { ACI_ACCEPTING, ACI_DRAINING, ACI_CANCELING };

/* Is there a worker that will see what comes in?  It looks into the intake,
 * too, and wakes the next one if there is more than it takes; so nobody else
 * need be woken meanwhile. */
enum aci_lookout {
    ACI_NOBODY,
    ACI_SPINNING, /* it watches the intake, or will within a microsecond, if it
                   * has its processor; to be called for what is in runq */
    ACI_WAKING,   /* it is woken, and has not looked yet */
    ACI_STANDBY   /* it sleeps, but not for long: see pace.h */
};

struct aci_worker {
    struct aci_parked parked; /* pool's mu */
    pthread_t thread;         /* pool's mu, once there are tasks */
    pthread_t before;         /* the worker's: whom it replaced, */
    bool replaces;            /* if so; to be joined by it */
    ac_pool *pool;            /* immutable */
    size_t number;            /* immutable */
    bool active;              /* the worker's: counted as busy (spin.h) */
    bool working;             /* the worker's: it has a task to settle, */
    unsigned stretch;         /* which began then: see pace.h */
    bool calls;               /* the worker's: it is to wake the next one, if it
                               * leaves something queued */
    bool ran;                 /* the worker's: a task, and has not looked for
                               * others since */
    unsigned streak;          /* the worker's: so many times it looked away,
                               * and something had come in */
    bool crowded;             /* the worker's: others ran on its processor when
                               * it looked */
    int64_t moved;            /* the worker's: when it last went to sleep for
                               * that */
    jmp_buf home;             /* the worker's: where it begins anew */
    struct aci_run run;       /* the worker's: its outermost task */
    struct aci_nest nest;     /* what its tasks have submitted */
    struct aci_tally accepted;  /* taken from the nest to be run in place, */
    struct aci_tally completed; /* and completed in place, without mu */
};

struct ac_pool {
    struct aci_owner owner;   /* immutable */
    struct aci_cache *cache;  /* immutable */
    struct ac_pool_attr attr; /* immutable */
    /* atomic, set once: everything that runs has been asked to stop */
    atomic_bool stop;

    /* atomic, set once: a nest has been used; until then nobody looks there */
    atomic_bool nests;

    /* Accepted futures that are plain come in here, by tail.intake, without mu;
     * shut when no more are accepted.  Who locks mu to do something with what
     * is queued takes them into runq first (aci_pool_enter).  But mostly a
     * worker takes them all, into `fresh`, and starts them from there. */
    _Alignas(ACI_CACHE_LINE) struct aci_inbox intake;
    /* atomic, changed under mu: how many are in `idle`.  Who has left a future
     * in the intake looks at this and at `lookout`; who is going to sleep
     * looks at the intake after he has counted himself here, or said that he
     * looks out no more.  The same holds for nests: but who looks out looks
     * there only once, having said so, and is called for what goes in later.
     * Who stands by does not look, and wakes up by himself. */
    atomic_size_t n_idle;
    /* atomic: enum aci_lookout, as above; set under mu; a worker that spins
     * clears it without.  With its hints on a line of their own: who submits
     * need not look at it while all are awake. */
    _Alignas(ACI_CACHE_LINE) atomic_int lookout;
    /* atomic, hints about that one: the processor on which it spins, and when
     * it was woken, in microseconds or so, from 0 again after an hour */
    atomic_int spins_on;
    atomic_uint woken_at;

    _Alignas(ACI_CACHE_LINE) struct aci_mutex mu;
    /* mu: NEW ones from the intake, in order, which come after those in runq */
    struct aci_link *fresh;
    size_t n_fresh;            /* mu */
    enum aci_pool_phase phase; /* mu: only ever goes up */
    bool refused;              /* mu: a start hook said no */
    struct aci_runq runq;      /* mu; begins a cache line */
    size_t unfinished;         /* mu */
    struct aci_list line;      /* mu: struct aci_place.link, for room */
    struct aci_stats stats;    /* mu */
    struct aci_list idle;      /* mu: parked workers, the last one first */
    struct aci_pace pace;      /* mu */
    struct aci_list watchers;  /* mu: parked, until nothing is unfinished */
    size_t turn;               /* mu: whose nest is the next to be robbed */
    size_t busy;               /* mu: workers that run a task */
    size_t starting;           /* mu: workers whose start hook is awaited */
    size_t visitors;           /* mu: threads waiting in shutdown, submit ... */
    struct aci_parked last;    /* mu: for create and destroy */

    size_t n_workers;            /* immutable */
    struct aci_worker workers[]; /* immutable but for what they guard */
};

/* Lock the mutex, take in all that had been accepted before, and call a worker
 * that spins for it.  More may come into the intake at any time. */
void aci_pool_enter(ac_pool *pool);

/* The same for one who has held it all the time, and calls nobody. */
void aci_pool_take_in_locked(ac_pool *pool);

/* The same for the last time: nothing more comes in by it, nor by the nests. */
void aci_pool_shut_locked(ac_pool *pool);

/* So many more tasks are accepted. */
void aci_pool_accepted_locked(ac_pool *pool, size_t n);

/* If nothing is fresh, what is in the intake is.  True if that was so. */
bool aci_pool_fetch_locked(ac_pool *pool);

/* Is there something in a nest?  A look from outside. */
bool aci_pool_has_nested(const ac_pool *pool);

/* The oldest one of a nest goes into the queue; false if there is none. */
bool aci_pool_steal_locked(ac_pool *pool);

static inline size_t
aci_pool_queued_locked(const ac_pool *pool)
{
    return pool->n_fresh + pool->runq.n;
}

/* There is something queued: wake a sleeper, unless a worker is to see it
 * anyway, or those that are awake keep up. */
void aci_pool_wake_locked(ac_pool *pool);

/* Somebody sleeps: will nobody else see what has just come in?  A look from
 * outside. */
bool aci_pool_is_unseen(ac_pool *pool);

/* Would those that are awake keep up without so many of them? */
bool aci_pool_spares_locked(ac_pool *pool, size_t workers);

/* Is the calling thread one of this pool's workers? */
bool aci_pool_is_mine(const ac_pool *pool);

/* One task less, and how it ended. */
void aci_pool_settle_locked(ac_pool *pool, const struct aci_outcome *outcome);

/* The same for one that this worker ran on top of another one; mostly without
 * the mutex.  So it is counted later: at the latest before the outermost one of
 * this worker is, and until then `unfinished` is not 0; so nobody misses
 * that. */
void aci_pool_settle_nested(struct aci_worker *worker,
                            const struct aci_outcome *outcome);

/* Count what this worker has settled without the mutex. */
void aci_pool_count_locked(struct aci_worker *worker);

/* The same for all of them: to be called before anything is reported. */
void aci_pool_count_all_locked(ac_pool *pool);

/* Refuse further tasks; `phase` is not ACI_ACCEPTING. */
void aci_pool_stop_locked(ac_pool *pool, enum aci_pool_phase phase);

/* Whoever has waited in the pool lets destroy go on. */
void aci_pool_leave_locked(ac_pool *pool);

/* Tell the pool's trace hook, if there is one.  No lock is held. */
static inline void
aci_pool_trace(const ac_pool *pool, ac_trace event, ac_future *future)
{
    if (pool->attr.trace != NULL)
        pool->attr.trace(event, future, pool->attr.trace_arg);
}

#endif
