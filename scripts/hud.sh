#!/bin/sh
# Installs what the HUD is made of (hud/package-lock.json) into build/hud-npm, when it is not there already. No script of theirs runs;
# hud/build.mjs makes the page of it.
set -eu
cd "$(dirname "$0")/.."

from=hud
to=build/hud-npm
cmp -s "$from/package-lock.json" "$to/installed-lock.json" && exit 0
echo "setup: installing what $from/package.json names"
mkdir -p "$to"
cp "$from/package.json" "$from/package-lock.json" "$to/"
(cd "$to" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
cp "$from/package-lock.json" "$to/installed-lock.json"
