/*
 * fib: tasks that wait for tasks of their own pool
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: fib [N [WORKERS]]
 *
 * The recursive Fibonacci numbers: each task submits one half of its work,
 * does the other half itself, and waits for the first.  A worker that waits
 * without a deadline for a task that is still queued runs it in place, so this
 * finishes on a pool of any size, of one worker too.  WORKERS is 0, the
 * default, for the processors that the process may use.
 *
 * The result of a task is the number itself, not a pointer to it.
 */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>

struct call {
    ac_pool *pool;
    unsigned n;
};

static void
check(int rc, const char *what)
{
    if (rc != AC_OK) {
        fprintf(stderr, "fib: %s: %s\n", what, ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

static unsigned
number(const char *text, unsigned max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value > max) {
        fprintf(stderr, "usage: fib [N [WORKERS]]\n");
        exit(EXIT_FAILURE);
    }
    return (unsigned)value;
}

/* Both calls lie on this stack, so it must not return before they have. */
static int
fib(void *arg, void **result)
{
    const struct call *call = arg;
    struct call first = {call->pool, call->n - 1};
    struct call second = {call->pool, call->n - 2};
    ac_future *future;
    void *a, *b;

    if (call->n < 2) {
        *result = (void *)(uintptr_t)call->n;
        return 0;
    }
    check(ac_submit(call->pool, NULL, fib, &first, &future), "ac_submit");
    fib(&second, &b);
    check(ac_future_get(future, AC_FOREVER, &a), "ac_future_get");
    ac_future_unref(future);

    *result = (void *)((uintptr_t)a + (uintptr_t)b);
    return 0;
}

int
main(int argc, char **argv)
{
    unsigned n = argc > 1 ? number(argv[1], 40) : 20;
    unsigned workers = argc > 2 ? number(argv[2], AC_MAX_WORKERS) : 0;
    ac_pool *pool;
    ac_future *future;
    void *result;

    check(ac_pool_create(workers, NULL, &pool), "ac_pool_create");
    struct call call = {pool, n};
    check(ac_submit(pool, NULL, fib, &call, &future), "ac_submit");
    check(ac_future_get(future, AC_FOREVER, &result), "ac_future_get");
    printf("fib(%u) = %lu\n", n, (unsigned long)(uintptr_t)result);

    ac_future_unref(future);
    check(ac_pool_destroy(pool), "ac_pool_destroy");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
