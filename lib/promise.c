/*
 * promise - the writing end of a future that no pool runs
 *
 * The handle is the future itself under another type.  It is QUEUED until it
 * is resolved, and is never RUNNING; so to cancel it works as for a task.
 *
 * Locking: whoever resolves it or cancels it holds the future's stripe lock,
 * which is this promise's own.
 * Lifetime: the future has one reference for the writing end, until
 * ac_promise_destroy(), and one for being unresolved, in the place of the
 * queue's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "attr.h"
#include "due.h"
#include "fork.h"
#include "future.h"

struct ac_promise {
    ac_future future;
};

/* ---- The owner: nothing to take it out of, nobody to settle with ---- */

static void
refresh(const struct aci_owner *owner)
{
    (void)owner;
}

static void
ignore(const struct aci_owner *owner, ac_future *future)
{
    (void)owner;
    (void)future;
}

static bool
help(const struct aci_owner *owner, ac_future *future, ac_deadline deadline)
{
    (void)owner;
    (void)future;
    (void)deadline;
    return false;
}

static bool
may_help(const struct aci_owner *owner, ac_deadline deadline)
{
    (void)owner;
    (void)deadline;
    return false;
}

static const struct aci_owner_ops ops = {
    .refresh = refresh,
    .unqueue = ignore,
    .settle = ignore,
    .help = help,
    .may_help = may_help,
};

static const struct aci_owner nobody = {&ops};

/* ---- The calls ---- */

int
ac_promise_create(const ac_task_attr *attr, void *arg, ac_promise **promise,
                  ac_future **out)
{
    /* It never waits for a worker. */
    struct ac_task_attr options = *aci_task_attr(attr);
    options.start_by = AC_FOREVER;
    options.priority = AC_PRIORITY_NORMAL;
    const struct aci_task task = {.attr = &options, .refs = 3};
    struct aci_cache *cache;
    if (promise == NULL || out == NULL)
        return AC_EINVAL;
    int rc = aci_cache_create(&nobody, 1, 0, &cache);
    if (rc != AC_OK)
        return rc;
    ac_future *future = aci_future_create(cache, &task, arg);
    aci_cache_unref(cache);
    if (future == NULL)
        return AC_ENOMEM;
    aci_future_accept(future);
    *promise = aci_container_of(future, ac_promise, future);
    *out = future;
    return AC_OK;
}

static int
resolve(ac_promise *promise, int rc, void *result)
{
    if (promise == NULL)
        return AC_EINVAL;
    ac_future *future = &promise->future;
    if (aci_forked(future->cache->born))
        return AC_EFORKED;
    if (!aci_future_resolve(future, rc, result))
        return AC_EALREADY;
    aci_due_run();
    ac_future_unref(future);
    return AC_OK;
}

int
ac_promise_resolve(ac_promise *promise, void *result)
{
    return resolve(promise, 0, result);
}

int
ac_promise_fail(ac_promise *promise, int error, void *result)
{
    return error == 0 ? AC_EINVAL : resolve(promise, error, result);
}

void
ac_promise_destroy(ac_promise *promise)
{
    if (promise == NULL || aci_forked(promise->future.cache->born))
        return;
    ac_future *future = &promise->future;
    if (aci_future_end(future, AC_EBROKEN)) {
        aci_future_conclude(future);
        aci_due_run();
    }
    ac_future_unref(future);
}
