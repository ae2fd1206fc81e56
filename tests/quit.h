/*
 * Tasks that end their thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef QUIT_H
#define QUIT_H

#include "support.h"

/* ac_task_fn: leaves its argument as its result, and ends its thread. */
static inline int
quit_task(void *arg, void **result)
{
    *result = arg;
    pthread_exit(NULL);
}

/* ac_task_fn: the same once the support_gate it is given is open. */
static inline int
quit_when_open(void *arg, void **result)
{
    support_gate_wait(arg);
    return quit_task(arg, result);
}

#endif /* QUIT_H */
