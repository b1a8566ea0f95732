#!/bin/sh
# `make run`: sets up, builds, starts the server in the foreground, posts this checkout's git history, with its lines, learns from it what is
# usual, and judges the newest commits by it, until that has been done once for the database: what was interrupted is posted again,
# and what is stored already makes no difference.
# Ctrl-C stops the server, which answers what is in flight.
set -eu
cd "$(dirname "$0")/.."

LISTEN=${EGDB_LISTEN:-127.0.0.1:8421}
DATABASE=${EGDB_DATABASE:-.glx/egdb.db}
URL=http://$LISTEN

scripts/setup.sh run
"${MAKE:-make}" --no-print-directory -j "$(nproc)" build

posted=$DATABASE.history # beside the database when its history is complete
[ -e "$DATABASE" ] || rm -f "$posted"
mkdir -p "$(dirname "$DATABASE")"
build/egdb init --store "sqlite:$DATABASE"

build/egdb serve --listen "$LISTEN" --store "sqlite:$DATABASE" &
server=$!
trap 'kill -TERM "$server" 2>/dev/null || true' INT TERM HUP

# The history, the thresholds learned from it, and the gates of its newest commits; that one of these blocks is an answer, too.
post_history() {
    build/egdb-index --with-diff --server "$URL" || return 1
    build/egdb-index thresholds update --server "$URL" || return 1
    first=$(git rev-list --first-parent --max-count=51 HEAD | tail -n 1)
    judged=0
    build/egdb-index gates --ci --from "$first" --report "$DATABASE.gates.json" --server "$URL" >/dev/null 2>&1 || judged=$?
    [ "$judged" -le 1 ] || return 1
    echo "The newest commits are judged: $DATABASE.gates.json, and the HUD's Spec Monitor"
}

answers() {
    build/egdb doctor --server "$URL" >/dev/null 2>&1
}
tries=0
while kill -0 "$server" 2>/dev/null && ! answers && [ "$tries" -lt 150 ]; do
    tries=$((tries + 1))
    sleep 0.2
done

if answers; then
    echo
    echo "EGDB answers at $URL"
    echo "  $URL/hud/ in a browser"
    echo "  curl '$URL/v1/events?limit=3'"
    echo "  build/egdb query 'SELECT commits(commit_sha, message) FROM all LIMIT 5' --server $URL"
    echo "  build/egdb panels --server $URL"
    echo "  curl $URL/metrics"
    echo "Ctrl-C stops it."
    if ! grep -qsx with-diff "$posted"; then
        if git rev-parse --git-dir >/dev/null 2>&1; then
            if post_history; then
                echo with-diff >"$posted"
            else
                echo "run: the history was not posted whole; the server runs on, and the next \`make run\` posts it again" >&2
            fi
        else
            echo "run: this folder has no git history to post"
        fi
    fi
fi

# wait returns early when a signal comes: the second one gets the server's own exit code.
code=0
wait "$server" || code=$?
if kill -0 "$server" 2>/dev/null; then
    code=0
    wait "$server" || code=$?
fi
exit "$code"
