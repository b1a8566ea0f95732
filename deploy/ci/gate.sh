#!/bin/sh
# Indexes a range of commits, judges them by the gates I1 to I4, and says why when one of them blocks.
#
# Usage:    deploy/ci/gate.sh [FROM [TO]]     in the repository; the commits after FROM [HEAD^] up to TO [HEAD]
# Settings: EGDB_SERVER the server [http://127.0.0.1:8421]; EGDB_TOKEN or EGDB_TOKEN_FILE its token; EGDB_CI_PROGRAM the program
#           [egdb-index, else build/egdb-index]; EGDB_CI_NAME the repository's name in the events; EGDB_CI_FREEZE a spec_state.json whose
#           thresholds hold; EGDB_CI_SPEC the folder of the policies [those installed with the program, never those of the
#           change]; EGDB_CI_REQUIRE_SERVER=1 fails when the server is away
# Writes:   .glx/delta_report.json, .glx/invariants.json, .glx/mosaic/ and .glx/security/queue.json, the open findings
# Posts:    tokens, fingerprints, mosaics and decisions; not the code graph, which is that of the branch that the server follows
# Exits:    0 nothing blocks, or the server is away; 1 a gate blocks; 2 wrong usage; 3 it could not be decided. Away is a server that refuses
#           the connection, does not answer in time, or answers 429, 502, 503 or 504: before the first step or in any of them.
set -u

top=$(git rev-parse --show-toplevel) || exit 2
to=$(git rev-parse --verify --quiet "${2:-HEAD}^{commit}") || {
    echo "gate.sh: there is no commit ${2:-HEAD}" >&2
    exit 2
}
case ${1:-} in
'' | *[!0]*) from=${1:-} ;;
*) from= ;; # zeros: a branch that is new
esac
if [ -n "$from" ]; then
    from=$(git rev-parse --verify --quiet "$from^{commit}") || {
        echo "gate.sh: there is no commit $1 here; was the history fetched? (actions/checkout: fetch-depth: 0)" >&2
        exit 2
    }
else
    from=$(git rev-parse --verify --quiet "$to^" || true)
    if [ -z "$from" ] && [ "$(git rev-parse --is-shallow-repository)" = true ]; then
        echo "gate.sh: the commit before $to was not fetched (actions/checkout: fetch-depth: 0)" >&2
        exit 2
    fi
fi

program=${EGDB_CI_PROGRAM:-}
[ -z "$program" ] && program=$(command -v egdb-index || true)
if [ -z "$program" ] && [ -z "$(git -C "$top" ls-files -- build)" ]; then
    program=$top/build/egdb-index # one that CI has built, not one that the change brings
fi
command -v "$program" >/dev/null 2>&1 || {
    echo "gate.sh: there is no program egdb-index; EGDB_CI_PROGRAM says where it is" >&2
    exit 2
}
export EGDB_SERVER="${EGDB_SERVER:-http://127.0.0.1:8421}"
required=${EGDB_CI_REQUIRE_SERVER:-0}
cd "$top" || exit 2
# A change can bring .glx as a link that leads the reports elsewhere.
if [ -L .glx ] || [ -n "$(find .glx -type l 2>/dev/null | head -n 1)" ]; then
    echo "gate.sh: .glx, or something in it, is a symbolic link; nothing is written through it" >&2
    exit 2
fi
mkdir -p .glx || exit 2
said=$(mktemp) || exit 2
trap 'rm -f "$said"' EXIT

# On GitHub the message is an annotation, too.
annotate() {
    [ "${GITHUB_ACTIONS:-}" = true ] || return 0
    printf '::%s title=EGDB gates::%s\n' "$1" "$(sed 's/%/%25/g' "$said" | awk '{ printf "%s%%0A", $0 }')"
}

# What the program said of a server that is away is in the file; that fails nothing, unless it is asked for.
away() {
    sed -i 's/^/EGDB is away, nothing is judged: /' "$said"
    cat "$said" >&2
    [ "$required" = 1 ] || { annotate warning; exit 0; }
    annotate error
    exit 3
}

step() {
    "$program" "$@" >/dev/null 2>"$said" && return 0
    code=$?
    [ "$code" -eq 4 ] && away
    cat "$said" >&2
    [ "$code" -eq 2 ] && exit 2
    exit 3
}

step gates --ready
set -- --repo "$top"
[ -n "${EGDB_CI_SPEC:-}" ] && set -- "$@" --spec "$EGDB_CI_SPEC"
[ -n "${EGDB_CI_NAME:-}" ] && set -- "$@" --name "$EGDB_CI_NAME"
range=${from:+--from $from}
# shellcheck disable=SC2086 # two words or none
step history "$@" $range --to "$to"
# shellcheck disable=SC2086
step mosaic "$@" $range --to "$to"
# shellcheck disable=SC2086
step mosaic --repo "$top" ${EGDB_CI_SPEC:+--spec "$EGDB_CI_SPEC"} $range --to "$to" --out .glx/mosaic
if [ -n "$from" ]; then
    step delta --repo "$top" ${EGDB_CI_SPEC:+--spec "$EGDB_CI_SPEC"} --range "$from..$to" --out .glx/delta_report.json
fi
step findings --repo "$top" ${EGDB_CI_NAME:+--name "$EGDB_CI_NAME"} --out .glx/security/queue.json
[ -n "${EGDB_CI_FREEZE:-}" ] && set -- "$@" --freeze "$EGDB_CI_FREEZE"
[ "$required" = 1 ] && set -- "$@" --require-server
code=0
# shellcheck disable=SC2086
"$program" gates --ci "$@" $range --to "$to" --report .glx/invariants.json >"$said" || code=$?
cat "$said"
if [ "$code" -eq 1 ]; then
    echo "EGDB: a gate blocks this change; see .glx/delta_report.json, .glx/invariants.json, .glx/mosaic/ and .glx/security/queue.json"
    annotate error
fi
exit "$code"
