/* What the contract tests of db/db.h share: a store with tables of the tests' own, opened on a loop; calls that run the
 * loop until their answer has come. One test process has one store. */
#ifndef EG_TESTS_UNIT_DB_CONTRACT_H
#define EG_TESTS_UNIT_DB_CONTRACT_H

#include <check.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/db.h"
#include "db/migrate.h"

enum kind { SQLITE, POSTGRESQL, KINDS };

static struct {
    enum kind kind;
    char folder[64];
    char dsn[512];
    uv_loop_t loop;
    struct eg_db *db;
    struct eg_arena *arena;
    const struct eg_catalogue *catalogue;
    struct eg_db_config config;
    /* the last answer */
    bool answered;
    enum eg_fault fault;
    struct eg_err err;
} ct;

static const char ddl_common[] =
    "DROP TABLE IF EXISTS ct_child; DROP TABLE IF EXISTS ct_parent; DROP TABLE IF EXISTS ct_types; DROP TABLE IF "
    "EXISTS ct_pair;"
    "CREATE TABLE ct_pair (a text NOT NULL, b bigint NOT NULL, v text, held text, PRIMARY KEY (a, b));";
static const char ddl_sqlite[] = "CREATE TABLE ct_types (id BIGINT NOT NULL PRIMARY KEY, t TEXT, i INT4, l BIGINT, d "
                                 "DOUBLE PRECISION, b BOOLEAN, z UTC TEXT, "
                                 "j JSON TEXT, y BLOB);"
                                 "CREATE TABLE ct_parent (id INTEGER NOT NULL PRIMARY KEY, repo TEXT NOT NULL, path "
                                 "TEXT NOT NULL, CONSTRAINT ct_parent_key "
                                 "UNIQUE (repo, path));"
                                 "CREATE TABLE ct_child (id INTEGER NOT NULL PRIMARY KEY, parent_id BIGINT REFERENCES "
                                 "ct_parent (id), repo TEXT, path TEXT, "
                                 "name TEXT NOT NULL UNIQUE CHECK (name <> 'bad'), n INT4, \"freeze\" BOOLEAN);";
static const char ddl_pg[] = "CREATE TABLE ct_types (id bigint NOT NULL PRIMARY KEY, t text, i int, l bigint, d double "
                             "precision, b boolean, z timestamptz, "
                             "j jsonb, y bytea);"
                             "CREATE TABLE ct_parent (id bigserial PRIMARY KEY, repo text NOT NULL, path text NOT "
                             "NULL, CONSTRAINT ct_parent_key "
                             "UNIQUE (repo, path));"
                             "CREATE TABLE ct_child (id bigserial PRIMARY KEY, parent_id bigint REFERENCES ct_parent "
                             "(id), repo text, path text, "
                             "name text NOT NULL UNIQUE CHECK (name <> 'bad'), n int, \"freeze\" boolean);";

static inline const char *ct_path(void) { return ct.dsn + strlen("sqlite:"); }

/* SQL past the store, as another program would send it; answers the first cell of the last statement, "" without. */
static inline const char *ct_sql_sqlite(const char *sql, char *out, size_t size_b) {
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    ck_assert_int_eq(sqlite3_open(ct_path(), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    while (*sql) {
        ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, &sql) == SQLITE_OK, "%s", sqlite3_errmsg(db));
        int rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW)
            (void)snprintf(out, size_b, "%s", (const char *)sqlite3_column_text(stmt, 0));
        ck_assert_msg(sqlite3_finalize(stmt) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    }
    sqlite3_close(db);
    return out;
}

