/*
 * A loop of epoll's under a flood of completions: none is lost, none of its
 * wake-ups is for nothing, and the descriptor is written to once each time
 * that the iterator becomes ready.
 *
 * usage: fd_flood [COMPLETIONS]
 *
 * Prints "fd FD raised RAISES got COMPLETIONS" for check-fd.sh, which counts
 * the writes.  A wake-up that never comes shows as a program that hangs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "iter.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MUST(expr) ((expr) ? (void)0 : fail(__LINE__, #expr))

enum { WORKERS = 2, CAPACITY = 16, BATCH = 32, QUIET_ROUNDS = 1000 };

static ac_pool *pool;
static ac_iter *iter;
static unsigned char *seen; /* by number: how often it came out */
static size_t completions = 100000;
static int epoll;
static int fd;

static _Noreturn void
fail(int line, const char *what)
{
    fprintf(stderr, "fd_flood.c:%d: failed: %s\n", line, what);
    exit(EXIT_FAILURE);
}

/* What epoll says within that time. */
static int
readable(int timeout)
{
    struct epoll_event event;
    int n;

    do
        n = epoll_wait(epoll, &event, 1, timeout);
    while (n < 0 && errno == EINTR);
    MUST(n >= 0);
    return n;
}

/* The result is the place in seen[]. */
static int
task(void *arg, void **result)
{
    *result = arg;
    return 0;
}

static void *
feed(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < completions; i++)
        MUST(ac_iter_submit(iter, pool, NULL, task, &seen[i], AC_FOREVER,
                            NULL) == AC_OK);
    return NULL;
}

static void
take(ac_future *future)
{
    void *place;

    MUST(ac_future_get(future, AC_POLL, &place) == AC_OK);
    ++*(unsigned char *)place;
    ac_future_unref(future);
}

/* There is something, as epoll said so and nobody else takes it.  Look for
 * more until there is none, but now and then leave some of it. */
static size_t
take_some(size_t turn)
{
    ac_future *futures[BATCH];
    size_t n;
    size_t max = turn % 3 + 1;

    MUST(ac_iter_next_many(iter, futures, 1, max, AC_POLL, &n) == AC_OK);
    for (size_t i = 0; i < n; i++)
        take(futures[i]);
    size_t got = n;
    while (turn % 4 == 0 &&
           ac_iter_next_many(iter, futures, 1, BATCH, AC_POLL, &n) == AC_OK) {
        for (size_t i = 0; i < n; i++)
            take(futures[i]);
        got += n;
    }
    return got;
}

static size_t
flood(void)
{
    pthread_t feeder;
    size_t got = 0;

    MUST(pthread_create(&feeder, NULL, feed, NULL) == 0);
    for (size_t turn = 0; got < completions; turn++) {
        MUST(readable(-1) == 1);
        got += take_some(turn);
    }
    MUST(pthread_join(feeder, NULL) == 0);
    for (size_t i = 0; i < completions; i++)
        MUST(seen[i] == 1);
    MUST(ac_iter_remaining(iter) == 0);
    return got;
}

/* After AC_ETIMEDOUT it is not readable, however long one looks, until
 * something completes. */
static void
quiet_round(void)
{
    ac_promise *promise;
    ac_future *future;
    ac_future *got;

    MUST(ac_promise_create(NULL, NULL, &promise, &future) == AC_OK);
    MUST(ac_iter_add(iter, future) == AC_OK);
    MUST(ac_iter_next(iter, AC_POLL, &got) == AC_ETIMEDOUT);
    MUST(readable(0) == 0);
    MUST(ac_promise_resolve(promise, NULL) == AC_OK);
    MUST(readable(0) == 1);
    MUST(ac_iter_next(iter, AC_POLL, &got) == AC_OK);
    MUST(readable(0) == 0);
    ac_promise_destroy(promise);
    ac_future_unref(got);
    ac_future_unref(future);
}

static void
quiet(void)
{
    const size_t before = iter->pollable.raises;

    for (int i = 0; i < QUIET_ROUNDS; i++)
        quiet_round();
    MUST(iter->pollable.raises == before + QUIET_ROUNDS);
}

static void
end(void)
{
    ac_future *got;

    MUST(ac_iter_close(iter) == AC_OK);
    MUST(readable(0) == 1);
    MUST(ac_iter_next(iter, AC_POLL, &got) == AC_DONE);
    MUST(readable(0) == 1);
}

int
main(int argc, char **argv)
{
    struct epoll_event event = {.events = EPOLLIN};
    ac_pool_attr *attr;

    if (argc > 1)
        completions = strtoul(argv[1], NULL, 10);
    seen = calloc(completions, 1);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    MUST(seen != NULL && epoll >= 0);
    MUST(ac_pool_attr_create(&attr) == AC_OK);
    MUST(ac_pool_attr_set_capacity(attr, CAPACITY) == AC_OK);
    MUST(ac_pool_create(WORKERS, attr, &pool) == AC_OK);
    ac_pool_attr_destroy(attr);
    MUST(ac_iter_open(&iter) == AC_OK);
    MUST(ac_iter_fd(iter, &fd) == AC_OK);
    MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);

    size_t got = flood();
    quiet();
    end();
    printf("fd %d raised %zu got %zu\n", fd, iter->pollable.raises, got);

    close(epoll);
    ac_iter_destroy(iter);
    MUST(ac_pool_destroy(pool) == AC_OK);
    free(seen);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
