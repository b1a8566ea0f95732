#!/bin/sh
# The Dockerfile and the compose file, by the linters of tests/lint/package.json, and by docker-compose itself where it is installed.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1
tools=$(cd "$(dirname "$0")" && pwd)/node_modules/.bin
code=0
"$tools/dockerfilelint" Dockerfile || code=1
"$tools/dclint" docker-compose.yml || code=1
for compose in "docker compose" docker-compose; do
    if $compose version >/dev/null 2>&1; then
        $compose -f docker-compose.yml config -q || code=1
        $compose -f docker-compose.yml --profile sqlite config -q || code=1
        break
    fi
done
exit $code
