/*
 * fork - which process is this?
 *
 * In a child made by fork() only the thread that called it lives on: a pool
 * has no workers there, and any mutex may be held for ever.  So every object
 * remembers the number of forks at its birth, and what finds another number
 * now leaves the object alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_FORK_H
#define ACI_FORK_H

#include <stdatomic.h>
#include <stdbool.h>

/* atomic: changed only by a child that has a single thread yet. */
extern atomic_uint aci_forks;

/* atomic: forks under way; so this may be a child that is not counted yet. */
extern atomic_uint aci_forking;

/* If it is, count it. */
void aci_fork_look(void);

/* Count forks from now on.  AC_OK or AC_ENOMEM. */
int aci_fork_watch(void);

static inline unsigned
aci_fork_number(void)
{
    if (atomic_load(&aci_forking) != 0)
        aci_fork_look();
    return atomic_load(&aci_forks);
}

/* Is this a child, or a child's child, of the process that `born` is of? */
static inline bool
aci_forked(unsigned born)
{
    return aci_fork_number() != born;
}

#endif
