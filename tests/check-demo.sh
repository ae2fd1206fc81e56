#!/bin/sh
# check-demo: show checksum on a real tree, then the tutorial programs
#
# SPDX-License-Identifier: MIT
#
# usage: check-demo.sh [TREE]
#
# Fails if the output differs from that of sha256sum, or a program fails.

bin=${top_builddir:-.}/examples
LC_ALL=C
export LC_ALL

tmp=$(mktemp -d "${TMPDIR:-/tmp}/check-demo.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT PIPE TERM
failures=0

# The larger one of two trees that most systems have.
choose_tree()
{
    du -sk /usr/include /usr/share/doc 2>/dev/null | sort -rn | head -n 1 |
        cut -f 2
}

show()
{
    program=$1
    shift
    echo "\$ $program $*"
    "$bin/$program" "$@" || {
        echo "FAIL: $program: exit status $?"
        failures=$((failures + 1))
    }
    echo
}

if [ -x "$bin/checksum" ] && sha256sum </dev/null >/dev/null 2>&1; then
    tree=${1:-$(choose_tree)}
    echo "\$ checksum $tree | sort >ours"
    "$bin/checksum" "$tree" >"$tmp/ours" || {
        echo "FAIL: checksum: exit status $?"
        failures=$((failures + 1))
    }
    sort -o "$tmp/ours" "$tmp/ours"
    echo "\$ find $tree -type f -print0 | xargs -0 sha256sum | sort >theirs"
    find "$tree" -type f -print0 | xargs -0 sha256sum -- | sort >"$tmp/theirs"
    echo "\$ cmp ours theirs"
    if cmp "$tmp/ours" "$tmp/theirs"; then
        echo "the same: $(wc -l <"$tmp/ours" | tr -d ' ') lines"
    else
        echo "FAIL: they differ: < sha256sum, > checksum"
        diff "$tmp/theirs" "$tmp/ours" | head -n 20
        failures=$((failures + 1))
    fi
    echo
else
    echo "checksum is left out: it needs libgcrypt, and sha256sum to compare"
    echo
fi

unit=300 # ms
show ten_tasks 1 $unit
show ten_futures 1 $unit
show timeout 1 $unit
show timeout --resume 1 $unit
show failure 1 $unit
show duration_mistake 5000
for workers in 1 2 8; do
    show fib 20 $workers
done

[ $failures -eq 0 ]
