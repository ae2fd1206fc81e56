/*
 * bench_ac - ascompleted itself
 *
 * W1b, W4 and most others: ac_iter_submit() and ac_iter_next().  W1a keeps the
 * futures in an array of its own and iterates by ac_as_completed(); W1c takes
 * many at once; W1d submits and adds in two calls.  Every result is read and
 * every reference given back within the time that is measured.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <ascompleted.h>
#include <stdatomic.h>
#include <stdlib.h>

static ac_pool *pool;

static void
pool_open(size_t workers)
{
    BENCH_MUST(ac_pool_create(workers, NULL, &pool) == AC_OK);
}

static void
pool_close(void)
{
    BENCH_MUST(ac_pool_destroy(pool) == AC_OK);
}

/* ---- Tasks ---------------------------------------------------------- */

static int
echo(void *arg, void **result)
{
    *result = arg;
    return 0;
}

static int
spin(void *arg, void **result)
{
    *result = (void *)bench_spin((uintptr_t)arg);
    return 0;
}

static int
hold(void *arg, void **result)
{
    *result = (void *)bench_hold((uintptr_t)arg);
    return 0;
}

static int
until_canceled(void *arg, void **result)
{
    int64_t until = bench_now() + 1000000000;

    *result = arg;
    while (bench_long_turn(until))
        if (ac_cancel_requested())
            return AC_TASK_CANCELED;
    return 0;
}

static inline ac_task_fn *
task(bench_kind kind)
{
    return kind == BENCH_ECHO   ? echo
           : kind == BENCH_SPIN ? spin
           : kind == BENCH_HOLD ? hold
                                : until_canceled;
}

static inline uintptr_t
result_of(ac_future *future)
{
    void *result;
    int status = ac_future_get(future, AC_POLL, &result);

    BENCH_MUST(status == AC_OK || status == AC_ECANCELED);
    return (uintptr_t)result;
}

/* ---- The collection is an iterator ---------------------------------- */

typedef ac_iter collection;

static inline collection *
collection_open(size_t most)
{
    ac_iter *iter;

    (void)most;
    BENCH_MUST(ac_iter_open(&iter) == AC_OK);
    return iter;
}

static inline void
collection_close(collection *c)
{
    ac_iter_destroy(c);
}

static inline void
collection_submit(collection *c, bench_kind kind, uintptr_t arg)
{
    BENCH_MUST(ac_iter_submit(c, pool, NULL, task(kind), (void *)arg,
                              AC_FOREVER, NULL) == AC_OK);
}

static inline bool
collection_next(collection *c, int64_t deadline, uintptr_t *result)
{
    ac_future *future;
    int rc = ac_iter_next(c, deadline, &future);

    if (rc == AC_ETIMEDOUT)
        return false;
    BENCH_MUST(rc == AC_OK);
    *result = result_of(future);
    ac_future_unref(future);
    return true;
}

#define STOP_LONG(c) BENCH_MUST(ac_iter_cancel(c) == AC_OK)
#include "workloads.h"

/* ---- W1a, W9n: submit all, then as completed ------------------------ */

static void
iterate(ac_future *const futures[], size_t n)
{
    bench_tally tally = {0, 0};
    ac_future *future;
    ac_iter *iter;
    int rc;

    BENCH_MUST(ac_as_completed(futures, n, &iter) == AC_OK);
    while ((rc = ac_iter_next(iter, AC_FOREVER, &future)) == AC_OK) {
        bench_count(&tally, result_of(future));
        ac_future_unref(future);
    }
    BENCH_MUST(rc == AC_DONE);
    ac_iter_destroy(iter);
    for (size_t i = 0; i < n; i++)
        ac_future_unref(futures[i]);
    bench_expect(&tally, n);
}

static void
burst_of_futures(ac_future **futures, size_t n)
{
    for (size_t i = 0; i < n; i++)
        BENCH_MUST(ac_submit(pool, NULL, echo, (void *)i, &futures[i]) ==
                   AC_OK);
    iterate(futures, n);
}

