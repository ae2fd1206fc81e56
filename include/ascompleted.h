/*
 * ascompleted - tasks on a fixed pool of threads, futures in completion order
 *
 * SPDX-License-Identifier: MIT
 *
 * Start with the overview below, or with ascompleted(7).
 */
#ifndef ASCOMPLETED_H
#define ASCOMPLETED_H

#include <stddef.h>
#include <stdint.h>

/* ---- Version -------------------------------------------------------- */

/* What this header belongs to; ac_version() tells what was linked. */
#define AC_VERSION_MAJOR 0
#define AC_VERSION_MINOR 1
#define AC_VERSION_PATCH 0
#define AC_VERSION "0.1.0"

/* ---- Export and attributes ------------------------------------------ */

#if defined(__GNUC__)
#define AC_API __attribute__((visibility("default")))
#else
#define AC_API
#endif

#if defined(__cplusplus) && __cplusplus >= 201103L
#define AC_NOTHROW noexcept
#else
#define AC_NOTHROW
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Overview --------------------------------------------------------
 *
 * A POOL is a fixed set of worker threads.  A TASK is a function and its
 * argument, submitted to a pool.  A FUTURE is the handle of one result that
 * will be there later; a PROMISE is the writing end of one that no pool runs.
 * An ITERATOR hands futures back in the order in which they complete, and
 * waits for the next one until a DEADLINE.
 *
 *      ac_iter *iter;
 *      ac_future *done;
 *      int rc = ac_as_completed(futures, n, &iter);
 *      if (rc != AC_OK)
 *          return rc;
 *      ac_deadline deadline = ac_deadline_in_ms(500);
 *      while ((rc = ac_iter_next(iter, deadline, &done)) == AC_OK) {
 *          report(done);
 *          ac_future_unref(done);
 *      }
 *      if (rc == AC_ETIMEDOUT)
 *          puts("gave up after the timeout");
 *      ac_iter_destroy(iter);
 *
 * One deadline passed to every call bounds the whole loop; a fresh one for
 * each call bounds each wait.
 *
 * Rules that hold everywhere, unless a function says otherwise:
 *
 * - A function that can fail returns AC_OK (0) or a positive AC_* code, and
 *   writes its outputs only with AC_OK.  After an error nothing has changed.
 * - A handle that is required and NULL: AC_EINVAL; from a function that does
 *   not return a code: 0 or NULL.  A NULL handle is a no-op for every unref
 *   and destroy.
 * - Every function may be called from any thread, at the same time as any
 *   other, but for the end of an object: an ac_..._destroy() must be the last
 *   call on it.  An attr object may be used by any number of threads at once,
 *   as long as none changes or destroys it.
 * - None may be called from a signal handler; none is a cancellation point.
 * - Your functions (tasks, free functions, callbacks, hooks, traces) run with
 *   no lock of ours held and may call anything here, with some limits.  Of
 *   these, only tasks may wait for tasks (and hooks for those of another pool);
 *   callbacks and traces must not block at all.  None may destroy the pool that
 *   it belongs to, or wait for it to stop or to be idle: on a worker of that
 *   pool the call says AC_EDEADLK, elsewhere it may wait for itself.  Only a
 *   task may end its thread.
 * - In a child made by fork(), what was made before it is dead: functions that
 *   return a code say AC_EFORKED, the others 0 or NULL (ac_future_ref() its
 *   argument), and every ref, unref and destroy does nothing.  Attr objects
 *   are the exception: they live on.  What the child makes itself works.  A
 *   task or another function of yours that forks must not return in the child.
 */

/* ---- Types ---------------------------------------------------------- */

typedef struct ac_pool ac_pool;           /* worker threads and their queue */
typedef struct ac_pool_attr ac_pool_attr; /* options of a pool */
typedef struct ac_task_attr ac_task_attr; /* options of a task */
typedef struct ac_future ac_future;       /* a counted handle of one result */
typedef struct ac_promise ac_promise;     /* the writing end of a future */
typedef struct ac_iter ac_iter;           /* futures in completion order */

