/*
 * timeout: one deadline for a whole loop, and how to go on after it
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: timeout [--resume] [--hold] [SEED [UNIT_MS]]
 *
 * The tasks of ten_tasks under a deadline of half a unit: prints what came in
 * time, then "Gave up after timeout".  A timeout consumes nothing, so with
 * --resume the same iterator goes on with a later deadline and gets the rest.
 *
 * --hold takes the clock out of it, which makes the output exact: tasks whose
 * fraction is over one half wait at a gate until the loop has given up, and
 * the others do not wait at all.
 */
#define _POSIX_C_SOURCE 200809L

#include <ascompleted.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TASKS 10

/* Closed until someone opens it. */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    int is_open; /* mutex */
};

struct task {
    int i;
    double fraction; /* how much of the unit to wait */
    double unit_ms;
    struct gate *gate; /* NULL: wait by the clock */
    double value;      /* the result */
};

static void
fail(const char *what, const char *why)
{
    fprintf(stderr, "timeout: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void
check(int rc, const char *what)
{
    if (rc != AC_OK)
        fail(what, ac_strerror(rc));
}

/* pthread functions return errno's numbers. */
static void
check_posix(int error, const char *what)
{
    if (error != 0)
        fail(what, strerror(error));
}

static void
gate_pass(struct gate *gate)
{
    check_posix(pthread_mutex_lock(&gate->mutex), "lock");
    while (!gate->is_open)
        check_posix(pthread_cond_wait(&gate->opened, &gate->mutex), "wait");
    check_posix(pthread_mutex_unlock(&gate->mutex), "unlock");
}

static void
gate_open(struct gate *gate)
{
    check_posix(pthread_mutex_lock(&gate->mutex), "lock");
    gate->is_open = 1;
    check_posix(pthread_cond_broadcast(&gate->opened), "broadcast");
    check_posix(pthread_mutex_unlock(&gate->mutex), "unlock");
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
    struct task *task = arg;
    if (task->gate == NULL)
        wait_ms(task->fraction * task->unit_ms);
    else if (task->fraction > 0.5)
        gate_pass(task->gate);
    task->value = task->i * task->fraction;
    *result = &task->value;
    return 0;
}

/* Print what completes until the deadline: AC_DONE or AC_ETIMEDOUT. */
static int
print_until(ac_iter *iter, ac_deadline deadline)
{
    ac_future *done;
    int rc;
    while ((rc = ac_iter_next(iter, deadline, &done)) == AC_OK) {
        void *result;
        check(ac_future_get(done, AC_POLL, &result), "task");
        printf(">got %.16g\n", *(double *)result);
        ac_future_unref(done);
    }
    if (rc == AC_ETIMEDOUT)
        puts("Gave up after timeout");
    else if (rc != AC_DONE)
        check(rc, "ac_iter_next");
    return rc;
}

/*
 * The deadline of the loop.  With a gate: when the tasks that do not stop at
 * it are done, the deadline may as well have passed.  What is ready is handed
 * out even then.
 */
static ac_deadline
first_deadline(const struct task tasks[], ac_future *const futures[])
{
    ac_future *quick[TASKS];
    size_t n = 0;

    if (tasks[0].gate == NULL)
        return ac_deadline_in_ns((int64_t)(tasks[0].unit_ms * 1e6 / 2));
    for (int i = 0; i < TASKS; i++)
        if (tasks[i].fraction <= 0.5)
            quick[n++] = futures[i];
    check(ac_wait(quick, n, AC_ALL, AC_FOREVER, NULL), "ac_wait");
    return AC_POLL;
}

struct options {
    int resume, hold;
    unsigned long seed, unit_ms;
};

static void
usage(void)
{
    fail("usage", "timeout [--resume] [--hold] [SEED [UNIT_MS]]");
}

static unsigned long
number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value > 1000000000)
        usage();
    return value;
}

static struct options
parse(int argc, char **argv)
{
    struct options options = {0, 0, 1, 1000};
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--resume") == 0)
            options.resume = 1;
        else if (strcmp(argv[i], "--hold") == 0)
            options.hold = 1;
        else
            usage();
    }
    if (i < argc)
        options.seed = number(argv[i++]);
    if (i < argc)
        options.unit_ms = number(argv[i]);
    return options;
}

int
main(int argc, char **argv)
{
    struct options options = parse(argc, argv);
    uint64_t state = options.seed;
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    struct task tasks[TASKS];
    ac_future *futures[TASKS];
    ac_pool *pool;
    ac_iter *iter;

    check(ac_pool_create(TASKS, NULL, &pool), "ac_pool_create");
    for (int i = 0; i < TASKS; i++) {
        tasks[i] =
            (struct task){i, random_fraction(&state), (double)options.unit_ms,
                          options.hold ? &gate : NULL, 0};
        check(ac_submit(pool, NULL, wait_and_multiply, &tasks[i], &futures[i]),
              "ac_submit");
    }
    check(ac_as_completed(futures, TASKS, &iter), "ac_as_completed");

    int rc = print_until(iter, first_deadline(tasks, futures));
    gate_open(&gate);
    if (rc == AC_ETIMEDOUT && options.resume)
        print_until(iter, ac_deadline_in_ms(60 * 1000));

    ac_iter_destroy(iter); /* cancels nothing: the pool finishes its tasks */
    for (int i = 0; i < TASKS; i++)
        ac_future_unref(futures[i]);
    check(ac_pool_destroy(pool), "ac_pool_destroy");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
