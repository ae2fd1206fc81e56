/*
 * next - the consumers' side of an iterator
 *
 * Locking: the iterator's mutex, but for one that is in the outbox: mostly
 * whoever takes one by the mutex puts out what else is ready.  A consumer that
 * has to wait parks on a record of its own (park.h).  A waiting consumer
 * reserves nothing: the one that is woken looks again, and when it does not
 * take what is ready it wakes the next.
 *
 * Lifetime: a ready member's reference is the iterator's until it is taken off
 * the list, then the consumer's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "clock.h"
#include "fork.h"
#include "frame.h"
#include "iter.h"
#include "mem.h"
#include "spin.h"

/* Less is few; and who comes for more so soon, in ns, looks away: for one, and
 * for many. */
#ifndef ACI_FEW
#define ACI_FEW 64
#endif
#define SOON_NS 1000
#define SOON_MANY_NS 3000

/* What one call wants. */
struct request {
    size_t min;
    size_t max;
    ac_deadline deadline;
    ac_future **futures;
};

/* A ready member, which is the caller's now.  The record of one that was added
 * is done with, and left to be freed without the mutex. */
static ac_future *
pop_locked(ac_iter *iter, struct aci_list *records)
{
    if (iter->n_back > 0)
        return aci_outbox_at(&iter->outbox, --iter->n_back);
    if (iter->n_done > 0) {
        iter->n_done--;
        return *iter->done++;
    }
    struct aci_list *link = aci_list_pop(&iter->ready);
    struct aci_seat *seat = aci_container_of(link, struct aci_seat, link);
    ac_future *future = aci_iter_member(iter, seat);
    if (seat->sink == &iter->doors[ACI_DOOR_ADD])
        aci_list_append(records, link);
    return future;
}

/* Hand over as many as are wanted and ready, and say how many. */
static size_t
take_locked(ac_iter *iter, const struct request *want, struct aci_list *records)
{
    size_t n = iter->n_ready < want->max ? iter->n_ready : want->max;
    for (size_t i = 0; i < n; i++)
        want->futures[i] = pop_locked(iter, records);
    iter->n_ready -= n;
    aci_iter_show_locked(iter);
    return n;
}

static void
free_records(struct aci_list *records)
{
    struct aci_list *link;
    while ((link = aci_list_pop(records)) != NULL) {
        struct aci_seat *seat = aci_container_of(link, struct aci_seat, link);
        aci_free(aci_container_of(seat, struct aci_waiter, seat));
    }
}

/* That owner's cursor; one that has not looked lately begins anew. */
static struct aci_cursor *
cursor_locked(ac_iter *iter, const struct aci_owner *mine)
{
    for (size_t i = 0; i < ACI_CURSORS; i++) {
        if (iter->cursors[i].owner == mine)
            return &iter->cursors[i];
    }
    for (size_t i = ACI_CURSORS - 1; i > 0; i--)
        iter->cursors[i] = iter->cursors[i - 1];
    iter->cursors[0] = (struct aci_cursor){iter->pending.next, mine};
    return &iter->cursors[0];
}

/* A pending member that is queued in the pool that this thread works for, or
 * NULL.  Those before the cursor need no second look; one that is NEW does. */
static ac_future *
find_queued_locked(ac_iter *iter, const struct aci_owner *mine)
{
    struct aci_cursor *cursor = cursor_locked(iter, mine);
    bool refreshed = false;
    bool passed = false; /* one that needs a second look */
    for (struct aci_list *at = cursor->at; at != &iter->pending;
         at = at->next) {
        struct aci_seat *seat = aci_container_of(at, struct aci_seat, link);
        ac_future *future = aci_iter_member(iter, seat);
        if (future->cache->owner == mine) {
            uint32_t phase = aci_future_phase(future);
            if (phase == ACI_NEW && !refreshed) {
                mine->ops->refresh(mine);
                refreshed = true;
                phase = aci_future_phase(future);
            }
            if (phase == ACI_QUEUED)
                return future;
            passed |= phase == ACI_NEW;
        }
        if (!passed)
            cursor->at = at->next;
    }
    return NULL;
}

/* Cleanup handlers: the member that is run in place may end the thread. */
static void
unref(void *future)
{
    ac_future_unref(future);
}

static void
destroy_record(void *parked)
{
    aci_parked_destroy(parked);
}

/* Run that member in place, unless another one is faster.  The mutex is
 * released meanwhile. */
static void
help_locked(ac_iter *iter, ac_future *future, ac_deadline deadline)
{
    ac_future_ref(future);
    aci_unlock(&iter->mu);
    pthread_cleanup_push(unref, future);
    aci_future_help(future, deadline);
    pthread_cleanup_pop(1);
    aci_iter_enter(iter);
}

