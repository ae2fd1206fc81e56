/*
 * bench_tbb - task_arena::enqueue() of oneTBB, and a concurrent_bounded_queue
 * for each collection; W7 with a task_group
 *
 * The queue has no timed pop.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <tbb/concurrent_queue.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include <tbb/version.h>

using collection = tbb::concurrent_bounded_queue<uintptr_t>;

namespace {

tbb::global_control *control;
tbb::task_arena *arena;

/* One place is reserved for a thread that would call execute(). */
void
pool_open(size_t workers)
{
    control = new tbb::global_control(
        tbb::global_control::max_allowed_parallelism, workers + 1);
    arena = new tbb::task_arena(static_cast<int>(workers) + 1, 1);
}

void
pool_close()
{
    delete arena;
    delete control;
}

/* ---- The collection ------------------------------------------------- */

inline collection *
collection_open(size_t)
{
    return new collection;
}

inline void
collection_close(collection *c)
{
    delete c;
}

inline void
collection_submit(collection *c, bench_kind kind, uintptr_t arg)
{
    bench_fn *fn = bench_task(kind);

    arena->enqueue([=] { c->push(fn(arg)); });
}

inline bool
collection_next(collection *c, int64_t, uintptr_t *result)
{
    c->pop(*result);
    return true;
}

} /* namespace */

#define NEXT_HAS_NO_DEADLINE
#include "workloads.h"

namespace {

/* ---- W7: fib, a task for each call ---------------------------------- */

uintptr_t
fib(uintptr_t n)
{
    if (n < 2)
        return n;
    uintptr_t a, b;
    tbb::task_group group;
    group.run([&] { a = fib(n - 1); });
    group.run([&] { b = fib(n - 2); });
    group.wait();
    return a + b;
}

/* Here the caller is one of the workers. */
void
w7(const bench_args *args, bench_out *out)
{
    tbb::task_arena all(static_cast<int>(args->workers));
    uintptr_t result = 0;
    size_t calls = bench_fib_calls(args->n);

    int64_t began = bench_now();
    all.execute([&] { result = fib(args->n); });
    out->value =
        static_cast<double>(bench_now() - began) / static_cast<double>(calls);
    out->unit = "ns/call";
    bench_expect_fib(args->n, result, calls);
}

const bench_row rows[] = {
    {"w1a", work_w1a, nullptr},
    {"w1b", work_w1b, nullptr},
    {"w1c", nullptr, "takes one result at a time"},
    {"w1d", nullptr, "has no future"},
    {"w2", work_w2, nullptr},
    {"w3", work_w3, nullptr},
    {"w4", work_w4, nullptr},
    {"w5", work_w5, nullptr},
    {"w6", nullptr, "has no wait with a deadline"},
    {"w7", w7, nullptr},
    {"w8", nullptr, "has no wait with a deadline"},
    {"w9n", work_w9n, nullptr},
    {"w9s", work_w9s, nullptr},
    {"w9i", work_w9i, nullptr},
    {"w10", work_w10, nullptr},
    {nullptr, nullptr, nullptr},
};

} /* namespace */

int
main(int argc, char **argv)
{
    const bench_peer peer = {"tbb", TBB_VERSION_STRING, pool_open, pool_close,
                             rows};

    return bench_main(argc, argv, &peer);
}
