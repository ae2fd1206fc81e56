/*
 * What the tests of descriptors share: is it readable, and when will it be.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FD_H
#define FD_H

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

/* What poll() says of it within that time (-1: for ever).  It is readable or
 * it is not: never an error, never the other end hung up. */
static inline int
fd_poll(int fd, int timeout)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int n;

    do
        n = poll(&entry, 1, timeout);
    while (n < 0 && errno == EINTR);
    SUPPORT_CHECK(n == 0 || (n == 1 && entry.revents == POLLIN));
    return n;
}

static inline int
fd_readable(int fd)
{
    return fd_poll(fd, 0) == 1;
}

/* The test runs into its time limit if that never comes. */
static inline void
fd_await(int fd)
{
    SUPPORT_CHECK_INT(fd_poll(fd, -1), 1);
}

static inline int
fd_is_open(int fd)
{
    return fcntl(fd, F_GETFD) != -1 || errno != EBADF;
}

static inline int
fd_of(ac_iter *iter)
{
    int fd = -1;

    ck_assert_int_eq(ac_iter_fd(iter, &fd), AC_OK);
    ck_assert_int_ge(fd, 0);
    return fd;
}

#define FD_STAGE_N 6

/* Futures held back in the queue behind a busy worker: cancel() completes
 * one of them, here and now, in an order that the test chooses. */
typedef struct fd_stage {
    ac_pool *pool;
    support_hold hold;
    ac_future *futures[FD_STAGE_N];
    ac_iter *iter; /* open; all are in it */
} fd_stage;

static inline void
fd_stage_init(fd_stage *st)
{
    st->pool = support_pool(1);
    support_hold_worker(&st->hold, st->pool);
    ck_assert_int_eq(ac_iter_open(&st->iter), AC_OK);
    for (size_t i = 0; i < FD_STAGE_N; i++) {
        st->futures[i] = support_submit(st->pool, support_nothing, NULL);
        ck_assert_int_eq(ac_iter_add(st->iter, st->futures[i]), AC_OK);
    }
}

static inline void
fd_stage_complete(fd_stage *st, size_t i)
{
    ck_assert_int_eq(ac_future_cancel(st->futures[i]), AC_OK);
}

static inline void
fd_stage_end(fd_stage *st)
{
    ac_iter_destroy(st->iter);
    for (size_t i = 0; i < FD_STAGE_N; i++)
        ac_future_unref(st->futures[i]);
    support_hold_end(&st->hold);
    support_pool_end(st->pool);
}

/* The rule itself: the descriptor and next agree, and looking changes nothing.
 * What next hands out is dropped. */
static inline void
fd_expect_next(ac_iter *iter, int fd, int code)
{
    ac_future *future = NULL;

    ck_assert_int_eq(fd_readable(fd), code != AC_ETIMEDOUT);
    ck_assert_int_eq(fd_readable(fd), code != AC_ETIMEDOUT);
    ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &future), code);
    ac_future_unref(future);
}

#endif /* FD_H */
