/*
 * iter - the iterator: a completion queue
 *
 * A member is a future that was added and not yet handed out.  It is pending
 * until its completion is told, then ready; the iterator owns a reference to it
 * then, which next hands over.
 *
 * A member sits on a seat, and the door it came in by says what that is:
 *   ACI_DOOR_SEAT  the future's built-in seat (ac_iter_submit; ac_iter_add and
 *                  ac_as_completed for the first one).  While it is pending
 *                  the queue's reference keeps it, or that of who submits or
 *                  adds it; who tells hands one to the iterator
 *   ACI_DOOR_ADD   a struct aci_waiter of its own, freed at hand-over; the
 *                  iterator owns a reference from the beginning
 *   ACI_DOOR_SET   one of the struct aci_waiter in the iterator itself; the
 *                  same
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_ITER_H
#define ACI_ITER_H

#include "frame.h"
#include "future.h"
#include "inbox.h"
#include "outbox.h"
#include "park.h"
#include "pollable.h"
#include "waiter.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum aci_door { ACI_DOOR_SEAT, ACI_DOOR_ADD, ACI_DOOR_SET, ACI_DOORS };

/* A worker that looks for a member to run need not look at those before `at`
 * again: they are not of its owner's, or have started. */
struct aci_cursor {
    struct aci_list *at;           /* iter's mu */
    const struct aci_owner *owner; /* iter's mu; compared, never followed */
};

#define ACI_CURSORS 2

struct ac_iter {
    struct aci_sink doors[ACI_DOORS]; /* immutable */
    unsigned born;                    /* immutable: see fork.h */

    /*
     * Members come in by `admissions` without mu, until it is closed; then it
     * is shut.  Completions come in by `arrivals` without mu, while nobody
     * sleeps and there is no descriptor; else it is shut, and they come by the
     * lock.  Whoever locks mu takes both in first (aci_iter_enter), but for one
     * who has enough in what is ready.
     */
    _Alignas(ACI_CACHE_LINE) struct aci_inbox arrivals; /* aci_seat_arrival() */
    /* atomic: how often one came by the lock; for who watches, a hint */
    atomic_uint told;

    _Alignas(ACI_CACHE_LINE) struct aci_inbox admissions; /* by `admitted` */
    /*
     * atomic, changed under mu: consumers that would run a queued member of
     * their own pool.  ac_iter_submit leaves a member in the pool's intake,
     * or in a nest, without mu, then reads this; a consumer counts itself here,
     * then looks for QUEUED members, and has the pool take in those that are
     * NEW.  All these steps are sequentially consistent, so one sees the
     * other.
     */
    atomic_size_t n_helpers;

    /*
     * Ready ones that consumers take without mu: while nobody sleeps and there
     * is no descriptor; else it is empty.  Whoever locks mu to do something
     * with what is ready takes them back first, unless he takes just one.
     */
    _Alignas(ACI_CACHE_LINE) struct aci_outbox outbox;

    struct aci_mutex mu;
    struct aci_list pending;   /* mu: seats; cancel rotates them */
    struct aci_list ready;     /* mu: seats, in the order of completion */
    struct aci_list consumers; /* mu: struct aci_consumer.parked, FIFO */
    size_t n_pending;          /* mu */
    size_t n_ready;            /* mu: with n_back and n_done of them */
    size_t n_coming; /* mu: no members any more, but tell() is on its way */
    size_t n_back;   /* mu: still in the outbox, but taken back; the first */
    /* mu: of ac_as_completed, those that had ended before; they come next */
    ac_future **done;
    size_t n_done; /* mu */
    int64_t few_at; /* mu: when few of many were ready, last time; or 0 */
    bool closed;               /* mu: no more adds */
    bool released;             /* mu: let go of what is unfinished */
    bool destroyed;            /* mu: who tells the last one frees it */
    /* mu: shows whether next would return something; made on request */
    struct aci_pollable pollable;

    /* mu: the workers of two pools may look for members to run; those of a
     * third make one of these begin anew */
    struct aci_cursor cursors[ACI_CURSORS];

