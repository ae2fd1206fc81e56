/*
 * future - a task, its result, and those who wait for it
 *
 * Locking: a future has no lock of its own.  Its phase is one atomic word; its
 * registrations are guarded by one of the cache's stripe locks.  Lock order:
 * stripe, then the lock of an iterator or a wait.  No user code runs under
 * either.  Whoever cancels it and whoever resolves a promise's holds the
 * stripe lock while the state changes, so that the result can be written
 * before.
 *
 * Lifetime: counted.  The queue or the runner holds a reference until the end
 * is told, and then leaves it to the iterator that has the built-in seat, if
 * there is one; so whoever drops the last one finds it finished, or NEW and
 * refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include "future.h"

#include "clock.h"
#include "due.h"
#include "fork.h"
#include "frame.h"
#include "owner.h"

static struct aci_timed_future *
timed_of(const ac_future *future)
{
    return aci_container_of(future, struct aci_timed_future, future);
}

static size_t
size_of(bool timed)
{
    return timed ? sizeof(struct aci_timed_future) : sizeof(ac_future);
}

ac_future *
aci_future_create(struct aci_cache *cache, const struct aci_task *task,
                  void *arg)
{
    const struct ac_task_attr *attr = task->attr;
    bool timed = task->timing || attr->start_by != AC_FOREVER;
    ac_future *future = aci_cache_alloc(cache, size_of(timed));
    if (future == NULL)
        return NULL;
    if (timed) {
        timed_of(future)->start_by = attr->start_by;
        timed_of(future)->accepted = 0;
    }
    aci_refcount_init(&future->refs, task->refs);
    atomic_init(&future->state,
                ACI_NEW |
                    (task->sink != NULL ? ACI_CLAIMED | ACI_SEATED : 0) |
                    (timed ? ACI_TIMED : 0) |
                    (uint32_t)attr->priority << ACI_LEVEL_SHIFT);
    future->cache = cache;
    future->work.fn = task->fn;
    future->arg = arg;
    future->free_arg = attr->free_arg;
    future->free_result = attr->free_result;
    future->seat.sink = task->sink;
    future->waiters = NULL;
    return future;
}

/* The last reference is gone: nobody else sees it any more.  In a child of
 * fork() it is left as it is. */
static void
destroy(ac_future *future)
{
    uint32_t state = aci_future_state(future);
    if (aci_forked(future->cache->born))
        return;
    if (!(state & ACI_RAN)) {
        if (future->free_arg != NULL)
            future->free_arg(future->arg);
    } else if (!(state & ACI_TAKEN) && future->work.result != NULL &&
               future->free_result != NULL) {
        future->free_result(future->work.result);
    }
    aci_cache_free(future->cache, future, size_of(state & ACI_TIMED));
}

ac_future *
ac_future_ref(ac_future *future)
{
    if (future != NULL)
        aci_ref(&future->refs);
    return future;
}

void
ac_future_unref(ac_future *future)
{
    if (future != NULL && aci_unref(&future->refs))
        destroy(future);
}

void
aci_future_disown_arg(ac_future *future)
{
    future->free_arg = NULL;
}

/* ---- The state word ---- */

uint32_t
aci_future_phase(const ac_future *future)
{
    /* Pairs with accept() and start(), by the owner's lock. */
    return atomic_load(&future->state) & ACI_PHASE;
}

bool
aci_future_asked(const ac_future *future)
{
    return (aci_future_state(future) & ACI_ASKED) != 0;
}

void
aci_future_accept(ac_future *future)
{
    /* Release: pairs with leave_queue() and phase(). */
    atomic_fetch_or(&future->state, ACI_QUEUED);
}

void
aci_future_start(ac_future *future)
{
    /* Release: pairs with phase().  It was NEW, which nobody else changes. */
    atomic_fetch_or(&future->state, ACI_RUNNING | ACI_RAN);
}

void
aci_future_refresh(ac_future *future)
{
    struct aci_cache *cache = future->cache;
    if ((aci_future_state(future) & ACI_PHASE) != ACI_NEW)
        return;
    /* It may have ended by now, and its owner be gone. */
    aci_lock(&cache->door);
    if (!cache->ownerless)
        cache->owner->ops->refresh(cache->owner);
    aci_unlock(&cache->door);
}

/* QUEUED to `phase`, keeping the flags. */
static bool
leave_queue(ac_future *future, uint32_t phase)
{
    uint32_t old = aci_future_state(future);
    while ((old & ACI_PHASE) == ACI_QUEUED) {
        /* Release: pairs with state(), for what ends it.  Acquire: pairs with
         * accept(). */
        if (atomic_compare_exchange_weak_explicit(
                &future->state, &old, (old & ~ACI_PHASE) | phase,
                memory_order_acq_rel, memory_order_acquire))
            return true;
    }
    return false;
}

bool
aci_future_claim(ac_future *future)
{
    return leave_queue(future, ACI_RUNNING | ACI_RAN);
}

