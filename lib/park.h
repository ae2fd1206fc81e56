/*
 * park - a thread that sleeps until another one picks it
 *
 * The parking rule: at most one thread ever waits on a condition variable.
 * glibc 2.25 to 2.40 can lose a signal when two do (BZ 25847).  So whoever has
 * to wait puts a record of his own, with a condition variable of its own, into
 * the list of those who wait; the waker picks a record under the mutex that
 * guards the list, takes it out, marks it and signals while it still holds
 * that mutex.  This also makes the order of waking exact, and wakes nobody in
 * vain.
 *
 * No other file uses pthread_cond_*.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_PARK_H
#define ACI_PARK_H

#include "list.h"
#include "port.h"

#include <pthread.h>
#include <stdbool.h>

struct aci_parked {
    struct aci_list link; /* mu: in the list of those who wait */
    pthread_cond_t cond;  /* mu */
    bool woken;           /* mu: picked since it was put into the list */
};

/* AC_OK, or AC_ENOMEM when the system refuses a condition variable. */
int aci_parked_init(struct aci_parked *parked);
void aci_parked_destroy(struct aci_parked *parked);

/*
 * Sleep until picked (true) or the deadline passes (false; the record is then
 * out of the list again).  The caller holds `mu`, which is released meanwhile,
 * and has put parked->link into a list that `mu` guards.  Not a cancellation
 * point.
 */
bool aci_park(struct aci_parked *parked, struct aci_mutex *mu,
              ac_deadline deadline);

/* Pick this one.  The caller holds the mutex. */
void aci_unpark(struct aci_parked *parked);

/* Pick the first of the list; false when nobody waits. */
bool aci_unpark_first(struct aci_list *waiting);
void aci_unpark_all(struct aci_list *waiting);

#endif