/*
 * A task.  Return 0, or an error number of your own; either way you may leave
 * a result (*result is NULL when you are called).  AC_TASK_CANCELED says "I
 * stopped because I was asked to", see ac_cancel_requested().
 */
typedef int ac_task_fn(void *arg, void **result);
#define AC_TASK_CANCELED (-2147483647 - 1)

/* Releases an argument or a result: free(), for example. */
typedef void ac_free_fn(void *object);

/* A point on the monotonic clock, in nanoseconds; see ac_now(). */
typedef int64_t ac_deadline;
#define AC_FOREVER INT64_MAX /* no limit */
#define AC_POLL INT64_C(0)   /* long past: take what is there, never wait */

/* ---- Status --------------------------------------------------------- */

/* Outcomes of calls are below 32; statuses of a finished future are AC_OK
 * and those from 32 on.  The numbers are fixed, and none reaches 128. */
enum {
    AC_OK = 0,
    AC_DONE = 1,       /* iterator: every future has been handed out */
    AC_ETIMEDOUT = 2,  /* the deadline passed first; nothing was consumed */
    AC_EAGAIN = 3,     /* not yet (future); no room, no threads (pool) */
    AC_EINVAL = 4,     /* an argument is not valid */
    AC_ENOMEM = 5,     /* out of memory, or of another system resource */
    AC_EBUSY = 6,      /* cancel: the task is running; it has been asked */
    AC_EALREADY = 7,   /* cancel, resolve: it has finished */
    AC_EDEADLK = 8,    /* the caller would wait for itself */
    AC_ENOENT = 9,     /* the result has been taken */
    AC_ESHUTDOWN = 10, /* the pool accepts no more tasks */
    AC_ECLOSED = 11,   /* the iterator accepts no more futures */
    AC_EFORKED = 12,   /* it belongs to the parent of this process */
    AC_EHOOK = 13,     /* a start hook refused */

    AC_EFAILED = 32,   /* the task returned an error, see ac_future_error() */
    AC_ECANCELED = 33, /* canceled before it ran, or it stopped when asked */
    AC_EEXPIRED = 34,  /* not started in time, see ac_task_attr_set_start_by */
    AC_EBROKEN = 35,   /* its promise was destroyed unresolved */
    AC_EABORTED = 36   /* the task ended its thread instead of returning */
};

/* A short English text for a code: constant, never NULL. */
AC_API const char *ac_strerror(int code) AC_NOTHROW;

/* ---- Time ----------------------------------------------------------- */

/*
 * Deadlines are points in time, never durations: a bare 500 lies in the past.
 * Make one with ac_deadline_in_ms() and use it for as many calls as it is to
 * bound.  A deadline that has passed turns every wait into a poll: it returns
 * what is ready and never blocks.  What is ready is returned even when the
 * deadline has passed, and AC_ETIMEDOUT never comes early.
 *
 * The clock is CLOCK_MONOTONIC: setting the time of day moves no deadline;
 * time in system suspend does not count.
 */
AC_API ac_deadline ac_now(void) AC_NOTHROW;

/* That long from now.  A negative duration gives a deadline already past; a
 * sum out of range gives AC_FOREVER. */
AC_API ac_deadline ac_deadline_in_ms(int64_t ms) AC_NOTHROW;
AC_API ac_deadline ac_deadline_in_ns(int64_t ns) AC_NOTHROW;

/* ---- Pool ----------------------------------------------------------- */

/* Options.  Create, set, use for any number of pools, destroy: a pool keeps
 * no reference to it.  NULL instead of an attr means the defaults. */
AC_API int ac_pool_attr_create(ac_pool_attr **attr) AC_NOTHROW;
AC_API void ac_pool_attr_destroy(ac_pool_attr *attr) AC_NOTHROW;

