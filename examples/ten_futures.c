/*
 * ten_futures: submit first, keep the futures, iterate as they complete
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: ten_futures [SEED [UNIT_MS]]
 *
 * The tasks of ten_tasks, with their futures kept.  The iterator takes
 * references of its own: what it hands out is given back with one unref, the
 * array's references with another.  Here each result is allocated by its task
 * and taken by the caller; free_result covers those that nobody takes.
 */
#define _POSIX_C_SOURCE 200809L

#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TASKS 10
#define OUT_OF_MEMORY 1 /* an error number of this program's tasks */

struct task {
    int i;
    double fraction; /* how much of the unit to wait */
    double unit_ms;
};

static void
check(int rc, const char *what)
{
    if (rc != AC_OK) {
        fprintf(stderr, "ten_futures: %s: %s\n", what, ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

static unsigned long
number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value > 1000000000) {
        fprintf(stderr, "usage: ten_futures [SEED [UNIT_MS]]\n");
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

static int
wait_and_multiply(void *arg, void **result)
{
    const struct task *task = arg;
    wait_ms(task->fraction * task->unit_ms);

    double *value = malloc(sizeof(*value));
    if (value == NULL)
        return OUT_OF_MEMORY;
    *value = task->i * task->fraction;
    *result = value;
    return 0;
}

static void
print_as_completed(ac_future *const futures[], size_t n)
{
    ac_iter *iter;
    ac_future *done;
    int rc;

    check(ac_as_completed(futures, n, &iter), "ac_as_completed");
    while ((rc = ac_iter_next(iter, AC_FOREVER, &done)) == AC_OK) {
        void *value;
        check(ac_future_take(done, AC_POLL, &value), "task");
        printf(">got %.16g\n", *(double *)value);
        free(value);
        ac_future_unref(done);
    }
    if (rc != AC_DONE)
        check(rc, "ac_iter_next");
    ac_iter_destroy(iter);
}

int
main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? number(argv[1]) : 1;
    double unit_ms = argc > 2 ? (double)number(argv[2]) : 1000;
    struct task tasks[TASKS];
    ac_future *futures[TASKS];
    ac_task_attr *attr;
    ac_pool *pool;

    check(ac_pool_create(TASKS, NULL, &pool), "ac_pool_create");
    check(ac_task_attr_create(&attr), "ac_task_attr_create");
    check(ac_task_attr_set_free_result(attr, free), "set_free_result");
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = (struct task){i, random_fraction(&seed), unit_ms};
        check(ac_submit(pool, attr, wait_and_multiply, &tasks[i], &futures[i]),
              "ac_submit");
    }
    ac_task_attr_destroy(attr);

    print_as_completed(futures, TASKS);

    for (int i = 0; i < TASKS; i++)
        ac_future_unref(futures[i]);
    check(ac_pool_destroy(pool), "ac_pool_destroy");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
