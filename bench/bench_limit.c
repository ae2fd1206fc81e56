/*
 * bench_limit - no pool at all: what this machine allows
 *
 * W2 is two threads that spin on one cache line; W6 is the timed wait of a
 * condition variable that nobody signals.  The other workloads have no such
 * limit that could be measured without a pool.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* ---- W2 ------------------------------------------------------------- */

/* Odd: the other thread's turn.  Alone on its line, and on the one that the
 * processor fetches with it. */
static struct {
    _Alignas(128) atomic_size_t turn;
    char rest[128];
} line;

#define LAST (SIZE_MAX - 1)

/* Yields now and then, lest both threads share one processor and each waits
 * for the end of the other's time slice. */
static inline void
spin_once(unsigned *spins)
{
    if (++*spins % 2000 == 0)
        sched_yield();
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static inline void
await(size_t turn)
{
    unsigned spins = 0;

    while (atomic_load_explicit(&line.turn, memory_order_acquire) != turn)
        spin_once(&spins);
}

static void *
answer(void *unused)
{
    unsigned spins = 0;

    for (;;) {
        size_t turn = atomic_load_explicit(&line.turn, memory_order_acquire);
        if (turn == LAST)
            return unused;
        if (turn % 2 == 1)
            atomic_store_explicit(&line.turn, turn + 1, memory_order_release);
        else
            spin_once(&spins);
    }
}

static void
line_w2(const bench_args *args, bench_out *out)
{
    int64_t ms = args->param > 0 ? (int64_t)args->param : 1000;
    int64_t *samples = bench_array(args->n, sizeof(*samples));
    size_t n = 0;
    pthread_t thread;

    BENCH_MUST(pthread_create(&thread, NULL, answer, NULL) == 0);
    int64_t began = bench_now(), last = began;
    while (n < args->n && last - began < ms * 1000000) {
        int64_t before = bench_now();
        atomic_store_explicit(&line.turn, 2 * n + 1, memory_order_release);
        await(2 * n + 2);
        last = bench_now();
        samples[n++] = last - before;
    }
    atomic_store(&line.turn, LAST);
    pthread_join(thread, NULL);
    bench_sort(samples, n);
    out->value = bench_quantile(samples, n, 0.5);
    out->unit = "ns";
    bench_more(out, "p99", bench_quantile(samples, n, 0.99));
    bench_more(out, "mean", (double)(last - began) / (double)n);
    bench_more(out, "trips", (double)n);
    free(samples);
}

/* ---- W6 ------------------------------------------------------------- */

static int64_t
wait_until(int64_t deadline)
{
    static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
    struct timespec until = {(time_t)(deadline / 1000000000),
                             (long)(deadline % 1000000000)};
    pthread_condattr_t attr;
    pthread_cond_t never;

    BENCH_MUST(pthread_condattr_init(&attr) == 0);
    BENCH_MUST(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    BENCH_MUST(pthread_cond_init(&never, &attr) == 0);
    pthread_mutex_lock(&mu);
    while (pthread_cond_timedwait(&never, &mu, &until) == 0)
        continue;
    int64_t late = bench_now() - deadline;
    pthread_mutex_unlock(&mu);
    pthread_cond_destroy(&never);
    pthread_condattr_destroy(&attr);
    return late;
}

static void
line_w6(const bench_args *args, bench_out *out)
{
    int64_t us = args->param > 0 ? (int64_t)args->param : 1000;
    int64_t *late = bench_array(args->n, sizeof(*late));
    size_t early = 0;

    for (size_t i = 0; i < args->n; i++) {
        late[i] = wait_until(bench_now() + us * 1000);
        early += late[i] < 0;
    }
    bench_sort(late, args->n);
    out->value = bench_quantile(late, args->n, 0.5) / 1000;
    out->unit = "us";
    bench_more(out, "early", (double)early);
    bench_more(out, "p99", bench_quantile(late, args->n, 0.99) / 1000);
    free(late);
}

static const bench_row rows[] = {
    {"w2", line_w2, NULL},
    {"w6", line_w6, NULL},
    {NULL, NULL, NULL},
};

int
main(int argc, char **argv)
{
    static const bench_peer peer = {"limit", "-", NULL, NULL, rows};

    return bench_main(argc, argv, &peer);
}
