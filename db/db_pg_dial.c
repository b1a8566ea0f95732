/* Connecting, by poll(2) with one deadline over address, TLS, authentication and the session's settings. */
#include "db/db_pg_dial.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define SETTINGS_B 2048

void eg_pg_say(PGconn *conn, struct eg_err *err, enum eg_code code) {
    char line[400];
    size_t n = 0;
    for (const char *p = PQerrorMessage(conn); *p && n < sizeof line - 1; p++) {
        bool gap = *p == '\n' || *p == '\t' || *p == ' ';
        if (!gap || (n && line[n - 1] != ' ')) {
            line[n++] = gap ? ' ' : *p;
        }
    }
    while (n && line[n - 1] == ' ') {
        n--;
    }
    line[n] = 0;
    (void)eg_err_set(err, code, NULL, "PostgreSQL: %s", n ? line : "the connection was closed");
}

bool eg_pg_exposed(const char *address, const char *sslmode) {
    bool here = !*address || strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
    return !here && strcmp(sslmode, "verify-full") != 0;
}

/* Waits for the socket; EG_FAIL at the deadline or when stopped. */
static eg_status wait_for(PGconn *conn, short events, int stop_fd, int64_t deadline_us, struct eg_err *err) {
    struct pollfd fds[2] = {{.fd = PQsocket(conn), .events = events}, {.fd = stop_fd, .events = POLLIN}};
    for (;;) {
        int64_t left_ms = (deadline_us - eg_clock_mono_us() + 999) / 1000;
        int n = left_ms > 0 ? poll(fds, 2, (int)left_ms) : 0;
        if (n == 0) {
            return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "PostgreSQL at %s did not answer in time",
                              PQhost(conn));
        }
        if (fds[1].revents) {
            return eg_err_set(err, EG_E_STOPPING, NULL, "the store is being closed");
        }
        if (fds[0].revents) {
            return EG_OK;
        }
    }
}

static eg_status connect_until(PGconn *conn, int stop_fd, int64_t deadline_us, struct eg_err *err) {
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    while (step != PGRES_POLLING_OK) {
        if (step == PGRES_POLLING_FAILED || PQstatus(conn) == CONNECTION_BAD) {
            eg_pg_say(conn, err, EG_E_STORE_UNAVAILABLE);
            return EG_FAIL;
        }
        short events = step == PGRES_POLLING_WRITING ? POLLOUT : POLLIN;
        if (wait_for(conn, events, stop_fd, deadline_us, err) != EG_OK) {
            return EG_FAIL;
        }
        step = PQconnectPoll(conn);
    }
    return EG_OK;
}

static eg_status ask_until(PGconn *conn, const char *sql, int stop_fd, int64_t deadline_us, PGresult **result,
                           struct eg_err *err) {
    PGresult *last = NULL;
    if (!PQsendQuery(conn, sql)) {
        eg_pg_say(conn, err, EG_E_STORE_UNAVAILABLE);
        return EG_FAIL;
    }
    for (;;) {
        int unsent = PQflush(conn);
        if (unsent < 0) {
            break;
        }
        if (unsent || PQisBusy(conn)) {
            if (wait_for(conn, (short)(POLLIN | (unsent ? POLLOUT : 0)), stop_fd, deadline_us, err) != EG_OK) {
                break;
            }
            if (!PQconsumeInput(conn)) {
                break;
            }
            continue;
        }
        PGresult *next = PQgetResult(conn);
        if (!next) {
            *result = last;
            return EG_OK;
        }
        PQclear(last);
        last = next;
        ExecStatusType status = PQresultStatus(last);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            break;
        }
    }
    eg_pg_say(conn, err, EG_E_STORE_UNAVAILABLE);
    PQclear(last);
    return EG_FAIL;
}

eg_status eg_pg_ask(PGconn *conn, const char *sql, int timeout_ms, PGresult **result, struct eg_err *err) {
    return ask_until(conn, sql, -1, eg_clock_mono_us() + timeout_ms * INT64_C(1000), result, err);
}

