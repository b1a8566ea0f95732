/* The raw limit of SQLite on this machine: a bare prepared loop that inserts what the server inserts for a batch of
 * core.step.finished@v1 events (events, event_ids, steps) into the same tables with the same indexes, settings and
 * transactions, on one thread, with nothing checked. Run it on a migrated, empty database; prints one line of JSON.
 *   build/egdb init --store sqlite:/tmp/limit.db && build/bench/sqlite_limit /tmp/limit.db --events 200000 --batch 1000
 */
#include <argp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
    const char *path;
    long first;
    long events;
    long batch;
    long payload_b;
    long cache_mib;
    long checkpoint_pages;
};

static const struct argp_option argp_options[] = {
    {"events", 'n', "N", 0, "Events to insert (200000)", 0},
    {"first", 'f', "N", 0, "Number of the first event, when a database is filled in steps (0)", 0},
    {"batch", 'b', "N", 0, "Events in a transaction (1000)", 0},
    {"payload", 'p', "BYTES", 0, "Size of a payload (600)", 0},
    {"cache", 'c', "MIB", 0, "cache_size, as sqlite.cache_mib (128)", 0},
    {"checkpoint", 'k', "PAGES", 0, "wal_autocheckpoint, as sqlite.checkpoint_pages (8000)", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state) {
    struct options *o = state->input;
    long n = arg ? strtol(arg, NULL, 10) : 0;
    long *targets[] = {['n'] = &o->events,
                       ['f'] = &o->first,
                       ['b'] = &o->batch,
                       ['p'] = &o->payload_b,
                       ['c'] = &o->cache_mib,
                       ['k'] = &o->checkpoint_pages};
    if (key == ARGP_KEY_ARG && !o->path)
        o->path = arg;
    else if (key == ARGP_KEY_END && !o->path)
        argp_usage(state);
    else if (key > 0 && key < (int)(sizeof targets / sizeof *targets) && targets[key]) {
        if (n < (key != 'f'))
            argp_error(state, "-%c wants a number above 0", key);
        *targets[key] = n;
    } else if (key != ARGP_KEY_END && key != ARGP_KEY_INIT && key != ARGP_KEY_SUCCESS && key != ARGP_KEY_FINI)
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static sqlite3 *db;

static void must(int ok, const char *what) {
    if (ok)
        return;
    fprintf(stderr, "sqlite_limit: %s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static void exec(const char *sql) { must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql); }

static void set(const char *name, long value) {
    char sql[128];
    (void)snprintf(sql, sizeof sql, "PRAGMA %s=%ld", name, value);
    exec(sql);
}

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *stmt = NULL;
    must(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) == SQLITE_OK, sql);
    return stmt;
}

static void text(sqlite3_stmt *stmt, int at, const char *value, size_t len) {
    sqlite3_bind_text(stmt, at, value, (int)len, SQLITE_STATIC);
}

static void step(sqlite3_stmt *stmt) {
    must(sqlite3_step(stmt) == SQLITE_DONE, "insert");
    sqlite3_reset(stmt);
}

struct row {
    char id[32], stamp[32], hash[32];
    char *payload;
    size_t payload_len, deltas_at;
};

/* An id that rises with time, as a ULID does, and a payload of the wanted size. */
static void make_row(struct row *row, long n, const struct options *o) {
    (void)snprintf(row->id, sizeof row->id, "01J%010lXK%012lX", n, (n * 2654435761UL) & 0xFFFFFFFFFFFF);
    (void)snprintf(row->stamp, sizeof row->stamp, "2025-10-10T%02ld:%02ld:%02ld.%06ldZ", n / 3600000 % 24,
                   n / 60000 % 60, n / 1000 % 60, n % 1000 * 1000);
    for (size_t i = 0; i < sizeof row->hash; i++)
        row->hash[i] = (char)((unsigned long)n * 2654435761UL >> (i % 8));
    int head = sprintf(
        row->payload,
        "{\"run_id\": \"01JLIMIT\", \"name\": \"pipeline.build_ctx\", \"idx\": %ld, \"dt_ms\": 123, \"deltas\": ", n);
    row->deltas_at = (size_t)head;
    long pad = o->payload_b - head - (long)strlen("{\"pad\": \"\"}}");
    row->payload_len =
        (size_t)head + (size_t)sprintf(row->payload + head, "{\"pad\": \"%0*d\"}}", (int)(pad > 1 ? pad : 1), 0);
}

static void insert(const struct row *row, long n, sqlite3_stmt *const stmts[3]) {
    static const char sha[] = "8f1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c";
    sqlite3_stmt *id = stmts[0], *event = stmts[1], *derived = stmts[2];
    text(id, 1, row->id, strlen(row->id));
    sqlite3_bind_int64(id, 2, n + 1);
    text(id, 3, row->stamp, 27);
    text(id, 4, row->stamp, 27);
    sqlite3_bind_blob(id, 5, row->hash, sizeof row->hash, SQLITE_STATIC);
    step(id);
    text(event, 1, row->id, strlen(row->id));
    text(event, 2, "core.step.finished@v1", 21);
    text(event, 3, row->stamp, 27);
    text(event, 4, "bench", 5);
    text(event, 5, row->id, strlen(row->id));
    text(event, 6, sha, sizeof sha - 1);
    text(event, 7, "main", 4);
    text(event, 8, row->payload, row->payload_len);
    sqlite3_bind_int64(event, 9, n + 1);
    text(event, 10, row->stamp, 27);
    step(event);
    text(derived, 1, "01JLIMIT", 8);
    text(derived, 2, "pipeline.build_ctx", 18);
    sqlite3_bind_int64(derived, 3, n);
    sqlite3_bind_int64(derived, 4, 123);
    text(derived, 5, row->payload + row->deltas_at, row->payload_len - row->deltas_at - 1);
    text(derived, 6, "main", 4);
    text(derived, 7, row->id, strlen(row->id));
    step(derived);
}

static double run(const struct options *o) {
    sqlite3_stmt *const stmts[3] = {
        prepare("INSERT INTO event_ids (id, position, ts_utc, received_utc, content_hash) VALUES (?1, ?2, ?3, ?4, ?5)"),
        prepare("INSERT INTO events (id, topic, ts_utc, source, correlation_id, repo_sha, repo_branch, payload_json, "
                "position, "
                "received_utc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"),
        prepare("INSERT INTO steps (run_id, name, idx, dt_ms, deltas, branch, event_id) VALUES (?1, ?2, ?3, ?4, ?5, "
                "?6, ?7)")};
    struct row row = {.payload = malloc((size_t)o->payload_b + 256)};
    struct timespec from, to;
    must(row.payload != NULL, "memory");
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long n = o->first, end = n + o->events; n < end;) {
        exec("BEGIN IMMEDIATE");
        for (long i = 0; i < o->batch && n < end; i++, n++) {
            make_row(&row, n, o);
            insert(&row, n, stmts);
        }
        exec("COMMIT");
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    free(row.payload);
    for (int i = 0; i < 3; i++)
        sqlite3_finalize(stmts[i]);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

int main(int argc, char **argv) {
    struct options o = {.events = 200000, .batch = 1000, .payload_b = 600, .cache_mib = 128, .checkpoint_pages = 8000};
    const struct argp argp = {argp_options, parse, "DATABASE", "The raw limit of SQLite for the server's inserts.",
                              NULL,         NULL,  NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    must(sqlite3_open_v2(o.path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK, o.path);
    exec("PRAGMA journal_mode=WAL");
    set("synchronous", 2);
    set("foreign_keys", 1);
    set("temp_store", 2);
    set("cache_size", -o.cache_mib * 1024);
    set("wal_autocheckpoint", o.checkpoint_pages);
    exec("INSERT OR IGNORE INTO runs (id, sha, started) VALUES ('01JLIMIT', '8f1c', '2025-10-10T00:00:00.000000Z')");
    double seconds = run(&o);
    char sql[128];
    (void)snprintf(sql, sizeof sql, "UPDATE event_position SET position = %ld", o.first + o.events);
    exec(sql); /* so that a server may go on from here */
    printf("{\"events\": %ld, \"batch\": %ld, \"payload_b\": %ld, \"seconds\": %.3f, \"events_per_s\": %.0f}\n",
           o.events, o.batch, o.payload_b, seconds, (double)o.events / seconds);
    sqlite3_close(db);
    return 0;
}
