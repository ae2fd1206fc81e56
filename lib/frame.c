/*
 * frame - the tasks that the calling thread is running, innermost first
 *
 * Locking: none; a thread sees only its own frames.
 * Lifetime: a frame lives on the stack of the function that runs its task.
 * The thread-local state has no destructor: calls from other destructors at
 * the end of a thread find it intact.
 *
 * SPDX-License-Identifier: MIT
 */
#include "frame.h"

#include "fork.h"
#include "future.h"

static ACI_THREAD_LOCAL struct aci_frame *innermost;
static ACI_THREAD_LOCAL const struct aci_owner *works_for;
static ACI_THREAD_LOCAL unsigned works_in; /* the process: see fork.h */

void
aci_thread_works_for(const struct aci_owner *owner)
{
    works_for = owner;
    works_in = aci_fork_number();
}

const struct aci_owner *
aci_thread_owner(void)
{
    return works_for != NULL && !aci_forked(works_in) ? works_for : NULL;
}

void
aci_frame_push(struct aci_frame *frame, ac_future *future,
               const atomic_bool *stop)
{
    frame->future = future;
    frame->stop = stop;
    frame->below = innermost;
    frame->depth = aci_frame_depth() + 1;
    innermost = frame;
}

void
aci_frame_pop(void)
{
    innermost = innermost->below;
}

size_t
aci_frame_depth(void)
{
    return innermost == NULL ? 0 : innermost->depth;
}

const struct aci_frame *
aci_frame_top(void)
{
    return innermost;
}

bool
aci_frame_holds(const struct aci_frame *top, const ac_future *future)
{
    for (const struct aci_frame *at = top; at != NULL; at = at->below) {
        if (at->future == future)
            return true;
    }
    return false;
}

bool
aci_frame_runs(const ac_future *future)
{
    return aci_frame_holds(innermost, future);
}

int
ac_cancel_requested(void)
{
    if (innermost == NULL || aci_forked(innermost->future->cache->born))
        return 0;
    return aci_future_asked(innermost->future) || atomic_load(innermost->stop);
}
