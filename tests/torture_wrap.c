/*
 * torture_wrap.c - the calls that can fail, and do
 *
 * Joined with the library's objects by -Wl,--wrap=NAME for every __wrap_NAME
 * below; check-torture.sh reads the names from here.  A call counts while the
 * scenario is armed, whichever thread makes it.  Some are wrapped only to keep
 * the books of what must be given back, or to see a thread go to sleep.
 *
 * Locking: none; the counters are atomic.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct tt_report *report;
static unsigned long fail_at;
static bool fail_on;
static atomic_bool armed;
static atomic_ulong calls;
static atomic_bool no_thread, no_others;
static atomic_long live[TT_KINDS];
static _Thread_local struct tt_gate *park_gate;

void
tt_plan(struct tt_report *to, unsigned long n, bool forever)
{
    report = to;
    fail_at = n;
    fail_on = forever;
}

void
tt_arm(void)
{
    atomic_store(&armed, true);
}

void
tt_disarm(void)
{
    atomic_store(&armed, false);
}

bool
tt_no_thread(void)
{
    return atomic_load(&no_thread);
}

bool
tt_no_memory(void)
{
    return atomic_load(&no_others);
}

long
tt_live(enum tt_kind kind)
{
    return atomic_load(&live[kind]);
}

void
tt_knock_when_parked(struct tt_gate *gate)
{
    park_gate = gate;
}

static bool
refuse(const char *name)
{
    if (!atomic_load(&armed))
        return false;
    unsigned long n = atomic_fetch_add(&calls, 1) + 1;
    if (n != fail_at && !(fail_on && fail_at != 0 && n > fail_at))
        return false;
    if (strcmp(name, "pthread_create") != 0)
        atomic_store(&no_others, true);
    const char *none = NULL;
    atomic_compare_exchange_strong(&report->first, &none, name);
    atomic_store(&report->reached, true);
    return true;
}

static void
count(enum tt_kind kind, long change)
{
    atomic_fetch_add(&live[kind], change);
}

/* ---- Memory --------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
int __real_posix_memalign(void **to, size_t align, size_t size);
void __real_free(void *object);

static void *
allocated(void *object)
{
    if (object != NULL)
        count(TT_MEMORY, 1);
    return object;
}

static void *
no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *
__wrap_malloc(size_t size)
{
    return refuse("malloc") ? no_memory() : allocated(__real_malloc(size));
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return refuse("calloc") ? no_memory() : allocated(__real_calloc(n, size));
}

void *
__wrap_realloc(void *old, size_t size)
{
    if (refuse("realloc"))
        return no_memory();
    void *object = __real_realloc(old, size);
    return old == NULL ? allocated(object) : object;
}

void *
__wrap_aligned_alloc(size_t align, size_t size)
{
    return refuse("aligned_alloc")
               ? no_memory()
               : allocated(__real_aligned_alloc(align, size));
}

int
__wrap_posix_memalign(void **to, size_t align, size_t size)
{
    if (refuse("posix_memalign"))
        return ENOMEM;
    int rc = __real_posix_memalign(to, align, size);
    if (rc == 0)
        count(TT_MEMORY, 1);
    return rc;
}

void
__wrap_free(void *object)
{
    if (object != NULL)
        count(TT_MEMORY, -1);
    __real_free(object);
}

/* ---- Threads -------------------------------------------------------- */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*fn)(void *), void *arg);
int __real_pthread_attr_init(pthread_attr_t *attr);
int __real_pthread_attr_destroy(pthread_attr_t *attr);
int __real_pthread_attr_setstacksize(pthread_attr_t *attr, size_t size);
int __real_pthread_setname_np(pthread_t thread, const char *name);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                      void *(*fn)(void *), void *arg)
{
    if (refuse("pthread_create")) {
        atomic_store(&no_thread, true);
        return EAGAIN;
    }
    return __real_pthread_create(thread, attr, fn, arg);
}

pthread_t
tt_thread(void *(*fn)(void *), void *arg)
{
    pthread_t thread;
    TT_CHECK(__real_pthread_create(&thread, NULL, fn, arg) == 0);
    return thread;
}

int
__wrap_pthread_attr_init(pthread_attr_t *attr)
{
    if (refuse("pthread_attr_init"))
        return ENOMEM;
    count(TT_ATTR, 1);
    return __real_pthread_attr_init(attr);
}

int
__wrap_pthread_attr_destroy(pthread_attr_t *attr)
{
    count(TT_ATTR, -1);
    return __real_pthread_attr_destroy(attr);
}

int
__wrap_pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
    if (refuse("pthread_attr_setstacksize"))
        return EINVAL;
    return __real_pthread_attr_setstacksize(attr, size);
}

int
__wrap_pthread_setname_np(pthread_t thread, const char *name)
{
    if (refuse("pthread_setname_np"))
        return ERANGE;
    return __real_pthread_setname_np(thread, name);
}

/* ---- Locks and sleep ------------------------------------------------ */

int __real_pthread_mutexattr_init(pthread_mutexattr_t *attr);
int __real_pthread_mutexattr_destroy(pthread_mutexattr_t *attr);
int __real_pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type);
int __real_pthread_mutex_init(pthread_mutex_t *mu,
                              const pthread_mutexattr_t *attr);