/* Worker k is called NAME-k, NAME cut so that the whole has at most 15 bytes.
 * The default is "ac".  The text is copied. */
AC_API int ac_pool_attr_set_name(ac_pool_attr *attr,
                                 const char *name) AC_NOTHROW;

/* The stack of each worker in bytes, rounded up to whole pages.  The default
 * is 8 MiB of address space, of which only what is touched takes memory.
 * AC_EINVAL below the system's minimum. */
AC_API int ac_pool_attr_set_stack_size(ac_pool_attr *attr,
                                       size_t bytes) AC_NOTHROW;

/*
 * When may a worker that waits for a queued task of its own pool run that
 * very task itself?  By default only if it waits without a deadline, because
 * a task run in place cannot be left when the deadline passes.  So beware of
 * fan-out with a deadline on one's own pool: with AC_HELP_UNTIMED nobody
 * helps, and if all workers wait that way they all wait until it passes.
 */
typedef enum ac_help {
    AC_HELP_UNTIMED = 0, /* only in waits with AC_FOREVER */
    AC_HELP_ALWAYS = 1   /* in all waits that may block; may overrun */
} ac_help;
AC_API int ac_pool_attr_set_help(ac_pool_attr *attr, ac_help help) AC_NOTHROW;

/*
 * How many tasks may wait in the queue: accepted and not yet started.  Never
 * exceeded.  0, the default: any number.  With a capacity, ac_submit() says
 * AC_EAGAIN when the queue is full, and the calls with `room_by` wait.
 */
AC_API int ac_pool_attr_set_capacity(ac_pool_attr *attr,
                                     size_t tasks) AC_NOTHROW;

/*
 * Called by each worker when it starts, before any task, and when it ends,
 * with its number (0, 1, ...).  Either may be NULL.  If a start hook returns
 * anything but 0, ac_pool_create() says AC_EHOOK; the stop hooks of the
 * workers whose start hook returned 0 run then.  A worker whose task ended its
 * thread stops, and one that replaces it starts: what its start hook returns
 * is not looked at.  A hook must not wait for tasks of the pool, nor end its
 * thread.
 */
typedef int ac_start_fn(size_t worker, void *arg);
typedef void ac_stop_fn(size_t worker, void *arg);
AC_API int ac_pool_attr_set_hooks(ac_pool_attr *attr, ac_start_fn *start,
                                  ac_stop_fn *stop, void *arg) AC_NOTHROW;

/* Measure how long tasks wait and run, for ac_pool_stats(), if `on` is not 0.
 * Off by default: it reads the clock three times for each task. */
AC_API int ac_pool_attr_set_timing(ac_pool_attr *attr, int on) AC_NOTHROW;

/*
 * Watch the tasks of a pool.  `fn` is called without a lock, in the thread in
 * which it happens; the future is borrowed.  For each task:
 *   AC_TRACE_SUBMITTED  someone wants it in: it is not accepted yet; then one
 *                       of
 *     AC_TRACE_REFUSED    he got an error: the future is about to go, and
 *                         must not be kept
 *     AC_TRACE_STARTED    it is about to run; then
 *   AC_TRACE_ENDED      it is done, however it ended, and ac_future_status()
 *                       tells; after its callbacks; without a STARTED if it
 *                       never ran
 * At SUBMITTED, note the future and look at it (its address, its argument), but
 * do not cancel it, wait for it, register callbacks, add it to an iterator or
 * keep it: that may begin when STARTED or ENDED comes.  `fn` must not block.
 */
typedef enum ac_trace {
    AC_TRACE_SUBMITTED = 0,
    AC_TRACE_REFUSED = 1,
    AC_TRACE_STARTED = 2,
    AC_TRACE_ENDED = 3
} ac_trace;
typedef void ac_trace_fn(ac_trace event, ac_future *future, void *arg);
AC_API int ac_pool_attr_set_trace(ac_pool_attr *attr, ac_trace_fn *fn,
                                  void *arg) AC_NOTHROW;

