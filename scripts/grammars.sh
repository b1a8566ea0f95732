#!/bin/sh
# Fetches the parser and the grammars that indexer/grammars/package-lock.json pins to build/grammars/, when they are not there already.
# Their C sources are compiled by the Makefile; no script of theirs runs.
set -eu
cd "$(dirname "$0")/.."

from=indexer/grammars
to=build/grammars
cmp -s "$from/package-lock.json" "$to/installed-lock.json" && exit 0
echo "setup: installing the grammars of $from/package.json"
mkdir -p "$to"
cp "$from/package.json" "$from/package-lock.json" "$to/"
(cd "$to" && npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund --loglevel=error)
cp "$from/package-lock.json" "$to/installed-lock.json"
