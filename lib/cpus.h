/*
 * cpus - how many processors this process may use, and which one this is
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_CPUS_H
#define ACI_CPUS_H

#include <stddef.h>

/* The affinity mask, cut down to the cgroup's quota; at least 1. */
size_t aci_cpus(void);

/* The same for threads that may be given other affinity masks. */
size_t aci_cpus_at_most(void);

/* The number of the processor that the caller runs on, or -1: not known. */
int aci_cpu_here(void);

/*
 * The quota alone, in processors, rounded up: the smallest of the process's
 * cgroup and all above it, version 1 or 2; 0 where there is none.  `root` is
 * put before /proc and /sys: "" outside of tests.
 */
size_t aci_cpus_quota(const char *root);

#endif
