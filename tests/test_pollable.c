/*
 * The descriptor behind a flag: readable while it is raised, with one write
 * for each time that it goes up.  Everything is tried with what the system has
 * (an eventfd on Linux) and with the pipe that others have.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include "fd.h"
#include "iter.h"
#include "pollable.h"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

static int (*const openers[])(struct aci_pollable *) = {
    aci_pollable_open,
    aci_pollable_open_pipe,
};
enum { OPENERS = 2 };

static struct aci_pollable
opened(int with)
{
    struct aci_pollable p;

    aci_pollable_init(&p);
    ck_assert_int_eq(openers[with](&p), AC_OK);
    return p;
}

/* ---- The descriptors ------------------------------------------------ */

START_TEST(s24_none_before_open)
{
    const size_t before = support_fd_count();
    struct aci_pollable p;

    aci_pollable_init(&p);
    ck_assert(!aci_pollable_is_open(&p));
    ck_assert_uint_eq(support_fd_count(), before);
    aci_pollable_close(&p); /* does nothing */
    ck_assert(!aci_pollable_is_open(&p));
}
END_TEST

START_TEST(s24_not_inherited_and_never_blocking)
{
    struct aci_pollable p = opened(_i);
    const int fds[] = {p.fd, p.write_fd};

    ck_assert(aci_pollable_is_open(&p));
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        ck_assert_int_eq(fcntl(fds[i], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    }
    aci_pollable_close(&p);
}
END_TEST

START_TEST(s24_close_and_open_anew)
{
    const size_t before = support_fd_count();
    struct aci_pollable p = opened(_i);

    for (int i = 0; i < 3; i++) {
        const struct aci_pollable old = p;
        aci_pollable_set(&p, true);
        aci_pollable_close(&p);
        ck_assert(!aci_pollable_is_open(&p));
        ck_assert(!fd_is_open(old.fd));
        ck_assert(!fd_is_open(old.write_fd));
        ck_assert_uint_eq(support_fd_count(), before);
        aci_pollable_close(&p);
        ck_assert_int_eq(openers[_i](&p), AC_OK);
        ck_assert(!fd_readable(p.fd)); /* nothing is left of the old one */
    }
    aci_pollable_close(&p);
    ck_assert_uint_eq(support_fd_count(), before);
}
END_TEST

/* Try to open with room for so many descriptors below the next free ones. */
static int
open_with(int with, rlim_t descriptors, struct aci_pollable *p)
{
    struct rlimit old;
    struct rlimit few;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = old;
    few.rlim_cur = descriptors;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    int rc = openers[with](p);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    return rc;
}

START_TEST(s24_no_descriptors_left)
{
    const size_t before = support_fd_count();
    struct aci_pollable p;
    int lowest = dup(STDOUT_FILENO);

    close(lowest);
    aci_pollable_init(&p);
    ck_assert_int_eq(open_with(_i, 0, &p), AC_ENOMEM);
    ck_assert(!aci_pollable_is_open(&p));
    ck_assert_int_eq(open_with(_i, (rlim_t)lowest, &p), AC_ENOMEM);
    ck_assert(!aci_pollable_is_open(&p));
    if (_i == 1) { /* one of the two that it needs */
        ck_assert_int_eq(open_with(_i, (rlim_t)lowest + 1, &p), AC_ENOMEM);
        ck_assert(!aci_pollable_is_open(&p));
    }
    ck_assert_uint_eq(support_fd_count(), before);
    ck_assert_int_eq(openers[_i](&p), AC_OK);
    aci_pollable_set(&p, true);
    ck_assert(fd_readable(p.fd));
    aci_pollable_close(&p);
}
END_TEST

/* ---- The flag ------------------------------------------------------- */

START_TEST(s24_readable_while_raised)
{
    struct aci_pollable p = opened(_i);

    for (int i = 0; i < 1000; i++) {
        ck_assert(!fd_readable(p.fd));
        aci_pollable_set(&p, true);
        ck_assert(fd_readable(p.fd));
        ck_assert(fd_readable(p.fd));
        aci_pollable_set(&p, false);
    }
    ck_assert(!fd_readable(p.fd));
    ck_assert_uint_eq(p.raises, 1000);
    aci_pollable_close(&p);
}
END_TEST

/* How many bytes are there to be read; an eventfd does not tell. */
static int
bytes_in(const struct aci_pollable *p)
{
    int n = 0;

    ck_assert_int_eq(ioctl(p->fd, FIONREAD, &n), 0);
    return n;
}

START_TEST(s24_only_an_edge_is_written)
{
    struct aci_pollable p = opened(_i);
    uint64_t value = 0;

    for (int i = 0; i < 100000; i++) /* a pipe would be full by then */
        aci_pollable_set(&p, true);
    ck_assert_uint_eq(p.raises, 1);
    if (_i == 1)
        ck_assert_int_eq(bytes_in(&p), sizeof(value));
    ck_assert_int_eq(read(p.fd, &value, sizeof(value)), sizeof(value));
    ck_assert_uint_eq(value, 1); /* an eventfd adds up what is written */
    ck_assert_int_eq(write(p.write_fd, &value, sizeof(value)), sizeof(value));
    aci_pollable_set(&p, false);
    ck_assert(!fd_readable(p.fd));
    for (int i = 0; i < 100; i++)
        aci_pollable_set(&p, false); /* there is nothing to read */
    ck_assert_uint_eq(p.raises, 1);
    aci_pollable_set(&p, true);
    ck_assert(fd_readable(p.fd));
    ck_assert_uint_eq(p.raises, 2);
    aci_pollable_close(&p);
}
END_TEST

/* ---- Other threads -------------------------------------------------- */

typedef struct watcher {
    support_thread thread;
    int fd;
} watcher;

static void
watch(void *arg)
{
    fd_await(((watcher *)arg)->fd);
}

START_TEST(s24_raise_wakes_those_who_poll)
{
    struct aci_pollable p = opened(_i);
    watcher watchers[3];

    for (int i = 0; i < 3; i++) {
        watchers[i].fd = p.fd;
        support_thread_start(&watchers[i].thread, watch, &watchers[i]);
    }
    for (int i = 0; i < 3; i++)
        support_thread_await_sleep(&watchers[i].thread);
    aci_pollable_set(&p, true);
    for (int i = 0; i < 3; i++)
        support_thread_join(&watchers[i].thread);
    aci_pollable_close(&p);
}
END_TEST

typedef struct canceled {
    struct aci_pollable p;
    bool survived; /* read after the join */
} canceled;

static void *
be_canceled(void *arg)
{
    canceled *self = arg;

    pthread_cancel(pthread_self()); /* is due at the next cancellation point */
    aci_pollable_set(&self->p, true);
    aci_pollable_set(&self->p, false);
    aci_pollable_close(&self->p);
    self->survived = true;
    pthread_testcancel();
    return NULL;
}

START_TEST(s24_no_call_is_a_cancellation_point)
{
    canceled shared = {.p = opened(_i)};
    pthread_t thread;
    void *result = NULL;

    ck_assert_int_eq(pthread_create(&thread, NULL, be_canceled, &shared), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert(shared.survived);
}
END_TEST

/* ---- In an iterator ------------------------------------------------- */

/* The iterator takes the descriptor that it has: a pipe here, in turn.  What it
 * does when it makes one itself: no completion comes in past it. */
START_TEST(s24_an_iterator_raises_once_for_each_edge)
{
    fd_stage st;
    ac_future *got[FD_STAGE_N];
    size_t n = 0;

    fd_stage_init(&st);
    ck_assert_int_eq(openers[_i](&st.iter->pollable), AC_OK);
    aci_lock(&st.iter->mu);
    aci_iter_shut_locked(st.iter);
    aci_unlock(&st.iter->mu);
    int fd = fd_of(st.iter);
    ck_assert_int_eq(fd, st.iter->pollable.fd);
    ck_assert_uint_eq(st.iter->pollable.raises, 0);
    fd_stage_complete(&st, 0);
    fd_stage_complete(&st, 1);
    fd_stage_complete(&st, 2);
    ck_assert_uint_eq(st.iter->pollable.raises, 1);
    fd_expect_next(st.iter, fd, AC_OK);
    fd_stage_complete(&st, 3);
    ck_assert_int_eq(
        ac_iter_next_many(st.iter, got, 1, FD_STAGE_N, AC_POLL, &n), AC_OK);
    ck_assert_uint_eq(n, 3);
    while (n > 0)
        ac_future_unref(got[--n]);
    fd_expect_next(st.iter, fd, AC_ETIMEDOUT);
    ck_assert_uint_eq(st.iter->pollable.raises, 1);
    fd_stage_complete(&st, 4);
    fd_stage_complete(&st, 5);
    ck_assert_int_eq(ac_iter_close(st.iter), AC_OK);
    fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_OK);
    fd_expect_next(st.iter, fd, AC_DONE); /* it stayed readable */
    ck_assert_uint_eq(st.iter->pollable.raises, 2);
    fd_stage_end(&st);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("pollable");
    TCase *tcase = support_tcase("descriptors");

    tcase_add_test(tcase, s24_none_before_open);
    tcase_add_loop_test(tcase, s24_not_inherited_and_never_blocking, 0,
                        OPENERS);
    tcase_add_loop_test(tcase, s24_close_and_open_anew, 0, OPENERS);
    tcase_add_loop_test(tcase, s24_no_descriptors_left, 0, OPENERS);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("flag");
    tcase_add_loop_test(tcase, s24_readable_while_raised, 0, OPENERS);
    tcase_add_loop_test(tcase, s24_only_an_edge_is_written, 0, OPENERS);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("threads");
    tcase_add_loop_test(tcase, s24_raise_wakes_those_who_poll, 0, OPENERS);
    tcase_add_loop_test(tcase, s24_no_call_is_a_cancellation_point, 0, OPENERS);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("iterator");
    tcase_add_loop_test(tcase, s24_an_iterator_raises_once_for_each_edge, 0,
                        OPENERS);
    suite_add_tcase(suite, tcase);
    return suite;
}
