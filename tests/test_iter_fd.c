/*
 * The descriptor of an iterator: what it is, and that it is readable exactly
 * while ac_iter_next() with AC_POLL would not say AC_ETIMEDOUT.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include "fd.h"

#include <sys/resource.h>

/* ---- What it is ----------------------------------------------------- */

START_TEST(s24_made_by_the_first_call_and_always_the_same)
{
    const size_t before = support_fd_count();
    ac_iter *iter = NULL;
    ac_iter *other = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    ck_assert_int_eq(ac_iter_open(&other), AC_OK);
    ck_assert_uint_eq(support_fd_count(), before);
    int fd = fd_of(iter);
    const size_t with = support_fd_count();
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(fd_of(iter), fd);
    ck_assert_uint_eq(support_fd_count(), with);
    ck_assert_int_ne(fd_of(other), fd);
    ck_assert_int_eq(fd_of(iter), fd);
    ac_iter_destroy(other);
    ck_assert_int_eq(fd_of(iter), fd);
    ac_iter_destroy(iter);
}
END_TEST

START_TEST(s24_not_inherited_and_never_blocking)
{
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    int fd = fd_of(iter);
    ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    ac_iter_destroy(iter);
}
END_TEST

typedef struct asker {
    support_thread thread;
    support_barrier *barrier;
    ac_iter *iter;
    int fd;
} asker;

static void
ask(void *arg)
{
    asker *self = arg;

    support_barrier_wait(self->barrier);
    SUPPORT_CHECK_INT(ac_iter_fd(self->iter, &self->fd), AC_OK);
}

START_TEST(s24_the_same_for_all_who_ask_at_once)
{
    asker askers[4];
    support_barrier barrier;

    support_barrier_init(&barrier, 4);
    for (int round = 0; round < 20; round++) {
        ac_iter *iter = NULL;
        ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
        const size_t before = support_fd_count();
        for (int i = 0; i < 4; i++) {
            askers[i] = (asker){.barrier = &barrier, .iter = iter, .fd = -1};
            support_thread_start(&askers[i].thread, ask, &askers[i]);
        }
        for (int i = 0; i < 4; i++)
            support_thread_join(&askers[i].thread);
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(askers[i].fd, fd_of(iter));
        ac_iter_destroy(iter);
        ck_assert_uint_eq(support_fd_count(), before);
    }
    support_barrier_destroy(&barrier);
}
END_TEST

START_TEST(s24_destroy_closes_it)
{
    fd_stage st;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    fd_stage_complete(&st, 0); /* one ready, the others not */
    ck_assert(fd_is_open(fd));
    ck_assert_int_eq(ac_iter_close(st.iter), AC_OK);
    ck_assert_int_eq(ac_iter_abandon(st.iter), AC_OK);
    ck_assert(fd_is_open(fd));
    ac_iter_destroy(st.iter);
    ck_assert(!fd_is_open(fd));
    st.iter = NULL;
    fd_stage_complete(&st, 1); /* it tells nobody */
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_null_is_checked)
{
    ac_iter *iter = NULL;
    int fd = 77;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    const size_t before = support_fd_count();
    ck_assert_int_eq(ac_iter_fd(NULL, &fd), AC_EINVAL);
    ck_assert_int_eq(ac_iter_fd(iter, NULL), AC_EINVAL);
    ck_assert_int_eq(ac_iter_fd(NULL, NULL), AC_EINVAL);
    ck_assert_int_eq(fd, 77);
    ck_assert_uint_eq(support_fd_count(), before);
    ac_iter_destroy(iter);
}
END_TEST

/* Let no descriptor be made any more; the old limit. */
static struct rlimit
no_more_descriptors(void)
{
    struct rlimit old;
    struct rlimit none;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    return old;
}

START_TEST(s24_no_descriptors_left_changes_nothing)
{
    fd_stage st;
    int fd = 77;

    fd_stage_init(&st);
    fd_stage_complete(&st, 0);
    const size_t before = support_fd_count();
    const struct rlimit old = no_more_descriptors();
    int first = ac_iter_fd(st.iter, &fd);
    int second = ac_iter_fd(st.iter, &fd);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    ck_assert_int_eq(first, AC_ENOMEM);
    ck_assert_int_eq(second, AC_ENOMEM);
    ck_assert_int_eq(fd, 77);
    ck_assert_uint_eq(support_fd_count(), before);
    ck_assert_uint_eq(ac_iter_remaining(st.iter), FD_STAGE_N);

    fd_stage_complete(&st, 1); /* it works as before */
    fd = fd_of(st.iter);
    fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
    fd_stage_end(&st);
}
END_TEST

