/*
 * core.h - the scheduler from inside: its threads and its state
 *
 * A "thread" here is a context with a stack of its own; all of them share the
 * one thread of the process, so whoever runs has all of this to himself, and
 * nothing in here needs a lock.
 *
 * All state that changes lies in *sk, outside of the program's data, because
 * that is set back before every run.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_CORE_H
#define SCHED_CORE_H

#include "scenario.h"

#include <ucontext.h>

enum {
    SK_THREADS = 16,          /* in one run, ended ones included */
    SK_CALLS = 64,            /* how deep a stack is remembered */
    SK_CLEANUPS = 16,         /* handlers of one thread */
    SK_OBJECTS = 2048,        /* mutexes, conditions and atomics of one run */
    SK_CHANGES = 4,           /* of priority in one run, at most */
    SK_STEPS = 20000,         /* more is a runaway */
    SK_STREAK = 400,          /* steps in a row, then others have their turn */
    SK_MEASURED = 8,          /* seeds that find out how long a run is */
    SK_AGAIN = 64,            /* of so many runs one is made twice */
    SK_TLS = 1024,            /* thread-local data of the program */
    SK_STACK = 128 * 1024,    /* of each thread */
    SK_HEAP = 2 * 1024 * 1024 /* of one run */
};

/* ---- Time stamps ---------------------------------------------------- */

/* A vector clock: how far of each thread is known. */
struct sk_clock {
    uint32_t at[SK_THREADS];
};

/* ---- What threads meet at ------------------------------------------- */

enum sk_kind { SK_NOTHING, SK_ATOMIC, SK_MUTEX, SK_COND, SK_GATE, SK_DEAD };

struct sk_object {
    uintptr_t address;
    uint32_t run; /* valid in this run only */
    enum sk_kind kind;
    struct sk_thread *owner; /* of a locked mutex */
    struct sk_clock clock;   /* what its next user gets to know */

    /* An atomic: who wrote the last value, who has seen it, and what was
     * there before. */
    bool written;
    bool agreed; /* the last value, by a sequentially consistent operation */
    int writer;
    uint32_t written_at;
    uint32_t seen[SK_THREADS];
    uint64_t before;
    struct sk_clock clock_before;
};

/* ---- Threads -------------------------------------------------------- */

enum sk_state {
    SK_RUNS,    /* it can go on */
    SK_LOCKS,   /* until the owner of `mutex` lets go */
    SK_SLEEPS,  /* on `cond`, until woken or for another reason */
    SK_JOINS,   /* until `target` has ended */
    SK_WAITS,   /* until the gate opens */
    SK_POLLS,   /* until `fd` is readable */
    SK_WATCHES, /* until `target` sleeps */
    SK_ENDED
};

struct sk_thread {
    enum sk_state state;
    struct sk_object *mutex, *cond;
    struct sk_thread *target;
    const struct sk_gate *gate;
    int fd;
    bool timed;       /* it sleeps until `deadline` */
    int64_t deadline; /* on the clock of this run */
    bool woken;       /* by a signal */
    bool stirred;     /* will wake up for no reason */
    bool early;       /* the clock will jump to its deadline */

    int number;
    char name[16];
    int64_t priority;
    uint32_t stands_back; /* until that step, if others can go on */
    unsigned locks;       /* how many it holds */
    int cancelable;       /* as pthread_setcancelstate() has it */
    bool joined;
    int saved_errno;
    unsigned char tls[SK_TLS];
    struct sk_clock clock;
    uintptr_t calls[SK_CALLS]; /* call sites, outermost first */
    unsigned depth;
    const char *last; /* the last step, for the report */

    void *(*fn)(void *);
    void *arg;
    void *result;
    __pthread_unwind_buf_t *cleanup; /* the innermost handler */
    unsigned cleanup_depth[SK_CLEANUPS];
    unsigned n_cleanups;
    ucontext_t context;
};

/* ---- What the seed decides ------------------------------------------ */

