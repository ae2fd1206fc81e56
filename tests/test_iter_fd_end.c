/*
 * The descriptor of an iterator that ends, and that several consumers share:
 * at the end, where next says AC_DONE, it is readable for good.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "fd.h"
#include "puller.h"

#ifdef __linux__
#include <sys/epoll.h>
#include <unistd.h>
#endif

/* Readable, and again, and next says that it is the end. */
static void
expect_end(ac_iter *iter, int fd)
{
    for (int i = 0; i < 3; i++)
        fd_expect_next(iter, fd, AC_DONE);
}

/* ---- The end -------------------------------------------------------- */

START_TEST(s24_s10_no_futures)
{
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_as_completed(NULL, 0, &iter), AC_OK);
    expect_end(iter, fd_of(iter));
    ac_iter_destroy(iter);
}
END_TEST

START_TEST(s24_close_when_nothing_is_left)
{
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    int fd = fd_of(iter);
    fd_expect_next(iter, fd, AC_ETIMEDOUT);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    expect_end(iter, fd);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    expect_end(iter, fd);
    ac_iter_destroy(iter);
}
END_TEST

START_TEST(s24_close_before_the_last_completes)
{
    fd_stage st;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    ck_assert_int_eq(ac_iter_close(st.iter), AC_OK);
    for (size_t i = 0; i < FD_STAGE_N; i++) {
        fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
        fd_stage_complete(&st, i);
        fd_expect_next(st.iter, fd, AC_OK);
    }
    expect_end(st.iter, fd);
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_close_while_some_are_ready)
{
    fd_stage st;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    for (size_t i = 0; i < FD_STAGE_N; i++)
        fd_stage_complete(&st, i);
    ck_assert_int_eq(ac_iter_close(st.iter), AC_OK);
    for (size_t i = 0; i < FD_STAGE_N; i++)
        fd_expect_next(st.iter, fd, AC_OK);
    expect_end(st.iter, fd);
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_s23_next_many_that_takes_the_last)
{
    fd_stage st;
    ac_future *got[FD_STAGE_N];
    size_t n = 0;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    ck_assert_int_eq(ac_iter_cancel(st.iter), AC_OK);
    ck_assert_int_eq(ac_iter_close(st.iter), AC_OK);
    ck_assert_int_eq(
        ac_iter_next_many(st.iter, got, 1, FD_STAGE_N, AC_POLL, &n), AC_OK);
    ck_assert_uint_eq(n, FD_STAGE_N);
    while (n > 0)
        ac_future_unref(got[--n]);
    expect_end(st.iter, fd);
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_first_request_at_the_end)
{
    ac_pool *pool = support_pool(1);
    ac_future *future = support_submit(pool, support_nothing, NULL);
    ac_future *got = NULL;
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_as_completed(&future, 1, &iter), AC_OK);
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &got), AC_OK);
    ac_future_unref(got);
    expect_end(iter, fd_of(iter));
    ac_iter_destroy(iter);
    ac_future_unref(future);
    support_pool_end(pool);
}
END_TEST

START_TEST(s24_as_completed_with_one_that_is_done)
{
    ac_pool *pool = support_pool(1);
    ac_future *future = support_submit(pool, support_nothing, NULL);
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_future_wait(future, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_as_completed(&future, 1, &iter), AC_OK);
    int fd = fd_of(iter);
    fd_expect_next(iter, fd, AC_OK);
    expect_end(iter, fd);
    ac_iter_destroy(iter);
    ac_future_unref(future);
    support_pool_end(pool);
}
END_TEST

START_TEST(s24_s19_abandon_of_what_is_unfinished)
{
    fd_stage st;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
    ck_assert_int_eq(ac_iter_abandon(st.iter), AC_OK);
    expect_end(st.iter, fd);
    fd_stage_complete(&st, 0); /* nothing to it any more */
    expect_end(st.iter, fd);
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_s19_abandon_while_some_are_ready)
{
    fd_stage st;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    fd_stage_complete(&st, 2);
    fd_stage_complete(&st, 4);
    ck_assert_int_eq(ac_iter_abandon(st.iter), AC_OK);
    fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_OK);
    expect_end(st.iter, fd);
    fd_stage_end(&st);
}
END_TEST

/* Submits into the iterator, and waits for room that never comes. */
typedef struct submitter {
    support_thread thread;
    ac_iter *iter;
    ac_pool *pool;
    int rc;
} submitter;

static void
submit(void *arg)
{
    submitter *self = arg;

    self->rc = ac_iter_submit(self->iter, self->pool, NULL, support_nothing,
                              NULL, AC_FOREVER, NULL);
}

