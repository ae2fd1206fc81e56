/*
 * slab - memory for many nodes of one size
 *
 * A chunk begins at a multiple of its size, so that the address of a node
 * tells its chunk; it is a little shorter than that, as allocators put
 * something of their own between two of them.
 *
 * Locking: one thread at a time is inside a shard.  Who finds one there goes
 * elsewhere, or leaves it what there is to do.  One that allocates does not
 * look for that when it leaves: it waits for the next one, or for the closing,
 * and by then nobody allocates.
 * Lifetime: a chunk lives from the first node that needed it until its last
 * node is back in it, but for the one that a shard keeps until the slab is
 * closed.  The slab lives until it is closed and the last chunk is gone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slab.h"

#include "mem.h"

#include <stdint.h>

#define CHUNK ((size_t)32 * 1024)
#define CHUNK_BYTES (CHUNK - 64)

struct chunk {
    /* inside: in `chunks` while it has free nodes */
    _Alignas(ACI_CACHE_LINE) struct aci_list link;
    struct aci_shard *shard; /* immutable */
    struct aci_link *freed;  /* inside: nodes that were in use once */
    char *fresh;             /* inside: from here on, none ever was */
    size_t n_fresh;          /* inside */
    size_t used;             /* inside */
};

/* A hint, for all slabs: in which shard this thread allocates. */
static ACI_THREAD_LOCAL unsigned my_shard;

static struct chunk *
chunk_of(void *node)
{
    return (struct chunk *)((uintptr_t)node & ~(uintptr_t)(CHUNK - 1));
}

/* ---- Inside, or not ---- */

static bool
enter(struct aci_shard *shard)
{
    return !atomic_load(&shard->busy) && !atomic_exchange(&shard->busy, true);
}

/* True: nothing that cannot wait came in meanwhile. */
static bool
leave(struct aci_shard *shard)
{
    atomic_store(&shard->busy, false);
    return !aci_inbox_has_some(&shard->late) &&
           (!atomic_load(&shard->slab->closed) ||
            aci_inbox_is_shut(&shard->freed));
}

static void
leave_unlooked(struct aci_shard *shard)
{
    atomic_store_explicit(&shard->busy, false, memory_order_release);
}

/* So many references less; true for the last one. */
static bool
slab_unref(struct aci_slab *slab, size_t n)
{
    bool last = false;
    for (; n > 0; n--)
        last = aci_unref(&slab->refs);
    return last;
}

/* ---- Chunks ---- */

/* With room for so many nodes, the first of which is in use: so the only empty
 * one that is in a list is the one that the shard keeps. */
static struct chunk *
chunk_create(struct aci_shard *shard, size_t nodes)
{
    size_t node = shard->slab->node;
    struct chunk *chunk = aci_alloc_raw(CHUNK, sizeof *chunk + nodes * node);
    if (chunk == NULL)
        return NULL;
    aci_ref(&shard->slab->refs);
    chunk->shard = shard;
    chunk->freed = NULL;
    chunk->fresh = (char *)(chunk + 1) + node;
    chunk->n_fresh = nodes - 1;
    chunk->used = 1;
    aci_list_init(&chunk->link);
    return chunk;
}

static bool
is_full(const struct chunk *chunk)
{
    return chunk->freed == NULL && chunk->n_fresh == 0;
}

/* A node of the shard's first chunk, or NULL. */
static void *
cut(struct aci_shard *shard)
{
    if (aci_list_empty(&shard->chunks))
        return NULL;
    struct chunk *chunk =
        aci_container_of(shard->chunks.next, struct chunk, link);
    void *node = chunk->freed;
    if (node != NULL) {
        chunk->freed = chunk->freed->next;
    } else {
        node = chunk->fresh;
        chunk->fresh += shard->slab->node;
        chunk->n_fresh--;
    }
    if (chunk->used++ == 0)
        shard->spare = false;
    if (is_full(chunk))
        aci_list_remove(&chunk->link);
    return node;
}

/* An empty one: keep it, or give it back; so many were given back. */
static size_t
retire(struct aci_shard *shard, struct chunk *chunk, bool keep)
{
    if (keep && !shard->spare) {
        shard->spare = true;
        return 0;
    }
    aci_list_remove(&chunk->link);
    aci_free(chunk);
    return 1;
}

/* Put these nodes back into their chunks; so many chunks were given back. */
static size_t
put_back(struct aci_shard *shard, struct aci_link *freed, bool keep)
{
    size_t n = 0;
    while (freed != NULL) {
        struct aci_link *node = freed;
        struct chunk *chunk = chunk_of(node);
        freed = freed->next;
        if (is_full(chunk))
            aci_list_prepend(&shard->chunks, &chunk->link);
        node->next = chunk->freed;
        chunk->freed = node;
        if (--chunk->used == 0)
            n += retire(shard, chunk, keep);
    }
    return n;
}