/* No task is run in place beyond this many on one thread: a wait that nests
 * deeper blocks, for ever if no other worker comes to run its task. */
#define AC_MAX_NESTING 128

/*
 * Start a pool of that many workers (at most AC_MAX_WORKERS); 0 takes the
 * processors that this process may use: its affinity mask and its cgroup
 * quota, rounded up.  All threads have started when it returns, or none.
 * Workers block all signals but synchronous faults; a program that a task
 * executes inherits that, unless you unblock them first.
 *
 * AC_EINVAL (also for a stack too small for the system), AC_ENOMEM; AC_EAGAIN:
 * the system has no more threads; AC_EHOOK: a start hook refused.
 */
#define AC_MAX_WORKERS 32768
AC_API int ac_pool_create(size_t workers, const ac_pool_attr *attr,
                          ac_pool **pool) AC_NOTHROW;

/*
 * Stop accepting tasks (from then on submit says AC_ESHUTDOWN), and wait until
 * every task that was accepted is finished:
 *   AC_DRAIN   what is queued runs;
 *   AC_CANCEL  what is queued, in time or not, becomes AC_ECANCELED at once,
 *              and what is running is asked to stop, see
 *              ac_cancel_requested().
 * AC_CANCEL after AC_DRAIN escalates; the other way round changes nothing.
 * With AC_OK and AC_ETIMEDOUT, *left (may be NULL) is the number of tasks not
 * yet finished; after AC_ETIMEDOUT the pool goes on stopping: call again to
 * go on waiting.  Several threads may call it; each waits for the same end.
 *
 * AC_ETIMEDOUT, AC_EINVAL, AC_ENOMEM; AC_EDEADLK: called by a worker of this
 * pool.
 */
typedef enum ac_shutdown { AC_DRAIN = 0, AC_CANCEL = 1 } ac_shutdown;
AC_API int ac_pool_shutdown(ac_pool *pool, ac_shutdown how,
                            ac_deadline deadline, size_t *left) AC_NOTHROW;

/* Wait until no accepted task is unfinished; the pool goes on.
 * AC_ETIMEDOUT, AC_EINVAL, AC_ENOMEM; AC_EDEADLK as above. */
AC_API int ac_pool_wait_idle(ac_pool *pool, ac_deadline deadline) AC_NOTHROW;

/*
 * Counters of a pool: values[AC_STAT_...], all of one moment.  They are always
 * on.  Of an idle pool, SUBMITTED = COMPLETED + FAILED + CANCELED + EXPIRED +
 * ABORTED.  Times are in nanoseconds, and 0 without ac_pool_attr_set_timing().
 * It writes the first n; a statistic that this library does not know is 0.
 * AC_EINVAL.
 */
enum {
    AC_STAT_WORKERS = 0,    /* threads of the pool */
    AC_STAT_BUSY = 1,       /* of them, running a task now */
    AC_STAT_QUEUED = 2,     /* tasks accepted and not yet started */
    AC_STAT_QUEUED_MAX = 3, /* the highest that QUEUED was seen to be; exact
                             * in a pool with a capacity */
    AC_STAT_SUBMITTED = 4,  /* tasks accepted, ever */
    AC_STAT_COMPLETED = 5,  /* of them, ended AC_OK */
    AC_STAT_FAILED = 6,     /* ... AC_EFAILED */
    AC_STAT_CANCELED = 7,   /* ... AC_ECANCELED */
    AC_STAT_EXPIRED = 8,    /* ... AC_EEXPIRED */
    AC_STAT_ABORTED = 9,    /* ... AC_EABORTED */
    AC_STAT_REJECTED = 10,  /* tasks refused: no room, or shut down */
    AC_STAT_WAIT_NS = 11,   /* from accepted to started, of all that have run */
    AC_STAT_WAIT_MAX_NS = 12,
    AC_STAT_RUN_NS = 13, /* from started to ended */
    AC_STAT_RUN_MAX_NS = 14,
    AC_STATS = 15 /* how many this header knows */
};
AC_API int ac_pool_stats(const ac_pool *pool, uint64_t values[],
                         size_t n) AC_NOTHROW;

