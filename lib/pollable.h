/*
 * pollable - a descriptor that poll() finds readable while a flag is raised
 *
 * An eventfd where there is one, a pipe elsewhere.  One write for each time
 * that the flag goes up, one read for each time that it goes down.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_POLLABLE_H
#define ACI_POLLABLE_H

#include "port.h"

#include <stdbool.h>
#include <stddef.h>

struct aci_pollable {
    int fd;        /* owner's lock: what is polled and read; -1: none yet */
    int write_fd;  /* owner's lock: what is written; the same for an eventfd */
    bool raised;   /* owner's lock */
    size_t raises; /* owner's lock: how often it went up, for the tests */
};

/* No descriptor yet; lowered. */
void aci_pollable_init(struct aci_pollable *pollable);

/* Make the descriptor.  AC_OK, or AC_ENOMEM when there are no more. */
int aci_pollable_open(struct aci_pollable *pollable);
int aci_pollable_open_pipe(struct aci_pollable *pollable);

static inline bool
aci_pollable_is_open(const struct aci_pollable *pollable)
{
    return pollable->fd >= 0;
}

/* Raise or lower it, if it is not so already; never blocks. */
void aci_pollable_set(struct aci_pollable *pollable, bool raised);

/* No-op without a descriptor. */
void aci_pollable_close(struct aci_pollable *pollable);

#endif
