/*
 * tsan.c - what the compiler calls before each access and for each atomic
 *
 * -fsanitize=thread makes the compiler call these; ThreadSanitizer's own are
 * not linked.  Each atomic operation is a step.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core.h"

/* No header declares them. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"

/* ---- Plain accesses ---- */

#define PLAIN(size)                                           \
    void __tsan_read##size(void *address)                     \
    {                                                         \
        sk_touch(address, size, SK_READ, SK_HERE);            \
    }                                                         \
    void __tsan_write##size(void *address)                    \
    {                                                         \
        sk_touch(address, size, SK_WRITE, SK_HERE);           \
    }                                                         \
    void __tsan_unaligned_read##size(void *address)           \
    {                                                         \
        sk_touch(address, size, SK_READ, SK_HERE);            \
    }                                                         \
    void __tsan_unaligned_write##size(void *address)          \
    {                                                         \
        sk_touch(address, size, SK_WRITE, SK_HERE);           \
    }

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void
__tsan_read_range(void *address, unsigned long size)
{
    sk_touch(address, size, SK_READ, SK_HERE);
}

void
__tsan_write_range(void *address, unsigned long size)
{
    sk_touch(address, size, SK_WRITE, SK_HERE);
}

void
__tsan_init(void)
{
}

/* ---- Calls: only for the report ---- */

void
__tsan_func_entry(void *call_site)
{
    if (sk == NULL || sk->self == NULL)
        return;
    struct sk_thread *self = sk->self;
    if (self->depth < SK_CALLS)
        self->calls[self->depth] = (uintptr_t)call_site;
    self->depth++;
}

void
__tsan_func_exit(void)
{
    if (sk != NULL && sk->self != NULL)
        sk->self->depth--;
}

/* ---- Atomics ---- */

static bool
acquires(int order)
{
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME ||
           order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool
releases(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL ||
           order == __ATOMIC_SEQ_CST;
}

static struct sk_object *
atomic(const volatile void *address, size_t size, const char *what,
       unsigned kind, uintptr_t pc)
{
    sk_step(what, (const void *)address);
    sk_touch(address, size, kind | SK_SYNC, pc);
    struct sk_object *object = sk_object((const void *)address, SK_ATOMIC);
    object->written |= (kind & SK_WRITE) != 0;
    return object;
}

/* What is static and was never written in this run, such as the count of
 * forks, is as good as a constant: to look at it is no step. */
static void
loaded(const volatile void *address, size_t size, int order, uintptr_t pc)
{
    if (sk_is_data((uintptr_t)address) &&
        !sk_object((const void *)address, SK_ATOMIC)->written)
        return;
    struct sk_object *at = atomic(address, size, "load", SK_READ, pc);
    if (acquires(order))
        sk_learn(&at->clock);
}

/* A relaxed store ends what the stores before it published. */
static void
stored(const volatile void *address, size_t size, int order, uintptr_t pc)
{
    struct sk_object *at = atomic(address, size, "store", SK_WRITE, pc);
    if (releases(order))
        sk_tell_only(&at->clock);
    else
        at->clock = (struct sk_clock){{0}};
}

/* One that is read and written goes on with what was published. */
static void
changed(const volatile void *address, size_t size, int order, uintptr_t pc)
{
    struct sk_object *at = atomic(address, size, "change", SK_WRITE, pc);
    if (acquires(order))
        sk_learn(&at->clock);
    if (releases(order))
        sk_tell(&at->clock);
}

/* True if it may be tried: a weak one may fail though the values are equal. */
static bool
exchanges(const volatile void *address, size_t size, bool equal, bool weak,
          const int orders[2], uintptr_t pc)
{
    struct sk_object *at = sk_object((const void *)address, SK_ATOMIC);
    if (equal && weak && sk_unlikely(sk->plan.weak))
        equal = false;
    sk_touch(address, size, (equal ? SK_WRITE : SK_READ) | SK_SYNC, pc);
    at->written |= equal;
    if (acquires(orders[equal ? 0 : 1]))
        sk_learn(&at->clock);
    if (equal && releases(orders[0]))
        sk_tell(&at->clock);
    return equal;
}

#define FETCH(bits, type, name, result)                                   \
    type __tsan_atomic##bits##_fetch_##name(volatile type *at, type value, \
                                            int order)                    \
    {                                                                     \
        changed(at, sizeof *at, order, SK_HERE);                          \
        type old = *at;                                                   \
        *at = (type)(result);                                             \
        return old;                                                       \
    }

#define EXCHANGE(bits, type, strength, weak)                                \
    int __tsan_atomic##bits##_compare_exchange_##strength(                  \
        volatile type *at, type *expected, type value, int order, int fail) \
    {                                                                       \
        const int orders[2] = {order, fail};                                \
        sk_step("exchange", (const void *)at);                              \
        type old = *at;                                                     \
        if (exchanges(at, sizeof *at, old == *expected, weak, orders,       \
                      SK_HERE)) {                                           \
            *at = value;                                                    \
            return 1;                                                       \
        }                                                                   \
        *expected = old;                                                    \
        return 0;                                                           \
    }

#define ATOMICS(bits, type)                                                \
    type __tsan_atomic##bits##_load(const volatile type *at, int order)    \
    {                                                                      \
        loaded(at, sizeof *at, order, SK_HERE);                            \
        return *at;                                                        \
    }                                                                      \
    void __tsan_atomic##bits##_store(volatile type *at, type value,        \
                                     int order)                            \
    {                                                                      \
        stored(at, sizeof *at, order, SK_HERE);                            \
        *at = value;                                                       \
    }                                                                      \
    type __tsan_atomic##bits##_exchange(volatile type *at, type value,     \
                                        int order)                         \
    {                                                                      \
        changed(at, sizeof *at, order, SK_HERE);                           \
        type old = *at;                                                    \
        *at = value;                                                       \
        return old;                                                        \
    }                                                                      \
    type __tsan_atomic##bits##_compare_exchange_val(                       \
        volatile type *at, type expected, type value, int order, int fail) \
    {                                                                      \
        const int orders[2] = {order, fail};                               \
        sk_step("exchange", (const void *)at);                             \
        type old = *at;                                                    \
        if (exchanges(at, sizeof *at, old == expected, false, orders,      \
                      SK_HERE))                                            \
            *at = value;                                                   \
        return old;                                                        \
    }                                                                      \
    FETCH(bits, type, add, old + value)                                    \
    FETCH(bits, type, sub, old - value)                                    \
    FETCH(bits, type, and, old &value)                                     \
    FETCH(bits, type, or, old | value)                                     \
    FETCH(bits, type, xor, old ^ value)                                    \
    EXCHANGE(bits, type, strong, false)                                    \
    EXCHANGE(bits, type, weak, true)

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)

void
__tsan_atomic_thread_fence(int order)
{
    (void)order;
    sk_fail("a fence: the library has none");
}
