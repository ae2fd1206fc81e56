/*
 * as_completed - an iterator over a given set of futures
 *
 * Locking: the iterator is the caller's alone until its first member is
 * admitted; from then on completions may come in from other threads.
 * Lifetime: the records of members whose own seat is another iterator's are
 * part of the iterator's one allocation.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fork.h"
#include "iter.h"
#include "mem.h"
#include "set.h"

/* Those done already are ready at once, in the order of the array: where the
 * records are, from the front, there are pointers to them.  The others fill the
 * records from the back; those from *back on are theirs.  Nothing of a future
 * is changed but its references, as this may fail. */
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
            iter->set[--*back].future = futures[i];
        }
    }
    return AC_OK;
}

/* Admit the unfinished ones, each on its own seat if that is free; one that has
 * finished meanwhile comes in as the completions do.  Nothing is closed yet. */
static void
admit(ac_iter *iter, size_t back, size_t n)
{
    for (size_t i = n; i > back; i--) {
        struct aci_waiter *waiter = &iter->set[i - 1];
        ac_future *future = waiter->future;
        if (aci_future_claim_seat(future, aci_iter_door(iter, ACI_DOOR_SEAT)))
            aci_iter_join_seat(iter, future);
        else
            aci_iter_join(iter, waiter, future, ACI_DOOR_SET);
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
    aci_set_init(&seen);
    rc = fill(iter, futures, n, &seen, &back);
    aci_set_free(&seen);
    if (rc != AC_OK) {
        ac_iter_destroy(iter);
        return rc;
    }
    admit(iter, back, n);
    *out = iter;
    return ac_iter_close(iter);
}
