/*
 * port - mutexes and threads, as thin as they can be
 *
 * Every lock and every thread of the library goes through these functions, so
 * that failure injection and a schedule explorer have one place to hook in.
 * Condition variables are in park.h, the clock in clock.h, memory in mem.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_PORT_H
#define ACI_PORT_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "ascompleted.h"

/* Debug builds (--enable-debug) check what only a bug can break. */
#ifdef AC_DEBUG
#include <assert.h>
#define aci_assert(condition) assert(condition)
#else
#define aci_assert(condition) ((void)sizeof(condition))
#endif

#define aci_container_of(ptr, type, member) \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Small structures that different threads write should not share a line. */
#define ACI_CACHE_LINE 64

/* A variable of each thread.  Where the C library has room for those of
 * libraries that are loaded while the program runs, it is reached without a
 * call. */
#if defined(__GLIBC__) && defined(__ELF__)
#define ACI_THREAD_LOCAL \
    _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define ACI_THREAD_LOCAL _Thread_local
#endif

struct aci_mutex {
    pthread_mutex_t os;
};

/* AC_OK or AC_ENOMEM. */
int aci_mutex_init(struct aci_mutex *mutex);
void aci_mutex_destroy(struct aci_mutex *mutex);

/* A plain mutex that is initialized and not held by the caller cannot fail. */
static inline void
aci_lock(struct aci_mutex *mutex)
{
    int rc = pthread_mutex_lock(&mutex->os);
    aci_assert(rc == 0);
    (void)rc;
}

/* False: somebody holds it. */
static inline bool
aci_trylock(struct aci_mutex *mutex)
{
    return pthread_mutex_trylock(&mutex->os) == 0;
}

static inline void
aci_unlock(struct aci_mutex *mutex)
{
    int rc = pthread_mutex_unlock(&mutex->os);
    aci_assert(rc == 0);
    (void)rc;
}

/* None of our calls is a cancellation point: what can be one stands between
 * these two. */
static inline int
aci_cancel_disable(void)
{
    int old;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    return old;
}

static inline void
aci_cancel_restore(int old)
{
    pthread_setcancelstate(old, NULL);
}

/* The smallest stack that the system lets a thread have, in bytes. */
size_t aci_thread_min_stack(void);

/*
 * Start a thread with a stack of at least that many bytes and all signals
 * blocked but the synchronous faults: a process-directed signal never lands
 * on a thread that the program does not know.  AC_OK, AC_ENOMEM, AC_EAGAIN, or
 * AC_EINVAL: the stack is too small for what each thread has of its own.
 */
int aci_thread_start(pthread_t *thread, size_t stack_size,
                     void *(*main)(void *), void *arg);
void aci_thread_join(pthread_t thread);

/* Name the calling thread PREFIX-NUMBER; best effort, 15 bytes at most. */
void aci_thread_name(const char *prefix, size_t number);

#endif
