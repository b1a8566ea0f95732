#!/bin/bash
# Every figure of bench/ but http_floor's in its short form, each beside its limit, and one table at the end; ends with 1 when a figure missed its
# limit. In full (10 minutes of memory, 10,000,000 events, more rounds): scripts/bench.sh full. Needs PostgreSQL 15's programs; the peers need npm.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory build benches
results=$(mktemp)
trap 'rm -f "$results"' EXIT
export EGDB_BENCH_RESULTS=$results
if [ "${1:-}" = full ]; then
    rounds=7 seconds=10 memory=(--minutes 10) growth=()
else
    rounds=3 seconds=4 memory=(--minutes 1) growth=(--small --rounds 3)
fi
peers=()
command -v npm >/dev/null || peers=(--no-peers)

missed=0
run() { "$@" || missed=1; } # the others are measured all the same

run build/bench/schema
run build/bench/egql_compile
run bench/ingest_sqlite --rounds "$rounds" --seconds "$seconds"
run bench/ingest_pg --rounds "$rounds"
run bench/ingest_pg_single --rounds "$rounds" --seconds "$seconds" "${peers[@]}"
run bench/latency --rounds "$rounds"
run bench/idle --rounds "$rounds"
run bench/stream
run bench/rejected --rounds "$rounds" --seconds "$seconds"
run bench/query --rounds "$rounds"
run bench/partitions
run bench/at_once --seconds "$seconds"
run bench/hostile
run bench/graph --rounds "$rounds"
run bench/panels
run bench/index --rounds "$rounds"
run bench/memory "${memory[@]}"
run bench/bodies
run bench/growth "${growth[@]}"
run bench/hud --rounds "$rounds"
echo
/usr/bin/python3 bench/measure.py "$results"
exit "$missed"
