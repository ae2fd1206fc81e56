/*
 * atomics.c - what the compiler calls for each atomic operation
 *
 * Each is a step.  Only its memory order decides what a thread gets to know by
 * it.  And a load may return the value before the last one, as processors do,
 * where the memory model of C permits it: nothing has told this thread of the
 * last one; and a sequentially consistent load comes after all such stores,
 * and after all such loads that have seen the last one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core.h"

#include <string.h>

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

/* ---- The last value and the one before ---- */

static uint64_t
value_of(const volatile void *address, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, (const void *)address, size);
    return value;
}

static void
replace(struct sk_object *at, const volatile void *address, size_t size,
        int order)
{
    at->agreed = order == __ATOMIC_SEQ_CST;
    at->written = true;
    at->before = value_of(address, size);
    at->clock_before = at->clock;
    at->writer = sk->self->number;
    at->written_at = sk->self->clock.at[at->writer];
    memset(at->seen, 0, sizeof at->seen);
}

/* Is this thread free not to have heard of the last value yet? */
static bool
may_be_late(const struct sk_object *at, int order)
{
    const struct sk_clock *mine = &sk->self->clock;
    if (!at->written || at->written_at <= mine->at[at->writer])
        return false;
    if (order == __ATOMIC_SEQ_CST && at->agreed)
        return false;
    for (int i = 0; i < sk->n_threads; i++) {
        if (at->seen[i] != 0 && at->seen[i] <= mine->at[i])
            return false; /* it knows of one who has seen it */
    }
    return true;
}

static void
see(struct sk_object *at, int order)
{
    int self = sk->self->number;
    at->agreed |= order == __ATOMIC_SEQ_CST;
    if (at->seen[self] == 0)
        at->seen[self] = sk->self->clock.at[self];
}

/* ---- Operations ---- */

static struct sk_object *
atomic(const volatile void *address, size_t size, unsigned kind, uintptr_t pc)
{
    sk_touch(address, size, kind | SK_SYNC, pc);
    return sk_object((const void *)address, SK_ATOMIC);
}

/* What is static and was never written in this run, such as the count of
 * forks, is as good as a constant: to look at it is no step. */
static uint64_t
load(const volatile void *address, size_t size, int order, uintptr_t pc)
{
    if (sk_is_data((uintptr_t)address) &&
        !sk_object((const void *)address, SK_ATOMIC)->written)
        return value_of(address, size);
    sk_step("load", (const void *)address);
    struct sk_object *at = atomic(address, size, SK_READ, pc);
    bool late = may_be_late(at, order) && sk_unlikely(sk->plan.late);
    if (acquires(order))
        sk_learn(late ? &at->clock_before : &at->clock);
    if (!late)
        see(at, order);
    return late ? at->before : value_of(address, size);
}

/* A relaxed store ends what the stores before it published. */
static void
store(const volatile void *address, size_t size, int order, uintptr_t pc)
{
    sk_step("store", (const void *)address);
    struct sk_object *at = atomic(address, size, SK_WRITE, pc);
    replace(at, address, size, order);
    if (releases(order))
        sk_tell_only(&at->clock);
    else
        memset(&at->clock, 0, sizeof at->clock);
}

/* To read and write at once is to read the last value, and goes on with what
 * was published. */
static void
change(const volatile void *address, size_t size, int order, uintptr_t pc)
{
    struct sk_object *at = atomic(address, size, SK_WRITE, pc);
    if (acquires(order))
        sk_learn(&at->clock);
    replace(at, address, size, order);
    if (releases(order))
        sk_tell(&at->clock);
}

/* True if it is to be changed: a weak one may fail though it is equal. */
static bool
exchange(const volatile void *address, size_t size, uint64_t expected,
         bool weak, const int orders[2], uintptr_t pc)
{
    sk_step("exchange", (const void *)address);
    if (value_of(address, size) == expected &&
        !(weak && sk_unlikely(sk->plan.weak))) {
        change(address, size, orders[0], pc);
        return true;
    }
    struct sk_object *at = atomic(address, size, SK_READ, pc);
    if (acquires(orders[1]))
        sk_learn(&at->clock);
    see(at, orders[1]);
    return false;
}

/* ---- Their names ---- */

#define FETCH(bits, type, name, result) \
    type __tsan_atomic##bits##_fetch_##name(volatile type *at, type value, \
                                            int order) \
    { \
        sk_step("change", (const void *)at); \
        change(at, sizeof *at, order, SK_HERE); \
        type old = *at; \
        *at = (type)(result); \
        return old; \
    }

#define EXCHANGE(bits, type, strength, weak) \
    int __tsan_atomic##bits##_compare_exchange_##strength( \
        volatile type *at, type *expected, type value, int order, int fail) \
    { \
        const int orders[2] = {order, fail}; \
        if (exchange(at, sizeof *at, *expected, weak, orders, SK_HERE)) { \
            *at = value; \
            return 1; \
        } \
        *expected = *at; \
        return 0; \
    }

#define ATOMICS(bits, type) \
    type __tsan_atomic##bits##_load(const volatile type *at, int order) \
    { \
        return (type)load(at, sizeof *at, order, SK_HERE); \
    } \
    void __tsan_atomic##bits##_store(volatile type *at, type value, int order) \
    { \
        store(at, sizeof *at, order, SK_HERE); \
        *at = value; \
    } \
    type __tsan_atomic##bits##_compare_exchange_val( \
        volatile type *at, type expected, type value, int order, int fail) \
    { \
        const int orders[2] = {order, fail}; \
        bool won = exchange(at, sizeof *at, expected, false, orders, SK_HERE); \
        type old = *at; \
        if (won) \
            *at = value; \
        return old; \
    } \
    type __tsan_atomic##bits##_exchange(volatile type *at, type value, \
                                        int order) \
    { \
        sk_step("change", (const void *)at); \
        change(at, sizeof *at, order, SK_HERE); \
        type old = *at; \
        *at = value; \
        return old; \
    } \
    FETCH(bits, type, add, old + value) \
    FETCH(bits, type, sub, old - value) \
    FETCH(bits, type, and, old &value) \
    FETCH(bits, type, or, old | value) \
    FETCH(bits, type, xor, old ^ value) \
    EXCHANGE(bits, type, strong, false) \
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
