/*
 * run - one task on the thread that runs it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_RUN_H
#define ACI_RUN_H

#include "frame.h"
#include "stats.h"

#include <stdint.h>

struct aci_worker;

struct aci_run {
    struct aci_frame frame;     /* owner thread */
    struct aci_worker *worker;  /* immutable: whose thread it is */
    ac_pool *pool;              /* owner thread */
    ac_future *future;          /* owner thread; NULL: it is finished */
    int64_t started;            /* owner thread; with timing */
    void *result;               /* owner thread: what the task leaves */
    struct aci_outcome outcome; /* owner thread; of the last one */
};

/* Run a claimed task, finish it, drop the queue's reference.  The account is
 * left to the caller. */
void aci_run(struct aci_run *run, ac_pool *pool, ac_future *future);

/* The thread is being ended: finish the task that it was running, if any. */
void aci_run_abort(struct aci_run *run);

/* Run a claimed task on top of the one that the calling thread is running, and
 * settle. */
void aci_run_nested(ac_pool *pool, ac_future *future);

/* The worker whose task the calling thread is running, or NULL.  Frames are
 * pushed by aci_run() alone, each as part of a struct aci_run. */
static inline struct aci_worker *
aci_run_worker(void)
{
    const struct aci_frame *top = aci_frame_top();
    if (top == NULL)
        return NULL;
    return aci_container_of(top, struct aci_run, frame)->worker;
}

#endif
