/*
 * owner - what a future may ask of whatever resolves it
 *
 * One of the two upward calls (waiter.h is the other): a future knows no pool,
 * only this.  A pool is an owner; so is what stands behind promises.
 *
 * The owner of a future lives at least until the future is finished, everyone
 * was told, and its account is settled; whoever starts a task, or ends it
 * before, owes its owner that step, and an owner waits for these steps before
 * it goes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_OWNER_H
#define ACI_OWNER_H

#include "port.h"

#include <stdbool.h>

struct aci_owner;

/* All are called with no lock held, but refresh() for an iterator's. */
struct aci_owner_ops {
    /* Some of the owner's futures may be accepted and still NEW: make them
     * QUEUED.  A task of one of its workers waits in the iterator that the
     * caller has locked, or he holds the door of its cache (cache.h): nothing
     * else keeps it. */
    void (*refresh)(const struct aci_owner *owner);

    /* The caller has taken `future` out of the QUEUED state: take it out of
     * the queue too, if it is still there; its room is free then.  The queue's
     * reference is the caller's. */
    void (*unqueue)(const struct aci_owner *owner, ac_future *future);

    /* The caller has ended `future` before it ran, everyone was told, and its
     * callbacks have returned.  The last touch of the owner. */
    void (*settle)(const struct aci_owner *owner, ac_future *future);

    /* Run `future` here and now, if it is accepted, the caller is one of the
     * owner's workers and the rules for a wait with that deadline allow it.
     * The caller holds a reference to the future.  True if it ran: it is
     * finished then. */
    bool (*help)(const struct aci_owner *owner, ac_future *future,
                 ac_deadline deadline);

    /* May a wait with that deadline, in one of the owner's workers, run a task
     * of the owner's? */
    bool (*may_help)(const struct aci_owner *owner, ac_deadline deadline);
};

struct aci_owner {
    const struct aci_owner_ops *ops; /* immutable */
};

#endif
