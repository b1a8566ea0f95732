#!/bin/bash
# Every figure of bench/ in its short form, each beside its limit, and one table at the end. In full (10 minutes of memory, 10,000,000 events,
# more rounds): scripts/bench.sh full. Needs PostgreSQL 15's programs; the peers need npm.
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

build/bench/schema
build/bench/egql_compile
bench/ingest_sqlite --rounds "$rounds" --seconds "$seconds"
bench/ingest_pg --rounds "$rounds"
bench/ingest_pg_single --rounds "$rounds" --seconds "$seconds" "${peers[@]}"
bench/latency --rounds "$rounds"
bench/idle --rounds "$rounds"
bench/stream
bench/rejected --rounds "$rounds" --seconds "$seconds"
bench/query --rounds "$rounds"
bench/at_once --seconds "$seconds"
bench/hostile
bench/graph --rounds "$rounds"
bench/panels
bench/index --rounds "$rounds"
bench/memory "${memory[@]}"
bench/growth "${growth[@]}"
bench/hud --rounds "$rounds"
echo
/usr/bin/python3 bench/measure.py "$results"
