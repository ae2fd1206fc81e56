/*
 * ten_tasks: submit tasks straight into an iterator, take results as they come
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: ten_tasks [SEED [UNIT_MS]]
 *
 * Ten tasks, each given i in 0..9, wait a random fraction of the unit and
 * return i times that fraction.  Nobody needs their futures, so none is kept:
 * the iterator hands out each one as it completes.
 */
#define _POSIX_C_SOURCE 200809L

#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TASKS 10

struct task {
    int i;
    double fraction; /* how much of the unit to wait */
    double unit_ms;
    double value; /* the result */
};

static void
check(int rc, const char *what)
{
    if (rc != AC_OK) {
        fprintf(stderr, "ten_tasks: %s: %s\n", what, ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

static unsigned long
number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value > 1000000000) {
        fprintf(stderr, "usage: ten_tasks [SEED [UNIT_MS]]\n");
        exit(EXIT_FAILURE);
    }
    return value;
}

/* In [0, 1), the same on every machine: a linear congruential generator. */
static double
random_fraction(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 32) / 4294967296.0;
}

static void
wait_ms(double ms)
{
    long long ns = (long long)(ms * 1e6);
    struct timespec pause = {.tv_sec = (time_t)(ns / 1000000000),
                             .tv_nsec = (long)(ns % 1000000000)};
    nanosleep(&pause, NULL); /* workers block the signals that would end it */
}

/* The result lies in the task itself, which outlives the pool. */
static int
wait_and_multiply(void *arg, void **result)
{
    struct task *task = arg;
    wait_ms(task->fraction * task->unit_ms);
    task->value = task->i * task->fraction;
    *result = &task->value;
    return 0;
}

int
main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? number(argv[1]) : 1;
    double unit_ms = argc > 2 ? (double)number(argv[2]) : 1000;
    struct task tasks[TASKS];
    ac_pool *pool;
    ac_iter *iter;

    check(ac_pool_create(TASKS, NULL, &pool), "ac_pool_create");
    check(ac_iter_open(&iter), "ac_iter_open");
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = (struct task){i, random_fraction(&seed), unit_ms, 0};
        check(ac_iter_submit(iter, pool, NULL, wait_and_multiply, &tasks[i],
                             AC_FOREVER, NULL),
              "ac_iter_submit");
    }
    check(ac_iter_close(iter), "ac_iter_close"); /* so that it has an end */

    ac_future *done;
    int rc;
    while ((rc = ac_iter_next(iter, AC_FOREVER, &done)) == AC_OK) {
        void *result;
        check(ac_future_get(done, AC_POLL, &result), "task");
        printf(">got %.16g\n", *(double *)result);
        ac_future_unref(done);
    }
    if (rc != AC_DONE)
        check(rc, "ac_iter_next");

    ac_iter_destroy(iter);
    check(ac_pool_destroy(pool), "ac_pool_destroy");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
