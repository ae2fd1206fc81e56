/*
 * park - a thread that sleeps until another one picks it
 *
 * Locking: the mutex given to aci_park() guards the record and the list that
 * it is in; every waker holds it.
 * Lifetime: the record lives with its thread, mostly on its stack.  As the
 * signal is sent with the mutex held, the waker is done with the record when
 * the thread runs again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "park.h"

#include <errno.h>

#include "clock.h"

int
aci_parked_init(struct aci_parked *parked)
{
    int rc = -1;
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return AC_ENOMEM;
#ifdef HAVE_PTHREAD_CONDATTR_SETCLOCK
    if (pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0)
        goto out;
#endif
    rc = pthread_cond_init(&parked->cond, &attr);
    aci_list_init(&parked->link);
    parked->woken = false;
#ifdef HAVE_PTHREAD_CONDATTR_SETCLOCK
out:
#endif
    pthread_condattr_destroy(&attr);
    return rc == 0 ? AC_OK : AC_ENOMEM;
}

void
aci_parked_destroy(struct aci_parked *parked)
{
    pthread_cond_destroy(&parked->cond);
}

static void
wait_until(struct aci_parked *parked, struct aci_mutex *mu,
           ac_deadline deadline)
{
#ifdef HAVE_PTHREAD_CONDATTR_SETCLOCK
    struct timespec until = aci_deadline_timespec(deadline);
    pthread_cond_timedwait(&parked->cond, &mu->os, &until);
#else /* Darwin: no monotonic condition variable, but a relative wait */
    ac_deadline now = ac_now();
    struct timespec left =
        aci_deadline_timespec(deadline > now ? deadline - now : 0);
    pthread_cond_timedwait_relative_np(&parked->cond, &mu->os, &left);
#endif
}

bool
aci_park(struct aci_parked *parked, struct aci_mutex *mu, ac_deadline deadline)
{
    aci_assert(!aci_list_empty(&parked->link));
    int cancelable = aci_cancel_disable();
    /* What the wait returns is not looked at: being picked is what counts, and
     * the clock decides whether the deadline has passed, never early. */
    parked->woken = false;
    while (!parked->woken && !aci_deadline_passed(deadline)) {
        if (deadline == AC_FOREVER)
            pthread_cond_wait(&parked->cond, &mu->os);
        else
            wait_until(parked, mu, deadline);
    }
    aci_cancel_restore(cancelable);
    if (!parked->woken)
        aci_list_remove(&parked->link);
    return parked->woken;
}

void
aci_unpark(struct aci_parked *parked)
{
    aci_list_remove(&parked->link);
    parked->woken = true;
    pthread_cond_signal(&parked->cond);
}

bool
aci_unpark_first(struct aci_list *waiting)
{
    if (aci_list_empty(waiting))
        return false;
    aci_unpark(aci_container_of(waiting->next, struct aci_parked, link));
    return true;
}

void
aci_unpark_all(struct aci_list *waiting)
{
    while (aci_unpark_first(waiting))
        continue;
}
