/*
 * fork - which process is this?
 *
 * Locking: none, as a lock could be held by another thread when the process
 * forks.  Two threads may both find the handler missing and install it twice:
 * then a fork counts twice, which is as good.
 *
 * Lifetime: the handler stays for as long as the process; the library is never
 * unmapped (configure.ac, nodelete).
 *
 * SPDX-License-Identifier: MIT
 */
#include "fork.h"

#include "port.h"

atomic_uint aci_forks;

static atomic_bool watching;

static void
in_child(void)
{
    atomic_fetch_add(&aci_forks, 1);
}

int
aci_fork_watch(void)
{
    if (atomic_load(&watching))
        return AC_OK;
    if (pthread_atfork(NULL, NULL, in_child) != 0)
        return AC_ENOMEM;
    atomic_store(&watching, true);
    return AC_OK;
}
