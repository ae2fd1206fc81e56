/*
 * bench_libuv - uv_queue_work(), and a loop for each collection
 *
 * The pool is the process's: its size comes from UV_THREADPOOL_SIZE, which is
 * set before the first use.  A collection belongs to the thread that opened
 * it; a request of its own for each task, as the callback may be late.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

typedef struct collection {
    uv_loop_t loop;
    uv_timer_t timer;
    int64_t timer_deadline; /* what the timer is started for; 0: not started */
    bool timed_out;
    struct job *head; /* done, in that order */
    struct job **tail;
} collection;

struct job {
    uv_work_t request;
    struct job *next;
    bench_fn *fn;
    uintptr_t arg; /* then the result */
};

static void
pool_open(size_t workers)
{
    char size[16];

    snprintf(size, sizeof(size), "%zu", workers);
    BENCH_MUST(setenv("UV_THREADPOOL_SIZE", size, 1) == 0);
}

/* ---- The collection ------------------------------------------------- */

static inline collection *
collection_open(size_t most)
{
    collection *c = malloc(sizeof(*c));

    (void)most;
    BENCH_MUST(c != NULL);
    BENCH_MUST(uv_loop_init(&c->loop) == 0);
    BENCH_MUST(uv_timer_init(&c->loop, &c->timer) == 0);
    c->loop.data = c;
    c->timer_deadline = 0;
    c->timed_out = false;
    c->head = NULL;
    c->tail = &c->head;
    return c;
}

static inline void
collection_close(collection *c)
{
    uv_close((uv_handle_t *)&c->timer, NULL);
    BENCH_MUST(uv_run(&c->loop, UV_RUN_DEFAULT) == 0);
    BENCH_MUST(uv_loop_close(&c->loop) == 0);
    free(c);
}

static void
run(uv_work_t *request)
{
    struct job *job = request->data;

    job->arg = job->fn(job->arg);
}

static void
after(uv_work_t *request, int status)
{
    struct job *job = request->data;
    collection *c = request->loop->data;

    BENCH_MUST(status == 0);
    job->next = NULL;
    *c->tail = job;
    c->tail = &job->next;
}

static inline void
collection_submit(collection *c, bench_kind kind, uintptr_t arg)
{
    struct job *job = malloc(sizeof(*job));

    BENCH_MUST(job != NULL);
    job->request.data = job;
    job->fn = bench_task(kind);
    job->arg = arg;
    BENCH_MUST(uv_queue_work(&c->loop, &job->request, run, after) == 0);
}

static void
timed_out(uv_timer_t *timer)
{
    ((collection *)timer->loop->data)->timed_out = true;
}

/* One timer for all waits with the same deadline; whole milliseconds. */
static inline void
start_timer(collection *c, int64_t deadline)
{
    uv_update_time(&c->loop);
    int64_t left = deadline - bench_now();
    uint64_t ms = left > 0 ? (uint64_t)(left + 999999) / 1000000 : 0;

    c->timer_deadline = deadline;
    c->timed_out = false;
    BENCH_MUST(uv_timer_start(&c->timer, timed_out, ms, 0) == 0);
}

static inline bool
collection_next(collection *c, int64_t deadline, uintptr_t *result)
{
    if (deadline != BENCH_FOREVER && deadline != c->timer_deadline)
        start_timer(c, deadline);
    while (c->head == NULL) {
        uv_run(&c->loop, UV_RUN_ONCE);
        if (c->head == NULL && deadline != BENCH_FOREVER && c->timed_out)
            return false;
    }
    struct job *job = c->head;
    if ((c->head = job->next) == NULL)
        c->tail = &c->head;
    *result = job->arg;
    free(job);
    return true;
}

#include "workloads.h"

static const bench_row rows[] = {
    {"w1a", work_w1a, NULL},
    {"w1b", work_w1b, NULL},
    {"w1c", NULL, "calls back for one result at a time"},
    {"w1d", NULL, "has no future"},
    {"w2", work_w2, NULL},
    {"w3", work_w3, NULL},
    {"w4", work_w4, NULL},
    {"w5", work_w5, NULL},
    {"w6", work_w6, NULL},
    {"w7", NULL, "a task cannot wait for a task"},
    {"w8", work_w8, NULL},
    {"w9n", work_w9n, NULL},
    {"w9s", NULL, "a loop belongs to one thread"},
    {"w9i", work_w9i, NULL},
    {"w10", work_w10, NULL},
    {NULL, NULL, NULL},
};

int
main(int argc, char **argv)
{
    const bench_peer peer = {"libuv", uv_version_string(), pool_open, NULL,
                             rows};

    return bench_main(argc, argv, &peer);
}
