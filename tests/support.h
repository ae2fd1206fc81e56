/*
 * What the tests share: ways to make threads meet without sleeping, threads
 * and tasks to hold things up with, a look at what the process uses, and
 * main() itself.
 *
 * A test program defines test_suite() and makes its cases with
 * support_tcase(): each test of such a case then fails by itself if a task or
 * a thread recorded a failure, or if it leaves a thread or a descriptor
 * behind.  ck_assert() belongs to the main thread; everywhere else say
 * SUPPORT_CHECK().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <ascompleted.h>

/* ---- The program ---------------------------------------------------- */

Suite *test_suite(void);

/* A case with the time limit of all tests (60 s, times CK_TIMEOUT_MULTIPLIER)
 * and the checks named above around each of its tests. */
TCase *support_tcase(const char *name);

/* ---- Failures outside the main thread ------------------------------- */

/* Record a failure, go on; the first one recorded is the one reported. */
#define SUPPORT_CHECK(expr) \
    support_record((expr) != 0, __FILE__, __LINE__, #expr)
#define SUPPORT_CHECK_INT(actual, expected) \
    support_record_int((long long)(actual), (long long)(expected), __FILE__, \
                       __LINE__, #actual " == " #expected)
#define SUPPORT_FAIL(what) support_record(0, __FILE__, __LINE__, what)

void support_record(int ok, const char *file, int line, const char *what);
void support_record_int(long long actual, long long expected, const char *file,
                        int line, const char *what);

/* On the main thread: fail the test now if something was recorded. */
void support_check_recorded(void);

/* ---- Threads that meet ---------------------------------------------- */

/* Counts events up from 0; anyone may wait until there were at least so many.
 * Its mutex orders memory: where a test is about ordering, use none. */
typedef struct support_counter {
    pthread_mutex_t mu;
    pthread_cond_t cond; /* broadcast only */
    uint64_t count;      /* mu */
    uint64_t n;          /* immutable; of a latch or a barrier */
} support_counter;

void support_counter_destroy(support_counter *counter);
uint64_t support_counter_add(support_counter *counter); /* the new count */
uint64_t support_counter_get(support_counter *counter);
void support_counter_wait(support_counter *counter, uint64_t at_least);

/* A latch opens when n have counted down; a gate is a latch of one; in a
 * barrier n threads wait for each other, any number of times. */
typedef support_counter support_latch;
typedef support_counter support_gate;
typedef support_counter support_barrier;

void support_latch_init(support_latch *latch, uint64_t n);
void support_barrier_wait(support_barrier *barrier);

static inline void
support_counter_init(support_counter *counter)
{
    support_latch_init(counter, 0);
}

static inline void
support_latch_count_down(support_latch *latch)
{
    support_counter_add(latch);
}

static inline void
support_latch_wait(support_latch *latch)
{
    support_counter_wait(latch, latch->n);
}

static inline void
support_gate_init(support_gate *gate)
{
    support_latch_init(gate, 1);
}

static inline void
support_gate_open(support_gate *gate)
{
    support_counter_add(gate);
}

static inline void
support_gate_wait(support_gate *gate)
{
    support_counter_wait(gate, 1);
}

static inline int
support_gate_is_open(support_gate *gate)
{
    return support_counter_get(gate) > 0;
}

static inline void
support_barrier_init(support_barrier *barrier, uint64_t n)
{
    support_latch_init(barrier, n);
}

#define support_latch_destroy support_counter_destroy
#define support_gate_destroy support_counter_destroy
#define support_barrier_destroy support_counter_destroy

/* ---- Threads -------------------------------------------------------- */

typedef struct support_thread {
    pthread_t id;
    void (*fn)(void *);   /* immutable */
    void *arg;            /* immutable */
    support_gate started; /* tid is known */
    long tid;             /* before started opens */
} support_thread;

/* Ends the program if the system refuses. */
void support_thread_start(support_thread *thread, void (*fn)(void *),
                          void *arg);
void support_thread_join(support_thread *thread);

/* Return once the thread sleeps in the kernel (or has ended): it has then,
 * most likely, got to the wait it is about to do.  It makes tests sharper;
 * none may depend on it to pass.  Yields once where /proc is not there. */
void support_thread_await_sleep(support_thread *thread);
void support_tid_await_sleep(long tid);
long support_tid(void);

/* ---- Tasks ---------------------------------------------------------- */

/* ac_task_fn: leaves its argument as its result. */
int support_echo(void *arg, void **result);

/* ac_task_fn: counts in the support_counter it is given. */
int support_count(void *arg, void **result);

/* ac_task_fn: returns at once, leaves nothing. */
int support_nothing(void *arg, void **result);

/* ac_task_fn: waits for the support_gate it is given. */
int support_wait_gate(void *arg, void **result);

/* A task that says when it started, then stays until it is let go. */
typedef struct support_hold {
    support_gate started;
    support_gate release;
    int rc;            /* what the task returns; set before release */
    void *result;      /* what it leaves; set before release */
    ac_future *future; /* a reference */
} support_hold;

/* Submit it (_init), and return only when it runs (_worker): that worker is
 * then busy until the release. */
void support_hold_init(support_hold *hold, ac_pool *pool);
void support_hold_worker(support_hold *hold, ac_pool *pool);
void support_hold_release(support_hold *hold);
/* Release if need be, wait until it is done, drop it. */
void support_hold_end(support_hold *hold);

/* ---- Short cuts: they fail the test (main thread only) -------------- */

ac_pool *support_pool(size_t workers);
ac_future *support_submit(ac_pool *pool, ac_task_fn *fn, void *arg);
void support_pool_end(ac_pool *pool); /* ac_pool_destroy() says AC_OK */

/* A deadline far away but not AC_FOREVER: for "has a deadline, and it does
 * not pass". */
ac_deadline support_far(void);

/* ---- What the process uses (0 where the system does not tell) ------- */

size_t support_thread_count(void);
size_t support_fd_count(void);
size_t support_resident_bytes(void);

/* Return once there are no more than that many threads: a joined thread may
 * be counted for a moment after the join. */
void support_await_threads(size_t at_most);

/* 1 under valgrind or a sanitizer: scale a loop down, skip a memory bound. */
int support_instrumented(void);

#endif /* SUPPORT_H */
