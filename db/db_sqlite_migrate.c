/* The migrator's hold on a SQLite file. The lock is the file's write lock, taken at once (BEGIN IMMEDIATE), as the
 * Alembic environment takes it. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/db_sqlite_lock.h"
#include "db/migrate_store.h"

#define PATH_MOST_B 4096

static eg_status failed(sqlite3 *db, const char *place, struct eg_err *err) {
    if ((sqlite3_errcode(db) & 0xFF) == SQLITE_BUSY) {
        return eg_err_set(
            err, EG_E_STORE_UNAVAILABLE, place,
            "Another program held the database's lock for %d s (another migration, or a server): let it end, "
            "then run the command again.",
            EG_MIGRATE_WAIT_S);
    }
    return eg_err_set(err, EG_E_STORE_UNAVAILABLE, place, "SQLite: %s", sqlite3_errmsg(db));
}

/* Makes the folders above the file. */
static eg_status make_folders(const char *path, struct eg_err *err) {
    char folder[PATH_MOST_B];
    if (strlen(path) >= sizeof folder) {
        return eg_err_set(err, EG_E_CONFIG, "store", "The path of the SQLite file is longer than %d bytes.",
                          PATH_MOST_B - 1);
    }
    strcpy(folder, path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0750) != 0 && errno != EEXIST) {
            return eg_err_set(err, EG_E_CONFIG, "store", "The folder %s cannot be made: %s.", folder, strerror(errno));
        }
        *slash = '/';
    }
    return EG_OK;
}

static void lite_close(void *conn) { sqlite3_close(conn); }

static eg_status lite_open(const char *dsn, bool make, void **conn, struct eg_err *err) {
    sqlite3 *db = NULL;
    *conn = NULL;
    if (make) {
        if (make_folders(dsn, err) != EG_OK) {
            return EG_FAIL;
        }
    } else if (access(dsn, F_OK) != 0 && errno == ENOENT) {
        return EG_OK;
    }
    int flags = SQLITE_OPEN_READWRITE | (make ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(dsn, &db, flags, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(db, EG_MIGRATE_WAIT_S * 1000) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA foreign_keys = OFF", NULL, NULL, NULL) != SQLITE_OK) {
        eg_status status = eg_err_set(err, EG_E_STORE_UNAVAILABLE, "store", "The SQLite file %s cannot be opened: %s",
                                      dsn, db == NULL ? "out of memory" : sqlite3_errmsg(db));
        sqlite3_close(db);
        return status;
    }
    *conn = db;
    return EG_OK;
}

static eg_status lite_begin(void *conn, struct eg_err *err) {
    return sqlite3_exec(conn, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK ? EG_OK : failed(conn, "lock", err);
}

static eg_status lite_commit(void *conn, struct eg_err *err) {
    return sqlite3_exec(conn, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? EG_OK : failed(conn, "commit", err);
}

static void lite_rollback(void *conn) { (void)sqlite3_exec(conn, "ROLLBACK", NULL, NULL, NULL); }

static eg_status lite_claim(void *conn, int *fd, struct eg_err *err) { return eg_sqlite_lock(sqlite3_db_filename(conn, "main"), fd, err); }

static int line_of(const char *sql, const char *at) {
    int line = 1;
    for (; sql < at; sql++) {
        line += *sql == '\n';
    }
    return line;
}

/* Statement by statement, so that a failure has a line. */
static eg_status lite_run(void *conn, const char *sql, const char *name, struct eg_err *err) {
    sqlite3 *db = conn;
    const char *next = sql;
    while (*next != '\0') {
        const char *begin = next + strspn(next, " \t\r\n");
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, begin, -1, &stmt, &next);
        int offset = rc == SQLITE_OK ? 0 : sqlite3_error_offset(db);
        while (stmt != NULL && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        }
        if (rc != SQLITE_OK && rc != SQLITE_DONE) {
            char place[128];
            (void)snprintf(place, sizeof place, "%s:%d", name, line_of(sql, begin + (offset > 0 ? offset : 0)));
            eg_status status = failed(db, place, err);
            sqlite3_finalize(stmt);
            return status;
        }
        sqlite3_finalize(stmt);
    }
    return EG_OK;
}

static eg_status lite_ask(void *conn, const char *sql, char *out, size_t size_b, struct eg_err *err) {
    sqlite3_stmt *stmt = NULL;
    out[0] = '\0';
    int rc = sqlite3_prepare_v2(conn, sql, -1, &stmt, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    if (rc == SQLITE_ROW && sqlite3_column_text(stmt, 0) != NULL) {
        (void)snprintf(out, size_b, "%s", (const char *)sqlite3_column_text(stmt, 0));
    }
    eg_status status = rc == SQLITE_ROW || rc == SQLITE_DONE ? EG_OK : failed(conn, "version", err);
    sqlite3_finalize(stmt);
    return status;
}

const struct eg_migrate_store eg_migrate_sqlite = {
    .dialect = "sqlite",
    .open = lite_open,
    .close = lite_close,
    .begin = lite_begin,
    .commit = lite_commit,
    .rollback = lite_rollback,
    .claim = lite_claim,
    .run = lite_run,
    .ask = lite_ask,
    .has_table_sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '%s'",
    .applied_utc_sql = "SELECT applied_utc FROM egdb_schema_version WHERE version = %d",
};
