/* The SQLite catalogue reader: types, keys, foreign keys, depths, views, and now(), over a small schema and over EGDB's
 * own. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "db/db_sqlite_catalogue.h"
#include "db/migrate.h"

static sqlite3 *db;
static struct eg_arena *arena;
static struct eg_catalogue catalogue;
static struct eg_err err;

static void setup(void) {
    arena = eg_arena_new(1 << 20);
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    eg_err_clear(&err);
}

static void teardown(void) {
    sqlite3_close(db);
    eg_arena_free(arena);
}

static void given(const char *sql) {
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    ck_assert_msg(eg_sqlite_catalogue(db, arena, &catalogue, &err) == EG_OK, "%s", err.message);
}

START_TEST(types_and_defaults) {
    given("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b JSON TEXT, c UTC TEXT DEFAULT (1), d BOOLEAN, e "
          "INT4,"
          " f BIGINT, g DOUBLE PRECISION, h BLOB, i VARCHAR(32))");
    static const enum eg_type types[] = {EG_INT8, EG_TEXT, EG_JSON,   EG_TIME,  EG_BOOL,
                                         EG_INT4, EG_INT8, EG_FLOAT8, EG_BYTES, EG_TEXT};
    const struct eg_table *t = eg_catalogue_table(&catalogue, "t");
    ck_assert_uint_eq(t->n_columns, sizeof types / sizeof *types);
    for (size_t i = 0; i < t->n_columns; i++) {
        ck_assert_msg(t->columns[i].type == types[i], "%s", t->columns[i].name);
        ck_assert_msg(t->columns[i].not_null == (i == 1), "%s", t->columns[i].name);
        ck_assert_msg(t->columns[i].has_default == (i == 0 || i == 3), "%s", t->columns[i].name);
    }
}
END_TEST

START_TEST(keys_are_plain_and_whole) {
    given("CREATE TABLE t (a TEXT, b TEXT, c TEXT, PRIMARY KEY (b, a), UNIQUE (c));"
          "CREATE UNIQUE INDEX i ON t (a, c); CREATE UNIQUE INDEX j ON t (lower(a));"
          "CREATE UNIQUE INDEX k ON t (b) WHERE c IS NULL; CREATE INDEX l ON t (b, c)");
    const struct eg_table *t = eg_catalogue_table(&catalogue, "t");
    ck_assert_uint_eq(t->n_uniques, 3);
    ck_assert(t->uniques[0].primary && t->uniques[0].n == 2 && t->uniques[0].columns[0] == 1 &&
              t->uniques[0].columns[1] == 0);
    ck_assert(!t->uniques[1].primary && t->uniques[1].n == 2); /* i */
    ck_assert(t->uniques[2].n == 1 && t->uniques[2].columns[0] == 2);
}
END_TEST

START_TEST(parents_come_before_children) {
    given("CREATE TABLE c (x INTEGER PRIMARY KEY, p INT4 REFERENCES b (id) ON DELETE CASCADE, q INT4 REFERENCES c (x));"
          "CREATE TABLE b (id INTEGER PRIMARY KEY, u TEXT, v TEXT, FOREIGN KEY (u, v) REFERENCES a);"
          "CREATE TABLE a (k TEXT, l TEXT, PRIMARY KEY (k, l))");
    ck_assert_str_eq(catalogue.tables[0].name, "a");
    ck_assert_int_eq(catalogue.tables[0].depth, 0);
    ck_assert_int_eq(catalogue.tables[1].depth, 1);
    ck_assert_int_eq(catalogue.tables[2].depth, 2);
    const struct eg_fkey *wide = &catalogue.tables[1].fkeys[0];
    ck_assert(wide->n == 2 && wide->columns[0] == 1 && wide->columns[1] == 2 && !wide->cascade);
    ck_assert_str_eq(wide->ref_table, "a");
    ck_assert_str_eq(wide->ref_columns[1], "l");
    ck_assert_uint_eq(catalogue.tables[2].n_fkeys, 2);
    ck_assert(catalogue.tables[2].fkeys[0].cascade != catalogue.tables[2].fkeys[1].cascade);
}
END_TEST

START_TEST(rings_of_tables_end) {
    given("CREATE TABLE a (x INTEGER PRIMARY KEY, y INT4 REFERENCES b (x));"
          "CREATE TABLE b (x INTEGER PRIMARY KEY, y INT4 REFERENCES a (x))");
    ck_assert_uint_eq(catalogue.n_tables, 2);
}
END_TEST

START_TEST(full_arena_is_said) {
    struct eg_arena *small = eg_arena_new(256);
    given("CREATE TABLE a (x INTEGER PRIMARY KEY, y TEXT); CREATE TABLE b (x INTEGER PRIMARY KEY REFERENCES a (x), y "
          "TEXT UNIQUE)");
    ck_assert_int_eq(eg_sqlite_catalogue(db, small, &catalogue, &err), EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_INTERNAL);
    eg_arena_free(small);
}
END_TEST

START_TEST(own_schema) {
    char path[] = "/tmp/egdb-test-catalogue-XXXXXX", dsn[64] = "sqlite:";
    int version = 0;
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    strcat(dsn, path);
    ck_assert_int_eq(eg_migrate_up(dsn, "migrations", EG_MIGRATE_NEWEST, NULL, NULL, &err), EG_OK);
    sqlite3_close(db);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(eg_sqlite_schema_version(db, &version, &err), EG_OK);
    ck_assert_int_eq(eg_migrate_judge(version, &err), EG_OK);
    given("SELECT 1");
    ck_assert_ptr_null(eg_catalogue_table(&catalogue, "egdb_view_columns"));
    ck_assert_int_eq(eg_catalogue_table(&catalogue, "ast_edges")->depth, 3);
    const struct eg_table *view = eg_catalogue_table(&catalogue, "vw_last_run_by_sha");
    ck_assert(view->view && view->columns[1].type == EG_TIME && view->columns[2].type == EG_INT8);
    ck_assert_int_eq(remove(path), 0);
}
END_TEST

START_TEST(version_of_an_empty_file) {
    int version = -1;
    ck_assert_int_eq(eg_sqlite_schema_version(db, &version, &err), EG_OK);
    ck_assert_int_eq(version, 0);
}
END_TEST

START_TEST(now_is_utc_text) {
    sqlite3_stmt *stmt = NULL;
    int64_t us = 0;
    ck_assert_int_eq(eg_sqlite_add_now(db, &err), EG_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT now()", -1, &stmt, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    const char *text = (const char *)sqlite3_column_text(stmt, 0);
    ck_assert_uint_eq(strlen(text), EG_TIME_TEXT_B - 1);
    ck_assert(eg_time_parse(text, strlen(text), false, &us) && us > 0);
    sqlite3_finalize(stmt);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sqlite catalogue");
    TCase *cases = tcase_create("all");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, types_and_defaults);
    tcase_add_test(cases, keys_are_plain_and_whole);
    tcase_add_test(cases, parents_come_before_children);
    tcase_add_test(cases, rings_of_tables_end);
    tcase_add_test(cases, full_arena_is_said);
    tcase_add_test(cases, own_schema);
    tcase_add_test(cases, version_of_an_empty_file);
    tcase_add_test(cases, now_is_utc_text);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
