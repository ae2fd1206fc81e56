/*
 * lookout - how a worker that has nothing to do looks for something
 *
 * It rests for a moment, watches the intake for some microseconds if no other
 * one does, then sleeps; and one that is woken may stand by (pace.h).
 *
 * Locking: the pool's mutex, which is released while it looks.  What is left
 * without it, and who sees that, is in pool.h (n_idle, lookout).
 * Lifetime: none of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lookout.h"

#include "clock.h"
#include "cpus.h"
#include "spin.h"

/* How long a worker looks away, and how much longer after so many times. */
#define MOMENT_NS INT64_C(125)
#define REST_NS INT64_C(875)
#define STREAK 8

/* So often it goes to sleep to be moved, at most. */
#define MOVE_NS INT64_C(1000000)

void
aci_lookout_be_active(struct aci_worker *self, bool active)
{
    if (active && !self->active)
        aci_spin_busy();
    else if (!active && self->active)
        aci_spin_idle();
    self->active = active;
}

/* Is there one that the system could move a worker to?  With a quota of one
 * there may be, but to run on it, too, would only use that up sooner. */
static bool
has_other_processors(const ac_pool *pool)
{
    return pool->pace.processors > 1;
}

/* A hint: see aci_pool_is_unseen(). */
static void
say_where(ac_pool *pool)
{
    int here = has_other_processors(pool) ? aci_cpu_here() : -1;
    if (atomic_load(&pool->spins_on) != here)
        atomic_store(&pool->spins_on, here);
}

/* Is it the lookout from now on?  At most one worker of the pool is, and at
 * most one of the process. */
static bool
look_out_locked(ac_pool *pool)
{
    int lookout = atomic_load(&pool->lookout);
    if ((lookout != ACI_NOBODY && lookout != ACI_STANDBY) || !aci_spin_enter())
        return false;
    say_where(pool);
    atomic_store(&pool->lookout, ACI_SPINNING);
    return true;
}

/* Let some come in; but not if a lookout is called, which was in that state. */
static void
look_away(const ac_pool *pool, int lookout, int64_t ns)
{
    struct aci_spin spin;
    aci_spin_start_moment(&spin, ns);
    while (atomic_load(&pool->lookout) == lookout && aci_spin_again(&spin))
        continue;
}

/* Who gives its processor away and gets it back late shares it with somebody,
 * as may be while another one is idle.  The system moves who is woken, but
 * seldom who runs; so now and then it is to go to sleep at once. */
static bool
wants_to_move(struct aci_worker *self)
{
    int64_t now;
    if (!self->crowded || !has_other_processors(self->pool) ||
        (now = ac_now()) - self->moved < MOVE_NS)
        return false;
    self->moved = now;
    return true;
}

/* Look until something comes in, or it is called, or has looked for long. */
static void
look(struct aci_worker *self, struct aci_spin *spin)
{
    ac_pool *pool = self->pool;
    if (aci_inbox_has_some(&pool->intake) || aci_pool_has_nested(pool))
        return;
    aci_lookout_be_active(self, false);
    if (wants_to_move(self))
        aci_spin_start_moment(spin, MOMENT_NS + REST_NS);
    else
        aci_spin_start_worker(spin);
    do
        say_where(pool);
    while (!aci_inbox_has_some(&pool->intake) &&
           !aci_inbox_is_shut(&pool->intake) &&
           atomic_load(&pool->lookout) == ACI_SPINNING &&
           aci_spin_again(spin));
    self->crowded = spin->crowded;
}

/* Who has just run the last task that was there looks away first.
 *
 * Each look takes the intake's cache line from those who push into it, and a
 * task that is taken alone costs as much as several.  So it does not look for
 * as long as who waits for that last one takes to submit another.  What is
 * there by then is from somebody who does not wait for it; if that was so many
 * times in a row, it lets more come.  Who submits a few and waits for all of
 * them never pays for that. */
static void
rest(struct aci_worker *self, int lookout)
{
    ac_pool *pool = self->pool;
    if (aci_pool_has_nested(pool))
        return;
    look_away(pool, lookout, MOMENT_NS);
    if (!aci_inbox_has_some(&pool->intake))
        self->streak = 0;
    else if (self->streak < STREAK)
        self->streak++;
    else
        look_away(pool, lookout, REST_NS);
}

