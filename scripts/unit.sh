#!/bin/bash
# Runs unit test programs, each named as an argument, as many at once as there are cores, and says how many of them passed; exit 1 when
# one failed.
set -u
cd "$(dirname "$0")/.." || exit 1
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
export logs
export CK_DEFAULT_TIMEOUT=120 # s a test: Check's own 4 are few for an instrumented program beside another on a slow machine

# What a program says stands together.
run() { # program
    local log
    log=$logs/$(basename "$1")
    if "$1" >"$log" 2>&1; then
        touch "$log.passed"
    else
        echo "unit: $1 failed" >>"$log"
    fi
    cat "$log"
}
export -f run

# shellcheck disable=SC2016 # the inner shell expands it
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c 'run "$1"' run
passed=$(find "$logs" -name '*.passed' | wc -l)
echo "unit: $passed passed, $(($# - passed)) failed"
[ "$passed" -eq $# ]
