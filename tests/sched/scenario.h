/*
 * scenario.h - what the scenarios of check-schedules are written with
 *
 * A scenario is a small program of two to four threads that runs thousands of
 * times, each time in another order.  One thread runs at a time, and at each
 * lock, unlock, condition variable, atomic operation, clock reading and thread
 * creation a seed decides who goes on.  The same seed gives the same run.
 *
 * Each run begins with the static variables as they were at the start of the
 * program, an empty heap and a clock of its own, so a scenario may use static
 * variables and need not reset them.  Each run ends with these checks, beside
 * those of the scenario: all threads have ended, all memory was given back,
 * all mutexes and condition variables were destroyed, all descriptors closed.
 * On the way, an access to freed memory, a data race, a mutex misused and a
 * wait that nobody will end are failures too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ascompleted.h>

/* ---- Scenarios ------------------------------------------------------ */

struct sk_scenario {
    const char *name;
    void (*run)(void);
};

/* SK_SCENARIO(name) { body }: it is found by itself. */
#define SK_SCENARIO(id) \
    static void id(void); \
    static const struct sk_scenario id##_entry = {#id, id}; \
    static const struct sk_scenario *const id##_listed \
        __attribute__((used, section("sk_scenarios"))) = &id##_entry; \
    static void id(void)

/* ---- Checks --------------------------------------------------------- */

#define SK_MUST(cond) \
    ((cond) ? (void)0 : sk_fail("%s:%d: not so: %s", __FILE__, __LINE__, #cond))

/* Print what and where, the state of all threads and how to replay; exit. */
_Noreturn void sk_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* To be called first in all that the library calls back: no lock is held. */
void sk_user_code(void);

/* ---- Chance --------------------------------------------------------- */

/* A number below n that the seed decides. */
unsigned sk_roll(unsigned n);

/* ---- Threads -------------------------------------------------------- */

/* pthread_create() and pthread_join() for the impatient. */
pthread_t sk_start(void *(*fn)(void *), void *arg);
void sk_join(pthread_t thread);

/* Go on when that thread sleeps inside of a wait, or has ended. */
void sk_until_asleep(pthread_t thread);

/* Closed until opened; what was done before is seen by those who pass. */
struct sk_gate {
    int open;
};
void sk_gate_open(struct sk_gate *gate);
void sk_gate_pass(struct sk_gate *gate);

/* Sleep until that descriptor is readable; never a spurious return. */
void sk_until_readable(int fd);
bool sk_readable(int fd);

/* A deadline that may pass at any moment, or never in time.  Beside this only
 * AC_POLL and AC_FOREVER make sense: a clock that belongs to the scheduler
 * reaches every other one just as easily. */
ac_deadline sk_soon(void);
/* The same, after all that is soon. */
ac_deadline sk_later(void);
/* Each reading takes a nanosecond, and nothing else any time: who spins would
 * do so as good as for ever. */
void sk_slow_clock(void);

#endif /* SCENARIO_H */
