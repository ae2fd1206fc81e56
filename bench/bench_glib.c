/*
 * bench_glib - GThreadPool, and a GAsyncQueue for each collection
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <glib.h>

struct job {
    bench_fn *fn;
    uintptr_t arg; /* then the result */
    GAsyncQueue *to;
};

static GThreadPool *pool;

static void
run(gpointer data, gpointer unused)
{
    struct job *job = data;

    (void)unused;
    job->arg = job->fn(job->arg);
    g_async_queue_push(job->to, job);
}

static void
pool_open(size_t workers)
{
    pool = g_thread_pool_new(run, NULL, (gint)workers, TRUE, NULL);
    BENCH_MUST(pool != NULL);
}

static void
pool_close(void)
{
    g_thread_pool_free(pool, FALSE, TRUE);
}

/* ---- The collection ------------------------------------------------- */

typedef GAsyncQueue collection;

static inline collection *
collection_open(size_t most)
{
    (void)most;
    return g_async_queue_new();
}

static inline void
collection_close(collection *c)
{
    g_async_queue_unref(c);
}

static inline void
collection_submit(collection *c, bench_kind kind, uintptr_t arg)
{
    struct job *job = g_new(struct job, 1);

    job->fn = bench_task(kind);
    job->arg = arg;
    job->to = c;
    BENCH_MUST(g_thread_pool_push(pool, job, NULL));
}

static inline bool
collection_next(collection *c, int64_t deadline, uintptr_t *result)
{
    struct job *job;

    if (deadline == BENCH_FOREVER) {
        job = g_async_queue_pop(c);
    } else {
        int64_t left = deadline - bench_now();
        guint64 us = left > 0 ? (guint64)(left + 999) / 1000 : 0;
        job = g_async_queue_timeout_pop(c, us);
    }
    if (job == NULL)
        return false;
    *result = job->arg;
    g_free(job);
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
    gchar *version = g_strdup_printf("%u.%u.%u", glib_major_version,
                                     glib_minor_version, glib_micro_version);
    const bench_peer peer = {"glib", version, pool_open, pool_close, rows};
    int status = bench_main(argc, argv, &peer);

    g_free(version);
    return status;
}