/* ---- When it is readable -------------------------------------------- */

START_TEST(s24_not_readable_when_nothing_is_ready)
{
    fd_stage st;
    ac_iter *empty = NULL;

    ck_assert_int_eq(ac_iter_open(&empty), AC_OK);
    fd_expect_next(empty, fd_of(empty), AC_ETIMEDOUT);
    ac_iter_destroy(empty);

    fd_stage_init(&st);
    fd_expect_next(st.iter, fd_of(st.iter), AC_ETIMEDOUT);
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_readable_at_the_first_request_if_one_is_ready)
{
    fd_stage st;

    fd_stage_init(&st);
    fd_stage_complete(&st, 3);
    int fd = fd_of(st.iter);
    fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_a_timeout_leaves_it_unreadable_until_one_completes)
{
    fd_stage st;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    for (size_t i = 0; i < FD_STAGE_N; i++) {
        fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
        fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
        fd_stage_complete(&st, i);
        fd_expect_next(st.iter, fd, AC_OK);
    }
    fd_expect_next(st.iter, fd, AC_ETIMEDOUT); /* an open one has no end */
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_readable_until_the_last_is_taken)
{
    fd_stage st;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    for (size_t i = 0; i < 3; i++)
        fd_stage_complete(&st, i);
    fd_expect_next(st.iter, fd, AC_OK);
    fd_stage_complete(&st, 3); /* while it is readable */
    fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_s23_next_many_clears_it_only_if_it_leaves_none)
{
    fd_stage st;
    ac_future *got[FD_STAGE_N];
    size_t n = 0;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    for (size_t i = 0; i < 4; i++)
        fd_stage_complete(&st, i);
    ck_assert_int_eq(ac_iter_next_many(st.iter, got, 1, 3, AC_POLL, &n), AC_OK);
    ck_assert_uint_eq(n, 3);
    for (size_t i = 0; i < n; i++)
        ac_future_unref(got[i]);
    ck_assert(fd_readable(fd));
    /* It wants three and there is one: what is there is taken. */
    ck_assert_int_eq(ac_iter_next_many(st.iter, got, 2, 3, AC_POLL, &n), AC_OK);
    ck_assert_uint_eq(n, 1);
    ac_future_unref(got[0]);
    ck_assert(!fd_readable(fd));
    n = 99;
    ck_assert_int_eq(ac_iter_next_many(st.iter, got, 1, 3, AC_POLL, &n),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(n, 99);
    ck_assert(!fd_readable(fd));
    fd_stage_end(&st);
}
END_TEST

/* ---- What makes it readable ----------------------------------------- */

START_TEST(s24_a_task_that_a_worker_ends)
{
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    support_hold hold;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    int fd = fd_of(iter);
    for (int i = 0; i < 100; i++) {
        support_hold_worker(&hold, pool);
        ck_assert_int_eq(ac_iter_add(iter, hold.future), AC_OK);
        fd_expect_next(iter, fd, AC_ETIMEDOUT);
        support_hold_release(&hold);
        fd_await(fd);
        fd_expect_next(iter, fd, AC_OK);
        fd_expect_next(iter, fd, AC_ETIMEDOUT);
        support_hold_end(&hold);
    }
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s24_a_task_that_was_submitted_into_it)
{
    ac_pool *pool = support_pool(2);
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    int fd = fd_of(iter);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(ac_iter_submit(iter, pool, NULL, support_nothing, NULL,
                                        AC_FOREVER, NULL),
                         AC_OK);
        fd_await(fd);
        fd_expect_next(iter, fd, AC_OK);
        fd_expect_next(iter, fd, AC_ETIMEDOUT);
    }
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s24_the_add_of_one_that_is_done)
{
    ac_pool *pool = support_pool(1);
    ac_future *future = support_submit(pool, support_nothing, NULL);
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_future_wait(future, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    int fd = fd_of(iter);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
        fd_expect_next(iter, fd, AC_OK);
        fd_expect_next(iter, fd, AC_ETIMEDOUT);
    }
    ac_iter_destroy(iter);
    ac_future_unref(future);
    support_pool_end(pool);
}
END_TEST

