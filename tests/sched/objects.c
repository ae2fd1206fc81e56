/*
 * objects.c - mutexes, condition variables and atomics, and what is known
 * where
 *
 * What a thread did is known to another one only if the other has met it at
 * some object since: a mutex, an atomic with release and acquire, a join.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core.h"

#include <string.h>

/* Open addressing; an entry of another run is free. */
static struct sk_object *
find(uintptr_t address)
{
    size_t at = (size_t)(address / 4 * UINT64_C(0x9e3779b97f4a7c15) >> 40);
    for (size_t i = 0; i < SK_OBJECTS; i++) {
        struct sk_object *object = &sk->objects[(at + i) % SK_OBJECTS];
        if (object->run == sk->run && object->address == address)
            return object;
        if (object->run != sk->run) {
            memset(object, 0, sizeof *object);
            object->run = sk->run;
            object->address = address;
            return object;
        }
    }
    sk_fail("more than %d objects", SK_OBJECTS);
}

static const char *const kinds[] = {[SK_NOTHING] = "not initialized",
                                    [SK_ATOMIC] = "an atomic",
                                    [SK_MUTEX] = "a mutex",
                                    [SK_COND] = "a condition variable",
                                    [SK_GATE] = "a gate",
                                    [SK_DEAD] = "destroyed"};

struct sk_object *
sk_object(const void *address, enum sk_kind kind)
{
    struct sk_object *object = find((uintptr_t)address);
    if (object->kind == kind)
        return object;
    bool by_itself = kind == SK_ATOMIC || kind == SK_GATE ||
                     (kind == SK_MUTEX && object->kind == SK_NOTHING &&
                      sk_is_data((uintptr_t)address));
    if (!by_itself)
        sk_fail("%p is no %s: it is %s", address, kinds[kind] + 2,
                kinds[object->kind]);
    object->kind = kind;
    return object;
}

void
sk_object_begin(const void *address, enum sk_kind kind)
{
    struct sk_object *object = find((uintptr_t)address);
    if (object->kind == kind)
        sk_fail("%p is initialized twice", address);
    object->kind = kind;
    object->owner = NULL;
    memset(&object->clock, 0, sizeof object->clock);
    sk->live[kind]++;
}

void
sk_object_end(const void *address, enum sk_kind kind)
{
    struct sk_object *object = sk_object(address, kind);
    if (object->owner != NULL)
        sk_fail("a locked mutex is destroyed");
    object->kind = SK_DEAD;
    sk->live[kind]--;
}

/* ---- Knowledge ---- */

void
sk_learn(const struct sk_clock *from)
{
    struct sk_clock *mine = &sk->self->clock;
    for (int i = 0; i < sk->n_threads; i++) {
        if (from->at[i] > mine->at[i])
            mine->at[i] = from->at[i];
    }
}

/* What follows is not yet known to anybody. */
static void
next_moment(void)
{
    sk->self->clock.at[sk->self->number]++;
}

void
sk_tell(struct sk_clock *to)
{
    const struct sk_clock *mine = &sk->self->clock;
    for (int i = 0; i < sk->n_threads; i++) {
        if (mine->at[i] > to->at[i])
            to->at[i] = mine->at[i];
    }
    next_moment();
}

void
sk_tell_only(struct sk_clock *to)
{
    *to = sk->self->clock;
    next_moment();
}