static inline const char *ct_sql_pg(const char *sql, char *out, size_t size_b) {
    PGconn *pg = PQconnectdb(ct.dsn);
    ck_assert_msg(PQstatus(pg) == CONNECTION_OK, "%s", PQerrorMessage(pg));
    PQclear(PQexec(pg, "SET client_min_messages = warning"));
    PGresult *result = PQexec(pg, sql);
    ExecStatusType status = PQresultStatus(result);
    ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s", PQerrorMessage(pg));
    if (PQntuples(result) > 0)
        (void)snprintf(out, size_b, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    PQfinish(pg);
    return out;
}

static inline const char *ct_sql(const char *sql) {
    static char out[256];
    out[0] = '\0';
    return ct.kind == SQLITE ? ct_sql_sqlite(sql, out, sizeof out) : ct_sql_pg(sql, out, sizeof out);
}

static inline void ct_run_until(const bool *flag) {
    while (!*flag)
        uv_run(&ct.loop, UV_RUN_ONCE);
}

static inline void ct_open(void) {
    struct eg_err err = {0};
    ck_assert_msg(eg_db_open(&ct.loop, &ct.config, &ct.db, &err) == EG_OK, "%s: %s", err.place, err.message);
    ct.catalogue = eg_db_catalogue(ct.db);
}

static inline void ct_closed(void *flag) { *(bool *)flag = true; }

static inline void ct_close(void) {
    bool closed = false;
    eg_db_close(ct.db, ct_closed, &closed);
    ct_run_until(&closed);
}

static inline void ct_setup(enum kind kind) {
    struct eg_err err = {0};
    ct.kind = kind;
    strcpy(ct.folder, "/tmp/egdb-contract-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(ct.folder));
    if (kind == SQLITE)
        (void)snprintf(ct.dsn, sizeof ct.dsn, "sqlite:%s/egdb.db", ct.folder);
    else
        (void)snprintf(ct.dsn, sizeof ct.dsn, "%s", getenv("EGDB_TEST_PG"));
    ck_assert_msg(eg_migrate_up(ct.dsn, "migrations", EG_MIGRATE_NEWEST, NULL, NULL, &err) == EG_OK, "%s: %s",
                  err.place, err.message);
    ct_sql(ddl_common);
    ct_sql(kind == SQLITE ? ddl_sqlite : ddl_pg);
    ct_sql("DELETE FROM pending_rows");
    ct.config = (struct eg_db_config){.dsn = ct.dsn,
                                      .read_connections = 2,
                                      .connect_timeout_ms = 5000,
                                      .write_timeout_ms = 20000,
                                      .lock_timeout_ms = 2000,
                                      .idle_tx_timeout_ms = 20000,
                                      .read_timeout_ms = 20000,
                                      .reconnect_least_ms = 20,
                                      .reconnect_most_ms = 200,
                                      .partition_days = 2,
                                      .sqlite_cache_mib = 8,
                                      .sqlite_checkpoint_pages = 100,
                                      .sqlite_busy_ms = 50};
    ck_assert_int_eq(uv_loop_init(&ct.loop), 0);
    ct.arena = eg_arena_new(64U << 20);
    ct_open();
}

static inline void ct_teardown(void) {
    char command[128];
    ct_close();
    ck_assert_int_eq(uv_loop_close(&ct.loop), 0);
    eg_arena_free(ct.arena);
    (void)snprintf(command, sizeof command, "rm -rf %s", ct.folder);
    ck_assert_int_eq(system(command), 0);
}

static inline void ct_done(void *ctx, enum eg_fault fault, const struct eg_err *err) {
    (void)ctx;
    ck_assert(!ct.answered);
    ck_assert(fault == EG_FAULT_NONE || (err && err->message[0]));
    ct.answered = true;
    ct.fault = fault;
    ct.err = err ? *err : (struct eg_err){0};
}

static inline enum eg_fault ct_round(struct eg_op *ops, size_t n, bool commit) {
    ct.answered = false;
    eg_db_round(ct.db, ops, n, commit, ct.arena, ct_done, NULL);
    ck_assert_msg(!ct.answered, "completed inside the submitting call");
    ct_run_until(&ct.answered);
    return ct.fault;
}

static inline enum eg_fault ct_rollback(void) {
    ct.answered = false;
    eg_db_rollback(ct.db, ct_done, NULL);
    ck_assert(!ct.answered);
    ct_run_until(&ct.answered);
    return ct.fault;
}

#define CT_OK(call)                                                                                                    \
    do {                                                                                                               \
        enum eg_fault ct_fault = (call);                                                                               \
        ck_assert_msg(ct_fault == EG_FAULT_NONE, "fault %d: %s: %s", (int)ct_fault, ct.err.place, ct.err.message);     \
    } while (0)

static inline const struct eg_table *ct_table(const char *name) {
    const struct eg_table *table = eg_catalogue_table(ct.catalogue, name);
    ck_assert_ptr_nonnull(table);
    return table;
}

static inline int ct_column(const struct eg_table *table, const char *name) {
    int index = eg_table_column(table, name, strlen(name));
    ck_assert_int_ge(index, 0);
    return index;
}

/* Indexes of the columns named in a list with commas, in the test's arena; NULL gives none. */
static inline const int *ct_columns(const struct eg_table *table, const char *names, size_t *n) {
    *n = 0;
    int *list = eg_arena_alloc(ct.arena, 64 * sizeof *list);
    while (names && *names) {
        size_t len = strcspn(names, ",");
        list[*n] = eg_table_column(table, names, len);
        ck_assert_msg(list[*n] >= 0, "no column %s", names);
        (*n)++;
        names += len + (names[len] == ',');
    }
    return list;
}

/* A shape whose cells are plain columns; it lives until the process ends, as shapes must. */
static inline struct eg_dml *ct_shape(enum eg_dml_kind kind, const char *table, const char *cells, const char *key,
                                      const char *hold, const char *out) {
    struct eg_dml *dml = eg_arena_zalloc(ct.arena, sizeof *dml);
    dml->kind = kind;
    dml->table = ct_table(table);
    const int *columns = ct_columns(dml->table, cells, &dml->n_cells);
    struct eg_cell *list = eg_arena_zalloc(ct.arena, (dml->n_cells + 1) * sizeof *list);
    for (size_t i = 0; i < dml->n_cells; i++)
        list[i].column = columns[i];
    dml->cells = list;
    dml->key = ct_columns(dml->table, key, &dml->n_key);
    dml->hold = ct_columns(dml->table, hold, &dml->n_hold);
    dml->out = ct_columns(dml->table, out, &dml->n_out);
    return dml;
}

static inline struct eg_ref *ct_ref(const char *table, const char *column, const char *where, bool newest) {
    struct eg_ref *ref = eg_arena_zalloc(ct.arena, sizeof *ref);
    ref->table = ct_table(table);
    ref->column = ct_column(ref->table, column);
    ref->where = ct_columns(ref->table, where, &ref->n_where);
    ref->newest = newest;
    return ref;
}

static inline struct eg_op ct_op(const struct eg_dml *dml, const struct eg_value *params, size_t n_rows) {
    return (struct eg_op){.dml = dml, .params = params, .n_rows = n_rows};
}

static inline struct eg_op ct_lock(void) { return (struct eg_op){.sql = EG_SQL_POSITION_LOCK, .n_rows = 1}; }

/* One operation in a transaction of its own. */
static inline enum eg_fault ct_one(const struct eg_dml *dml, const struct eg_value *params, size_t n_rows,
                                   struct eg_op *op) {
    struct eg_op ops[2] = {ct_lock(), ct_op(dml, params, n_rows)};
    enum eg_fault fault = ct_round(ops, 2, true);
    if (op)
        *op = ops[1];
    return fault;
}

static inline const struct eg_value *ct_cell(const struct eg_rows *rows, size_t row, size_t column) {
    ck_assert_uint_lt(row, rows->n_rows);
    ck_assert_uint_lt(column, rows->n_columns);
    return &rows->cells[row * rows->n_columns + column];
}

static inline void ct_text_eq(const struct eg_value *value, const char *text) {
    ck_assert(!value->null);
    ck_assert_msg(value->s.n == strlen(text) && memcmp(value->s.p, text, value->s.n) == 0, "%.*s is not %s",
                  (int)value->s.n, value->s.p, text);
}

/* A test program's main: every test on SQLite, and on PostgreSQL when EGDB_TEST_PG names an empty database. */
static inline int ct_main(const char *name, const TTest **tests, size_t n_tests) {
    int n_kinds = getenv("EGDB_TEST_PG") ? KINDS : POSTGRESQL;
    const char *only = getenv("EGDB_TEST_ONLY"); /* "postgresql": that alone */
    int first = only && strcmp(only, "postgresql") == 0 ? POSTGRESQL : SQLITE;
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create("both stores");
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < n_tests; i++)
        tcase_add_loop_test(tcase, tests[i], first, n_kinds);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

#endif
