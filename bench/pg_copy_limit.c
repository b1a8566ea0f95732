/* The raw limit of PostgreSQL on this machine: COPY of what the server inserts for a batch of core.step.finished@v1
 * events (event_ids, events, steps) into the same tables with the same indexes, on one connection, in transactions of
 * the same size, with nothing checked. A second connection empties the GIN pending lists, as the server's does: without
 * it COPY would leave that work undone. Run it on a migrated database; prints one line of JSON.
 *   build/bench/pg_copy_limit postgresql://postgres@127.0.0.1/egdb --events 200000 --batch 1000
 */
#include <argp.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROW_B 2048

struct options {
    const char *dsn;
    long first;
    long events;
    long batch;
    long clean_ms;
    long days;
};

static const struct argp_option argp_options[] = {
    {"events", 'n', "N", 0, "Events to insert (200000)", 0},
    {"first", 'f', "N", 0, "Number of the first event, when a database is filled in steps (0)", 0},
    {"batch", 'b', "N", 0, "Events in a transaction (1000)", 0},
    {"days", 'd', "N", 0, "Days up to now that the events' times are spread over (1: all are of now)", 0},
    {"clean", 'c', "MS", 0, "Pause between cleanings of GIN pending lists, as store.tend_ms (200)", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state) {
    struct options *o = state->input;
    long n = arg ? strtol(arg, NULL, 10) : 0;
    if (key == ARGP_KEY_ARG && !o->dsn) {
        o->dsn = arg;
        return 0;
    }
    if (key == ARGP_KEY_END && !o->dsn) {
        argp_usage(state);
    }
    if (!key || !strchr("nbcdf", key)) {
        return ARGP_ERR_UNKNOWN;
    }
    if (n < (key != 'f')) {
        argp_error(state, "-%c wants a number above 0", key);
    }
    *(key == 'n' ? &o->events : key == 'f' ? &o->first : key == 'b' ? &o->batch : key == 'd' ? &o->days : &o->clean_ms) = n;
    return 0;
}

static void must(PGconn *conn, int ok, const char *what) {
    if (ok) {
        return;
    }
    fprintf(stderr, "pg_copy_limit: %s: %s\n", what, PQerrorMessage(conn));
    exit(1);
}

static PGconn *join(const char *dsn) {
    PGconn *conn = PQconnectdb(dsn);
    must(conn, PQstatus(conn) == CONNECTION_OK, "connect");
    return conn;
}

static void exec(PGconn *conn, const char *sql) {
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    must(conn, status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN, sql);
    PQclear(result);
}

static atomic_bool over;

static void *clean(void *arg) {
    const struct options *o = arg;
    PGconn *conn = join(o->dsn);
    while (!atomic_load(&over)) {
        exec(conn, "SELECT gin_clean_pending_list(c.oid::regclass) FROM pg_class c JOIN pg_am a ON a.oid = c.relam"
                   " WHERE a.amname = 'gin' AND c.relkind = 'i' AND c.relnamespace = current_schema()::regnamespace");
        usleep((useconds_t)o->clean_ms * 1000);
    }
    PQfinish(conn);
    return NULL;
}

struct stamps {
    unsigned long ms;
    char time[40];
    long us;
};

static struct stamps stamps_of(long seconds_ago) {
    struct stamps s;
    struct timespec t;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec -= seconds_ago;
    gmtime_r(&t.tv_sec, &utc);
    strftime(s.time, sizeof s.time, "%Y-%m-%d %H:%M:%S", &utc);
    s.us = t.tv_nsec / 1000;
    s.ms = (unsigned long)t.tv_sec * 1000 + (unsigned long)t.tv_nsec / 1000000;
    return s;
}

/* An id that rises with time, as a ULID does. */
static int put_id(char *out, const struct stamps *s, long n) {
    return sprintf(out, "01%012lX%08lXXXXX", s->ms, (unsigned long)n & 0xFFFFFFFF);
}

#define DELTAS                                                                                                         \
    "{\"files\":[\"core/pipeline.py\",\"core/graph.py\",\"analysis/metrics.py\"],\"tokens\":{\"MODIFY_SIG\":2,"        \
    "\"ADD_FN\":3,\"RENAME_FN\":1},\"note\":\"the context was built anew since its inputs had changed\",\"cache\":{"   \
    "\"hits\":120,\"misses\":7}}"

/* The rows of event n in COPY's text format; answers the length. */
static int row_of(int table, char *out, const struct stamps *s, long n) {
    char id[40];
    (void)put_id(id, s, n);
    switch (table) {
    case 0:
        return sprintf(out, "%s\t%ld\t%s.%06ld+00\t%s.%06ld+00\t\\\\x%064lx\n", id, n + 1, s->time, s->us, s->time,
                       s->us, (unsigned long)n * 2654435761UL);
    case 1:
        return sprintf(out,
                       "%s\tcore.step.finished@v1\t%s.%06ld+00\tci/build\t%s\t"
                       "8f1c2d3e4a5b60718293a4b5c6d7e8f901234567\tmain\t"
                       "{\"run_id\":\"bench-limit\",\"name\":\"pipeline.build_ctx\",\"idx\":%ld,\"dt_ms\":123,"
                       "\"deltas\":" DELTAS "}\t%ld\t%s.%06ld+00\n",
                       id, s->time, s->us, id, n, n + 1, s->time, s->us);
    default:
        return sprintf(out, "bench-limit\tpipeline.build_ctx\t%ld\t123\t" DELTAS "\tmain\t%s\n", n, id);
    }
}

static const char *const copies[3] = {
    "COPY event_ids (id, position, ts_utc, received_utc, content_hash) FROM STDIN",
    "COPY events (id, topic, ts_utc, source, correlation_id, repo_sha, repo_branch, payload_json, position, "
    "received_utc) FROM STDIN",
    "COPY steps (run_id, name, idx, dt_ms, deltas, branch, event_id) FROM STDIN"};

static void copy(PGconn *conn, int table, const struct stamps *s, long from, long to, char *buffer) {
    size_t len = 0;
    for (long n = from; n < to; n++) {
        len += (size_t)row_of(table, buffer + len, s, n);
    }
    exec(conn, copies[table]);
    must(conn, PQputCopyData(conn, buffer, (int)len) == 1 && PQputCopyEnd(conn, NULL) == 1, "COPY");
    PGresult *result;
    while ((result = PQgetResult(conn))) {
        must(conn, PQresultStatus(result) == PGRES_COMMAND_OK, copies[table]);
        PQclear(result);
    }
}

static double run(PGconn *conn, const struct options *o) {
    struct timespec from, to;
    char *buffer = malloc((size_t)o->batch * ROW_B);
    must(conn, buffer != NULL, "memory");
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long n = o->first, last = n + o->events; n < last; n += o->batch) {
        long end = n + o->batch < last ? n + o->batch : last;
        struct stamps s = stamps_of((long)((double)(o->days - 1) * 86400 * (double)(last - end) / (double)last));
        exec(conn, "BEGIN");
        for (int table = 0; table < 3; table++) {
            copy(conn, table, &s, n, end, buffer);
        }
        exec(conn, "COMMIT");
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    free(buffer);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

int main(int argc, char **argv) {
    struct options o = {.events = 200000, .batch = 1000, .clean_ms = 200, .days = 1};
    const struct argp argp = {argp_options, parse, "DSN", "The raw limit of PostgreSQL for the server's inserts.",
                              NULL,         NULL,  NULL};
    pthread_t cleaner;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    PGconn *conn = join(o.dsn);
    exec(conn, "SET client_min_messages TO warning");
    if (!o.first) {
        exec(conn, "DELETE FROM runs WHERE id = 'bench-limit'"); /* its steps go with it */
        exec(conn, "INSERT INTO runs (id, sha, started) VALUES ('bench-limit', '8f1c', now())");
    }
    must(conn, pthread_create(&cleaner, NULL, clean, &o) == 0, "thread");
    double seconds = run(conn, &o);
    char sql[128];
    (void)snprintf(sql, sizeof sql, "UPDATE event_position SET position = %ld", o.first + o.events);
    exec(conn, sql); /* so that a server may go on from here */
    atomic_store(&over, true);
    pthread_join(cleaner, NULL);
    printf("{\"events\": %ld, \"batch\": %ld, \"seconds\": %.3f, \"events_per_s\": %.0f}\n", o.events, o.batch, seconds,
           (double)o.events / seconds);
    PQfinish(conn);
    return 0;
}
