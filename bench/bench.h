/*
 * bench - what the programs of bench/ share: the command line, the clock, the
 * tasks, the check that every result came back, and the one line they print
 *
 * Every program is called in the same way,
 *
 *      bench_NAME WORKLOAD N WORKERS [PARAM]
 *
 * and prints one line of key=value pairs.  Exit status: 0, and every result
 * was there; 77, this peer cannot do that workload; anything else is an error.
 * bench/README.md says what each workload is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_H
#define BENCH_H

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The program ---------------------------------------------------- */

typedef struct bench_args {
    size_t n;
    size_t workers;
    size_t param; /* 0: the workload's own default */
} bench_args;

/* What a workload found: one figure, less is better, and what it may add. */
typedef struct bench_out {
    double value;
    const char *unit;
    char more[256]; /* " key=value" pairs, see bench_more() */
} bench_out;

typedef void bench_work(const bench_args *args, bench_out *out);

/* One workload of a peer.  Without `work` it is not applicable: `why`. */
typedef struct bench_row {
    const char *workload;
    bench_work *work;
    const char *why;
} bench_row;

typedef struct bench_peer {
    const char *name;
    const char *version;
    void (*open)(size_t workers); /* before each workload; may be NULL */
    void (*close)(void);
    const bench_row *rows; /* ends with a row without a name */
} bench_peer;

int bench_main(int argc, char **argv, const bench_peer *peer);

void bench_more(bench_out *out, const char *key, double value);
void bench_per_task(bench_out *out, int64_t began, size_t n);

__attribute__((noreturn)) void bench_fail(const char *file, int line,
                                          const char *what);
#define BENCH_MUST(condition) \
    ((condition) ? (void)0 : bench_fail(__FILE__, __LINE__, #condition))

/* ---- Clocks and memory ---------------------------------------------- */

#define BENCH_FOREVER INT64_MAX

int64_t bench_now(void);       /* monotonic, in ns */
int64_t bench_cpu(void);       /* CPU time of this process, in ns */
size_t bench_processors(void); /* that this process may use */
size_t bench_resident(void);   /* bytes; 0 where the system does not tell */

/* Zeroed and touched, so that no page fault falls into what is timed. */
void *bench_array(size_t n, size_t size);

/* Sorts the samples; quantile 0.5 is the median. */
void bench_sort(int64_t *samples, size_t n);
double bench_quantile(const int64_t *sorted, size_t n, double quantile);

/* ---- Tasks ---------------------------------------------------------- */

/* Each returns its argument. */
typedef uintptr_t bench_fn(uintptr_t arg);
bench_fn bench_echo; /* nothing else */
bench_fn bench_spin; /* computes for as long as bench_set_spin() was told */
bench_fn bench_hold; /* until bench_release() */
bench_fn bench_long; /* a second, or until bench_stop() */

typedef enum bench_kind {
    BENCH_ECHO,
    BENCH_SPIN,
    BENCH_HOLD,
    BENCH_LONG
} bench_kind;

static inline bench_fn *
bench_task(bench_kind kind)
{
    return kind == BENCH_ECHO   ? bench_echo
           : kind == BENCH_SPIN ? bench_spin
           : kind == BENCH_HOLD ? bench_hold
                                : bench_long;
}

/* Computes, by count and not by clock, so that two tasks on one processor
 * take twice as long.  Returns the ns that one takes when undisturbed. */
double bench_set_spin(double us);

void bench_await_held(size_t tasks); /* until that many are in bench_hold() */
void bench_release(void);            /* lets them go; the next ones hold */

void bench_stop(void);
bool bench_stopped(void); /* for a peer that has its own way to cancel, too */
bool bench_long_turn(int64_t until); /* one step of bench_long(): go on? */

/* ---- Threads that begin together ------------------------------------ */

typedef struct bench_crew bench_crew;
typedef void bench_hand(bench_crew *crew, void *shared, size_t who);

/* Runs n threads.  Each calls bench_begin() when it is prepared, which returns
 * when all are, and bench_end() when it is through.  Returns the ns from the
 * common beginning to the last end. */
int64_t bench_crew_run(size_t n, bench_hand *hand, void *shared);
void bench_begin(bench_crew *crew);
void bench_end(bench_crew *crew);

/* ---- Every result is there ------------------------------------------ */

typedef struct bench_tally {
    size_t count;
    uintptr_t sum;
} bench_tally;

static inline void
bench_count(bench_tally *tally, uintptr_t result)
{
    tally->count++;
    tally->sum += result;
}

/* The results 0 to n-1. */
static inline void
bench_expect(const bench_tally *tally, size_t n)
{
    uintptr_t sum = n % 2 == 0 ? n / 2 * (n - 1) : (n - 1) / 2 * n;

    BENCH_MUST(tally->count == n);
    BENCH_MUST(tally->sum == sum);
}

/* fib(0) is 0 and fib(1) is 1; one call for each n, down to those two. */
void bench_expect_fib(size_t n, uintptr_t result, size_t calls);
size_t bench_fib_calls(size_t n);

#ifdef __cplusplus
}
#endif

#endif /* BENCH_H */
