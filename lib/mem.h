/*
 * mem - memory
 *
 * Every allocation of the library comes from here.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_MEM_H
#define ACI_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed memory, or NULL. */
void *aci_alloc(size_t size);

/* Zeroed memory for n items, or NULL; also where they do not fit. */
void *aci_alloc_array(size_t n, size_t item);

/* Could an array of n such items exist at all? */
bool aci_array_fits(size_t n, size_t item);

/* Zeroed memory on a boundary (a power of two), or NULL. */
void *aci_alloc_aligned(size_t boundary, size_t size);

/* The same, not zeroed. */
void *aci_alloc_raw(size_t boundary, size_t size);

/* NULL is a no-op. */
void aci_free(void *object);

#endif
