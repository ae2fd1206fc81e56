/*
 * iter - the iterator: a completion queue
 *
 * What is in here is the queue itself: its members and how they come and go.
 * next.c has the consumers' side.
 *
 * Locking: one mutex; but what is in the inboxes and the outbox comes and goes
 * without it.  Lock order: a future's stripe, then this mutex, then the
 * mutex of a pool whose workers wait here (only to have it accept what is
 * NEW).  So whoever detaches a waiter takes it off the pending list first, lets
 * go of the mutex, then locks the stripe.  tell() finds such a member in no
 * list and leaves it alone.  References are dropped with no lock held, as user
 * code may follow.
 *
 * Lifetime: the caller's, until ac_iter_destroy(), or a little longer: see
 * abandon.c.  Whoever completes a member signals with the mutex held and
 * touches the iterator no more after unlocking it, so the consumer of the last
 * result may destroy it at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "iter.h"

#include <string.h>

#include "fork.h"
#include "mem.h"

static struct aci_seat *
seat_of(struct aci_list *link)
{
    return aci_container_of(link, struct aci_seat, link);
}

static struct aci_consumer *
consumer_of(struct aci_list *link)
{
    return aci_container_of(link, struct aci_consumer, parked.link);
}

/* ---- The pending list ---- */

void
aci_iter_pend_locked(ac_iter *iter, struct aci_seat *seat)
{
    aci_list_append(&iter->pending, &seat->link);
    iter->n_pending++;
    for (size_t i = 0; i < ACI_CURSORS; i++) {
        if (iter->cursors[i].at == &iter->pending)
            iter->cursors[i].at = &seat->link;
    }
}

/* Its link is in no list then, but does not say so. */
static void
leave_pending_locked(ac_iter *iter, struct aci_seat *seat)
{
    for (size_t i = 0; i < ACI_CURSORS; i++) {
        if (iter->cursors[i].at == &seat->link)
            iter->cursors[i].at = seat->link.next;
    }
    aci_list_join(seat->link.prev, seat->link.next);
    iter->n_pending--;
}

void
aci_iter_unpend_locked(ac_iter *iter, struct aci_seat *seat)
{
    leave_pending_locked(iter, seat);
    aci_list_init(&seat->link);
}

/* ---- Completions ---- */

static void
become_ready_locked(ac_iter *iter, struct aci_seat *seat)
{
    leave_pending_locked(iter, seat);
    aci_list_append(&iter->ready, &seat->link);
    iter->n_ready++;
}

/* Both walk from the newest to the oldest, and put each one before the last, so
 * that they are in the order in which they came; only then are they joined to
 * what was there before.  (A list that is changed with each one would have each
 * wait for the one before to be written.) */

static void
ready_all_locked(ac_iter *iter, struct aci_link *newest)
{
    struct aci_list *last = iter->ready.prev;
    struct aci_list *first = &iter->ready;
    while (newest != NULL) {
        struct aci_seat *seat = aci_seat_of_arrival(newest);
        newest = newest->next;
        aci_inbox_prefetch(newest);
        leave_pending_locked(iter, seat);
        aci_list_join(&seat->link, first);
        first = &seat->link;
        iter->n_ready++;
    }
    aci_list_join(last, first);
}

static void
pend_all_locked(ac_iter *iter, struct aci_link *newest)
{
    struct aci_list *last = iter->pending.prev;
    struct aci_list *first = &iter->pending;
    while (newest != NULL) {
        struct aci_seat *seat =
            aci_container_of(newest, struct aci_seat, admitted);
        newest = newest->next;
        aci_inbox_prefetch(newest);
        aci_list_join(&seat->link, first);
        first = &seat->link;
        iter->n_pending++;
    }
    aci_list_join(last, first);
    for (size_t i = 0; i < ACI_CURSORS; i++) {
        if (iter->cursors[i].at == &iter->pending)
            iter->cursors[i].at = last->next;
    }
}

static void
take_back_locked(ac_iter *iter)
{
    size_t left = aci_outbox_reclaim(&iter->outbox);
    if (left > 0) {
        iter->n_back = left;
        iter->n_ready += left;
    }
}

void
aci_iter_take_in_locked(ac_iter *iter)
{
    take_back_locked(iter);
    /* In this order: what has arrived was admitted before. */
    struct aci_link *arrived = aci_inbox_take_newest(&iter->arrivals);
    pend_all_locked(iter, aci_inbox_take_newest(&iter->admissions));
    ready_all_locked(iter, arrived);
}

bool
aci_iter_shut_locked(ac_iter *iter)
{
    struct aci_link *arrived = aci_inbox_shut_newest(&iter->arrivals);
    pend_all_locked(iter, aci_inbox_take_newest(&iter->admissions));
    ready_all_locked(iter, arrived);
    return arrived != NULL;
}

void
aci_iter_close_locked(ac_iter *iter)
{
    take_back_locked(iter);
    struct aci_link *arrived = aci_inbox_take_newest(&iter->arrivals);
    pend_all_locked(iter, aci_inbox_shut_newest(&iter->admissions));
    ready_all_locked(iter, arrived);
    iter->closed = true;
}

