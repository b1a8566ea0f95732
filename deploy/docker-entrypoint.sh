#!/bin/sh
# Makes the key that signs tokens at the first start, then becomes egdb. A server that is reachable from outside never runs without.
set -eu
if [ "${1:-}" = serve ] && [ "${EGDB_AUTH:-}" = HS256 ] && [ -n "${EGDB_AUTH_KEY_FILE:-}" ] && [ ! -s "$EGDB_AUTH_KEY_FILE" ]; then
    umask 077
    base64 -w 0 </dev/urandom | head -c 64 >"$EGDB_AUTH_KEY_FILE.new"
    mv "$EGDB_AUTH_KEY_FILE.new" "$EGDB_AUTH_KEY_FILE"
    echo "egdb: made the key for tokens in $EGDB_AUTH_KEY_FILE; a token: egdb token --sub me --scope 'events:write events:read'" >&2
fi
exec egdb "$@"
