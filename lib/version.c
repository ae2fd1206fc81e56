/*
 * version - which library this is, and its codes as text
 *
 * Locking and lifetime: constants only.
 *
 * SPDX-License-Identifier: MIT
 */
#include "port.h"

const char *
ac_version(void)
{
    return AC_VERSION;
}

const char *
ac_strerror(int code)
{
    switch (code) {
    case AC_OK:
        return "success";
    case AC_DONE:
        return "every future has been handed out";
    case AC_ETIMEDOUT:
        return "the deadline passed first";
    case AC_EAGAIN:
        return "not yet done, or no room or no threads";
    case AC_EINVAL:
        return "invalid argument";
    case AC_ENOMEM:
        return "out of memory or another resource";
    case AC_EBUSY:
        return "the task is running";
    case AC_EALREADY:
        return "it has finished already";
    case AC_EDEADLK:
        return "the caller would wait for itself";
    case AC_ENOENT:
        return "the result has been taken";
    case AC_ESHUTDOWN:
        return "the pool is shut down";
    case AC_ECLOSED:
        return "the iterator is closed";
    case AC_EFORKED:
        return "it belongs to the parent process";
    case AC_EHOOK:
        return "a start hook refused";
    case AC_EFAILED:
        return "the task failed";
    case AC_ECANCELED:
        return "the task was canceled";
    case AC_EEXPIRED:
        return "the task was not started in time";
    case AC_EBROKEN:
        return "the promise was destroyed unresolved";
    case AC_EABORTED:
        return "the task ended its thread";
    default:
        return "unknown code";
    }
}
