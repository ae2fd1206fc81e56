/*
 * runq - the futures that wait for a worker
 *
 * Locking: the pool's mutex; there is none in here.
 * Lifetime: part of the pool.
 *
 * SPDX-License-Identifier: MIT
 */
#include "runq.h"

static ac_future *
future_of(struct aci_list *link)
{
    return aci_container_of(link, ac_future, tail.queue);
}

void
aci_runq_init(struct aci_runq *runq)
{
    for (size_t i = 0; i < ACI_LEVELS; i++) {
        aci_list_init(&runq->levels[i].futures);
        runq->levels[i].passed = 0;
    }
    runq->n = 0;
    runq->next_expiry = AC_FOREVER;
}

void
aci_runq_push(struct aci_runq *runq, ac_future *future)
{
    ac_priority level = aci_future_priority(aci_future_state(future));
    struct aci_level *on = &runq->levels[level];
    ac_deadline start_by = aci_future_start_by(future);
    if (aci_list_empty(&on->futures))
        on->passed = 0;
    aci_list_append(&on->futures, &future->tail.queue);
    runq->n++;
    if (start_by < runq->next_expiry)
        runq->next_expiry = start_by;
}

/* The level whose turn it is; 0 if all are empty. */
static size_t
choose(const struct aci_runq *runq)
{
    size_t highest = 0;
    for (size_t i = 0; i < ACI_LEVELS; i++) {
        if (aci_list_empty(&runq->levels[i].futures))
            continue;
        if (runq->levels[i].passed >= AC_MAX_PASSED)
            return i;
        highest = i;
    }
    return highest;
}

ac_future *
aci_runq_pop(struct aci_runq *runq)
{
    struct aci_list *link = aci_list_pop(&runq->levels[choose(runq)].futures);
    if (link == NULL)
        return NULL;
    if (--runq->n == 0)
        runq->next_expiry = AC_FOREVER;
    return future_of(link);
}

void
aci_runq_started(struct aci_runq *runq, ac_priority level)
{
    runq->levels[level].passed = 0;
    for (ac_priority i = AC_PRIORITY_LOW; i < level; i++)
        runq->levels[i].passed++;
}

void
aci_runq_remove(struct aci_runq *runq, ac_future *future)
{
    if (aci_list_empty(&future->tail.queue))
        return;
    aci_list_remove(&future->tail.queue);
    runq->n--;
}

void
aci_runq_expire(struct aci_runq *runq, struct aci_list *expired)
{
    ac_deadline next = AC_FOREVER;
    for (size_t i = 0; i < ACI_LEVELS; i++) {
        struct aci_list *head = &runq->levels[i].futures;
        struct aci_list *at = head->next;
        while (at != head) {
            ac_future *future = future_of(at);
            ac_deadline start_by = aci_future_start_by(future);
            at = at->next;
            if (start_by == AC_FOREVER)
                continue;
            if (aci_future_late(future) &&
                aci_future_end(future, AC_EEXPIRED)) {
                aci_runq_remove(runq, future);
                aci_list_append(expired, &future->tail.queue);
            } else if (start_by < next) {
                next = start_by;
            }
        }
    }
    runq->next_expiry = next;
}
