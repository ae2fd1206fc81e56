/*
 * cache - the memory and the stripe locks of one owner's futures
 *
 * Nodes come from the C library's allocator.
 *
 * Locking: the stripe locks are the futures' (future.h); the door guards the
 * way to the owner (cache.h).
 * Lifetime: counted; the owner and each node hold one reference.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cache.h"

#include "fork.h"
#include "mem.h"

int
aci_cache_create(const struct aci_owner *owner, size_t n_stripes,
                 struct aci_cache **out)
{
    size_t made = 0;
    if (aci_fork_watch() != AC_OK)
        return AC_ENOMEM;
    struct aci_cache *cache = aci_alloc_aligned(
        ACI_CACHE_LINE, sizeof *cache + n_stripes * sizeof *cache->stripes);
    if (cache == NULL)
        return AC_ENOMEM;
    if (aci_mutex_init(&cache->door) != AC_OK)
        goto fail_cache;
    for (; made < n_stripes; made++) {
        if (aci_mutex_init(&cache->stripes[made].mu) != AC_OK)
            goto fail_stripes;
    }
    aci_refcount_init(&cache->refs, 1);
    cache->owner = owner;
    cache->born = aci_fork_number();
    cache->n_stripes = n_stripes;
    *out = cache;
    return AC_OK;

fail_stripes:
    while (made > 0)
        aci_mutex_destroy(&cache->stripes[--made].mu);
    aci_mutex_destroy(&cache->door);
fail_cache:
    aci_free(cache);
    return AC_ENOMEM;
}

void
aci_cache_disown(struct aci_cache *cache)
{
    aci_lock(&cache->door);
    cache->ownerless = true;
    aci_unlock(&cache->door);
    aci_cache_unref(cache);
}

void
aci_cache_unref(struct aci_cache *cache)
{
    if (!aci_unref(&cache->refs))
        return;
    for (size_t i = 0; i < cache->n_stripes; i++)
        aci_mutex_destroy(&cache->stripes[i].mu);
    aci_mutex_destroy(&cache->door);
    aci_free(cache);
}

void *
aci_cache_alloc(struct aci_cache *cache, size_t size)
{
    void *node = aci_alloc(size);
    if (node != NULL)
        aci_ref(&cache->refs);
    return node;
}

void
aci_cache_free(struct aci_cache *cache, void *node)
{
    aci_free(node);
    aci_cache_unref(cache);
}