/* Drain, join the workers, free the pool.  Futures live on until their last
 * reference goes.  AC_EDEADLK as above: the pool is then untouched. */
AC_API int ac_pool_destroy(ac_pool *pool) AC_NOTHROW;

/* ---- Submit --------------------------------------------------------- */

/* Options of a task; used like those of a pool. */
AC_API int ac_task_attr_create(ac_task_attr **attr) AC_NOTHROW;
AC_API void ac_task_attr_destroy(ac_task_attr *attr) AC_NOTHROW;

/*
 * Who frees what the task leaves?  Both run at most once, when the last
 * reference to the future goes: free_arg if and only if the task never ran
 * (when it ran, its argument was its own to free), also for an argument that
 * is NULL; free_result if and only if the result is not NULL and nobody took
 * it.  NULL, the default, frees nothing.  They must not wait for tasks.
 */
AC_API int ac_task_attr_set_free_arg(ac_task_attr *attr,
                                     ac_free_fn *fn) AC_NOTHROW;
AC_API int ac_task_attr_set_free_result(ac_task_attr *attr,
                                        ac_free_fn *fn) AC_NOTHROW;

/*
 * Levels.  A worker that is free starts the oldest task of the highest level
 * that has one.  So that none starves, a task that is the oldest of its level
 * is passed by at most AC_MAX_PASSED tasks of higher levels; where two levels
 * have waited that long, the lower one goes first.
 */
typedef enum ac_priority {
    AC_PRIORITY_LOW = 0,
    AC_PRIORITY_NORMAL = 1, /* the default */
    AC_PRIORITY_HIGH = 2
} ac_priority;
#define AC_MAX_PASSED 64
AC_API int ac_task_attr_set_priority(ac_task_attr *attr,
                                     ac_priority priority) AC_NOTHROW;

/*
 * The task is of no use unless it is started by then.  If it is not, it never
 * runs and becomes AC_EEXPIRED, as soon as somebody meets it: a worker, a
 * submitter that finds the queue full, or a call on its future (status, wait,
 * get, take, cancel, on_done, ac_wait).  A wait for it, and a submitter that
 * waits for room, wake up at that time.  There is no other timer: an iterator
 * delivers it when one of these has met it.  AC_FOREVER, the default: no limit.
 */
AC_API int ac_task_attr_set_start_by(ac_task_attr *attr,
                                     ac_deadline start_by) AC_NOTHROW;

/*
 * Run fn(arg) on the pool.  *future is a reference of yours; pass NULL when
 * nobody will ask: the task runs all the same.  What you wrote before is
 * visible to the task.  On error nothing was queued and arg is still yours.
 * A pool of one worker starts tasks of one priority in the order of
 * submission, but for those that a wait runs in place.
 *
 * AC_EINVAL, AC_ENOMEM, AC_ESHUTDOWN; AC_EAGAIN: the queue is full, or others
 * are waiting for room already.
 */
AC_API int ac_submit(ac_pool *pool, const ac_task_attr *attr, ac_task_fn *fn,
                     void *arg, ac_future **future) AC_NOTHROW;

/*
 * The same, and wait for room in the queue until `room_by`.  Those who wait
 * get room, and are queued, in the order in which they came.
 *
 * AC_ETIMEDOUT instead of AC_EAGAIN; a worker never waits for room in its own
 * pool: AC_EAGAIN.  AC_ESHUTDOWN also while it waits.
 */
AC_API int ac_submit_until(ac_pool *pool, const ac_task_attr *attr,
                           ac_task_fn *fn, void *arg, ac_deadline room_by,
                           ac_future **future) AC_NOTHROW;

