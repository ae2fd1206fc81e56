#!/bin/sh
# check-man-examples.sh - the programs of the manual compile without a warning,
# run, and print what they should
# SPDX-License-Identifier: MIT
#
# Each man/examples/NAME.c stands alone; NAME.expected has its output.  One
# without it has no main() and is compiled only.  What it needs beyond POSIX is
# said in NAME.needs: "header NAME" or "package NAME", as pkg-config knows it.
# Where that is missing, the program is left out.

: "${srcdir:=.}" "${CC:=cc}"
: "${top_srcdir:=$srcdir}" "${top_builddir:=.}"
library=$top_builddir/lib/libascompleted.la
libtool=$top_builddir/libtool
rc=0
n=0

if [ ! -f "$library" ] || [ ! -f "$libtool" ]; then
    echo "check-man-examples: no $library: not built yet, skipped"
    exit 77
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

fail() {
    echo "check-man-examples: $*"
    rc=1
}

# The variables hold several words each.
# shellcheck disable=SC2086
compile() {
    $CC -Wall -Wextra ${CFLAGS-} ${INSTR_FLAGS-} -pthread \
        -I"$top_srcdir/include" $needs -c -o "$work/out.o" "$1" \
        2>"$work/said" || return 1
    [ ! -s "$work/said" ]
}

# has NAME: what NAME.needs names is here; its flags go to $needs
has() {
    needs=
    [ -f "$srcdir/man/examples/$1.needs" ] || return 0
    read -r kind what <"$srcdir/man/examples/$1.needs"
    case $kind in
    header)
        echo "#include <$what>" >"$work/probe.c"
        compile "$work/probe.c"
        ;;
    package)
        needs=$("${PKG_CONFIG:-pkg-config}" --cflags "$what" 2>/dev/null)
        ;;
    *) false ;;
    esac
}

# shellcheck disable=SC2086
build() {
    compile "$srcdir/man/examples/$1.c" || return 1
    [ -f "$srcdir/man/examples/$1.expected" ] || return 0
    "$libtool" --silent --tag=CC --mode=link $CC ${CFLAGS-} ${INSTR_FLAGS-} \
        -pthread -no-install -o "$work/$1" "$work/out.o" "$library" \
        >"$work/said" 2>&1
}

for source in "$srcdir"/man/examples/*.c; do
    name=${source##*/}
    name=${name%.c}
    if ! has "$name"; then
        echo "check-man-examples: $name: no $what: left out"
        continue
    fi
    n=$((n + 1))
    if ! build "$name"; then
        fail "$name: $(cat "$work/said")"
        continue
    fi
    if [ ! -f "$srcdir/man/examples/$name.expected" ]; then
        grep -q '^main(' "$source" && fail "$name: no $name.expected"
        continue
    fi
    ${TIMEOUT:+"$TIMEOUT" 60} "$work/$name" >"$work/out" 2>"$work/err"
    status=$?
    if [ $status -ne 0 ]; then
        fail "$name: exit status $status: $(cat "$work/err")"
    fi
    diff "$srcdir/man/examples/$name.expected" "$work/out" ||
        fail "$name: output (>) is not what NAME.expected (<) says"
done
[ $rc -eq 0 ] && echo "check-man-examples: $n programs"
exit $rc
