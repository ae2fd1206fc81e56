/*
 * future - a task, its result, and those who wait for it
 *
 *                   accept           claim             finish
 *            NEW ----------> QUEUED -------> RUNNING ----------> FINISHED
 *             | |               |              ^                    ^
 *             | +---- start ----|--------------+                    |
 *             | refused         +--- cancel, expire, resolve -------+
 *             v
 *           (gone)
 *
 * NEW: its submitter alone may change it; an iterator may know it already
 * (ac_iter_submit), and leaves it alone.  It is still NEW when the submitter
 * has left it with its owner, who may start it at once; whoever else wants
 * something of it asks the owner to accept it first (aci_future_refresh).
 * QUEUED: whoever wins the change of
 * the state word owns it, and the queue's reference: a worker, a waiter that
 * helps, a canceler, or who finds it too late to start.  That one takes it out
 * of the queue, finishes it, tells everyone, and then settles with the owner.
 * A promise's future is QUEUED until it is resolved, and never RUNNING.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_FUTURE_H
#define ACI_FUTURE_H

#include "attr.h"
#include "cache.h"
#include "inbox.h"
#include "list.h"
#include "owner.h"
#include "refcount.h"
#include "waiter.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The state word: a phase, the status once finished, and flags. */
#define ACI_STATUS UINT32_C(0x007f) /* valid when finished */
#define ACI_PHASE UINT32_C(0x0300)  /* one of these: */
#define ACI_NEW UINT32_C(0x0000)
#define ACI_QUEUED UINT32_C(0x0100)
#define ACI_RUNNING UINT32_C(0x0200)
#define ACI_FINISHED UINT32_C(0x0300)
#define ACI_WATCHED UINT32_C(0x0400) /* someone is to be told at the end */
#define ACI_ASKED UINT32_C(0x0800)   /* asked to stop while running */
#define ACI_RAN UINT32_C(0x1000)     /* claimed to run; result is valid */
#define ACI_TAKEN UINT32_C(0x2000)   /* somebody owns the result */
#define ACI_TIMED UINT32_C(0x4000)   /* immutable: a struct aci_timed_future */
#define ACI_LEVEL UINT32_C(0x18000)  /* immutable: its ac_priority */
#define ACI_LEVEL_SHIFT 15
#define ACI_SEATED UINT32_C(0x20000) /* so is the sink of the built-in seat */
#define ACI_CLAIMED UINT32_C(0x40000) /* that seat is some sink's */
#define ACI_LEFT UINT32_C(0x80000)    /* ... which is not to be told any more */

struct ac_future {
    struct aci_refcount refs; /* atomic: refcount.h */
    /* atomic: who finishes it (release) pairs with aci_future_state() */
    _Atomic uint32_t state;
    struct aci_cache *cache; /* immutable */
    union {
        ac_task_fn *fn; /* immutable until claimed */
        void *result;   /* written before finished; then immutable */
    } work;
    void *arg;               /* immutable */
    ac_free_fn *free_arg;    /* immutable once accepted */
    ac_free_fn *free_result; /* immutable */
    union {
        /* the owner's lock, until taken out; then of who ended it (due.h) */
        struct aci_list queue;
        /* of who submits it, then the owner's lock: in the owner's intake, or
         * taken from there and still NEW */
        struct aci_link intake;
        struct {
            struct aci_link arrival; /* of who tells the seat; see iter.h */
            int error;               /* written before finished, if it ran */
        } ended;
    } tail;
    struct aci_seat seat;      /* of who claimed it: built-in registration */
    struct aci_chain *waiters; /* stripe: struct aci_waiter.on_future */
};

/* What only some tasks need. */
struct aci_timed_future {
    ac_future future;
    ac_deadline start_by; /* immutable */
    int64_t accepted;     /* immutable once accepted: when that was */
};

static_assert(sizeof(void *) != 8 || sizeof(ac_future) <= 96,
              "one task, one allocation of at most 96 bytes");
static_assert(offsetof(ac_future, seat) - offsetof(ac_future, tail) ==
                  ACI_ARRIVAL_BYTES,
              "the way to a seat is right before it");
static_assert(sizeof(void *) != 8 || sizeof(struct aci_waiter) <= 48,
              "as_completed adds at most 48 bytes for each member");

/* What a task is made of, but for its argument. */
struct aci_task {
    const struct ac_task_attr *attr;
    ac_task_fn *fn;
    bool timing;           /* remember when it is accepted */
    uint32_t refs;         /* so many references to it there are */
    struct aci_sink *sink; /* or NULL; it takes the built-in seat, and will be
                            * told at the end */
};

/* A NEW future, or NULL. */
ac_future *aci_future_create(struct aci_cache *cache,
                             const struct aci_task *task, void *arg);

/* The submitter gives up a NEW future: its argument is the caller's again. */
void aci_future_disown_arg(ac_future *future);

