/*
 * submit - where pools and iterators meet
 *
 * A submission is all or nothing: the futures are made first, then the place
 * in the iterator is reserved, and the pool decides last.
 *
 * Locking: none of its own; the iterator's mutex and the pool's, one after the
 * other.
 * Lifetime: a new future has one reference for each who will know it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fork.h"
#include "iter.h"
#include "mem.h"
#include "room.h"

/* What is to be submitted, and where to; all of it the submitter's. */
struct order {
    ac_pool *pool;
    ac_iter *iter; /* or NULL */
    struct aci_task task;
    ac_trace_fn *trace; /* the pool's; as it may be gone when it refused */
    void *trace_arg;
};

static struct aci_task
task(const ac_task_attr *attr, ac_task_fn *fn)
{
    return (struct aci_task){.attr = aci_task_attr(attr), .fn = fn};
}

/* Nobody has seen them run, and their arguments are the caller's again. */
static void
discard(const struct order *order, struct aci_batch *batch)
{
    struct aci_link *link = batch->newest;
    while (link != NULL) {
        ac_future *future = aci_container_of(link, ac_future, tail.intake);
        link = link != batch->oldest ? link->next : NULL;
        aci_future_disown_arg(future);
        for (uint32_t i = 0; i < order->task.refs; i++)
            ac_future_unref(future);
    }
}

/* AC_OK or AC_ENOMEM; what was made before is in the batch. */
static int
make(const struct order *order, struct aci_batch *batch, void *const args[])
{
    for (size_t i = 0; i < batch->n; i++) {
        ac_future *future =
            aci_future_create(order->pool->cache, &order->task, args[i]);
        if (future == NULL)
            return AC_ENOMEM;
        future->tail.intake.next = batch->newest;
        batch->newest = &future->tail.intake;
        if (i == 0)
            batch->oldest = batch->newest;
    }
    return AC_OK;
}

static void
trace(const struct order *order, ac_trace event, const struct aci_batch *batch)
{
    struct aci_link *link = batch->newest;
    if (order->trace == NULL)
        return;
    while (link != NULL) {
        order->trace(event, aci_container_of(link, ac_future, tail.intake),
                     order->trace_arg);
        link = link != batch->oldest ? link->next : NULL;
    }
}

/* The order and the batch are as the user has it: nothing is checked yet. */
static int
submit(struct order *order, struct aci_batch *batch, void *const args[])
{
    struct aci_seat *seat = NULL;
    ac_pool *pool = order->pool;
    ac_iter *iter = order->iter;
    if (pool == NULL || order->task.fn == NULL)
        return AC_EINVAL;
    if (aci_forked(pool->cache->born))
        return AC_EFORKED;
    order->trace = pool->attr.trace;
    order->trace_arg = pool->attr.trace_arg;
    order->task.timing = pool->attr.timing;
    /* The queue's, which becomes the iterator's, and the caller's. */
    order->task.refs = 1u + (batch->out != NULL);
    if (iter != NULL)
        order->task.sink = aci_iter_door(iter, ACI_DOOR_SEAT);
    int rc = make(order, batch, args);
    if (rc != AC_OK)
        goto fail;
    if (iter != NULL) {
        seat = &aci_container_of(batch->newest, ac_future, tail.intake)->seat;
        if ((rc = aci_iter_admit(iter, seat)) != AC_OK)
            goto fail;
    }
    trace(order, AC_TRACE_SUBMITTED, batch);
    /* Once they are in, only who has a reference may touch them. */
    if ((rc = aci_room_push(pool, batch)) == AC_OK) {
        if (iter != NULL)
            aci_iter_offer(iter, &pool->owner);
        return AC_OK;
    }
    trace(order, AC_TRACE_REFUSED, batch);
    if (seat != NULL)
        aci_iter_retract(iter, seat);
fail:
    discard(order, batch);
    return rc;
}

int
ac_submit(ac_pool *pool, const ac_task_attr *attr, ac_task_fn *fn, void *arg,
          ac_future **future)
{
    struct order order = {.pool = pool, .task = task(attr, fn)};
    struct aci_batch batch = {.n = 1, .out = future};
    return submit(&order, &batch, &arg);
}

int
ac_submit_until(ac_pool *pool, const ac_task_attr *attr, ac_task_fn *fn,
                void *arg, ac_deadline room_by, ac_future **future)
{
    struct order order = {.pool = pool, .task = task(attr, fn)};
    struct aci_batch batch = {
        .n = 1, .wait = true, .room_by = room_by, .out = future};
    return submit(&order, &batch, &arg);
}

int
ac_iter_submit(ac_iter *iter, ac_pool *pool, const ac_task_attr *attr,
               ac_task_fn *fn, void *arg, ac_deadline room_by,
               ac_future **future)
{
    struct order order = {.pool = pool, .iter = iter, .task = task(attr, fn)};
    struct aci_batch batch = {
        .n = 1, .wait = true, .room_by = room_by, .out = future};
    if (iter == NULL)
        return AC_EINVAL;
    if (aci_forked(iter->born))
        return AC_EFORKED;
    return submit(&order, &batch, &arg);
}

int
ac_submit_many(ac_pool *pool, const ac_task_attr *attr, ac_task_fn *fn,
               void *const args[], size_t n, ac_deadline room_by,
               ac_future *futures[])
{
    struct order order = {.pool = pool, .task = task(attr, fn)};
    struct aci_batch batch = {
        .n = n, .wait = true, .room_by = room_by, .out = futures};
    if (pool == NULL || fn == NULL || (args == NULL && n > 0))
        return AC_EINVAL;
    if (aci_forked(pool->cache->born))
        return AC_EFORKED;
    if (n == 0)
        return AC_OK;
    if (pool->attr.capacity != 0 && n > pool->attr.capacity)
        return AC_EINVAL;
    if (!aci_array_fits(n, sizeof(ac_future)))
        return AC_ENOMEM;
    return submit(&order, &batch, args);
}
