/*
 * room - how tasks get into a pool's queue, which may be full
 *
 * Who finds no room may stand in line.  Whoever makes room accepts the batch of
 * the first of the line on his behalf, as soon as there is enough for all of
 * it, and only then wakes him, who has nothing more to do.  Nobody gets past
 * the line: its order is the order in the queue.
 *
 * Tasks that are too late to start free their room when someone wants it: who
 * finds the queue full looks for them, and the first of the line wakes up when
 * the next one is due to expire.  So whoever becomes the first is woken to look
 * when that is.
 *
 * Locking: the pool's mutex.
 * Lifetime: a place in line, and the batch, are on the stack of who waits; he
 * counts as a visitor of the pool, which destroy waits for.  Accepted futures
 * are not his to touch: they may be gone before he wakes up.
 *
 * SPDX-License-Identifier: MIT
 */
#include "room.h"

#include "clock.h"
#include "due.h"

struct aci_place {
    struct aci_list link;          /* mu: in the line, until he leaves it */
    struct aci_list asleep;        /* mu: holds `parked` while he sleeps */
    struct aci_parked parked;      /* mu */
    const struct aci_batch *batch; /* immutable */
    bool accepted;                 /* mu: it is in the queue, or was */
};

/* ---- The line ---- */

/* Of a pool with a bound, all that was accepted is in the queue whenever the
 * mutex is free. */
static bool
fits_locked(const ac_pool *pool, size_t n)
{
    size_t capacity = pool->attr.capacity;
    return capacity == 0 || pool->runq.n + n <= capacity;
}

static struct aci_place *
first_locked(const ac_pool *pool)
{
    if (aci_list_empty(&pool->line))
        return NULL;
    return aci_container_of(pool->line.next, struct aci_place, link);
}

/* Accept them; there is room, and the intake is open. */
static void
accept_locked(ac_pool *pool, const struct aci_batch *batch)
{
    struct aci_link *link = batch->newest;
    for (size_t i = batch->n; i > 0; i--) {
        ac_future *future = aci_container_of(link, ac_future, tail.intake);
        if (pool->attr.timing)
            aci_future_stamp(future);
        if (batch->out != NULL)
            batch->out[i - 1] = future;
        link = link->next;
    }
    aci_inbox_push(&pool->intake, batch->newest, batch->oldest);
    /* What comes by the lock is not to be looked for in the intake. */
    aci_pool_take_in_locked(pool);
    aci_pool_wake_locked(pool);
}

/* The first of the line may have to wake up at another time. */
static void
wake_first_locked(ac_pool *pool)
{
    struct aci_place *first = first_locked(pool);
    if (first != NULL && pool->runq.next_expiry != AC_FOREVER)
        aci_unpark_first(&first->asleep);
}

void
aci_room_grant_locked(ac_pool *pool)
{
    struct aci_place *first;
    while (pool->phase == ACI_ACCEPTING &&
           (first = first_locked(pool)) != NULL &&
           fits_locked(pool, first->batch->n)) {
        aci_list_remove(&first->link);
        accept_locked(pool, first->batch);
        first->accepted = true;
        aci_unpark_first(&first->asleep);
        wake_first_locked(pool);
    }
}

void
aci_room_refuse_locked(ac_pool *pool)
{
    for (struct aci_list *at = pool->line.next; at != &pool->line;
         at = at->next)
        aci_unpark_first(&aci_container_of(at, struct aci_place, link)->asleep);
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
    aci_pool_enter(pool);
    return true;
}

/* ---- Getting room ---- */

/* Without standing in line.  AC_OK: they are accepted; AC_EAGAIN, or
 * AC_ESHUTDOWN. */
static int
try_locked(ac_pool *pool, const struct aci_batch *batch)
{
    do {
        if (pool->phase != ACI_ACCEPTING)
            return AC_ESHUTDOWN;
        if (aci_list_empty(&pool->line) && fits_locked(pool, batch->n)) {
            accept_locked(pool, batch);
            return AC_OK;
        }
    } while (expire_locked(pool));
    return AC_EAGAIN;
}

/* Sleep until woken, it is time to look for expired ones, or `room_by`
 * passes. */
static void
sleep_locked(ac_pool *pool, struct aci_place *self)
{
    ac_deadline until = self->batch->room_by;
    if (first_locked(pool) == self && pool->runq.next_expiry < until)
        until = pool->runq.next_expiry;
    aci_list_append(&self->asleep, &self->parked.link);
    aci_park(&self->parked, &pool->mu, until);
}

