/*
 * counts.c - what the library does for a task, counted
 *
 * The library is compiled so that it calls a function for each atomic
 * operation (-fsanitize=thread, without the sanitizer's own library), and
 * linked so that its locks, sleeps and allocations come through here too.  All
 * is done as asked, and counted; when the program ends, the counts are printed
 * to the standard error output.  See counts.sh.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LOCKS, BLOCKED, CHANGES, ALLOCATIONS, WAITS, WAKES, COUNTS };

static const char *const names[COUNTS] = {"locks",       "blocked", "changes",
                                          "allocations", "waits",   "wakes"};

/* atomic, relaxed: a line for each, so that to count disturbs less. */
static struct {
    _Alignas(64) atomic_ullong n;
} counts[COUNTS];

static void
count(int what)
{
    atomic_fetch_add_explicit(&counts[what].n, 1, memory_order_relaxed);
}

__attribute__((destructor)) static void
print(void)
{
    for (int i = 0; i < COUNTS; i++)
        fprintf(stderr, "counts %s %llu\n", names[i],
                (unsigned long long)atomic_load(&counts[i].n));
}

/* ---- Locks and sleeps ------------------------------------------------ */

int __real_pthread_mutex_lock(pthread_mutex_t *mu);
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu);
int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                                  const struct timespec *until);
int __real_pthread_cond_signal(pthread_cond_t *cond);

int
__wrap_pthread_mutex_lock(pthread_mutex_t *mu)
{
    count(LOCKS);
    if (pthread_mutex_trylock(mu) == 0)
        return 0;
    count(BLOCKED);
    return __real_pthread_mutex_lock(mu);
}

int
__wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu)
{
    count(WAITS);
    return __real_pthread_cond_wait(cond, mu);
}

int
__wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                              const struct timespec *until)
{
    count(WAITS);
    return __real_pthread_cond_timedwait(cond, mu, until);
}

int
__wrap_pthread_cond_signal(pthread_cond_t *cond)
{
    count(WAKES);
    return __real_pthread_cond_signal(cond);
}

/* ---- Memory ---------------------------------------------------------- */

void *__real_calloc(size_t n, size_t size);
int __real_posix_memalign(void **block, size_t boundary, size_t size);

void *
__wrap_calloc(size_t n, size_t size)
{
    count(ALLOCATIONS);
    return __real_calloc(n, size);
}

int
__wrap_posix_memalign(void **block, size_t boundary, size_t size)
{
    count(ALLOCATIONS);
    return __real_posix_memalign(block, boundary, size);
}

/* ---- What the compiler calls ----------------------------------------- */

/* Named as the compiler has it; they are declared nowhere. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"

#define NOTHING(name, ...) \
    void name(__VA_ARGS__) \
    { \
    }

NOTHING(__tsan_init, void)
NOTHING(__tsan_func_entry, void *pc)
NOTHING(__tsan_func_exit, void)

#define ACCESS(kind) \
    NOTHING(__tsan_##kind##1, void *at) \
    NOTHING(__tsan_##kind##2, void *at) \
    NOTHING(__tsan_##kind##4, void *at) \
    NOTHING(__tsan_##kind##8, void *at) \
    NOTHING(__tsan_##kind##16, void *at)
ACCESS(read)
ACCESS(write)
ACCESS(unaligned_read)
ACCESS(unaligned_write)
ACCESS(volatile_read)
ACCESS(volatile_write)
NOTHING(__tsan_read_range, void *at, size_t size)
NOTHING(__tsan_write_range, void *at, size_t size)

/* A store that all threads agree on is an exchange to the processor. */
#define ATOMIC(bits) \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile void *at, \
                                              int order) \
    { \
        (void)order; \
        return __atomic_load_n((const volatile uint##bits##_t *)at, \
                               __ATOMIC_SEQ_CST); \
    } \
    void __tsan_atomic##bits##_store(volatile void *at, uint##bits##_t value, \
                                     int order) \
    { \
        if (order == __ATOMIC_SEQ_CST) \
            count(CHANGES); \
        __atomic_store_n((volatile uint##bits##_t *)at, value, \
                         __ATOMIC_SEQ_CST); \
    } \
    int __tsan_atomic##bits##_compare_exchange_strong( \
        volatile void *at, void *expected, uint##bits##_t value, int order, \
        int failed) \
    { \
        (void)order; \
        (void)failed; \
        count(CHANGES); \
        return __atomic_compare_exchange_n( \
            (volatile uint##bits##_t *)at, (uint##bits##_t *)expected, value, \
            false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
    } \
    int __tsan_atomic##bits##_compare_exchange_weak( \
        volatile void *at, void *expected, uint##bits##_t value, int order, \
        int failed) \
    { \
        return __tsan_atomic##bits##_compare_exchange_strong( \
            at, expected, value, order, failed); \
    } \
    CHANGE(bits, exchange, __atomic_exchange_n) \
    CHANGE(bits, fetch_add, __atomic_fetch_add) \
    CHANGE(bits, fetch_sub, __atomic_fetch_sub) \
    CHANGE(bits, fetch_or, __atomic_fetch_or) \
    CHANGE(bits, fetch_and, __atomic_fetch_and)

#define CHANGE(bits, name, operation) \
    uint##bits##_t __tsan_atomic##bits##_##name( \
        volatile void *at, uint##bits##_t value, int order) \
    { \
        (void)order; \
        count(CHANGES); \
        return operation((volatile uint##bits##_t *)at, value, \
                         __ATOMIC_SEQ_CST); \
    }

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)
