/*
 * pace - do the workers that are awake keep up?
 *
 * Where tasks take next to nothing, one awake worker for each processor runs
 * all of them; one more only takes the processor from these, and from those who
 * submit.  So for as long as they keep up no more are woken to start one task
 * more; instead one stands by: it sleeps for a stretch of time, sees whether
 * they still do, and if not goes to work and has the next one woken.
 *
 * They do if in the last stretch each of them had a task every few
 * microseconds on average, and there are as many of them as there are
 * processors, without those that were in one task all the time.
 *
 * An average hides the few tasks that sleep.  So who is about to stand by, or
 * to go on with that, gives its processor away first, if there is something
 * queued: if nobody wants it, then somebody sleeps in a task, they do not keep
 * up, and are not taken to for a while.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_PACE_H
#define ACI_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stretch in ns.  It is longer when nobody asks, and as timers are late. */
#define ACI_STRETCH_NS INT64_C(50000)

struct aci_pace {
    size_t processors; /* immutable */
    int64_t since;     /* pool's mu: when this stretch began */
    unsigned stretch;  /* pool's mu: its number */
    size_t started;    /* pool's mu: tasks that began in it */
    size_t running;    /* pool's mu: those of them that have not ended */
    size_t stuck;      /* pool's mu: tasks that ran all through the last one */
    bool fast;         /* pool's mu: there was one every few microseconds */
    int64_t doubtful;  /* pool's mu: until then, they do not keep up */
    bool standby;      /* pool's mu: a worker stands by, */
    bool yields;       /* pool's mu: and gives its processor away meanwhile */
};

void aci_pace_init(struct aci_pace *pace, size_t processors);

/* A task begins; the stretch is to be kept for its end. */
static inline unsigned
aci_pace_begin_locked(struct aci_pace *pace)
{
    pace->started++;
    pace->running++;
    return pace->stretch;
}

static inline void
aci_pace_end_locked(struct aci_pace *pace, unsigned stretch)
{
    if (stretch == pace->stretch)
        pace->running--;
}

/* There is something queued, and a processor that nobody wants: for a while,
 * nobody keeps up. */
void aci_pace_doubt_locked(struct aci_pace *pace, int64_t now);

/* Do so many workers keep up, if all that are awake run so many tasks now? */
bool aci_pace_suffices_locked(struct aci_pace *pace, size_t workers,
                              size_t tasks, int64_t now);

#endif
