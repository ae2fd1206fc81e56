/*
 * wait - block until one future is done
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_WAIT_H
#define ACI_WAIT_H

#include "future.h"

/* ac_future_wait() for the layers above: the future is not NULL. */
int aci_await(ac_future *future, ac_deadline deadline);

#endif
