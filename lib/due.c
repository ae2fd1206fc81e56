/*
 * due - what completions made by this thread still owe
 *
 * Locking: none; the lists are the thread's own, and no lock is held when a
 * callback or a free function runs.
 *
 * Lifetime: a callback's record holds a reference to its future, an account
 * holds the queue's.  All accounts are settled before any of these references
 * is dropped, as a free function may wait for a pool to be idle.
 *
 * SPDX-License-Identifier: MIT
 */
#include "due.h"

#include "fork.h"
#include "future.h"

/* Heads without a first link are not initialized yet: thread-local objects
 * cannot start with their own address. */
static _Thread_local struct aci_list callbacks;
static _Thread_local struct aci_list accounts; /* by ac_future.tail.queue */
static _Thread_local bool running;
static _Thread_local unsigned process; /* see fork.h */

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
    return running && !aci_forked(process);
}

/* In a child of fork() there is nothing to go on with. */
static bool
call_all(struct aci_list *called)
{
    unsigned before = aci_fork_number();
    running = true;
    while (!none(&callbacks)) {
        struct aci_due *due =
            aci_container_of(aci_list_pop(&callbacks), struct aci_due, link);
        due->fn(due->future, due->arg);
        if (aci_forked(before))
            break;
        aci_list_append(called, &due->link);
    }
    running = false;
    return !aci_forked(before);
}

static void
settle_all(struct aci_list *settled)
{
    while (!none(&accounts)) {
        struct aci_list *link = aci_list_pop(&accounts);
        ac_future *future = aci_container_of(link, ac_future, tail.queue);
        const struct aci_owner *owner = future->cache->owner;
        owner->ops->settle(owner, future);
        aci_list_append(settled, link);
    }
}

/* Free functions may make more due: what they finish is run in there. */
void
aci_due_run(void)
{
    struct aci_list called, settled, *link;
    start_anew_in_child();
    if (running || (none(&callbacks) && none(&accounts)))
        return;
    aci_list_init(&called);
    aci_list_init(&settled);
    if (!call_all(&called))
        return;
    settle_all(&settled);
    while ((link = aci_list_pop(&called)) != NULL) {
        struct aci_due *due = aci_container_of(link, struct aci_due, link);
        ac_future_unref(due->future);
        due->done(due);
    }
    while ((link = aci_list_pop(&settled)) != NULL)
        ac_future_unref(aci_container_of(link, ac_future, tail.queue));
}
