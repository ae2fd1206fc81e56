/*
 * clock - deadlines on the monotonic clock
 *
 * A deadline is nanoseconds of CLOCK_MONOTONIC in an int64_t: enough for 292
 * years.  All arithmetic saturates, so no duration is too long or too short.
 *
 * Locking: none.  Lifetime: values only.
 *
 * SPDX-License-Identifier: MIT
 */
#include "clock.h"

#include <limits.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

int64_t
aci_saturating_add(int64_t a, int64_t b)
{
    if (b > 0 && a > INT64_MAX - b)
        return INT64_MAX;
    if (b < 0 && a < INT64_MIN - b)
        return INT64_MIN;
    return a + b;
}

int64_t
aci_saturating_scale(int64_t a, int64_t factor)
{
    if (a > INT64_MAX / factor)
        return INT64_MAX;
    if (a < INT64_MIN / factor)
        return INT64_MIN;
    return a * factor;
}

ac_deadline
ac_now(void)
{
    struct timespec now;
    /* Cannot fail: the clock exists wherever pthreads do, and the address is
     * ours. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

ac_deadline
ac_deadline_in_ns(int64_t ns)
{
    return aci_saturating_add(ac_now(), ns);
}

ac_deadline
ac_deadline_in_ms(int64_t ms)
{
    return ac_deadline_in_ns(aci_saturating_scale(ms, NS_PER_MS));
}

bool
aci_deadline_passed(ac_deadline deadline)
{
    if (deadline == AC_FOREVER)
        return false;
    return deadline <= 0 || ac_now() >= deadline;
}

/* The largest time_t there is, whether it has 32 bits or 64. */
static int64_t
last_second(void)
{
    return sizeof(time_t) >= sizeof(int64_t) ? INT64_MAX : INT32_MAX;
}

struct timespec
aci_deadline_timespec(ac_deadline deadline)
{
    struct timespec spec;
    int64_t seconds = deadline / NS_PER_S;
    if (seconds > last_second())
        seconds = last_second();
    spec.tv_sec = (time_t)seconds;
    spec.tv_nsec = (long)(deadline % NS_PER_S);
    return spec;
}