/* The one that was kept goes, too. */
static size_t
give_back_spare(struct aci_shard *shard)
{
    struct aci_list *at = shard->chunks.next;
    if (!shard->spare)
        return 0;
    shard->spare = false;
    while (aci_container_of(at, struct chunk, link)->used > 0)
        at = at->next;
    return retire(shard, aci_container_of(at, struct chunk, link), false);
}

/* Take in what was freed; so many chunks were given back. */
static size_t
tidy(struct aci_shard *shard)
{
    size_t n = put_back(shard, aci_inbox_take_newest(&shard->freed), true);
    return n + put_back(shard, aci_inbox_take_newest(&shard->late), true);
}

static size_t
tidy_closed(struct aci_shard *shard)
{
    size_t n = give_back_spare(shard);
    n += put_back(shard, aci_inbox_shut_newest(&shard->freed), false);
    return n + put_back(shard, aci_inbox_take_newest(&shard->late), false);
}

/* Take in what was freed, unless somebody is inside, who looks again.  So many
 * chunks were given back; their references are the caller's to drop. */
static size_t
visit(struct aci_shard *shard)
{
    size_t n = 0;
    do {
        if (!enter(shard))
            break;
        n += atomic_load(&shard->slab->closed) ? tidy_closed(shard)
                                               : tidy(shard);
    } while (!leave(shard));
    return n;
}

/* ---- The calls ---- */

/* A shard that nobody was in, or NULL. */
static struct aci_shard *
enter_any(struct aci_slab *slab)
{
    unsigned at = my_shard;
    if (enter(&slab->shards[at]))
        return &slab->shards[at];
    for (unsigned i = 1; i < ACI_SHARDS; i++) {
        at = (at + 1) & (ACI_SHARDS - 1);
        if (enter(&slab->shards[at])) {
            my_shard = at;
            return &slab->shards[at];
        }
    }
    return NULL;
}

/* A node of a new chunk, which the shard may have, if the caller is inside. */
static void *
grow(struct aci_shard *shard, size_t nodes)
{
    struct chunk *chunk = chunk_create(shard, nodes);
    if (chunk == NULL)
        return NULL;
    if (nodes > 1)
        aci_list_prepend(&shard->chunks, &chunk->link);
    return chunk + 1;
}

void *
aci_slab_alloc(struct aci_slab *slab)
{
    struct aci_shard *shard = enter_any(slab);
    if (shard == NULL)
        return grow(&slab->shards[0], 1); /* rather than wait */
    void *node = cut(shard);
    if (node == NULL) {
        slab_unref(slab, tidy(shard)); /* it is open: not the last one */
        node = cut(shard);
    }
    if (node == NULL)
        node = grow(shard, (CHUNK_BYTES - sizeof(struct chunk)) / slab->node);
    leave_unlooked(shard);
    return node;
}

/* Who frees nodes looks after the shard now and then: else what is empty would
 * stay for as long as nobody allocates. */
static bool
is_turn(struct aci_shard *shard)
{
    unsigned n = atomic_load_explicit(&shard->frees, memory_order_relaxed);
    atomic_store_explicit(&shard->frees, n + 1, memory_order_relaxed);
    return n % 64 == 0;
}

bool
aci_slab_free(void *node)
{
    struct aci_link *link = node;
    struct aci_shard *shard = chunk_of(node)->shard;
    if (!is_turn(shard) && aci_inbox_push(&shard->freed, link, link))
        return false;
    /* Its chunk keeps the slab until it is pushed. */
    struct aci_slab *slab = shard->slab;
    aci_ref(&slab->refs);
    aci_inbox_push(&shard->late, link, link);
    return slab_unref(slab, visit(shard) + 1);
}

bool
aci_slab_close(struct aci_slab *slab)
{
    size_t n = 1;
    atomic_store(&slab->closed, true);
    for (size_t i = 0; i < ACI_SHARDS; i++)
        n += visit(&slab->shards[i]);
    return slab_unref(slab, n);
}

void
aci_slab_init(struct aci_slab *slab, size_t node)
{
    slab->node = node;
    aci_refcount_init(&slab->refs, 1);
    atomic_init(&slab->closed, false);
    for (size_t i = 0; i < ACI_SHARDS; i++) {
        struct aci_shard *shard = &slab->shards[i];
        atomic_init(&shard->busy, false);
        shard->spare = false;
        aci_list_init(&shard->chunks);
        shard->slab = slab;
        aci_inbox_init(&shard->freed);
        aci_inbox_init(&shard->late);
        atomic_init(&shard->frees, 0);
    }
}