/* For it to tell whether it had better slept: others may have taken in some. */
static void
end_look_locked(ac_pool *pool, const struct aci_spin *spin, uint64_t before)
{
    if (!aci_spin_was_away(spin))
        return;
    size_t taken = (size_t)(pool->stats.counts[AC_STAT_SUBMITTED] - before);
    aci_spin_end_worker(
        spin, taken + aci_inbox_count(&pool->intake, ACI_SPIN_MANY));
}

void
aci_lookout_watch_locked(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    struct aci_spin spin = {0};
    uint64_t before = pool->stats.counts[AC_STAT_SUBMITTED];
    bool looks_out = look_out_locked(pool);
    int lookout = atomic_load(&pool->lookout);
    bool ran = self->ran;
    self->ran = false;
    if (!looks_out && !ran)
        return;
    aci_unlock(&pool->mu);
    if (ran)
        rest(self, lookout);
    if (looks_out) {
        look(self, &spin);
        /* Sequentially consistent: see n_idle in pool.h.  If he was called,
         * others may have been woken since: to say nobody is always safe. */
        atomic_store(&pool->lookout, ACI_NOBODY);
        aci_spin_leave();
    }
    aci_lock(&pool->mu);
    end_look_locked(pool, &spin, before);
}

static bool
finds_some_locked(const struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    return aci_pool_queued_locked(pool) > 0 ||
           aci_inbox_has_some(&pool->intake) || aci_pool_has_nested(pool);
}

/* Do the others keep up, and if something is queued, does somebody want this
 * processor?  The mutex is released meanwhile, and others may go to sleep: so
 * it is said before that one stands by, and they are asked again after that. */
static bool
may_stand_by_locked(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    if (pool->phase != ACI_ACCEPTING || !aci_pool_spares_locked(pool, 1))
        return false;
    if (atomic_load(&pool->lookout) != ACI_SPINNING)
        atomic_store(&pool->lookout, ACI_STANDBY);
    if (!finds_some_locked(self))
        return true;
    pool->pace.yields = true;
    aci_unlock(&pool->mu);
    bool alone = aci_spin_alone();
    aci_lock(&pool->mu);
    pool->pace.yields = false;
    if (alone)
        aci_pace_doubt_locked(&pool->pace, ac_now());
    return pool->phase == ACI_ACCEPTING && aci_pool_spares_locked(pool, 1);
}

/* Woken for one more task: if there is somebody for it, and no processor, sleep
 * for a while instead.  It is the last to be woken again: it sees by itself
 * what it has to. */
static void
stand_by_locked(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    bool picked = false;
    if (pool->pace.standby)
        return;
    pool->pace.standby = true;
    while (!picked && may_stand_by_locked(self)) {
        aci_list_append(&pool->idle, &self->parked.link);
        atomic_fetch_add(&pool->n_idle, 1);
        picked = aci_park(&self->parked, &pool->mu, ac_now() + ACI_STRETCH_NS);
        if (!picked)
            atomic_fetch_sub(&pool->n_idle, 1);
    }
    pool->pace.standby = false;
}

void
aci_lookout_sleep_locked(struct aci_worker *self)
{
    ac_pool *pool = self->pool;
    aci_list_prepend(&pool->idle, &self->parked.link);
    atomic_fetch_add(&pool->n_idle, 1);
    /* One less that keeps up: who submits next is to see whether they do. */
    if (atomic_load(&pool->lookout) == ACI_STANDBY)
        atomic_store(&pool->lookout, ACI_NOBODY);
    /* Counted first, then look: see n_idle in pool.h. */
    if (aci_inbox_has_some(&pool->intake) || aci_pool_has_nested(pool)) {
        aci_list_remove(&self->parked.link);
        atomic_fetch_sub(&pool->n_idle, 1);
        return;
    }
    aci_park(&self->parked, &pool->mu, AC_FOREVER);
    stand_by_locked(self);
    /* Then look: see n_idle in pool.h. */
    atomic_store(&pool->lookout, ACI_NOBODY);
}
