/*
 * bench_apr - the thread pool of the Apache Portable Runtime, and an
 * apr_queue for each collection
 *
 * apr_queue has a fixed size and no timed pop.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <apr_general.h>
#include <apr_queue.h>
#include <apr_thread_pool.h>
#include <apr_version.h>
#include <stdlib.h>

struct job {
    bench_fn *fn;
    uintptr_t arg; /* then the result */
    apr_queue_t *to;
};

typedef struct collection {
    apr_pool_t *memory;
    apr_queue_t *results;
} collection;

static apr_pool_t *memory;
static apr_thread_pool_t *pool;

static void
pool_open(size_t workers)
{
    BENCH_MUST(apr_initialize() == APR_SUCCESS);
    BENCH_MUST(apr_pool_create(&memory, NULL) == APR_SUCCESS);
    BENCH_MUST(apr_thread_pool_create(&pool, workers, workers, memory) ==
               APR_SUCCESS);
}

static void
pool_close(void)
{
    BENCH_MUST(apr_thread_pool_destroy(pool) == APR_SUCCESS);
    apr_pool_destroy(memory);
    apr_terminate();
}

/* ---- The collection ------------------------------------------------- */

static inline collection *
collection_open(size_t most)
{
    collection *c = malloc(sizeof(*c));

    BENCH_MUST(c != NULL);
    BENCH_MUST(apr_pool_create(&c->memory, NULL) == APR_SUCCESS);
    BENCH_MUST(apr_queue_create(&c->results, (unsigned)most, c->memory) ==
               APR_SUCCESS);
    return c;
}

static inline void
collection_close(collection *c)
{
    apr_pool_destroy(c->memory);
    free(c);
}

/* Who was woken and came too late is told so, and asks again. */
#define retry(call) \
    do { \
        apr_status_t rc; \
        while ((rc = (call)) == APR_EINTR) \
            continue; \
        BENCH_MUST(rc == APR_SUCCESS); \
    } while (0)

static void *APR_THREAD_FUNC
run(apr_thread_t *thread, void *data)
{
    struct job *job = data;

    (void)thread;
    job->arg = job->fn(job->arg);
    retry(apr_queue_push(job->to, job));
    return NULL;
}

static inline void
collection_submit(collection *c, bench_kind kind, uintptr_t arg)
{
    struct job *job = malloc(sizeof(*job));

    BENCH_MUST(job != NULL);
    job->fn = bench_task(kind);
    job->arg = arg;
    job->to = c->results;
    BENCH_MUST(apr_thread_pool_push(pool, run, job,
                                    APR_THREAD_TASK_PRIORITY_NORMAL,
                                    NULL) == APR_SUCCESS);
}

static inline bool
collection_next(collection *c, int64_t deadline, uintptr_t *result)
{
    void *data;

    (void)deadline;
    retry(apr_queue_pop(c->results, &data));
    struct job *job = data;
    *result = job->arg;
    free(job);
    return true;
}

#define NEXT_HAS_NO_DEADLINE
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
    {"w6", NULL, "has no wait with a deadline"},
    {"w7", NULL, "nested waits deadlock"},
    {"w8", NULL, "has no wait with a deadline"},
    {"w9n", work_w9n, NULL},
    {"w9s", work_w9s, NULL},
    {"w9i", work_w9i, NULL},
    {"w10", work_w10, NULL},
    {NULL, NULL, NULL},
};

int
main(int argc, char **argv)
{
    static const bench_peer peer = {"apr", APR_VERSION_STRING, pool_open,
                                    pool_close, rows};

    return bench_main(argc, argv, &peer);
}
