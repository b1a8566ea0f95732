#!/bin/sh
# Runs fuzzers, each named as an argument, for FUZZ_S seconds. Seeds stand in tests/fuzz/corpus/<name>/; what a run finds new goes to
# build/fuzz/found/<name>/, and an input that crashes to build/fuzz/crash/.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0
mkdir -p build/fuzz/crash
for program in "$@"; do
    name=$(basename "$program")
    found=build/fuzz/found/$name
    seeds=tests/fuzz/corpus/$name
    mkdir -p "$found"
    [ -d "$seeds" ] || seeds=
    dictionary=tests/fuzz/$name.dict
    [ -f "$dictionary" ] || dictionary=
    # shellcheck disable=SC2086 # seeds may be empty
    if "$program" -max_total_time="${FUZZ_S:-60}" -timeout=10 -rss_limit_mb=2048 -max_len="${FUZZ_LEN:-16384}" \
        -print_final_stats=1 -artifact_prefix="build/fuzz/crash/$name-" ${dictionary:+-dict="$dictionary"} "$found" $seeds \
        >"build/fuzz/$name.log" 2>&1; then
        echo "fuzz: $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") runs, nothing found"
        passed=$((passed + 1))
    else
        tail -n 40 "build/fuzz/$name.log"
        echo "fuzz: $name failed; the input is in build/fuzz/crash/" >&2
        failed=$((failed + 1))
    fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
