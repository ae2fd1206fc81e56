/*
 * room - how tasks get into a pool's queue, which may be full
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_ROOM_H
#define ACI_ROOM_H

#include "pool.h"

/* A submission.  Who has put it into the line leaves it to the pool's mutex
 * until he is out of the line. */
struct aci_batch {
    struct aci_link *newest; /* owner thread: NEW ones, by tail.intake, in */
    struct aci_link *oldest; /* reverse; until they are accepted */
    size_t n;                /* immutable */
    bool wait;               /* immutable: for room, until: */
    ac_deadline room_by;     /* immutable */
    ac_future **out; /* immutable: gets them, if not NULL and all are in */
};

/* Accept all of them or none: their queue references go with them.  AC_OK,
 * AC_ESHUTDOWN, AC_EAGAIN, AC_ETIMEDOUT or AC_ENOMEM. */
int aci_room_push(ac_pool *pool, struct aci_batch *batch);

/* The queue has become shorter: accept the batches of those who wait for room,
 * as far as it goes, and wake them. */
void aci_room_grant_locked(ac_pool *pool);

/* The pool accepts no more: wake all who wait for room. */
void aci_room_refuse_locked(ac_pool *pool);

#endif
