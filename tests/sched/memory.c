/*
 * memory.c - the heap of a run, and who touched what
 *
 * The compiler tells of each access (tsan.c).  For every eight bytes the last
 * few are remembered; two of the same byte, by different threads, at least one
 * a write, not both atomic, are a race if the later thread could not know of
 * the earlier access.  A block is never used again within a run, so each
 * access to one that was freed is seen.
 *
 * All addresses are the same in each run: a library may choose by them.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HEADER 32 /* before each block: out of bounds */
#define ARENA ((size_t)SK_HEAP + (size_t)SK_THREADS * SK_STACK)

enum { REMEMBERED = 4 };
enum life { OUTSIDE, LIVE, FREED };

struct access {
    uint32_t when; /* on the clock of its thread; 0: none */
    uint32_t pc;   /* the program lies low, see check-schedules.sh */
    uint8_t thread;
    uint8_t bytes; /* one bit for each */
    uint8_t kind;
};

struct granule {
    uint32_t run; /* valid in this run only */
    uint8_t life; /* on the heap */
    uint8_t oldest;
    struct access last[REMEMBERED];
};

struct header {
    size_t size;
    uint32_t run;
};

extern char __data_start[], _end[]; /* from the linker */

/* Set once; the data is saved after that. */
static struct granule *arena_granules, *data_granules;
static char *data_copy;
static size_t data_size;

static void *
map(uintptr_t where, size_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    if (where != 0)
        flags |= MAP_FIXED_NOREPLACE;
    void *at = mmap((void *)where, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (at == MAP_FAILED) {
        printf("schedules: no memory at %#lx\n", (unsigned long)where);
        _Exit(77);
    }
    return at;
}

void
sk_memory_init(void)
{
    map(SK_BASE, ARENA);
    for (int i = 0; i < SK_THREADS; i++)
        mprotect(sk_stack(i), 4096, PROT_NONE);
    data_size = (size_t)(_end - __data_start);
    arena_granules = map(0, ARENA / 8 * sizeof *arena_granules);
    data_granules = map(0, (data_size / 8 + 1) * sizeof *data_granules);
    data_copy = map(0, data_size);
}

void
sk_memory_reset(void)
{
    sk->heap_used = 0;
    sk->heap_blocks = 0;
}

void
sk_data_save(void)
{
    memcpy(data_copy, __data_start, data_size);
}

void
sk_data_restore(void)
{
    memcpy(__data_start, data_copy, data_size);
}

bool
sk_is_data(uintptr_t address)
{
    return address - (uintptr_t)__data_start < data_size;
}

void *
sk_stack(int thread)
{
    return (void *)(SK_BASE + SK_HEAP + (size_t)thread * SK_STACK);
}

/* ---- Who touched what ---- */

static struct granule *
granule_of(uintptr_t address)
{
    struct granule *granule = NULL;
    if (address - SK_BASE < ARENA)
        granule = &arena_granules[(address - SK_BASE) / 8];
    else if (sk_is_data(address))
        granule = &data_granules[(address - (uintptr_t)__data_start) / 8];
    if (granule != NULL && granule->run != sk->run) {
        memset(granule, 0, sizeof *granule);
        granule->run = sk->run;
    }
    return granule;
}

static const char *
say(unsigned kind)
{
    static const char *const names[] = {"read", "write", "atomic read",
                                        "atomic write"};
    return names[kind & 3];
}

static bool
clash(const struct access *one, const struct access *other)
{
    return one->when != 0 && (one->bytes & other->bytes) &&
           one->thread != other->thread &&
           ((one->kind | other->kind) & SK_WRITE) &&
           !(one->kind & other->kind & SK_SYNC) &&
           one->when > sk->self->clock.at[one->thread];
}

static void
race(const struct access *one, const struct access *other, uintptr_t address)
{
    printf("two accesses to %#lx that nothing orders:\n  %s, thread %d, ",
           (unsigned long)address, say(one->kind), one->thread);
    sk_print_place(one->pc);
    printf("  %s, thread %d, ", say(other->kind), other->thread);
    sk_print_place(other->pc);
    sk_fail("data race");
}

/* The same access again replaces itself; else the oldest goes. */
static void
remember(struct granule *granule, const struct access *now, uintptr_t address)
{
    struct access *into = NULL;
    for (int i = 0; i < REMEMBERED; i++) {
        struct access *old = &granule->last[i];
        if (clash(old, now))
            race(old, now, address);
        if (old->when == 0 ||
            (old->thread == now->thread && old->bytes == now->bytes &&
             old->kind == now->kind))
            into = old;
    }
    if (into == NULL)
        into = &granule->last[granule->oldest++ % REMEMBERED];
    *into = *now;
}

void
sk_touch(const volatile void *start, size_t size, unsigned kind, uintptr_t pc)
{
    uintptr_t address = (uintptr_t)start;
    while (size > 0 && sk->self != NULL) {
        size_t from = address % 8, n = 8 - from < size ? 8 - from : size;
        struct granule *granule = granule_of(address);
        if (granule == NULL)
            return;
        if (granule->life != LIVE && address - SK_BASE < SK_HEAP) {
            printf("%s, ", say(kind));
            sk_print_place(pc);
            sk_fail("access to memory that %s",
                    granule->life == FREED ? "was freed" : "is in no block");
        }
        struct access now = {.when = sk->self->clock.at[sk->self->number],
                             .pc = (uint32_t)pc,
                             .thread = (uint8_t)sk->self->number,
                             .bytes = (uint8_t)(((1U << n) - 1) << from),
                             .kind = (uint8_t)kind};
        remember(granule, &now, address);
        address += n;
        size -= n;
    }
}

/* ---- The heap ---- */

static void
set_life(uintptr_t block, size_t size, enum life life)
{
    for (size_t i = 0; i < size; i += 8)
        granule_of(block + i)->life = (uint8_t)life;
}

void *
sk_alloc(size_t boundary, size_t size)
{
    if (boundary < 16)
        boundary = 16;
    if (size > SK_HEAP / 4)
        return NULL;
    uintptr_t block = SK_BASE + sk->heap_used + HEADER;
    block = (block + boundary - 1) / boundary * boundary;
    sk->heap_used = block + size - SK_BASE;
    if (sk->heap_used > SK_HEAP)
        sk_fail("a run takes more than %d bytes of memory", SK_HEAP);
    struct header *header = (struct header *)(block - HEADER);
    header->size = size;
    header->run = sk->run;
    set_life(block, size, LIVE);
    sk->heap_blocks++;
    return memset((void *)block, 0xa5, size);
}

void
sk_free(void *block, uintptr_t pc)
{
    struct header *header = (struct header *)((char *)block - HEADER);
    uintptr_t address = (uintptr_t)block;
    if (address - SK_BASE - HEADER >= SK_HEAP || header->run != sk->run ||
        granule_of(address)->life == OUTSIDE)
        sk_fail("free() of what is no block: %p", block);
    sk_touch(block, header->size, SK_WRITE, pc);
    set_life(address, header->size, FREED);
    memset(block, 0xdb, header->size);
    sk->heap_blocks--;
}

void
sk_heap_check(void)
{
    if (sk->heap_blocks != 0)
        sk_fail("%zu blocks of memory were not freed", sk->heap_blocks);
}