/*
 * The same for n tasks, fn(args[0]) to fn(args[n - 1]), queued in that order
 * without another's between them on one level; all or nothing.  futures[]
 * gets a reference to each, and may be NULL.  With n of 0 it does nothing and
 * says AC_OK, also when the queue is full or the pool was shut down.
 *
 * Also AC_EINVAL: n is above the pool's capacity.
 */
AC_API int ac_submit_many(ac_pool *pool, const ac_task_attr *attr,
                          ac_task_fn *fn, void *const args[], size_t n,
                          ac_deadline room_by, ac_future *futures[]) AC_NOTHROW;

/*
 * As ac_submit_until(), and add the future to an open iterator, all or
 * nothing, with no allocation but the future's own.  Its place in the iterator
 * is reserved before it waits for room: after ac_iter_close(), those who take
 * wait for it; after ac_iter_abandon() it may still say AC_OK, but the future,
 * as all that is unfinished, does not come out.
 *
 * Also AC_ECLOSED: the iterator accepted no more when the call began.
 */
AC_API int ac_iter_submit(ac_iter *iter, ac_pool *pool,
                          const ac_task_attr *attr, ac_task_fn *fn, void *arg,
                          ac_deadline room_by, ac_future **future) AC_NOTHROW;

/* ---- Future --------------------------------------------------------- */

/* One reference more (returns its argument), one less.  A future that nobody
 * refers to any more still runs; its result is then freed as its attr says. */
AC_API ac_future *ac_future_ref(ac_future *future) AC_NOTHROW;
AC_API void ac_future_unref(ac_future *future) AC_NOTHROW;

/* How it ended: AC_OK or one of the codes from 32 on; AC_EAGAIN until then. */
AC_API int ac_future_status(const ac_future *future) AC_NOTHROW;

/* The error number that the task returned, or that its promise was failed
 * with; 0 if there is none: not yet, or 0, or AC_TASK_CANCELED. */
AC_API int ac_future_error(const ac_future *future) AC_NOTHROW;

/* The argument it was made with: the way back to your request.  The
 * library never looks at it; whether it still points to something is up to
 * your task.  If the task never ran, it is valid while you hold a reference. */
AC_API void *ac_future_arg(const ac_future *future) AC_NOTHROW;

/*
 * Wait until it is done.  AC_OK says that it is done, however it ended.
 *
 * Called inside a task, without a deadline, for a task that is queued in the
 * same pool, it runs that task itself, so that waits that nest no deeper than
 * AC_MAX_NESTING finish on a pool of any size; see ac_pool_attr_set_help().
 *
 * AC_ETIMEDOUT, AC_EINVAL, AC_ENOMEM; AC_EDEADLK: the future is the task that
 * is calling, or one that waits for it on this thread.
 */
AC_API int ac_future_wait(ac_future *future, ac_deadline deadline);

/*
 * Wait as above, then return the future's own status: AC_OK or a code from 32
 * on.  If the task ran or the promise was set, *result is what it left,
 * whatever the status; otherwise *result is unchanged.
 *
 * get borrows: the result is valid while you hold a reference and nobody
 * takes it; any number of calls; `result` may be NULL.  take makes it yours:
 * once; `result` is required.  After a take, both say AC_ENOENT.  A future
 * that never ran has nothing to take: both repeat its status.
 */
AC_API int ac_future_get(ac_future *future, ac_deadline deadline,
                         void **result);
AC_API int ac_future_take(ac_future *future, ac_deadline deadline,
                          void **result);

/*
 * Cancel.  AC_OK: it was queued and will never run, it is done now
 * (AC_ECANCELED), its room in the queue is free, and then everyone who waits
 * for it is told; or it was canceled before.  AC_EBUSY: it is running and has
 * been asked to stop; it becomes AC_ECANCELED only if it returns
 * AC_TASK_CANCELED.  AC_EALREADY: it had ended otherwise.  The future of an
 * unresolved promise is canceled at once.
 */
