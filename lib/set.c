/*
 * set - a set of objects, to find duplicates in O(n)
 *
 * One bit for each place in memory where a member may begin, in a hash table of
 * regions of 64 places: most futures are neighbors in memory, so they are in
 * the region that was looked at last, and the whole is small; where they are
 * not, a member takes 32 to 64 bytes.  Open addressing with linear probing, at
 * most half full.
 *
 * Locking: none; it belongs to one thread.
 * Lifetime: from aci_set_init() to aci_set_free().
 *
 * SPDX-License-Identifier: MIT
 */
#include "set.h"

#include "mem.h"
#include "port.h"

#define FEW 8

void
aci_set_init(struct aci_set *set)
{
    *set = (struct aci_set){0};
}

void
aci_set_free(struct aci_set *set)
{
    aci_free(set->regions);
    aci_set_init(set);
}

/* Where it is, or would be. */
static struct aci_region *
find(const struct aci_set *set, uintptr_t number)
{
    uint64_t hash = (uint64_t)number * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t)(hash >> 32) & (set->size - 1);
    while (set->regions[i].number != 0 && set->regions[i].number != number)
        i = (i + 1) & (set->size - 1);
    return &set->regions[i];
}

static int
grow(struct aci_set *set)
{
    struct aci_set more = {.size = set->size > 0 ? 2 * set->size : FEW,
                           .n = set->n};
    more.regions = aci_alloc_array(more.size, sizeof *more.regions);
    if (more.regions == NULL)
        return AC_ENOMEM;
    for (size_t i = 0; i < set->size; i++) {
        const struct aci_region *region = &set->regions[i];
        if (region->number != 0)
            *find(&more, region->number) = *region;
    }
    aci_free(set->regions);
    *set = more;
    return AC_OK;
}

/* The region of that number, or NULL. */
static struct aci_region *
enter(struct aci_set *set, uintptr_t number)
{
    if (2 * set->n >= set->size && grow(set) != AC_OK)
        return NULL;
    struct aci_region *region = find(set, number);
    if (region->number == 0)
        set->n++;
    region->number = number;
    return region;
}

int
aci_set_add(struct aci_set *set, const void *member, bool *added)
{
    uintptr_t address = (uintptr_t)member;
    uintptr_t number = address / ACI_REGION + 1;
    if (set->last == NULL || set->last->number != number)
        set->last = enter(set, number);
    if (set->last == NULL)
        return AC_ENOMEM;
    size_t place = address % ACI_REGION / ACI_APART;
    uint64_t bit = UINT64_C(1) << place % 64;
    *added = (set->last->bits[place / 64] & bit) == 0;
    set->last->bits[place / 64] |= bit;
    return AC_OK;
}
