/*
 * loop_glib: a main loop of GLib's that hands work to a pool and never waits
 *
 * SPDX-License-Identifier: MIT
 *
 * At each tick of a timer a request comes in: how many primes are there below
 * n?  The loop submits it and goes on.  A source watches the descriptor of the
 * iterator, and tells when there are answers.  In the same way a program with
 * a window stays alive while it works.
 */
#define _POSIX_C_SOURCE 200809L

#include <ascompleted.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>

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
    GMainLoop *loop;
    int submitted, answered;
    struct request requests[REQUESTS];
};

static void
check(int rc, const char *what)
{
    if (rc != AC_OK) {
        fprintf(stderr, "loop_glib: %s: %s\n", what, ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
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
static gboolean
on_tick(gpointer arg)
{
    struct server *server = arg;
    struct request *request = &server->requests[server->submitted];

    /* AC_POLL: if the pool had a capacity, we would not wait for room. */
    check(ac_iter_submit(server->iter, server->pool, NULL, count_primes,
                         request, AC_POLL, NULL),
          "ac_iter_submit");
    if (++server->submitted < REQUESTS)
        return G_SOURCE_CONTINUE;
    check(ac_iter_close(server->iter), "ac_iter_close");
    return G_SOURCE_REMOVE;
}

/* There are answers, or it is the end.  Take some, and go back to the loop: as
 * long as there are more, the descriptor stays readable. */
static gboolean
on_ready(gint fd, GIOCondition condition, gpointer arg)
{
    struct server *server = arg;
    ac_future *done[BATCH];
    size_t n = 0;

    (void)fd; /* nobody but the iterator may read it */
    (void)condition;
    int rc = ac_iter_next_many(server->iter, done, 1, BATCH, AC_POLL, &n);
    if (rc == AC_DONE) {
        g_main_loop_quit(server->loop);
        return G_SOURCE_REMOVE;
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
    return G_SOURCE_CONTINUE;
}

static void
start(struct server *server)
{
    int fd;

    check(ac_pool_create(0, NULL, &server->pool), "ac_pool_create");
    check(ac_iter_open(&server->iter), "ac_iter_open");
    check(ac_iter_fd(server->iter, &fd), "ac_iter_fd");
    g_unix_fd_add(fd, G_IO_IN, on_ready, server);
    g_timeout_add(TICK_MS, on_tick, server);
    for (int i = 0; i < REQUESTS; i++) /* the long ones first */
        server->requests[i].n = 10000u * (unsigned)(REQUESTS - i);
}

int
main(void)
{
    struct server server = {.loop = g_main_loop_new(NULL, FALSE)};

    start(&server);
    g_main_loop_run(server.loop);
    printf("answered: %d\n", server.answered);

    /* Only now: the source that watched the descriptor is gone. */
    ac_iter_destroy(server.iter);
    g_main_loop_unref(server.loop);
    check(ac_pool_destroy(server.pool), "ac_pool_destroy");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