AC_API int ac_future_cancel(ac_future *future) AC_NOTHROW;

/* Inside a task: 1 if someone asked this task to stop, else 0; the innermost
 * task, where one runs inside another's wait.  A callback, a trace or a free
 * function that runs inside a task counts as part of it.  Elsewhere 0. */
AC_API int ac_cancel_requested(void) AC_NOTHROW;

/*
 * Call fn(future, arg) once, when it is done: in the thread that finishes,
 * cancels or resolves it, after iterators and waits were told, in the order of
 * registration; if it is done already, at once.  The future is borrowed, and
 * is kept until then.
 *
 * A callback must not block and must not end its thread.  It may cancel,
 * submit, resolve, and unref this future.  Callbacks that become due meanwhile
 * run when it has returned.
 *
 * AC_EINVAL, AC_ENOMEM.
 */
typedef void ac_done_fn(ac_future *future, void *arg);
AC_API int ac_future_on_done(ac_future *future, ac_done_fn *fn,
                             void *arg) AC_NOTHROW;

/* ---- Promise -------------------------------------------------------- */

/*
 * A future that no pool runs, and its writing end: an event loop, another
 * library or another machine resolves it.  Of `attr`, free_arg and free_result
 * count: one that was resolved or failed has run, any other has not; `arg` is
 * what ac_future_arg() returns.  *future is a reference of yours.
 * AC_EINVAL, AC_ENOMEM.
 */
AC_API int ac_promise_create(const ac_task_attr *attr, void *arg,
                             ac_promise **promise,
                             ac_future **future) AC_NOTHROW;

/*
 * Resolve it: the future becomes AC_OK, or AC_EFAILED with that error (not 0;
 * with AC_TASK_CANCELED it becomes AC_ECANCELED).  The result is then the
 * future's.  AC_EALREADY: it is done already, perhaps canceled; the result is
 * still yours.  AC_EINVAL.
 */
AC_API int ac_promise_resolve(ac_promise *promise, void *result) AC_NOTHROW;
AC_API int ac_promise_fail(ac_promise *promise, int error,
                           void *result) AC_NOTHROW;

/* Free the writing end, which held a reference to the future.  If it is
 * unresolved, the future becomes AC_EBROKEN. */
AC_API void ac_promise_destroy(ac_promise *promise) AC_NOTHROW;

/* ---- As completed --------------------------------------------------- */

/*
 * An iterator over n futures, closed: it accepts no others.  It takes
 * references of its own; you keep yours.  A future given twice comes out
 * once.  Those done already come first, in the order of the array; among those
 * that complete during this call, the order is not defined.  n may be 0 (and
 * the array then NULL): next says AC_DONE at once.
 *
 * AC_EINVAL (also for a NULL in the array), AC_ENOMEM.
 */
AC_API int ac_as_completed(ac_future *const futures[], size_t n,
                           ac_iter **iter) AC_NOTHROW;

/* An empty iterator that accepts futures until ac_iter_close().
 * AC_EINVAL, AC_ENOMEM. */
AC_API int ac_iter_open(ac_iter **iter) AC_NOTHROW;

/* Add a future, at any time, from any thread, done or not.  It takes a
 * reference.  Each successful add is one delivery.
 * AC_EINVAL, AC_ENOMEM, AC_ECLOSED. */
AC_API int ac_iter_add(ac_iter *iter, ac_future *future) AC_NOTHROW;

/*
 * The next future to complete.  *future is a reference that the iterator
 * hands over: unref it when you are done with it.
 *
 * AC_DONE: nothing is left, and the iterator is closed (an open one waits for
 * more).  AC_ETIMEDOUT: nothing completed in time; nothing is lost, and a
 * call with a later deadline goes on.  AC_EINVAL, AC_ENOMEM.  AC_EDEADLK: it
 * is closed, and all that is left are tasks that the caller itself is running.
 *
 * Several threads may call it; each future goes to exactly one of them.
 */
