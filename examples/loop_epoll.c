/*
 * loop_epoll: an event loop that hands work to a pool and never waits for it
 *
 * SPDX-License-Identifier: MIT
 *
 * At each tick of a timer a request comes in: how many primes are there below
 * n?  The loop submits it and goes on.  It watches the descriptor of the
 * iterator beside all others, and that tells when there are answers.
 *
 * The pool takes few requests at a time.  A loop cannot wait for room either:
 * with AC_POLL it is told that there is none, and tries at the next tick.
 */
#define _POSIX_C_SOURCE 200809L

#include <ascompleted.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define REQUESTS 10
#define CAPACITY 4
#define BATCH 4
#define TICK_NS 1000000

struct request {
    unsigned n;
    unsigned primes; /* the answer */
};

static struct request requests[REQUESTS];
static int submitted, answered;
static ac_pool *pool;
static ac_iter *iter;

static void
check(int rc, const char *what)
{
    if (rc != AC_OK) {
        fprintf(stderr, "loop_epoll: %s: %s\n", what, ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

/* Calls of the system say -1 and leave errno. */
static int
check_system(int value, const char *what)
{
    if (value < 0 && errno != EINTR) {
        fprintf(stderr, "loop_epoll: %s: %s\n", what, strerror(errno));
        exit(EXIT_FAILURE);
    }
    return value;
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
on_tick(int timer)
{
    uint64_t ticks;
    if (read(timer, &ticks, sizeof(ticks)) < 0)
        return; /* a false alarm */
    int rc = ac_iter_submit(iter, pool, NULL, count_primes,
                            &requests[submitted], AC_POLL, NULL);
    if (rc == AC_ETIMEDOUT)
        return; /* no room */
    check(rc, "ac_iter_submit");
    if (++submitted == REQUESTS) {
        close(timer);
        check(ac_iter_close(iter), "ac_iter_close");
    }
}

/* There are answers, or it is the end: 0.  Take some, and go back to the loop:
 * as long as there are more, the descriptor stays readable. */
static int
on_ready(void)
{
    ac_future *done[BATCH];
    size_t n = 0;
    int rc = ac_iter_next_many(iter, done, 1, BATCH, AC_POLL, &n);
    if (rc == AC_DONE)
        return 0;
    if (rc != AC_ETIMEDOUT) /* a false alarm */
        check(rc, "ac_iter_next_many");
    for (size_t i = 0; i < n; i++) {
        void *result;
        check(ac_future_get(done[i], AC_POLL, &result), "task");
        const struct request *request = result;
        printf("below %u: %u primes\n", request->n, request->primes);
        ac_future_unref(done[i]);
        answered++;
    }
    return 1;
}

static void
start(void)
{
    ac_pool_attr *attr;
    check(ac_pool_attr_create(&attr), "ac_pool_attr_create");
    check(ac_pool_attr_set_capacity(attr, CAPACITY), "capacity");
    check(ac_pool_create(0, attr, &pool), "ac_pool_create");
    ac_pool_attr_destroy(attr);
    check(ac_iter_open(&iter), "ac_iter_open");
    for (int i = 0; i < REQUESTS; i++) /* the long ones first */
        requests[i].n = 10000u * (unsigned)(REQUESTS - i);
}

int
main(void)
{
    const struct itimerspec ticks = {{0, TICK_NS}, {0, TICK_NS}};
    struct epoll_event event = {.events = EPOLLIN};
    int running = 1, ready;

    start();
    int loop = check_system(epoll_create1(EPOLL_CLOEXEC), "epoll");
    check(ac_iter_fd(iter, &ready), "ac_iter_fd");
    event.data.fd = ready;
    check_system(epoll_ctl(loop, EPOLL_CTL_ADD, ready, &event), "epoll");
    int timer =
        check_system(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), "timer");
    check_system(timerfd_settime(timer, 0, &ticks, NULL), "timer");
    event.data.fd = timer;
    check_system(epoll_ctl(loop, EPOLL_CTL_ADD, timer, &event), "epoll");

    while (running) {
        if (check_system(epoll_wait(loop, &event, 1, -1), "epoll") < 1)
            continue; /* a signal */
        if (event.data.fd == timer)
            on_tick(timer);
        else
            running = on_ready();
    }
    printf("answered: %d\n", answered);

    /* The descriptor is the iterator's: nobody may watch it any longer. */
    close(loop);
    ac_iter_destroy(iter);
    check(ac_pool_destroy(pool), "ac_pool_destroy");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
