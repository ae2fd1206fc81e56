/*
 * workloads - the other loops that all C and C++ peers share: latency, memory,
 * waiting for nothing, work conservation
 *
 * To be included after the definitions that flow.h asks for.
 *
 * With NEXT_HAS_NO_DEADLINE the deadline is not looked at: W3 then says so,
 * and W6 and W8 must be left out.  STOP_LONG(c) cancels what has not
 * completed; without it bench_stop() does.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

#include "flow.h"

#ifndef STOP_LONG
#define STOP_LONG(c) bench_stop()
#endif

/* ---- W2: the round trip of one task --------------------------------- */

static inline void
round_trip(collection *c, size_t i)
{
    uintptr_t result;

    collection_submit(c, BENCH_ECHO, i);
    BENCH_MUST(collection_next(c, BENCH_FOREVER, &result));
    BENCH_MUST(result == i);
}

static inline void
work_w2(const bench_args *args, bench_out *out)
{
    int64_t ms = args->param > 0 ? (int64_t)args->param : 1000;
    int64_t *samples = (int64_t *)bench_array(args->n, sizeof(*samples));
    collection *c = collection_open(1);
    for (size_t i = 0; i < WARM_UP; i++)
        round_trip(c, i);

    int64_t began = bench_now(), last = began;
    size_t n = 0;
    while (n < args->n && last - began < ms * 1000000) {
        int64_t before = bench_now();
        round_trip(c, n);
        last = bench_now();
        samples[n++] = last - before;
    }
    collection_close(c);
    bench_sort(samples, n);
    out->value = bench_quantile(samples, n, 0.5);
    out->unit = "ns";
    bench_more(out, "p99", bench_quantile(samples, n, 0.99));
    bench_more(out, "mean", (double)(last - began) / (double)n);
    bench_more(out, "trips", (double)n);
    free(samples);
}

/* ---- W3: batches with a deadline ------------------------------------ */

#define BATCH 64
#define BATCH_DEADLINE 10000000000 /* in ns: never reached */

static inline void
batch(collection *c)
{
    int64_t deadline = bench_now() + BATCH_DEADLINE;
    bench_tally tally = {0, 0};
    uintptr_t result;

    for (size_t i = 0; i < BATCH; i++)
        collection_submit(c, BENCH_SPIN, i);
    for (size_t i = 0; i < BATCH; i++) {
        BENCH_MUST(collection_next(c, deadline, &result));
        bench_count(&tally, result);
    }
    bench_expect(&tally, BATCH);
}

static inline void
work_w3(const bench_args *args, bench_out *out)
{
    double each = bench_set_spin(args->param > 0 ? (double)args->param : 20);
    size_t batches = args->n < BATCH ? 1 : args->n / BATCH;
    size_t at_once = bench_processors();
    if (at_once > args->workers)
        at_once = args->workers;
    collection *c = collection_open(BATCH);
    batch(c);
    int64_t began = bench_now();
    for (size_t i = 0; i < batches; i++)
        batch(c);
    double took = (double)(bench_now() - began);
    collection_close(c);
    out->value = took / ((double)(batches * BATCH) * each / (double)at_once);
    out->unit = "x";
    bench_more(out, "each_us", each / 1000);
#ifdef NEXT_HAS_NO_DEADLINE
    bench_more(out, "without_deadline", 1);
#endif
}

/* ---- W5: memory, while nothing can run ------------------------------ */

/* Returns the resident bytes when n tasks wait behind held workers. */
static inline double
held_burst(collection *c, const bench_args *args, double *before)
{
    size_t all = args->n + args->workers;
    bench_tally tally = {0, 0};
    uintptr_t result;

    for (size_t i = 0; i < args->workers; i++)
        collection_submit(c, BENCH_HOLD, i);
    bench_await_held(args->workers);
    *before = (double)bench_resident();
    for (size_t i = args->workers; i < all; i++)
        collection_submit(c, BENCH_ECHO, i);
    double full = (double)bench_resident();
    bench_release();
    for (size_t i = 0; i < all; i++) {
        BENCH_MUST(collection_next(c, BENCH_FOREVER, &result));
        bench_count(&tally, result);
    }
    bench_expect(&tally, all);
    return full;
}

static inline void
work_w5(const bench_args *args, bench_out *out)
{
    double before, n = (double)args->n;
    collection *c = collection_open(args->n + args->workers + WARM_UP);

    burst(c, WARM_UP);
    double full = held_burst(c, args, &before);
    double kept = (double)bench_resident() - before, ignored;
    double again = held_burst(c, args, &ignored) - full;
    collection_close(c);
    out->value = (full - before) / n;
    out->unit = "bytes";
    bench_more(out, "kept", kept / n);
    bench_more(out, "again", again / n);
}

/* ---- W6, W8: waiting for nothing ------------------------------------ */

static inline void
work_w6(const bench_args *args, bench_out *out)
{
    int64_t us = args->param > 0 ? (int64_t)args->param : 1000;
    int64_t *late = (int64_t *)bench_array(args->n, sizeof(*late));
    size_t early = 0;
    uintptr_t result;
    collection *c = collection_open(WARM_UP);

    burst(c, WARM_UP);
    for (size_t i = 0; i < args->n; i++) {
        int64_t deadline = bench_now() + us * 1000;
        BENCH_MUST(!collection_next(c, deadline, &result));
        late[i] = bench_now() - deadline;
        early += late[i] < 0;
    }
    collection_close(c);
    bench_sort(late, args->n);
    out->value = bench_quantile(late, args->n, 0.5) / 1000;
    out->unit = "us";
    bench_more(out, "early", (double)early);
    bench_more(out, "p99", bench_quantile(late, args->n, 0.99) / 1000);
    free(late);
}

/* n is the ms to wait. */
static inline void
work_w8(const bench_args *args, bench_out *out)
{
    uintptr_t result;
    collection *c = collection_open(WARM_UP);

    burst(c, WARM_UP);
    int64_t before = bench_cpu();
    int64_t deadline = bench_now() + (int64_t)args->n * 1000000;
    BENCH_MUST(!collection_next(c, deadline, &result));
    out->value = (double)(bench_cpu() - before) / 1000;
    out->unit = "us";
    collection_close(c);
}

/* ---- W10: work conservation ----------------------------------------- */

/* n tasks of 1 us, and one of a second before the one numbered `param`. */
static inline void
work_w10(const bench_args *args, bench_out *out)
{
    size_t n = args->n;
    bool long_is_back = false;
    bench_tally tally = {0, 0};
    uintptr_t result;
    collection *c = collection_open(n + WARM_UP);

    bench_set_spin(1);
    burst(c, WARM_UP);
    int64_t began = bench_now();
    for (size_t i = 0; i < n; i++) {
        if (i == args->param)
            collection_submit(c, BENCH_LONG, n);
        collection_submit(c, BENCH_SPIN, i);
    }
    if (args->param >= n)
        collection_submit(c, BENCH_LONG, n);
    while (tally.count < n) {
        BENCH_MUST(collection_next(c, BENCH_FOREVER, &result));
        if (result != n)
            bench_count(&tally, result);
        else
            long_is_back = true; /* before a short one */
    }
    double took = (double)(bench_now() - began) / 1e6;
    bench_expect(&tally, n);
    if (!long_is_back) {
        STOP_LONG(c);
        BENCH_MUST(collection_next(c, BENCH_FOREVER, &result));
        BENCH_MUST(result == n);
    }
    out->value = took;
    out->unit = "ms";
    collection_close(c);
}

#endif /* BENCH_WORKLOADS_H */
