/*
 * set - a set of pointers, to find duplicates in O(n)
 *
 * Open addressing with linear probing, at most half full.  The slots follow
 * the order of the addresses, so that neighbors in memory, as futures often
 * are, are neighbors here; a multiplicative hash would scatter them.
 *
 * Locking: none; it belongs to one thread.
 * Lifetime: from aci_set_init() to aci_set_free().
 *
 * SPDX-License-Identifier: MIT
 */
#include "set.h"

#include <stdint.h>

#include "mem.h"

bool
aci_set_init(struct aci_set *set, size_t n)
{
    size_t slots = 8;
    if (!aci_array_fits(n, 4 * sizeof *set->slots))
        return false;
    while (slots < 2 * n)
        slots *= 2;
    set->slots = aci_alloc_array(0, slots, sizeof *set->slots);
    set->mask = slots - 1;
    return set->slots != NULL;
}

void
aci_set_free(struct aci_set *set)
{
    aci_free(set->slots);
    set->slots = NULL;
}

/* Fold the high bits in, so that blocks of addresses that lie a multiple of
 * the table apart do not fall on each other. */
static size_t
first_slot(const struct aci_set *set, const void *member)
{
    uint64_t address = (uint64_t)(uintptr_t)member / 16;
    uint64_t block = address >> 12;
    return (size_t)(address + block * UINT64_C(0x9E3779B97F4A7C15)) & set->mask;
}

bool
aci_set_add(struct aci_set *set, const void *member)
{
    size_t i = first_slot(set, member);
    while (set->slots[i] != NULL) {
        if (set->slots[i] == member)
            return false;
        i = (i + 1) & set->mask;
    }
    set->slots[i] = member;
    return true;
}
