/*
 * flow - the loops that all C and C++ peers share: throughput
 *
 * Not a header in the usual sense: a peer defines what is declared here, by
 * the calls that its users would write, and includes workloads.h after it.  So
 * all run the same loops, and the compiler sees through them as it would in a
 * user's program.
 *
 *      collection                      what results come out of
 *      collection_open(most)           at most that many are outstanding
 *      collection_close(c)             by the thread that opened it
 *      collection_submit(c, kind, arg)
 *      collection_next(c, deadline, &result)    false: the deadline passed
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_FLOW_H
#define BENCH_FLOW_H

#include "bench.h"

#include <stdlib.h>

#define WINDOW 1024 /* outstanding tasks, where there is a bound to them */
#define WARM_UP 1000

/* ---- Throughput: W1a, W1b, W9n -------------------------------------- */

/* Submit all, then collect. */
static inline void
burst(collection *c, size_t n)
{
    bench_tally tally = {0, 0};
    uintptr_t result;

    for (size_t i = 0; i < n; i++)
        collection_submit(c, BENCH_ECHO, i);
    for (size_t i = 0; i < n; i++) {
        BENCH_MUST(collection_next(c, BENCH_FOREVER, &result));
        bench_count(&tally, result);
    }
    bench_expect(&tally, n);
}

/* With `window` outstanding.  Whoever shares the collection adds his part to
 * the sum of all. */
static inline void
flow(collection *c, size_t n, size_t window, bench_tally *tally)
{
    size_t sent = 0;
    uintptr_t result;

    while (sent < n && sent < window)
        collection_submit(c, BENCH_ECHO, sent++);
    for (size_t got = 0; got < n; got++) {
        BENCH_MUST(collection_next(c, BENCH_FOREVER, &result));
        bench_count(tally, result);
        if (sent < n)
            collection_submit(c, BENCH_ECHO, sent++);
    }
}

static inline void
checked_flow(collection *c, size_t n, size_t window)
{
    bench_tally tally = {0, 0};

    flow(c, n, window, &tally);
    bench_expect(&tally, n);
}

static inline void
work_w1a(const bench_args *args, bench_out *out)
{
    collection *c = collection_open(args->n + WARM_UP);
    burst(c, WARM_UP);
    int64_t began = bench_now();
    burst(c, args->n);
    bench_per_task(out, began, args->n);
    collection_close(c);
}

static inline void
work_w1b(const bench_args *args, bench_out *out)
{
    size_t window = args->param > 0 ? args->param : WINDOW;
    collection *c = collection_open(window);
    checked_flow(c, WARM_UP, window);
    int64_t began = bench_now();
    checked_flow(c, args->n, window);
    bench_per_task(out, began, args->n);
    collection_close(c);
}

/* Growth: the first burst is not timed, then there are as many as make up a
 * million tasks. */
static inline void
work_w9n(const bench_args *args, bench_out *out)
{
    size_t bursts = args->n < 1000000 ? 1000000 / args->n : 1;
    collection *c = collection_open(args->n);
    burst(c, args->n);
    int64_t began = bench_now();
    for (size_t i = 0; i < bursts; i++)
        burst(c, args->n);
    bench_per_task(out, began, bursts * args->n);
    collection_close(c);
}

/* ---- W4, W9s, W9i: several submitters, several collections ----------- */

struct share {
    size_t n;
    size_t window;
    collection *common;   /* W9s: all use this one */
    bench_tally *tallies; /* one for each thread */
};

static inline struct share
share_out(const bench_args *args, size_t threads)
{
    struct share share = {args->n / threads, WINDOW / threads, NULL, NULL};

    if (share.n == 0)
        share.n = 1;
    if (share.window == 0)
        share.window = 1;
    return share;
}

static inline void
own_collection(bench_crew *crew, void *shared, size_t who)
{
    const struct share *share = (const struct share *)shared;
    collection *c = collection_open(share->window);

    (void)who;
    checked_flow(c, WARM_UP, share->window);
    bench_begin(crew);
    checked_flow(c, share->n, share->window);
    bench_end(crew);
    collection_close(c);
}

static inline void
work_w4(const bench_args *args, bench_out *out)
{
    size_t threads = args->param > 0 ? args->param : 4;
    struct share share = share_out(args, threads);
    int64_t took = bench_crew_run(threads, own_collection, &share);

    out->value = (double)took / (double)(share.n * threads);
    out->unit = "ns/task";
}

static inline void
common_collection(bench_crew *crew, void *shared, size_t who)
{
    const struct share *share = (const struct share *)shared;
    bench_tally tally = {0, 0};

    bench_begin(crew);
    flow(share->common, share->n, share->window, &tally);
    bench_end(crew);
    share->tallies[who] = tally;
}

static inline void
work_w9s(const bench_args *args, bench_out *out)
{
    size_t threads = args->param > 0 ? args->param : 4;
    struct share share = share_out(args, threads);
    bench_tally all = {0, 0}, each = {0, 0};

    share.common = collection_open(WINDOW);
    share.tallies = (bench_tally *)bench_array(threads, sizeof(bench_tally));
    checked_flow(share.common, WARM_UP, WINDOW);
    int64_t took = bench_crew_run(threads, common_collection, &share);
    for (size_t i = 0; i < threads; i++) {
        all.count += share.tallies[i].count;
        all.sum += share.tallies[i].sum;
    }
    BENCH_MUST(all.count == share.n * threads);
    BENCH_MUST(all.sum % threads == 0);
    each.count = share.n;
    each.sum = all.sum / threads;
    bench_expect(&each, share.n);
    collection_close(share.common);
    free(share.tallies);
    out->value = (double)took / (double)(share.n * threads);
    out->unit = "ns/task";
}

/* One thread goes round all its collections. */
static inline void
go_round(collection *const *cs, size_t k, size_t n, size_t window)
{
    bench_tally tally = {0, 0};
    uintptr_t result;
    size_t sent = 0;

    for (; sent < n && sent < window * k; sent++)
        collection_submit(cs[sent % k], BENCH_ECHO, sent);
    for (size_t got = 0; got < n; got++) {
        collection *c = cs[got % k];
        BENCH_MUST(collection_next(c, BENCH_FOREVER, &result));
        bench_count(&tally, result);
        if (sent < n) {
            collection_submit(cs[sent % k], BENCH_ECHO, sent);
            sent++;
        }
    }
    bench_expect(&tally, n);
}

static inline void
work_w9i(const bench_args *args, bench_out *out)
{
    size_t k = args->param > 0 ? args->param : 4;
    size_t window = k < WINDOW ? WINDOW / k : 1;
    collection **cs = (collection **)bench_array(k, sizeof(*cs));

    for (size_t i = 0; i < k; i++)
        cs[i] = collection_open(window);
    go_round(cs, k, WARM_UP, window);
    int64_t began = bench_now();
    go_round(cs, k, args->n, window);
    bench_per_task(out, began, args->n);
    for (size_t i = 0; i < k; i++)
        collection_close(cs[i]);
    free(cs);
}

#endif /* BENCH_FLOW_H */
