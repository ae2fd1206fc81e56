#!/bin/sh
# check-gateway: examples/gateway keeps its deadlines, seen by real clients
#
# SPDX-License-Identifier: MIT
#
# usage: check-gateway.sh [--long|--load|--sanitized]
#
# Starts toy backends (of which one is slow, one hangs and one fails) and the
# gateway on free ports of the loopback.  Bounds on time are generous: a call
# that must not wait for the deadline has one that is far away.
#
# --load: under load at a fixed rate; --sanitized: the short form and some load
# with sanitizers; see gateway-load.sh.  --long: all of it.
#
# shellcheck disable=SC2034,SC2086,SC2154
srcdir=${srcdir:-.}
top_srcdir=${top_srcdir:-$srcdir}
top_builddir=${top_builddir:-.}
bin=$top_builddir/examples/gateway
LC_ALL=C
export LC_ALL
# shellcheck source=tests/gateway-tools.sh
. "$srcdir/tests/gateway-tools.sh"

# ---- What it answers ------------------------------------------------------

# The slow one is in time, one fails, one hangs.
partial()
{
    gateway --deadline-ms 2000 --hedge-ms 0 $five
    ask /path?a=b
    answered 200 2 15
    body_has '"complete": false, "answers": 3'
    body_has "\"$hangs\", \"outcome\": \"late\""
    body_has "\"$fails\", \"outcome\": \"failed\", \"why\": \"HTTP status 500\""
    body_has "\"$slow\", \"outcome\": \"ok\".* 200 to /path"
    ended partial 1
}

quorum()
{
    gateway --deadline-ms 600000 --quorum 3 $five
    ask /
    answered 200 0 15
    body_has '"complete": true, "answers": 3'
    body_has "\"$hangs\", \"outcome\": \"unneeded\""
    # The call that hangs is stopped long before its deadline.
    ended complete 1
    [ "$(metric 'ac_pool_ended_total{status="canceled"}')" -ge 1 ] ||
        fail "no call is canceled"
}

# The first hangs: after the hedge time a spare is asked.
hedge()
{
    gateway --deadline-ms 30000 --hedge-ms 200 --fanout 1 \
        --backend $hangs --backend $good
    ask /
    answered 200 0.2 15
    body_has '"complete": true, "answers": 1'
    body_has "\"$good\", \"outcome\": \"ok\""
    ended complete 1
    is gateway_hedges_total 1
}

# One fails: a spare is asked at once, though another call is still out.
failover()
{
    gateway --deadline-ms 30000 --hedge-ms 0 --fanout 2 --quorum 1 \
        --backend $fails --backend $hangs --backend $good
    ask /
    answered 200 0 15
    body_has "\"$fails\", \"outcome\": \"failed\""
    body_has "\"$hangs\", \"outcome\": \"unneeded\""
    body_has "\"$good\", \"outcome\": \"ok\""
    ended complete 1
    is gateway_hedges_total 1
}

none()
{
    gateway --deadline-ms 30000 --backend $fails --backend http://127.0.0.1:1
    ask /
    answered 502 0 15
    ask / --head
    answered 502 0 15
    grep -q complete "$tmp/body.0" && fail "HEAD is answered with a body"
    ended failed 2
    stop
    gateway --deadline-ms 300 --backend $hangs --backend $hangs/prefix/
    ask /
    answered 504 0.3 15
    ended late 1
    ask / -d body
    answered 405 0 15
    header_has '^Allow: GET'
}

# ---- Overload -------------------------------------------------------------

# One worker and five places: there is room for one request, and while its
# calls hang none for another.
overload()
{
    gateway --deadline-ms 4000 --workers 1 --capacity 5 \
        --backend $hangs --backend $hangs --backend $hangs --backend $hangs \
        --backend $hangs
    many 6 /
    wait_many
    shed=$(cat "$tmp"/code.* | grep -c '^503')
    late=$(cat "$tmp"/code.* | grep -c '^504')
    [ "$shed" -ge 1 ] || fail "6 requests, room for 1, and none is shed"
    [ $((shed + late)) -eq 6 ] || fail "$shed with 503, $late with 504, of 6"
    retry=$(cat "$tmp"/head.* | grep -ci '^Retry-After: [0-9]')
    [ "$retry" -eq "$shed" ] || fail "$shed with 503, $retry with Retry-After"
    ended shed "$shed"
    [ "$(metric ac_pool_queued_max)" -le 5 ] || fail "more wait than may"
    [ "$(metric ac_pool_rejected_total)" -gt 0 ] || fail "none is rejected"
}

# ---- The end --------------------------------------------------------------

# drained N: SIGTERM while N requests are in flight, and all are answered
drained()
{
    many "$1" /
    scrape_until gateway_in_flight -gt "$1"
    stop
    wait_many
    count=$(cat "$tmp"/code.* | grep -c '^200')
    [ "$count" -eq "$1" ] || fail "$count of $1 requests are answered"
    count=$(cat "$tmp"/body.* | grep -c '"complete": false')
    [ "$count" -eq "$1" ] || fail "$count of $1 have a whole answer"
    grep -q '^gateway: drained .* of which 0 ' "$tmp/gateway.err" ||
        fail "not drained: $(cat "$tmp/gateway.err")"
    curl -s --noproxy '*' "$url/" >/dev/null && fail "it still listens"
}

drain()
{
    gateway --deadline-ms 5000 --drain-ms 60000 $five
    drained 6
}

# The deadline of the requests is beyond that of the drain.
drain_early()
{
    gateway --deadline-ms 600000 --drain-ms 3000 $five
    drained 4
}

# ---- The command line -----------------------------------------------------

usage()
{
    "$program" --help | grep -q '^usage: gateway' || fail "--help"
    for words in '' '--backend ftp://x' '--backend http://x --quorum 2' \
        '--backend http://x --workers 0' '--backend http://x --capacity x' \
        '--backend http://x --listen x' '--backend http://x --unknown' \
        '--backend http://x --backend http://y --capacity 1'; do
        "$program" $words >"$tmp/out" 2>"$tmp/err"
        [ $? -eq 2 ] || fail "usage: \"$words\" is accepted"
    done
}

# ---- All of it ------------------------------------------------------------

short()
{
    start_backends
    for part in usage partial quorum hedge failover none overload drain \
        drain_early; do
        before=$failures began=$(date +%s)
        $part
        stop
        took=$(($(date +%s) - began))
        [ "$failures" -ne "$before" ] || echo "ok   $part ($took s)"
    done
    stop_backends
}

need_tools
# shellcheck source=tests/gateway-load.sh
. "$srcdir/tests/gateway-load.sh"
case ${1-} in
--load) under_load ;;
--sanitized) sanitized ;;
--long) short; under_load; sanitized ;;
*) short ;;
esac
[ "$failures" -eq 0 ]
