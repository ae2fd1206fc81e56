/*
 * failure: a failed task is a result like any other
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: failure [SEED [UNIT_MS]]
 *
 * The tasks of ten_tasks, but one whose fraction is over one half fails.  Its
 * error number is the program's own; what it leaves as its result is then the
 * payload of the failure.  Both reach the caller, and the other tasks' results
 * arrive all the same.
 */
#define _POSIX_C_SOURCE 200809L

#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TASKS 10
#define SOMETHING_BAD 7 /* an error number of this program's tasks */

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
        fprintf(stderr, "failure: %s: %s\n", what, ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

static unsigned long
number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value > 1000000000) {
        fprintf(stderr, "usage: failure [SEED [UNIT_MS]]\n");
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
    static char payload[] = "Something bad happened";
    struct task *task = arg;
    wait_ms(task->fraction * task->unit_ms);

    if (task->fraction > 0.5) {
        *result = payload;
        return SOMETHING_BAD;
    }
    task->value = task->i * task->fraction;
    *result = &task->value;
    return 0;
}

static void
print(ac_future *done)
{
    void *result;
    int status = ac_future_get(done, AC_POLL, &result);

    if (status == AC_OK)
        printf(">got %.16g\n", *(double *)result);
    else if (status == AC_EFAILED)
        printf(">failed %d: %s\n", ac_future_error(done), (char *)result);
    else
        check(status, "ac_future_get");
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
    check(ac_iter_close(iter), "ac_iter_close");

    ac_future *done;
    int rc;
    while ((rc = ac_iter_next(iter, AC_FOREVER, &done)) == AC_OK) {
        print(done);
        ac_future_unref(done);
    }
    if (rc != AC_DONE)
        check(rc, "ac_iter_next");

    ac_iter_destroy(iter);
    check(ac_pool_destroy(pool), "ac_pool_destroy");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
