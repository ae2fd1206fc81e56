# gateway-load.sh - the gateway under load, for check-gateway.sh --long
# SPDX-License-Identifier: MIT
#
# To be sourced after gateway-tools.sh.
#
# under_load: SIGTERM under load; then, with a deadline of 100 ms, one of five
# backends that hangs, and a rate that keeps about half of the processors busy:
# by the gateway's own histogram, 99 of 100 replies are out 10 ms after their
# deadline or earlier, in the best of three runs.  Beside it stands what the
# client saw.  The first seconds are left out: many clients that start and
# open all connections at once are no fixed rate.
#
# sanitized: all of the short form, and SIGTERM under load, with a gateway built
# with AddressSanitizer (which brings LeakSanitizer) and UBSan.
#
# shellcheck shell=sh disable=SC2034,SC2086,SC2154

PKG_CONFIG=${PKG_CONFIG:-pkg-config}
CLIENTS=16 # of them, started one after the other: one alone asks in bursts
WARM_SECONDS=2
RUN_SECONDS=10
GOAL_MS=10

# ---- Processor time -------------------------------------------------------

# Ticks used so far by the gateway, the backends and the clients.
ticks()
{
    for pid in $gateway_pid $backend_pids $load_pids; do
        cat "/proc/$pid/stat"
    done | awk '{ sub(/^.*\) /, ""); n += $12 + $13 } END { print n }'
}

# calc EXPRESSION: in awk, with decimals
calc()
{
    awk "BEGIN { print $1 }"
}

# ---- Load -----------------------------------------------------------------

hey_works()
{
    if ! command -v hey >/dev/null 2>&1; then
        echo 'SKIP: there is no hey to make load with'
        return 1
    elif [ ! -r /proc/self/stat ]; then
        echo 'SKIP: no /proc to measure the load with'
        return 1
    fi
}

# load RATE SECONDS: so many requests in each second; what the clients saw goes
# to client.*, a line for each answer with its time and, in field 7, status
load()
{
    each=$(calc "int(($1 + 5 * $CLIENTS - 1) / (5 * $CLIENTS))")
    i=0
    load_pids=
    while [ $i -lt $CLIENTS ]; do
        hey -z "$2s" -c "$each" -q "$(calc "$1 / $CLIENTS / $each")" \
            -o csv "$url/" >"$tmp/client.$i" 2>&1 &
        load_pids="$load_pids $!"
        sleep "$(calc "1 / 5 / $CLIENTS")"
        i=$((i + 1))
    done
}

wait_load()
{
    wait $load_pids
    cat "$tmp"/client.* | grep '^[0-9]' >"$tmp/client"
}

# client_ms PERCENT: so many of the client's answers took no longer
client_ms()
{
    awk -F , -v from=$WARM_SECONDS '$8 >= from { print $1 }' "$tmp/client" |
        sort -n | awk -v p="$1" '{ t[NR] = $1 }
            END { printf "%.1f", 1000 * t[int((NR * p + 99) / 100)] }'
}

# late_ms PERCENT: the bound of the histogram that so many replies kept, of
# those between the two scrapes
late_ms()
{
    awk -F '[" ]' -v p="$1" '
        !/^gateway_lateness_seconds_bucket/ { next }
        NR == FNR { warm[$2] = $4; next }
        { le[++n] = $2; sum[n] = $4 - warm[$2] }
        END {
            for (i = 1; i < n && sum[i] * 100 < sum[n] * p; i++)
                continue
            print le[i] == "+Inf" ? "more" : le[i] * 1000
        }' "$tmp/metrics.warm" "$tmp/metrics.end"
}

# ---- With sanitizers ------------------------------------------------------

build_sanitized()
{
    set --
    for file in "$top_srcdir"/lib/*.c "$top_srcdir"/examples/gateway/*.c; do
        case $file in
        */toy_backend.c) ;;
        *) set -- "$@" "$file" ;;
        esac
    done
    # shellcheck disable=SC2046
    ${CC:-cc} -std=c11 -g -O1 -fno-omit-frame-pointer -pthread \
        -fsanitize=address,undefined -fno-sanitize-recover=all \
        -DHAVE_CONFIG_H -DAC_DEBUG=1 -I"$top_builddir" \
        -I"$top_srcdir/include" -I"$top_srcdir/lib" \
        $($PKG_CONFIG --cflags libmicrohttpd libcurl) -o "$tmp/sanitized" \
        "$@" $($PKG_CONFIG --libs libmicrohttpd libcurl)
}

