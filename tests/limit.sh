#!/bin/sh
# limit.sh - run one test under a time limit; those that can be made longer are
# told how long
# SPDX-License-Identifier: MIT
#
# usage: limit.sh PROGRAM [ARGUMENT...]
# Environment: TIMEOUT (the tool, may be empty), TEST_SECONDS, STRESS_ROUNDS,
# SOAK_SECONDS, SOAK_TASKS.

case ${1##*/} in
stress_*) set -- "$@" "${STRESS_ROUNDS:-500}" ;;
soak_bounded) set -- "$@" "${SOAK_SECONDS:-2}" ;;
soak_cancel) set -- "$@" "${SOAK_TASKS:-20000}" ;;
esac
if [ -n "${TIMEOUT-}" ]; then
    set -- "$TIMEOUT" -k 10 "${TEST_SECONDS:-300}" "$@"
fi
exec "$@"
