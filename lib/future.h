/*
 * future - a task, its result, and those who wait for it
 *
 *                   accept           claim             finish
 *            NEW ----------> QUEUED -------> RUNNING ----------> FINISHED
 *             |                 |                                   ^
 *             | refused         +--------- cancel ------------------+
 *             v
 *           (gone)
 *
 * NEW: its submitter alone may change it; an iterator may know it already
 * (ac_iter_submit), and leaves it alone.  QUEUED: whoever wins the change of
 * the state word owns it: a worker, a waiter that helps, or a canceler.  That
 * one finishes it, tells everyone, and then settles with the owner.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_FUTURE_H
#define ACI_FUTURE_H

#include "cache.h"
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
        struct aci_list queue; /* the owner's lock, until claimed */
        int error;             /* written before finished, if it ran */
    } tail;
    struct aci_seat seat;      /* stripe: the built-in registration */
    struct aci_chain *waiters; /* stripe: struct aci_waiter.on_future */
};

static_assert(sizeof(void *) != 8 || sizeof(ac_future) <= 96,
              "one task, one allocation of at most 96 bytes");
static_assert(sizeof(void *) != 8 || sizeof(struct aci_waiter) <= 48,
              "as_completed adds at most 48 bytes for each member");

/* What a task is made of. */
struct aci_task {
    ac_task_fn *fn;
    void *arg;
    ac_free_fn *free_arg;
    ac_free_fn *free_result;
};

/* A NEW future with that many references, or NULL.  If `sink` is not NULL,
 * the built-in seat is taken by it: it will be told at the end. */
ac_future *aci_future_create(struct aci_cache *cache,
                             const struct aci_task *task, uint32_t refs,
                             struct aci_sink *sink);

/* The submitter gives up a NEW future: its argument is the caller's again. */
void aci_future_disown_arg(ac_future *future);

/* NEW to QUEUED; the caller holds the owner's lock. */
void aci_future_accept(ac_future *future);

/* QUEUED to RUNNING; false if another one was faster.  Winning makes this
 * thread its runner. */
bool aci_future_claim(ac_future *future);

/* By its runner: finish it, and tell everyone.  `rc` is what the task
 * returned. */
void aci_future_finish(ac_future *future, int rc, void *result);

/* QUEUED to FINISHED, canceled, and tell everyone; false if another one was
 * faster.  Winning leaves this thread owing the owner its account. */
bool aci_future_cancel_queued(ac_future *future);

/* The whole word, with everything before it visible.  Pairs with the change
 * to FINISHED. */
uint32_t aci_future_state(const ac_future *future);

static inline bool
aci_future_finished(const ac_future *future)
{
    return (aci_future_state(future) & ACI_PHASE) == ACI_FINISHED;
}

/* The phase, in the one total order that accept() is part of; see iter.h. */
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

/* The same for the built-in seat. */
void aci_future_vacate(ac_future *future);

static inline ac_future *
aci_future_of_seat(struct aci_seat *seat)
{
    return aci_container_of(seat, ac_future, seat);
}

#endif