struct sk_plan {
    uint64_t dice;
    bool walk;                            /* at random, no priorities */
    unsigned n_changes;                   /* still to come */
    uint32_t changes[SK_CHANGES];         /* at these steps */
    unsigned spurious, early, weak, late; /* chances, in sixteenths */
    unsigned jumps;    /* of the clock: chance, in sixteenths */
    unsigned patience; /* steps that who yields stands back */
    int64_t soon;      /* ns until that */
    int64_t reading;   /* ns that it takes to read the clock, */
    int64_t yielding;  /* or until others have had their turn */
    unsigned processors; /* of the machine */
    unsigned budget;   /* so many unlikely events at most */
    int64_t lowest;    /* priority of who had too many steps */
};

/* ---- All of it ------------------------------------------------------ */

struct sk_state_of_all {
    const struct sk_scenario *scenario;
    uint64_t seed;
    bool trace;
    const char *program; /* argv[0] */

    uint32_t run;     /* counts the runs of this process */
    uint32_t steps;   /* of this run */
    uint32_t streak;  /* steps in a row of one thread */
    uint32_t horizon; /* how long runs of this scenario are */
    uint64_t digest;  /* of all steps of this run */
    struct sk_plan plan;
    int64_t now; /* the clock */

    struct sk_thread threads[SK_THREADS];
    int n_threads;
    struct sk_thread *self;
    ucontext_t driver;
    void *tls_block; /* where the program's thread-local data is */
    size_t tls_size;
    const void *tls_image; /* what a new thread begins with */
    size_t tls_filled;

    struct sk_object objects[SK_OBJECTS];
    long live[SK_DEAD]; /* initialized and not destroyed, by kind */
    long open_fds;
    size_t heap_used;
    size_t heap_blocks;
};

extern struct sk_state_of_all *sk;

/* ---- fiber.c -------------------------------------------------------- */

void sk_fibers_init(void);
/* A thread that waits for its first turn. */
struct sk_thread *sk_thread_new(void *(*fn)(void *), void *arg);
/* Run the first thread, and all others, to the end. */
void sk_threads_run(struct sk_thread *first);
void sk_switch(struct sk_thread *next);
_Noreturn void sk_thread_end(void *result);

/* ---- choose.c ------------------------------------------------------- */

void sk_plan_make(uint64_t seed);
/* One chance of `sixteenths` of 16, as long as the budget lasts. */
bool sk_unlikely(unsigned sixteenths);
int64_t sk_priority(void);
/* A step is about to be made: others may go first. */
void sk_step(const char *what, const void *address);
/* The calling thread cannot go on: let others run until it can. */
void sk_block(enum sk_state state);
/* Who runs next; NULL when all have ended. */
struct sk_thread *sk_choose(void);
void sk_yield(void);

/* ---- objects.c ------------------------------------------------------ */

/* That object, which must be there; a static one is made by this. */
struct sk_object *sk_object(const void *address, enum sk_kind kind);
void sk_object_begin(const void *address, enum sk_kind kind);
void sk_object_end(const void *address, enum sk_kind kind);

/* Order in time: `self` gets to know what the object knows, and back. */
void sk_learn(const struct sk_clock *from);
void sk_tell(struct sk_clock *to);      /* adds to it */
void sk_tell_only(struct sk_clock *to); /* replaces it */

/* ---- memory.c: the heap, and who touched what ----------------------- */

#define SK_BASE ((uintptr_t)0x2000000000)

void sk_memory_init(void);
void sk_memory_reset(void);
/* The program's data as it was at the start. */
void sk_data_save(void);
void sk_data_restore(void);
bool sk_is_data(uintptr_t address);
void *sk_stack(int thread);

enum { SK_READ = 0, SK_WRITE = 1, SK_SYNC = 2 };
/* `self` touches these bytes; `pc` is where. */
void sk_touch(const volatile void *address, size_t size, unsigned kind,
              uintptr_t pc);

void *sk_alloc(size_t boundary, size_t size);
void sk_free(void *block, uintptr_t pc);
void sk_heap_check(void);

/* ---- report.c ------------------------------------------------------- */

void sk_signals_init(void);
void sk_trace(const char *what, const void *address);
/* An address in the program, as FUNCTION at FILE:LINE, on a line of its own. */
void sk_print_place(uintptr_t pc);

#define SK_HERE ((uintptr_t)__builtin_return_address(0))

#endif /* SCHED_CORE_H */
