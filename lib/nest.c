/*
 * nest - tasks that a worker's tasks have submitted, and nobody has taken yet
 *
 * Locking: a mutex of its own, a leaf, which the worker mostly has to itself;
 * others take it with the pool's held.
 * Lifetime: part of the worker's record.  Each future in here has the queue's
 * reference; where it goes is as in runq.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "nest.h"

static ac_future *
future_of(struct aci_list *link)
{
    return aci_container_of(link, ac_future, tail.queue);
}

int
aci_nest_init(struct aci_nest *nest)
{
    aci_list_init(&nest->futures);
    atomic_init(&nest->n, 0);
    nest->shut = false;
    return aci_mutex_init(&nest->mu);
}

void
aci_nest_destroy(struct aci_nest *nest)
{
    aci_mutex_destroy(&nest->mu);
}

/* Release: who finds it out of here, finds it counted elsewhere; pairs with
 * has_some(). */
static void
count_locked(struct aci_nest *nest, size_t n)
{
    atomic_store_explicit(&nest->n, n, memory_order_release);
}

static size_t
counted_locked(const struct aci_nest *nest)
{
    return atomic_load_explicit(&nest->n, memory_order_relaxed);
}

bool
aci_nest_push(struct aci_nest *nest, struct aci_inbox *intake,
              ac_future *future)
{
    aci_lock(&nest->mu);
    size_t n = counted_locked(nest);
    bool fits = n < ACI_NEST_SIZE && !nest->shut;
    if (fits) {
        atomic_store(&nest->n, n + 1);
        fits = !aci_inbox_has_some(intake);
        if (!fits)
            count_locked(nest, n);
    }
    if (fits) {
        aci_list_append(&nest->futures, &future->tail.queue);
        /* Last: who sees that it is QUEUED may take it out. */
        aci_future_accept(future);
    }
    aci_unlock(&nest->mu);
    return fits;
}

/* It is mostly the oldest, or among the newest. */
bool
aci_nest_claim(struct aci_nest *nest, ac_future *future,
               struct aci_tally *tally)
{
    if (!aci_nest_has_some(nest))
        return false;
    aci_lock(&nest->mu);
    struct aci_list *at = nest->futures.next;
    if (at != &future->tail.queue)
        at = nest->futures.prev;
    while (at != &nest->futures && at != &future->tail.queue)
        at = at->prev;
    bool won = at != &nest->futures && aci_future_claim(future);
    if (won) {
        aci_list_remove(at);
        aci_tally_add(tally);
        count_locked(nest, counted_locked(nest) - 1);
    }
    aci_unlock(&nest->mu);
    return won;
}

ac_future *
aci_nest_pop(struct aci_nest *nest)
{
    if (!aci_nest_has_some(nest))
        return NULL;
    aci_lock(&nest->mu);
    struct aci_list *link = aci_list_pop(&nest->futures);
    if (link != NULL)
        count_locked(nest, counted_locked(nest) - 1);
    aci_unlock(&nest->mu);
    return link != NULL ? future_of(link) : NULL;
}

void
aci_nest_take(struct aci_nest *nest, struct aci_list *futures)
{
    struct aci_list *link;
    if (!aci_nest_has_some(nest))
        return;
    aci_lock(&nest->mu);
    while ((link = aci_list_pop(&nest->futures)) != NULL)
        aci_list_append(futures, link);
    count_locked(nest, 0);
    aci_unlock(&nest->mu);
}

void
aci_nest_shut(struct aci_nest *nest)
{
    aci_lock(&nest->mu);
    nest->shut = true;
    aci_unlock(&nest->mu);
}