# Each request that began is answered, and the clients have all answers.
end_under_load()
{
    gateway --deadline-ms 100 --workers 64 --capacity 500 $five
    load 80 4
    scrape_until gateway_begun_total -gt 80
    began=$(date +%s)
    stop
    took=$(($(date +%s) - began))
    wait_load
    sed 's/^/     /' "$tmp/gateway.err"
    [ $took -le 6 ] || fail "it takes $took s to drain"
    awk -v answers="$(wc -l <"$tmp/client")" -v scrapes="$scrapes" '
        /^gateway: drained/ {
            for (i = 1; i < NF; i++) {
                begun = $(i + 2) == "begun," ? $i : begun
                ended = $(i + 1) == "ended," ? $i : ended
                left = $(i + 1) == "by" ? $i : left
            }
            ok = begun == ended && left == 0 && answers + scrapes == ended
            print "     the clients have " answers ", and " scrapes " scrapes"
        }
        END { exit !ok }' "$tmp/gateway.err" || fail "not all are answered"
}

sanitized()
{
    part=sanitized
    if ! build_sanitized >"$tmp/compiler" 2>&1; then
        cat "$tmp/compiler"
        fail "the gateway with sanitizers does not compile"
        return
    fi
    program=$tmp/sanitized
    short
    if hey_works; then
        start_backends
        part=end_under_load
        end_under_load
        stop
        stop_backends
    fi
    program=$bin/gateway
}

# ---- At a fixed rate ------------------------------------------------------

# measure RATE SECONDS: sets $busy, the share of all processors in use
measure()
{
    load "$1" $((WARM_SECONDS + $2 + 4))
    sleep $WARM_SECONDS
    scrape
    mv "$tmp/metrics" "$tmp/metrics.warm"
    read -r from rest </proc/uptime
    used=$(ticks)
    sleep "$2"
    used=$(($(ticks) - used))
    read -r to rest </proc/uptime
    scrape
    mv "$tmp/metrics" "$tmp/metrics.end"
    busy=$(calc "$used / $(getconf CLK_TCK) / ($to - $from) / $processors")
    wait_load
    settle
}

# run SECONDS: at $rate; the one that hangs needs a tenth of it as workers
run()
{
    gateway --workers $((rate / 5 + 32)) --capacity 4000 $five_load
    measure "$rate" "$1"
}

# The rate of half the processors.  What a request costs depends on the rate,
# so it is approached in steps.
choose_rate()
{
    rate=80
    for step in 1 2 3; do
        run 3
        stop
        rate=$(calc "int($rate * 0.5 / $busy)")
        [ "$rate" -le 2000 ] || rate=2000
    done
}

one_run()
{
    run $RUN_SECONDS
    p99=$(late_ms 99)
    echo "     run $1: $(wc -l <"$tmp/client") answers at $rate/s," \
        "$(calc "int(100 * $busy + 0.5)")% of $processors processors;" \
        "after the deadline: p50 $(late_ms 50) ms, p99 $p99 ms;" \
        "the client's: p50 $(client_ms 50) ms, p99 $(client_ms 99) ms"
    others=$(grep -c -v ',200,[^,]*$' "$tmp/client")
    [ "$others" -eq 0 ] || echo "     $others answers are not 200"
    stop
    [ "$p99" != more ] && [ "$(calc "$p99 <= $GOAL_MS")" = 1 ]
}

fixed_rate()
{
    processors=$(getconf _NPROCESSORS_ONLN)
    five_load="--deadline-ms 100 --hedge-ms 0 --backend $good
        --backend $other --backend $hangs --backend $good/a --backend $other/b"
    choose_rate
    for try in 1 2 3; do
        one_run $try && return
    done
    fail "p99 of (answer time - deadline) is above $GOAL_MS ms in three runs"
}

under_load()
{
    if ! hey_works; then
        return
    elif [ -n "${INSTR_FLAGS-}" ]; then
        echo 'SKIP: the gateway is instrumented: its times tell nothing'
        return
    fi
    start_backends
    for part in end_under_load fixed_rate; do
        before=$failures
        $part
        stop
        [ "$failures" -ne "$before" ] || echo "ok   $part"
    done
    stop_backends
}