/* Put the waiters into the order in which they came: the chain has the last
 * one first. */
static void
reverse(struct aci_chain **chain)
{
    struct aci_chain *reversed = NULL;
    while (*chain != NULL) {
        struct aci_chain *link = *chain;
        aci_chain_remove(link);
        aci_chain_push(&reversed, link);
    }
    *chain = reversed;
    if (reversed != NULL)
        reversed->slot = chain;
}

/* Nobody can join any more, as the phase is FINISHED already. */
static void
tell_waiters(ac_future *future)
{
    struct aci_mutex *stripe = aci_cache_stripe(future->cache, future);
    aci_lock(stripe);
    reverse(&future->waiters);
    while (future->waiters != NULL) {
        struct aci_waiter *waiter =
            aci_container_of(future->waiters, struct aci_waiter, on_future);
        aci_chain_remove(&waiter->on_future);
        waiter->seat.sink->tell(waiter->seat.sink, &waiter->seat);
    }
    aci_unlock(stripe);
}

/* Tell the one who has the built-in seat, who gets the caller's reference. */
static void
tell_seat(ac_future *future, uint32_t state)
{
    if (state & ACI_SEATED)
        future->seat.sink->tell(future->seat.sink, &future->seat);
    else
        ac_future_unref(future);
}

/* Tell everyone, by who ended it; `state` is what that has shown.  A reference
 * of the caller's goes with it.  No lock is held. */
static void
tell_all(ac_future *future, uint32_t state)
{
    if (!(state & ACI_WATCHED)) {
        tell_seat(future, state);
        return;
    }
    ac_future_ref(future);
    tell_seat(future, state);
    tell_waiters(future);
    ac_future_unref(future);
}

int
aci_future_verdict(int rc)
{
    if (rc == 0)
        return AC_OK;
    return rc == AC_TASK_CANCELED ? AC_ECANCELED : AC_EFAILED;
}

static void
write_result(ac_future *future, int status, int rc, void *result)
{
    future->work.result = result;
    future->tail.ended.error = status == AC_EFAILED ? rc : 0;
}

void
aci_future_finish(ac_future *future, int status, int rc, void *result)
{
    write_result(future, status, rc, result);
    /* From RUNNING to FINISHED, in one step whatever else is set.  Release: the
     * result, and all that the task did; pairs with state().  Acquire: pairs
     * with the lock() that set WATCHED, and with seat_ended(). */
    uint32_t old = atomic_fetch_add_explicit(
        &future->state, ACI_FINISHED - ACI_RUNNING + (uint32_t)status,
        memory_order_acq_rel);
    tell_all(future, old);
}

bool
aci_future_resolve(ac_future *future, int rc, void *result)
{
    struct aci_mutex *stripe = aci_cache_stripe(future->cache, future);
    int status = aci_future_verdict(rc);
    aci_lock(stripe);
    bool won = (aci_future_state(future) & ACI_PHASE) == ACI_QUEUED;
    if (won) {
        write_result(future, status, rc, result);
        leave_queue(future, ACI_FINISHED | ACI_RAN | (uint32_t)status);
    }
    aci_unlock(stripe);
    if (won)
        tell_all(ac_future_ref(future), aci_future_state(future));
    return won;
}

bool
aci_future_end(ac_future *future, int status)
{
    return leave_queue(future, ACI_FINISHED | (uint32_t)status);
}

void
aci_future_conclude(ac_future *future)
{
    const struct aci_owner *owner = future->cache->owner;
    owner->ops->unqueue(owner, future);
    tell_all(ac_future_ref(future), aci_future_state(future));
    aci_due_account(future);
}

static bool
cancel_queued(ac_future *future)
{
    struct aci_mutex *stripe = aci_cache_stripe(future->cache, future);
    aci_lock(stripe);
    bool won = aci_future_end(future, AC_ECANCELED);
    aci_unlock(stripe);
    return won;
}

int
ac_future_cancel(ac_future *future)
{
    if (future == NULL)
        return AC_EINVAL;
    if (aci_forked(future->cache->born))
        return AC_EFORKED;
    aci_future_refresh(future);
    aci_future_meet(future);
    if (cancel_queued(future)) {
        aci_future_conclude(future);
        aci_due_run();
        return AC_OK;
    }
    uint32_t old = aci_future_state(future);
    if ((old & ACI_PHASE) == ACI_RUNNING)
        /* Acquire, for the case that it has just finished. */
        old = atomic_fetch_or_explicit(&future->state, ACI_ASKED,
                                       memory_order_acq_rel);
    if ((old & ACI_PHASE) != ACI_FINISHED)
        return AC_EBUSY;
    return (old & ACI_STATUS) == AC_ECANCELED ? AC_OK : AC_EALREADY;
}

/* ---- Too late ---- */

ac_deadline
aci_future_start_by(const ac_future *future)
{
    uint32_t state = aci_future_state(future);
    if (!(state & ACI_TIMED) || (state & ACI_PHASE) > ACI_QUEUED)
        return AC_FOREVER;
    return timed_of(future)->start_by;
}

