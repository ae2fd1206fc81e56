/*
 * outbox - futures that any thread may take without a lock
 *
 * The counterpart of an inbox: the owner fills it when it is empty, in the
 * order in which they are to be taken; each is taken with one atomic step.
 *
 * Locking: fill and reclaim are called with the owner's lock held, take
 * without.
 * Lifetime: who has taken the last one may be gone by the time another one
 * sees that it is empty; as long as somebody may look, the owner keeps it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_OUTBOX_H
#define ACI_OUTBOX_H

#include "port.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* One less than a power of two; a test may want another one. */
#ifndef ACI_OUTBOX_SIZE
#define ACI_OUTBOX_SIZE 31
#endif
static_assert((ACI_OUTBOX_SIZE & (ACI_OUTBOX_SIZE + 1)) == 0, "a mask");

/* A number of 27 bits could come round while one that takes is preempted.
 * Where the processor has no wider atomics, nothing is to be put out: the
 * compiler would call for a library. */
#if ATOMIC_LLONG_LOCK_FREE == 2
#define ACI_OUTBOX_USED 1
typedef uint64_t aci_outbox_state;
#else
#define ACI_OUTBOX_USED 0
typedef uint32_t aci_outbox_state;
#endif

struct aci_outbox {
    /* atomic: how many are left, below; and above that a number that changes
     * with each one that goes, and when all are taken back, so that who comes
     * late sees it.  Who fills it (release) pairs with who takes, and who takes
     * (release) with who finds it empty. */
    _Atomic aci_outbox_state state;
    /* atomic, of who fills it while it is empty: the next one is the last of
     * those that are left */
    _Atomic(ac_future *) slots[ACI_OUTBOX_SIZE];
};

static inline void
aci_outbox_init(struct aci_outbox *outbox)
{
    atomic_init(&outbox->state, 0);
}

/* Acquire, as in reclaim(): pairs with take(). */
static inline size_t
aci_outbox_left(const struct aci_outbox *outbox)
{
    return (size_t)(atomic_load(&outbox->state) & ACI_OUTBOX_SIZE);
}

/* How many were taken, ever, or a few more: for comparison. */
static inline aci_outbox_state
aci_outbox_number(const struct aci_outbox *outbox)
{
    return atomic_load_explicit(&outbox->state, memory_order_relaxed) /
           (ACI_OUTBOX_SIZE + 1);
}

/* The one in that place.  Without the lock it may be another one by now, and
 * then so is the number. */
static inline ac_future *
aci_outbox_at(const struct aci_outbox *outbox, size_t place)
{
    return atomic_load_explicit(&outbox->slots[place], memory_order_relaxed);
}

/* The next one, or NULL. */
static inline ac_future *
aci_outbox_take(struct aci_outbox *outbox)
{
    /* Acquire: pairs with fill(). */
    aci_outbox_state state =
        atomic_load_explicit(&outbox->state, memory_order_acquire);
    while ((state & ACI_OUTBOX_SIZE) != 0) {
        size_t place = (size_t)(state & ACI_OUTBOX_SIZE) - 1;
        ac_future *future = aci_outbox_at(outbox, place);
        /* One less, and another number.  Release: pairs with left() and
         * reclaim(), so that the place was looked at before it is put into
         * again.  Acquire, if another one was faster: pairs with fill(). */
        if (atomic_compare_exchange_weak_explicit(
                &outbox->state, &state, state + ACI_OUTBOX_SIZE,
                memory_order_acq_rel, memory_order_acquire))
            return future;
    }
    return NULL;
}

/* Have none be taken any more: how many are left, which are the caller's, in
 * the places from there down to 0. */
static inline size_t
aci_outbox_reclaim(struct aci_outbox *outbox)
{
    aci_outbox_state state = atomic_load(&outbox->state);
    while ((state & ACI_OUTBOX_SIZE) != 0) {
        aci_outbox_state none = (state | ACI_OUTBOX_SIZE) + 1;
        if (atomic_compare_exchange_weak(&outbox->state, &state, none))
            return (size_t)(state & ACI_OUTBOX_SIZE);
    }
    return 0;
}

/* It is empty, and nobody else fills it: put one into a place, from the last
 * one on down to 0; then have so many be taken. */
static inline void
aci_outbox_put(struct aci_outbox *outbox, size_t place, ac_future *future)
{
    atomic_store_explicit(&outbox->slots[place], future, memory_order_relaxed);
}

static inline void
aci_outbox_fill(struct aci_outbox *outbox, size_t n)
{
    /* Nobody changes it while it is empty.  Release: pairs with take(). */
    aci_outbox_state state =
        atomic_load_explicit(&outbox->state, memory_order_relaxed);
    atomic_store_explicit(&outbox->state, state + (aci_outbox_state)n,
                          memory_order_release);
}

#endif
