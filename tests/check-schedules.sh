#!/bin/sh
# check-schedules.sh - race the calls against each other, in chosen orders
#
# Compiles the library and tests/sched so that each lock, atomic and access
# calls the scheduler of tests/sched, whatever the tree was configured with,
# and runs each scenario with the seeds below $SEEDS.  Then it plants each bug
# of tests/sched/bugs into a copy of the library, and fails unless one of the
# scenarios that its patch names finds it, and finds it again by the seed.
#
#   SEEDS=n        how many for each scenario (1000)
#   SEED=k         this one only: it runs the same again
#   SCENARIO=name  only this one, or several; without planted bugs
#   BUG=name       only this planted bug, or several; no scenarios
#   TRACE=1        with SEED: show each step
#   CHUNKS=1       futures come from chunks, as in a library that is installed;
#                  else each is an allocation of its own, so that its use after
#                  its end is seen; without it, a quarter of the seeds has them
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
trap 'rm -rf "$dir"' EXIT
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

# Calls that mean the same whoever runs: they neither wait nor tell of another
# thread.  What else the library calls must be wrapped.
harmless='__errno_location _GLOBAL_OFFSET_TABLE_ __sched_cpucount __sysconf
getpid memcpy memmove memset snprintf strchr strcmp strlen strncmp strrchr
strtok_r strtol strtoll sysconf __isoc23_strtol __isoc23_strtoll
__sigsetjmp _setjmp longjmp sigdelset sigfillset
pthread_attr_destroy pthread_attr_init pthread_attr_setstacksize
pthread_condattr_destroy pthread_condattr_init pthread_condattr_setclock
pthread_mutexattr_destroy pthread_mutexattr_init pthread_mutexattr_settype'

# ---- Compile ----------------------------------------------------------------

# A few tasks are many in here (pace.c, outbox.h, next.c).
# shellcheck disable=SC2086 # CC may have arguments
compile()
{
    $CC -std=gnu11 -g -O1 -fno-omit-frame-pointer -fno-pie -fno-exceptions \
        -fasynchronous-unwind-tables -pthread -DHAVE_CONFIG_H -DAC_DEBUG=1 \
        -DACI_TASK_NS=50000 -DACI_OUTBOX_SIZE=3 -DACI_FEW=4 -U_FORTIFY_SOURCE \
        -I"$top_builddir" -I"$top_srcdir/include" -I"$top_srcdir/lib" "$@"
}

# two_at_once COMMAND WORD...: COMMAND with each half of the words
two_at_once()
{
    command=$1 first='' second=''
    shift
    while test $# -gt 0; do
        first="$first $1"
        second="$second ${2-}"
        shift
        test $# -eq 0 || shift
    done
    # shellcheck disable=SC2086
    $command $second &
    pid=$!
    # shellcheck disable=SC2086
    $command $first
    rc=$?
    wait $pid && test $rc -eq 0
}

# objects FOLDER FLAGS SOURCE...
objects()
{
    folder=$1 flags=$2
    shift 2
    mkdir -p "$folder"
    two_at_once compile_in "$@"
}