void
aci_iter_open_locked(ac_iter *iter)
{
    if (aci_list_empty(&iter->consumers) && !iter->released &&
        !aci_pollable_is_open(&iter->pollable))
        aci_inbox_open(&iter->arrivals);
}

void
aci_iter_enter(ac_iter *iter)
{
    aci_lock(&iter->mu);
    aci_iter_take_in_locked(iter);
}

/* ---- Waking ---- */

size_t
aci_iter_need_locked(const ac_iter *iter, size_t min)
{
    size_t remaining = aci_iter_remaining_locked(iter);
    if (min > remaining)
        min = remaining;
    return min > 0 ? min : 1;
}

/* Mostly the first member says no. */
bool
aci_iter_stuck_locked(const ac_iter *iter, const struct aci_frame *top)
{
    if (top == NULL || !iter->closed || iter->n_pending == 0)
        return false;
    for (struct aci_list *at = iter->pending.next; at != &iter->pending;
         at = at->next) {
        if (!aci_frame_holds(top, aci_iter_member(iter, seat_of(at))))
            return false;
    }
    return true;
}

void
aci_iter_pick_locked(ac_iter *iter, struct aci_consumer *consumer)
{
    if (consumer->helps != NULL)
        atomic_fetch_sub(&iter->n_helpers, 1);
    aci_unpark(&consumer->parked);
}

static bool
at_end_locked(const ac_iter *iter)
{
    return iter->closed && aci_iter_remaining_locked(iter) == 0;
}

void
aci_iter_show_locked(ac_iter *iter)
{
    if (aci_pollable_is_open(&iter->pollable))
        aci_pollable_set(&iter->pollable,
                         iter->n_ready > 0 || at_end_locked(iter));
}

void
aci_iter_wake_locked(ac_iter *iter)
{
    bool end = at_end_locked(iter);
    struct aci_list *at = iter->consumers.next;
    aci_iter_show_locked(iter);
    while (at != &iter->consumers) {
        struct aci_consumer *consumer = consumer_of(at);
        at = at->next;
        if (!end && iter->n_ready < aci_iter_need_locked(iter, consumer->min) &&
            !aci_iter_stuck_locked(iter, consumer->tasks))
            continue;
        aci_iter_pick_locked(iter, consumer);
        if (!end)
            return;
    }
}

/* A member that is queued in that owner's pool is there: a consumer that
 * works for it would run it, and may have to, if it blocks the only worker. */
static void
wake_helper_locked(ac_iter *iter, const struct aci_owner *owner)
{
    for (struct aci_list *at = iter->consumers.next; at != &iter->consumers;
         at = at->next) {
        if (consumer_of(at)->helps == owner) {
            aci_iter_pick_locked(iter, consumer_of(at));
            return;
        }
    }
}

void
aci_iter_offer(ac_iter *iter, const struct aci_owner *owner)
{
    /* Sequentially consistent: see n_helpers. */
    if (atomic_load(&iter->n_helpers) == 0)
        return;
    aci_lock(&iter->mu);
    wake_helper_locked(iter, owner);
    aci_unlock(&iter->mu);
}

/* ---- Coming in ---- */

int
aci_iter_admit(ac_iter *iter, struct aci_seat *seat)
{
    return aci_inbox_push(&iter->admissions, &seat->admitted, &seat->admitted)
               ? AC_OK
               : AC_ECLOSED;
}

void
aci_iter_retract(ac_iter *iter, struct aci_seat *seat)
{
    aci_iter_enter(iter);
    if (!aci_list_empty(&seat->link)) {
        aci_iter_unpend_locked(iter, seat);
        aci_iter_wake_locked(iter);
    }
    aci_unlock(&iter->mu);
}

/* A member has completed, without the lock if that is possible.  Then whoever
 * did so touches neither again. */
static bool
arrive(ac_iter *iter, struct aci_seat *seat)
{
    struct aci_link *arrival = aci_seat_arrival(seat);
    return aci_inbox_push(&iter->arrivals, arrival, arrival);
}

static void
arrive_locked(ac_iter *iter, struct aci_seat *seat)
{
    become_ready_locked(iter, seat);
    atomic_fetch_add(&iter->told, 1);
    aci_iter_wake_locked(iter);
    /* Who was the last to sleep may take its time to come. */
    aci_iter_open_locked(iter);
}

void
aci_iter_free(ac_iter *iter)
{
    aci_mutex_destroy(&iter->mu);
    aci_free(iter);
}

/* One that the iterator has let go of; it may be gone for everybody else. */
static void
dismiss_locked(ac_iter *iter, struct aci_seat *seat)
{
    bool last = --iter->n_coming == 0 && iter->destroyed;
    aci_unlock(&iter->mu);
    if (last)
        aci_iter_free(iter);
    ac_future_unref(aci_future_of_seat(seat));
}

