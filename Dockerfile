# EGDB in three images of one file: `build` compiles, `migrate` runs Alembic once, `server` is what stays.

FROM debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/setup.sh scripts/grammars.sh scripts/hud.sh scripts/
COPY indexer/grammars indexer/grammars
COPY hud/package.json hud/package-lock.json hud/
RUN scripts/setup.sh run && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make build && make install DESTDIR=/out PREFIX=/usr

FROM debian:bookworm-slim AS migrate
RUN apt-get update \
    && apt-get install -y --no-install-recommends alembic python3-psycopg2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home egdb
COPY migrations /usr/share/egdb/migrations
USER egdb
WORKDIR /usr/share/egdb
CMD ["alembic", "-c", "migrations/alembic.ini", "upgrade", "head"]

FROM debian:bookworm-slim AS server
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libuv1 libpq5 libsqlite3-0 libjansson4 libmicrohttpd12 \
        libjwt0 libpcre2-8-0 libcurl4 libzstd1 zlib1g libssl3 libinih1 libgit2-1.5 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home egdb \
    && install -d -o egdb -g egdb -m 750 /var/lib/egdb
COPY --from=build /out/usr /usr
COPY deploy/docker-entrypoint.sh /usr/lib/egdb/docker-entrypoint.sh
ENV EGDB_LISTEN=0.0.0.0:8421 \
    EGDB_STORE=sqlite:/var/lib/egdb/egdb.db \
    EGDB_AUTH=HS256 \
    EGDB_AUTH_KEY_FILE=/var/lib/egdb/jwt.key
USER egdb
WORKDIR /var/lib/egdb
VOLUME ["/var/lib/egdb"]
EXPOSE 8421
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --retries=3 CMD egdb doctor --server http://127.0.0.1:8421
ENTRYPOINT ["/usr/lib/egdb/docker-entrypoint.sh"]
CMD ["serve"]
