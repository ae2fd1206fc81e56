/*
 * due - what completions made by this thread still owe
 *
 * Locking: none; the lists are the thread's own, and no lock is held when a
 * callback or a free function runs.
 *
 * Lifetime: a callback's record holds a reference to its future, an account
 * holds the queue's.  All accounts are settled before any of these references
 * is dropped, as a free function may ask whether a pool is idle.
 *
 * SPDX-License-Identifier: MIT
 */
#include "due.h"

#include "fork.h"
#include "future.h"

/* Heads without a first link are not initialized yet: thread-local objects
 * cannot start with their own address. */
static ACI_THREAD_LOCAL struct aci_list callbacks;
/* By ac_future.tail.queue. */
static ACI_THREAD_LOCAL struct aci_list accounts;
static ACI_THREAD_LOCAL bool running; /* a callback or a trace, or between */
static ACI_THREAD_LOCAL bool dropping;    /* references, so free functions */
static ACI_THREAD_LOCAL unsigned process; /* see fork.h */

/* What was due when a callback forked is the parent's. */
static void
start_anew_in_child(void)
{
    if (!aci_forked(process))
        return;
    process = aci_fork_number();
    aci_list_init(&callbacks);
    aci_list_init(&accounts);
    running = false;
    dropping = false;
}

static void
append(struct aci_list *head, struct aci_list *link)
{
    if (head->next == NULL)
        aci_list_init(head);
    aci_list_append(head, link);
}

static bool
none(const struct aci_list *head)
{
    return head->next == NULL || aci_list_empty(head);
}

void
aci_due_callback(struct aci_due *due)
{
    start_anew_in_child();
    append(&callbacks, &due->link);
}

void
aci_due_account(ac_future *future)
{
    start_anew_in_child();
    append(&accounts, &future->tail.queue);
}

bool
aci_due_running(void)
{
    return (running || dropping) && !aci_forked(process);
}

static void
call_all(struct aci_list *called)
{
    while (!none(&callbacks) && running) {
        struct aci_due *due =
            aci_container_of(aci_list_pop(&callbacks), struct aci_due, link);
        due->fn(due->future, due->arg);
        start_anew_in_child();
        if (running)
            aci_list_append(called, &due->link);
    }
}

static void
settle_all(struct aci_list *settled)
{
    while (!none(&accounts) && running) {
        struct aci_list *link = aci_list_pop(&accounts);
        ac_future *future = aci_container_of(link, ac_future, tail.queue);
        const struct aci_owner *owner = future->cache->owner;
        owner->ops->settle(owner, future);
        start_anew_in_child();
        if (running)
            aci_list_append(settled, link);
    }
}

static void
drop_all(struct aci_list *called, struct aci_list *settled)
{
    struct aci_list *link;
    bool nested = dropping;
    dropping = true;
    while ((link = aci_list_pop(called)) != NULL) {
        struct aci_due *due = aci_container_of(link, struct aci_due, link);
        ac_future_unref(due->future);
        due->done(due);
    }
    while ((link = aci_list_pop(settled)) != NULL)
        ac_future_unref(aci_container_of(link, ac_future, tail.queue));
    dropping = nested;
}

/* What callbacks and traces make due is done in the same go.  Free functions
 * may make more: that is run in there.  In a child that one of them forked and
 * let return there is nothing to go on with: `running` is false then. */
void
aci_due_run(void)
{
    struct aci_list called, settled;
    start_anew_in_child();
    if (running || (none(&callbacks) && none(&accounts)))
        return;
    aci_list_init(&called);
    aci_list_init(&settled);
    running = true;
    while (running && !(none(&callbacks) && none(&accounts))) {
        call_all(&called);
        settle_all(&settled);
    }
    if (!running)
        return;
    running = false;
    drop_all(&called, &settled);
}
