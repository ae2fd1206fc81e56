#!/bin/sh
# limit.sh - run one test under a time limit; a stress program gets its rounds
# SPDX-License-Identifier: MIT
#
# usage: limit.sh PROGRAM [ARGUMENT...]
# Environment: TIMEOUT (the tool, may be empty), TEST_SECONDS, STRESS_ROUNDS.

case ${1##*/} in
stress_*) set -- "$@" "${STRESS_ROUNDS:-500}" ;;
esac
if [ -n "${TIMEOUT-}" ]; then
    set -- "$TIMEOUT" -k 10 "${TEST_SECONDS:-300}" "$@"
fi
exec "$@"
