#!/bin/sh
# check-exports.sh - the header's functions, the symbol map, the NAME sections
# of the manual and what the shared library exports are one list
# SPDX-License-Identifier: MIT

: "${srcdir:=.}" "${builddir:=.}" "${NM:=nm}"
header=$srcdir/include/ascompleted.h
map=$srcdir/lib/libascompleted.map
so=$builddir/lib/.libs/libascompleted.so
LC_ALL=C
export LC_ALL
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
rc=0

# compare A B WHAT: the same lines, or say which differ
compare() {
    if ! diff "$work/$1" "$work/$2" >"$work/diff"; then
        echo "check-exports: $3 (< $1 only, > $2 only):"
        grep '^[<>]' "$work/diff"
        rc=1
    fi
}

# Functions are what follows AC_API, up to the parenthesis.
awk -f "$srcdir/tests/plain-c.awk" "$header" | tr '\n' ' ' | tr ';' '\n' |
    grep -v '# *define AC_API[^(]*$' |
    sed -n 's/.*AC_API [^(]*[ *]\(ac_[a-z0-9_]*\) *(.*/\1/p' |
    sort -u >"$work/header"
sed -n 's/^ *\(ac_[a-z0-9_]*\);$/\1/p' "$map" >"$work/map-as-written"
sort -u "$work/map-as-written" >"$work/map"
compare map-as-written map "the map is not alphabetical"
compare header map "header and map differ"

# A node is named for its release, and hides all else.
grep -q '^ASCOMPLETED_[0-9.]* {$' "$map" && grep -q '^ *\*;$' "$map" || {
    echo "check-exports: $map: no node, or no 'local: *'"
    rc=1
}

for page in "$srcdir"/man/*.3; do
    [ -f "$page" ] || continue
    awk '/^\.SH/ { name = ($2 == "NAME"); next } name { print }' "$page" |
        sed 's/\\-.*//' | tr -c 'a-z0-9_' '\n' | grep '^ac_'
done | sort >"$work/man-as-written"
sort -u "$work/man-as-written" >"$work/man"
compare man-as-written man "named on two pages"
compare header man "header and manual differ"

if [ -f "$so" ]; then
    # The node itself is an absolute symbol of its own name.
    "$NM" -D --defined-only "$so" | awk '{ print $NF }' | sed 's/@.*//' |
        grep -v '^ASCOMPLETED_[0-9.]*$' | sort -u >"$work/library"
    compare header library "header and library differ"
else
    echo "check-exports: no $so: exports not looked at"
    [ $rc -eq 0 ] && exit 77
fi
[ -s "$work/header" ] || rc=1
[ $rc -eq 0 ] && echo "check-exports: $(wc -l <"$work/header") functions"
exit $rc