void
aci_future_stamp(ac_future *future)
{
    timed_of(future)->accepted = ac_now();
}

int64_t
aci_future_accepted(const ac_future *future)
{
    return timed_of(future)->accepted;
}

bool
aci_future_late(const ac_future *future)
{
    return aci_deadline_passed(aci_future_start_by(future));
}

bool
aci_future_meet(ac_future *future)
{
    if (!aci_future_late(future))
        return false;
    aci_future_refresh(future);
    if (!aci_future_end(future, AC_EEXPIRED))
        return false;
    aci_future_conclude(future);
    aci_due_run();
    return true;
}

bool
aci_future_take_result(ac_future *future)
{
    /* Pairs with itself: exactly one sees the flag unset. */
    uint32_t old = atomic_fetch_or_explicit(&future->state, ACI_TAKEN,
                                            memory_order_acq_rel);
    return !(old & ACI_TAKEN);
}

bool
aci_future_help(ac_future *future, ac_deadline deadline)
{
    const struct aci_owner *worker = aci_thread_owner();
    if (aci_future_meet(future))
        return true;
    if (worker == NULL || worker != future->cache->owner ||
        aci_future_phase(future) > ACI_QUEUED)
        return false;
    return worker->ops->help(worker, future, deadline);
}

/* ---- Registration ---- */

bool
aci_future_lock(ac_future *future)
{
    aci_lock(aci_cache_stripe(future->cache, future));
    if (aci_future_finished(future))
        return false;
    /* Either this comes before the change to FINISHED, which then sees the
     * flag and waits for the stripe, or it sees FINISHED.  Release: pairs with
     * finish().  Acquire: pairs with finish(). */
    uint32_t old = atomic_fetch_or_explicit(&future->state, ACI_WATCHED,
                                            memory_order_acq_rel);
    return (old & ACI_PHASE) != ACI_FINISHED;
}

void
aci_future_unlock(ac_future *future)
{
    aci_unlock(aci_cache_stripe(future->cache, future));
}

void
aci_future_watch(struct aci_waiter *waiter)
{
    aci_chain_push(&waiter->future->waiters, &waiter->on_future);
}

void
aci_future_unwatch(struct aci_waiter *waiter)
{
    struct aci_mutex *stripe =
        aci_cache_stripe(waiter->future->cache, waiter->future);
    aci_lock(stripe);
    aci_chain_remove(&waiter->on_future);
    aci_unlock(stripe);
}

bool
aci_future_claim_seat(ac_future *future, struct aci_sink *sink)
{
    /* Pairs with itself: exactly one sees the flag unset. */
    if ((aci_future_state(future) & ACI_CLAIMED) ||
        (atomic_fetch_or_explicit(&future->state, ACI_CLAIMED,
                                  memory_order_acq_rel) &
         ACI_CLAIMED))
        return false;
    future->seat.sink = sink;
    return true;
}

bool
aci_future_seat_ended(ac_future *future)
{
    uint32_t old = aci_future_state(future);
    /* Release: the sink; pairs with finish() and end(). */
    do {
        if (old & ACI_LEFT)
            return false;
        if ((old & ACI_PHASE) == ACI_FINISHED)
            return true;
    } while (!atomic_compare_exchange_weak_explicit(
        &future->state, &old, old | ACI_SEATED, memory_order_acq_rel,
        memory_order_acquire));
    return false;
}

bool
aci_future_vacate(ac_future *future)
{
    uint32_t old = aci_future_state(future);
    while ((old & ACI_PHASE) != ACI_FINISHED) {
        /* Either the one who ends it sees no flag, or this one sees the end.
         * Release: what the sink did with the seat comes before. */
        if (atomic_compare_exchange_weak_explicit(
                &future->state, &old, (old & ~ACI_SEATED) | ACI_LEFT,
                memory_order_acq_rel, memory_order_acquire))
            return true;
    }
    return false;
}

/* ---- What its holders may ask ---- */

int
ac_future_status(const ac_future *future)
{
    if (future == NULL)
        return AC_EINVAL;
    if (aci_forked(future->cache->born))
        return AC_EFORKED;
    /* To be met is not a change of its own: time has made it. */
    aci_future_meet((ac_future *)future);
    uint32_t state = aci_future_state(future);
    if ((state & ACI_PHASE) != ACI_FINISHED)
        return AC_EAGAIN;
    return (int)(state & ACI_STATUS);
}

int
ac_future_error(const ac_future *future)
{
    if (future == NULL || aci_forked(future->cache->born))
        return 0;
    uint32_t state = aci_future_state(future);
    if ((state & ACI_PHASE) != ACI_FINISHED || !(state & ACI_RAN))
        return 0;
    return future->tail.ended.error;
}

void *
ac_future_arg(const ac_future *future)
{
    if (future == NULL || aci_forked(future->cache->born))
        return NULL;
    return future->arg;
}
