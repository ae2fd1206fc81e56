/*
 * slab - memory for many nodes of one size
 *
 * Nodes are cut from chunks, and each chunk belongs to one of a few shards.  A
 * thread allocates from one shard until it meets another thread there, then
 * from the next.  A node is freed into the shard that it came from: it is left
 * there, and whoever is inside next puts it back into its chunk: who needs a
 * node and finds none, or one in 64 of those who free one.  Then the shard
 * gives back all chunks that are empty but one.
 *
 * Nobody ever waits for a shard.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_SLAB_H
#define ACI_SLAB_H

#include "inbox.h"
#include "list.h"
#include "port.h"
#include "refcount.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define ACI_SHARDS 8 /* a power of two */

struct aci_slab;

struct aci_shard {
    /* atomic: a thread is inside.  Acquire and release; but who comes for
     * `late` pushes first, and who leaves looks at `late` afterwards, each
     * sequentially consistent, so that one of them sees the other. */
    _Alignas(ACI_CACHE_LINE) atomic_bool busy;
    bool spare;             /* inside: one of `chunks` is empty */
    struct aci_list chunks; /* inside: those with free nodes */
    struct aci_slab *slab;  /* immutable */

    /* Nodes that are free again, for who is inside to take.  Whoever has left
     * one in `freed` goes: the slab may be gone then.  It is shut when the slab
     * is closed.  Whoever leaves one in `late` has a reference to the slab, and
     * goes inside. */
    _Alignas(ACI_CACHE_LINE) struct aci_inbox freed;
    struct aci_inbox late;
    atomic_uint frees; /* atomic, relaxed: about how many; a hint */
};

struct aci_slab {
    size_t node;              /* immutable: bytes of one */
    struct aci_refcount refs; /* one for being open, one for each chunk, and of
                               * who is at `late` */
    atomic_bool closed; /* atomic, set once: who leaves a shard looks at it */
    struct aci_shard shards[ACI_SHARDS];
};

/* Nodes of that size, of at most 1 KiB and aligned to 8 bytes. */
void aci_slab_init(struct aci_slab *slab, size_t node);

/* Memory that is not zeroed, or NULL. */
void *aci_slab_alloc(struct aci_slab *slab);

/* Both are true for the last one, when the slab is closed and all its nodes are
 * freed: its memory may go then.  Once it is being closed, nobody allocates. */
bool aci_slab_free(void *node);
bool aci_slab_close(struct aci_slab *slab);

#endif
