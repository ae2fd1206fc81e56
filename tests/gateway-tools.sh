# gateway-tools.sh - start, ask and stop gateways, for check-gateway.sh
# SPDX-License-Identifier: MIT
#
# To be sourced.  Reads $bin, where the programs are.  All that is started is
# stopped at the exit of the shell.
#
# shellcheck shell=sh disable=SC2034,SC2086,SC2154

program=${GATEWAY:-$bin/gateway} # perhaps another build of it
toy=$bin/toy_backend
failures=0
gateway_pid=
backend_pids=

fail()
{
    echo "FAIL $part: $*"
    failures=$((failures + 1))
}

need_tools()
{
    if [ ! -x "$program" ]; then
        echo 'SKIP: examples/gateway is not built (it needs libmicrohttpd' \
            'and libcurl)'
        exit 77
    fi
    if ! curl --version >/dev/null 2>&1; then
        echo 'SKIP: there is no curl to ask the gateway with'
        exit 77
    fi
    tmp=$(mktemp -d "${TMPDIR:-/tmp}/check-gateway.XXXXXX") || exit 99
    mkfifo "$tmp/said" || exit 99
    trap 'stop_all; rm -rf "$tmp"' EXIT
    trap 'exit 99' HUP INT PIPE TERM
}

stop_all()
{
    for pid in $gateway_pid $backend_pids; do
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
}

# ---- Start and stop -------------------------------------------------------

# start LOG PROGRAM [ARG...]: in the background, as $pid; $port is what it says
start()
{
    log=$1
    shift
    "$@" >"$tmp/said" 2>"$log" &
    pid=$!
    line=
    read -r line <"$tmp/said"
    port=${line##* }
    case $port in
    ''|*[!0-9]*)
        cat "$log"
        echo "FAIL: $* does not start"
        exit 1
        ;;
    esac
}

# backend NAME MODE...: sets $NAME to its URL
backend()
{
    name=$1
    shift
    start "$tmp/$name.err" "$toy" "$@"
    backend_pids="$backend_pids $pid"
    eval "$name=http://127.0.0.1:$port ${name}_pid=$pid"
}

start_backends()
{
    backend good ok
    backend other ok
    backend slow slow 20
    backend hangs hang
    backend fails fail
    five="--backend $good --backend $hangs --backend $slow --backend $fails
        --backend $other"
}

stop_backends()
{
    for pid in $backend_pids; do
        kill -TERM "$pid"
        wait "$pid" || fail "a backend ends with $?"
    done
    backend_pids=
}

gateway()
{
    start "$tmp/gateway.err" "$program" --listen 127.0.0.1:0 "$@"
    gateway_pid=$pid
    scrapes=0
    url=http://127.0.0.1:$port
}

# SIGTERM, if it runs: it must end with 0, and a sanitizer has nothing to say.
stop()
{
    [ -n "$gateway_pid" ] || return 0
    kill -TERM "$gateway_pid"
    wait "$gateway_pid"
    status=$?
    gateway_pid=
    if [ $status -ne 0 ] || grep -q -e Sanitizer -e 'runtime error' \
        "$tmp/gateway.err"; then
        fail "the gateway ends with $status:"
        cat "$tmp/gateway.err"
    fi
}

# ---- Ask ------------------------------------------------------------------

# fetch N PATH [OPTION...]: into code.N, head.N and body.N
fetch()
{
    n=$1 path=$2
    shift 2
    rm -f "$tmp/head.$n" "$tmp/body.$n"
    curl -s --noproxy '*' -m 60 -o "$tmp/body.$n" -D "$tmp/head.$n" \
        -w '%{http_code} %{time_total}\n' "$@" "$url$path" >"$tmp/code.$n"
}

# ask PATH [OPTION...]: one request
ask()
{
    fetch 0 "$@"
}

# answered CODE MIN MAX: the last ask, and how long it took in seconds
answered()
{
    read -r code seconds <"$tmp/code.0"
    [ "$code" = "$1" ] || fail "status $code, not $1"
    echo "$seconds" | awk -v min="$2" -v max="$3" \
        '{ exit !($1 >= min && $1 <= max) }' ||
        fail "answered after $seconds s, not $2 to $3"
}

body_has()
{
    grep -q -e "$1" "$tmp/body.0" || {
        fail "the answer has no $1:"
        cat "$tmp/body.0"
    }
}

header_has()
{
    grep -qi -e "$1" "$tmp/head.0" || fail "the head has no $1"
}

# many N PATH: at the same time; the answers are there when wait_many is over
many()
{
    rm -f "$tmp"/code.* "$tmp"/head.* "$tmp"/body.*
    curl_pids=
    i=0
    while [ $i -lt "$1" ]; do
        fetch "$i" "$2" &
        curl_pids="$curl_pids $!"
        i=$((i + 1))
    done
}

wait_many()
{
    wait $curl_pids
}

# ---- Metrics --------------------------------------------------------------

scrapes=0 # of this gateway
scrape()
{
    scrapes=$((scrapes + 1))
    curl -s --noproxy '*' -m 60 "$url/metrics" >"$tmp/metrics" ||
        fail "no metrics"
}

# metric NAME: of the last scrape
metric()
{
    awk -v name="$1" '$1 == name { print $2 }' "$tmp/metrics"
}

is()
{
    [ "$(metric "$1")" = "$2" ] || fail "$1 is $(metric "$1"), not $2"
}

# scrape_until NAME OPERATOR VALUE...: for half a minute at most
scrape_until()
{
    end=$(($(date +%s) + 30))
    while [ "$(date +%s)" -lt $end ]; do
        scrape
        value=$(metric "$1")
        test "$value" "$2" "$3" && return 0
    done
    fail "$1 is $value for 30 s"
    return 1
}

# Nothing runs or waits, and nobody but the scrape is inside: then all that was
# accepted has ended, and what was gathered is in the histogram.
settle()
{
    scrape_until ac_pool_busy -eq 0 && scrape_until ac_pool_queued -eq 0 &&
        scrape_until gateway_in_flight -eq 1
    awk '/^ac_pool_submitted_total/ { submitted = $2 }
        /^ac_pool_ended_total/ { ended += $2 }
        /^gateway_answers_total.*"(complete|partial|failed|late)"/ { n += $2 }
        /^gateway_lateness_seconds_count/ { count = $2 }
        !/^#/ && !/^[a-z_]+({[^}]*})? -?[0-9.]+$/ { print; bad = 1 }
        END {
            if (submitted != ended || n != count || bad) {
                print submitted " submitted, " ended " ended"
                print n " gathered, " count " in the histogram"
                exit 1
            }
        }' "$tmp/metrics" || fail "the metrics do not add up"
}

# ended ANSWER N: so many were answered like this, and all is over
ended()
{
    settle
    is "gateway_answers_total{answer=\"$1\"}" "$2"
}
