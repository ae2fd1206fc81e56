/*
 * pollable - a descriptor that poll() finds readable while a flag is raised
 *
 * Locking: the owner's; raise and lower happen in the critical section that
 * changes what the flag stands for, which is why neither may block.
 * Lifetime: the owner's; the descriptors are closed on exec.
 *
 * SPDX-License-Identifier: MIT
 */
#include "pollable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#ifdef HAVE_SYS_EVENTFD_H
#include <sys/eventfd.h>
#endif

void
aci_pollable_init(struct aci_pollable *pollable)
{
    pollable->fd = -1;
    pollable->write_fd = -1;
    pollable->raised = false;
    pollable->raises = 0;
}

/* Where pipe2() is missing, a fork in between inherits the two. */
static int
open_pipe(int fds[2])
{
#ifdef HAVE_PIPE2
    return pipe2(fds, O_CLOEXEC | O_NONBLOCK);
#else
    if (pipe(fds) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(fds[i], F_SETFD, FD_CLOEXEC);
        fcntl(fds[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
#endif
}

int
aci_pollable_open_pipe(struct aci_pollable *pollable)
{
    int fds[2];
    if (open_pipe(fds) != 0)
        return AC_ENOMEM;
    pollable->fd = fds[0];
    pollable->write_fd = fds[1];
    return AC_OK;
}

int
aci_pollable_open(struct aci_pollable *pollable)
{
#ifdef HAVE_EVENTFD
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return AC_ENOMEM;
    pollable->fd = fd;
    pollable->write_fd = fd;
    return AC_OK;
#else
    return aci_pollable_open_pipe(pollable);
#endif
}

/* One event is in it when it is raised, none when not; so neither call finds
 * it full or empty.  An eventfd wants eight bytes, a pipe carries them too. */
static void
transfer(const struct aci_pollable *pollable, bool raise)
{
    uint64_t one = 1;
    ssize_t n;
    int error = errno;
    int cancelable = aci_cancel_disable();
    do {
        n = raise ? write(pollable->write_fd, &one, sizeof one)
                  : read(pollable->fd, &one, sizeof one);
    } while (n < 0 && errno == EINTR);
    aci_cancel_restore(cancelable);
    errno = error;
    aci_assert(n == (ssize_t)sizeof one);
}

void
aci_pollable_set(struct aci_pollable *pollable, bool raised)
{
    if (pollable->raised == raised)
        return;
    transfer(pollable, raised);
    pollable->raised = raised;
    pollable->raises += raised;
}

void
aci_pollable_close(struct aci_pollable *pollable)
{
    int cancelable = aci_cancel_disable();
    if (pollable->fd >= 0)
        close(pollable->fd);
    if (pollable->write_fd >= 0 && pollable->write_fd != pollable->fd)
        close(pollable->write_fd);
    aci_cancel_restore(cancelable);
    aci_pollable_init(pollable);
}
