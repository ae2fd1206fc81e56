/*
 * Forks while other threads are inside every kind of call: the child finds all
 * of it dead, at once, and makes its own; the parent loses nothing.
 *
 * Not for ThreadSanitizer, which does not follow a child that makes threads.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HANDS = 3, IN_FLIGHT = 20 };

typedef struct shared {
    ac_pool *pool;
    ac_iter *iter;
    ac_future *held; /* unresolved as long as this lasts */
    atomic_bool stop;
} shared;

static int
thread_sanitizer(void)
{
#if defined(__SANITIZE_THREAD__)
    return 1;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
    return 1;
#else
    return 0;
#endif
#else
    return 0;
#endif
}

/* Submits, takes what comes out of the common iterator, cancels, waits. */
static void
hand(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who);
    ac_future *future;

    while (!atomic_load(&s->stop)) {
        for (int i = 0; i < IN_FLIGHT; i++)
            STRESS_MUST(stress_submit(s->pool, s->iter, NULL) == AC_OK);
        STRESS_MUST(stress_submit(s->pool, NULL, &future) == AC_OK);
        if (stress_dice_roll(&dice, 2))
            ac_future_cancel(future);
        STRESS_MUST(ac_wait(&future, 1, AC_ALL, AC_FOREVER, NULL) == AC_OK);
        stress_deliver(future);
        for (int i = 0; i < IN_FLIGHT; i++) {
            STRESS_MUST(ac_iter_next(s->iter, AC_FOREVER, &future) == AC_OK);
            stress_deliver(future);
        }
        STRESS_MUST(ac_future_wait(s->held, AC_POLL) == AC_ETIMEDOUT);
    }
}

static int
echo(void *arg, void **result)
{
    *result = arg;
    return 0;
}

static void
must(int ok)
{
    if (!ok)
        _exit(1);
}

static void
use_the_dead(shared *s)
{
    ac_future *future;
    size_t n;

    must(ac_submit(s->pool, NULL, echo, s, NULL) == AC_EFORKED);
    must(ac_pool_shutdown(s->pool, AC_CANCEL, AC_FOREVER, &n) == AC_EFORKED);
    must(ac_pool_wait_idle(s->pool, AC_FOREVER) == AC_EFORKED);
    must(ac_iter_next(s->iter, AC_FOREVER, &future) == AC_EFORKED);
    must(ac_iter_cancel(s->iter) == AC_EFORKED);
    must(ac_iter_remaining(s->iter) == 0);
    must(ac_future_wait(s->held, AC_FOREVER) == AC_EFORKED);
    must(ac_future_cancel(s->held) == AC_EFORKED);
    ac_future_unref(s->held);
    ac_iter_destroy(s->iter);
    must(ac_pool_destroy(s->pool) == AC_EFORKED);
}

static void
use_ones_own(void)
{
    ac_pool *pool;
    ac_iter *iter;
    ac_future *future;

    must(ac_pool_create(2, NULL, &pool) == AC_OK);
    must(ac_iter_open(&iter) == AC_OK);
    for (int i = 0; i < IN_FLIGHT; i++)
        must(ac_iter_submit(iter, pool, NULL, echo, pool, AC_FOREVER, NULL) ==
             AC_OK);
    for (int i = 0; i < IN_FLIGHT; i++) {
        must(ac_iter_next(iter, AC_FOREVER, &future) == AC_OK);
        ac_future_unref(future);
    }
    ac_iter_destroy(iter);
    must(ac_pool_destroy(pool) == AC_OK);
}

/* A sanitizer's allocator may be locked at the fork, the C library's not. */
static void
fork_once(shared *s)
{
    int status = -1;
    const pid_t pid = fork();

    STRESS_MUST(pid >= 0);
    if (pid == 0) {
        use_the_dead(s);
        if (!stress_instrumented())
            use_ones_own();
        _exit(0);
    }
    STRESS_MUST(waitpid(pid, &status, 0) == pid);
    STRESS_MUST(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int
main(int argc, char **argv)
{
    const size_t rounds = (stress_begin(argc, argv) + 9) / 10;
    shared s = {.pool = NULL};
    stress_dice dice = stress_dice_make(99);
    ac_promise *promise;
    stress_crew crew;

    if (thread_sanitizer()) {
        puts("skipped: not for ThreadSanitizer");
        return 77;
    }
    STRESS_MUST(ac_pool_create(2, NULL, &s.pool) == AC_OK);
    STRESS_MUST(ac_iter_open(&s.iter) == AC_OK);
    STRESS_MUST(ac_promise_create(NULL, NULL, &promise, &s.held) == AC_OK);
    stress_crew_start(&crew, HANDS, hand, &s);
    for (size_t round = 0; round < rounds; round++) {
        stress_dawdle(&dice);
        fork_once(&s);
    }
    atomic_store(&s.stop, 1);
    stress_crew_join(&crew);
    STRESS_MUST(ac_iter_remaining(s.iter) == 0);
    ac_iter_destroy(s.iter);
    ac_promise_destroy(promise);
    ac_future_unref(s.held);
    STRESS_MUST(ac_pool_destroy(s.pool) == AC_OK);
    return stress_end();
}
