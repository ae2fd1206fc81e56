/*
 * inbox - links that any thread may leave without a lock
 *
 * A stack: who leaves a link pushes it with one atomic step; the owner takes
 * the whole of it, in the order in which it came.  While it is shut nothing
 * can be left: who tries is told so, and does it another way (with the owner's
 * lock, or not at all).
 *
 * As nothing is ever popped singly, a link that comes back to the same address
 * does no harm.
 *
 * Locking: take, shut and open are called with the owner's lock held, push
 * without.  All steps are sequentially consistent, so that one who pushes and
 * then looks for sleepers, and one who counts himself as a sleeper and then
 * takes, cannot miss each other.
 * Lifetime: whoever pushed a link does not touch the inbox again, unless
 * something else keeps it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_INBOX_H
#define ACI_INBOX_H

#include "port.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aci_link {
    struct aci_link *next;
};

struct aci_inbox {
    /* atomic: push() pairs with take() and shut(); NULL: empty; the inbox's
     * own address: shut */
    _Atomic(struct aci_link *) newest;
};

static inline struct aci_link *
aci_inbox_shut_mark(struct aci_inbox *inbox)
{
    return (struct aci_link *)(void *)inbox;
}

static inline void
aci_inbox_init(struct aci_inbox *inbox)
{
    atomic_init(&inbox->newest, NULL);
}

/* Leave a chain, linked from its newest to its oldest.  False: it is shut. */
static inline bool
aci_inbox_push(struct aci_inbox *inbox, struct aci_link *newest,
               struct aci_link *oldest)
{
    struct aci_link *below = atomic_load(&inbox->newest);
    do {
        if (below == aci_inbox_shut_mark(inbox))
            return false;
        oldest->next = below;
    } while (!atomic_compare_exchange_weak(&inbox->newest, &below, newest));
    return true;
}

/* A look from outside: is there something to take? */
static inline bool
aci_inbox_has_some(struct aci_inbox *inbox)
{
    struct aci_link *newest = atomic_load(&inbox->newest);
    return newest != NULL && newest != aci_inbox_shut_mark(inbox);
}

/* How many were left, but not more than that.  With the owner's lock held. */
static inline size_t
aci_inbox_count(struct aci_inbox *inbox, size_t most)
{
    size_t n = 0;
    if (!aci_inbox_has_some(inbox))
        return 0;
    for (struct aci_link *link = atomic_load(&inbox->newest);
         link != NULL && n < most; link = link->next)
        n++;
    return n;
}

static inline bool
aci_inbox_is_shut(struct aci_inbox *inbox)
{
    return atomic_load(&inbox->newest) == aci_inbox_shut_mark(inbox);
}

/* A link stands in the middle of what is looked at next, which another thread
 * has written: have all of it come at once.  NULL is as good as any. */
static inline void
aci_inbox_prefetch(const struct aci_link *link)
{
    uintptr_t at = (uintptr_t)link;
    __builtin_prefetch((const void *)(at - 48));
    __builtin_prefetch((const void *)(at + 16));
}

/* What was left, the oldest first, and how many; NULL if nothing. */
static inline struct aci_link *
aci_inbox_in_order(struct aci_link *newest, size_t *n)
{
    struct aci_link *oldest = NULL;
    *n = 0;
    while (newest != NULL) {
        struct aci_link *below = newest->next;
        aci_inbox_prefetch(newest);
        newest->next = oldest;
        oldest = newest;
        newest = below;
        ++*n;
    }
    return oldest;
}

/* Take all that was left, the newest first.  Leaves it open or shut, as it
 * was. */
static inline struct aci_link *
aci_inbox_take_newest(struct aci_inbox *inbox)
{
    if (!aci_inbox_has_some(inbox))
        return NULL;
    return atomic_exchange(&inbox->newest, NULL);
}

/* The same in the order in which it came, and how many. */
static inline struct aci_link *
aci_inbox_take(struct aci_inbox *inbox, size_t *n)
{
    return aci_inbox_in_order(aci_inbox_take_newest(inbox), n);
}

/* The same two, and shut it. */
static inline struct aci_link *
aci_inbox_shut_newest(struct aci_inbox *inbox)
{
    struct aci_link *mark = aci_inbox_shut_mark(inbox);
    struct aci_link *newest = atomic_exchange(&inbox->newest, mark);
    return newest != mark ? newest : NULL;
}

static inline struct aci_link *
aci_inbox_shut(struct aci_inbox *inbox, size_t *n)
{
    return aci_inbox_in_order(aci_inbox_shut_newest(inbox), n);
}

/* No-op for one that is open. */
static inline void
aci_inbox_open(struct aci_inbox *inbox)
{
    if (aci_inbox_is_shut(inbox))
        atomic_store(&inbox->newest, NULL);
}

#endif
