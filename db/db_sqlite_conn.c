/* Connections to the SQLite file and their statements. */
#include "db/db_sqlite_conn.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "db/db_sqlite_catalogue.h"
#include "db/db_sqlite_json.h"
#include "db/db_sqlite_percentile.h"
#include "db/db_sqlite_regexp.h"
#include "db/db_sqlite_sql.h"

#define MOST_SQL_B (1U << 20)
#define MOST_STATEMENTS_B (16U << 20)
#define MOST_PARAMS 512
#define STEPS_BETWEEN_LOOKS 1000 /* of SQLite's virtual machine: some ten microseconds */

static int look(void *arg) {
    const struct eg_sqlite_conn *conn = arg;
    if (conn->cancelled && atomic_load_explicit(conn->cancelled, memory_order_relaxed))
        return 1;
    return conn->deadline_us > 0 && eg_clock_mono_us() >= conn->deadline_us;
}

static bool exec(sqlite3 *db, const char *sql) { return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK; }

static bool pragma(sqlite3 *db, const char *name, long value) {
    struct eg_buf sql;
    eg_buf_init(&sql, 256);
    eg_buf_printf(&sql, "PRAGMA %s=%ld", name, value);
    bool ok = exec(db, eg_buf_text(&sql));
    eg_buf_free(&sql);
    return ok;
}

static int wal_answer(void *is_wal, int n, char **values, char **names) {
    (void)names;
    *(bool *)is_wal = n == 1 && values[0] && strcmp(values[0], "wal") == 0;
    return 0;
}

static eg_status use_wal(struct eg_sqlite_conn *conn, struct eg_err *err) {
    bool is_wal = false;
    int rc = sqlite3_exec(conn->db, "PRAGMA journal_mode=WAL", wal_answer, &is_wal, NULL);
    if (rc != SQLITE_OK) {
        (void)eg_sqlite_fault(conn, rc, conn->path, err);
        return EG_FAIL;
    }
    if (!is_wal)
        return eg_err_set(err, EG_E_CONFIG, conn->path,
                          "SQLite cannot use a write-ahead log here: put the database on a local file system");
    return EG_OK;
}

/* Checkpoints are the writer's own work, after it has answered: so SQLite makes none by itself, nor does a reader that
 * closes. A reader sorts large answers in a file; the writer's statements have nothing large to sort. */
static bool settle(sqlite3 *db, const struct eg_db_config *config, bool writer) {
    long cache_kib = writer ? config->sqlite_cache_mib * 1024L : 4096;
    bool ok = sqlite3_busy_timeout(db, config->sqlite_busy_ms) == SQLITE_OK && pragma(db, "foreign_keys", 1) &&
              pragma(db, "temp_store", writer ? 2 : 1) && pragma(db, "mmap_size", 0) && pragma(db, "cache_size", -cache_kib) &&
              pragma(db, "synchronous", 2) && sqlite3_wal_autocheckpoint(db, 0) == SQLITE_OK &&
              sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, (int *)NULL) == SQLITE_OK;
    if (!writer)
        ok = ok && pragma(db, "query_only", 1) &&
             sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL) == SQLITE_OK;
    return ok;
}

static eg_status set_up(struct eg_sqlite_conn *conn, const struct eg_db_config *config, bool writer,
                        struct eg_err *err) {
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    struct stat file;
    int rc = sqlite3_open_v2(conn->path, &conn->db, flags, NULL);
    if (rc != SQLITE_OK || stat(conn->path, &file) != 0)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, conn->path, "the database file cannot be opened: %s",
                          conn->db ? sqlite3_errmsg(conn->db) : "out of memory");
    conn->dev = file.st_dev;
    conn->ino = file.st_ino;
    if (writer && use_wal(conn, err) != EG_OK)
        return EG_FAIL;
    if (!settle(conn->db, config, writer)) {
        (void)eg_sqlite_fault(conn, sqlite3_extended_errcode(conn->db), conn->path, err);
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, conn->path, "SQLite refused the connection's settings");
    }
    if (eg_sqlite_add_now(conn->db, err) != EG_OK || eg_sqlite_add_regexp(conn->db, err) != EG_OK ||
        eg_sqlite_add_json(conn->db, err) != EG_OK || eg_sqlite_add_percentile(conn->db, err) != EG_OK)
        return EG_FAIL;
    sqlite3_progress_handler(conn->db, STEPS_BETWEEN_LOOKS, look, conn);
    conn->arena = eg_arena_new(MOST_STATEMENTS_B);
    conn->shapes = conn->arena ? eg_map_new(conn->arena, 128) : NULL;
    if (!conn->shapes)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, conn->path, "out of memory");
    return EG_OK;
}

