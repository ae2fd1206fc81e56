/*
 * due - what completions made by this thread still owe
 *
 * Whoever finishes a future tells its iterators and waits at once.  What is
 * left is due on the same thread: its done callbacks, and, for one that ended
 * before it ran, the settling of its account.  aci_due_run() does all that.
 *
 * A callback may finish other futures; what is due for these waits until it
 * has returned, so callbacks never nest.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_DUE_H
#define ACI_DUE_H

#include "list.h"
#include "port.h"

#include <stdbool.h>

/* A callback to be made. */
struct aci_due {
    struct aci_list link;              /* owner thread */
    ac_future *future;                 /* owner thread: a reference */
    ac_done_fn *fn;                    /* immutable */
    void *arg;                         /* immutable */
    void (*done)(struct aci_due *due); /* immutable: frees the record */
};

/* Due after all that is due already. */
void aci_due_callback(struct aci_due *due);

/* This future ended before it ran; the caller's reference, which was the
 * queue's, goes with it.  It is in no queue any more. */
void aci_due_account(ac_future *future);

/* Call what is due, then settle what is due, then let go of it.  No lock is
 * held.  Within a callback it does nothing: who called that goes on. */
void aci_due_run(void);

/* Is this thread inside a callback, a trace or a free function that it called
 * for what was due?  Then it runs no task in place: that one could not be told
 * of in there, or could end the thread where nobody expects it. */
bool aci_due_running(void);

#endif
