/*
 * cache - the memory and the stripe locks of one owner's futures
 *
 * Where every node should be an allocation of its own, for tools that watch
 * these (a debug build, a sanitizer), the slab is not used, unless
 * ACI_PLAIN_ALLOC says so (check-torture.sh).
 *
 * Locking: the stripe locks are the futures' (future.h); the door guards the
 * way to the owner (cache.h).
 * Lifetime: counted.  The slab holds a reference until it is closed and empty,
 * a node that is not in there holds one, and so does the owner for as long as
 * nodes are allocated.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cache.h"

#include "fork.h"
#include "mem.h"

#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif

#if defined(ACI_PLAIN_ALLOC)
#define SINGLY ACI_PLAIN_ALLOC
#elif defined(AC_DEBUG) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) || \
    HAS_FEATURE(thread_sanitizer) || HAS_FEATURE(memory_sanitizer)
#define SINGLY 1
#else
#define SINGLY 0
#endif

static void
cache_free(struct aci_cache *cache, size_t stripes)
{
    while (stripes > 0)
        aci_mutex_destroy(&cache->stripes[--stripes].mu);
    aci_mutex_destroy(&cache->door);
    aci_free(cache);
}

int
aci_cache_create(const struct aci_owner *owner, size_t n_stripes, size_t node,
                 struct aci_cache **out)
{
    if (aci_fork_watch() != AC_OK)
        return AC_ENOMEM;
    bool slab = node != 0 && !SINGLY;
    struct aci_cache *cache = aci_alloc_aligned(
        ACI_CACHE_LINE, sizeof *cache + n_stripes * sizeof *cache->stripes +
                            (slab ? sizeof *cache->slab : 0));
    if (cache == NULL)
        return AC_ENOMEM;
    if (slab) {
        cache->slab = (struct aci_slab *)(void *)&cache->stripes[n_stripes];
        aci_slab_init(cache->slab, node);
    }
    if (aci_mutex_init(&cache->door) != AC_OK) {
        aci_free(cache);
        return AC_ENOMEM;
    }
    for (size_t i = 0; i < n_stripes; i++) {
        if (aci_mutex_init(&cache->stripes[i].mu) != AC_OK) {
            cache_free(cache, i);
            return AC_ENOMEM;
        }
    }
    aci_refcount_init(&cache->refs, slab ? 2 : 1);
    cache->owner = owner;
    cache->born = aci_fork_number();
    cache->n_stripes = n_stripes;
    *out = cache;
    return AC_OK;
}

void
aci_cache_disown(struct aci_cache *cache)
{
    aci_lock(&cache->door);
    cache->ownerless = true;
    aci_unlock(&cache->door);
    if (cache->slab != NULL && aci_slab_close(cache->slab))
        aci_cache_unref(cache);
    aci_cache_unref(cache);
}

void
aci_cache_unref(struct aci_cache *cache)
{
    if (aci_unref(&cache->refs))
        cache_free(cache, cache->n_stripes);
}

static bool
in_slab(const struct aci_cache *cache, size_t size)
{
    return cache->slab != NULL && size == cache->slab->node;
}

void *
aci_cache_alloc(struct aci_cache *cache, size_t size)
{
    if (in_slab(cache, size))
        return aci_slab_alloc(cache->slab);
    void *node = aci_alloc(size);
    if (node != NULL)
        aci_ref(&cache->refs);
    return node;
}

void
aci_cache_free(struct aci_cache *cache, void *node, size_t size)
{
    bool held = true;
    if (in_slab(cache, size))
        held = aci_slab_free(node);
    else
        aci_free(node);
    if (held)
        aci_cache_unref(cache);
}
