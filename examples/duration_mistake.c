/*
 * duration_mistake: what happens when a duration is passed as a deadline
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: duration_mistake [MS]
 *
 * The common slip: "wait for 5000 ms" written as ac_future_get(f, 5000, ...).
 * A deadline is a point in time, and 5000 ns after the clock's start is long
 * past: the call polls, says AC_ETIMEDOUT at once, and nothing is lost.
 * ac_deadline_in_ms() makes a point in time of a duration.
 *
 * The task is held at a gate until the mistake has been seen, so that the
 * output is the same on every machine.
 */
#define _POSIX_C_SOURCE 200809L

#include <ascompleted.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Held by main for as long as the task is to wait. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void
fail(const char *what, const char *why)
{
    fprintf(stderr, "duration_mistake: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void
check(int rc, const char *what)
{
    if (rc != AC_OK)
        fail(what, ac_strerror(rc));
}

static long
number(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 0 || value > 1000000000)
        fail("usage", "duration_mistake [MS]");
    return value;
}

static void
gate_lock(void)
{
    int error = pthread_mutex_lock(&gate);
    if (error != 0)
        fail("pthread_mutex_lock", strerror(error));
}

static void
gate_unlock(void)
{
    int error = pthread_mutex_unlock(&gate);
    if (error != 0)
        fail("pthread_mutex_unlock", strerror(error));
}

static int
pass_gate(void *arg, void **result)
{
    static char text[] = "the result";
    (void)arg;
    gate_lock();
    gate_unlock();
    *result = text;
    return 0;
}

static void
print(const char *deadline, int status, void *result)
{
    if (status == AC_OK)
        printf("with %s: >got %s\n", deadline, (char *)result);
    else if (status == AC_ETIMEDOUT)
        printf("with %s: Gave up after timeout\n", deadline);
    else
        check(status, "ac_future_get");
}

int
main(int argc, char **argv)
{
    int64_t ms = argc > 1 ? number(argv[1]) : 5000;
    ac_pool *pool;
    ac_future *future;
    void *result = NULL;

    gate_lock();
    check(ac_pool_create(1, NULL, &pool), "ac_pool_create");
    check(ac_submit(pool, NULL, pass_gate, NULL, &future), "ac_submit");

    /* The mistake: this does not wait. */
    int status = ac_future_get(future, ms, &result);
    print("a duration", status, result);

    gate_unlock();
    status = ac_future_get(future, ac_deadline_in_ms(ms), &result);
    print("ac_deadline_in_ms()", status, result);

    ac_future_unref(future);
    check(ac_pool_destroy(pool), "ac_pool_destroy");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
