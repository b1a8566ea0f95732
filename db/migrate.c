/* The migrator: reads the files of migrations/sql and applies them one transaction each, through the store's back end.
 * Each transaction reads the version under the lock before it changes anything, so two migrators cannot apply the same
 * file. */
#include "db/migrate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/migrate_store.h"

#define PATH_MOST_B 4096
#define FILE_MOST_B (4L << 20)

static const char *const names[] = {
#define X(number, name) [(number)-1] = (name),
#include "db/migrations.def"
#undef X
};

#define NEWEST ((int)(sizeof names / sizeof *names))

struct migrator {
    const struct eg_migrate_store *store;
    void *conn;
    const char *dir;
    eg_migrate_report report;
    void *ctx;
};

int eg_migrate_newest(void) { return NEWEST; }

static eg_status too_new(int version, struct eg_err *err) {
    return eg_err_set(
        err, EG_E_CONFIG, "egdb_schema_version",
        "The database's schema has version %d, and this program knows versions up to %d: use a newer egdb.", version,
        NEWEST);
}

eg_status eg_migrate_judge(int version, struct eg_err *err) {
    if (version > NEWEST) {
        return too_new(version, err);
    }
    if (version < NEWEST) {
        return eg_err_set(err, EG_E_SCHEMA_OLD, "egdb_schema_version",
                          "The database's schema has version %d, and this program needs %d: run `egdb migrate up`.",
                          version, NEWEST);
    }
    return EG_OK;
}

static bool holds_sql(const char *dir) {
    char path[PATH_MOST_B + 8];
    return snprintf(path, sizeof path, "%s/sql", dir) < (int)sizeof path && access(path, R_OK | X_OK) == 0;
}

static eg_status taken(const char *from, const char *path, char *dir, size_t size_b, struct eg_err *err) {
    if (!holds_sql(path)) {
        return eg_err_set(err, EG_E_CONFIG, from, "There is no folder %s/sql: name the folder migrations/ of EGDB.",
                          path);
    }
    if (snprintf(dir, size_b, "%s", path) >= (int)size_b) {
        return eg_err_set(err, EG_E_CONFIG, from, "The path of the migrations is too long.");
    }
    return EG_OK;
}

