/*
 * cxx_header.cc - the header is C++11 too, and what it declares links
 *
 * SPDX-License-Identifier: MIT
 */
#include <ascompleted.h>

#include <cstdio>
#include <cstring>

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

} // namespace

static_assert(noexcept(ac_now()), "no function of ours throws");

int
main()
{
    ac_pool *pool = nullptr;

    if (std::strcmp(ac_version(), AC_VERSION) != 0)
        return failed("ac_version");
    if (ac_pool_create(1, nullptr, &pool) != AC_OK)
        return failed("ac_pool_create");
    int rc = run(pool);
    if (ac_pool_destroy(pool) != AC_OK)
        return failed("ac_pool_destroy");
    return rc;
}
