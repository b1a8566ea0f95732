/* The migrator on SQLite: up and down and their bounds, a file that fails half-way, versions that nobody knows,
 * Alembic's table, and the folder. Run from the root of the checkout. PostgreSQL and Alembic itself:
 * tests/contract/test_migrations.py. */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/migrate.h"

static char folder[64], dsn[128], sql_copy[128];

static void shell(const char *format, const char *a, const char *b) {
    char command[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(command, sizeof command, format, a, b);
#pragma GCC diagnostic pop
    ck_assert_int_eq(system(command), 0);
}

static void setup(void) {
    strcpy(folder, "/tmp/egdb-test-migrate-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(dsn, sizeof dsn, "sqlite:%s/.glx/deep/egdb.db", folder);
    (void)snprintf(sql_copy, sizeof sql_copy, "%s/migrations", folder);
    shell("mkdir %s && cp -R migrations/sql %s/", sql_copy, sql_copy);
}

static void teardown(void) { shell("rm -rf %s%s", folder, ""); }

/* Runs sql on the database's file and answers the first cell. */
static const char *one(const char *sql) {
    static char out[256];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    out[0] = '\0';
    ck_assert_int_eq(sqlite3_open(dsn + strlen("sqlite:"), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        (void)snprintf(out, sizeof out, "%s", (const char *)sqlite3_column_text(stmt, 0));
    }
    ck_assert_int_eq(sqlite3_finalize(stmt), SQLITE_OK);
    sqlite3_close(db);
    return out;
}

static const char rest_sql[] = "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

static void count(void *ctx, const struct eg_migrate_step *step) {
    int *n = ctx;
    *n += step->up ? 1 : 100;
    ck_assert_int_gt((int)strlen(step->name), 5);
}

START_TEST(up_and_down_leave_nothing) {
    struct eg_err err = {.code = EG_E_NONE};
    int n = 0, version = -1;
    ck_assert_msg(eg_migrate_up(dsn, "migrations", EG_MIGRATE_NEWEST, count, &n, &err) == EG_OK, "%s", err.message);
    ck_assert_int_eq(n, eg_migrate_newest());
    ck_assert_int_eq(eg_migrate_status(dsn, NULL, NULL, &version, &err), EG_OK);
    ck_assert_int_eq(version, eg_migrate_newest());
    ck_assert_int_eq(eg_migrate_up(dsn, "migrations", EG_MIGRATE_NEWEST, count, &n, &err), EG_OK);
    ck_assert_int_eq(n, eg_migrate_newest());
    char newest[16];
    (void)snprintf(newest, sizeof newest, "%04d", eg_migrate_newest());
    ck_assert_str_eq(one("SELECT printf('%04d', count(*)) FROM egdb_schema_version"), newest);
    ck_assert_str_eq(one("SELECT version_num FROM alembic_version"), newest);
    ck_assert_int_eq(eg_migrate_down(dsn, "migrations", 1, NULL, NULL, &err), EG_OK);
    ck_assert_str_eq(one("SELECT version_num FROM alembic_version"), "0001");
    ck_assert_int_eq(eg_migrate_down(dsn, "migrations", 0, NULL, NULL, &err), EG_OK);
    ck_assert_str_eq(one(rest_sql), "0");
}
END_TEST

static void see_applied(void *ctx, const struct eg_migrate_step *step) {
    char *seen = ctx;
    ck_assert_uint_eq(strlen(step->applied_utc), step->applied ? strlen("2025-10-10T00:00:00.000000Z") : 0);
    strcat(seen, step->applied ? "x" : "-");
}

START_TEST(status_tells_what_is_applied) {
    struct eg_err err = {.code = EG_E_NONE};
    char seen[256] = "";
    int version = -1;
    ck_assert_int_eq(eg_migrate_status(dsn, see_applied, seen, &version, &err), EG_OK);
    ck_assert_uint_eq(strlen(seen), (size_t)eg_migrate_newest());
    ck_assert_uint_eq(strspn(seen, "-"), strlen(seen));
    ck_assert_int_eq(version, 0);
    ck_assert_int_ne(access(dsn + strlen("sqlite:"), F_OK), 0); /* asking made no file */
    ck_assert_int_eq(eg_migrate_up(dsn, "migrations", 2, NULL, NULL, &err), EG_OK);
    seen[0] = '\0';
    ck_assert_int_eq(eg_migrate_status(dsn, see_applied, seen, &version, &err), EG_OK);
    ck_assert_uint_eq(strlen(seen), (size_t)eg_migrate_newest());
    ck_assert_uint_eq(strspn(seen, "x"), 2);
    ck_assert_uint_eq(strspn(seen + 2, "-"), strlen(seen) - 2);
    ck_assert_int_eq(version, 2);
}
END_TEST

START_TEST(failure_half_way_leaves_nothing_of_the_migration) {
    struct eg_err err = {.code = EG_E_NONE};
    shell("sed -i '/CREATE TABLE steps/i CREATE TABLE steps (nothing);' %s/sql/0002_glitchlab.sqlite.up.sql%s",
          sql_copy, "");
    ck_assert_int_eq(eg_migrate_up(dsn, sql_copy, EG_MIGRATE_NEWEST, NULL, NULL, &err), EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_STORE_UNAVAILABLE);
    ck_assert_msg(strncmp(err.place, "0002_glitchlab.sqlite.up.sql:", 29) == 0, "%s", err.place);
    ck_assert_str_eq(one("SELECT count(*) FROM sqlite_schema WHERE name IN ('runs', 'steps')"), "0");
    ck_assert_str_eq(one("SELECT max(version) FROM egdb_schema_version"), "1");
    ck_assert_str_eq(one("SELECT version_num FROM alembic_version"), "0001");
    eg_err_clear(&err);
    ck_assert_int_eq(eg_migrate_up(dsn, "migrations", EG_MIGRATE_NEWEST, NULL, NULL, &err), EG_OK);
}
END_TEST

START_TEST(migration_that_does_not_record_itself_is_taken_back) {
    struct eg_err err = {.code = EG_E_NONE};
    shell("sed -i '/INSERT INTO egdb_schema_version/d' %s/sql/0003_views.sqlite.up.sql%s", sql_copy, "");
    ck_assert_int_eq(eg_migrate_up(dsn, sql_copy, EG_MIGRATE_NEWEST, NULL, NULL, &err), EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_CONFIG);
    ck_assert_str_eq(one("SELECT count(*) FROM sqlite_schema WHERE type = 'view'"), "0");
}
END_TEST

START_TEST(unknown_versions_are_refused) {
    struct eg_err err = {.code = EG_E_NONE};
    int version = 0;
    ck_assert_int_eq(eg_migrate_up(dsn, "migrations", EG_MIGRATE_NEWEST, NULL, NULL, &err), EG_OK);
    (void)one("INSERT INTO egdb_schema_version (version) VALUES (999)");
    ck_assert_int_eq(eg_migrate_up(dsn, "migrations", EG_MIGRATE_NEWEST, NULL, NULL, &err), EG_FAIL);
    ck_assert_ptr_nonnull(strstr(err.message, "999"));
    eg_err_clear(&err);
    ck_assert_int_eq(eg_migrate_down(dsn, "migrations", 0, NULL, NULL, &err), EG_FAIL);
    eg_err_clear(&err);
    ck_assert_int_eq(eg_migrate_status(dsn, NULL, NULL, &version, &err), EG_FAIL);
    (void)one("DELETE FROM egdb_schema_version WHERE version = 999");
    (void)one("UPDATE alembic_version SET version_num = '0002'");
    eg_err_clear(&err);
    ck_assert_int_eq(eg_migrate_up(dsn, "migrations", EG_MIGRATE_NEWEST, NULL, NULL, &err), EG_FAIL);
    ck_assert_str_eq(err.place, "alembic_version");
    eg_err_clear(&err);
    ck_assert_int_eq(eg_migrate_up(dsn, "migrations", eg_migrate_newest() + 1, NULL, NULL, &err), EG_FAIL);
    ck_assert_str_eq(err.place, "target");
    eg_err_clear(&err);
    ck_assert_int_eq(eg_migrate_up("mysql://x", "migrations", 1, NULL, NULL, &err), EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_CONFIG);
}
END_TEST

START_TEST(versions_are_judged) {
    struct eg_err err = {.code = EG_E_NONE};
    ck_assert_int_eq(eg_migrate_judge(eg_migrate_newest(), &err), EG_OK);
    ck_assert_int_eq(eg_migrate_judge(0, &err), EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_SCHEMA_OLD);
    ck_assert_ptr_nonnull(strstr(err.message, "egdb migrate up"));
    eg_err_clear(&err);
    ck_assert_int_eq(eg_migrate_judge(eg_migrate_newest() + 1, &err), EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_CONFIG);
}
END_TEST

START_TEST(folder_is_found) {
    struct eg_err err = {.code = EG_E_NONE};
    char dir[256], small[4];
    ck_assert_int_eq(eg_migrate_find(sql_copy, dir, sizeof dir, &err), EG_OK);
    ck_assert_str_eq(dir, sql_copy);
    ck_assert_int_eq(eg_migrate_find(sql_copy, small, sizeof small, &err), EG_FAIL);
    eg_err_clear(&err);
    ck_assert_int_eq(eg_migrate_find("/nowhere", dir, sizeof dir, &err), EG_FAIL);
    ck_assert_str_eq(err.place, "--migrations");
    eg_err_clear(&err);
    ck_assert_int_eq(setenv("EGDB_MIGRATIONS", sql_copy, 1), 0);
    ck_assert_int_eq(eg_migrate_find(NULL, dir, sizeof dir, &err), EG_OK);
    ck_assert_str_eq(dir, sql_copy);
    ck_assert_int_eq(unsetenv("EGDB_MIGRATIONS"), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("migrate");
    TCase *cases = tcase_create("sqlite");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, up_and_down_leave_nothing);
    tcase_add_test(cases, status_tells_what_is_applied);
    tcase_add_test(cases, failure_half_way_leaves_nothing_of_the_migration);
    tcase_add_test(cases, migration_that_does_not_record_itself_is_taken_back);
    tcase_add_test(cases, unknown_versions_are_refused);
    tcase_add_test(cases, versions_are_judged);
    tcase_add_test(cases, folder_is_found);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
