#!/usr/bin/env python3
# ffi_ctypes.py - the library from Python, by ctypes alone
# SPDX-License-Identifier: MIT
#
# usage: ffi_ctypes.py [LIBRARY]
#
# Everything is an exported function, every handle is opaque and every code is
# a number that never changes: a binding needs no C.  The tasks here are
# functions of Python's, so they run one at a time; what gains is a program
# whose tasks wait, or are functions of another C library's.

import ctypes
import ctypes.util
import sys
import threading
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_size_t, c_void_p

# From the header.
AC_OK, AC_DONE, AC_ETIMEDOUT = 0, 1, 2
AC_POLL, AC_FOREVER = 0, 2**63 - 1
TASK_FN = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(c_void_p))

if len(sys.argv) > 1:
    path = sys.argv[1]
else:
    path = ctypes.util.find_library("ascompleted")
if path is None:
    sys.exit("ffi_ctypes.py: libascompleted is not installed")
lib = ctypes.CDLL(path)  # its calls let other threads of Python's run


def declare(result, name, *arguments):
    function = getattr(lib, name)
    function.restype = result
    function.argtypes = arguments
    return function


def check(rc):
    if rc != AC_OK:
        raise RuntimeError(ac_strerror(rc).decode())


out = POINTER(c_void_p)
ac_strerror = declare(c_char_p, "ac_strerror", c_int)
ac_deadline_in_ms = declare(c_int64, "ac_deadline_in_ms", c_int64)
ac_pool_create = declare(c_int, "ac_pool_create", c_size_t, c_void_p, out)
ac_pool_destroy = declare(c_int, "ac_pool_destroy", c_void_p)
ac_iter_open = declare(c_int, "ac_iter_open", out)
ac_iter_submit = declare(c_int, "ac_iter_submit", c_void_p, c_void_p, c_void_p,
                         TASK_FN, c_void_p, c_int64, out)
ac_iter_next = declare(c_int, "ac_iter_next", c_void_p, c_int64, out)
ac_iter_close = declare(c_int, "ac_iter_close", c_void_p)
ac_iter_destroy = declare(None, "ac_iter_destroy", c_void_p)
ac_future_get = declare(c_int, "ac_future_get", c_void_p, c_int64, out)
ac_future_arg = declare(c_void_p, "ac_future_arg", c_void_p)
ac_future_error = declare(c_int, "ac_future_error", c_void_p)
ac_future_unref = declare(None, "ac_future_unref", c_void_p)

gave_up = threading.Event()


# ctypes shows NULL, and so the argument 0, as None.  A result is a pointer to
# whatever one likes; here it is the number itself.
@TASK_FN  # keep it as long as tasks may run
def square(arg, result):
    number = arg or 0
    if number == 4:
        gave_up.wait()  # a slow one
    if number == 13:
        return 1  # an error number of our own
    result[0] = number * number
    return 0


def report(future):
    number = ac_future_arg(future) or 0
    result = c_void_p()
    rc = ac_future_get(future, AC_POLL, byref(result))
    if rc == AC_OK:
        print(f"{number}: {result.value or 0}")
    else:
        print(f"{number}: {ac_strerror(rc).decode()}, "
              f"error {ac_future_error(future)}")


def report_until(iterator, deadline):
    future = c_void_p()
    while (rc := ac_iter_next(iterator, deadline, byref(future))) == AC_OK:
        report(future)
        ac_future_unref(future)
    if rc not in (AC_DONE, AC_ETIMEDOUT):
        check(rc)
    return rc


pool, iterator = c_void_p(), c_void_p()
check(ac_pool_create(2, None, byref(pool)))
check(ac_iter_open(byref(iterator)))
for number in (4, 0, 7, 12, 13):
    check(ac_iter_submit(iterator, pool, None, square, number, AC_FOREVER,
                         None))
check(ac_iter_close(iterator))

# One deadline for all that is to come; nothing is lost when it passes.
if report_until(iterator, ac_deadline_in_ms(200)) == AC_ETIMEDOUT:
    print("gave up after the timeout")
gave_up.set()
report_until(iterator, AC_FOREVER)

ac_iter_destroy(iterator)
check(ac_pool_destroy(pool))
