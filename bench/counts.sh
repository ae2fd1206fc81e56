#!/bin/sh
# counts.sh - locks, atomic steps, allocations, sleeps and wakes of a task
# SPDX-License-Identifier: MIT
#
# usage: counts.sh
#
# Compiles the library so that counts.c is called for all of these, links
# bench_ac with it, and prints what a task needs: from the difference of two
# runs of different length, so that what starting and stopping costs cancels
# out.  The columns:
#   locks        mutexes locked
#   blocked      ... of which another thread had them
#   changes      atomic operations that write: exchanges, additions, and stores
#                that are sequentially consistent; each mutex has two more
#   allocations  by calloc() or posix_memalign()
#   waits, wakes on condition variables
#
# Reads CC, top_srcdir, top_builddir (for config.h).  Exits with 77 where the
# compiler cannot do this.

LC_ALL=C
export LC_ALL
CC=${CC:-cc}
top_srcdir=$(cd "${top_srcdir:-.}" && pwd) || exit 1
top_builddir=$(cd "${top_builddir:-.}" && pwd) || exit 1
dir=$(mktemp -d "${TMPDIR:-/tmp}/counts.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT PIPE TERM
cd "$dir" || exit 99

# shellcheck disable=SC2086 # CC may have arguments
compile() {
    $CC -std=gnu11 -O2 -pthread -DHAVE_CONFIG_H -DACI_PLAIN_ALLOC=0 \
        -I"$top_builddir" -I"$top_srcdir/include" -I"$top_srcdir/lib" \
        -I"$top_srcdir/bench" "$@"
}

mkdir lib bench
(cd lib && compile -fsanitize=thread -c "$top_srcdir"/lib/*.c) || exit 77
(cd lib && compile -c "$top_srcdir/bench/counts.c") || exit 1
(cd bench && compile -c "$top_srcdir/bench/bench.c" \
    "$top_srcdir/bench/crew.c" "$top_srcdir/bench/bench_ac.c") || exit 1
wrap=$(sed -n 's/^__wrap_\([a-z_]*\)(.*/-Wl,--wrap=\1/p' \
    "$top_srcdir/bench/counts.c")
# Joined first, so that only the library's calls are counted.
# shellcheck disable=SC2086
$CC -r -nostdlib lib/*.o $wrap -o lib.o &&
    $CC -pthread lib.o bench/*.o -lm -o bench_ac || exit 77

# counts WORKLOAD N WORKERS PARAM: one count a line
counts() {
    ./bench_ac "$@" 2>&1 >/dev/null | awk '/^counts / { print $2, $3 }'
}

# row WORKLOAD WORKERS FEW MANY [PARAM]; W7 counts calls, of which there are
# two for each number of the series
row() {
    counts "$1" "$3" "$2" "${5-0}" >few
    counts "$1" "$4" "$2" "${5-0}" >many
    paste few many | awk -v row="$1/$2" -v few="$3" -v many="$4" '
        function calls(n) { return n < 2 ? 1 : 1 + calls(n - 1) + calls(n - 2) }
        BEGIN {
            tasks = row ~ /^w7/ ? calls(many) - calls(few) : many - few
            printf "| %s ", row
        }
        { printf "| %.3f ", ($4 - $2) / tasks }
        END { print "|" }'
}

echo '| workload/workers | locks | blocked | changes | allocations | waits | wakes |'
echo '|---|---|---|---|---|---|---|'
for workers in 1 2; do
    row w1a $workers 100000 400000
    row w1b $workers 100000 400000 1024
    row w1c $workers 100000 400000 1024
    row w1d $workers 100000 400000 1024
    row w2 $workers 20000 80000
done
row w4 2 100000 400000
row w4 8 100000 400000
row w7 1 15 22
row w7 2 15 22
