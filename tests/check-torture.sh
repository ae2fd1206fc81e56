#!/bin/sh
# check-torture.sh [SECONDS] - refuse every call of the library that can fail
#
# Compiles the library and each torture_NAME.c with AddressSanitizer (which
# brings LeakSanitizer) and UndefinedBehaviorSanitizer, whatever the tree was
# configured with, with the calls of torture_wrap.c wrapped at link time; then
# runs all scenarios within that many seconds (120), and fails if they are not
# through by then.
#
# It also holds that every public function is in a scenario, and that the
# library makes no call that is neither wrapped nor known not to fail.
#
# Reads CC, top_srcdir, top_builddir (for config.h).  Exits with 77 if the
# sanitizers don't work here.
#
# SPDX-License-Identifier: MIT

cap=${1:-120}
CC=${CC:-cc}
top_srcdir=$(cd "${top_srcdir:-.}" && pwd) || exit 1
top_builddir=$(cd "${top_builddir:-.}" && pwd) || exit 1
tests=$top_srcdir/tests

# Calls that cannot fail the way the library makes them: what is given to them
# is valid, and they want no resource.  (PTHREAD_STACK_MIN is a __sysconf();
# what is written to is empty.)
cannot_fail='__assert_fail __errno_location __tls_get_addr _GLOBAL_OFFSET_TABLE_
__stack_chk_fail __sched_cpucount clock_gettime
memcpy memmove memset memcmp strchr strrchr strcmp strncmp strlen strtok_r
strtol strtoll strtoul snprintf sigdelset sigfillset
pthread_cond_signal pthread_cond_broadcast pthread_equal pthread_join
pthread_mutex_lock pthread_mutex_trylock pthread_mutex_unlock pthread_self
pthread_setcancelstate
pthread_sigmask sched_getcpu sched_yield __sysconf _setjmp longjmp
pthread_exit __sigsetjmp __pthread_register_cancel __pthread_unregister_cancel
__pthread_unwind_next write getpid
__isoc23_strtol __isoc23_strtoll __isoc23_strtoul'

export ASAN_OPTIONS="detect_leaks=1:handle_abort=1:exitcode=23:\
allocator_may_return_null=1:detect_stack_use_after_return=1"
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export LSAN_OPTIONS=report_objects=1:print_suppressions=0

dir=$(mktemp -d) || exit 1
keep=
trap 'test -n "$keep" || rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

die()
{
    echo "torture: $*" >&2
    exit 1
}

test -f "$top_builddir/config.h" || die "no config.h in $top_builddir"

# shellcheck disable=SC2086 # CC may have arguments
compile()
{
    $CC -std=c11 -g -O1 -fno-omit-frame-pointer -fno-exceptions \
        -fasynchronous-unwind-tables -pthread -DHAVE_CONFIG_H \
        -DACI_PLAIN_ALLOC=0 -DAC_DEBUG=1 -U_FORTIFY_SOURCE \
        -fsanitize=address,undefined -fno-sanitize-recover=all \
        -I"$top_builddir" -I"$top_srcdir/include" -I"$top_srcdir/lib" "$@"
}

cd "$dir" || exit 1

# ---- Do the sanitizers work, and find a leak? ------------------------------

cat >leak.c <<'END'
#include <stdlib.h>
int
main(void)
{
    void *volatile leak = malloc(10);
    leak = NULL;
    (void)leak;
    return 0;
}
END
if ! compile leak.c -o leak 2>leak.err; then
    echo "torture: skipped: $CC cannot link with AddressSanitizer"
    exit 77
fi
./leak 2>leak.err
if test $? != 23 || ! grep -q 'detected memory leaks' leak.err; then
    echo "torture: skipped: LeakSanitizer does not work here"
    exit 77
fi

# ---- Compile, two at a time ------------------------------------------------

mkdir lib driver || exit 1
programs=$(grep -l 'tt_scenarios\[\] = {' "$tests"/torture_*.c |
    sed 's,.*/,,; s,\.c$,,')
half=$(($(ls "$top_srcdir"/lib/*.c | wc -l) / 2))

objects() # FOLDER SOURCE...
{
    (cd "$1" && shift && compile -c "$@")
}

ls "$top_srcdir"/lib/*.c | sed "1,${half}d" >second
# shellcheck disable=SC2046
objects lib $(sed "" second) &
pid=$!
# shellcheck disable=SC2046
objects lib $(ls "$top_srcdir"/lib/*.c | sed "${half}q") ||
    die "the library does not compile"
wait $pid || die "the library does not compile"
objects driver "$tests"/torture.c "$tests"/torture_wrap.c ||
    die "the driver does not compile"

wrapped=$(sed -n 's/^__wrap_\([a-z_0-9]*\)(.*/\1/p' "$tests/torture_wrap.c")
wrap=$(for name in $wrapped; do printf '%s' "-Wl,--wrap=$name "; done)
# Joined first, so that a sanitizer that is linked in keeps its own calls.
# shellcheck disable=SC2086
$CC -r -nostdlib lib/*.o driver/*.o $wrap -o wrapped.o || die "cannot wrap"
for program in $programs; do
    compile "$tests/$program.c" wrapped.o -o "$program" ||
        die "$program does not compile"
done

# ---- Is everything in it? --------------------------------------------------

public=$(sed -n 's/^AC_API [^(]*[ *]\(ac_[a-z_]*\)(.*/\1/p' \
    "$top_srcdir/include/ascompleted.h")
test -n "$public" || die "no public function found in the header"
missing=
for name in $public; do
    grep -qw "$name" "$tests"/torture.c "$tests"/torture_*.c ||
        missing="$missing $name"
done
test -z "$missing" || die "in no scenario:$missing"

if command -v nm >/dev/null; then
    nm -g lib/*.o | awk 'NF == 3 { print $3 }' >defined
    nm -u lib/*.o | awk 'NF == 2 { print $2 }' | sort -u |
        grep -v -e '^__[a-z]*_*asan_' -e '^__ubsan_' -e '^__sanitizer_' |
        grep -v -x -F -f defined >calls
    for name in $wrapped $cannot_fail; do echo "$name"; done >known
    unknown=$(grep -v -x -F -f known calls | tr '\n' ' ')
    test -z "$unknown" ||
        die "neither wrapped nor known not to fail: $unknown"
fi

# ---- Run -------------------------------------------------------------------

start=$(date +%s)
points=0 scenarios=0 failures=0 left_out=0
for program in $programs; do
    left=$((start + cap - $(date +%s)))
    test $left -gt 0 || left=0
    ./"$program" --cap $left >out
    rc=$?
    sed '$d' out
    # The last line: points P scenarios S failures F
    # shellcheck disable=SC2046
    set -- $(sed -n '$p' out)
    if test $# != 6; then
        echo "FAIL $program ended with $rc" >&2
        failures=$((failures + 1))
        continue
    fi
    echo "$program: $2 points in $4 scenarios, $6 failures"
    points=$((points + $2))
    scenarios=$((scenarios + $4))
    failures=$((failures + $6))
    test $rc != 3 || left_out=$((left_out + 1))
done
echo "torture: $points points in $scenarios scenarios, $failures failures"
test $failures = 0 || {
    keep=yes
    echo "torture: the programs to replay with are in $dir" >&2
    exit 1
}
test $left_out = 0 || die "not through after $cap s, see what was left out"
exit 0
