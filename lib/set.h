/*
 * set - a set of pointers, to find duplicates in O(n)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_SET_H
#define ACI_SET_H

#include <stdbool.h>
#include <stddef.h>

struct aci_set {
    const void **slots; /* owner thread; NULL: empty */
    size_t mask;        /* owner thread: slots - 1, a power of two less one */
};

/* Room for n members; false when there is no memory. */
bool aci_set_init(struct aci_set *set, size_t n);
void aci_set_free(struct aci_set *set);

/* True if the member (not NULL) was not there yet. */
bool aci_set_add(struct aci_set *set, const void *member);

#endif
