#!/bin/sh
# openapi.yaml by Redocly's linter, with the rules of redocly.yaml where there is one. Nothing is sent anywhere.
set -u
tools=$(cd "$(dirname "$0")" && pwd)/node_modules/.bin
cd "${1:-$(dirname "$0")/../..}" || exit 1
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true CI=true exec "$tools/redocly" lint openapi.yaml
