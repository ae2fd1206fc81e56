/*
 * One of each: what a process owns when it forks, what its child finds of it,
 * and what the parent still has.
 *
 * The checks in here end the process by CHILD_MUST(), in the parent too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HERITAGE_H
#define HERITAGE_H

#include "support.h"

typedef struct heritage {
    ac_pool *pool;     /* of one worker, busy with: */
    support_hold hold; /* a running task */
    ac_future *queued; /* a task behind it; has a callback */
    ac_future *done;   /* a finished one, with a result */
    ac_promise *promise;
    ac_future *promised; /* unresolved; has a callback */
    ac_iter *open;       /* has queued and done; with a descriptor: */
    int fd;
    ac_iter *set; /* has the running and the queued one */
} heritage;

void heritage_make(heritage *h);

/* In the parent: everything goes on as if nothing had been; then it is gone. */
void heritage_end(heritage *h);

/* In a child: every function on it says so, and changes nothing. */
void heritage_pool_is_dead(heritage *h);
void heritage_futures_are_dead(heritage *h);
void heritage_promise_is_dead(heritage *h);
void heritage_iters_are_dead(heritage *h);

/* In a child: calls on these living ones that also name a dead one. */
void heritage_mixed_is_dead(heritage *h, ac_pool *pool, ac_iter *iter,
                            ac_future *own);

/* In a child: drop all that was inherited; nothing is freed by that. */
void heritage_let_go(heritage *h);

/* In a child, or anywhere: a pool, a promise and iterators made, used, and
 * destroyed. */
void heritage_of_ones_own(void);

#endif /* HERITAGE_H */
