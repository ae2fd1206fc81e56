/*
 * lookout - how a worker that has nothing to do looks for something
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_LOOKOUT_H
#define ACI_LOOKOUT_H

#include "pool.h"

/* It runs tasks from now on, or does no more: a hint for those who spin. */
void aci_lookout_be_active(struct aci_worker *self, bool active);

/* Rest, if it has run something; then watch the intake for a moment, if no
 * other worker does so.  The mutex is released meanwhile. */
void aci_lookout_watch_locked(struct aci_worker *self);

/* Sleep until woken, unless there is something after all. */
void aci_lookout_sleep_locked(struct aci_worker *self);

#endif
