/*
 * tasks.h - tasks that keep their books
 *
 * Each task that a scenario uses is one of these.  At the end of a run every
 * one that was accepted has run once or had its argument freed once, and each
 * result was taken or freed once; nothing of this happened to one that was
 * refused.  The fields are plain on purpose: where the library orders too
 * little, the scheduler sees a data race.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_TASKS_H
#define SCHED_TASKS_H

#include "scenario.h"

struct sk_task {
    /* What it does; to be set before it is submitted. */
    struct sk_gate *started;           /* opened first, if not NULL */
    struct sk_gate *hold;              /* passed next, if not NULL */
    int (*body)(struct sk_task *task); /* then this */
    int error;                         /* or returned, without a body */
    ac_pool *pool;                     /* for the body */
    struct sk_task *next;              /* for the body */
    const ac_task_attr *attr;          /* NULL: destructors alone */
    ac_deadline room_by;               /* 0: do not wait for room */
    /* What became of it. */
    bool accepted;
    int runs;
    int args_freed;
    int results_freed;
    int taken;
    int delivered;            /* how often an iterator gave it out */
    int started_as, ended_as; /* 1, 2, ... among all that ran */
};

/* A new one, in static storage. */
struct sk_task *sk_task(void);

/* A new one with a body, which may do something with the other one. */
struct sk_task *sk_parent(int (*body)(struct sk_task *task),
                          struct sk_task *next);

/* Submit it, also to the iterator if that is not NULL; the library's code is
 * returned.  Both destructors are set. */
int sk_submit(ac_pool *pool, ac_iter *iter, struct sk_task *task,
              ac_future **future);

/* Submit all that come behind that one by `next`. */
void sk_submit_next(ac_pool *pool, const struct sk_task *task);

/* A new plain task, accepted; a future of it is wanted. */
ac_future *sk_submitted(ac_pool *pool);

/* The task function, for other ways to submit; mark as accepted what was. */
int sk_run(void *arg, void **result);
/* With both destructors set; a new one is the scenario's to destroy. */
const ac_task_attr *sk_attr(void);
ac_task_attr *sk_attr_new(void);

struct sk_task *sk_task_of(const ac_future *future);

/* A consumer got it from an iterator: it is well and done; drop it. */
void sk_deliver(ac_future *future);
/* Take all that comes until the iterator says `end`; how many. */
int sk_drain(ac_iter *iter, ac_deadline deadline, int end);
/* The same of one that is closed, whose members others may hand over, too. */
int sk_count(ac_iter *iter);

/* Take the result; the status of the future is returned. */
int sk_take(ac_future *future);

/* Body: until someone asks it to stop, AC_TASK_CANCELED. */
int sk_until_asked(struct sk_task *task);

ac_pool *sk_pool(size_t workers);
/* One of its workers is busy, until that gate is opened. */
void sk_occupy(ac_pool *pool, struct sk_gate *until);
/* With room for so many tasks in its queue. */
ac_pool *sk_bounded_pool(size_t workers, size_t capacity);
/* Destroy it; its queue never held more than `capacity`. */
void sk_bounded_pool_end(ac_pool *pool, size_t capacity);
void sk_pool_end(ac_pool *pool);

/* By the scheduler: in the first thread, and when all have ended. */
void sk_tasks_begin(void);
void sk_tasks_end(void);
void sk_tasks_check(void);

#endif /* SCHED_TASKS_H */
