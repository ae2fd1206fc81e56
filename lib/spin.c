/*
 * spin - look again for a moment before going to sleep
 *
 * Locking: none; hints, relaxed.
 * Lifetime: as long as the process.
 *
 * SPDX-License-Identifier: MIT
 */
#include "spin.h"

#include "clock.h"
#include "port.h"

#include <sched.h>
#include <stdatomic.h>

#define SPIN_NS INT64_C(20000)
#define SPIN_SHORT_NS INT64_C(2000)
#define PAUSE_NS INT64_C(1000)
#define PAUSES 2

/* To yield takes less, if nobody else runs meanwhile. */
#define ALONE_NS INT64_C(2000)

/* Or if those who do only yield, too. */
#define CROWDED_NS INT64_C(5000)

/* Who gives its processor away may get it back a slice of time later, with what
 * has lain there meanwhile.  That is worth it if it would have been woken for
 * one thing so often, in ns, but not if it is late by so much with few, or
 * after its deadline. */
#define OFTEN_NS INT64_C(30000)
#define LATE_NS INT64_C(200000)

/* Once so many us were lost so within so many ticks(), but not all at once,
 * nobody yields for a while.  Where the deadline is as near as a slice, one time
 * is enough. */
#define LOST_US 5000
#define SPELL_TICKS 64
#define WHILE_TICKS 1024
#define NEAR_NS INT64_C(5000000)

/* atomic, relaxed: hints, which pair with nothing. */
static struct {
    _Alignas(ACI_CACHE_LINE) atomic_size_t busy;
    atomic_size_t processors;
    atomic_bool spinning;
    atomic_uint late_at;  /* in ticks(): when somebody was late by a yield; */
    atomic_uint lost;     /* in us: how much, in the spell that began then; */
    atomic_uint stop_at;  /* in ticks(): when that was too much */
} hints;

/* About milliseconds.  They come round, and are 0 when the system starts: then
 * nobody yields for a second, without harm. */
static unsigned
ticks(int64_t ns)
{
    return (unsigned)(ns >> 20);
}

void
aci_spin_processors(size_t n)
{
    atomic_store_explicit(&hints.processors, n, memory_order_relaxed);
}

void
aci_spin_forget(void)
{
    atomic_store_explicit(&hints.busy, 0, memory_order_relaxed);
    atomic_store_explicit(&hints.spinning, false, memory_order_relaxed);
}

void
aci_spin_busy(void)
{
    atomic_fetch_add_explicit(&hints.busy, 1, memory_order_relaxed);
}

void
aci_spin_idle(void)
{
    atomic_fetch_sub_explicit(&hints.busy, 1, memory_order_relaxed);
}

bool
aci_spin_enter(void)
{
    return !atomic_load_explicit(&hints.spinning, memory_order_relaxed) &&
           !atomic_exchange_explicit(&hints.spinning, true,
                                     memory_order_relaxed);
}

void
aci_spin_leave(void)
{
    atomic_store_explicit(&hints.spinning, false, memory_order_relaxed);
}

static bool
is_since(atomic_uint *hint, unsigned now, unsigned ticks)
{
    return now - atomic_load_explicit(hint, memory_order_relaxed) < ticks;
}

static void
start(struct aci_spin *spin, int64_t now, int64_t ns)
{
    *spin = (struct aci_spin){.until = now + ns, .gentle = now + PAUSE_NS};
    if (is_since(&hints.stop_at, ticks(now), WHILE_TICKS))
        spin->until = spin->gentle;
}

static bool
all_busy(void)
{
    size_t busy = atomic_load_explicit(&hints.busy, memory_order_relaxed);
    size_t all = atomic_load_explicit(&hints.processors, memory_order_relaxed);
    return busy >= all;
}

void
aci_spin_start_consumer(struct aci_spin *spin, int64_t deadline)
{
    int64_t now = ac_now();
    start(spin, now, all_busy() ? SPIN_SHORT_NS : SPIN_NS);
    if (spin->until > deadline)
        spin->until = deadline;
    spin->deadline = deadline;
    if (deadline < now + NEAR_NS &&
        is_since(&hints.late_at, ticks(now), WHILE_TICKS))
        spin->gentle = spin->until;
}

bool
aci_spin_was_away(const struct aci_spin *spin)
{
    return spin->away >= LATE_NS;
}

static bool
is_late(const struct aci_spin *spin, size_t found)
{
    return aci_spin_was_away(spin) && found > 0 && found < ACI_SPIN_MANY &&
           (int64_t)found < spin->away / OFTEN_NS;
}

static void
note_late(const struct aci_spin *spin, int64_t now)
{
    unsigned lost = (unsigned)(spin->away >> 10);
    if (lost >= LOST_US)
        lost = LOST_US - 1;
    if (is_since(&hints.late_at, ticks(now), SPELL_TICKS))
        lost += atomic_load_explicit(&hints.lost, memory_order_relaxed);
    else
        atomic_store_explicit(&hints.late_at, ticks(now), memory_order_relaxed);
    atomic_store_explicit(&hints.lost, lost, memory_order_relaxed);
    if (lost >= LOST_US)
        atomic_store_explicit(&hints.stop_at, ticks(now), memory_order_relaxed);
}

void
aci_spin_end_consumer(const struct aci_spin *spin, size_t results)
{
    if (!aci_spin_was_away(spin))
        return;
    int64_t now = ac_now();
    if (results > 0 ? is_late(spin, results)
                    : now - LATE_NS >= spin->deadline)
        note_late(spin, now);
}

void
aci_spin_end_worker(const struct aci_spin *spin, size_t tasks)
{
    if (is_late(spin, tasks))
        note_late(spin, ac_now());
}

void
aci_spin_start_worker(struct aci_spin *spin)
{
    start(spin, ac_now(), SPIN_NS);
}

void
aci_spin_start_until(struct aci_spin *spin, int64_t until)
{
    *spin = (struct aci_spin){.until = until, .gentle = until};
}

void
aci_spin_start_moment(struct aci_spin *spin, int64_t ns)
{
    aci_spin_start_until(spin, ac_now() + ns);
}

/* The first time there may be somebody whose timer went off with that of the
 * caller, and who will sleep again in a moment. */
bool
aci_spin_alone(void)
{
    for (int i = 0; i < 2; i++) {
        int64_t now = ac_now();
        sched_yield();
        if (ac_now() - now < ALONE_NS)
            return true;
    }
    return false;
}

static void
pause_once(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

bool
aci_spin_again(struct aci_spin *spin)
{
    int64_t now = ac_now();
    if (now >= spin->until)
        return false;
    if (now >= spin->gentle) {
        sched_yield();
        int64_t away = ac_now() - now;
        spin->crowded |= away > CROWDED_NS;
        if (spin->away < away)
            spin->away = away;
        return true;
    }
    for (int i = 0; i < PAUSES; i++)
        pause_once();
    return true;
}
