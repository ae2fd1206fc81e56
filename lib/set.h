/*
 * set - a set of objects, to find duplicates in O(n)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_SET_H
#define ACI_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACI_APART 32            /* bytes between any two members, at least */
#define ACI_REGION (32 * 1024u) /* bytes */

/* Which members there are in one region of the memory. */
struct aci_region {
    uintptr_t number; /* owner thread: address / ACI_REGION + 1; 0: unused */
    uint64_t bits[ACI_REGION / ACI_APART / 64]; /* owner thread */
};

struct aci_set {
    struct aci_region *regions; /* owner thread: by number, or NULL */
    size_t size;                /* owner thread: a power of two, or 0 */
    size_t n;                   /* owner thread: of them, in use */
    struct aci_region *last;    /* owner thread: looked at last */
};

void aci_set_init(struct aci_set *set);
void aci_set_free(struct aci_set *set);

/* *added: the member was not there yet.  AC_OK or AC_ENOMEM. */
int aci_set_add(struct aci_set *set, const void *member, bool *added);

#endif
