/*
 * mem - memory
 *
 * Locking: never called with a lock held; but a slab does so inside of a shard,
 * for which nobody waits.
 * Lifetime: what is allocated here is freed with aci_free().
 *
 * SPDX-License-Identifier: MIT
 */
#include "mem.h"

#include "port.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *
aci_alloc(size_t size)
{
    return calloc(1, size);
}

bool
aci_array_fits(size_t n, size_t item)
{
    return n <= (size_t)PTRDIFF_MAX / item;
}

void *
aci_alloc_array(size_t n, size_t item)
{
    return aci_array_fits(n, item) ? aci_alloc(n * item) : NULL;
}

void *
aci_alloc_raw(size_t boundary, size_t size)
{
    void *object = NULL;
    if (posix_memalign(&object, boundary, size) != 0)
        return NULL;
    return object;
}

void *
aci_alloc_aligned(size_t boundary, size_t size)
{
    void *object = aci_alloc_raw(boundary, size);
    return object != NULL ? memset(object, 0, size) : NULL;
}

void
aci_free(void *object)
{
    free(object);
}