static void
ac_w1a(const bench_args *args, bench_out *out)
{
    size_t most = args->n > WARM_UP ? args->n : WARM_UP;
    ac_future **futures = bench_array(most, sizeof(*futures));

    burst_of_futures(futures, WARM_UP);
    int64_t began = bench_now();
    burst_of_futures(futures, args->n);
    bench_per_task(out, began, args->n);
    free(futures);
}

static void
ac_w9n(const bench_args *args, bench_out *out)
{
    size_t bursts = args->n < 1000000 ? 1000000 / args->n : 1;
    ac_future **futures = bench_array(args->n, sizeof(*futures));

    burst_of_futures(futures, args->n);
    int64_t began = bench_now();
    for (size_t i = 0; i < bursts; i++)
        burst_of_futures(futures, args->n);
    bench_per_task(out, began, bursts * args->n);
    free(futures);
}

/* ---- W1c: many at once ---------------------------------------------- */

static void
flow_of_many(ac_iter *iter, size_t n, size_t window)
{
    ac_future **some = bench_array(window, sizeof(*some));
    bench_tally tally = {0, 0};
    size_t sent = 0, got;

    while (sent < n && sent < window)
        collection_submit(iter, BENCH_ECHO, sent++);
    while (tally.count < n) {
        BENCH_MUST(ac_iter_next_many(iter, some, 1, window, AC_FOREVER, &got) ==
                   AC_OK);
        for (size_t i = 0; i < got; i++) {
            bench_count(&tally, result_of(some[i]));
            ac_future_unref(some[i]);
            if (sent < n)
                collection_submit(iter, BENCH_ECHO, sent++);
        }
    }
    bench_expect(&tally, n);
    free(some);
}

static void
ac_w1c(const bench_args *args, bench_out *out)
{
    size_t window = args->param > 0 ? args->param : WINDOW;
    ac_iter *iter = collection_open(window);

    flow_of_many(iter, WARM_UP, window);
    int64_t began = bench_now();
    flow_of_many(iter, args->n, window);
    bench_per_task(out, began, args->n);
    collection_close(iter);
}

/* ---- W1d: submit, then add ------------------------------------------ */

static inline void
submit_and_add(ac_iter *iter, uintptr_t arg)
{
    ac_future *future;

    BENCH_MUST(ac_submit(pool, NULL, echo, (void *)arg, &future) == AC_OK);
    BENCH_MUST(ac_iter_add(iter, future) == AC_OK);
    ac_future_unref(future);
}

static void
flow_of_added(ac_iter *iter, size_t n, size_t window)
{
    bench_tally tally = {0, 0};
    size_t sent = 0;
    uintptr_t result;

    while (sent < n && sent < window)
        submit_and_add(iter, sent++);
    while (tally.count < n) {
        BENCH_MUST(collection_next(iter, AC_FOREVER, &result));
        bench_count(&tally, result);
        if (sent < n)
            submit_and_add(iter, sent++);
    }
    bench_expect(&tally, n);
}

static void
ac_w1d(const bench_args *args, bench_out *out)
{
    size_t window = args->param > 0 ? args->param : WINDOW;
    ac_iter *iter = collection_open(window);

    flow_of_added(iter, WARM_UP, window);
    int64_t began = bench_now();
    flow_of_added(iter, args->n, window);
    bench_per_task(out, began, args->n);
    collection_close(iter);
}

/* ---- W5: also with an array of futures ------------------------------ */

/* The bytes of a future without a registration, and of that which
 * ac_as_completed() adds; the array is the caller's and does not count. */