# shellcheck disable=SC2086
compile_in()
{
    test $# -eq 0 || (cd "$folder" && compile $flags -c "$@")
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

instrument="-fsanitize=thread -MMD"
objects engine '' "$sched"/atomics.c "$sched"/choose.c "$sched"/fiber.c \
    "$sched"/main.c "$sched"/memory.c "$sched"/objects.c "$sched"/report.c \
    "$sched"/tsan.c || die "the scheduler does not compile"
objects wrap '' "$sched"/wrap_*.c || die "the wrappers do not compile"
objects run "$instrument" "$sched"/run_*.c "$sched"/tasks.c ||
    die "the scenarios do not compile"
objects lib "$instrument" "$top_srcdir"/lib/*.c ||
    die "the library does not compile"

wrapped=$(sed -n 's/^__wrap_\([a-z_0-9]*\)(.*/\1/p' "$sched"/*.c)
wrap=$(for name in $wrapped; do printf '%s' "-Wl,--wrap=$name "; done)

if command -v nm >/dev/null; then
    nm -g lib/*.o | awk 'NF == 3 { print $3 }' >defined
    for name in $wrapped $harmless; do echo "$name"; done >known
    unknown=$(nm -u lib/*.o | awk 'NF == 2 { print $2 }' | sort -u |
        grep -v -e '^__tsan_' | grep -v -x -F -f defined -f known |
        tr '\n' ' ')
    test -z "$unknown" || die "neither wrapped nor harmless: $unknown"
fi

# link FOLDER PROGRAM: joined first, so that the scheduler keeps the real calls
# shellcheck disable=SC2086
link()
{
    $CC -r -nostdlib "$1"/*.o run/*.o wrap/*.o $wrap -o "$2.o" &&
        $CC -no-pie -pthread "$2.o" engine/*.o -o "$2" && rm -f "$2.o"
}

# ---- The scenarios ----------------------------------------------------------

if test -z "${BUG-}"; then
    link lib schedules || die "the program cannot be linked"
    objects chunks "$instrument -DACI_PLAIN_ALLOC=0" "$top_srcdir"/lib/*.c &&
        link chunks in_chunks || die "the program with chunks cannot be made"
    test -z "${CHUNKS-}" || cp in_chunks schedules
    if test -n "${SEED-}"; then
        # shellcheck disable=SC2086
        ./schedules ${TRACE:+--trace} --seed "$SEED" ${SCENARIO-}
        exit
    fi
    # shellcheck disable=SC2086
    ./schedules --seeds "${SEEDS:-1000}" ${SCENARIO-} || exit
    # shellcheck disable=SC2086
    ./in_chunks --seeds $((${SEEDS:-1000} / 4)) ${SCENARIO-} >chunks.out || {
        cat chunks.out
        echo "schedules: this was with CHUNKS=1"
        exit 1
    }
    test -z "${SCENARIO-}" || exit 0
fi

# ---- Planted bugs -----------------------------------------------------------

command -v patch >/dev/null || skip "no patch(1) to plant bugs with"

field()
{
    sed -n "s/^$2: //p" "$sched/bugs/$1.patch"
}

# plant BUG: in a copy of the library, as a program of that name
plant()
{
    mkdir -p "$1/lib" "$1/objects" && cp "$top_srcdir"/lib/*.[ch] "$1/lib" &&
        cp lib/*.o "$1/objects" || return
    (cd "$1" && patch -p1 -s -F1 <"$sched/bugs/$1.patch") >"$1.log" 2>&1 || {
        echo "ROTTEN $1: its patch does not apply any more"
        return 1
    }
    for file in $(sed -n 's,^+++ b/lib/,,p' "$sched/bugs/$1.patch"); do
        for object in $(grep -l "/lib/$file" lib/*.d); do
            object=${object##*/}
            compile -fsanitize=thread -c "$1/lib/${object%.d}.c" \
                -o "$1/objects/${object%.d}.o" || return
        done
    done
    link "$1/objects" "$1/found"
}

# The first failure of its scenarios, and the same one again.
find_bug()
{
    plant "$1" || {
        echo "FAIL $1: cannot be planted"
        return 1
    }
    # shellcheck disable=SC2046
    "$1/found" --seeds "$(field "$1" Seeds)" $(field "$1" Scenarios) \
        >"$1.log" 2>&1
    found=$(grep '^FAIL ' "$1.log")
    test -n "$found" || {
        echo "FAIL planted bug $1: not found"
        return 1
    }
    seed=${found#*, seed }
    scenario=${found#FAIL }
    again=$("$1/found" --seed "${seed%%,*}" "${scenario%%,*}" 2>&1 |
        grep '^FAIL ')
    test "$found" = "$again" || {
        echo "FAIL planted bug $1: $found, but not again: $again"
        return 1
    }
    echo "$1: ${found#FAIL }"
    rm -rf "$1"
}

find_bugs()
{
    worse=0
    for bug in "$@"; do
        find_bug "$bug" || worse=1
    done
    return $worse
}

bugs=${BUG:-$(cd "$sched/bugs" && ls ./*.patch | sed 's,^\./,,; s,\.patch$,,')}
# shellcheck disable=SC2086
two_at_once find_bugs $bugs || die "not all planted bugs are found"
# shellcheck disable=SC2086
echo "schedules: $(set -- $bugs && echo $#) planted bugs found"