eg_status eg_sqlite_conn_open(struct eg_sqlite_conn *conn, const char *path, const struct eg_db_config *config,
                              bool writer, struct eg_err *err) {
    *conn = (struct eg_sqlite_conn){.path = path};
    if (set_up(conn, config, writer, err) == EG_OK)
        return EG_OK;
    eg_sqlite_conn_close(conn);
    return EG_FAIL;
}

void eg_sqlite_conn_close(struct eg_sqlite_conn *conn) {
    if (conn->db) {
        sqlite3_stmt *stmt;
        while ((stmt = sqlite3_next_stmt(conn->db, NULL)))
            sqlite3_finalize(stmt);
        int rc = sqlite3_close(conn->db);
        EG_ASSERT(rc == SQLITE_OK);
    }
    eg_arena_free(conn->arena);
    *conn = (struct eg_sqlite_conn){.path = conn->path};
}

bool eg_sqlite_moved(const char *path, dev_t dev, ino_t ino) {
    struct stat file;
    return stat(path, &file) != 0 || file.st_dev != dev || file.st_ino != ino;
}

bool eg_sqlite_conn_moved(const struct eg_sqlite_conn *conn) {
    return eg_sqlite_moved(conn->path, conn->dev, conn->ino);
}

static int prepare(struct eg_sqlite_conn *conn, struct eg_buf *sql, unsigned flags, sqlite3_stmt **stmt) {
    const char *text = eg_buf_text(sql), *rest = NULL;
    *stmt = NULL;
    int rc = sql->failed ? SQLITE_TOOBIG : sqlite3_prepare_v3(conn->db, text, -1, flags, stmt, &rest);
    if (rc == SQLITE_OK && (!*stmt || rest[strspn(rest, " \t\r\n;")])) {
        sqlite3_finalize(*stmt);
        *stmt = NULL;
        rc = SQLITE_MISUSE;
    }
    eg_buf_free(sql);
    return rc;
}

static size_t count_times(const enum eg_type *types, size_t n) {
    size_t times = 0;
    for (size_t i = 0; i < n; i++)
        times += types[i] == EG_TIME;
    return times;
}

/* Fills what is known of the parameters and prepares; NULL on failure. */
static struct eg_sqlite_stmt *finish(struct eg_sqlite_conn *conn, struct eg_sqlite_stmt *made, struct eg_buf *sql,
                                     int *rc) {
    made->times = eg_arena_alloc(conn->arena, count_times(made->params, made->n_params) * EG_TIME_TEXT_B);
    if (!made->times) {
        eg_buf_free(sql);
        *rc = SQLITE_NOMEM;
        return NULL;
    }
    *rc = prepare(conn, sql, SQLITE_PREPARE_PERSISTENT, &made->stmt);
    if (*rc != SQLITE_OK)
        return NULL;
    made->writes = !sqlite3_stmt_readonly(made->stmt);
    EG_ASSERT((size_t)sqlite3_bind_parameter_count(made->stmt) == made->n_params);
    EG_ASSERT((size_t)sqlite3_column_count(made->stmt) == made->n_columns);
    return made;
}

static struct eg_sqlite_stmt *make_shape(struct eg_sqlite_conn *conn, const struct eg_dml *dml, int *rc) {
    struct eg_sqlite_stmt *made = eg_arena_zalloc(conn->arena, sizeof *made);
    const struct eg_dml **key = eg_arena_alloc(conn->arena, sizeof(const struct eg_dml *));
    size_t n = eg_dml_n_params(dml), n_out = dml->kind == EG_DML_LOOKUP || dml->kind == EG_DML_DEMAND ? dml->n_out : 0;
    EG_ASSERT(n <= MOST_PARAMS);
    enum eg_type *types = eg_arena_alloc(conn->arena, (n + n_out) * sizeof *types);
    *rc = SQLITE_NOMEM;
    if (!made || !key || !types)
        return NULL;
    eg_dml_param_types(dml, types);
    for (size_t i = 0; i < n_out; i++)
        types[n + i] = dml->table->columns[dml->out[i]].type;
    *made = (struct eg_sqlite_stmt){.n_params = n, .params = types, .n_columns = n_out, .columns = types + n};
    struct eg_buf sql;
    eg_buf_init(&sql, MOST_SQL_B);
    eg_sqlite_sql_shape(&sql, dml);
    if (!finish(conn, made, &sql, rc))
        return NULL;
    *key = dml;
    if (!eg_map_put(conn->shapes, key, sizeof *key, made)) {
        sqlite3_finalize(made->stmt);
        *rc = SQLITE_NOMEM;
        return NULL;
    }
    return made;
}

