#!/bin/sh
# check-version.sh - NEWS, header, configure, pkg-config file and map speak of
# the same version
# SPDX-License-Identifier: MIT

: "${srcdir:=.}" "${builddir:=.}"
header=$srcdir/include/ascompleted.h
rc=0

# same WHAT VERSION: it is the header's
same() {
    if [ "$2" != "$version" ]; then
        echo "check-version: $1 says '$2', the header '$version'"
        rc=1
    fi
}

number() { sed -n "s/^#define AC_VERSION_$1 \([0-9]*\)\$/\1/p" "$header"; }

version=$(sed -n 's/^#define AC_VERSION "\(.*\)"$/\1/p' "$header")
if [ -z "$version" ]; then
    echo "check-version: no AC_VERSION in $header"
    exit 1
fi
same "AC_VERSION_MAJOR.MINOR.PATCH" \
    "$(number MAJOR).$(number MINOR).$(number PATCH)"
# VERSION comes from configure; run by hand, there is none.
[ -n "${VERSION-}" ] && same "configure (run ./bootstrap again)" "$VERSION"
if [ -f "$builddir/lib/ascompleted.pc" ]; then
    same "ascompleted.pc" \
        "$(sed -n 's/^Version: //p' "$builddir/lib/ascompleted.pc")"
fi
same "the first version in NEWS" \
    "$(sed -n 's/.*[^0-9.]\([0-9]*\.[0-9]*\.[0-9]*\).*/\1/p' \
        "$srcdir/NEWS" | sed 1q)"
# The newest node is the last one.
node=$(sed -n 's/^ASCOMPLETED_\([0-9.]*\) {$/\1/p' \
    "$srcdir/lib/libascompleted.map" | tail -n 1)
same "the last node of the map" "$node.${version##*.}"
[ $rc -eq 0 ] && echo "check-version: $version everywhere"
exit $rc