static void
leave_locked(ac_iter *iter, struct aci_consumer *self)
{
    aci_list_remove(&self->parked.link);
    if (self->helps != NULL)
        atomic_fetch_sub(&iter->n_helpers, 1);
}

/* Whose tasks would a wait with that deadline run in place? */
static const struct aci_owner *
helps(ac_deadline deadline)
{
    const struct aci_owner *mine = aci_thread_owner();
    if (mine != NULL && mine->ops->may_help(mine, deadline))
        return mine;
    return NULL;
}

/* How many were ready, or handed out, so far; without what others took by the
 * mutex. */
static size_t
seen_locked(const ac_iter *iter)
{
    return iter->n_ready + (size_t)aci_outbox_number(&iter->outbox);
}

/* Look again for a moment.  The mutex is released meanwhile. */
static void
watch_locked(ac_iter *iter, ac_deadline deadline)
{
    struct aci_spin spin;
    unsigned told = atomic_load(&iter->told);
    size_t before = seen_locked(iter);
    aci_unlock(&iter->mu);
    aci_spin_start_consumer(&spin, deadline);
    while (!aci_inbox_has_some(&iter->arrivals) &&
           atomic_load(&iter->told) == told && aci_spin_again(&spin))
        continue;
    aci_iter_enter(iter);
    size_t seen = seen_locked(iter);
    aci_spin_end_consumer(&spin, seen > before ? seen - before : 0);
}

/* Wait to be picked, or run a member in place.  False when the deadline
 * passed first. */
static bool
wait_locked(ac_iter *iter, struct aci_consumer *self, ac_deadline deadline)
{
    /* It may have been picked for what is ready, and since then want more than
     * that, as more was added: another one must not be forgotten for it. */
    bool some = aci_iter_shut_locked(iter);
    aci_iter_wake_locked(iter);
    if (some)
        return true;
    self->helps = helps(deadline);
    aci_list_append(&iter->consumers, &self->parked.link);
    if (self->helps != NULL) {
        /* Counted first, then look: see n_helpers. */
        atomic_fetch_add(&iter->n_helpers, 1);
        aci_iter_take_in_locked(iter);
        ac_future *queued = find_queued_locked(iter, self->helps);
        if (queued != NULL) {
            leave_locked(iter, self);
            help_locked(iter, queued, deadline);
            return true;
        }
    }
    bool picked = aci_park(&self->parked, &iter->mu, deadline);
    /* The inbox may have been opened since this one was picked. */
    aci_iter_take_in_locked(iter);
    if (picked)
        return true;
    if (self->helps != NULL)
        atomic_fetch_sub(&iter->n_helpers, 1);
    return false;
}

/* The whole of next but for the arguments: AC_OK when n were taken.  `self` is
 * NULL for a first look; then AC_EAGAIN says that it has to wait. */
static int
next_locked(ac_iter *iter, const struct request *want,
            struct aci_consumer *self, struct aci_list *records, size_t *n)
{
    bool late = false, stuck = false;
    for (;;) {
        /* Mostly there is enough, and nothing else need be looked at. */
        bool enough = iter->n_ready >= want->min;
        if (!enough) {
            enough = iter->n_ready >= aci_iter_need_locked(iter, want->min);
            stuck = aci_iter_stuck_locked(iter, aci_frame_top());
        }
        if (iter->n_ready > 0 && (enough || late || stuck)) {
            *n = take_locked(iter, want, records);
            return AC_OK;
        }
        if (iter->closed && aci_iter_remaining_locked(iter) == 0)
            return AC_DONE;
        if (stuck)
            return AC_EDEADLK;
        if (late)
            return AC_ETIMEDOUT;
        if (aci_deadline_passed(want->deadline))
            late = true;
        else if (self == NULL)
            return AC_EAGAIN;
        else
            late = !wait_locked(iter, self, want->deadline);
    }
}

/* What a consumer leaves behind may serve another one: a ready member, or a
 * queued one that it was woken to run and did not. */
static void
pass_on_locked(ac_iter *iter)
{
    struct aci_list *at;
    if (aci_list_empty(&iter->consumers))
        return;
    aci_iter_wake_locked(iter);
    for (at = iter->consumers.next; at != &iter->consumers; at = at->next) {
        struct aci_consumer *other =
            aci_container_of(at, struct aci_consumer, parked.link);
        if (other->helps != NULL && find_queued_locked(iter, other->helps)) {
            aci_iter_pick_locked(iter, other);
            return;
        }
    }
}

