#!/bin/bash
# `make test` and `make soak`: every stage runs, even after one that failed; the last line says how many tests passed and failed.
# Logs and reports are in build/test/.
set -u
cd "$(dirname "$0")/.." || exit 1

what=${1:-all}
MAKE=${MAKE:-make}
jobs=$(nproc)
out=build/test
passed=0
failed=0
skipped=0
rm -rf "$out"
mkdir -p "$out"
export EGDB_NOTES=$PWD/$out/notes # what was not run, and why: tests add lines, the end prints them
failures=$out/failures            # what failed, a line each: the end prints them, since a log is often read from its end

count() { # passed failed [skipped]
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + ${3:-0}))
}

stage() { # title
    printf '\n== %s (after %d min %d s)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60))
}

# One command that counts as one test.
one() { # title command…
    stage "$1"
    shift
    if "$@"; then count 1 0; else
        count 0 1
        echo "FAILED: $*" | tee -a "$failures" >&2
    fi
}

# A command that says `<name>: N passed, M failed` itself.
counted() { # title name command…
    stage "$1"
    local name=$2 line
    shift 2
    "$@" 2>&1 | tee "$out/$name.log"
    local code=${PIPESTATUS[0]}
    line=$(grep -E "^${name}: [0-9]+ passed, [0-9]+ failed$" "$out/$name.log" | tail -n 1)
    sed -n "s/^FAIL  /FAILED: $name: /p; s/^\($name: [^ ]*\) failed.*/FAILED: \1/p" "$out/$name.log" >>"$failures"
    if [[ $line =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
        count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
        [ "$code" -eq 0 ] || [ "${BASH_REMATCH[2]}" -gt 0 ] || count 0 1
    else
        count 0 1
    fi
}

# Like one, but exit code 77 means that its tools are not there, which is said at the end.
optional() { # title command…
    stage "$1"
    local title=$1 code=0
    shift
    "$@" || code=$?
    case $code in
    0) count 1 0 ;;
    77) echo "not run: $title (its tools are not installed)" >>"$out/notes" ;;
    *)
        count 0 1
        echo "FAILED: $*" | tee -a "$failures" >&2
        ;;
    esac
}

# Counts what one run of pytest said in its report and its exit code.
reported() { # name code
    local numbers before=$failed
    numbers=$(/usr/bin/python3 scripts/junit_counts.py "$out/$1.xml" "$failures") || numbers="0 1 0"
    # shellcheck disable=SC2086 # three numbers
    count $numbers
    # 5: nothing was collected, which is a failure here
    if [ "$2" -ne 0 ] && [ "$failed" -eq "$before" ]; then
        count 0 1
        echo "FAILED: pytest, $1: exit code $2" >>"$failures"
    fi
}

pytest() { # name binary arguments…
    local name=$1 binary=$2
    shift 2
    EGDB_BIN=$binary EGDB_NOTES=$PWD/$out/notes /usr/bin/python3 -m pytest -q -rs --junitxml="$out/$name.xml" "$@"
}

pytests() { # title name binary arguments…
    stage "$1"
    shift
    pytest "$@"
    reported "$1" $?
}

# As many at once as there are cores; each worker has a PostgreSQL of its own (tests/conftest.py).
pytests_at_once() { # title name binary arguments…
    local title=$1 name=$2 binary=$3
    shift 3
    pytests "$title" "$name" "$binary" -n "$jobs" --dist loadgroup "$@"
}

finish() {
    [ ! -s "$out/notes" ] || { echo && sort -u "$out/notes"; }
    [ ! -s "$failures" ] || { echo && cat "$failures"; }
    printf '\n(%d min %d s)\n' $((SECONDS / 60)) $((SECONDS % 60))
    local line="$passed passed, $failed failed"
    [ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
    echo "$line"
    [ "$failed" -eq 0 ]
    exit
}

scripts/setup.sh test || {
    echo "0 passed, 1 failed"
    exit 1
}

if [ "$what" = soak ]; then
    export EGDB_SOAK=1
    one "build: gcc, release" "$MAKE" --no-print-directory -j "$jobs" build
    one "build: gcc, asan" "$MAKE" --no-print-directory -j "$jobs" MODE=asan build
    pytests "faults, in full" fault "$PWD/build/egdb" tests/fault tests/contract/test_positions.py tests/contract/test_poison.py \
        tests/contract/test_dead_letters.py::test_killed_in_the_middle tests/indexer/test_scale.py
    EGDB_SOAK='' pytests "faults, a tenth, and the HUD, asan" fault-asan "$PWD/build/asan/egdb" tests/fault tests/hud
    one "build: fuzzers" "$MAKE" --no-print-directory -j "$jobs" fuzzers
    counted "fuzzers, ten minutes each" fuzz "$MAKE" --no-print-directory fuzz FUZZ_S=600
    finish
fi

one "build: gcc, release" "$MAKE" --no-print-directory -j "$jobs" build units
one "build: gcc, asan" "$MAKE" --no-print-directory -j "$jobs" MODE=asan build units
one "build: clang" "$MAKE" --no-print-directory -j "$jobs" CC=clang build units
one "build: fuzzers" "$MAKE" --no-print-directory -j "$jobs" fuzzers
counted "lint" lint "$MAKE" --no-print-directory lint
counted "unit tests, release" unit "$MAKE" --no-print-directory unit
counted "unit tests, asan" unit "$MAKE" --no-print-directory MODE=asan unit
counted "fuzzers" fuzz "$MAKE" --no-print-directory fuzz
pytests_at_once "API and contract tests, asan" asan "$PWD/build/asan/egdb" -m "not release" tests/api tests/contract
pytests_at_once "indexer, asan" indexer "$PWD/build/asan/egdb" -m "not release" tests/indexer
pytests "API and contract tests for release" release "$PWD/build/egdb" -m "release or release_too" tests/api tests/contract
pytests "faults, a tenth of the soak" fault "$PWD/build/egdb" tests/fault
pytests "sigterm, asan" fault-asan "$PWD/build/asan/egdb" tests/fault/test_sigterm.py
pytests_at_once "the HUD in a browser" hud "$PWD/build/egdb" tests/hud
optional "images, built and started" deploy/image-test.sh
finish