int __real_pthread_mutex_destroy(pthread_mutex_t *mu);
int __real_pthread_condattr_init(pthread_condattr_t *attr);
int __real_pthread_condattr_destroy(pthread_condattr_t *attr);
int __real_pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t id);
int __real_pthread_cond_init(pthread_cond_t *cond,
                             const pthread_condattr_t *attr);
int __real_pthread_cond_destroy(pthread_cond_t *cond);
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu);
int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                                  const struct timespec *until);

int
__wrap_pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
    if (refuse("pthread_mutexattr_init"))
        return ENOMEM;
    count(TT_ATTR, 1);
    return __real_pthread_mutexattr_init(attr);
}

int
__wrap_pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
    count(TT_ATTR, -1);
    return __real_pthread_mutexattr_destroy(attr);
}

int
__wrap_pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
    if (refuse("pthread_mutexattr_settype"))
        return EINVAL;
    return __real_pthread_mutexattr_settype(attr, type);
}

int
__wrap_pthread_mutex_init(pthread_mutex_t *mu, const pthread_mutexattr_t *attr)
{
    if (refuse("pthread_mutex_init"))
        return ENOMEM;
    count(TT_MUTEX, 1);
    return __real_pthread_mutex_init(mu, attr);
}

int
__wrap_pthread_mutex_destroy(pthread_mutex_t *mu)
{
    count(TT_MUTEX, -1);
    return __real_pthread_mutex_destroy(mu);
}

int
__wrap_pthread_condattr_init(pthread_condattr_t *attr)
{
    if (refuse("pthread_condattr_init"))
        return ENOMEM;
    count(TT_ATTR, 1);
    return __real_pthread_condattr_init(attr);
}

int
__wrap_pthread_condattr_destroy(pthread_condattr_t *attr)
{
    count(TT_ATTR, -1);
    return __real_pthread_condattr_destroy(attr);
}

int
__wrap_pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t id)
{
    if (refuse("pthread_condattr_setclock"))
        return EINVAL;
    return __real_pthread_condattr_setclock(attr, id);
}

int
__wrap_pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr)
{
    if (refuse("pthread_cond_init"))
        return ENOMEM;
    count(TT_COND, 1);
    return __real_pthread_cond_init(cond, attr);
}

int
__wrap_pthread_cond_destroy(pthread_cond_t *cond)
{
    count(TT_COND, -1);
    return __real_pthread_cond_destroy(cond);
}

static void
parking(void)
{
    struct tt_gate *gate = park_gate;
    park_gate = NULL;
    if (gate != NULL)
        tt_gate_knock(gate);
}

int
__wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu)
{
    parking();
    return __real_pthread_cond_wait(cond, mu);
}

int
__wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                              const struct timespec *until)
{
    parking();
    return __real_pthread_cond_timedwait(cond, mu, until);
}

/* Here because a task may wait at a gate, and that is no parking. */
void
tt_gate_pass(struct tt_gate *gate)
{
    pthread_mutex_lock(&gate->mu);
    while (gate->left > 0)
        __real_pthread_cond_wait(&gate->cond, &gate->mu);
    pthread_mutex_unlock(&gate->mu);
}

/* ---- What tells the number of processors ---------------------------- */

int __real_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __real_open(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *to, size_t size);
long __real_sysconf(int name);

int
__wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    if (refuse("sched_getaffinity")) {
        errno = EINVAL;
        return -1;
    }
    return __real_sched_getaffinity(pid, size, set);
}

/* The library creates no file, so there is no mode. */
int
__wrap_open(const char *path, int flags, ...)
{
    if (refuse("open")) {
        errno = EMFILE;
        return -1;
    }
    int fd = __real_open(path, flags);
    if (fd >= 0)
        count(TT_FD, 1);
    return fd;
}

/* A descriptor that holds an event gives it. */
static bool
is_file(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

ssize_t
__wrap_read(int fd, void *to, size_t size)
{
    if (is_file(fd) && refuse("read")) {
        errno = EIO;
        return -1;
    }
    return __real_read(fd, to, size);
}

long
__wrap_sysconf(int name)
{
    if (refuse("sysconf")) {
        errno = EINVAL;
        return -1;
    }
    return __real_sysconf(name);
}

/* ---- Descriptors to poll, and the handler for fork() ---------------- */

int __real_eventfd(unsigned count, int flags);
int __real_pipe2(int fds[2], int flags);
int __real_close(int fd);
int __real_pthread_atfork(void (*prepare)(void), void (*parent)(void),
                          void (*child)(void));

static int
no_descriptor(void)
{
    errno = EMFILE;
    return -1;
}

int
__wrap_eventfd(unsigned count_, int flags)
{
    if (refuse("eventfd"))
        return no_descriptor();
    int fd = __real_eventfd(count_, flags);
    if (fd >= 0)
        count(TT_FD, 1);
    return fd;
}

int
__wrap_pipe2(int fds[2], int flags)
{
    if (refuse("pipe2"))
        return no_descriptor();
    int rc = __real_pipe2(fds, flags);
    if (rc == 0)
        count(TT_FD, 2);
    return rc;
}

int
__wrap_close(int fd)
{
    count(TT_FD, -1);
    return __real_close(fd);
}

int
__wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void),
                      void (*child)(void))
{
    if (refuse("pthread_atfork"))
        return ENOMEM;
    return __real_pthread_atfork(prepare, parent, child);
}