/* NEW to QUEUED, or to RUNNING by who will run it; the caller holds the
 * owner's lock. */
void aci_future_accept(ac_future *future);
void aci_future_start(ac_future *future);

/* Has it the default priority, and no times to look at? */
static inline bool
aci_future_is_plain(const ac_future *future)
{
    /* Immutable until it is accepted. */
    return (atomic_load_explicit(&future->state, memory_order_relaxed) &
            (ACI_TIMED | ACI_LEVEL)) ==
           (uint32_t)AC_PRIORITY_NORMAL << ACI_LEVEL_SHIFT;
}

/* If it is still NEW, have its owner accept it; one whose submission still
 * goes on stays NEW. */
void aci_future_refresh(ac_future *future);

static inline ac_priority
aci_future_priority(uint32_t state)
{
    return (ac_priority)((state & ACI_LEVEL) >> ACI_LEVEL_SHIFT);
}

/* QUEUED to RUNNING; false if another one was faster.  Winning makes this
 * thread its runner. */
bool aci_future_claim(ac_future *future);

/* The status of a task that returned `rc`. */
int aci_future_verdict(int rc);

/* By its runner: finish it, and tell everyone.  The queue's reference, which
 * was the runner's, goes with it.  The error number is `rc` if the status is
 * AC_EFAILED.  What is due (due.h) is left to the caller. */
void aci_future_finish(ac_future *future, int status, int rc, void *result);

/* A promise's, QUEUED to FINISHED with a result, and tell everyone; false if
 * another one was faster.  Winning gives the caller the reference for being
 * unresolved.  What is due is left to the caller. */
bool aci_future_resolve(ac_future *future, int rc, void *result);

/* QUEUED to FINISHED, without having run; false if another one was faster.
 * Winning obliges to aci_future_conclude(). */
bool aci_future_end(ac_future *future, int status);

/* The caller has ended it: take it out of its queue and tell everyone.  The
 * queue's reference goes with the account that is due (due.h); to run what is
 * due is left to the caller, who holds no lock. */
void aci_future_conclude(ac_future *future);

/* Too late to start?  Reads the clock only if there is such a time. */
bool aci_future_late(const ac_future *future);

/* Of one that is made with timing: it is accepted now.  When that was. */
void aci_future_stamp(ac_future *future);
int64_t aci_future_accepted(const ac_future *future);

/* Until when it is to be started, while it is not; else AC_FOREVER. */
ac_deadline aci_future_start_by(const ac_future *future);

/* A call meets it: if it is queued, but too late to start, it expires here and
 * now.  True if so.  The caller holds a reference, and no lock. */
bool aci_future_meet(ac_future *future);

/* The whole word, with everything before it visible.  Acquire: pairs with
 * finish() and leave_queue(). */
static inline uint32_t
aci_future_state(const ac_future *future)
{
    return atomic_load_explicit(&future->state, memory_order_acquire);
}

static inline bool
aci_future_finished(const ac_future *future)
{
    return (aci_future_state(future) & ACI_PHASE) == ACI_FINISHED;
}

static inline bool
aci_future_ran(const ac_future *future)
{
    return (aci_future_state(future) & ACI_RAN) != 0;
}

/* The phase only. */
uint32_t aci_future_phase(const ac_future *future);
bool aci_future_asked(const ac_future *future);

/* Of a finished one: the result is the caller's now; false if somebody was
 * faster. */
bool aci_future_take_result(ac_future *future);

/* If the calling thread's wait for it may run it in place: run it.  True if it
 * ran.  The caller holds a reference, and no lock. */
bool aci_future_help(ac_future *future, ac_deadline deadline);

/*
 * Registration.  Between aci_future_lock() and aci_future_unlock() the stripe
 * lock is held.  aci_future_lock() says whether the future is still
 * unfinished: only then may aci_future_watch() follow, and everyone so linked
 * is told.  The sink's lock may be taken in between.
 */
bool aci_future_lock(ac_future *future);
void aci_future_unlock(ac_future *future);
void aci_future_watch(struct aci_waiter *waiter);

/* Detach; no-op for one that has been told or was never linked.  Afterwards
 * it will not be told, and nobody is telling it. */
void aci_future_unwatch(struct aci_waiter *waiter);

/*
 * The built-in seat, which one sink may have, once.  To take it: claim it
 * (false if somebody has), let the sink find it, then have the sink told.  If
 * that says that the future has ended, the caller is to tell, with a reference.
 */
bool aci_future_claim_seat(ac_future *future, struct aci_sink *sink);
bool aci_future_seat_ended(ac_future *future);

/* Have the built-in seat's sink not be told; it holds its lock, and the future
 * is alive.  False: it has ended already, and tell() is on its way. */
bool aci_future_vacate(ac_future *future);

static inline ac_future *
aci_future_of_seat(struct aci_seat *seat)
{
    return aci_container_of(seat, ac_future, seat);
}

#endif
