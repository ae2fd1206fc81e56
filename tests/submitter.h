/*
 * Bounded pools that are full, and threads that submit to them and have to
 * wait for room.
 *
 * To know that a thread stands in line it looks into the pool: no call tells.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUBMITTER_H
#define SUBMITTER_H

#include "support.h"

#include "pool.h"

#include <sched.h>

#define SUBMITTER_MAX 8

/* ---- Looking into a pool -------------------------------------------- */

static inline uint64_t
stat_of(const ac_pool *pool, int which)
{
    uint64_t values[AC_STATS];

    ck_assert_int_eq(ac_pool_stats(pool, values, AC_STATS), AC_OK);
    return values[which];
}

static inline size_t
line_length(ac_pool *pool)
{
    size_t n = 0;

    aci_lock(&pool->mu);
    for (struct aci_list *at = pool->line.next; at != &pool->line;
         at = at->next)
        n++;
    aci_unlock(&pool->mu);
    return n;
}

static inline void
await_line(ac_pool *pool, size_t n)
{
    while (line_length(pool) != n)
        sched_yield();
}

/* ---- A full pool ---------------------------------------------------- */

/* Frees nothing, but counts: an ac_free_fn for a support_counter. */
static inline void
count_freed(void *counter)
{
    support_counter_add(counter);
}

/* Of one worker, which is held; its queue is full of tasks that count. */
typedef struct full_pool {
    ac_pool *pool;
    support_hold hold;
    support_counter ran;
    size_t capacity;
    ac_future *queued[SUBMITTER_MAX];
} full_pool;

static inline ac_pool *
bounded_pool(size_t workers, size_t capacity)
{
    ac_pool_attr *attr = NULL;
    ac_pool *pool = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_capacity(attr, capacity), AC_OK);
    ck_assert_int_eq(ac_pool_create(workers, attr, &pool), AC_OK);
    ac_pool_attr_destroy(attr);
    return pool;
}

/* With `room` less than that in its queue. */
static inline void
full_pool_init(full_pool *full, size_t capacity, size_t room)
{
    ck_assert_uint_le(capacity, SUBMITTER_MAX);
    full->pool = bounded_pool(1, capacity);
    full->capacity = capacity;
    support_counter_init(&full->ran);
    support_hold_worker(&full->hold, full->pool);
    for (size_t i = 0; i < capacity; i++)
        full->queued[i] = NULL;
    for (size_t i = 0; i < capacity - room; i++)
        full->queued[i] = support_submit(full->pool, support_count, &full->ran);
}

/* Make room for one more. */
static inline void
full_pool_cancel(full_pool *full, size_t i)
{
    ck_assert_int_eq(ac_future_cancel(full->queued[i]), AC_OK);
}

/* Let it run dry and end; says how many of those tasks ran. */
static inline size_t
full_pool_end(full_pool *full)
{
    support_hold_end(&full->hold);
    support_pool_end(full->pool);
    for (size_t i = 0; i < full->capacity; i++)
        ac_future_unref(full->queued[i]);
    const size_t ran = (size_t)support_counter_get(&full->ran);
    support_counter_destroy(&full->ran);
    return ran;
}

/* ---- A thread that makes one call ----------------------------------- */

/* Fields that are 0 take what is simplest. */
typedef struct submitter {
    support_thread thread;
    ac_pool *pool;
    size_t n;      /* ac_submit_many(); 0: ac_submit_until() ... */
    ac_iter *iter; /* ... or ac_iter_submit() */
    const ac_task_attr *attr;
    ac_task_fn *fn;
    void *arg;
    ac_deadline room_by; /* 0: without limit; say -1 for one that passed */
    ac_future *futures[SUBMITTER_MAX];
    int rc;
    ac_deadline back; /* when the call returned */
} submitter;

static inline void
submitter_main(void *arg)
{
    submitter *s = arg;
    ac_task_fn *fn = s->fn != NULL ? s->fn : support_nothing;
    ac_deadline room_by = s->room_by != 0 ? s->room_by : AC_FOREVER;
    void *args[SUBMITTER_MAX];

    for (size_t i = 0; i < SUBMITTER_MAX; i++)
        args[i] = s->arg;
    if (s->n > 0)
        s->rc = ac_submit_many(s->pool, s->attr, fn, args, s->n, room_by,
                               s->futures);
    else if (s->iter != NULL)
        s->rc = ac_iter_submit(s->iter, s->pool, s->attr, fn, s->arg, room_by,
                               s->futures);
    else
        s->rc =
            ac_submit_until(s->pool, s->attr, fn, s->arg, room_by, s->futures);
    s->back = ac_now();
}

/* Start it; return when it sleeps, most likely inside the call. */
static inline void
submitter_go(submitter *s, ac_pool *pool)
{
    s->pool = pool;
    s->rc = -1;
    for (size_t i = 0; i < SUBMITTER_MAX; i++)
        s->futures[i] = NULL;
    support_thread_start(&s->thread, submitter_main, s);
    support_thread_await_sleep(&s->thread);
}

/* Start one that is going to wait; return when there are `line` in line. */
static inline void
submitter_start(submitter *s, ac_pool *pool, size_t line)
{
    submitter_go(s, pool);
    await_line(pool, line);
}

/* Its call says that; it has got references exactly if that is AC_OK, and
 * these are dropped. */
static inline void
submitter_end(submitter *s, int rc)
{
    const size_t n = s->n > 0 ? s->n : 1;

    support_thread_join(&s->thread);
    ck_assert_int_eq(s->rc, rc);
    for (size_t i = 0; i < SUBMITTER_MAX; i++) {
        ck_assert_int_eq(s->futures[i] != NULL, rc == AC_OK && i < n);
        ac_future_unref(s->futures[i]);
    }
}

#endif /* SUBMITTER_H */
