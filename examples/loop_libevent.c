/*
 * loop_libevent: a loop of libevent's that hands work to a pool and never
 * waits
 *
 * SPDX-License-Identifier: MIT
 *
 * At each tick of a timer a request comes in: how many primes are there below
 * n?  The loop submits it and goes on.  A persistent event watches the
 * descriptor of the iterator, and tells when there are answers.
 */
#define _POSIX_C_SOURCE 200809L

#include <ascompleted.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#define REQUESTS 10
#define BATCH 4
#define TICK_US 1000

struct request {
    unsigned n;
    unsigned primes; /* the answer */
};

struct server {
    ac_pool *pool;
    ac_iter *iter;
    struct event *timer;
    struct event *ready;
    int submitted, answered;
    struct request requests[REQUESTS];
};

static void
fail(const char *what, const char *why)
{
    fprintf(stderr, "loop_libevent: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void
check(int rc, const char *what)
{
    if (rc != AC_OK)
        fail(what, ac_strerror(rc));
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
on_tick(evutil_socket_t fd, short events, void *arg)
{
    struct server *server = arg;
    struct request *request = &server->requests[server->submitted];

    (void)fd;
    (void)events;
    /* AC_POLL: if the pool had a capacity, we would not wait for room. */
    check(ac_iter_submit(server->iter, server->pool, NULL, count_primes,
                         request, AC_POLL, NULL),
          "ac_iter_submit");
    if (++server->submitted == REQUESTS) {
        event_del(server->timer);
        check(ac_iter_close(server->iter), "ac_iter_close");
    }
}

/* There are answers, or it is the end.  Take some, and go back to the loop: as
 * long as there are more, the descriptor stays readable. */
static void
on_ready(evutil_socket_t fd, short events, void *arg)
{
    struct server *server = arg;
    ac_future *done[BATCH];
    size_t n = 0;

    (void)fd; /* nobody but the iterator may read it */
    (void)events;
    int rc = ac_iter_next_many(server->iter, done, 1, BATCH, AC_POLL, &n);
    if (rc == AC_DONE) {
        event_del(server->ready); /* the last one: the loop ends */
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
start(struct server *server, struct event_base *base)
{
    const struct timeval tick = {0, TICK_US};
    int fd;

    check(ac_pool_create(0, NULL, &server->pool), "ac_pool_create");
    check(ac_iter_open(&server->iter), "ac_iter_open");
    check(ac_iter_fd(server->iter, &fd), "ac_iter_fd");
    server->ready = event_new(base, fd, EV_READ | EV_PERSIST, on_ready, server);
    server->timer = event_new(base, -1, EV_PERSIST, on_tick, server);
    if (server->ready == NULL || server->timer == NULL ||
        event_add(server->ready, NULL) != 0 ||
        event_add(server->timer, &tick) != 0)
        fail("event", "not created");
    for (int i = 0; i < REQUESTS; i++) /* the long ones first */
        server->requests[i].n = 10000u * (unsigned)(REQUESTS - i);
}

int
main(void)
{
    struct server server = {0};
    struct event_base *base = event_base_new();

    if (base == NULL)
        fail("event_base_new", "no loop");
    start(&server, base);
    if (event_base_dispatch(base) < 0)
        fail("event_base_dispatch", "failed");
    printf("answered: %d\n", server.answered);

    /* Only now: nobody watches the descriptor any longer. */
    event_free(server.ready);
    event_free(server.timer);
    ac_iter_destroy(server.iter);
    event_base_free(base);
    check(ac_pool_destroy(server.pool), "ac_pool_destroy");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
