/*
 * port - mutexes and threads
 *
 * Locking: none of its own.
 * Lifetime: a started thread must be joined once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "port.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_PTHREAD_NP_H
#include <pthread_np.h>
#endif

#ifdef PTHREAD_STACK_MIN
#define MIN_STACK ((size_t)PTHREAD_STACK_MIN)
#else
#define MIN_STACK ((size_t)16384)
#endif

#define NAME_SIZE 16 /* what Linux takes, with the NUL */

int
aci_mutex_init(struct aci_mutex *mutex)
{
    pthread_mutexattr_t attr;
    if (pthread_mutexattr_init(&attr) != 0)
        return AC_ENOMEM;
#if HAVE_DECL_PTHREAD_MUTEX_ADAPTIVE_NP
    /* Ours are held for a hundred instructions: who finds one held looks again
     * for a moment before going to sleep. */
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
    int rc = pthread_mutex_init(&mutex->os, &attr);
    pthread_mutexattr_destroy(&attr);
    return rc == 0 ? AC_OK : AC_ENOMEM;
}

void
aci_mutex_destroy(struct aci_mutex *mutex)
{
    int rc = pthread_mutex_destroy(&mutex->os);
    aci_assert(rc == 0);
    (void)rc;
}

size_t
aci_thread_min_stack(void)
{
    return MIN_STACK;
}

/* The synchronous ones must reach the thread that caused them: blocked, they
 * would kill the process without its crash handler. */
static void
worker_signals(sigset_t *set)
{
    static const int open[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                               SIGABRT, SIGTRAP, SIGSYS};
    sigfillset(set);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        sigdelset(set, open[i]);
}

static int
stack_attr(pthread_attr_t *attr, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (pthread_attr_init(attr) != 0)
        return AC_ENOMEM;
    if (bytes > SIZE_MAX - page)
        goto fail_attr;
    bytes = (bytes + page - 1) / page * page;
    if (pthread_attr_setstacksize(attr, bytes) != 0)
        goto fail_attr;
    return AC_OK;

fail_attr:
    pthread_attr_destroy(attr);
    return AC_ENOMEM;
}

int
aci_thread_start(pthread_t *thread, size_t stack_size, void *(*main)(void *),
                 void *arg)
{
    pthread_attr_t attr;
    sigset_t blocked, old;
    int rc = stack_attr(&attr, stack_size);
    if (rc != AC_OK)
        return rc;
    /* Blocked here, so that not even the thread's first instruction can be
     * interrupted. */
    worker_signals(&blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, &old);
    rc = pthread_create(thread, &attr, main, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        return AC_OK;
    if (rc == EINVAL)
        return AC_EINVAL;
    return rc == ENOMEM ? AC_ENOMEM : AC_EAGAIN;
}

void
aci_thread_join(pthread_t thread)
{
    int cancelable = aci_cancel_disable();
    int rc = pthread_join(thread, NULL);
    aci_cancel_restore(cancelable);
    aci_assert(rc == 0);
    (void)rc;
}

void
aci_thread_name(const char *prefix, size_t number)
{
    char name[NAME_SIZE], digits[NAME_SIZE];
    size_t n = strlen(prefix), end = NAME_SIZE - 1, at = end;
    digits[end] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 && at > 2);
    digits[--at] = '-';
    if (n > at)
        n = at;
    memcpy(name, prefix, n);
    memcpy(name + n, digits + at, end - at + 1);
#if defined(__APPLE__)
    pthread_setname_np(name);
#elif defined(__NetBSD__)
    pthread_setname_np(pthread_self(), "%s", name);
#elif defined(HAVE_PTHREAD_SETNAME_NP)
    pthread_setname_np(pthread_self(), name);
#elif defined(HAVE_PTHREAD_SET_NAME_NP)
    pthread_set_name_np(pthread_self(), name);
#else
    (void)name;
#endif
}
