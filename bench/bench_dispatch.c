/*
 * bench_dispatch - libdispatch: dispatch_async_f(), and a list under a mutex
 * with a dispatch semaphore for each collection
 *
 * The size of its pool is its own affair.  One worker is a serial queue; more
 * are a concurrent one, however many threads that turns out to have.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <dispatch/dispatch.h>
#include <pthread.h>
#include <stdlib.h>

struct job {
    struct job *next;
    bench_fn *fn;
    uintptr_t arg; /* then the result */
    struct collection *to;
};

typedef struct collection {
    pthread_mutex_t mu;
    struct job *head;  /* mu */
    struct job **tail; /* mu */
    dispatch_semaphore_t filled;
} collection;

static dispatch_queue_t pool;

static void
pool_open(size_t workers)
{
    if (workers == 1)
        pool = dispatch_queue_create("bench", DISPATCH_QUEUE_SERIAL);
    else
        pool = dispatch_queue_create("bench", DISPATCH_QUEUE_CONCURRENT);
    BENCH_MUST(pool != NULL);
}

static void
pool_close(void)
{
    dispatch_release(pool);
}

/* ---- The collection ------------------------------------------------- */

static inline collection *
collection_open(size_t most)
{
    collection *c = malloc(sizeof(*c));

    (void)most;
    BENCH_MUST(c != NULL);
    BENCH_MUST(pthread_mutex_init(&c->mu, NULL) == 0);
    c->head = NULL;
    c->tail = &c->head;
    c->filled = dispatch_semaphore_create(0);
    BENCH_MUST(c->filled != NULL);
    return c;
}

static inline void
collection_close(collection *c)
{
    dispatch_release(c->filled);
    pthread_mutex_destroy(&c->mu);
    free(c);
}

/* The semaphore is signaled under the mutex: who has taken the last result
 * may free the collection. */
static void
run(void *context)
{
    struct job *job = context;
    collection *c = job->to;

    job->arg = job->fn(job->arg);
    job->next = NULL;
    pthread_mutex_lock(&c->mu);
    *c->tail = job;
    c->tail = &job->next;
    dispatch_semaphore_signal(c->filled);
    pthread_mutex_unlock(&c->mu);
}

static inline void
collection_submit(collection *c, bench_kind kind, uintptr_t arg)
{
    struct job *job = malloc(sizeof(*job));

    BENCH_MUST(job != NULL);
    job->fn = bench_task(kind);
    job->arg = arg;
    job->to = c;
    dispatch_async_f(pool, job, run);
}

static inline bool
collection_next(collection *c, int64_t deadline, uintptr_t *result)
{
    dispatch_time_t until = DISPATCH_TIME_FOREVER;

    if (deadline != BENCH_FOREVER) {
        int64_t left = deadline - bench_now();
        until = dispatch_time(DISPATCH_TIME_NOW, left > 0 ? left : 0);
    }
    if (dispatch_semaphore_wait(c->filled, until) != 0)
        return false;
    pthread_mutex_lock(&c->mu);
    struct job *job = c->head;
    if ((c->head = job->next) == NULL)
        c->tail = &c->head;
    pthread_mutex_unlock(&c->mu);
    *result = job->arg;
    free(job);
    return true;
}

#include "workloads.h"

static const bench_row rows[] = {
    {"w1a", work_w1a, NULL},
    {"w1b", work_w1b, NULL},
    {"w1c", NULL, "takes one result at a time"},
    {"w1d", NULL, "has no future"},
    {"w2", work_w2, NULL},
    {"w3", work_w3, NULL},
    {"w4", work_w4, NULL},
    {"w5", work_w5, NULL},
    {"w6", work_w6, NULL},
    {"w7", NULL, "nested waits deadlock"},
    {"w8", work_w8, NULL},
    {"w9n", work_w9n, NULL},
    {"w9s", work_w9s, NULL},
    {"w9i", work_w9i, NULL},
    {"w10", work_w10, NULL},
    {NULL, NULL, NULL},
};

int
main(int argc, char **argv)
{
    static const bench_peer peer = {"dispatch", "-", pool_open, pool_close,
                                    rows};

    return bench_main(argc, argv, &peer);
}
