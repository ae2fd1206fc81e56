/*
 * wrap_system.c - the clock, memory, descriptors, and what scenarios call
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "core.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- The clock ---- */

int
__wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_MONOTONIC)
        sk_fail("another clock is read");
    sk_step("clock", NULL);
    sk->now += sk->plan.reading;
    if (sk_unlikely(sk->plan.jumps))
        sk->now += INT64_C(1000) << sk_roll(20);
    now->tv_sec = (time_t)(sk->now / 1000000000);
    now->tv_nsec = (long)(sk->now % 1000000000);
    return 0;
}

ac_deadline
sk_soon(void)
{
    return sk->now + sk->plan.soon;
}

ac_deadline
sk_later(void)
{
    return sk->now + 100 * sk->plan.soon;
}

void
sk_slow_clock(void)
{
    sk->plan.reading = 1;
    sk->plan.yielding = 0;
    sk->plan.jumps = 0;
}

/* ---- Memory ---- */

/* No memory is taken or given back with a lock held. */
static void
no_lock(const char *what)
{
    if (sk->self->locks > 0)
        sk_fail("%s with a lock held", what);
}

void *
__wrap_malloc(size_t size)
{
    no_lock("malloc()");
    return sk_alloc(0, size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    no_lock("calloc()");
    if (size > 0 && n > SIZE_MAX / size)
        return NULL;
    void *block = sk_alloc(0, n * size);
    return block == NULL ? NULL : memset(block, 0, n * size);
}

int
__wrap_posix_memalign(void **block, size_t boundary, size_t size)
{
    no_lock("posix_memalign()");
    *block = sk_alloc(boundary, size);
    return *block == NULL ? ENOMEM : 0;
}

void *
__wrap_aligned_alloc(size_t boundary, size_t size)
{
    no_lock("aligned_alloc()");
    return sk_alloc(boundary, size);
}

void
__wrap_free(void *block)
{
    if (block == NULL)
        return;
    no_lock("free()");
    sk_free(block, SK_HERE);
}

/* ---- Descriptors: the real ones ---- */

int __real_eventfd(unsigned value, int flags);
int __real_pipe2(int fds[2], int flags);
int __real_close(int fd);
ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __real_write(int fd, const void *from, size_t size);

int
__wrap_eventfd(unsigned value, int flags)
{
    int fd = __real_eventfd(value, flags);
    sk->open_fds += fd >= 0;
    return fd;
}

int
__wrap_pipe2(int fds[2], int flags)
{
    int rc = __real_pipe2(fds, flags);
    sk->open_fds += rc == 0 ? 2 : 0;
    return rc;
}

int
__wrap_close(int fd)
{
    sk_step("close", NULL);
    sk->open_fds--;
    return __real_close(fd);
}

ssize_t
__wrap_read(int fd, void *to, size_t size)
{
    sk_step("read", NULL);
    return __real_read(fd, to, size);
}

ssize_t
__wrap_write(int fd, const void *from, size_t size)
{
    sk_step("write", NULL);
    return __real_write(fd, from, size);
}

/* ---- The machine: a processor or two, and no files ---- */

int
__wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    (void)pid;
    CPU_ZERO_S(size, set);
    for (size_t i = 0; i < sk->plan.processors; i++)
        CPU_SET_S(i, size, set);
    return 0;
}

/* Anywhere: nobody relies on it. */
int
__wrap_sched_getcpu(void)
{
    return (int)sk_roll(sk->plan.processors);
}

int
__wrap_open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    errno = ENOENT;
    return -1;
}

/* ---- What means nothing here ---- */

int
__wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    (void)how;
    (void)set;
    (void)old;
    return 0;
}

int
__wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void),
                      void (*child)(void))
{
    (void)prepare;
    (void)parent;
    (void)child;
    return 0;
}

/* ---- The end ---- */

void
__wrap___assert_fail(const char *what, const char *file, unsigned line,
                     const char *function)
{
    sk_fail("%s:%u: %s: assertion failed: %s", file, line, function, what);
}

void
__wrap_abort(void)
{
    sk_fail("abort()");
}

/* ---- What scenarios call ---- */

void
sk_user_code(void)
{
    no_lock("code of the user's");
}

pthread_t
sk_start(void *(*fn)(void *), void *arg)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, fn, arg) != 0)
        sk_fail("pthread_create");
    return thread;
}

void
sk_join(pthread_t thread)
{
    if (pthread_join(thread, NULL) != 0)
        sk_fail("pthread_join");
}

void
sk_gate_open(struct sk_gate *gate)
{
    sk_step("open", gate);
    sk_tell(&sk_object(gate, SK_GATE)->clock);
    gate->open = 1;
}

void
sk_gate_pass(struct sk_gate *gate)
{
    sk_step("pass", gate);
    sk->self->gate = gate;
    if (!gate->open)
        sk_block(SK_WAITS);
    sk_learn(&sk_object(gate, SK_GATE)->clock);
}

void
sk_until_readable(int fd)
{
    sk_step("poll", NULL);
    sk->self->fd = fd;
    if (!sk_readable(fd))
        sk_block(SK_POLLS);
}
