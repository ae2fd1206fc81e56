/*
 * spin - look again for a moment before going to sleep
 *
 * To sleep and be woken costs some fifty microseconds; so whoever runs out of
 * work looks again for up to twenty, giving the processor away from the first
 * one on.  It helps only while a processor would be idle otherwise; and who has
 * given its processor to somebody that computes gets it back much later than
 * one that is woken: then nobody does so for a while.  That is what the one
 * piece of process-wide state is for: a line of hints, which may be wrong
 * without harm.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_SPIN_H
#define ACI_SPIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many processors are there for us. */
void aci_spin_processors(size_t n);

/* In a child of fork(): no worker of the parent's is here. */
void aci_spin_forget(void);

/* A worker begins or ends a stretch of tasks. */
void aci_spin_busy(void);
void aci_spin_idle(void);

/* One worker at most in the process spins, but for a moment.  True: it is the
 * caller, until aci_spin_leave(). */
bool aci_spin_enter(void);
void aci_spin_leave(void);

struct aci_spin {
    int64_t until;    /* owner thread: when to stop */
    int64_t gentle;   /* owner thread: from when on to yield */
    int64_t deadline; /* owner thread: a consumer's */
    int64_t away;     /* owner thread: how long it had no processor, at most */
    bool crowded;     /* owner thread: others ran there meanwhile */
};

/* Both give the processor away only as long as they get it back in time.  A
 * consumer: short while every processor has a worker to run. */
void aci_spin_start_consumer(struct aci_spin *spin, int64_t deadline);
void aci_spin_start_worker(struct aci_spin *spin);

/* Was it without a processor for long?  And then so many results, or tasks,
 * have come meanwhile; more than that need not be counted. */
#define ACI_SPIN_MANY 256
bool aci_spin_was_away(const struct aci_spin *spin);
void aci_spin_end_consumer(const struct aci_spin *spin, size_t results);
void aci_spin_end_worker(const struct aci_spin *spin, size_t tasks);

/* Without giving the processor away, for a few microseconds at most: anybody
 * may, and needs no aci_spin_enter(). */
void aci_spin_start_until(struct aci_spin *spin, int64_t until);
void aci_spin_start_moment(struct aci_spin *spin, int64_t ns);

/* Give the processor away: did nobody want it? */
bool aci_spin_alone(void);

/* Pause.  False: long enough. */
bool aci_spin_again(struct aci_spin *spin);

#endif
