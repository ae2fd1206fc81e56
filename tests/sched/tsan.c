/*
 * tsan.c - what the compiler calls before each access and in each function
 *
 * -fsanitize=thread makes the compiler call these; ThreadSanitizer's own are
 * not linked.  For atomics see atomics.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core.h"

/* ---- Plain accesses ---- */

#define PLAIN(size) \
    void __tsan_read##size(void *address) \
    { \
        sk_touch(address, size, SK_READ, SK_HERE); \
    } \
    void __tsan_write##size(void *address) \
    { \
        sk_touch(address, size, SK_WRITE, SK_HERE); \
    } \
    void __tsan_unaligned_read##size(void *address) \
    { \
        sk_touch(address, size, SK_READ, SK_HERE); \
    } \
    void __tsan_unaligned_write##size(void *address) \
    { \
        sk_touch(address, size, SK_WRITE, SK_HERE); \
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