    struct aci_waiter set[]; /* for the members of ac_as_completed() */
};

/* A thread that waits in next. */
struct aci_consumer {
    struct aci_parked parked;      /* mu */
    size_t min;                    /* immutable: how many it waits for */
    const struct aci_owner *helps; /* mu: whose tasks it would run in place */
    const struct aci_frame *tasks; /* immutable: what it is running */
};

/* An iterator with room for n members in itself.  AC_OK or AC_ENOMEM. */
int aci_iter_create(size_t n, ac_iter **iter);

/* It is nobody's any more, and holds nothing. */
void aci_iter_free(ac_iter *iter);

static inline struct aci_sink *
aci_iter_door(ac_iter *iter, enum aci_door door)
{
    return &iter->doors[door];
}

/* The future that sits there. */
static inline ac_future *
aci_iter_member(const ac_iter *iter, struct aci_seat *seat)
{
    if (seat->sink == &iter->doors[ACI_DOOR_SEAT])
        return aci_future_of_seat(seat);
    return aci_container_of(seat, struct aci_waiter, seat)->future;
}

/* Admit a pending member whose sink is set.  AC_OK or AC_ECLOSED. */
int aci_iter_admit(ac_iter *iter, struct aci_seat *seat);

/* Make a member of a future of the caller's, on its own seat, which is this
 * iterator's already, or on that record.  AC_OK or AC_ECLOSED. */
int aci_iter_join_seat(ac_iter *iter, ac_future *future);
int aci_iter_join(ac_iter *iter, struct aci_waiter *waiter, ac_future *future,
                  enum aci_door door);

/* Take back the admission of a future that was never accepted; no-op if the
 * iterator has let go of it. */
void aci_iter_retract(ac_iter *iter, struct aci_seat *seat);

/* A pending member became QUEUED: wake a consumer that would run it. */
void aci_iter_offer(ac_iter *iter, const struct aci_owner *owner);

/* Lock the mutex, and take in what came in without it. */
void aci_iter_enter(ac_iter *iter);

/* ---- With the mutex held ---- */

/* What came in without the mutex becomes pending, and what completed
 * without it ready. */
void aci_iter_take_in_locked(ac_iter *iter);

/* The same, and shut `arrivals` for as long as somebody sleeps.  True if there
 * was something: then look again before sleeping. */
bool aci_iter_shut_locked(ac_iter *iter);

/* Open it again if nothing needs it shut. */
void aci_iter_open_locked(ac_iter *iter);

/* Take in what came in without the mutex, and let no more members in. */
void aci_iter_close_locked(ac_iter *iter);

/* The outbox was taken back. */
static inline size_t
aci_iter_remaining_locked(const ac_iter *iter)
{
    aci_assert(aci_outbox_left(&iter->outbox) == 0);
    return iter->n_pending + iter->n_ready;
}

/* How many must be ready for a consumer that wants `min`. */
size_t aci_iter_need_locked(const ac_iter *iter, size_t min);

/* Is all that is left pending, and among the tasks from `top` down?  Then
 * whoever runs them would wait for himself. */
bool aci_iter_stuck_locked(const ac_iter *iter, const struct aci_frame *top);

/* The descriptor, if there is one, is readable exactly while next would return
 * at once.  To be called in the critical section that may have changed that. */
void aci_iter_show_locked(ac_iter *iter);

/* Wake the first consumer that can be served with what is ready, or is stuck;
 * every consumer when there is nothing left to wait for; and show it.  To be
 * called whenever something became ready, and by a consumer that leaves or did
 * not take what it was woken for. */
void aci_iter_wake_locked(ac_iter *iter);

/* Put a member on, or take it off, the pending list. */
void aci_iter_pend_locked(ac_iter *iter, struct aci_seat *seat);
void aci_iter_unpend_locked(ac_iter *iter, struct aci_seat *seat);

/* Take a consumer off the list and wake it. */
void aci_iter_pick_locked(ac_iter *iter, struct aci_consumer *consumer);

#endif
