/*
 * owner - what a future may ask of whatever runs it
 *
 * One of the two upward calls (waiter.h is the other): a future knows no pool,
 * only this.  A pool is an owner.
 *
 * The owner of a future lives at least until the future is finished and
 * everyone was told; whoever claims a task owes its owner one accounting step
 * after that, and an owner waits for these steps before it goes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_OWNER_H
#define ACI_OWNER_H

#include "port.h"

#include <stdbool.h>

struct aci_owner;

struct aci_owner_ops {
    /* `future` was canceled by the caller while it was queued, and everyone
     * was told: take it out of the queue, and settle its account.  Called
     * with no lock held; the last touch of the owner. */
    void (*forget)(struct aci_owner *owner, ac_future *future);

    /* Run `future` here and now, if it is queued, the caller is one of the
     * owner's workers and the rules for a wait with that deadline allow it.
     * The caller holds a reference to the future, and no lock.  True if it
     * ran: it is finished then. */
    bool (*help)(struct aci_owner *owner, ac_future *future,
                 ac_deadline deadline);

    /* May a wait with that deadline, in one of the owner's workers, run a task
     * of the owner's? */
    bool (*may_help)(const struct aci_owner *owner, ac_deadline deadline);
};

struct aci_owner {
    const struct aci_owner_ops *ops; /* immutable */
};

#endif
