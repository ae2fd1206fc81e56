/*
 * wait - block until one future is done
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_WAIT_H
#define ACI_WAIT_H

#include "fork.h"
#include "future.h"

/* ac_future_wait() for one of this process, which was not finished. */
int aci_await_unfinished(ac_future *future, ac_deadline deadline);

/* The same for any, as a caller gives it. */
static inline int
aci_await(ac_future *future, ac_deadline deadline)
{
    if (future == NULL)
        return AC_EINVAL;
    if (aci_forked(future->cache->born))
        return AC_EFORKED;
    if (aci_future_finished(future))
        return AC_OK;
    return aci_await_unfinished(future, deadline);
}

#endif
