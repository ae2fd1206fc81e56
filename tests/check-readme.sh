#!/bin/sh
# check-readme.sh - what README.md shows in C compiles without a warning
# SPDX-License-Identifier: MIT
#
# Its first example is a part of a function, the header's own; check-man.sh
# compares the two, and test_example.c runs it.  All others stand alone.

: "${srcdir:=.}" "${CC:=cc}"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
rc=0

awk -v dir="$work" '
    /^```$/ { on = 0 }
    on { print >(dir "/" n ".c") }
    /^```c$/ { n++; on = n > 1 }' "$srcdir/README.md"
for snippet in "$work"/*.c; do
    # The variable holds several words.
    # shellcheck disable=SC2086
    if ! $CC -Wall -Wextra -Werror ${CFLAGS-} -pthread -I"$srcdir/include" \
        -c -o "$work/out.o" "$snippet"; then
        echo "check-readme: this does not compile:"
        cat "$snippet"
        rc=1
    fi
done
[ $rc -eq 0 ] && echo "check-readme: $(ls "$work" | grep -c 'c$') examples"
exit $rc
