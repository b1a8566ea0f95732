#!/bin/bash
# Runs fuzzers, each named as an argument, as many at once as there are cores, for FUZZ_S seconds; without it, those of what a server is
# sent (events, schemas, queries) for 60, all others for 15. Seeds stand in
# tests/fuzz/corpus/<name>/, or are files of other tests; what a run finds new goes to build/fuzz/found/<name>/, and an input that
# crashes to build/fuzz/crash/.
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc)
mkdir -p build/fuzz/crash

# The samples of the languages, each behind the byte that tells fuzz_index which it is.
seeds_of_languages() {
    local at=0 sample folder=build/fuzz/seeds
    mkdir -p "$folder"
    for sample in sample.py sample.c sample.js sample.ts sample.ts sample_test.go Sample.java sample.rs; do
        { printf '%b' "\\x$at"; cat "tests/indexer/samples/$sample"; } >"$folder/$at.$sample"
        at=$((at + 1))
    done
    echo "$folder"
}

# The log's last line says how it went.
run() { # program
    local name found seeds seconds dictionary
    name=$(basename "$1")
    found=build/fuzz/found/$name
    case $name in
    fuzz_index) seeds=$(seeds_of_languages) ;;
    fuzz_findings) seeds=tests/indexer/reports ;;
    *) seeds=tests/fuzz/corpus/$name ;;
    esac
    case $name in
    fuzz_envelope | fuzz_schema | fuzz_egql) seconds=${FUZZ_S:-60} ;;
    *) seconds=${FUZZ_S:-15} ;;
    esac
    dictionary=tests/fuzz/$name.dict
    mkdir -p "$found"
    [ -d "$seeds" ] || seeds=
    [ -f "$dictionary" ] || dictionary=
    # shellcheck disable=SC2086 # seeds may be empty
    if "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len="${FUZZ_LEN:-16384}" \
        -print_final_stats=1 -artifact_prefix="build/fuzz/crash/$name-" ${dictionary:+-dict="$dictionary"} "$found" $seeds \
        >"build/fuzz/$name.log" 2>&1; then
        echo passed >>"build/fuzz/$name.log"
    else
        echo failed >>"build/fuzz/$name.log"
    fi
}

for program in "$@"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
        wait -n
    done
    run "$program" &
done
wait

passed=0
failed=0
for program in "$@"; do
    name=$(basename "$program")
    log=build/fuzz/$name.log
    if [ "$(tail -n 1 "$log")" = passed ]; then
        echo "fuzz: $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs, nothing found"
        passed=$((passed + 1))
    else
        tail -n 40 "$log"
        echo "fuzz: $name failed; the input is in build/fuzz/crash/" >&2
        failed=$((failed + 1))
    fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
