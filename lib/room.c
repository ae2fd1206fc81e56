/*
 * room - how tasks get into a pool's queue, which may be full
 *
 * Who finds no room may stand in line.  Room that becomes free is promised to
 * the first of the line, for as long as it is enough for him, and he is woken
 * to use it; nobody gets past the line.  One that gave up his place lets those
 * behind him have another look.
 *
 * Tasks that are too late to start free their room when someone wants it: who
 * finds the queue full looks for them, and who stands in line wakes up when
 * the next one is due to expire.
 *
 * Locking: the pool's mutex.
 * Lifetime: a place in line is on the stack of who waits; he counts as a
 * visitor of the pool, which destroy waits for.
 *
 * SPDX-License-Identifier: MIT
 */
#include "room.h"

#include "clock.h"
#include "due.h"

struct aci_place {
    struct aci_parked parked; /* mu */
    uint64_t ticket;          /* immutable: the order of the line */
    size_t n;                 /* immutable: how much room he needs */
    bool granted;             /* mu: he got it */
};

static struct aci_place *
place_of(struct aci_list *link)
{
    return aci_container_of(link, struct aci_place, parked.link);
}

/* ---- The line ---- */

static bool
fits_locked(const ac_pool *pool, size_t n)
{
    size_t used = pool->runq.n + pool->promised;
    size_t capacity = pool->attr.capacity;
    return capacity == 0 || (used <= capacity && n <= capacity - used);
}

void
aci_room_grant_locked(ac_pool *pool)
{
    while (!aci_list_empty(&pool->line)) {
        struct aci_place *first = place_of(pool->line.next);
        if (!fits_locked(pool, first->n))
            return;
        pool->promised += first->n;
        first->granted = true;
        aci_unpark(&first->parked);
    }
}

/* Is there nobody in line before him? */
static bool
is_first_locked(const ac_pool *pool, const struct aci_place *self)
{
    return aci_list_empty(&pool->line) ||
           (self != NULL && place_of(pool->line.next)->ticket > self->ticket);
}

/* Where he belongs by his ticket: he may have been out of the line to look. */
static void
stand_in_line_locked(ac_pool *pool, struct aci_place *self)
{
    struct aci_list *at = pool->line.next;
    while (at != &pool->line && place_of(at)->ticket < self->ticket)
        at = at->next;
    aci_list_append(at, &self->parked.link);
}

/* ---- Those that are too late ---- */

/* True if there were any; the mutex is released meanwhile. */
static bool
expire_locked(ac_pool *pool)
{
    struct aci_list expired, *link;
    if (!aci_deadline_passed(pool->runq.next_expiry))
        return false;
    aci_list_init(&expired);
    aci_runq_expire(&pool->runq, &expired);
    if (aci_list_empty(&expired))
        return false;
    aci_room_grant_locked(pool);
    aci_unlock(&pool->mu);
    while ((link = aci_list_pop(&expired)) != NULL)
        aci_future_conclude(aci_container_of(link, ac_future, tail.queue));
    aci_due_run();
    aci_lock(&pool->mu);
    return true;
}

/* He keeps his place meanwhile. */
static bool
expire_in_line_locked(ac_pool *pool, struct aci_place *self)
{
    if (self == NULL)
        return expire_locked(pool);
    stand_in_line_locked(pool, self);
    bool expired = expire_locked(pool);
    aci_list_remove(&self->parked.link);
    return expired;
}

/* ---- Getting room ---- */

/* AC_OK: there is room, and it is the caller's if he goes on without letting
 * go of the mutex.  `self` is NULL for one who has no place in line; AC_EAGAIN
 * then says that he needs one. */
static int
get_locked(ac_pool *pool, const struct aci_batch *batch, struct aci_place *self)
{
    for (;;) {
        if (pool->phase != ACI_ACCEPTING)
            return AC_ESHUTDOWN;
        if (self != NULL && self->granted)
            return AC_OK;
        if (fits_locked(pool, batch->n) && is_first_locked(pool, self))
            return AC_OK;
        if (expire_in_line_locked(pool, self))
            continue;
        if (!batch->wait || aci_pool_is_mine(pool))
            return AC_EAGAIN;
        if (aci_deadline_passed(batch->room_by))
            return AC_ETIMEDOUT;
        if (self == NULL)
            return AC_EAGAIN;
        ac_deadline until = pool->runq.next_expiry;
        if (batch->room_by < until)
            until = batch->room_by;
        stand_in_line_locked(pool, self);
        aci_park(&self->parked, &pool->mu, until);
    }
}

/* Accept them; there is room. */
static void
take_in_locked(ac_pool *pool, struct aci_batch *batch)
{
    struct aci_list *link;
    ac_deadline next_expiry = pool->runq.next_expiry;
    for (size_t i = 0; (link = aci_list_pop(&batch->futures)) != NULL; i++) {
        ac_future *future = aci_container_of(link, ac_future, tail.queue);
        if (batch->out != NULL)
            batch->out[i] = future;
        aci_future_accept(future, pool->attr.timing);
        aci_runq_push(&pool->runq, future, batch->level);
        aci_unpark_first(&pool->idle);
    }
    pool->unfinished += batch->n;
    aci_stats_accepted(&pool->stats, batch->n, pool->runq.n);
    /* Someone in line is to wake up for it. */
    if (pool->runq.next_expiry < next_expiry)
        aci_unpark_first(&pool->line);
}

/* Stand in line.  The mutex is not held, but afterwards it is. */
static int
wait_for_room(ac_pool *pool, const struct aci_batch *batch)
{
    struct aci_place self = {.n = batch->n};
    int rc = aci_parked_init(&self.parked);
    aci_lock(&pool->mu);
    if (rc != AC_OK)
        return rc;
    self.ticket = ++pool->tickets;
    pool->visitors++;
    rc = get_locked(pool, batch, &self);
    if (self.granted)
        pool->promised -= self.n;
    if (rc != AC_OK)
        aci_room_grant_locked(pool);
    aci_pool_leave_locked(pool);
    aci_parked_destroy(&self.parked);
    return rc;
}

int
aci_room_push(ac_pool *pool, struct aci_batch *batch)
{
    aci_lock(&pool->mu);
    int rc = get_locked(pool, batch, NULL);
    if (rc == AC_EAGAIN && batch->wait && !aci_pool_is_mine(pool)) {
        aci_unlock(&pool->mu);
        rc = wait_for_room(pool, batch);
    }
    if (rc == AC_OK)
        take_in_locked(pool, batch);
    else if (rc != AC_ENOMEM)
        aci_stats_rejected(&pool->stats, batch->n);
    aci_unlock(&pool->mu);
    return rc;
}
