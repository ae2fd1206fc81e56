#!/bin/sh
# check-fd: a flood through the descriptor of one iterator; and, under strace,
# that it is written to once each time that the iterator becomes ready
#
# SPDX-License-Identifier: MIT

flood=${top_builddir:-.}/tests/fd_flood
LC_ALL=C
export LC_ALL

if [ ! -x "$flood" ]; then
    echo "SKIP: tests/fd_flood is not built: this system has no epoll"
    exit 77
fi

tmp=$(mktemp -d "${TMPDIR:-/tmp}/check-fd.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT PIPE TERM

"$flood" 100000 || {
    echo "FAIL: fd_flood: exit status $?"
    exit 1
}

# The filter stops the program at its writes alone; without it, at each call.
completions=10000
set -- strace -f --seccomp-bpf
if ! "$@" -e trace=write -o "$tmp/trace" true 2>"$tmp/error"; then
    completions=1000
    set -- strace -f
fi
if ! "$@" -e trace=write -o "$tmp/trace" true 2>"$tmp/error"; then
    echo "SKIP: there is no strace that may trace: the writes are not counted"
    exit 0
fi
# LeakSanitizer does not work in a program that is traced.
ASAN_OPTIONS="${ASAN_OPTIONS-}${ASAN_OPTIONS:+:}detect_leaks=0"
export ASAN_OPTIONS
"$@" -e trace=write -o "$tmp/trace" "$flood" $completions >"$tmp/said" || {
    echo "FAIL: fd_flood under strace: exit status $?"
    exit 1
}
read -r _ fd _ raised _ got <"$tmp/said"
written=$(grep -c "write($fd," "$tmp/trace")
echo "under strace: $got completions, $raised edges, $written writes"
if [ "$raised" != "$written" ]; then
    echo "FAIL: there must be one write for each edge"
    exit 1
fi
