/*
 * submit - where pools and iterators meet
 *
 * A submission is all or nothing: the future is made first, then its place in
 * the iterator is reserved, and the pool decides last.
 *
 * Locking: none of its own; the iterator's mutex and the pool's, one after the
 * other.
 * Lifetime: a new future has one reference for each who will know it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "iter.h"
#include "pool.h"

/* Nobody has seen it run, and its argument is the caller's again. */
static void
discard(ac_future *future, unsigned references)
{
    aci_future_disown_arg(future);
    while (references-- > 0)
        ac_future_unref(future);
}

static int
submit(ac_iter *iter, ac_pool *pool, const ac_task_attr *attr, ac_task_fn *fn,
       void *arg, ac_future **out)
{
    const struct ac_task_attr *options = aci_task_attr(attr);
    const struct aci_task task = {fn, arg, options->free_arg,
                                  options->free_result};
    struct aci_sink *sink = NULL;
    unsigned references = out != NULL ? 2 : 1; /* the queue's, the caller's */
    int rc;
    if (iter != NULL)
        sink = aci_iter_door(iter, ACI_DOOR_SUBMIT);
    ac_future *future = aci_future_create(pool->cache, &task,
                                          references + (iter != NULL), sink);
    if (future == NULL)
        return AC_ENOMEM;
    if (iter != NULL && (rc = aci_iter_admit(iter, &future->seat)) != AC_OK) {
        discard(future, references + 1);
        return rc;
    }
    if ((rc = aci_pool_push(pool, future)) != AC_OK) {
        bool back = iter != NULL && aci_iter_retract(iter, &future->seat);
        discard(future, references + back);
        return rc;
    }
    /* Only with a reference of the caller's may it be touched from here on. */
    if (out != NULL)
        *out = future;
    if (iter != NULL)
        aci_iter_offer(iter, &pool->owner);
    return AC_OK;
}

int
ac_submit(ac_pool *pool, const ac_task_attr *attr, ac_task_fn *fn, void *arg,
          ac_future **future)
{
    if (pool == NULL || fn == NULL)
        return AC_EINVAL;
    return submit(NULL, pool, attr, fn, arg, future);
}

int
ac_iter_submit(ac_iter *iter, ac_pool *pool, const ac_task_attr *attr,
               ac_task_fn *fn, void *arg, ac_deadline room_by,
               ac_future **future)
{
    if (iter == NULL || pool == NULL || fn == NULL)
        return AC_EINVAL;
    (void)room_by; /* there is always room */
    return submit(iter, pool, attr, fn, arg, future);
}
