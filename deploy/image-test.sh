#!/bin/bash
# Builds the images of the Dockerfile for real, without a Docker engine, and starts what came out: buildah over a base made by
# debootstrap, so that no image registry is asked. Root is needed for chroot; what runs inside is not root. Everything stays in
# build/image/, which is removed at the end, but for the base.
# Exit code 0 when all is well, 1 when not, 77 when the tools are not there (apt-get install buildah debootstrap).
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in buildah debootstrap; do
    command -v "$tool" >/dev/null || {
        echo "image-test: not run: $tool is not installed"
        exit 77
    }
done
[ "$(id -u)" -eq 0 ] || {
    echo "image-test: not run: debootstrap and chroot need root"
    exit 77
}

work=$PWD/build/image
base=$PWD/build/image-base.tar
port=${EGDB_IMAGE_PORT:-18421}
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
export CONTAINERS_STORAGE_CONF=$work/storage.conf
server=

clean() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ ! -d "$work/storage" ] || buildah rm --all >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean EXIT

fail() {
    echo "image-test: $*" >&2
    exit 1
}

rm -rf "$work"
mkdir -p "$work"
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$work" "$work" >"$CONTAINERS_STORAGE_CONF"

if [ ! -s "$base" ]; then
    echo "image-test: making the base"
    debootstrap --variant=minbase bookworm "$work/rootfs" >"$work/debootstrap.log" || {
        tail -n 20 "$work/debootstrap.log"
        fail "debootstrap failed"
    }
    rm -rf "$work"/rootfs/var/cache/apt/archives/*.deb "$work"/rootfs/var/lib/apt/lists/*
    # What reaches the package mirrors from this machine must reach them from inside.
    cp -L /etc/resolv.conf "$work/rootfs/etc/resolv.conf"
    tar -C "$work/rootfs" --numeric-owner -cf "$base.new" .
    mv "$base.new" "$base"
    rm -rf "$work/rootfs"
fi

# npm in the image believes whom this machine believes. (An --env of buildah's is the image's, not the build's.)
authorities=
bundle=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
if [ -s "$bundle" ]; then
    echo "cafile=/run/authorities.pem" >"$work/npmrc"
    home=/root # of who builds in the image
    authorities="--volume $bundle:/run/authorities.pem:ro --volume $work/npmrc:$home/.npmrc:ro"
fi
container=$(buildah from scratch)
buildah add -q "$container" "$base" / >/dev/null
buildah commit -q "$container" docker.io/library/debian:bookworm-slim >/dev/null
buildah rm "$container" >/dev/null

for target in server migrate; do
    echo "image-test: building $target"
    # shellcheck disable=SC2086 # none, or four words
    buildah bud -q --pull-never --format docker $authorities --target "$target" -t "egdb-$target" . >"$work/$target.log" 2>&1 || {
        tail -n 40 "$work/$target.log"
        fail "the image $target does not build"
    }
done

buildah inspect --type image egdb-server | grep -q '"User": "egdb"' || fail "the server's image runs as root"
buildah inspect --type image egdb-server | grep -q 'egdb doctor' || fail "the server's image has no health check"

container=$(buildah from --pull-never egdb-server)
[ "$(buildah run "$container" -- id -u)" = 10001 ] || fail "not the user it should be"
buildah run --env EGDB_LISTEN=127.0.0.1:"$port" "$container" -- /usr/lib/egdb/docker-entrypoint.sh serve >"$work/serve.log" 2>&1 &
server=$!

healthy=
for _ in $(seq 100); do
    if buildah run "$container" -- egdb doctor --server "http://127.0.0.1:$port" >/dev/null 2>&1; then
        healthy=yes
        break
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.2
done
[ -n "$healthy" ] || {
    cat "$work/serve.log"
    fail "the server in the image does not become healthy"
}

status() {
    curl -s -o /dev/null -w '%{http_code}' "$@" "http://127.0.0.1:$port/v1/topics"
}
[ "$(status)" = 401 ] || fail "the server in the image answers without a token"
token=$(buildah run "$container" -- egdb token --sub test --scope 'events:read')
[ "$(status -H "Authorization: Bearer $token")" = 200 ] || fail "a token made in the image is not taken"
[ "$(buildah run "$container" -- stat -c %a /var/lib/egdb/jwt.key)" = 600 ] || fail "the key is readable by others"

migrate=$(buildah from --pull-never egdb-migrate)
buildah run --env EGDB_STORE=sqlite:/tmp/egdb.db "$migrate" -- alembic -c migrations/alembic.ini upgrade head >"$work/alembic.log" 2>&1 || {
    cat "$work/alembic.log"
    fail "the migrations do not run in their image"
}
echo "image-test: the images build, and what is in them runs"