START_TEST(s24_s15_cancel_of_the_iterator)
{
    fd_stage st;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    ck_assert_int_eq(ac_iter_cancel(st.iter), AC_OK);
    for (int i = 0; i < FD_STAGE_N; i++)
        fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_s48_shutdown_that_cancels)
{
    fd_stage st;

    fd_stage_init(&st);
    int fd = fd_of(st.iter);
    ck_assert_int_eq(ac_pool_shutdown(st.pool, AC_CANCEL, AC_POLL, NULL),
                     AC_ETIMEDOUT); /* the worker is held */
    for (int i = 0; i < FD_STAGE_N; i++)
        fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
    fd_stage_end(&st);
}
END_TEST

START_TEST(s24_s46_one_that_was_not_started_in_time)
{
    ac_pool *pool = support_pool(1);
    ac_task_attr *attr = NULL;
    ac_iter *iter = NULL;
    ac_future *future = NULL;
    support_hold hold;

    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_start_by(attr, AC_POLL), AC_OK);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    int fd = fd_of(iter);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_submit(iter, pool, attr, support_nothing, NULL,
                                    AC_POLL, &future),
                     AC_OK);
    ck_assert_int_eq(ac_future_status(future), AC_EEXPIRED); /* it meets it */
    fd_expect_next(iter, fd, AC_OK);
    fd_expect_next(iter, fd, AC_ETIMEDOUT);
    ac_future_unref(future);
    ac_task_attr_destroy(attr);
    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s24_s36_the_end_of_a_promise)
{
    ac_promise *promise = NULL;
    ac_future *future = NULL;
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    int fd = fd_of(iter);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(ac_promise_create(NULL, NULL, &promise, &future),
                         AC_OK);
        ck_assert_int_eq(ac_iter_add(iter, future), AC_OK);
        fd_expect_next(iter, fd, AC_ETIMEDOUT);
        if (i == 0)
            ck_assert_int_eq(ac_promise_resolve(promise, NULL), AC_OK);
        else if (i == 1)
            ck_assert_int_eq(ac_promise_fail(promise, 7, NULL), AC_OK);
        else if (i == 2)
            ck_assert_int_eq(ac_future_cancel(future), AC_OK);
        if (i == 3)
            ac_promise_destroy(promise); /* broken */
        fd_expect_next(iter, fd, AC_OK);
        fd_expect_next(iter, fd, AC_ETIMEDOUT);
        if (i < 3)
            ac_promise_destroy(promise);
        ac_future_unref(future);
    }
    ac_iter_destroy(iter);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("iter_fd");
    TCase *tcase = support_tcase("what it is");

    tcase_add_test(tcase, s24_made_by_the_first_call_and_always_the_same);
    tcase_add_test(tcase, s24_not_inherited_and_never_blocking);
    tcase_add_test(tcase, s24_the_same_for_all_who_ask_at_once);
    tcase_add_test(tcase, s24_destroy_closes_it);
    tcase_add_test(tcase, s24_null_is_checked);
    tcase_add_test(tcase, s24_no_descriptors_left_changes_nothing);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("when it is readable");
    tcase_add_test(tcase, s24_not_readable_when_nothing_is_ready);
    tcase_add_test(tcase, s24_readable_at_the_first_request_if_one_is_ready);
    tcase_add_test(tcase,
                   s24_a_timeout_leaves_it_unreadable_until_one_completes);
    tcase_add_test(tcase, s24_readable_until_the_last_is_taken);
    tcase_add_test(tcase, s24_s23_next_many_clears_it_only_if_it_leaves_none);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("what makes it readable");
    tcase_add_test(tcase, s24_a_task_that_a_worker_ends);
    tcase_add_test(tcase, s24_a_task_that_was_submitted_into_it);
    tcase_add_test(tcase, s24_the_add_of_one_that_is_done);
    tcase_add_test(tcase, s24_s15_cancel_of_the_iterator);
    tcase_add_test(tcase, s24_s48_shutdown_that_cancels);
    tcase_add_test(tcase, s24_s46_one_that_was_not_started_in_time);
    tcase_add_test(tcase, s24_s36_the_end_of_a_promise);
    suite_add_tcase(suite, tcase);
    return suite;
}
