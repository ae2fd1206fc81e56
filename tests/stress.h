/*
 * What the stress programs share: tasks that are accounted for to the last,
 * threads that run into each other at the same moment, and a way to give up.
 *
 * A program makes its tasks with stress_submit(), does its worst, and ends
 * with stress_end(): by then each task must have run or have been canceled,
 * its argument or its result must have been released, once, and the process
 * must have the threads it began with.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STRESS_H
#define STRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <ascompleted.h>

/* ---- The program ---------------------------------------------------- */

/* The number of rounds: the first argument, or 10000. */
size_t stress_begin(int argc, char **argv);

/* 0 if everything is accounted for; ends the program if not. */
int stress_end(void);

#define STRESS_MUST(expr) \
    ((expr) ? (void)0 : stress_fail(__FILE__, __LINE__, #expr))
_Noreturn void stress_fail(const char *file, int line, const char *what);

/* 1 under a sanitizer. */
int stress_instrumented(void);

/* What the process has of the memory; 0 where the system does not tell. */
size_t stress_resident_bytes(void);

/* ---- Tasks ---------------------------------------------------------- */

/*
 * The argument of a task, and its result: it is released as the one if the
 * task never ran, and as the other if it did, which is once in all.  Its
 * fields are plain on purpose: where the library orders too little,
 * ThreadSanitizer sees it.
 */
typedef struct stress_token {
    int ran;       /* how often the task ran */
    int delivered; /* how often a consumer got it */
} stress_token;

/* Free the arguments and results of these tasks, and count them; made by
 * stress_begin(). */
const ac_task_attr *stress_attr(void);

/* Have another attr do that as well. */
void stress_attr_set(ac_task_attr *attr);

/* A done callback: it counts in an atomic_uint. */
void stress_count_done(ac_future *future, void *counter);

/* Submit a task that does nothing but leave its token; to the iterator too
 * unless that is NULL.  Returns the code of the call; counts if AC_OK. */
int stress_submit(ac_pool *pool, ac_iter *iter, ac_future **future);

/* The same with another function, which has to call stress_run(). */
int stress_submit_fn(ac_pool *pool, ac_iter *iter, ac_task_fn *fn,
                     ac_future **future);
void stress_run(void *arg, void **result);

/* For other calls: a token to submit, at the beginning of an object of that
 * size; then say what the call returned. */
void *stress_token_make(size_t size);
void stress_token_said(void *token, int rc);

/* The same for tasks that are to be started by then; from one thread only. */
int stress_submit_by(ac_pool *pool, ac_deadline start_by, ac_task_fn *fn,
                     ac_future **future);

/* A consumer got that one: note it, look that it is well, drop it. */
void stress_deliver(ac_future *future);

/* Pass a short time while running, so that a queue gets long. */
int stress_brief(void *arg, void **result);

/* The pool is idle, its queue never held more than that many, and its counters
 * add up. */
void stress_check_stats(const ac_pool *pool, uint64_t capacity);

/* How many were delivered in all. */
size_t stress_delivered(void);
size_t stress_submitted(void);

/* ---- Threads -------------------------------------------------------- */

/* Threads meet here and leave together, close enough to collide.  A spin
 * and a yield: a mutex would have them leave one by one. */
typedef struct stress_rally {
    unsigned n;     /* immutable */
    atomic_uint at; /* arrivals since the start */
} stress_rally;

void stress_rally_init(stress_rally *rally, unsigned n);
void stress_rally_meet(stress_rally *rally);

#define STRESS_CREW_MAX 16

typedef void stress_crew_fn(void *shared, unsigned who);

typedef struct stress_hand {
    pthread_t thread;
    stress_crew_fn *fn;
    void *shared;
    unsigned who;
} stress_hand;

/* n threads that run fn(shared, 0 .. n-1). */
typedef struct stress_crew {
    unsigned n;
    stress_hand hands[STRESS_CREW_MAX];
} stress_crew;

void stress_crew_start(stress_crew *crew, unsigned n, stress_crew_fn *fn,
                       void *shared);
void stress_crew_join(stress_crew *crew);

/* ---- Chance --------------------------------------------------------- */

/* Each thread has its own; the seed makes it another one. */
typedef struct stress_dice {
    uint32_t state;
} stress_dice;

stress_dice stress_dice_make(uint32_t seed);
uint32_t stress_dice_roll(stress_dice *dice, uint32_t sides);

/* Pass a short time, of another length each time: it shifts what collides
 * with what. */
void stress_dawdle(stress_dice *dice);

#endif /* STRESS_H */
