/*
 * cxx_header.cc - the header is C++11 too, and what it declares links
 *
 * SPDX-License-Identifier: MIT
 */
#include <ascompleted.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace {

int
triple(void *arg, void **result)
{
    int *number = static_cast<int *>(arg);
    *number *= 3;
    *result = number;
    return 0;
}

int
failed(const char *what)
{
    std::fprintf(stderr, "cxx_header: %s\n", what);
    return 1;
}

int
run(ac_pool *pool)
{
    int number = 14;
    ac_future *future = nullptr, *done = nullptr;
    ac_iter *iter = nullptr;
    void *result = nullptr;

    if (ac_submit(pool, nullptr, triple, &number, &future) != AC_OK)
        return failed("ac_submit");
    int rc = ac_as_completed(&future, 1, &iter);
    ac_future_unref(future);
    if (rc != AC_OK)
        return failed("ac_as_completed");
    rc = ac_iter_next(iter, AC_FOREVER, &done);
    ac_iter_destroy(iter);
    if (rc != AC_OK)
        return failed("ac_iter_next");
    rc = ac_future_get(done, AC_POLL, &result);
    ac_future_unref(done);
    if (rc != AC_OK || result != &number || number != 42)
        return failed("ac_future_get");
    return 0;
}

void
count_done(ac_future *future, void *arg)
{
    *static_cast<int *>(arg) += ac_future_status(future) == AC_OK ? 1 : 100;
}

int
promise()
{
    int done = 0, number = 5;
    void *result = nullptr;
    ac_promise *promise = nullptr;
    ac_future *future = nullptr;

    if (ac_promise_create(nullptr, &number, &promise, &future) != AC_OK)
        return failed("ac_promise_create");
    int rc = ac_future_on_done(future, count_done, &done);
    if (rc != AC_OK || done != 0)
        return failed("ac_future_on_done");
    if (ac_promise_fail(promise, 0, nullptr) != AC_EINVAL ||
        ac_promise_resolve(promise, &number) != AC_OK || done != 1)
        return failed("ac_promise_resolve");
    ac_promise_destroy(promise);
    rc = ac_future_take(future, AC_POLL, &result);
    ac_future_unref(future);
    return rc == AC_OK && result == &number ? 0 : failed("ac_future_take");
}

int
start(std::size_t, void *arg)
{
    return arg == nullptr ? AC_EHOOK : 0;
}

void
stop(std::size_t, void *)
{
}

void
trace(ac_trace event, ac_future *, void *)
{
    if (event > AC_TRACE_ENDED)
        std::abort();
}

/* Two tasks at once, with all options set, through the iterator's
 * descriptor. */
int
options(ac_pool *pool, ac_task_attr *attr)
{
    int numbers[2] = {1, 2}, fd = -1;
    void *args[2] = {&numbers[0], &numbers[1]};
    ac_future *futures[2] = {nullptr, nullptr};
    uint64_t stats[AC_STATS];
    ac_iter *iter = nullptr;
    std::size_t n = 0;

    if (ac_task_attr_set_priority(attr, AC_PRIORITY_HIGH) != AC_OK ||
        ac_task_attr_set_start_by(attr, ac_deadline_in_ms(600000)) != AC_OK)
        return failed("ac_task_attr");
    if (ac_submit_many(pool, attr, triple, args, 2, AC_FOREVER, futures) !=
            AC_OK ||
        ac_submit_until(pool, attr, triple, &numbers[0], AC_FOREVER, nullptr) !=
            AC_OK)
        return failed("ac_submit_many");
    int rc = ac_as_completed(futures, 2, &iter);
    if (rc != AC_OK || ac_iter_fd(iter, &fd) != AC_OK || fd < 0)
        return failed("ac_iter_fd");
    for (ac_future *future : futures)
        ac_future_unref(future);
    rc = ac_iter_next_many(iter, futures, 2, 2, AC_FOREVER, &n);
    ac_iter_destroy(iter);
    if (rc != AC_OK || n != 2)
        return failed("ac_iter_next_many");
    for (ac_future *future : futures)
        ac_future_unref(future);
    if (ac_pool_wait_idle(pool, AC_FOREVER) != AC_OK ||
        ac_pool_stats(pool, stats, AC_STATS) != AC_OK ||
        stats[AC_STAT_SUBMITTED] != 3 || stats[AC_STAT_COMPLETED] != 3)
        return failed("ac_pool_stats");
    return 0;
}

int
pool_of_options()
{
    int arg = 0;
    ac_pool_attr *attr = nullptr;
    ac_task_attr *task_attr = nullptr;
    ac_pool *pool = nullptr;

    if (ac_pool_attr_create(&attr) != AC_OK ||
        ac_task_attr_create(&task_attr) != AC_OK)
        return failed("ac_pool_attr_create");
    if (ac_pool_attr_set_capacity(attr, 4) != AC_OK ||
        ac_pool_attr_set_hooks(attr, start, stop, &arg) != AC_OK ||
        ac_pool_attr_set_timing(attr, 1) != AC_OK ||
        ac_pool_attr_set_trace(attr, trace, nullptr) != AC_OK)
        return failed("ac_pool_attr");
    if (ac_pool_create(2, attr, &pool) != AC_OK)
        return failed("ac_pool_create");
    int rc = options(pool, task_attr);
    ac_pool_attr_destroy(attr);
    ac_task_attr_destroy(task_attr);
    if (ac_pool_destroy(pool) != AC_OK)
        return failed("ac_pool_destroy");
    return rc;
}

} // namespace

static_assert(noexcept(ac_now()), "no function of ours throws");
static_assert(noexcept(ac_promise_resolve(nullptr, nullptr))
                  &&noexcept(ac_promise_destroy(nullptr)) &&noexcept(
                      ac_future_on_done(nullptr, nullptr, nullptr))
                      &&noexcept(ac_pool_stats(nullptr, nullptr, 0)) &&noexcept(
                          ac_iter_fd(nullptr, nullptr)),
              "no function of ours throws");
/* A task that is run in place in one of these may end its thread. */
static_assert(!noexcept(ac_future_wait(nullptr, 0)) &&
                  !noexcept(ac_future_get(nullptr, 0, nullptr)) &&
                  !noexcept(ac_future_take(nullptr, 0, nullptr)) &&
                  !noexcept(ac_iter_next(nullptr, 0, nullptr)) &&
                  !noexcept(ac_wait(nullptr, 0, AC_ALL, 0, nullptr)),
              "but a thread may end in these");
static_assert(std::is_same<decltype(AC_POLL), ac_deadline>::value &&
                  std::is_same<decltype(AC_FOREVER), ac_deadline>::value,
              "the constants are deadlines");
static_assert(AC_EFORKED < 32 && AC_EHOOK < 32 && AC_EEXPIRED >= 32 &&
                  AC_EBROKEN >= 32 && AC_EABORTED >= 32 && AC_MAX_PASSED > 0,
              "codes of calls, codes of futures");

int
main()
{
    ac_pool *pool = nullptr;

    if (std::strcmp(ac_version(), AC_VERSION) != 0)
        return failed("ac_version");
    if (ac_pool_create(1, nullptr, &pool) != AC_OK)
        return failed("ac_pool_create");
    int rc = run(pool) + promise() + pool_of_options();
    if (ac_pool_destroy(pool) != AC_OK)
        return failed("ac_pool_destroy");
    return rc;
}
