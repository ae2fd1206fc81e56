/*
 * fork - which process is this?
 *
 * The child's own handler counts the fork.  But handlers that the program
 * registered before ours run before it in the child, and may call us: so while
 * a fork is under way, whoever asks compares process numbers too.
 *
 * Locking: none, as a lock could be held by another thread when the process
 * forks.  Two threads may both find the handlers missing and install them
 * twice, which does no harm: a child is counted once.
 *
 * Lifetime: the handlers stay for as long as the process; the library is never
 * unmapped (configure.ac, nodelete).
 *
 * SPDX-License-Identifier: MIT
 */
#include "fork.h"

#include "port.h"
#include "spin.h"

#include <unistd.h>

atomic_uint aci_forks;
atomic_uint aci_forking;

static atomic_bool watching;
static _Atomic pid_t process; /* whose number aci_forks is */

static void
before_fork(void)
{
    atomic_fetch_add(&aci_forking, 1);
}

static void
after_fork(void)
{
    atomic_fetch_sub(&aci_forking, 1);
}

/* There is one thread yet.  To be counted ends the fork, so it is once. */
static void
in_child(void)
{
    if (atomic_load(&aci_forking) == 0)
        return;
    atomic_store(&process, getpid());
    atomic_store(&aci_forking, 0);
    atomic_fetch_add(&aci_forks, 1);
    aci_spin_forget();
}

void
aci_fork_look(void)
{
    if (getpid() != atomic_load(&process))
        in_child();
}

int
aci_fork_watch(void)
{
    if (atomic_load(&watching))
        return AC_OK;
    atomic_store(&process, getpid());
    if (pthread_atfork(before_fork, after_fork, in_child) != 0)
        return AC_ENOMEM;
    atomic_store(&watching, true);
    return AC_OK;
}