eg_status eg_pg_ask_until(PGconn *conn, const char *sql, int stop_fd, int timeout_ms, PGresult **result,
                          struct eg_err *err) {
    return ask_until(conn, sql, stop_fd, eg_clock_mono_us() + timeout_ms * INT64_C(1000), result, err);
}

/* The settings that meaning or durability hang on, whatever the cluster's defaults. The writer's plans are kept (db_pg_shape.c
 * says until when) and are made without whole-table methods: its statements are all by key, and a plan made while a table was
 * empty must not scan it when it is full. Payloads of some kilobytes are compressed: by lz4 where the cluster has it and
 * nobody chose otherwise. */
static void settings_write(const struct eg_pg_dial *dial, char text[SETTINGS_B]) {
    int n = snprintf(
        text, SETTINGS_B,
        "SET timezone TO 'UTC'; SET datestyle TO 'ISO'; SET client_min_messages TO warning; SET jit TO off;"
        " SET statement_timeout TO %d; SET lock_timeout TO %d; SET idle_in_transaction_session_timeout TO %d;"
        " SET client_connection_check_interval TO 1000; SET default_transaction_isolation TO 'read committed';",
        dial->statement_timeout_ms, dial->lock_timeout_ms, dial->idle_tx_timeout_ms);
    /* Partitions are left out all the same. What constraint_exclusion adds to that compares each part of a condition with each other
     * one, for every partition: minutes for what nests sixteen deep. Workers take tens of ms to start, and so are for reads of as many. */
    const char *rest = dial->read_only ? " SET default_transaction_read_only TO on; SET constraint_exclusion TO off;"
                                         " SET parallel_setup_cost TO 10000"
                                       : " SET default_transaction_read_only TO off; SET plan_cache_mode TO "
                                         "force_generic_plan; SET enable_seqscan TO off;"
                                         " SET enable_hashjoin TO off; SET enable_mergejoin TO off; SET enable_material TO off;"
                                         " SET enable_memoize TO off;"
                                         " SELECT set_config('default_toast_compression', 'lz4', false) FROM pg_settings"
                                         " WHERE name = 'default_toast_compression' AND source = 'default' AND 'lz4' = ANY (enumvals);"
                                         " SELECT set_config('synchronous_commit', 'on', false) WHERE "
                                         "current_setting('synchronous_commit') = 'off'";
    EG_ASSERT(n > 0 && (size_t)n + strlen(rest) < SETTINGS_B);
    memcpy(text + n, rest, strlen(rest) + 1);
}

/* libpq would print to stderr, past the log: mostly the reason of an end that its owner tells anyway. */
static void on_notice(void *ctx, const char *message) {
    static const struct eg_log log = {.object = "store"};
    (void)ctx;
    eg_debug(&log, "PostgreSQL says: %.*s", (int)strcspn(message, "\n"), message);
}

eg_status eg_pg_dial(const struct eg_pg_dial *dial, PGconn **conn, struct eg_err *err) {
    /* In front of dbname stand defaults that a DSN may change; behind it what it may not. */
    const char *names[] = {"keepalives_idle",  "keepalives_interval", "keepalives_count",     "dbname",
                           "application_name", "client_encoding",     "target_session_attrs", NULL};
    const char *values[] = {"10", "5", "3", dial->dsn, "egdb", "UTF8", dial->read_only ? "any" : "read-write", NULL};
    int64_t deadline_us = eg_clock_mono_us() + dial->timeout_ms * INT64_C(1000);
    char settings[SETTINGS_B];
    PGresult *result = NULL;
    PGconn *made = PQconnectStartParams(names, values, 1);
    if (!made) {
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "out of memory");
    }
    (void)PQsetNoticeProcessor(made, on_notice, NULL);
    settings_write(dial, settings);
    if (connect_until(made, dial->stop_fd, deadline_us, err) != EG_OK || PQsetnonblocking(made, 1) != 0 ||
        ask_until(made, settings, dial->stop_fd, deadline_us, &result, err) != EG_OK) {
        if (!err->code) {
            eg_pg_say(made, err, EG_E_STORE_UNAVAILABLE);
        }
        PQfinish(made);
        return EG_FAIL;
    }
    PQclear(result);
    *conn = made;
    return EG_OK;
}
