/*
 * cache - the memory and the stripe locks of one owner's futures
 *
 * It outlives its owner for as long as one of its futures lives.  Nodes of the
 * size that most of them have come from a slab, others singly.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_CACHE_H
#define ACI_CACHE_H

#include "port.h"
#include "refcount.h"
#include "slab.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACI_STRIPES 16 /* of a pool; a power of two */

struct aci_owner; /* owner.h, a layer up; only passed through here */

struct aci_stripe {
    _Alignas(ACI_CACHE_LINE) struct aci_mutex mu;
};

struct aci_cache {
    /* one for the owner, one for the slab, one for each node that is not in
     * there */
    struct aci_refcount refs;
    /* immutable; may be followed only while a future of it is unfinished or
     * not settled yet */
    const struct aci_owner *owner;
    unsigned born;    /* immutable: see fork.h */
    size_t n_stripes; /* immutable: a power of two */
    /* Held by who follows `owner` although nothing else keeps it; taken before
     * an owner's own mutex. */
    struct aci_mutex door;
    bool ownerless;              /* door: the owner is gone */
    struct aci_slab *slab;       /* immutable: behind the stripes, or NULL */
    struct aci_stripe stripes[]; /* immutable */
};

/* For a number of nodes of `node` bytes, or 0: for few.  AC_OK or
 * AC_ENOMEM. */
int aci_cache_create(const struct aci_owner *owner, size_t n_stripes,
                     size_t node, struct aci_cache **cache);

/* The owner lets go, and may be freed: nobody is calling it any more. */
void aci_cache_disown(struct aci_cache *cache);

/* One reference less. */
void aci_cache_unref(struct aci_cache *cache);

/* Memory for one node, not zeroed, or NULL.  Free it with the same size. */
void *aci_cache_alloc(struct aci_cache *cache, size_t size);
void aci_cache_free(struct aci_cache *cache, void *node, size_t size);

/* The lock that guards this node's registrations. */
static inline struct aci_mutex *
aci_cache_stripe(struct aci_cache *cache, const void *node)
{
    uintptr_t address = (uintptr_t)node;
    size_t i = (address / 64 + address / 4096) & (cache->n_stripes - 1);
    return &cache->stripes[i].mu;
}

#endif