AC_API int ac_iter_next(ac_iter *iter, ac_deadline deadline,
                        ac_future **future);

/*
 * Up to `max` of them at once.  Waits until `min` are ready (fewer, when
 * fewer remain, also in an open iterator), then takes all that is ready, up to
 * max; 1 <= min <= max.
 * When the deadline passes it takes what is ready; AC_ETIMEDOUT only if that
 * is nothing; in the same way, AC_EDEADLK only if nothing is ready.  *n is how
 * many; codes as for next.
 */
AC_API int ac_iter_next_many(ac_iter *iter, ac_future *futures[], size_t min,
                             size_t max, ac_deadline deadline, size_t *n);

/* How many futures are still to come out, ready or not, those included whose
 * ac_iter_submit() waits for room; 0 for NULL. */
AC_API size_t ac_iter_remaining(const ac_iter *iter) AC_NOTHROW;

/*
 * A descriptor for poll(), epoll or kqueue: readable exactly while
 * ac_iter_next() with AC_POLL would not say AC_ETIMEDOUT (level-triggered);
 * nor AC_EDEADLK, which only a task of one's own has to fear.
 * It is the iterator's, made by the first call, always the same, and closed by
 * ac_iter_destroy(): never read, write or close it.  It is not inherited
 * across exec.
 *
 * AC_EINVAL; AC_ENOMEM: the system has no more descriptors.
 */
AC_API int ac_iter_fd(ac_iter *iter, int *fd) AC_NOTHROW;

/* Cancel, as ac_future_cancel() does, every future that has not completed.
 * They still come out.  Where two threads call it at once they share the work,
 * so the one that returns first may do so while the other is still at it.
 * AC_EINVAL. */
AC_API int ac_iter_cancel(ac_iter *iter) AC_NOTHROW;

/* Accept no more.  What was added, or has its place (see ac_iter_submit()),
 * comes out, then next says AC_DONE; those who wait for nothing more are
 * woken.  AC_EINVAL. */
AC_API int ac_iter_close(ac_iter *iter) AC_NOTHROW;

/* Close, and let go of all that has not completed (without canceling it):
 * next, also one that is waiting, hands out what is ready, then says AC_DONE.
 * AC_EINVAL. */
AC_API int ac_iter_abandon(ac_iter *iter) AC_NOTHROW;

/* Free it, at any time; what it still held is released, not canceled, not
 * waited for.  No other thread may be using it: abandon it first, and join
 * those who do. */
AC_API void ac_iter_destroy(ac_iter *iter) AC_NOTHROW;

/* ---- Wait on a set -------------------------------------------------- */

/*
 * Wait until one, the first failed one, or all of n futures are done.
 *   AC_ALL          all are done; AC_OK at once when n is 0
 *   AC_FIRST        one is done; AC_EINVAL when n is 0
 *   AC_FIRST_ERROR  one failed, or all are done; a canceled one has not
 *                   failed; AC_OK at once when n is 0
 * With AC_OK and AC_ETIMEDOUT, *which (may be NULL) is the lowest index that
 * ended the wait: n for AC_ALL, when none failed, and when it timed out.
 *
 * AC_ETIMEDOUT, AC_EINVAL (also for a NULL in the array), AC_ENOMEM;
 * AC_EDEADLK: it could end only when the task that is calling ends.
 */
typedef enum ac_wait_mode {
    AC_ALL = 0,
    AC_FIRST = 1,
    AC_FIRST_ERROR = 2
} ac_wait_mode;
AC_API int ac_wait(ac_future *const futures[], size_t n, ac_wait_mode mode,
                   ac_deadline deadline, size_t *which);

/* ---- Version of the library ----------------------------------------- */

/* The version that is linked, as text: compare it with AC_VERSION. */
AC_API const char *ac_version(void) AC_NOTHROW;

#ifdef __cplusplus
}
#endif

#endif /* ASCOMPLETED_H */
