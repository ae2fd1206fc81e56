/*
 * clock - deadlines on the monotonic clock
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_CLOCK_H
#define ACI_CLOCK_H

#include "port.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* a + b, kept within the range of int64_t. */
int64_t aci_saturating_add(int64_t a, int64_t b);

/* a * factor (factor > 0), kept within the range of int64_t. */
int64_t aci_saturating_scale(int64_t a, int64_t factor);

/* Reads the clock only for a deadline that may lie ahead. */
bool aci_deadline_passed(ac_deadline deadline);

/* As the system wants it; a deadline beyond time_t gives time_t's last second,
 * so whoever waits until then must look at the clock again. */
struct timespec aci_deadline_timespec(ac_deadline deadline);

#endif