eg_status eg_migrate_find(const char *flag, char *dir, size_t size_b, struct eg_err *err) {
    /* A build folder one or two levels below the checkout, then an installed program. */
    static const char *const beside[] = {"../migrations", "../../migrations", "../share/egdb/migrations"};
    char program[PATH_MOST_B];
    const char *env = getenv("EGDB_MIGRATIONS");
    if (flag != NULL) {
        return taken("--migrations", flag, dir, size_b, err);
    }
    if (env != NULL && env[0] != '\0') {
        return taken("EGDB_MIGRATIONS", env, dir, size_b, err);
    }
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    program[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(program, '/');
    for (size_t i = 0; slash != NULL && i < sizeof beside / sizeof *beside; i++) {
        slash[1] = '\0';
        if (snprintf(dir, size_b, "%s%s", program, beside[i]) < (int)size_b && holds_sql(dir)) {
            return EG_OK;
        }
    }
    return eg_err_set(err, EG_E_CONFIG, "migrations",
                      "No folder migrations/ was found beside the program %s (../migrations, ../../migrations, "
                      "../share/egdb/migrations): name it by --migrations or EGDB_MIGRATIONS.",
                      program);
}

/* The text of a migration's file, which the caller frees; name gets the file's name without its folder. */
static char *read_file(const struct migrator *m, int number, bool up, char *name, size_t name_b, struct eg_err *err) {
    char path[PATH_MOST_B + 128];
    char *text = NULL;
    (void)snprintf(name, name_b, "%s.%s.%s.sql", names[number - 1], m->store->dialect, up ? "up" : "down");
    (void)snprintf(path, sizeof path, "%s/sql/%s", m->dir, name);
    FILE *file = fopen(path, "rb");
    long size = -1;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        size = ftell(file);
        rewind(file);
    }
    if (size >= 0 && size <= FILE_MOST_B) {
        text = malloc((size_t)size + 1);
    }
    if (text != NULL && fread(text, 1, (size_t)size, file) == (size_t)size) {
        text[size] = '\0';
    } else {
        free(text);
        text = NULL;
        (void)eg_err_set(err, EG_E_CONFIG, name, "The migration %s cannot be read: %s.", path,
                         size > FILE_MOST_B ? "it is larger than 4 MiB" : strerror(errno));
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return text;
}

static eg_status has_table(const struct migrator *m, const char *table, bool *has, struct eg_err *err) {
    char sql[256], answer[8];
    /* The formats are ours, above; the names are literals. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(sql, sizeof sql, m->store->has_table_sql, table);
#pragma GCC diagnostic pop
    eg_status status = m->store->ask(m->conn, sql, answer, sizeof answer, err);
    *has = status == EG_OK && strcmp(answer, "1") == 0;
    return status;
}

/* The version by our own table, which must be known, and be Alembic's too where that has a table. */
static eg_status read_version(const struct migrator *m, int *version, struct eg_err *err) {
    char answer[64], expected[8];
    bool ours = false, alembics = false;
    *version = 0;
    if (has_table(m, "egdb_schema_version", &ours, err) != EG_OK ||
        has_table(m, "alembic_version", &alembics, err) != EG_OK) {
        return EG_FAIL;
    }
    if (ours) {
        if (m->store->ask(m->conn, "SELECT coalesce(max(version), 0) FROM egdb_schema_version", answer, sizeof answer,
                          err) != EG_OK) {
            return EG_FAIL;
        }
        *version = atoi(answer);
    }
    if (*version > NEWEST) {
        return too_new(*version, err);
    }
    if (!alembics) {
        return EG_OK;
    }
    if (m->store->ask(m->conn, "SELECT max(version_num) FROM alembic_version", answer, sizeof answer, err) != EG_OK) {
        return EG_FAIL;
    }
    (void)snprintf(expected, sizeof expected, "%04d", *version);
    if (answer[0] != '\0' ? strcmp(answer, expected) != 0 : *version != 0) {
        return eg_err_set(
            err, EG_E_CONFIG, "alembic_version",
            "alembic_version says %s and egdb_schema_version says %d: one of them was changed by hand, or by a newer "
            "egdb; make them agree first.",
            answer[0] == '\0' ? "nothing" : answer, *version);
    }
    return EG_OK;
}

/* Alembic's own table, in Alembic's own words, so that both ways leave the same schema. */
static eg_status write_alembic(const struct migrator *m, int version, struct eg_err *err) {
    static const char create[] = "CREATE TABLE alembic_version (\n\tversion_num VARCHAR(32) NOT NULL, \n"
                                 "\tCONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)";
    char sql[128];
    bool has = false;
    if (has_table(m, "alembic_version", &has, err) != EG_OK) {
        return EG_FAIL;
    }
    if (version == 0) {
        return has ? m->store->run(m->conn, "DROP TABLE alembic_version", "alembic_version", err) : EG_OK;
    }
    if (!has && m->store->run(m->conn, create, "alembic_version", err) != EG_OK) {
        return EG_FAIL;
    }
    (void)snprintf(sql, sizeof sql,
                   "DELETE FROM alembic_version; INSERT INTO alembic_version (version_num) VALUES ('%04d')", version);
    return m->store->run(m->conn, sql, "alembic_version", err);
}

/* Inside the transaction: runs the file of `number`, and sees that it recorded itself. */
static eg_status apply(const struct migrator *m, int number, bool up, struct eg_err *err) {
    char name[128];
    int after = 0;
    bool has = false;
    char answer[16] = "";
    char *sql = read_file(m, number, up, name, sizeof name, err);
    if (sql == NULL) {
        return EG_FAIL;
    }
    eg_status status = m->store->run(m->conn, sql, name, err);
    free(sql);
    if (status != EG_OK || has_table(m, "egdb_schema_version", &has, err) != EG_OK ||
        (has && m->store->ask(m->conn, "SELECT coalesce(max(version), 0) FROM egdb_schema_version", answer,
                              sizeof answer, err) != EG_OK)) {
        return EG_FAIL;
    }
    after = atoi(answer);
    if (after != (up ? number : number - 1)) {
        return eg_err_set(err, EG_E_CONFIG, name, "The migration left version %d in egdb_schema_version instead of %d.",
                          after, up ? number : number - 1);
    }
    return write_alembic(m, after, err);
}

/* One transaction: one migration towards the target; *done when there was none left. */
static eg_status step(const struct migrator *m, int target, bool up, bool *done, struct eg_err *err) {
    int version = 0;
    int64_t start_us = eg_clock_mono_us();
    if (m->store->begin(m->conn, err) != EG_OK) {
        m->store->rollback(m->conn);
        return EG_FAIL;
    }
    if (read_version(m, &version, err) != EG_OK) {
        m->store->rollback(m->conn);
        return EG_FAIL;
    }
    *done = up ? version >= target : version <= target;
    if (*done) {
        m->store->rollback(m->conn);
        return EG_OK;
    }
    int number = up ? version + 1 : version;
    int claim = -1;
    eg_status status = m->store->claim != NULL ? m->store->claim(m->conn, &claim, err) : EG_OK;
    if (status != EG_OK || apply(m, number, up, err) != EG_OK || m->store->commit(m->conn, err) != EG_OK) {
        m->store->rollback(m->conn);
        status = EG_FAIL;
    }
    if (claim >= 0) {
        (void)close(claim);
    }
    if (status != EG_OK) {
        return EG_FAIL;
    }
    if (m->report != NULL) {
        struct eg_migrate_step made = {.number = number,
                                       .name = names[number - 1],
                                       .up = up,
                                       .applied = up,
                                       .applied_utc = "",
                                       .elapsed_ms = (int)((eg_clock_mono_us() - start_us) / 1000)};
        m->report(m->ctx, &made);
    }
    return EG_OK;
}

static eg_status opened(struct migrator *m, const char *dsn, bool make, struct eg_err *err) {
    if (strncmp(dsn, "sqlite:", 7) == 0 && dsn[7] != '\0') {
        m->store = &eg_migrate_sqlite;
        return m->store->open(dsn + 7, make, &m->conn, err);
    }
    if (strncmp(dsn, "postgresql://", 13) == 0 || strncmp(dsn, "postgres://", 11) == 0) {
        m->store = &eg_migrate_pg;
        return m->store->open(dsn, make, &m->conn, err);
    }
    /* The text itself may hold a password, so it is not repeated. */
    return eg_err_set(err, EG_E_CONFIG, "store",
                      "The store's DSN is neither sqlite:PATH nor postgresql://USER@HOST/DATABASE.");
}

static eg_status move(const char *dsn, int target, bool up, struct migrator *m, struct eg_err *err) {
    bool done = false;
    eg_status status = EG_OK;
    target = target == EG_MIGRATE_NEWEST ? NEWEST : target;
    if (target < 0 || target > NEWEST) {
        return eg_err_set(err, EG_E_CONFIG, "target", "There is no version %d: versions go from 0 (empty) to %d.",
                          target, NEWEST);
    }
    if (opened(m, dsn, up, err) != EG_OK) {
        return EG_FAIL;
    }
    while (m->conn != NULL && status == EG_OK && !done) {
        status = step(m, target, up, &done, err);
    }
    if (m->conn != NULL) {
        m->store->close(m->conn);
    }
    return status;
}

eg_status eg_migrate_up(const char *dsn, const char *dir, int target, eg_migrate_report report, void *ctx,
                        struct eg_err *err) {
    struct migrator m = {.dir = dir, .report = report, .ctx = ctx};
    return move(dsn, target, true, &m, err);
}

eg_status eg_migrate_down(const char *dsn, const char *dir, int target, eg_migrate_report report, void *ctx,
                          struct eg_err *err) {
    struct migrator m = {.dir = dir, .report = report, .ctx = ctx};
    return move(dsn, target, false, &m, err);
}

static eg_status report_one(const struct migrator *m, int number, bool applied, struct eg_err *err) {
    char sql[256], applied_utc[64] = "";
    if (applied) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(sql, sizeof sql, m->store->applied_utc_sql, number);
#pragma GCC diagnostic pop
        if (m->store->ask(m->conn, sql, applied_utc, sizeof applied_utc, err) != EG_OK) {
            return EG_FAIL;
        }
    }
    struct eg_migrate_step known = {
        .number = number, .name = names[number - 1], .up = true, .applied = applied, .applied_utc = applied_utc};
    m->report(m->ctx, &known);
    return EG_OK;
}

eg_status eg_migrate_status(const char *dsn, eg_migrate_report report, void *ctx, int *version, struct eg_err *err) {
    struct migrator m = {.report = report, .ctx = ctx};
    *version = 0;
    if (opened(&m, dsn, false, err) != EG_OK) {
        return EG_FAIL;
    }
    eg_status status = m.conn == NULL ? EG_OK : read_version(&m, version, err);
    for (int number = 1; status == EG_OK && report != NULL && number <= NEWEST; number++) {
        status = report_one(&m, number, number <= *version, err);
    }
    if (m.conn != NULL) {
        m.store->close(m.conn);
    }
    return status;
}
