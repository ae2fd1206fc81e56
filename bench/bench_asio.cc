/*
 * bench_asio - boost::asio::thread_pool, and an io_context for each collection
 *
 * A task is posted to the pool, and its completion to the context of who
 * waits, who runs one handler at a time.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/version.hpp>
#include <chrono>

namespace asio = boost::asio;

struct collection {
    asio::io_context context;
    asio::executor_work_guard<asio::io_context::executor_type> open{
        context.get_executor()};
};

namespace {

asio::thread_pool *pool;

void
pool_open(size_t workers)
{
    pool = new asio::thread_pool(workers);
}

void
pool_close()
{
    pool->join();
    delete pool;
}

/* What the handler that this thread ran last has brought. */
thread_local uintptr_t brought;

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

    asio::post(*pool, [=] {
        uintptr_t result = fn(arg);
        asio::post(c->context, [=] { brought = result; });
    });
}

inline bool
collection_next(collection *c, int64_t deadline, uintptr_t *result)
{
    if (deadline == BENCH_FOREVER) {
        BENCH_MUST(c->context.run_one() == 1);
    } else {
        std::chrono::steady_clock::time_point until{
            std::chrono::nanoseconds{deadline}};
        if (c->context.run_one_until(until) == 0)
            return false;
    }
    *result = brought;
    return true;
}

} /* namespace */

#include "workloads.h"

namespace {

const bench_row rows[] = {
    {"w1a", work_w1a, nullptr},
    {"w1b", work_w1b, nullptr},
    {"w1c", nullptr, "hands out one result at a time"},
    {"w1d", nullptr, "has no future"},
    {"w2", work_w2, nullptr},
    {"w3", work_w3, nullptr},
    {"w4", work_w4, nullptr},
    {"w5", work_w5, nullptr},
    {"w6", work_w6, nullptr},
    {"w7", nullptr, "nested waits deadlock"},
    {"w8", work_w8, nullptr},
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
    const bench_peer peer = {"asio", "Boost " BOOST_LIB_VERSION, pool_open,
                             pool_close, rows};

    return bench_main(argc, argv, &peer);
}
