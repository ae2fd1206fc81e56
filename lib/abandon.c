/*
 * abandon - how an iterator ends
 *
 * Locking: the iterator's mutex; released for each waiter that is detached,
 * whose stripe comes before it, and whenever a reference is dropped.
 * Lifetime: whoever has ended a member on its own seat may be about to tell
 * when the iterator lets go of it.  It is counted, and an iterator that is
 * destroyed stays for it: who tells the last one frees it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fork.h"
#include "iter.h"
#include "mem.h"

static struct aci_seat *
seat_of(struct aci_list *link)
{
    return aci_container_of(link, struct aci_seat, link);
}

static struct aci_waiter *
waiter_of(struct aci_seat *seat)
{
    return aci_container_of(seat, struct aci_waiter, seat);
}

/* A waiter that is in no list any more: leave its future, let go of it. */
static void
detach(ac_iter *iter, struct aci_waiter *waiter)
{
    ac_future *future = waiter->future;
    aci_future_unwatch(waiter);
    if (waiter->seat.sink == &iter->doors[ACI_DOOR_ADD])
        aci_free(waiter);
    ac_future_unref(future);
}

/* Let go of members on their own seats, up to the first waiter, which is taken
 * off the list, or NULL.  Once its seat is vacant, nothing keeps such a member.
 * Who has ended one is on his way to here, and finds it in no list. */
static struct aci_waiter *
pop_released_locked(ac_iter *iter)
{
    struct aci_list *at = iter->pending.next;
    while (at != &iter->pending) {
        struct aci_seat *seat = seat_of(at);
        at = at->next;
        aci_iter_unpend_locked(iter, seat);
        if (seat->sink != &iter->doors[ACI_DOOR_SEAT])
            return waiter_of(seat);
        if (!aci_future_vacate(aci_future_of_seat(seat)))
            iter->n_coming++;
    }
    return NULL;
}

/* Let go of every pending member; tell() will not find them.  `arrivals` stays
 * shut, as in there it would. */
static void
release_pending_locked(ac_iter *iter)
{
    struct aci_waiter *waiter;
    aci_iter_close_locked(iter);
    aci_iter_shut_locked(iter);
    iter->released = true;
    while ((waiter = pop_released_locked(iter)) != NULL) {
        aci_iter_show_locked(iter);
        aci_unlock(&iter->mu);
        detach(iter, waiter);
        aci_iter_enter(iter);
    }
    aci_iter_wake_locked(iter);
}

int
ac_iter_close(ac_iter *iter)
{
    if (iter == NULL)
        return AC_EINVAL;
    if (aci_forked(iter->born))
        return AC_EFORKED;
    aci_lock(&iter->mu);
    aci_iter_close_locked(iter);
    aci_iter_wake_locked(iter);
    aci_unlock(&iter->mu);
    return AC_OK;
}

int
ac_iter_abandon(ac_iter *iter)
{
    int rc = ac_iter_close(iter);
    if (rc != AC_OK)
        return rc;
    aci_lock(&iter->mu);
    release_pending_locked(iter);
    aci_unlock(&iter->mu);
    return AC_OK;
}

/* One that is ready goes, with its reference. */
static void
drop(ac_iter *iter, struct aci_seat *seat)
{
    ac_future *future = aci_iter_member(iter, seat);
    if (seat->sink == &iter->doors[ACI_DOOR_ADD])
        aci_free(waiter_of(seat));
    ac_future_unref(future);
}

void
ac_iter_destroy(ac_iter *iter)
{
    if (iter == NULL || aci_forked(iter->born))
        return;
    aci_assert(aci_list_empty(&iter->consumers));
    aci_lock(&iter->mu);
    release_pending_locked(iter);
    struct aci_list *link;
    while (iter->n_back > 0) {
        ac_future *future = aci_outbox_at(&iter->outbox, --iter->n_back);
        aci_unlock(&iter->mu);
        ac_future_unref(future);
        aci_lock(&iter->mu);
    }
    for (; iter->n_done > 0; iter->n_done--) {
        aci_unlock(&iter->mu);
        ac_future_unref(*iter->done++);
        aci_lock(&iter->mu);
    }
    while ((link = aci_list_pop(&iter->ready)) != NULL) {
        aci_unlock(&iter->mu);
        drop(iter, seat_of(link));
        aci_lock(&iter->mu);
    }
    aci_pollable_close(&iter->pollable);
    iter->destroyed = true;
    bool last = iter->n_coming == 0;
    aci_unlock(&iter->mu);
    if (last)
        aci_iter_free(iter);
}
