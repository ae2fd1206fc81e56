/*
 * add - how a future that is there already becomes a member
 *
 * Locking: none on the future's own seat; a waiter's is the future's stripe.
 * Lifetime: the iterator is the caller's, and so is a reference to the future.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fork.h"
#include "iter.h"
#include "mem.h"

int
aci_iter_join_seat(ac_iter *iter, ac_future *future)
{
    int rc = aci_iter_admit(iter, &future->seat);
    if (rc == AC_OK && aci_future_seat_ended(future))
        future->seat.sink->tell(future->seat.sink,
                                &ac_future_ref(future)->seat);
    return rc;
}

/* With the stripe held, so that neither its completion nor whoever detaches
 * it can come between the two lists.  Once told, the record may be gone. */
int
aci_iter_join(ac_iter *iter, struct aci_waiter *waiter, ac_future *future,
              enum aci_door door)
{
    waiter->on_future.slot = NULL;
    waiter->seat.sink = aci_iter_door(iter, door);
    waiter->future = ac_future_ref(future);
    bool unfinished = aci_future_lock(future);
    int rc = aci_iter_admit(iter, &waiter->seat);
    if (rc == AC_OK) {
        if (unfinished)
            aci_future_watch(waiter);
        else
            waiter->seat.sink->tell(waiter->seat.sink, &waiter->seat);
    }
    aci_future_unlock(future);
    if (rc != AC_OK)
        ac_future_unref(future);
    return rc;
}

/* On a record of its own. */
static int
join_waiter(ac_iter *iter, ac_future *future)
{
    struct aci_waiter *waiter = aci_alloc(sizeof *waiter);
    if (waiter == NULL)
        return AC_ENOMEM;
    int rc = aci_iter_join(iter, waiter, future, ACI_DOOR_ADD);
    if (rc != AC_OK)
        aci_free(waiter);
    return rc;
}

int
ac_iter_add(ac_iter *iter, ac_future *future)
{
    if (iter == NULL || future == NULL)
        return AC_EINVAL;
    if (aci_forked(iter->born) || aci_forked(future->cache->born))
        return AC_EFORKED;
    int rc = aci_future_claim_seat(future, aci_iter_door(iter, ACI_DOOR_SEAT))
                 ? aci_iter_join_seat(iter, future)
                 : join_waiter(iter, future);
    if (rc == AC_OK)
        aci_iter_offer(iter, future->cache->owner);
    return rc;
}
