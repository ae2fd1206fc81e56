/*
 * bench - the command line, the clock and the tasks of all programs here
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOT_APPLICABLE 77

/* ---- The program ---------------------------------------------------- */

void
bench_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    fflush(stderr);
    _Exit(EXIT_FAILURE);
}

void
bench_more(bench_out *out, const char *key, double value)
{
    size_t used = strlen(out->more);
    int added = snprintf(out->more + used, sizeof(out->more) - used, " %s=%.6g",
                         key, value);

    BENCH_MUST(added > 0 && (size_t)added < sizeof(out->more) - used);
}

void
bench_per_task(bench_out *out, int64_t began, size_t n)
{
    out->value = (double)(bench_now() - began) / (double)n;
    out->unit = "ns/task";
}

static void
usage(const bench_peer *peer)
{
    fprintf(stderr,
            "usage: bench_%s WORKLOAD N WORKERS [PARAM]\n"
            "       bench_%s version\n"
            "workloads:",
            peer->name, peer->name);
    for (const bench_row *row = peer->rows; row->workload != NULL; row++)
        if (row->work != NULL)
            fprintf(stderr, " %s", row->workload);
    fputc('\n', stderr);
    exit(2);
}

static size_t
number(const bench_peer *peer, const char *text)
{
    char *end;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value > SIZE_MAX)
        usage(peer);
    return (size_t)value;
}

static const bench_row *
find(const bench_peer *peer, const char *workload)
{
    const bench_row *row = peer->rows;

    while (row->workload != NULL && strcmp(row->workload, workload) != 0)
        row++;
    return row;
}

/* A figure from such a build is none: say so in the line itself. */
static const char *
build(void)
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    return " build=sanitizer";
#elif defined(AC_DEBUG)
    return " build=debug";
#elif !defined(__OPTIMIZE__)
    return " build=unoptimized";
#else
    return "";
#endif
}

int
bench_main(int argc, char **argv, const bench_peer *peer)
{
    bench_out out = {0, "", ""};

    if (argc == 2 && strcmp(argv[1], "version") == 0) {
        printf("%s\n", peer->version);
        return EXIT_SUCCESS;
    }
    if (argc < 4 || argc > 5)
        usage(peer);
    bench_args args = {number(peer, argv[2]), number(peer, argv[3]),
                       argc > 4 ? number(peer, argv[4]) : 0};
    if (args.n == 0 || args.workers == 0)
        usage(peer);
    const bench_row *row = find(peer, argv[1]);
    if (row->work == NULL) {
        printf("peer=%s workload=%s n/a: %s\n", peer->name, argv[1],
               row->workload == NULL ? "no such workload" : row->why);
        return NOT_APPLICABLE;
    }
    if (peer->open != NULL)
        peer->open(args.workers);
    row->work(&args, &out);
    if (peer->close != NULL)
        peer->close();
    printf("peer=%s workload=%s n=%zu workers=%zu param=%zu value=%.6g "
           "unit=%s%s%s\n",
           peer->name, argv[1], args.n, args.workers, args.param, out.value,
           out.unit, out.more, build());
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- Clocks and memory ---------------------------------------------- */

static int64_t
read_clock(clockid_t clock)
{
    struct timespec now;

    BENCH_MUST(clock_gettime(clock, &now) == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t
bench_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t
bench_cpu(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

size_t
bench_processors(void)
{
#ifdef CPU_COUNT
    cpu_set_t mine;

    if (sched_getaffinity(0, sizeof(mine), &mine) == 0)
        return (size_t)CPU_COUNT(&mine);
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (size_t)n : 1;
}

size_t
bench_resident(void)
{
    unsigned long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL)
        return 0;
    if (fscanf(file, "%lu %lu", &total, &resident) != 2)
        resident = 0;
    fclose(file);
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}

void *
bench_array(size_t n, size_t size)
{
    void *array = malloc(n * size);

    BENCH_MUST(array != NULL);
    memset(array, 0, n * size);
    return array;
}

static int
compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

void
bench_sort(int64_t *samples, size_t n)
{
    qsort(samples, n, sizeof(*samples), compare);
}

double
bench_quantile(const int64_t *sorted, size_t n, double quantile)
{
    size_t at = (size_t)(quantile * (double)n);

    BENCH_MUST(n > 0);
    return (double)sorted[at < n ? at : n - 1];
}

/* ---- fib ------------------------------------------------------------ */

static size_t
fib(size_t n)
{
    size_t a = 0, b = 1;

    while (n-- > 0) {
        size_t next = a + b;
        a = b;
        b = next;
    }
    return a;
}

size_t
bench_fib_calls(size_t n)
{
    return 2 * fib(n + 1) - 1;
}

void
bench_expect_fib(size_t n, uintptr_t result, size_t calls)
{
    BENCH_MUST(result == fib(n));
    BENCH_MUST(calls == bench_fib_calls(n));
}

/* ---- Tasks ---------------------------------------------------------- */

static unsigned long spin_turns; /* before any task starts */
static _Thread_local volatile uint64_t spun;

uintptr_t
bench_echo(uintptr_t arg)
{
    return arg;
}

/* A chain in which each step needs the one before. */
static void
compute(unsigned long turns)
{
    uint64_t x = spun;

    for (unsigned long i = 0; i < turns; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    spun = x;
}

uintptr_t
bench_spin(uintptr_t arg)
{
    compute(spin_turns);
    return arg;
}

/* The least of many: what it takes when nothing comes between. */
static double
least_ns(unsigned long turns)
{
    int64_t least = INT64_MAX;

    for (int i = 0; i < 200; i++) {
        int64_t began = bench_now();
        compute(turns);
        int64_t took = bench_now() - began;
        least = took < least ? took : least;
    }
    return least > 0 ? (double)least : 1;
}

double
bench_set_spin(double us)
{
    double per_turn = least_ns(10000) / 10000;

    spin_turns = (unsigned long)(us * 1000 / per_turn);
    return least_ns(spin_turns);
}

/* What bench_hold() waits for. */
static struct {
    pthread_mutex_t mu;
    pthread_cond_t changed;
    size_t held;      /* mu */
    unsigned release; /* mu; how often bench_release() was called */
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

uintptr_t
bench_hold(uintptr_t arg)
{
    pthread_mutex_lock(&gate.mu);
    unsigned mine = gate.release;
    gate.held++;
    pthread_cond_broadcast(&gate.changed);
    while (gate.release == mine)
        pthread_cond_wait(&gate.changed, &gate.mu);
    gate.held--;
    pthread_mutex_unlock(&gate.mu);
    return arg;
}

void
bench_await_held(size_t tasks)
{
    pthread_mutex_lock(&gate.mu);
    while (gate.held < tasks)
        pthread_cond_wait(&gate.changed, &gate.mu);
    pthread_mutex_unlock(&gate.mu);
}

void
bench_release(void)
{
    pthread_mutex_lock(&gate.mu);
    gate.release++;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mu);
}

static atomic_bool stopped;

void
bench_stop(void)
{
    atomic_store(&stopped, true);
}

bool
bench_stopped(void)
{
    return atomic_load(&stopped);
}

bool
bench_long_turn(int64_t until)
{
    compute(1000);
    return !bench_stopped() && bench_now() < until;
}

uintptr_t
bench_long(uintptr_t arg)
{
    int64_t until = bench_now() + 1000000000;

    while (bench_long_turn(until))
        continue;
    return arg;
}