/* In line: accepted beats all that may have happened since. */
static int
wait_locked(ac_pool *pool, struct aci_place *self)
{
    for (;;) {
        if (self->accepted)
            return AC_OK;
        if (pool->phase != ACI_ACCEPTING)
            return AC_ESHUTDOWN;
        if (expire_locked(pool))
            continue;
        if (aci_deadline_passed(self->batch->room_by))
            return AC_ETIMEDOUT;
        sleep_locked(pool, self);
    }
}

/* Stand in line, at its end; there may be room by now.  The mutex is released
 * meanwhile. */
static int
stand_in_line_locked(ac_pool *pool, const struct aci_batch *batch)
{
    struct aci_place self = {.batch = batch};
    aci_unlock(&pool->mu);
    int rc = aci_parked_init(&self.parked);
    aci_list_init(&self.asleep);
    aci_pool_enter(pool);
    if (rc != AC_OK)
        return rc;
    aci_list_append(&pool->line, &self.link);
    aci_room_grant_locked(pool);
    rc = wait_locked(pool, &self);
    if (rc != AC_OK) {
        aci_list_remove(&self.link);
        aci_room_grant_locked(pool);
        wake_first_locked(pool);
    }
    aci_parked_destroy(&self.parked);
    return rc;
}

/* By the lock: where the bound must be exact, or all of several get in. */
static int
push_locked(ac_pool *pool, struct aci_batch *batch)
{
    aci_pool_enter(pool);
    pool->visitors++;
    int rc = try_locked(pool, batch);
    if (rc == AC_EAGAIN && batch->wait && !aci_pool_is_mine(pool))
        rc = aci_deadline_passed(batch->room_by)
                 ? AC_ETIMEDOUT
                 : stand_in_line_locked(pool, batch);
    if (rc != AC_OK && rc != AC_ENOMEM)
        aci_stats_rejected(&pool->stats, batch->n);
    aci_pool_leave_locked(pool);
    aci_unlock(&pool->mu);
    return rc;
}

/* Hand out the future, before anybody may start it, as the task may look at the
 * handle; what stood there is what this returns.  To read first would have two
 * page faults, not one, on a page that was never written; x86 has an
 * instruction that reads and writes, and it need not be an atomic one. */
static ac_future *
hand_out(ac_future **out, ac_future *future)
{
    if (out == NULL)
        return NULL;
#if defined(__x86_64__) && defined(__LP64__)
    __asm__("or{q $0, %0| %0, 0}" : "+m"(*out));
#endif
    ac_future *before = *out;
    *out = future;
    return before;
}

/* By a task: into its worker's nest, if that is not the only one, unless a
 * worker has nothing to do, or something is in the intake (a quick look). */
static bool
push_nested(ac_pool *pool, ac_future *future)
{
    if (pool->n_workers == 1 || aci_inbox_has_some(&pool->intake) ||
        atomic_load(&pool->n_idle) > 0)
        return false;
    struct aci_worker *worker = aci_run_worker();
    if (worker == NULL || worker->pool != pool ||
        atomic_load(&pool->lookout) != ACI_NOBODY)
        return false;
    if (!atomic_load(&pool->nests))
        atomic_store(&pool->nests, true);
    if (!aci_nest_push(&worker->nest, &pool->intake, future))
        return false;
    /* Sequentially consistent: see n_idle. */
    if (atomic_load(&pool->n_idle) > 0 ||
        atomic_load(&pool->lookout) == ACI_SPINNING) {
        aci_lock(&pool->mu);
        aci_pool_take_in_locked(pool);
        if (aci_pool_queued_locked(pool) > 0)
            aci_pool_wake_locked(pool);
        aci_unlock(&pool->mu);
    }
    return true;
}

/* One as most are, into a queue without a bound: no lock, but to wake a
 * sleeper. */
int
aci_room_push(ac_pool *pool, struct aci_batch *batch)
{
    ac_future *future =
        aci_container_of(batch->newest, ac_future, tail.intake);
    if (pool->attr.capacity != 0 || batch->n != 1 ||
        !aci_future_is_plain(future))
        return push_locked(pool, batch);
    ac_future *before = hand_out(batch->out, future);
    if (push_nested(pool, future))
        return AC_OK;
    if (!aci_inbox_push(&pool->intake, batch->newest, batch->newest)) {
        if (batch->out != NULL)
            *batch->out = before;
        return push_locked(pool, batch); /* which says why */
    }
    /* Sequentially consistent: see n_idle. */
    if (atomic_load(&pool->n_idle) > 0 && aci_pool_is_unseen(pool)) {
        aci_lock(&pool->mu);
        aci_pool_wake_locked(pool);
        aci_unlock(&pool->mu);
    }
    return AC_OK;
}
