/*
 * nest - tasks that a worker's tasks have submitted, and nobody has taken yet
 *
 * Mostly a task waits for what it has submitted itself.  So that stays with its
 * worker while all the others are busy: to submit it, and to run it in place,
 * then writes nothing that they use.  A worker that runs out takes the oldest;
 * whoever has to do with the queue as a whole takes all.
 *
 * What is in here comes before what is in the pool's intake.  So who pushes
 * counts first, then looks at the intake; who takes from the intake looks at
 * it, then at the nests, and takes only if there was something at that first
 * look.  These steps are sequentially consistent: either the one who pushes
 * sees it, and leaves his to the intake, too, or it came after his.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_NEST_H
#define ACI_NEST_H

#include "future.h"
#include "inbox.h"
#include "list.h"
#include "port.h"
#include "stats.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define ACI_NEST_SIZE 32

struct aci_nest {
    _Alignas(ACI_CACHE_LINE) struct aci_mutex mu;
    struct aci_list futures; /* mu: QUEUED, by future.tail.queue, in order */
    /* atomic, changed under mu: how many, or one more.  Sequentially consistent
     * when it goes up: see above, and n_idle in pool.h. */
    atomic_size_t n;
    bool shut; /* mu: no more come in */
};

/* AC_OK or AC_ENOMEM. */
int aci_nest_init(struct aci_nest *nest);
void aci_nest_destroy(struct aci_nest *nest);

/* A look from outside. */
static inline bool
aci_nest_has_some(const struct aci_nest *nest)
{
    return atomic_load(&nest->n) > 0;
}

/* By its worker: a NEW one becomes QUEUED in here; false if it is full or shut,
 * or there is something in the intake. */
bool aci_nest_push(struct aci_nest *nest, struct aci_inbox *intake,
                   ac_future *future);

/* By its worker, which waits for this one: QUEUED to RUNNING, with the queue's
 * reference, and tallied; false if it is not in here, or another one was
 * faster. */
bool aci_nest_claim(struct aci_nest *nest, ac_future *future,
                    struct aci_tally *tally);

/* The oldest, or NULL; it is QUEUED, unless another one was faster. */
ac_future *aci_nest_pop(struct aci_nest *nest);

/* All of them, behind what is in that list. */
void aci_nest_take(struct aci_nest *nest, struct aci_list *futures);

/* No more come in. */
void aci_nest_shut(struct aci_nest *nest);

#endif
