/*
 * waiter - who wants to hear of a future's completion
 *
 * One of the two upward calls (owner.h is the other): a future knows neither
 * iterators nor waits, only sinks.
 *
 * The contract of tell():
 * - called once for each registration, by whoever finishes the future, in any
 *   thread, after the future is done;
 * - allocates nothing, takes no lock but the sink's, and runs no user code but
 *   the free function of a future whose last reference it has got;
 * - the registration is out of the future's chain already, and whoever tells
 *   does not touch it again: it may be freed before tell() has returned.
 *
 * A waiter is told with the future's stripe lock held.  To detach it is to lock
 * the stripe and unlink: afterwards no tell() can come, and none is running.
 * So a waiter may live on a stack.
 *
 * The built-in seat is told without a lock, and tell() gets a reference to the
 * future.  To detach that one may fail: then tell() is on its way, and the sink
 * stays until it has come.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_WAITER_H
#define ACI_WAITER_H

#include "inbox.h"
#include "list.h"
#include "port.h"

#include <assert.h>

struct aci_seat;

struct aci_sink {
    void (*tell)(struct aci_sink *sink, struct aci_seat *seat); /* immutable */
};

/* A place at a sink.  Each future has one built in, see future.h. */
struct aci_seat {
    union {
        struct aci_list link;     /* the sink's lock: for the sink's own use */
        struct aci_link admitted; /* the sink's: on its way into a list */
    };
    struct aci_sink *sink; /* immutable once in use */
};

/* A registration beside the built-in one. */
struct aci_waiter {
    union {
        struct aci_chain on_future; /* stripe: the future's other waiters */
        /* of who tells, then the sink's: of one that is in no chain any more */
        struct aci_link arrival;
    };
    struct aci_seat seat;
    ac_future *future; /* immutable while registered */
};

/* A link that is free while the seat is told, and belongs to the sink then.  It
 * stands right before the seat, in a future too. */
#define ACI_ARRIVAL_BYTES sizeof(struct aci_list)

static_assert(offsetof(struct aci_waiter, seat) -
                      offsetof(struct aci_waiter, on_future) ==
                  ACI_ARRIVAL_BYTES,
              "the way to a seat is right before it");

static inline struct aci_link *
aci_seat_arrival(struct aci_seat *seat)
{
    return (struct aci_link *)(void *)((char *)seat - ACI_ARRIVAL_BYTES);
}

static inline struct aci_seat *
aci_seat_of_arrival(struct aci_link *arrival)
{
    return (struct aci_seat *)(void *)((char *)arrival + ACI_ARRIVAL_BYTES);
}

#endif
