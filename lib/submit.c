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
    const ac_task_attr *attr;
    ac_task_fn *fn;
    uint32_t references; /* of each future */
    ac_trace_fn *trace;  /* the pool's; as it may be gone when it refused */
    void *trace_arg;
};

/* Nobody has seen them run, and their arguments are the caller's again. */
static void
discard(const struct order *order, struct aci_batch *batch)
{
    struct aci_link *link = batch->newest;
    while (link != NULL) {
        ac_future *future = aci_container_of(link, ac_future, tail.intake);
        link = link != batch->oldest ? link->next : NULL;
        aci_future_disown_arg(future);
        for (uint32_t i = 0; i < order->references; i++)
            ac_future_unref(future);
    }
}

/* AC_OK or AC_ENOMEM; what was made before is in the batch. */
static int
make(const struct order *order, struct aci_batch *batch, void *const args[])
{
    const struct ac_task_attr *options = aci_task_attr(order->attr);
    struct aci_task task = {
        .fn = order->fn,
        .free_arg = options->free_arg,
        .free_result = options->free_result,
        .start_by = options->start_by,
        .priority = options->priority,
        .timing = order->pool->attr.timing,
    };
    struct aci_sink *sink = NULL;
    if (order->iter != NULL)
        sink = aci_iter_door(order->iter, ACI_DOOR_SUBMIT);
    for (size_t i = 0; i < batch->n; i++) {
        task.arg = args[i];
        ac_future *future = aci_future_create(order->pool->cache, &task,
                                              order->references, sink);
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

static int
submit(struct order *order, struct aci_batch *batch, void *const args[])
{
    struct aci_seat *seat = NULL;
    order->trace = order->pool->attr.trace;
    order->trace_arg = order->pool->attr.trace_arg;
    /* The queue's, the caller's, the iterator's. */
    order->references = 1u + (batch->out != NULL) + (order->iter != NULL);
    int rc = make(order, batch, args);
    if (rc != AC_OK)
        goto fail;
    if (order->iter != NULL) {
        seat = &aci_container_of(batch->newest, ac_future, tail.intake)->seat;
        if ((rc = aci_iter_admit(order->iter, seat)) != AC_OK)
            goto fail;
    }
    trace(order, AC_TRACE_SUBMITTED, batch);
    /* Once they are in, only who has a reference may touch them. */
    if ((rc = aci_room_push(order->pool, batch)) == AC_OK) {
        if (order->iter != NULL)
            aci_iter_offer(order->iter, &order->pool->owner);
        return AC_OK;
    }
    trace(order, AC_TRACE_REFUSED, batch);
    if (seat != NULL && !aci_iter_retract(order->iter, seat))
        order->references--; /* the iterator has let go of it */
fail:
    discard(order, batch);
    return rc;
}

static int
submit_one(struct order *order, void *arg, bool wait, ac_deadline room_by,
           ac_future **future)
{
    struct aci_batch batch = {
        .n = 1, .wait = wait, .room_by = room_by, .out = future};
    if (order->pool == NULL || order->fn == NULL)
        return AC_EINVAL;
    if (aci_forked(order->pool->cache->born))
        return AC_EFORKED;
    return submit(order, &batch, &arg);
}

int
ac_submit(ac_pool *pool, const ac_task_attr *attr, ac_task_fn *fn, void *arg,
          ac_future **future)
{
    struct order order = {.pool = pool, .attr = attr, .fn = fn};
    return submit_one(&order, arg, false, AC_POLL, future);
}

int
ac_submit_until(ac_pool *pool, const ac_task_attr *attr, ac_task_fn *fn,
                void *arg, ac_deadline room_by, ac_future **future)
{
    struct order order = {.pool = pool, .attr = attr, .fn = fn};
    return submit_one(&order, arg, true, room_by, future);
}

int
ac_iter_submit(ac_iter *iter, ac_pool *pool, const ac_task_attr *attr,
               ac_task_fn *fn, void *arg, ac_deadline room_by,
               ac_future **future)
{
    struct order order = {.pool = pool, .iter = iter, .attr = attr, .fn = fn};
    if (iter == NULL)
        return AC_EINVAL;
    if (aci_forked(iter->born))
        return AC_EFORKED;
    return submit_one(&order, arg, true, room_by, future);
}

int
ac_submit_many(ac_pool *pool, const ac_task_attr *attr, ac_task_fn *fn,
               void *const args[], size_t n, ac_deadline room_by,
               ac_future *futures[])
{
    struct order order = {.pool = pool, .attr = attr, .fn = fn};
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
