/*
 * bench_afternoon - the pool that anyone writes in an afternoon
 *
 * One mutex, one condition variable and a linked FIFO for the tasks; the same
 * for the results of each collection.  A malloc for each task, a signal on
 * every push, no future.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct job {
    struct job *next;
    bench_fn *fn;
    uintptr_t arg; /* then the result */
    struct collection *to;
};

typedef struct collection {
    pthread_mutex_t mu;
    pthread_cond_t filled;
    struct job *head;  /* mu */
    struct job **tail; /* mu */
} collection;

static collection pool_queue; /* of the tasks */
static pthread_t *pool_threads;
static size_t pool_size;

/* ---- The FIFO ------------------------------------------------------- */

static void
fifo_init(collection *fifo)
{
    pthread_condattr_t attr;

    BENCH_MUST(pthread_mutex_init(&fifo->mu, NULL) == 0);
    BENCH_MUST(pthread_condattr_init(&attr) == 0);
    BENCH_MUST(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    BENCH_MUST(pthread_cond_init(&fifo->filled, &attr) == 0);
    pthread_condattr_destroy(&attr);
    fifo->head = NULL;
    fifo->tail = &fifo->head;
}

static void
fifo_destroy(collection *fifo)
{
    pthread_cond_destroy(&fifo->filled);
    pthread_mutex_destroy(&fifo->mu);
}

static inline void
fifo_push(collection *fifo, struct job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&fifo->mu);
    *fifo->tail = job;
    fifo->tail = &job->next;
    pthread_cond_signal(&fifo->filled);
    pthread_mutex_unlock(&fifo->mu);
}

/* NULL: the deadline passed. */
static inline struct job *
fifo_pop(collection *fifo, int64_t deadline)
{
    struct timespec until = {(time_t)(deadline / 1000000000),
                             (long)(deadline % 1000000000)};
    int rc = 0;

    pthread_mutex_lock(&fifo->mu);
    while (fifo->head == NULL && rc == 0) {
        if (deadline == BENCH_FOREVER)
            pthread_cond_wait(&fifo->filled, &fifo->mu);
        else
            rc = pthread_cond_timedwait(&fifo->filled, &fifo->mu, &until);
    }
    struct job *job = fifo->head;
    if (job != NULL && (fifo->head = job->next) == NULL)
        fifo->tail = &fifo->head;
    pthread_mutex_unlock(&fifo->mu);
    return job;
}

/* ---- The pool ------------------------------------------------------- */

static struct job *
job_make(bench_fn *fn, uintptr_t arg, collection *to)
{
    struct job *job = malloc(sizeof(*job));

    BENCH_MUST(job != NULL);
    job->fn = fn;
    job->arg = arg;
    job->to = to;
    return job;
}

static void *
worker(void *unused)
{
    struct job *job;

    while ((job = fifo_pop(&pool_queue, BENCH_FOREVER))->fn != NULL) {
        job->arg = job->fn(job->arg);
        fifo_push(job->to, job);
    }
    free(job);
    return unused;
}

static void
pool_open(size_t workers)
{
    fifo_init(&pool_queue);
    pool_threads = bench_array(workers, sizeof(*pool_threads));
    for (size_t i = 0; i < workers; i++)
        BENCH_MUST(pthread_create(&pool_threads[i], NULL, worker, NULL) == 0);
    pool_size = workers;
}

static void
pool_close(void)
{
    for (size_t i = 0; i < pool_size; i++)
        fifo_push(&pool_queue, job_make(NULL, 0, NULL));
    for (size_t i = 0; i < pool_size; i++)
        pthread_join(pool_threads[i], NULL);
    free(pool_threads);
    fifo_destroy(&pool_queue);
}

/* ---- The collection ------------------------------------------------- */

static inline collection *
collection_open(size_t most)
{
    collection *c = malloc(sizeof(*c));

    (void)most;
    BENCH_MUST(c != NULL);
    fifo_init(c);
    return c;
}

static inline void
collection_close(collection *c)
{
    fifo_destroy(c);
    free(c);
}

static inline void
collection_submit(collection *c, bench_kind kind, uintptr_t arg)
{
    fifo_push(&pool_queue, job_make(bench_task(kind), arg, c));
}

static inline bool
collection_next(collection *c, int64_t deadline, uintptr_t *result)
{
    struct job *job = fifo_pop(c, deadline);

    if (job == NULL)
        return false;
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
    static const bench_peer peer = {"afternoon", "-", pool_open, pool_close,
                                    rows};

    return bench_main(argc, argv, &peer);
}
