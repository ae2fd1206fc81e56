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

static int
check(ac_future *const futures[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (futures[i] == NULL)
            return AC_EINVAL;
        if (aci_forked(futures[i]->cache->born))
            return AC_EFORKED;
    }
    return AC_OK;
}

static void
sit(ac_iter *iter, struct aci_waiter *waiter, ac_future *future)
{
    waiter->on_future.slot = NULL;
    waiter->future = ac_future_ref(future);
    waiter->seat.sink = aci_iter_door(iter, ACI_DOOR_SET);
    aci_list_init(&waiter->seat.link);
}

/* Those done already fill the records from the front, and are ready at once,
 * in the order of the array; the others fill them from the back.  Returns the
 * end of the records so used; those from *back on are the others. */
static void
fill(ac_iter *iter, ac_future *const futures[], size_t n, struct aci_set *seen,
     size_t *back)
{
    size_t front = 0;
    *back = n;
    for (size_t i = 0; i < n; i++) {
        if (!aci_set_add(seen, futures[i]))
            continue;
        if (aci_future_finished(futures[i])) {
            struct aci_waiter *waiter = &iter->set[front++];
            sit(iter, waiter, futures[i]);
            aci_list_append(&iter->ready, &waiter->seat.link);
            iter->n_ready++;
        } else {
            struct aci_waiter *waiter = &iter->set[--*back];
            sit(iter, waiter, futures[i]);
            aci_iter_pend_locked(iter, &waiter->seat);
        }
    }
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
    if (!aci_set_init(&seen, n)) {
        rc = AC_ENOMEM;
        goto fail_iter;
    }
    if ((rc = check(futures, n)) != AC_OK)
        goto fail_set;
    fill(iter, futures, n, &seen, &back);
    aci_set_free(&seen);
    watch(iter, back, n);
    *out = iter;
    return AC_OK;

fail_set:
    aci_set_free(&seen);
fail_iter:
    ac_iter_destroy(iter);
    return rc;
}
