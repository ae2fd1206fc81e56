/*
 * as_completed - an iterator over a given set of futures
 *
 * Locking: the iterator is the caller's alone until its first member is
 * watched; from then on completions may come in from other threads.
 * Lifetime: the members' registrations are part of the iterator's one
 * allocation.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fork.h"
#include "iter.h"
#include "mem.h"
#include "set.h"

/* One that is unfinished, on a record of the iterator's. */
static void
sit(ac_iter *iter, struct aci_waiter *waiter, ac_future *future)
{
    waiter->on_future.slot = NULL;
    waiter->future = ac_future_ref(future);
    waiter->seat.sink = aci_iter_door(iter, ACI_DOOR_SET);
    aci_iter_pend_locked(iter, &waiter->seat);
}

/* Those done already are ready at once, in the order of the array: where the
 * records are, from the front, there are pointers to them.  The others fill the
 * records from the back; those from *back on are theirs. */
static int
fill(ac_iter *iter, ac_future *const futures[], size_t n, struct aci_set *seen,
     size_t *back)
{
    iter->done = (ac_future **)(void *)iter->set;
    *back = n;
    for (size_t i = 0; i < n; i++) {
        bool added;
        if (futures[i] == NULL)
            return AC_EINVAL;
        if (aci_forked(futures[i]->cache->born))
            return AC_EFORKED;
        if (aci_set_add(seen, futures[i], &added) != AC_OK)
            return AC_ENOMEM;
        if (!added)
            continue;
        if (aci_future_finished(futures[i])) {
            iter->done[iter->n_done++] = ac_future_ref(futures[i]);
            iter->n_ready++;
        } else {
            sit(iter, &iter->set[--*back], futures[i]);
        }
    }
    return AC_OK;
}

/* Register the unfinished ones; one that has finished meanwhile is told here,
 * as the completions that come in by now are. */
static void
watch(ac_iter *iter, size_t back, size_t n)
{
    for (size_t i = n; i > back; i--) {
        struct aci_waiter *waiter = &iter->set[i - 1];
        if (aci_future_lock(waiter->future))
            aci_future_watch(waiter);
        else
            waiter->seat.sink->tell(waiter->seat.sink, &waiter->seat);
        aci_future_unlock(waiter->future);
    }
}

int
ac_as_completed(ac_future *const futures[], size_t n, ac_iter **out)
{
    struct aci_set seen;
    ac_iter *iter;
    size_t back;
    if (out == NULL || (futures == NULL && n > 0))
        return AC_EINVAL;
    int rc = aci_iter_create(n, &iter);
    if (rc != AC_OK)
        return rc;
    aci_iter_close_locked(iter);
    aci_set_init(&seen);
    rc = fill(iter, futures, n, &seen, &back);
    aci_set_free(&seen);
    if (rc != AC_OK) {
        ac_iter_destroy(iter);
        return rc;
    }
    watch(iter, back, n);
    *out = iter;
    return AC_OK;
}
