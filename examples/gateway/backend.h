/*
 * backend: one question to one backend, as a task of the pool
 *
 * SPDX-License-Identifier: MIT
 *
 * Ownership: a call belongs to its future, as the task's argument until it
 * runs and as its result then; it goes with the last reference.  So a request
 * may be answered and forgotten while a worker still gets rid of its call.
 */
#ifndef BACKEND_H
#define BACKEND_H

#include "buffer.h"
#include "options.h"

#include <ascompleted.h>

struct worker;

struct call {
    size_t backend; /* its index; this and the next two: immutable */
    ac_deadline deadline;
    char *url;
    struct buffer body;    /* the worker's; yours when the future is done */
    int64_t took_ns;       /* likewise */
    struct worker *worker; /* of the lock of workers; NULL: not started */
};

/* The pool for the calls: its workers have curl handles of their own, which
 * keep their connections from call to call. */
int backend_pool_create(const struct options *options, ac_pool **pool);
void backend_pool_destroy(ac_pool *pool);

/* NULL: out of memory. */
struct call *call_create(const char *base, const char *path, size_t backend,
                         ac_deadline deadline);

/* The task, and how to free a call: for ac_submit() and the task attr.  Its
 * error is one of curl's below 100, and the status of a reply from 100 on. */
ac_task_fn call_run;
ac_free_fn call_free;

/* Cancel the future of a call, and interrupt its wait if it is running. */
void call_cancel(ac_future *future);

/* Interrupt all workers in their waits, after a cancel of all. */
void backend_wake_all(void);

/* What to say of a call that failed; `text` has room for `size` bytes. */
const char *call_error(int error, char *text, size_t size);

#endif
