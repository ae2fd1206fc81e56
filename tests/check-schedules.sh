#!/bin/sh
# check-schedules.sh - race the calls against each other, in chosen orders
#
# Compiles the library and tests/sched so that each lock, atomic and access
# calls the scheduler of tests/sched, whatever the tree was configured with,
# and runs each scenario with the seeds below $SEEDS.  Then it plants each bug
# of tests/sched/bugs into a copy of the library and fails unless one of the
# scenarios that the patch names finds it.
#
#   SEEDS=n        how many for each scenario (1000)
#   SEED=k         this one only: it runs the same again
#   SCENARIO=name  only this one, or several; without planted bugs
#   BUG=name       only this planted bug
#   TRACE=1        with SEED: show each step
#
# Reads CC, top_srcdir, top_builddir (for config.h).  Exits with 77 where the
# scheduler cannot work.
#
# SPDX-License-Identifier: MIT

CC=${CC:-cc}
top_srcdir=$(cd "${top_srcdir:-.}" && pwd) || exit 1
top_builddir=$(cd "${top_builddir:-.}" && pwd) || exit 1
sched=$top_srcdir/tests/sched

dir=$(mktemp -d) || exit 1
test -n "$KEEP" || trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

die()
{
    echo "schedules: $*" >&2
    exit 1
}

skip()
{
    echo "schedules: skipped: $*"
    exit 77
}

test -f "$top_builddir/config.h" || die "no config.h in $top_builddir"
cd "$dir" || exit 1

# ---- Compile ----------------------------------------------------------------

# shellcheck disable=SC2086 # CC may have arguments
compile()
{
    $CC -std=gnu11 -g -O1 -fno-omit-frame-pointer -fno-pie -fno-exceptions \
        -fasynchronous-unwind-tables -pthread -DHAVE_CONFIG_H -DAC_DEBUG=1 \
        -U_FORTIFY_SOURCE \
        -I"$top_builddir" -I"$top_srcdir/include" "$@"
}

# objects FOLDER SOURCE...: in that folder, two at a time
objects()
{
    folder=$1
    shift
    mkdir -p "$folder" || return
    for source in "$@"; do
        echo "$source"
    done >"$folder/sources"
    sed -n 'n;p' "$folder/sources" >"$folder/second"
    sed -n 'p;n' "$folder/sources" >"$folder/first"
    # shellcheck disable=SC2046
    (cd "$folder" && compile $flags -c $(cat second)) &
    # shellcheck disable=SC2046
    (cd "$folder" && compile $flags -c $(cat first)) || return
    wait $!
}

cat >probe.c <<'END_OF_PROBE'
#include <stdatomic.h>
#include <ucontext.h>
#ifndef __linux__
#error not Linux
#endif
static atomic_int word;
int
main(void)
{
    ucontext_t here;
    _Static_assert(sizeof(void *) == 8, "64 bits");
    return getcontext(&here) + atomic_load(&word);
}
END_OF_PROBE
compile -fsanitize=thread -c probe.c 2>probe.err ||
    skip "it wants Linux, 64 bits and a compiler that knows -fsanitize=thread"

flags=
objects engine "$sched"/atomics.c "$sched"/choose.c "$sched"/fiber.c "$sched"/main.c \
    "$sched"/memory.c "$sched"/objects.c "$sched"/report.c "$sched"/tsan.c ||
    die "the scheduler does not compile"
objects wrap "$sched"/wrap_*.c || die "the wrappers do not compile"
flags="-fsanitize=thread -I$top_srcdir/lib"
objects run "$sched"/run_*.c "$sched"/tasks.c ||
    die "the scenarios do not compile"
objects lib "$top_srcdir"/lib/*.c || die "the library does not compile"

wrap=$(sed -n 's/^__wrap_\([a-z_0-9]*\)(.*/-Wl,--wrap=\1/p' \
    "$sched"/wrap_*.c "$sched"/fiber.c | tr '\n' ' ')

# link LIB PROGRAM: joined first, so that the scheduler keeps the real calls.
# shellcheck disable=SC2086
link()
{
    $CC -no-pie -r -nostdlib "$1"/*.o run/*.o wrap/*.o $wrap -o "$2.o" &&
        $CC -no-pie -pthread "$2.o" engine/*.o -o "$2"
}
link lib schedules || die "the program cannot be linked"

# ---- Run --------------------------------------------------------------------

SEEDS=${SEEDS:-1000}
if test -n "${SEED-}"; then
    # shellcheck disable=SC2086
    ./schedules ${TRACE:+--trace} --seed "$SEED" ${SCENARIO-}
    exit
fi
# shellcheck disable=SC2086
./schedules --seeds "$SEEDS" ${SCENARIO-} || exit 1
