/*
 * A thread that makes one call of next or next_many and keeps what came of
 * it, so that a test can have several of them wait at once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PULLER_H
#define PULLER_H

#include "support.h"

#define PULLER_MAX 8

typedef struct puller {
    support_thread thread;
    ac_iter *iter;
    size_t min; /* 0: ac_iter_next() */
    size_t max;
    ac_deadline deadline;
    int rc;
    size_t n;
    ac_future *futures[PULLER_MAX];
} puller;

static inline void
puller_main(void *arg)
{
    puller *p = arg;

    if (p->min > 0) {
        p->rc = ac_iter_next_many(p->iter, p->futures, p->min, p->max,
                                  p->deadline, &p->n);
        return;
    }
    p->rc = ac_iter_next(p->iter, p->deadline, &p->futures[0]);
    p->n = p->rc == AC_OK ? 1 : 0;
}

/* Starts the thread; returns when it sleeps, most likely inside the call. */
static inline void
puller_many(puller *p, ac_iter *iter, size_t min, size_t max)
{
    p->iter = iter;
    p->min = min;
    p->max = max;
    p->deadline = AC_FOREVER;
    p->rc = -1;
    p->n = 0;
    support_thread_start(&p->thread, puller_main, p);
    support_thread_await_sleep(&p->thread);
}

static inline void
puller_next(puller *p, ac_iter *iter)
{
    puller_many(p, iter, 0, 1);
}

/* Waits for its end; returns the code of its call. */
static inline int
puller_end(puller *p)
{
    support_thread_join(&p->thread);
    return p->rc;
}

/* Gives back the references that it was handed. */
static inline void
puller_drop(puller *p)
{
    while (p->n > 0)
        ac_future_unref(p->futures[--p->n]);
}

#endif /* PULLER_H */
