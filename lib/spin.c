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

/* atomic, relaxed: hints, which pair with nothing. */
static struct {
    _Alignas(ACI_CACHE_LINE) atomic_size_t busy;
    atomic_size_t processors;
    atomic_bool spinning;
} hints;

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

static void
start(struct aci_spin *spin, int64_t ns)
{
    int64_t now = ac_now();
    spin->until = now + ns;
    spin->gentle = now + PAUSE_NS;
    spin->crowded = false;
}

void
aci_spin_start_consumer(struct aci_spin *spin, int64_t deadline)
{
    size_t busy = atomic_load_explicit(&hints.busy, memory_order_relaxed);
    size_t all = atomic_load_explicit(&hints.processors, memory_order_relaxed);
    start(spin, busy < all ? SPIN_NS : SPIN_SHORT_NS);
    if (spin->until > deadline)
        spin->until = deadline;
}

void
aci_spin_start_worker(struct aci_spin *spin)
{
    start(spin, SPIN_NS);
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
        spin->crowded |= ac_now() - now > CROWDED_NS;
        return true;
    }
    for (int i = 0; i < PAUSES; i++)
        pause_once();
    return true;
}