static void
ac_w5(const bench_args *args, bench_out *out)
{
    size_t n = args->n, all = n + args->workers;
    ac_future **futures = bench_array(all, sizeof(*futures));
    ac_iter *iter;

    work_w5(args, out);
    for (size_t i = 0; i < all; i++) {
        if (i == args->workers)
            bench_await_held(args->workers);
        BENCH_MUST(ac_submit(pool, NULL, i < args->workers ? hold : echo,
                             (void *)i, &futures[i]) == AC_OK);
    }
    double before = (double)bench_resident();
    BENCH_MUST(ac_as_completed(futures, all, &iter) == AC_OK);
    double after = (double)bench_resident();
    bench_release();
    ac_iter_destroy(iter);
    iterate(futures, all);
    free(futures);
    bench_more(out, "as_completed", (after - before) / (double)n);
}

/* ---- W7: fib, a task for each call ---------------------------------- */

/* What one thread has seen; a line of its own. */
struct seen {
    _Alignas(128) size_t calls;
    size_t in_place;  /* begun while a task of this thread was waiting */
    size_t in_submit; /* begun while this thread was submitting: never */
    size_t depth;
    bool submitting;
};

static struct seen seen[1024];
static atomic_size_t seen_used;
static _Thread_local struct seen *mine;

static struct seen *
see(void)
{
    if (mine == NULL) {
        size_t i = atomic_fetch_add(&seen_used, 1);
        BENCH_MUST(i < sizeof(seen) / sizeof(seen[0]));
        mine = &seen[i];
    }
    return mine;
}

static int
fib(void *arg, void **result)
{
    struct seen *s = see();
    uintptr_t n = (uintptr_t)arg;
    ac_future *first, *second;
    void *a, *b;

    s->calls++;
    s->in_place += s->depth > 0;
    s->in_submit += s->submitting;
    *result = arg;
    if (n < 2)
        return 0;
    s->depth++;
    s->submitting = true;
    BENCH_MUST(ac_submit(pool, NULL, fib, (void *)(n - 1), &first) == AC_OK);
    BENCH_MUST(ac_submit(pool, NULL, fib, (void *)(n - 2), &second) == AC_OK);
    s->submitting = false;
    BENCH_MUST(ac_future_get(first, AC_FOREVER, &a) == AC_OK);
    BENCH_MUST(ac_future_get(second, AC_FOREVER, &b) == AC_OK);
    s->depth--;
    ac_future_unref(first);
    ac_future_unref(second);
    *result = (void *)((uintptr_t)a + (uintptr_t)b);
    return 0;
}

static void
ac_w7(const bench_args *args, bench_out *out)
{
    struct seen all = {0};
    ac_future *future;
    void *result;

    int64_t began = bench_now();
    BENCH_MUST(ac_submit(pool, NULL, fib, (void *)args->n, &future) == AC_OK);
    BENCH_MUST(ac_future_get(future, AC_FOREVER, &result) == AC_OK);
    int64_t took = bench_now() - began;
    ac_future_unref(future);
    for (size_t i = 0; i < atomic_load(&seen_used); i++) {
        all.calls += seen[i].calls;
        all.in_place += seen[i].in_place;
        all.in_submit += seen[i].in_submit;
    }
    bench_expect_fib(args->n, (uintptr_t)result, all.calls);
    BENCH_MUST(all.in_submit == 0);
    out->value = (double)took / (double)all.calls;
    out->unit = "ns/call";
    bench_more(out, "in_place", (double)all.in_place / (double)all.calls);
}

static const bench_row rows[] = {
    {"w1a", ac_w1a, NULL},   {"w1b", work_w1b, NULL}, {"w1c", ac_w1c, NULL},
    {"w1d", ac_w1d, NULL},   {"w2", work_w2, NULL},   {"w3", work_w3, NULL},
    {"w4", work_w4, NULL},   {"w5", ac_w5, NULL},     {"w6", work_w6, NULL},
    {"w7", ac_w7, NULL},     {"w8", work_w8, NULL},   {"w9n", ac_w9n, NULL},
    {"w9s", work_w9s, NULL}, {"w9i", work_w9i, NULL}, {"w10", work_w10, NULL},
    {NULL, NULL, NULL},
};

int
main(int argc, char **argv)
{
    const bench_peer peer = {"ac", ac_version(), pool_open, pool_close, rows};

    return bench_main(argc, argv, &peer);
}
