/*
 * torture.h - what the failure scenarios share
 *
 * A scenario runs once per failure point: the n-th call that can fail, made
 * by any thread while the scenario is armed, is refused; alone ("once") or
 * with all that follow ("forever").  A scenario therefore expects refusals
 * everywhere: it accepts those that are documented, checks that nothing has
 * changed, disarms, and shows that the same call now works.
 *
 * Every scenario has a process of its own, which ends with these checks: each
 * task that was accepted ran once or had its argument freed once, each result
 * was taken or freed once, all that was allocated or initialized was given
 * back, no thread is left, no sanitizer complains.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <ascompleted.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* ---- Scenarios ------------------------------------------------------ */

struct tt_scenario {
    const char *name;
    void (*run)(void);
};

/* Every torture_NAME.c defines its own, ended by a NULL name. */
extern const struct tt_scenario tt_scenarios[];

/* ---- Points of failure: torture_wrap.c ------------------------------ */

/* What the process of one run tells its parent, in shared memory. */
struct tt_report {
    atomic_bool reached;               /* call n was made, and refused */
    _Atomic(const char *) first;       /* what was refused first */
};

/* Things that are initialized or allocated, and must be given back. */
enum tt_kind { TT_MEMORY, TT_MUTEX, TT_COND, TT_ATTR, TT_FD, TT_KINDS };

/* Refuse call n (0: none); all that follow too if `forever`. */
void tt_plan(struct tt_report *report, unsigned long n, bool forever);
void tt_arm(void);
void tt_disarm(void);
/* Was a thread refused so far, was anything else? */
bool tt_no_thread(void);
bool tt_no_memory(void);
/* How many of a kind are there now. */
long tt_live(enum tt_kind kind);

/* ---- Gates ---------------------------------------------------------- */

/* Closed until it was knocked at that many times, then open for good. */
struct tt_gate {
    pthread_mutex_t mu;
    pthread_cond_t cond;
    unsigned left; /* mu */
};
#define TT_GATE(knocks) \
    { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, (knocks) }

void tt_gate_knock(struct tt_gate *gate);
void tt_gate_open(struct tt_gate *gate);
void tt_gate_pass(struct tt_gate *gate);

/*
 * When this thread next goes to sleep inside the library, knock at the gate,
 * once.  So "complete the task as soon as I wait for it" needs neither a
 * second thread nor a sleep.  NULL: don't.
 */
void tt_knock_when_parked(struct tt_gate *gate);

/* A thread of the test's own: never refused. */
pthread_t tt_thread(void *(*fn)(void *), void *arg);
void tt_join(pthread_t thread);

/* ---- Checks --------------------------------------------------------- */

#define TT_CHECK(cond) \
    ((cond) ? (void)0 : tt_fail(__FILE__, __LINE__, #cond))
_Noreturn void tt_fail(const char *file, int line, const char *what);

/*
 * TT_REFUSED(function, wanted, (arguments)) calls the function.  False if it
 * returned `wanted`; true if it returned a code that its page documents for
 * want of resources, and something was refused indeed.  All else fails.
 */
#define TT_REFUSED(fn, wanted, args) \
    tt_refused(__FILE__, __LINE__, #fn, fn args, (wanted))
bool tt_refused(const char *file, int line, const char *fn, int rc,
                int wanted);

/* The same for a call that may not be refused, here or ever. */
#define TT_MUST(fn, wanted, args) \
    tt_must(__FILE__, __LINE__, #fn, fn args, (wanted))
void tt_must(const char *file, int line, const char *fn, int rc, int wanted);

/* Call until it isn't refused: the second time, nothing is. */
#define TT_RETRY(fn, wanted, args)             \
    do {                                       \
        if (TT_REFUSED(fn, wanted, args)) {    \
            tt_disarm();                       \
            TT_MUST(fn, wanted, args);         \
        }                                      \
    } while (0)

/* What an output holds that must not be written: it points to nothing. */
extern void *const tt_untouched;
#define TT_UNTOUCHED_SIZE ((size_t)123456789)

/* ---- Jobs ----------------------------------------------------------- */

/* A task that keeps its own books. */
struct tt_job {
    /* What it does, set before it is submitted. */
    struct tt_gate *started; /* knocked at first, if not NULL */
    struct tt_gate *hold;    /* passed next, if not NULL */
    int (*body)(struct tt_job *job); /* then this; else return `error` */
    int error;
    void (*unused)(struct tt_job *job); /* when its argument is freed */
    /* Parameters of these. */
    ac_pool *pool;
    ac_future *future;
    /* What became of it. */
    bool accepted; /* submitted with AC_OK */
    bool taken;    /* its result was taken */
    atomic_int runs;
    atomic_int args_freed;
    atomic_int results_freed;
};

/* A new one, in static storage. */
struct tt_job *tt_job(void);
/* The task function: its argument is a job, and its result the same job. */
int tt_run(void *arg, void **result);
/* Bodies: until someone asks it to stop. */
int tt_until_canceled(struct tt_job *job);
/* Both destructors set, to count: */
const ac_task_attr *tt_counted(void);
void tt_free_arg(void *object);
void tt_free_result(void *object);

/* For calls outside of what a scenario is about; they must not be armed. */
ac_pool *tt_pool(size_t workers);
ac_future *tt_submit(ac_pool *pool, struct tt_job *job);
/* One that has ended already, with that error number. */
ac_future *tt_ended(ac_pool *pool, int error);

/* An hour from now: a deadline that bounds nothing, yet is one. */
ac_deadline tt_far(void);

#endif /* TORTURE_H */
