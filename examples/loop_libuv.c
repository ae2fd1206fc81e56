/*
 * loop_libuv: a loop of libuv's that hands work to a pool and never waits
 *
 * SPDX-License-Identifier: MIT
 *
 * At each tick of a timer a request comes in: how many primes are there below
 * n?  The loop submits it and goes on.  A uv_poll_t watches the descriptor of
 * the iterator, and tells when there are answers.  libuv's own pool of threads
 * has no part in it.
 */
#define _POSIX_C_SOURCE 200809L

#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define REQUESTS 10
#define BATCH 4
#define TICK_MS 1

struct request {
    unsigned n;
    unsigned primes; /* the answer */
};

struct server {
    ac_pool *pool;
    ac_iter *iter;
    uv_timer_t timer;
    uv_poll_t ready;
    int submitted, answered;
    struct request requests[REQUESTS];
};

static void
fail(const char *what, const char *why)
{
    fprintf(stderr, "loop_libuv: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void
check(int rc, const char *what)
{
    if (rc != AC_OK)
        fail(what, ac_strerror(rc));
}

static void
check_uv(int rc, const char *what)
{
    if (rc != 0)
        fail(what, uv_strerror(rc));
}

/* The task: the only function here that workers run. */
static int
count_primes(void *arg, void **result)
{
    struct request *request = arg;
    for (unsigned i = 2; i < request->n; i++) {
        unsigned divisor = 2;
        while (divisor * divisor <= i && i % divisor != 0)
            divisor++;
        request->primes += divisor * divisor > i;
    }
    *result = request;
    return 0;
}

/* A request comes in.  After the last one the iterator is to have an end. */
static void
on_tick(uv_timer_t *timer)
{
    struct server *server = timer->data;
    struct request *request = &server->requests[server->submitted];

    /* AC_POLL: if the pool had a capacity, we would not wait for room. */
    check(ac_iter_submit(server->iter, server->pool, NULL, count_primes,
                         request, AC_POLL, NULL),
          "ac_iter_submit");
    if (++server->submitted == REQUESTS) {
        uv_close((uv_handle_t *)timer, NULL);
        check(ac_iter_close(server->iter), "ac_iter_close");
    }
}

/* There are answers, or it is the end.  Take some, and go back to the loop: as
 * long as there are more, the descriptor stays readable. */
static void
on_ready(uv_poll_t *ready, int status, int events)
{
    struct server *server = ready->data;
    ac_future *done[BATCH];
    size_t n = 0;

    (void)events; /* only UV_READABLE was asked for */
    check_uv(status, "uv_poll");
    int rc = ac_iter_next_many(server->iter, done, 1, BATCH, AC_POLL, &n);
    if (rc == AC_DONE) {
        uv_close((uv_handle_t *)ready, NULL); /* the last: uv_run() returns */
        return;
    }
    if (rc != AC_ETIMEDOUT) /* a false alarm */
        check(rc, "ac_iter_next_many");
    for (size_t i = 0; i < n; i++) {
        void *result;
        check(ac_future_get(done[i], AC_POLL, &result), "task");
        const struct request *request = result;
        printf("below %u: %u primes\n", request->n, request->primes);
        ac_future_unref(done[i]);
        server->answered++;
    }
}

static void
start(struct server *server, uv_loop_t *loop)
{
    int fd;

    check(ac_pool_create(0, NULL, &server->pool), "ac_pool_create");
    check(ac_iter_open(&server->iter), "ac_iter_open");
    check(ac_iter_fd(server->iter, &fd), "ac_iter_fd");
    check_uv(uv_poll_init(loop, &server->ready, fd), "uv_poll_init");
    check_uv(uv_timer_init(loop, &server->timer), "uv_timer_init");
    server->ready.data = server;
    server->timer.data = server;
    check_uv(uv_poll_start(&server->ready, UV_READABLE, on_ready), "poll");
    check_uv(uv_timer_start(&server->timer, on_tick, TICK_MS, TICK_MS),
             "timer");
    for (int i = 0; i < REQUESTS; i++) /* the long ones first */
        server->requests[i].n = 10000u * (unsigned)(REQUESTS - i);
}

int
main(void)
{
    struct server server = {0};
    uv_loop_t loop;

    check_uv(uv_loop_init(&loop), "uv_loop_init");
    start(&server, &loop);
    check_uv(uv_run(&loop, UV_RUN_DEFAULT), "uv_run");
    printf("answered: %d\n", server.answered);

    /* Only now: the handle that watched the descriptor is closed. */
    ac_iter_destroy(server.iter);
    check_uv(uv_loop_close(&loop), "uv_loop_close");
    check(ac_pool_destroy(server.pool), "ac_pool_destroy");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
