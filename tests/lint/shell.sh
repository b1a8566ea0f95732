#!/bin/sh
# Shellcheck over every shell script: by its ending, or by its first line.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1
scripts=$(git ls-files --cached --others --exclude-standard | while read -r name; do
    [ -f "$name" ] || continue
    case $name in
    *.sh) echo "$name" ;;
    *.* | */corpus/*) ;;
    *) head -n 1 "$name" 2>/dev/null | LC_ALL=C grep -aqE '^#!.*\b(sh|bash)$' && echo "$name" ;;
    esac
done)
[ -n "$scripts" ] || exit 0
# shellcheck disable=SC2086 # a list of words
exec shellcheck $scripts
