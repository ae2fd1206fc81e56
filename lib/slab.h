/*
 * slab - memory for many nodes of one size
 *
 * Nodes are cut from chunks, and each chunk belongs to one of a few shards,
 * which has a lock of its own.  A thread allocates from one shard until it
 * meets another thread there, then from the next; a node is freed into the
 * shard that it came from.  Each shard keeps one chunk that is empty, and
 * gives back all others.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_SLAB_H
#define ACI_SLAB_H

#include "list.h"
#include "port.h"

#include <stdbool.h>
#include <stddef.h>

#define ACI_SHARDS 8 /* a power of two */

struct aci_shard {
    _Alignas(ACI_CACHE_LINE) struct aci_mutex mu;
    struct aci_list chunks; /* mu: those with free nodes */
    bool spare;             /* mu: one of `chunks` is empty */
    bool closed;            /* mu: keep no chunk that is empty */
};

struct aci_slab {
    size_t node;                         /* immutable: bytes of one */
    struct aci_shard shards[ACI_SHARDS]; /* immutable but for what they guard */
};

/* Nodes of that size, of at most 1 KiB and aligned to 8 bytes.  AC_OK or
 * AC_ENOMEM. */
int aci_slab_init(struct aci_slab *slab, size_t node);

/* Nobody allocates any more; what there is may still be freed.  Returns how
 * many chunks were given back. */
size_t aci_slab_close(struct aci_slab *slab);

/* Once it is closed and all chunks are given back. */
void aci_slab_destroy(struct aci_slab *slab);

/* Memory that is not zeroed, or NULL.  *grew: there is one chunk more. */
void *aci_slab_alloc(struct aci_slab *slab, bool *grew);

/* True if a chunk was given back. */
bool aci_slab_free(void *node);

#endif
