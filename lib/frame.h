/*
 * frame - the tasks that the calling thread is running, innermost first
 *
 * A worker that waits for a queued task may run it in place, on top of the one
 * that waits; so one thread can be inside several tasks.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_FRAME_H
#define ACI_FRAME_H

#include "owner.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct aci_frame {
    ac_future *future;       /* owner thread: the frame's task */
    const atomic_bool *stop; /* owner thread: all tasks were asked to stop */
    struct aci_frame *below; /* owner thread: the task that waits for it */
    size_t depth;            /* owner thread: 1 for the outermost */
};

/* This thread works for `owner` from now on; NULL, the default: for nobody. */
void aci_thread_works_for(const struct aci_owner *owner);
const struct aci_owner *aci_thread_owner(void);

void aci_frame_push(struct aci_frame *frame, ac_future *future,
                    const atomic_bool *stop);
void aci_frame_pop(void);

/* How many tasks this thread is inside of. */
size_t aci_frame_depth(void);

/* The innermost frame of this thread, or NULL. */
const struct aci_frame *aci_frame_top(void);

/* Is this task one of those from `top` down?  While its thread sleeps, any
 * thread may ask. */
bool aci_frame_holds(const struct aci_frame *top, const ac_future *future);

/* Is the calling thread running it?  To wait for it is to wait for oneself. */
bool aci_frame_runs(const ac_future *future);

#endif
