/*
 * result - what a finished future left
 *
 * Locking: none; the result is immutable once the state word says finished,
 * and who owns it is one bit of that word.
 * Lifetime: the result is the future's until taken.
 *
 * SPDX-License-Identifier: MIT
 */
#include "future.h"
#include "wait.h"

int
ac_future_get(ac_future *future, ac_deadline deadline, void **result)
{
    int rc = aci_await(future, deadline);
    if (rc != AC_OK)
        return rc;
    uint32_t state = aci_future_state(future);
    if (state & ACI_TAKEN)
        return AC_ENOENT;
    if ((state & ACI_RAN) && result != NULL)
        *result = future->work.result;
    return (int)(state & ACI_STATUS);
}

int
ac_future_take(ac_future *future, ac_deadline deadline, void **result)
{
    if (result == NULL)
        return AC_EINVAL;
    int rc = aci_await(future, deadline);
    if (rc != AC_OK)
        return rc;
    uint32_t state = aci_future_state(future);
    if (state & ACI_RAN) {
        if (!aci_future_take_result(future))
            return AC_ENOENT;
        *result = future->work.result;
    }
    return (int)(state & ACI_STATUS);
}
