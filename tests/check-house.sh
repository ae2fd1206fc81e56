#!/bin/sh
# check-house.sh - no file over 500 lines, no function over 60, no unfinished
# work, the license in every file, and every file in the makefile
# SPDX-License-Identifier: MIT

: "${srcdir:=.}"
cd "$srcdir" || exit 99
rc=0

fail() {
    echo "check-house: $*"
    rc=1
}

# The brackets keep these words out of this file.
unfinished='(^|[^A-Za-z])(TO[D]O|FIX[M]E|X[X]X|HA[C]K)([^A-Za-z]|$)'

files='include/*.h lib/*.[ch] tests/*.[ch] tests/*.cc tests/*.sh
    tests/sched/*.[ch] tests/consumer/* examples/*.c examples/*/*.[ch]
    man/examples/*.c
    bench/*.[ch]'
for file in $files; do
    [ -f "$file" ] || continue
    lines=$(wc -l <"$file")
    most=500
    [ "$file" != include/ascompleted.h ] || most=700 # all of the API, read once
    [ "$lines" -le $most ] || fail "$file has $lines lines: $most at most"
    head -n 60 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
        fail "$file: no SPDX-License-Identifier"
    grep -nE "$unfinished" "$file" /dev/null && fail "$file: unfinished work"
done

# A function starts at the line that names it, in column 1, and ends with the
# brace in column 1.
for file in include/*.h lib/*.[ch] tests/*.[ch] tests/sched/*.[ch] \
    examples/*.c examples/*/*.c man/examples/*.c bench/*.[ch]; do
    [ -f "$file" ] || continue
    awk '
        /^[A-Za-z_][a-zA-Z0-9_ *]*\(/ { start = NR; name = $0 }
        /^\{/ { open = 1 }
        /^\}/ && open {
            length_ = NR - start + 1
            if (length_ > 60) {
                sub(/\(.*/, "", name)
                printf "check-house: %s:%d: %s() has %d lines: 60 at most\n",
                    FILENAME, start, name, length_
                bad = 1
            }
            open = 0
        }
        END { exit bad }' "$file" || rc=1
done

# What the makefile does not name is neither built nor packed.
for file in lib/*.[ch] tests/*.[ch] tests/*.sh tests/*.awk tests/*.cc \
    tests/sched/*.[ch] tests/consumer/* examples/*.[ch] examples/*/*.[ch] \
    man/*.[1-9] \
    bench/*.[ch]; do
    [ -f "$file" ] || continue
    grep -qF -e "$file" Makefile.am ||
        grep -qE "^ +${file%.c}( |\$)" Makefile.am ||
        fail "$file is not in Makefile.am"
done
[ $rc -eq 0 ] && echo "check-house: in order"
exit $rc
