#!/bin/sh
# check-layering.sh - includes in lib/ only go down, and each dangerous tool
# stays in the files that are made for it
# SPDX-License-Identifier: MIT

: "${srcdir:=.}"
cd "$srcdir" || exit 99
plain=$(mktemp -d) || exit 99
trap 'rm -rf "$plain"' EXIT
rc=0

# ---- The layers: what a file is called, and where it stands --------------

layer_of() {
    case $1 in
    port|park|clock|mem|cpus|list|fork|spin|version) echo 0 ;;
    refcount|pollable|slab|cache|set|owner|attr|inbox|outbox) echo 1 ;;
    waiter|frame|future|promise|due) echo 2 ;;
    iter|next|add|abandon|as_completed|wait|result|callback) echo 3 ;;
    pool|worker|run|runq|nest|pace|lookout|intake|room|shutdown|stats) echo 4 ;;
    submit) echo 5 ;;
    *) echo none ;;
    esac
}

# Files that may name an explicit memory order.
order_files="refcount.h|future.h|future.c|nest.c|outbox.h|slab.c|spin.c|stats.c"

# ---- Arrows --------------------------------------------------------------

fail() {
    echo "check-layering: $*"
    rc=1
}

for file in lib/*.[ch] tests/*.[ch]; do
    mkdir -p "$plain/${file%/*}"
    awk -f tests/plain-c.awk "$file" >"$plain/$file"
done
cd "$plain" || exit 99

for file in lib/*.[ch]; do
    name=${file##*/}
    from=$(layer_of "${name%.?}")
    if [ "$from" = none ]; then
        fail "$file is in no layer: add it to layer_of() in this script"
        continue
    fi
    for header in $(sed -n 's/^ *# *include "\(.*\)".*/\1/p' "$file"); do
        case $header in
        config.h|ascompleted.h) continue ;;
        esac
        to=$(layer_of "${header%.h}")
        if [ "$to" = none ]; then
            fail "$file includes $header, which is in no layer"
        elif [ "$to" -gt "$from" ]; then
            fail "$file (layer $from) includes $header (layer $to): upwards"
        fi
    done
done

# ---- Tools and their files -----------------------------------------------

# only PATTERN FILES WORD: PATTERN occurs in lib/ in these files at most
only() {
    found=$(grep -nE "$1" lib/*.[ch] | grep -vE "^lib/($2):")
    [ -z "$found" ] || fail "$3:
$found"
}

only 'pthread_cond_' 'park\.[ch]' \
    'condition variables belong to park'
only 'memory_order|__ATOMIC_' "$order_files" \
    'an explicit memory order belongs to few files'
only 'timespec|clock_gettime|<time\.h>' '(clock|park)\.[ch]' \
    'timespec belongs to clock and park'
only 'pthread_(create|join|mutex_init|mutex_lock|sigmask)' 'port\.[ch]' \
    'threads and mutexes belong to port'
only '(^|[^_a-z])(malloc|calloc|realloc|aligned_alloc|free) *\(' 'mem\.[ch]' \
    'memory belongs to mem'
only '(^|[^_a-z])(v?f?printf|f?puts|putchar|perror|abort|exit) *\(' none \
    'the library neither prints nor ends the program'
only '(^|[^_a-z])(getenv|atexit|u?sleep|nanosleep) *\(' none \
    'no environment, no exit handlers, no naps'

# ThreadSanitizer misreads these, or systems lack them.
banned='atomic_(thread|signal)_fence|__sync_synchronize|<threads\.h>'
banned="$banned|(^|[^_a-z])(thrd|mtx|cnd|tss)_[a-z]+ *\\("
banned="$banned|pthread_[a-z_]*clock(lock|wait|rdlock|wrlock)"
found=$(grep -nE "$banned" lib/*.[ch] tests/*.[ch])
[ -z "$found" ] || fail "fences, C11 threads and clock locks are banned:
$found"
naps='(^|[^_a-z])(u?sleep|nanosleep|clock_nanosleep|thrd_sleep) *\('
found=$(grep -nE "$naps" tests/*.[ch])
[ -z "$found" ] || fail "tests use latches, they never sleep:
$found"

[ $rc -eq 0 ] && echo "check-layering: $(ls lib/*.[ch] | wc -l) files"
exit $rc
