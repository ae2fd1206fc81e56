/*
 * choose.c - the seed decides who runs
 *
 * Mostly by priorities (Musuvathi and others, "A Randomized Scheduler with
 * Probabilistic Guarantees of Finding Bugs"): each thread has one by chance,
 * the highest that can run does, and at few steps chosen in advance the one
 * that runs falls behind all others.  A bug that takes d such orderings in a
 * run of k steps with n threads shows with a chance of at least 1/(n k^(d-1)).
 * One run in eight is a walk at random instead.
 *
 * The seed also decides about what may happen though it seldom does: a wait
 * that ends for no reason, a deadline that passes at once, a clock that jumps,
 * a weak exchange that fails, a load that comes before the last store.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core.h"

#include <poll.h>

static uint64_t
roll(struct sk_plan *plan)
{
    uint64_t z = plan->dice += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

unsigned
sk_roll(unsigned n)
{
    return (unsigned)((roll(&sk->plan) >> 32) % n);
}

bool
sk_unlikely(unsigned sixteenths)
{
    struct sk_plan *plan = &sk->plan;
    if (sixteenths == 0 || plan->budget == 0 || sk_roll(16) >= sixteenths)
        return false;
    plan->budget--;
    return true;
}

int64_t
sk_priority(void)
{
    return SK_CHANGES + 1 + (int64_t)sk_roll(1U << 30);
}

void
sk_plan_make(uint64_t seed)
{
    static const unsigned char chances[] = {0, 0, 1, 4, 8};
    struct sk_plan *plan = &sk->plan;
    plan->dice = seed * UINT64_C(0xd1342543de82ef95);
    plan->walk = sk_roll(8) == 0;
    plan->n_changes = sk_roll(SK_CHANGES);
    for (unsigned i = 0; i < plan->n_changes; i++)
        plan->changes[i] = 1 + sk_roll(sk->horizon);
    plan->spurious = chances[sk_roll(5)];
    plan->early = chances[sk_roll(5)];
    plan->weak = chances[sk_roll(5)] / 4;
    plan->late = chances[sk_roll(5)];
    plan->jumps = chances[sk_roll(5)] / 4;
    plan->patience = 1U << sk_roll(8);
    plan->soon = INT64_C(1000) << sk_roll(8);
    plan->reading = INT64_C(50) << sk_roll(6);
    plan->yielding = INT64_C(1000) << sk_roll(5);
    plan->processors = 1 + sk_roll(2);
    plan->budget = 6;
    plan->lowest = 0;
}

/* ---- Who can go on ---- */

bool
sk_readable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 1;
}

static bool
can_go_on(const struct sk_thread *thread)
{
    switch (thread->state) {
    case SK_RUNS:
        return true;
    case SK_LOCKS:
        return thread->mutex->owner == NULL;
    case SK_SLEEPS:
        return thread->woken || thread->stirred || thread->early;
    case SK_JOINS:
        return thread->target->state == SK_ENDED;
    case SK_WAITS:
        return thread->gate->open;
    case SK_POLLS:
        return sk_readable(thread->fd);
    case SK_WATCHES:
        return thread->target->state == SK_SLEEPS ||
               thread->target->state == SK_ENDED;
    case SK_ENDED:
        break;
    }
    return false;
}

/* Who yielded a moment ago stands behind all others. */
static bool
before(const struct sk_thread *one, const struct sk_thread *other)
{
    bool stands_back = one->stands_back > sk->steps;
    if (stands_back != (other->stands_back > sk->steps))
        return !stands_back;
    return one->priority > other->priority;
}

static struct sk_thread *
highest(void)
{
    struct sk_thread *best = NULL;
    for (int i = 0; i < sk->n_threads; i++) {
        struct sk_thread *thread = &sk->threads[i];
        if ((best == NULL || before(thread, best)) && can_go_on(thread))
            best = thread;
    }
    return best;
}

static struct sk_thread *
any(void)
{
    struct sk_thread *ready[SK_THREADS];
    unsigned n = 0;
    if (can_go_on(sk->self) && sk->self->stands_back <= sk->steps &&
        sk_roll(4) != 0)
        return sk->self;
    for (int i = 0; i < sk->n_threads; i++) {
        if (can_go_on(&sk->threads[i]))
            ready[n++] = &sk->threads[i];
    }
    return n > 0 ? ready[sk_roll(n)] : NULL;
}

/* Nobody can go on, so time passes: to the first deadline. */
static struct sk_thread *
first_deadline(void)
{
    struct sk_thread *first = NULL;
    bool all_ended = true;
    for (int i = 0; i < sk->n_threads; i++) {
        struct sk_thread *thread = &sk->threads[i];
        all_ended = all_ended && thread->state == SK_ENDED;
        if (thread->state == SK_SLEEPS && thread->timed &&
            (first == NULL || thread->deadline < first->deadline))
            first = thread;
    }
    if (first == NULL && !all_ended)
        sk_fail("deadlock: nobody can go on");
    if (first != NULL)
        first->early = true;
    return first;
}

struct sk_thread *
sk_choose(void)
{
    struct sk_thread *next = sk->plan.walk ? any() : highest();
    return next != NULL ? next : first_deadline();
}

/* ---- Steps ---- */

static void
fall_behind(void)
{
    sk->self->priority = --sk->plan.lowest;
    sk->streak = 0;
}

static void
count_step(const char *what, const void *address)
{
    struct sk_plan *plan = &sk->plan;
    sk->digest ^=
        (uintptr_t)address * 31 + (uintptr_t)what + (uint64_t)sk->self->number;
    sk->digest *= UINT64_C(0x100000001b3);
    if (++sk->steps > SK_STEPS)
        sk_fail("runaway: more than %d steps", SK_STEPS);
    if (++sk->streak > SK_STREAK)
        fall_behind(); /* it may be spinning */
    for (unsigned i = 0; i < plan->n_changes; i++) {
        if (plan->changes[i] == sk->steps)
            sk->self->priority = i + 1;
    }
}

static void
go(struct sk_thread *next)
{
    if (next != sk->self)
        sk->streak = 0;
    sk_switch(next);
}

void
sk_step(const char *what, const void *address)
{
    sk->self->last = what;
    count_step(what, address);
    if (sk->trace)
        sk_trace(what, address);
    go(sk_choose());
}

void
sk_block(enum sk_state state)
{
    struct sk_thread *self = sk->self;
    self->state = state;
    go(sk_choose());
    self->state = SK_RUNS;
}

void
sk_yield(void)
{
    sk->self->stands_back = sk->steps + sk->plan.patience;
    sk_step("yield", NULL);
}
