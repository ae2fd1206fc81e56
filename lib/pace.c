/*
 * pace - do the workers that are awake keep up?
 *
 * Locking: the pool's mutex; there is none in here.
 * Lifetime: part of the pool.
 *
 * SPDX-License-Identifier: MIT
 */
#include "pace.h"

/* A task of a worker that keeps up, with what is around it; a test may want
 * others. */
#ifndef ACI_TASK_NS
#define ACI_TASK_NS 4000
#endif

/* So long they are not believed. */
#define DOUBT_NS INT64_C(1000000)

void
aci_pace_init(struct aci_pace *pace, size_t processors)
{
    *pace = (struct aci_pace){.processors = processors};
}

/* `took` is what the stretch has taken. */
static void
next_stretch_locked(struct aci_pace *pace, size_t workers, size_t tasks,
                    int64_t took)
{
    size_t each = pace->started / (workers > 0 ? workers : 1);
    pace->fast = each >= (uint64_t)took / ACI_TASK_NS;
    pace->stuck = tasks - pace->running;
    pace->since += took;
    pace->stretch++;
    pace->started = 0;
    pace->running = 0;
}

void
aci_pace_doubt_locked(struct aci_pace *pace, int64_t now)
{
    pace->doubtful = now + DOUBT_NS;
}

bool
aci_pace_suffices_locked(struct aci_pace *pace, size_t workers, size_t tasks,
                         int64_t now)
{
    int64_t took = now - pace->since;
    if (took >= ACI_STRETCH_NS)
        next_stretch_locked(pace, workers, tasks, took);
    return pace->fast && now >= pace->doubtful &&
           workers >= pace->processors + pace->stuck;
}
