/*
 * list - intrusive lists that unlink in O(1)
 *
 * `struct aci_list` is a circular list with a head; `struct aci_chain` is a
 * list whose head is one pointer, for structures that must be small.
 *
 * Locking: none; whoever owns the list guards it.
 * Lifetime: links live in what they link; nothing is allocated.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_LIST_H
#define ACI_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A head, or a link.  A link that is in no list points to itself. */
struct aci_list {
    struct aci_list *next;
    struct aci_list *prev;
};

static inline void
aci_list_init(struct aci_list *list)
{
    list->next = list;
    list->prev = list;
}

/* Of a head: has it no links?  Of a link: is it in no list? */
static inline bool
aci_list_empty(const struct aci_list *list)
{
    return list->next == list;
}

/* Make these two neighbors; what was between them is not looked at. */
static inline void
aci_list_join(struct aci_list *before, struct aci_list *after)
{
    before->next = after;
    after->prev = before;
}

/* Insert before `where`; before the head is at the end. */
static inline void
aci_list_append(struct aci_list *where, struct aci_list *link)
{
    aci_list_join(where->prev, link);
    aci_list_join(link, where);
}

static inline void
aci_list_prepend(struct aci_list *head, struct aci_list *link)
{
    aci_list_append(head->next, link);
}

static inline void
aci_list_remove(struct aci_list *link)
{
    aci_list_join(link->prev, link->next);
    aci_list_init(link);
}

/* The first link taken out, or NULL. */
static inline struct aci_list *
aci_list_pop(struct aci_list *head)
{
    struct aci_list *link = head->next;
    if (link == head)
        return NULL;
    aci_list_remove(link);
    return link;
}

/* A link of a chain; `slot` is the pointer that points to it, NULL while it
 * is in no chain.  The head is a plain `struct aci_chain *`. */
struct aci_chain {
    struct aci_chain *next;
    struct aci_chain **slot;
};

static inline void
aci_chain_push(struct aci_chain **head, struct aci_chain *link)
{
    link->next = *head;
    link->slot = head;
    if (link->next != NULL)
        link->next->slot = &link->next;
    *head = link;
}

/* No-op for a link that is in no chain. */
static inline void
aci_chain_remove(struct aci_chain *link)
{
    if (link->slot == NULL)
        return;
    *link->slot = link->next;
    if (link->next != NULL)
        link->next->slot = link->slot;
    link->slot = NULL;
}

#endif
