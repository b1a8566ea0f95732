/* The migrator's hold on PostgreSQL: one plain connection. The lock is an advisory one of the transaction, the same
 * that the Alembic environment takes; it goes with the transaction, whatever dies. */
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "db/migrate_store.h"

static const char setup_sql[] = "SET timezone = 'UTC'; SET lock_timeout = '60s'; SET statement_timeout = 0;"
                                " SET client_min_messages = warning";
static const char lock_sql[] =
    "BEGIN; SELECT pg_advisory_xact_lock(5207130420)"; /* migrations/env.py has the same number */

/* The length of a message of libpq's without the line feed at its end. */
static int message_len(const char *message) {
    size_t len = strlen(message);
    return (int)(len > 0 && message[len - 1] == '\n' ? len - 1 : len);
}

static eg_status failed(PGconn *conn, const PGresult *res, const char *place, struct eg_err *err) {
    const char *state = res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *text = res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    if (state != NULL && strcmp(state, "55P03") == 0) {
        return eg_err_set(
            err, EG_E_STORE_UNAVAILABLE, place,
            "Another session held a lock for %d s (another migration, or a long transaction): let it end, "
            "then run the command again.",
            EG_MIGRATE_WAIT_S);
    }
    text = text == NULL ? PQerrorMessage(conn) : text;
    return eg_err_set(err, EG_E_STORE_UNAVAILABLE, place, "PostgreSQL: %.*s%s%s", message_len(text), text,
                      state == NULL ? "" : " — SQLSTATE ", state == NULL ? "" : state);
}

/* Runs texts that give no rows, or whose rows do not matter. */
static eg_status executed(PGconn *conn, const char *sql, const char *place, struct eg_err *err) {
    PGresult *res = PQexec(conn, sql);
    ExecStatusType got = PQresultStatus(res);
    eg_status status = got == PGRES_COMMAND_OK || got == PGRES_TUPLES_OK ? EG_OK : failed(conn, res, place, err);
    PQclear(res);
    return status;
}

static void pg_close(void *conn) { PQfinish(conn); }

static eg_status pg_open(const char *dsn, bool make, void **conn, struct eg_err *err) {
    (void)make;
    /* What stands before dbname can be overridden by the DSN, what stands behind it cannot. */
    const char *const names[] = {"connect_timeout", "fallback_application_name", "dbname", "client_encoding", NULL};
    const char *const values[] = {"10", "egdb migrate", dsn, "UTF8", NULL};
    PGconn *made = PQconnectdbParams(names, values, 1);
    if (PQstatus(made) != CONNECTION_OK) {
        eg_status status = eg_err_set(err, EG_E_STORE_UNAVAILABLE, "store", "PostgreSQL cannot be reached: %.*s",
                                      message_len(PQerrorMessage(made)), PQerrorMessage(made));
        PQfinish(made);
        return status;
    }
    if (executed(made, setup_sql, "store", err) != EG_OK) {
        PQfinish(made);
        return EG_FAIL;
    }
    *conn = made;
    return EG_OK;
}

static eg_status pg_begin(void *conn, struct eg_err *err) { return executed(conn, lock_sql, "lock", err); }

/* A commit of a failed transaction is answered with ROLLBACK and no error. */
static eg_status pg_commit(void *conn, struct eg_err *err) {
    PGresult *res = PQexec(conn, "COMMIT");
    eg_status status = EG_OK;
    if (PQresultStatus(res) != PGRES_COMMAND_OK || strcmp(PQcmdStatus(res), "COMMIT") != 0) {
        status = failed(conn, res, "commit", err);
    }
    PQclear(res);
    return status;
}

static void pg_rollback(void *conn) { PQclear(PQexec(conn, "ROLLBACK")); }

/* PostgreSQL counts characters, from 1. */
static int line_of(const char *sql, int position) {
    int line = 1;
    for (const char *p = sql; *p != '\0' && position > 1; p++) {
        line += *p == '\n';
        position -= ((unsigned char)p[1] & 0xC0) != 0x80;
    }
    return line;
}

static eg_status pg_run(void *conn, const char *sql, const char *name, struct eg_err *err) {
    PGresult *res = PQexec(conn, sql);
    ExecStatusType got = PQresultStatus(res);
    eg_status status = EG_OK;
    if (got != PGRES_COMMAND_OK && got != PGRES_TUPLES_OK) {
        char place[128];
        int position = 0;
        const char *field = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);
        if (field != NULL && sscanf(field, "%d", &position) == 1) {
            (void)snprintf(place, sizeof place, "%s:%d", name, line_of(sql, position));
        } else {
            (void)snprintf(place, sizeof place, "%s", name);
        }
        status = failed(conn, res, place, err);
    }
    PQclear(res);
    return status;
}

static eg_status pg_ask(void *conn, const char *sql, char *out, size_t size_b, struct eg_err *err) {
    PGresult *res = PQexec(conn, sql);
    out[0] = '\0';
    eg_status status = PQresultStatus(res) == PGRES_TUPLES_OK ? EG_OK : failed(conn, res, "version", err);
    if (status == EG_OK && PQntuples(res) > 0) {
        (void)snprintf(out, size_b, "%s", PQgetvalue(res, 0, 0));
    }
    PQclear(res);
    return status;
}

const struct eg_migrate_store eg_migrate_pg = {
    .dialect = "postgresql",
    .open = pg_open,
    .close = pg_close,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .run = pg_run,
    .ask = pg_ask,
    .has_table_sql = "SELECT (to_regclass('%s') IS NOT NULL)::int",
    .applied_utc_sql = "SELECT to_char(applied_utc AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                       " FROM egdb_schema_version WHERE version = %d",
};
