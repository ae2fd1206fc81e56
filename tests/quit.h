/*
 * Tasks that end their thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef QUIT_H
#define QUIT_H

#include "support.h"

#if defined(__SANITIZE_ADDRESS__)
#define QUIT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QUIT_ADDRESS_SANITIZER 1
#endif
#endif

#ifdef QUIT_ADDRESS_SANITIZER
void __asan_handle_no_return(void);
#endif

/* Cleanup handler for a task that may be canceled: AddressSanitizer does not
 * see that the frames are left. */
static inline void
quit_leave_frames(void *unused)
{
    (void)unused;
#ifdef QUIT_ADDRESS_SANITIZER
    __asan_handle_no_return();
#endif
}

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
