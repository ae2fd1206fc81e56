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

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* One less than a power of two; a test may want another one. */
#ifndef ACI_OUTBOX_SIZE
#define ACI_OUTBOX_SIZE 31
#endif

struct aci_outbox {
    /* atomic: how many are left, below; and above that a number that changes
     * with each one that goes, so that who comes late sees it.  Who fills it
     * (release) pairs with who takes. */
    _Atomic uint64_t state;
    /* atomic, of who fills it while it is empty: the next one is the last of
     * those that are left */
    _Atomic(ac_future *) slots[ACI_OUTBOX_SIZE];
};

static inline void
aci_outbox_init(struct aci_outbox *outbox)
{
    atomic_init(&outbox->state, 0);
}

static inline size_t
aci_outbox_left(const struct aci_outbox *outbox)
{
    return (size_t)(atomic_load(&outbox->state) & ACI_OUTBOX_SIZE);
}

/* The one in that place, while nobody fills it. */
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
    uint64_t state =
        atomic_load_explicit(&outbox->state, memory_order_acquire);
    while ((state & ACI_OUTBOX_SIZE) != 0) {
        size_t place = (size_t)(state & ACI_OUTBOX_SIZE) - 1;
        ac_future *future = aci_outbox_at(outbox, place);
        /* One less, and another number. */
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
    uint64_t state = atomic_load(&outbox->state);
    while ((state & ACI_OUTBOX_SIZE) != 0) {
        uint64_t none = (state | ACI_OUTBOX_SIZE) + 1;
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
    uint64_t state =
        atomic_load_explicit(&outbox->state, memory_order_relaxed);
    atomic_store_explicit(&outbox->state, state + n, memory_order_release);
}

#endif
