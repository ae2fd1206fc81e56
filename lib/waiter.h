/*
 * waiter - who wants to hear of a future's completion
 *
 * One of the two upward calls (owner.h is the other): a future knows neither
 * iterators nor waits, only sinks.
 *
 * The contract of tell():
 * - called once for each registration, by whoever finishes the future, in any
 *   thread, after the future is done;
 * - runs no user code, allocates nothing, and takes no lock but the sink's;
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

#include "list.h"
#include "port.h"

struct aci_seat;

struct aci_sink {
    void (*tell)(struct aci_sink *sink, struct aci_seat *seat); /* immutable */
};

/* A place at a sink.  Each future has one built in, see future.h. */
struct aci_seat {
    struct aci_list link; /* the sink's lock: for the sink's own use */
    struct aci_sink *sink; /* immutable */
};

/* A registration beside the built-in one. */
struct aci_waiter {
    struct aci_seat seat;
    struct aci_chain on_future; /* stripe: the future's other waiters */
    ac_future *future;          /* immutable while registered */
};

#endif