struct eg_sqlite_stmt *eg_sqlite_conn_shape(struct eg_sqlite_conn *conn, const struct eg_dml *dml, int *rc) {
    struct eg_sqlite_stmt *known = eg_map_get(conn->shapes, &dml, sizeof dml);
    return known ? known : make_shape(conn, dml, rc);
}

struct eg_sqlite_stmt *eg_sqlite_conn_fixed(struct eg_sqlite_conn *conn, enum eg_sql number, int *rc) {
    if (conn->fixed[number])
        return conn->fixed[number];
    const struct eg_statement *statement = eg_statement(number);
    struct eg_sqlite_stmt *made = eg_arena_zalloc(conn->arena, sizeof *made);
    *rc = SQLITE_NOMEM;
    if (!made)
        return NULL;
    *made = (struct eg_sqlite_stmt){.n_params = statement->n_params,
                                    .params = statement->params,
                                    .n_columns = statement->n_columns,
                                    .columns = statement->columns};
    struct eg_buf sql;
    eg_buf_init(&sql, MOST_SQL_B);
    eg_sqlite_sql_text(&sql, statement->sqlite);
    return conn->fixed[number] = finish(conn, made, &sql, rc);
}

int eg_sqlite_conn_text(struct eg_sqlite_conn *conn, const char *text, sqlite3_stmt **stmt) {
    struct eg_buf sql;
    eg_buf_init(&sql, MOST_SQL_B);
    eg_sqlite_sql_text(&sql, text);
    return prepare(conn, &sql, 0, stmt);
}

static bool disk_full(const struct eg_sqlite_conn *conn, int rc) {
    int cause = (rc & 0xFF) == SQLITE_IOERR && conn->db ? sqlite3_system_errno(conn->db) : 0;
    return (rc & 0xFF) == SQLITE_FULL || cause == ENOSPC || cause == EDQUOT;
}

/* All that is asked for was there when the server started. SQLite has no code for it, but its texts never change. */
static bool schema_changed(int rc, const char *says) {
    return (rc & 0xFF) == SQLITE_ERROR && (strstr(says, "no such table") || strstr(says, "no such column") ||
                                           strstr(says, "has no column named"));
}

enum eg_fault eg_sqlite_fault(const struct eg_sqlite_conn *conn, int rc, const char *place, struct eg_err *err) {
    const char *says =
        conn->db && sqlite3_extended_errcode(conn->db) == rc ? sqlite3_errmsg(conn->db) : sqlite3_errstr(rc);
    if (disk_full(conn, rc)) {
        (void)eg_err_set(err, EG_E_STORE_FULL, conn->path, "the disk of the database is full");
        return EG_FAULT_FULL;
    }
    if (rc == EG_SQLITE_NO_ROOM) {
        (void)eg_err_set(err, EG_E_STORE_REFUSED, place, "what is asked for does not fit into the memory of one transaction");
        return EG_FAULT_REFUSED;
    }
    switch (rc & 0xFF) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        (void)eg_err_set(err, EG_E_STORE_REFUSED, place, "%s", says);
        return EG_FAULT_REFUSED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        (void)eg_err_set(err, EG_E_STORE_UNAVAILABLE, place,
                         "another program holds the database's write lock: end it, or wait");
        return EG_FAULT_RETRY;
    case SQLITE_INTERRUPT:
        (void)eg_err_set(err, EG_E_TIMEOUT, place, "the write took longer than store.write_timeout_ms and was taken back");
        return EG_FAULT_RETRY;
    case SQLITE_NOMEM:
        (void)eg_err_set(err, EG_E_STORE_UNAVAILABLE, place, "out of memory");
        return EG_FAULT_RETRY;
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_PROTOCOL:
        (void)eg_err_set(err, EG_E_STORE_UNAVAILABLE, conn->path, "the database file cannot be used: %s", says);
        return EG_FAULT_LOST;
    default:
        if (schema_changed(rc, says))
            (void)eg_err_set(err, EG_E_SCHEMA_OLD, place,
                             "SQLite: %s; the schema is not the one that the server started with: run `egdb migrate up`", says);
        else
            (void)eg_err_set(err, EG_E_INTERNAL, place, "SQLite: %s", says);
        return EG_FAULT_BROKEN;
    }
}

bool eg_sqlite_fatal(int rc) {
    switch (rc & 0xFF) {
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_PROTOCOL:
        return true;
    default:
        return false;
    }
}
