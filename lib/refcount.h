/*
 * refcount - how many hold an object
 *
 * Locking: none; one atomic word.
 * Lifetime: who drops the last reference destroys the object.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_REFCOUNT_H
#define ACI_REFCOUNT_H

#include "port.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct aci_refcount {
    _Atomic uint32_t n; /* atomic: aci_unref() pairs with itself */
};

static inline void
aci_refcount_init(struct aci_refcount *count, uint32_t n)
{
    atomic_init(&count->n, n);
}

/* The caller holds a reference already, so nothing is published by this. */
static inline void
aci_ref(struct aci_refcount *count)
{
    uint32_t old =
        atomic_fetch_add_explicit(&count->n, 1, memory_order_relaxed);
    aci_assert(old > 0 && old < UINT32_MAX / 2);
    (void)old;
}

/* True for the last one.  Release: what this holder did to the object comes
 * before.  Acquire, for the last: so that it sees what all the others did.
 * While one is left, nobody but its holder could change the count: it need not
 * be counted down. */
static inline bool
aci_unref(struct aci_refcount *count)
{
    if (atomic_load_explicit(&count->n, memory_order_acquire) == 1) {
        atomic_store_explicit(&count->n, 0, memory_order_relaxed);
        return true;
    }
    uint32_t old =
        atomic_fetch_sub_explicit(&count->n, 1, memory_order_acq_rel);
    aci_assert(old > 0 && old < UINT32_MAX / 2);
    return old == 1;
}

#endif
