/*
 * bounded_map: n inputs, at most w of them in flight, one deadline, and the
 * results in the order of the inputs
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: bounded_map [--hold I] [N [W [MS]]]
 *
 * Counts the steps that each of the numbers 1 to N (20) takes to 1 in the
 * Collatz sequence, W (4) at a time, within MS milliseconds (1000), and prints
 * them in order.  With --hold the task of that number waits until it is told
 * to stop: what is not finished at the deadline is said to be so, and the exit
 * status is 1.
 */
#define _POSIX_C_SOURCE 200809L

#include <ascompleted.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
    unsigned long hold, n, width, ms;
};

static unsigned long held; /* the number whose task waits; 0: none */
static atomic_ulong in_flight, most_in_flight;

static void
check(int rc, const char *what)
{
    if (rc != AC_OK) {
        fprintf(stderr, "bounded_map: %s: %s\n", what, ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

/* ---- The map -------------------------------------------------------- */

/*
 * Run fn(args[0]) to fn(args[n - 1]) on the pool, no more than `width` of them
 * submitted and not done.  futures[] has a place for each, in the order of
 * args[]; those that were not submitted by the deadline are NULL.  The caller
 * unrefs them; those not done have been canceled, and free what is theirs as
 * the attr says.  AC_OK; AC_ETIMEDOUT: not all are done.
 *
 * One iterator tells that any one is done: its result waits in its place.
 */
static int
bounded_map(ac_pool *pool, const ac_task_attr *attr, ac_task_fn *fn,
            void *const args[], size_t n, size_t width, ac_deadline deadline,
            ac_future *futures[])
{
    ac_iter *iter;
    size_t submitted = 0;

    memset(futures, 0, n * sizeof(*futures));
    int rc = ac_iter_open(&iter);
    if (rc != AC_OK)
        return rc;
    while (rc == AC_OK && (submitted < n || ac_iter_remaining(iter) > 0)) {
        if (submitted == n || ac_iter_remaining(iter) == width) {
            ac_future *done;
            rc = ac_iter_next(iter, deadline, &done);
            if (rc == AC_OK)
                ac_future_unref(done); /* futures[] has one more reference */
        } else if (ac_now() >= deadline) {
            rc = AC_ETIMEDOUT; /* what is ready would never end it */
        } else {
            rc = ac_iter_submit(iter, pool, attr, fn, args[submitted], deadline,
                                &futures[submitted]);
            submitted += rc == AC_OK;
        }
    }
    ac_iter_cancel(iter);
    ac_iter_destroy(iter);
    return rc;
}

/* ---- The task ------------------------------------------------------- */

static unsigned long
collatz_steps(unsigned long long value)
{
    unsigned long steps = 0;
    for (; value > 1; steps++)
        value = value % 2 == 0 ? value / 2 : 3 * value + 1;
    return steps;
}

/* Its own count of how many run at a time, to show that the bound holds. */
static void
enter(void)
{
    unsigned long now = atomic_fetch_add(&in_flight, 1) + 1;
    unsigned long most = atomic_load(&most_in_flight);
    while (now > most &&
           !atomic_compare_exchange_weak(&most_in_flight, &most, now))
        continue;
}

/* The argument becomes the result. */
static int
count_steps(void *arg, void **result)
{
    unsigned long *number = arg;
    int stopped = 0;

    *result = number;
    enter();
    while (*number == held && !stopped) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        stopped = ac_cancel_requested();
    }
    if (!stopped)
        *number = collatz_steps(*number);
    atomic_fetch_sub(&in_flight, 1);
    return stopped ? AC_TASK_CANCELED : 0;
}

/* ---- Input and output ----------------------------------------------- */

static void
usage(void)
{
    fputs("usage: bounded_map [--hold I] [N [W [MS]]]\n", stderr);
    exit(EXIT_FAILURE);
}

static unsigned long
number(const char *text, unsigned long max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > max)
        usage();
    return value;
}

static struct options
parse(int argc, char **argv)
{
    struct options options = {0, 20, 4, 1000};
    int i = 1;

    if (argc > 2 && strcmp(argv[1], "--hold") == 0) {
        options.hold = number(argv[2], 100000);
        i = 3;
    }
    if (argc > i + 3)
        usage();
    if (argc > i)
        options.n = number(argv[i], 100000);
    if (argc > i + 1)
        options.width = number(argv[i + 1], 1000);
    if (argc > i + 2)
        options.ms = number(argv[i + 2], 1000000000);
    return options;
}

static void **
make_inputs(size_t n)
{
    void **inputs = calloc(n, sizeof(*inputs));
    for (size_t i = 0; inputs != NULL && i < n; i++) {
        unsigned long *input = malloc(sizeof(*input));
        if (input == NULL)
            check(AC_ENOMEM, "inputs");
        *input = i + 1;
        inputs[i] = input;
    }
    return inputs;
}

/* How many are not finished.  An input that was never submitted is still
 * ours. */
static size_t
print_in_order(ac_future *futures[], void *inputs[], size_t n)
{
    size_t missing = 0;

    for (size_t i = 0; i < n; i++) {
        void *steps;
        if (futures[i] != NULL &&
            ac_future_get(futures[i], AC_POLL, &steps) == AC_OK) {
            printf("%zu: %lu steps\n", i + 1, *(unsigned long *)steps);
        } else {
            printf("%zu: not finished\n", i + 1);
            missing++;
        }
        if (futures[i] == NULL)
            free(inputs[i]);
        ac_future_unref(futures[i]);
    }
    return missing;
}

int
main(int argc, char **argv)
{
    struct options options = parse(argc, argv);
    void **inputs = make_inputs(options.n);
    ac_future **futures = calloc(options.n, sizeof(*futures));
    ac_task_attr *attr;
    ac_pool *pool;

    if (inputs == NULL || futures == NULL)
        check(AC_ENOMEM, "inputs");
    held = options.hold;
    /* One more than the map may use: so it is not the pool that bounds it. */
    check(ac_pool_create(options.width + 1, NULL, &pool), "ac_pool_create");
    check(ac_task_attr_create(&attr), "ac_task_attr_create");
    check(ac_task_attr_set_free_arg(attr, free), "set_free_arg");
    check(ac_task_attr_set_free_result(attr, free), "set_free_result");

    int rc =
        bounded_map(pool, attr, count_steps, inputs, options.n, options.width,
                    ac_deadline_in_ms((int64_t)options.ms), futures);
    if (rc != AC_ETIMEDOUT)
        check(rc, "bounded_map");
    size_t missing = print_in_order(futures, inputs, options.n);

    ac_task_attr_destroy(attr);
    check(ac_pool_destroy(pool), "ac_pool_destroy");
    if (atomic_load(&most_in_flight) > options.width) {
        fputs("bounded_map: more in flight than allowed\n", stderr);
        missing++;
    }
    free(futures);
    free(inputs);
    return fflush(stdout) == 0 && missing == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
