#!/bin/sh
# Runs unit test programs, each named as an argument, and says how many of them passed; exit 1 when one failed.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0
for program in "$@"; do
    if "$program"; then
        passed=$((passed + 1))
    else
        echo "unit: $program failed" >&2
        failed=$((failed + 1))
    fi
done
echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
