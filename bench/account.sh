#!/bin/sh
# account.sh - what a task costs, free of the clock's noise
# SPDX-License-Identifier: MIT
#
# usage: account.sh [--growth] [DIR [NAME...]]
#
# Per task, from the difference of two runs of different length, so that what
# starting and stopping cost cancels out:
#   instructions   in all threads, by valgrind's callgrind
#   futex calls    by perf, or else by strace (which slows what it counts)
# DIR is where the programs were built (bench), the NAMEs are those of
# bench_NAME (ac afternoon).  A tool that is missing leaves its column empty.
#
# --growth: only instructions, of W9n with bursts of 10^4, 10^5 and 10^6 tasks.
# There are a million tasks at least in each run: in a single burst it is chance
# how many have ended when they are collected, and those take fewer.

LC_ALL=C
export LC_ALL
growth=no
if [ "${1-}" = --growth ]; then
    growth=yes
    shift
fi
dir=${1:-bench}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- ac afternoon

tmp=$(mktemp -d "${TMPDIR:-/tmp}/account.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT PIPE TERM
failed=0

have() { command -v "$1" >/dev/null 2>&1; }

event=syscalls:sys_enter_futex
if have perf && perf stat -x, -e $event true >/dev/null 2>&1; then
    counter=perf
elif have strace && strace -o /dev/null true 2>/dev/null; then
    counter=strace
else
    counter=nothing
fi

# ---- One run: a number, or nothing ---------------------------------------

# instructions PROGRAM WORKLOAD N WORKERS
instructions() {
    have valgrind || return
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --fair-sched=yes \
        "$@" 2>&1 >/dev/null | awk '/Collected *:/ { print $NF }'
}

# futexes PROGRAM WORKLOAD N WORKERS
futexes() {
    case $counter in
    perf)
        perf stat -x, -o "$tmp/count" -e $event "$@" >/dev/null 2>&1
        awk -F, -v e=$event '$3 == e { print $1 }' "$tmp/count"
        ;;
    strace)
        strace -f -qq -e trace=futex -o "$tmp/trace" "$@" >/dev/null 2>&1
        awk '/futex\(/ { n++ } END { print n + 0 }' "$tmp/trace"
        ;;
    esac
}

# per_task COUNT FEW MANY WORKLOAD WORKERS FORMAT: "-" if nothing counts it
per_task() {
    less=$("$1" "$program" "$4" "$2" "$5")
    more=$("$1" "$program" "$4" "$3" "$5")
    awk -v less="$less" -v more="$more" -v tasks=$(($3 - $2)) -v format="$6" \
        'BEGIN {
            if (less == "" || more == "") print "-"
            else printf format "\n", (more - less) / tasks
        }'
}

# ---- The tables ----------------------------------------------------------

# applies WORKLOAD: the program can do it, and does it right
applies() {
    "$program" "$1" 1 1 >/dev/null 2>&1
    case $? in
    0) return 0 ;;
    77) return 1 ;;
    esac
    echo "account.sh: $program $1 failed" >&2
    failed=1
    return 1
}

# for_each ACCOUNT ROW...: of each program that is here
for_each() {
    account=$1
    shift
    for row in "$@"; do
        for name in $names; do
            program=$dir/bench_$name
            if [ -x "$program" ] && applies "${row%/*}"; then
                $account "$name" "${row%/*}" "${row#*/}"
            fi
        done
    done
}

# account_task NAME WORKLOAD WORKERS
account_task() {
    cost=$(per_task instructions 5000 25000 "$2" "$3" %.0f)
    calls=$(per_task futexes 20000 220000 "$2" "$3" %.4f)
    echo "| $2/$3 | $1 | $cost | $calls |"
}

# account_growth NAME WORKLOAD N: bursts of N, and one before them
account_growth() {
    cost=$(instructions "$program" "$2" "$3" 2 |
        awk -v n="$3" '{ printf "%.0f", $1 / (1000000 + n) }')
    echo "| $2, $3 tasks | $1 | ${cost:--} |"
}

names=$*
if [ $growth = yes ]; then
    echo '| workload | program | instructions |'
    echo '|---|---|---|'
    for_each account_growth w9n/10000 w9n/100000 w9n/1000000
else
    echo "Futex calls are counted by $counter."
    echo
    echo '| workload/workers | program | instructions | futex calls |'
    echo '|---|---|---|---|'
    for_each account_task w1a/1 w1a/2 w1b/1 w1b/2 w1c/1 w1c/2 w1d/1 w1d/2 \
        w4/2 w4/8
fi
exit $failed
