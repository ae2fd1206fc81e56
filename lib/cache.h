/*
 * cache - the memory and the stripe locks of one pool's futures
 *
 * It outlives its pool for as long as one of its futures lives.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_CACHE_H
#define ACI_CACHE_H

#include "port.h"
#include "refcount.h"

#include <stddef.h>
#include <stdint.h>

#define ACI_STRIPES 16

struct aci_owner; /* owner.h, a layer up; only passed through here */

struct aci_stripe {
    _Alignas(ACI_CACHE_LINE) struct aci_mutex mu;
};

struct aci_cache {
    struct aci_refcount refs; /* one for the pool, one for each node */
    /* immutable; may be followed only while a future of it is unfinished */
    struct aci_owner *owner;
    struct aci_stripe stripes[ACI_STRIPES]; /* immutable */
};

/* AC_OK or AC_ENOMEM. */
int aci_cache_create(struct aci_owner *owner, struct aci_cache **cache);

/* The pool lets go. */
void aci_cache_unref(struct aci_cache *cache);

/* Zeroed memory for one node, or NULL. */
void *aci_cache_alloc(struct aci_cache *cache, size_t size);
void aci_cache_free(struct aci_cache *cache, void *node);

/* The lock that guards this node's registrations. */
static inline struct aci_mutex *
aci_cache_stripe(struct aci_cache *cache, const void *node)
{
    uintptr_t address = (uintptr_t)node;
    return &cache->stripes[(address / 64 + address / 4096) % ACI_STRIPES].mu;
}

#endif