START_TEST(s24_s45_a_reserved_place_that_is_given_back_at_the_end)
{
    ac_pool_attr *attr = NULL;
    submitter late = {.rc = -1};
    support_hold hold;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_capacity(attr, 1), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &late.pool), AC_OK);
    ac_pool_attr_destroy(attr);
    ck_assert_int_eq(ac_iter_open(&late.iter), AC_OK);
    int fd = fd_of(late.iter);
    support_hold_worker(&hold, late.pool);
    ac_future *full = support_submit(late.pool, support_nothing, NULL);
    support_thread_start(&late.thread, submit, &late);
    support_thread_await_sleep(&late.thread);
    while (ac_iter_remaining(late.iter) == 0) /* its place is reserved */
        support_thread_await_sleep(&late.thread);
    ck_assert_int_eq(ac_iter_close(late.iter), AC_OK);
    fd_expect_next(late.iter, fd, AC_ETIMEDOUT);
    ck_assert_int_eq(ac_pool_shutdown(late.pool, AC_DRAIN, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    fd_await(fd);
    support_thread_join(&late.thread);
    ck_assert_int_eq(late.rc, AC_ESHUTDOWN);
    expect_end(late.iter, fd);

    support_hold_end(&hold);
    ac_future_unref(full);
    ac_iter_destroy(late.iter);
    support_pool_end(late.pool);
}
END_TEST

/* ---- Several consumers ---------------------------------------------- */

enum { CONSUMERS = 4, DELIVERIES = 2000 };

typedef struct share {
    support_thread thread;
    ac_iter *iter;
    int fd;
    size_t n; /* how many it got */
} share;

/* Another one may have been faster: AC_ETIMEDOUT is legal. */
static void
consume(void *arg)
{
    share *self = arg;
    ac_future *future;
    int rc;

    do {
        fd_await(self->fd);
        rc = ac_iter_next(self->iter, AC_POLL, &future);
        if (rc == AC_OK) {
            void *count = NULL;
            SUPPORT_CHECK_INT(ac_future_get(future, AC_POLL, &count), AC_OK);
            support_counter_add(count);
            ac_future_unref(future);
            self->n++;
        }
    } while (rc == AC_OK || rc == AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(rc, AC_DONE);
}

START_TEST(s24_s21_each_completion_goes_to_one_of_several)
{
    ac_pool *pool = support_pool(2);
    ac_iter *iter = NULL;
    share shares[CONSUMERS];
    support_counter got;
    size_t total = 0;

    support_counter_init(&got);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    int fd = fd_of(iter);
    for (int i = 0; i < CONSUMERS; i++) {
        shares[i] = (share){.iter = iter, .fd = fd};
        support_thread_start(&shares[i].thread, consume, &shares[i]);
    }
    for (int i = 0; i < DELIVERIES; i++)
        ck_assert_int_eq(ac_iter_submit(iter, pool, NULL, support_echo, &got,
                                        AC_FOREVER, NULL),
                         AC_OK);
    support_counter_wait(&got, DELIVERIES);
    fd_expect_next(iter, fd, AC_ETIMEDOUT);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK); /* they all learn of it */
    for (int i = 0; i < CONSUMERS; i++) {
        support_thread_join(&shares[i].thread);
        total += shares[i].n;
    }
    ck_assert_uint_eq(total, DELIVERIES);
    ck_assert_uint_eq(support_counter_get(&got), DELIVERIES);
    expect_end(iter, fd);
    ac_iter_destroy(iter);
    support_counter_destroy(&got);
    support_pool_end(pool);
}
END_TEST

START_TEST(s24_one_that_waits_in_next_takes_it)
{
    fd_stage st;
    puller p;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    for (size_t i = 0; i < FD_STAGE_N; i++) {
        puller_next(&p, st.iter);
        fd_stage_complete(&st, i);
        ck_assert_int_eq(puller_end(&p), AC_OK);
        puller_drop(&p);
        fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
    }
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_s23_one_that_waits_for_more_reserves_nothing)
{
    fd_stage st;
    puller p;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    puller_many(&p, st.iter, 2, 2);
    fd_stage_complete(&st, 0); /* too few for it, enough for us */
    fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
    fd_stage_complete(&st, 1);
    fd_stage_complete(&st, 2);
    ck_assert_int_eq(puller_end(&p), AC_OK);
    ck_assert_uint_eq(p.n, 2);
    puller_drop(&p);
    fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
    fd_stage_end(&st);
}
END_TEST

/* A task that gathers tasks of its own pool, which has no other worker. */
static int
gather(void *arg, void **result)
{
    ac_pool *pool = arg;
    ac_iter *iter = NULL;
    ac_future *future;
    int fd = -1;
    size_t n = 0;

    (void)result;
    SUPPORT_CHECK_INT(ac_iter_open(&iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_fd(iter, &fd), AC_OK);
    for (int i = 0; i < 3; i++)
        SUPPORT_CHECK_INT(ac_iter_submit(iter, pool, NULL, support_nothing,
                                         NULL, AC_POLL, NULL),
                          AC_OK);
    SUPPORT_CHECK(!fd_readable(fd));
    while (n < 3 && ac_iter_next(iter, AC_FOREVER, &future) == AC_OK) {
        SUPPORT_CHECK(!fd_readable(fd));
        ac_future_unref(future);
        n++;
    }
    SUPPORT_CHECK_INT(n, 3);
    SUPPORT_CHECK_INT(ac_iter_close(iter), AC_OK);
    SUPPORT_CHECK(fd_readable(fd));
    ac_iter_destroy(iter);
    return 0;
}

START_TEST(s24_s39_a_worker_that_runs_the_members_itself)
{
    ac_pool *pool = support_pool(1);
    ac_future *future = support_submit(pool, gather, pool);

    ck_assert_int_eq(ac_future_wait(future, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_future_status(future), AC_OK);
    ac_future_unref(future);
    support_pool_end(pool);
}
END_TEST

/* ---- epoll ---------------------------------------------------------- */

#ifdef __linux__
static int
epoll_says(int epoll)
{
    struct epoll_event event;
    int n;

    do
        n = epoll_wait(epoll, &event, 1, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

/* Level: as long as there is something.  Edge: at each time that there is
 * something again, so whoever asked for that takes all there is. */
START_TEST(s24_epoll_by_level_and_by_edge)
{
    fd_stage st;
    struct epoll_event by_level = {.events = EPOLLIN};
    struct epoll_event by_edge = {.events = EPOLLIN | EPOLLET};

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    int level = epoll_create1(EPOLL_CLOEXEC);
    int edge = epoll_create1(EPOLL_CLOEXEC);
    ck_assert_int_eq(epoll_ctl(level, EPOLL_CTL_ADD, fd, &by_level), 0);
    ck_assert_int_eq(epoll_ctl(edge, EPOLL_CTL_ADD, fd, &by_edge), 0);
    for (size_t i = 0; i < FD_STAGE_N; i += 2) {
        ck_assert_int_eq(epoll_says(level), 0);
        ck_assert_int_eq(epoll_says(edge), 0);
        fd_stage_complete(&st, i);
        ck_assert_int_eq(epoll_says(edge), 1);
        fd_stage_complete(&st, i + 1); /* it was readable already */
        ck_assert_int_eq(epoll_says(edge), 0);
        ck_assert_int_eq(epoll_says(level), 1);
        fd_expect_next(st.iter, fd, AC_OK);
        ck_assert_int_eq(epoll_says(level), 1);
        fd_expect_next(st.iter, fd, AC_OK);
    }
    close(edge);
    close(level);
    fd_stage_end(&st);
}
END_TEST
#endif

Suite *
test_suite(void)
{
    Suite *suite = suite_create("iter_fd_end");
    TCase *tcase = support_tcase("the end");

    tcase_add_test(tcase, s24_s10_no_futures);
    tcase_add_test(tcase, s24_close_when_nothing_is_left);
    tcase_add_test(tcase, s24_close_before_the_last_completes);
    tcase_add_test(tcase, s24_close_while_some_are_ready);
    tcase_add_test(tcase, s24_s23_next_many_that_takes_the_last);
    tcase_add_test(tcase, s24_first_request_at_the_end);
    tcase_add_test(tcase, s24_as_completed_with_one_that_is_done);
    tcase_add_test(tcase, s24_s19_abandon_of_what_is_unfinished);
    tcase_add_test(tcase, s24_s19_abandon_while_some_are_ready);
    tcase_add_test(tcase,
                   s24_s45_a_reserved_place_that_is_given_back_at_the_end);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("several consumers");
    tcase_add_test(tcase, s24_s21_each_completion_goes_to_one_of_several);
    tcase_add_test(tcase, s24_one_that_waits_in_next_takes_it);
    tcase_add_test(tcase, s24_s23_one_that_waits_for_more_reserves_nothing);
    tcase_add_test(tcase, s24_s39_a_worker_that_runs_the_members_itself);
    suite_add_tcase(suite, tcase);

#ifdef __linux__
    tcase = support_tcase("epoll");
    tcase_add_test(tcase, s24_epoll_by_level_and_by_edge);
    suite_add_tcase(suite, tcase);
#endif
    return suite;
}