static void
tell_seat(struct aci_sink *sink, struct aci_seat *seat)
{
    ac_iter *iter = aci_container_of(sink, ac_iter, doors[ACI_DOOR_SEAT]);
    /* Of one that never ran, the link's place is in use (due.h). */
    if (aci_future_ran(aci_future_of_seat(seat)) && arrive(iter, seat))
        return;
    aci_iter_enter(iter);
    if (aci_list_empty(&seat->link)) {
        dismiss_locked(iter, seat);
        return;
    }
    arrive_locked(iter, seat);
    aci_unlock(&iter->mu);
}

/* By the lock, one that is in no list is being detached. */
static void
tell(ac_iter *iter, struct aci_seat *seat)
{
    if (arrive(iter, seat))
        return;
    aci_iter_enter(iter);
    if (!aci_list_empty(&seat->link))
        arrive_locked(iter, seat);
    aci_unlock(&iter->mu);
}

static void
tell_add(struct aci_sink *sink, struct aci_seat *seat)
{
    tell(aci_container_of(sink, ac_iter, doors[ACI_DOOR_ADD]), seat);
}

static void
tell_set(struct aci_sink *sink, struct aci_seat *seat)
{
    tell(aci_container_of(sink, ac_iter, doors[ACI_DOOR_SET]), seat);
}

int
aci_iter_create(size_t n, ac_iter **out)
{
    ac_iter *iter;
    if (aci_fork_watch() != AC_OK)
        return AC_ENOMEM;
    if (!aci_array_fits(n, sizeof *iter->set))
        return AC_ENOMEM;
    iter = aci_alloc_raw(ACI_CACHE_LINE, sizeof *iter + n * sizeof *iter->set);
    if (iter == NULL)
        return AC_ENOMEM;
    memset(iter, 0, sizeof *iter);
    if (aci_mutex_init(&iter->mu) != AC_OK) {
        aci_free(iter);
        return AC_ENOMEM;
    }
    iter->doors[ACI_DOOR_SEAT].tell = tell_seat;
    iter->doors[ACI_DOOR_ADD].tell = tell_add;
    iter->doors[ACI_DOOR_SET].tell = tell_set;
    aci_list_init(&iter->pending);
    aci_list_init(&iter->ready);
    aci_list_init(&iter->consumers);
    for (size_t i = 0; i < ACI_CURSORS; i++)
        iter->cursors[i].at = &iter->pending;
    aci_outbox_init(&iter->outbox);
    aci_inbox_init(&iter->admissions);
    aci_inbox_init(&iter->arrivals);
    atomic_init(&iter->told, 0);
    atomic_init(&iter->n_helpers, 0);
    aci_pollable_init(&iter->pollable);
    iter->born = aci_fork_number();
    *out = iter;
    return AC_OK;
}

int
ac_iter_open(ac_iter **iter)
{
    return iter == NULL ? AC_EINVAL : aci_iter_create(0, iter);
}

/* ---- What its holders may ask ---- */

/* The descriptor is made without the lock; if two threads are at it, one of
 * them was in vain. */
int
ac_iter_fd(ac_iter *iter, int *fd)
{
    struct aci_pollable made;
    int rc = AC_OK;
    if (iter == NULL || fd == NULL)
        return AC_EINVAL;
    if (aci_forked(iter->born))
        return AC_EFORKED;
    aci_pollable_init(&made);
    aci_iter_enter(iter);
    if (!aci_pollable_is_open(&iter->pollable)) {
        aci_unlock(&iter->mu);
        rc = aci_pollable_open(&made);
        aci_iter_enter(iter);
    }
    if (rc == AC_OK && !aci_pollable_is_open(&iter->pollable)) {
        iter->pollable = made;
        aci_pollable_init(&made);
        aci_iter_shut_locked(iter);
        aci_iter_show_locked(iter);
    }
    if (aci_pollable_is_open(&iter->pollable)) {
        *fd = iter->pollable.fd;
        rc = AC_OK;
    }
    aci_unlock(&iter->mu);
    aci_pollable_close(&made);
    return rc;
}

size_t
ac_iter_remaining(const ac_iter *iter)
{
    if (iter == NULL || aci_forked(iter->born))
        return 0;
    ac_iter *inner = (ac_iter *)iter; /* to take in changes no value */
    aci_iter_enter(inner);
    size_t n = aci_iter_remaining_locked(iter);
    aci_unlock(&inner->mu);
    return n;
}

/* Visit each pending member once: the one visited goes to the end of the
 * list, or completes.  Members added meanwhile are behind those.  Two at once
 * share the walk. */
int
ac_iter_cancel(ac_iter *iter)
{
    if (iter == NULL)
        return AC_EINVAL;
    if (aci_forked(iter->born))
        return AC_EFORKED;
    aci_iter_enter(iter);
    for (size_t n = iter->n_pending; n > 0 && iter->n_pending > 0; n--) {
        struct aci_seat *seat = seat_of(iter->pending.next);
        aci_iter_unpend_locked(iter, seat);
        aci_iter_pend_locked(iter, seat);
        ac_future *future = ac_future_ref(aci_iter_member(iter, seat));
        aci_unlock(&iter->mu);
        ac_future_cancel(future);
        ac_future_unref(future);
        aci_iter_enter(iter);
    }
    aci_unlock(&iter->mu);
    return AC_OK;
}
