#!/bin/sh
# check-examples: the tutorial programs print what they should
#
# SPDX-License-Identifier: MIT
#
# Nothing here depends on the clock: lines that come in the order of completion
# are compared sorted, and slow tasks are held at a gate by the program itself.

bin=${top_builddir:-.}/examples
LC_ALL=C
export LC_ALL

tmp=$(mktemp -d "${TMPDIR:-/tmp}/check-examples.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT PIPE TERM
failures=0

# Put "1" before what came in time, "2" before "Gave up" and "3" before what
# came later; sort within these.
sort_parts()
{
    awk '/^Gave up/ { print "2 " $0; part = 2; next }
         { print part + 1 " " $0 }' | sort
}

# compare FILTER PROGRAM [ARG...]: with the expected lines on standard input.
compare()
{
    filter=$1
    program=$2
    shift 2
    cat >"$tmp/expected"
    "$bin/$program" "$@" >"$tmp/output"
    status=$?
    $filter <"$tmp/output" >"$tmp/actual"
    if [ $status -ne 0 ]; then
        echo "FAIL: $program $*: exit status $status"
        failures=$((failures + 1))
    elif ! diff "$tmp/expected" "$tmp/actual"; then
        echo "FAIL: $program $*: see above, < expected, > actual"
        failures=$((failures + 1))
    else
        echo "ok: $program $*"
    fi
}

for unit in 0 1; do
    for name in ten_tasks ten_futures; do
        compare sort $name 7 $unit <<'END'
>got 0
>got 0.6921058974694461
>got 0.8182395338080823
>got 0.9556595382746309
>got 1.065517859533429
>got 1.813151643611491
>got 2.254410808905959
>got 2.417312555015087
>got 6.386531134368852
>got 7.850571494549513
END
    done
done

compare sort_parts timeout --hold 7 1 <<'END'
1 >got 0
1 >got 0.6921058974694461
1 >got 0.8182395338080823
1 >got 1.065517859533429
1 >got 2.254410808905959
1 >got 2.417312555015087
2 Gave up after timeout
END

compare sort_parts timeout --resume --hold 7 1 <<'END'
1 >got 0
1 >got 0.6921058974694461
1 >got 0.8182395338080823
1 >got 1.065517859533429
1 >got 2.254410808905959
1 >got 2.417312555015087
2 Gave up after timeout
3 >got 0.9556595382746309
3 >got 1.813151643611491
3 >got 6.386531134368852
3 >got 7.850571494549513
END

compare sort failure 7 0 <<'END'
>failed 7: Something bad happened
>failed 7: Something bad happened
>failed 7: Something bad happened
>failed 7: Something bad happened
>got 0
>got 0.6921058974694461
>got 0.8182395338080823
>got 1.065517859533429
>got 2.254410808905959
>got 2.417312555015087
END

compare cat duration_mistake 1000000 <<'END'
with a duration: Gave up after timeout
with ac_deadline_in_ms(): >got the result
END

for workers in 0 1 2 8; do
    compare cat fib 15 $workers <<'END'
fib(15) = 610
END
done

# Whatever the width, the results come in the order of the inputs.
for width in 1 3 64; do
    compare cat bounded_map 9 $width 1000000000 <<'END'
1: 0 steps
2: 1 steps
3: 7 steps
4: 2 steps
5: 5 steps
6: 8 steps
7: 16 steps
8: 3 steps
9: 19 steps
END
done

# One hangs until the deadline.  How many others are finished by then depends
# on the machine, but not that each has its line.
"$bin/bounded_map" --hold 7 200 5 50 >"$tmp/output"
status=$?
if [ $status -ne 1 ] || ! awk -F ': ' '
    $1 != NR || $2 !~ /^(not finished|[0-9]+ steps)$/ { bad = 1 }
    $1 == 7 && $2 != "not finished" { bad = 1 }
    END { exit bad || NR != 200 }' "$tmp/output"; then
    echo "FAIL: bounded_map --hold: exit status $status, and:"
    cat "$tmp/output"
    failures=$((failures + 1))
fi

for program in ten_tasks ten_futures timeout failure duration_mistake fib \
    bounded_map; do
    if "$bin/$program" one 2>"$tmp/error"; then
        echo "FAIL: $program accepts an argument that is not a number"
        failures=$((failures + 1))
    elif ! grep usage "$tmp/error" >/dev/null; then
        echo "FAIL: $program does not tell how to use it:"
        cat "$tmp/error"
        failures=$((failures + 1))
    fi
done

[ $failures -eq 0 ]
