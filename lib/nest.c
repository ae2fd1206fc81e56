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

/* Whoever looks for one that is out does so in vain: that needs no order. */
static void
one_less_locked(struct aci_nest *nest)
{
    size_t n = atomic_load_explicit(&nest->n, memory_order_relaxed);
    atomic_store_explicit(&nest->n, n - 1, memory_order_relaxed);
}

bool
aci_nest_push(struct aci_nest *nest, ac_future *future)
{
    aci_lock(&nest->mu);
    size_t n = atomic_load_explicit(&nest->n, memory_order_relaxed);
    bool fits = n < ACI_NEST_SIZE && !nest->shut;
    if (fits) {
        aci_future_accept(future);
        aci_list_append(&nest->futures, &future->tail.queue);
        atomic_store(&nest->n, n + 1);
    }
    aci_unlock(&nest->mu);
    return fits;
}

/* It is mostly among the newest. */
bool
aci_nest_claim(struct aci_nest *nest, ac_future *future)
{
    if (!aci_nest_has_some(nest))
        return false;
    aci_lock(&nest->mu);
    struct aci_list *at = nest->futures.prev;
    while (at != &nest->futures && at != &future->tail.queue)
        at = at->prev;
    bool won = at != &nest->futures && aci_future_claim(future);
    if (won) {
        aci_list_remove(at);
        one_less_locked(nest);
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
        one_less_locked(nest);
    aci_unlock(&nest->mu);
    return link != NULL ? future_of(link) : NULL;
}

void
aci_nest_shut(struct aci_nest *nest)
{
    aci_lock(&nest->mu);
    nest->shut = true;
    aci_unlock(&nest->mu);
}
