/*
 * Objects that know how often they were released, promises that hold such
 * objects, and done callbacks that write down that they were called.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OWNED_H
#define OWNED_H

#include "support.h"

/* ---- What is released ----------------------------------------------- */

/* An argument or a result. */
typedef struct owned {
    atomic_int freed_as_arg;
    atomic_int freed_as_result;
    int runs; /* of the task that has it as its argument */
} owned;

static inline void
owned_free_arg(void *object)
{
    owned *o = object;

    atomic_fetch_add(&o->freed_as_arg, 1);
}

static inline void
owned_free_result(void *object)
{
    owned *o = object;

    atomic_fetch_add(&o->freed_as_result, 1);
}

/* Both destructors set. */
static inline ac_task_attr *
owned_attr(void)
{
    ac_task_attr *attr = NULL;

    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, owned_free_arg), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_result(attr, owned_free_result),
                     AC_OK);
    return attr;
}

/* ac_task_fn: its argument, an owned, is its result. */
static inline int
owned_run(void *arg, void **result)
{
    owned *o = arg;

    o->runs++;
    *result = o;
    return 0;
}

/* ---- Promises ------------------------------------------------------- */

typedef struct pledge {
    ac_promise *promise; /* until its test destroys it */
    ac_future *future;   /* until its test drops it */
    owned arg;
    owned result;
} pledge;

static inline void
pledge_init(pledge *p)
{
    ac_task_attr *attr = owned_attr();

    *p = (pledge){.promise = NULL};
    ck_assert_int_eq(ac_promise_create(attr, &p->arg, &p->promise, &p->future),
                     AC_OK);
    ck_assert_ptr_nonnull(p->promise);
    ck_assert_ptr_nonnull(p->future);
    ac_task_attr_destroy(attr); /* what it needs was copied */
}

/* Drop both ends; each object must then have been released so many times. */
static inline void
pledge_end(pledge *p, int arg, int result)
{
    ac_promise_destroy(p->promise);
    ac_future_unref(p->future);
    ck_assert_int_eq(p->arg.freed_as_arg, arg);
    ck_assert_int_eq(p->arg.freed_as_result, 0);
    ck_assert_int_eq(p->result.freed_as_arg, 0);
    ck_assert_int_eq(p->result.freed_as_result, result);
}

/* ---- Callbacks ------------------------------------------------------ */

/* What a callback found.  Read it where that is ordered after the call. */
typedef struct called {
    atomic_int times;
    ac_future *future;
    int status;
    pthread_t thread;
} called;

/* ac_done_fn */
static inline void
called_note(ac_future *future, void *arg)
{
    called *c = arg;

    c->future = future;
    c->status = ac_future_status(future);
    c->thread = pthread_self();
    atomic_fetch_add(&c->times, 1);
}

static inline void
called_when_done(called *c, ac_future *future)
{
    *c = (called){.future = NULL};
    ck_assert_int_eq(ac_future_on_done(future, called_note, c), AC_OK);
}

#endif /* OWNED_H */
