#!/bin/sh
# check-loops: the examples with event loops, and the one in Python, print
# what they should
#
# SPDX-License-Identifier: MIT
#
# Each was built if its loop is there.  Answers come in the order of
# completion, so they are compared sorted; nothing else depends on the clock.

bin=${top_builddir:-.}/examples
LC_ALL=C
export LC_ALL

tmp=$(mktemp -d "${TMPDIR:-/tmp}/check-loops.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT PIPE TERM
failures=0
tried=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# compare NAME COMMAND...: with $tmp/expected, once sorted.
compare()
{
    name=$1
    shift
    tried=$((tried + 1))
    "$@" >"$tmp/raw" 2>"$tmp/error"
    status=$?
    sort "$tmp/raw" >"$tmp/actual"
    if [ $status -ne 0 ] || [ -s "$tmp/error" ]; then
        fail "$name: exit status $status, and it says:"
        cat "$tmp/error"
    elif ! diff "$tmp/expected" "$tmp/actual"; then
        fail "$name: see above, < expected, > actual"
    else
        echo "ok: $name"
    fi
}

# ---- The loops ------------------------------------------------------------

cat >"$tmp/expected" <<'END'
answered: 10
below 100000: 9592 primes
below 10000: 1229 primes
below 20000: 2262 primes
below 30000: 3245 primes
below 40000: 4203 primes
below 50000: 5133 primes
below 60000: 6057 primes
below 70000: 6935 primes
below 80000: 7837 primes
below 90000: 8713 primes
END

for program in loop_epoll loop_libuv loop_libevent loop_glib; do
    if [ -x "$bin/$program" ]; then
        compare $program "$bin/$program"
        [ "$(tail -n 1 "$tmp/raw")" = "answered: 10" ] ||
            fail "$program: it goes on after its last line"
    else
        echo "SKIP: $program is not built: there is no ${program#loop_}"
    fi
done

# ---- Python ---------------------------------------------------------------

# What libtool leaves in the build; nothing with --disable-shared.
shared=
for file in "${top_builddir:-.}"/lib/.libs/libascompleted.so.? \
    "${top_builddir:-.}"/lib/.libs/libascompleted.?.dylib; do
    [ ! -f "$file" ] || shared=$file
done

cat >"$tmp/expected" <<'END'
0: 0
12: 144
13: the task failed, error 1
4: 16
7: 49
gave up after the timeout
END

if ! python3 -c 'import ctypes, sys; sys.exit(sys.version_info < (3, 8))' \
    2>"$tmp/error"; then
    echo "SKIP: ffi_ctypes.py: there is no Python 3.8 with ctypes"
elif [ -z "$shared" ]; then
    echo "SKIP: ffi_ctypes.py: there is no shared library"
elif [ -n "${INSTR_FLAGS-}" ]; then
    echo "SKIP: ffi_ctypes.py: Python does not load an instrumented library"
else
    compare ffi_ctypes.py python3 -B \
        "${top_srcdir:-.}/examples/ffi_ctypes.py" "$shared"
fi

[ $tried -gt 0 ] || exit 77
[ $failures -eq 0 ]