/* With a record to park on. */
static int
wait_and_take(ac_iter *iter, const struct request *want,
              struct aci_list *records, size_t *n)
{
    struct aci_consumer self;
    int rc = aci_parked_init(&self.parked);
    if (rc != AC_OK)
        return rc;
    self.min = want->min;
    self.tasks = aci_frame_top();
    pthread_cleanup_push(destroy_record, &self.parked);
    aci_iter_enter(iter);
    rc = next_locked(iter, want, &self, records, n);
    pass_on_locked(iter);
    aci_iter_open_locked(iter);
    aci_unlock(&iter->mu);
    pthread_cleanup_pop(1);
    return rc;
}

/* One that was put out, if there is any: then nobody waits, and nothing else
 * is due. */
static bool
take_out(ac_iter *iter, ac_future **future)
{
    ac_future *out = aci_outbox_take(&iter->outbox);
    if (out == NULL)
        return false;
    *future = out;
    return true;
}

/* What is ready may be taken without the mutex from now on.  But what was taken
 * back is not moved twice, and while somebody waits for several, all are in one
 * place. */
static void
put_out_locked(ac_iter *iter, struct aci_list *records)
{
    if (!ACI_OUTBOX_USED || iter->n_ready < 2 || iter->n_back > 0 ||
        !aci_list_empty(&iter->consumers) ||
        aci_pollable_is_open(&iter->pollable))
        return;
    aci_assert(aci_outbox_left(&iter->outbox) == 0);
    size_t n = iter->n_ready;
    if (n > ACI_OUTBOX_SIZE)
        n = ACI_OUTBOX_SIZE;
    for (size_t place = n; place > 0; place--)
        aci_outbox_put(&iter->outbox, place - 1, pop_locked(iter, records));
    iter->n_ready -= n;
    aci_outbox_fill(&iter->outbox, n);
}

/* Who takes each result as soon as it comes has it cost both sides the way of
 * some cache lines: where many are outstanding, let some gather first.  The
 * mutex is released meanwhile. */
static void
gather_locked(ac_iter *iter, const struct request *want)
{
    struct aci_spin spin;
    int64_t until = iter->few_at + (want->max > 1 ? SOON_MANY_NS : SOON_NS);
    if (iter->few_at == 0 || iter->n_ready > 0 ||
        aci_outbox_left(&iter->outbox) > 0 || want->deadline < until ||
        helps(want->deadline) != NULL || ac_now() >= until)
        return;
    aci_unlock(&iter->mu);
    aci_spin_start_until(&spin, until);
    while (aci_spin_again(&spin))
        continue;
    aci_lock(&iter->mu);
}

/* Take in what there is, and remember if that was little. */
static void
take_in_locked(ac_iter *iter)
{
    aci_iter_take_in_locked(iter);
    bool few = iter->n_ready > 0 && iter->n_ready < ACI_FEW &&
               iter->n_pending >= ACI_FEW;
    iter->few_at = few ? ac_now() : 0;
}

static int
next(ac_iter *iter, const struct request *want, size_t *n)
{
    struct aci_list records;
    aci_list_init(&records);
    aci_lock(&iter->mu);
    gather_locked(iter, want);
    /* While this one waited for the lock, another one may have put some out: to
     * take them back would have all of them wait for each. */
    if (want->max == 1 && take_out(iter, want->futures)) {
        *n = 1;
        aci_unlock(&iter->mu);
        return AC_OK;
    }
    /* What waits in the inboxes comes after what is ready, but not what is in
     * the outbox. */
    if (iter->n_ready < want->max || aci_outbox_left(&iter->outbox) > 0)
        take_in_locked(iter);
    int rc = next_locked(iter, want, NULL, &records, n);
    if (rc == AC_EAGAIN && helps(want->deadline) == NULL) {
        watch_locked(iter, want->deadline);
        rc = next_locked(iter, want, NULL, &records, n);
    }
    if (rc != AC_EAGAIN)
        pass_on_locked(iter);
    if (rc == AC_OK && want->max == 1)
        put_out_locked(iter, &records);
    aci_unlock(&iter->mu);
    if (rc == AC_EAGAIN)
        rc = wait_and_take(iter, want, &records, n);
    free_records(&records);
    return rc;
}

int
ac_iter_next(ac_iter *iter, ac_deadline deadline, ac_future **future)
{
    size_t n;
    const struct request one = {1, 1, deadline, future};
    if (iter == NULL || future == NULL)
        return AC_EINVAL;
    if (aci_forked(iter->born))
        return AC_EFORKED;
    if (take_out(iter, future))
        return AC_OK;
    return next(iter, &one, &n);
}

int
ac_iter_next_many(ac_iter *iter, ac_future *futures[], size_t min, size_t max,
                  ac_deadline deadline, size_t *n)
{
    const struct request many = {min, max, deadline, futures};
    if (iter == NULL || futures == NULL || n == NULL || min < 1 || min > max)
        return AC_EINVAL;
    if (aci_forked(iter->born))
        return AC_EFORKED;
    return next(iter, &many, n);
}
