/*
 * slab - memory for many nodes of one size
 *
 * A chunk begins at a multiple of its size, so that the address of a node
 * tells its chunk; it is a little shorter than that, as allocators put
 * something of their own between two of them.
 *
 * Locking: a shard's mutex for its chunks and their nodes; chunks are
 * allocated and given back without it.
 * Lifetime: a chunk lives from the first node that needed it until its last
 * node is freed, but for the one that a shard keeps until the slab is closed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slab.h"

#include "mem.h"

#include <stdint.h>

#define CHUNK ((size_t)32 * 1024)
#define CHUNK_BYTES (CHUNK - 64)

struct node {
    struct node *next;
};

struct chunk {
    struct aci_list link;    /* mu: in `chunks` while it has free nodes */
    struct aci_shard *shard; /* immutable */
    struct node *freed;      /* mu: nodes that were in use once */
    char *fresh;             /* mu: from here on, none ever was */
    size_t n_fresh;          /* mu */
    size_t used;             /* mu */
};

/* Where this thread allocates; a hint, for all slabs. */
static _Thread_local unsigned my_shard;

static struct chunk *
chunk_of(void *node)
{
    return (struct chunk *)((uintptr_t)node & ~(uintptr_t)(CHUNK - 1));
}

/* Its first node is in use: so the only empty one that is in a list is the one
 * that the shard keeps. */
static struct chunk *
chunk_create(const struct aci_slab *slab, struct aci_shard *shard)
{
    struct chunk *chunk = aci_alloc_raw(CHUNK, CHUNK_BYTES);
    if (chunk == NULL)
        return NULL;
    chunk->shard = shard;
    chunk->freed = NULL;
    chunk->fresh = (char *)(chunk + 1) + slab->node;
    chunk->n_fresh = (CHUNK_BYTES - sizeof *chunk) / slab->node - 1;
    chunk->used = 1;
    aci_list_init(&chunk->link);
    return chunk;
}

static bool
full_locked(const struct chunk *chunk)
{
    return chunk->freed == NULL && chunk->n_fresh == 0;
}

/* A node of the shard's first chunk, or NULL. */
static void *
cut_locked(const struct aci_slab *slab, struct aci_shard *shard)
{
    if (aci_list_empty(&shard->chunks))
        return NULL;
    struct chunk *chunk =
        aci_container_of(shard->chunks.next, struct chunk, link);
    struct node *node = chunk->freed;
    if (node != NULL) {
        chunk->freed = node->next;
    } else {
        node = (struct node *)(void *)chunk->fresh;
        chunk->fresh += slab->node;
        chunk->n_fresh--;
    }
    if (chunk->used++ == 0)
        shard->spare = false;
    if (full_locked(chunk))
        aci_list_remove(&chunk->link);
    return node;
}

/* Go on to another shard if somebody is in this one. */
static struct aci_shard *
enter(struct aci_slab *slab)
{
    struct aci_shard *shard = &slab->shards[my_shard];
    if (aci_trylock(&shard->mu))
        return shard;
    my_shard = (my_shard + 1) & (ACI_SHARDS - 1);
    shard = &slab->shards[my_shard];
    aci_lock(&shard->mu);
    return shard;
}

void *
aci_slab_alloc(struct aci_slab *slab, bool *grew)
{
    struct aci_shard *shard = enter(slab);
    void *node = cut_locked(slab, shard);
    aci_unlock(&shard->mu);
    *grew = false;
    if (node != NULL)
        return node;
    struct chunk *chunk = chunk_create(slab, shard);
    if (chunk == NULL)
        return NULL;
    *grew = true;
    aci_lock(&shard->mu);
    aci_list_prepend(&shard->chunks, &chunk->link);
    aci_unlock(&shard->mu);
    return chunk + 1;
}

/* A node less; true if the chunk is to be given back. */
static bool
release_locked(struct aci_shard *shard, struct chunk *chunk)
{
    if (--chunk->used > 0)
        return false;
    if (!shard->spare && !shard->closed) {
        shard->spare = true;
        return false;
    }
    aci_list_remove(&chunk->link);
    return true;
}

bool
aci_slab_free(void *memory)
{
    struct node *node = memory;
    struct chunk *chunk = chunk_of(node);
    struct aci_shard *shard = chunk->shard;
    aci_lock(&shard->mu);
    if (full_locked(chunk))
        aci_list_prepend(&shard->chunks, &chunk->link);
    node->next = chunk->freed;
    chunk->freed = node;
    bool last = release_locked(shard, chunk);
    aci_unlock(&shard->mu);
    if (last)
        aci_free(chunk);
    return last;
}

/* The one that the shard has kept, or NULL. */
static struct chunk *
close_shard(struct aci_shard *shard)
{
    struct chunk *spare = NULL;
    aci_lock(&shard->mu);
    shard->closed = true;
    for (struct aci_list *at = shard->chunks.next;
         shard->spare && at != &shard->chunks; at = at->next) {
        spare = aci_container_of(at, struct chunk, link);
        if (spare->used == 0)
            shard->spare = false;
    }
    if (spare != NULL)
        aci_list_remove(&spare->link);
    aci_unlock(&shard->mu);
    return spare;
}

size_t
aci_slab_close(struct aci_slab *slab)
{
    size_t n = 0;
    for (size_t i = 0; i < ACI_SHARDS; i++) {
        struct chunk *spare = close_shard(&slab->shards[i]);
        n += spare != NULL;
        aci_free(spare);
    }
    return n;
}

int
aci_slab_init(struct aci_slab *slab, size_t node)
{
    slab->node = node;
    for (size_t i = 0; i < ACI_SHARDS; i++) {
        struct aci_shard *shard = &slab->shards[i];
        if (aci_mutex_init(&shard->mu) != AC_OK) {
            while (i > 0)
                aci_mutex_destroy(&slab->shards[--i].mu);
            return AC_ENOMEM;
        }
        aci_list_init(&shard->chunks);
        shard->spare = false;
        shard->closed = false;
    }
    return AC_OK;
}

void
aci_slab_destroy(struct aci_slab *slab)
{
    for (size_t i = 0; i < ACI_SHARDS; i++)
        aci_mutex_destroy(&slab->shards[i].mu);
}
