/*
 * bench_moodycamel - moodycamel's blocking concurrent queue under a small
 * pool, and another such queue for each collection
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include MOODYCAMEL_HEADER /* its place differs, see configure */
#include <thread>
#include <vector>

using collection = moodycamel::BlockingConcurrentQueue<uintptr_t>;

namespace {

struct job {
    bench_fn *fn;
    uintptr_t arg;
    collection *to;
};

moodycamel::BlockingConcurrentQueue<job> *pool_queue;
std::vector<std::thread> pool_threads;

void
worker()
{
    job next;

    for (;;) {
        pool_queue->wait_dequeue(next);
        if (next.fn == nullptr)
            return;
        next.to->enqueue(next.fn(next.arg));
    }
}

void
pool_open(size_t workers)
{
    pool_queue = new moodycamel::BlockingConcurrentQueue<job>;
    for (size_t i = 0; i < workers; i++)
        pool_threads.emplace_back(worker);
}

void
pool_close()
{
    for (size_t i = 0; i < pool_threads.size(); i++)
        pool_queue->enqueue(job{nullptr, 0, nullptr});
    for (std::thread &thread : pool_threads)
        thread.join();
    delete pool_queue;
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
    BENCH_MUST(pool_queue->enqueue(job{bench_task(kind), arg, c}));
}

inline bool
collection_next(collection *c, int64_t deadline, uintptr_t *result)
{
    if (deadline == BENCH_FOREVER) {
        c->wait_dequeue(*result);
        return true;
    }
    int64_t left = deadline - bench_now();
    return c->wait_dequeue_timed(*result, left > 0 ? (left + 999) / 1000 : 0);
}

} /* namespace */

#include "workloads.h"

namespace {

/* ---- W1c: many at once ---------------------------------------------- */

void
flow_of_many(collection *c, size_t n, size_t window)
{
    std::vector<uintptr_t> some(window);
    bench_tally tally = {0, 0};
    size_t sent = 0;

    while (sent < n && sent < window)
        collection_submit(c, BENCH_ECHO, sent++);
    while (tally.count < n) {
        size_t got = c->wait_dequeue_bulk(some.begin(), window);
        for (size_t i = 0; i < got; i++) {
            bench_count(&tally, some[i]);
            if (sent < n)
                collection_submit(c, BENCH_ECHO, sent++);
        }
    }
    bench_expect(&tally, n);
}

void
w1c(const bench_args *args, bench_out *out)
{
    size_t window = args->param > 0 ? args->param : WINDOW;
    collection *c = collection_open(window);

    flow_of_many(c, WARM_UP, window);
    int64_t began = bench_now();
    flow_of_many(c, args->n, window);
    bench_per_task(out, began, args->n);
    collection_close(c);
}

const bench_row rows[] = {
    {"w1a", work_w1a, nullptr}, {"w1b", work_w1b, nullptr},
    {"w1c", w1c, nullptr},      {"w1d", nullptr, "has no future"},
    {"w2", work_w2, nullptr},   {"w3", work_w3, nullptr},
    {"w4", work_w4, nullptr},   {"w5", work_w5, nullptr},
    {"w6", work_w6, nullptr},   {"w7", nullptr, "nested waits deadlock"},
    {"w8", work_w8, nullptr},   {"w9n", work_w9n, nullptr},
    {"w9s", work_w9s, nullptr}, {"w9i", work_w9i, nullptr},
    {"w10", work_w10, nullptr}, {nullptr, nullptr, nullptr},
};

} /* namespace */

int
main(int argc, char **argv)
{
    const bench_peer peer = {"moodycamel", "-", pool_open, pool_close, rows};

    return bench_main(argc, argv, &peer);
}
