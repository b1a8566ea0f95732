/* Reads SQLite's schema at start, through its table-valued pragmas, gathered by catalogue_build; and now() for the
 * seed's SQL. */
#include "db/db_sqlite_catalogue.h"

#include <string.h>

#include "base/clock.h"
#include "db/catalogue_build.h"

static const struct {
    const char *declared;
    enum eg_type type;
} types[] = {{"JSON TEXT", EG_JSON}, {"UTC TEXT", EG_TIME}, {"BOOLEAN", EG_BOOL}, {"INT4", EG_INT4},
             {"INTEGER", EG_INT8},   {"BIGINT", EG_INT8},   {"BLOB", EG_BYTES},   {"DOUBLE PRECISION", EG_FLOAT8}};

#define OF_SCHEMA "m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name <> 'egdb_view_columns'"

static const char columns_sql[] =
    "SELECT m.name, m.type = 'view', c.name, c.type, c.\"notnull\", c.dflt_value IS NOT NULL, c.pk"
    " FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type IN ('table', 'view') AND " OF_SCHEMA
    " ORDER BY m.name, c.cid";

/* The same with the types that a migration wrote down for the views' expressions. */
static const char typed_columns_sql[] =
    "SELECT m.name, m.type = 'view', c.name, coalesce(nullif(c.type, ''), v.type, ''), c.\"notnull\","
    " c.dflt_value IS NOT NULL, c.pk FROM sqlite_schema m, pragma_table_info(m.name) c"
    " LEFT JOIN egdb_view_columns v ON v.view_name = m.name AND v.column_name = c.name"
    " WHERE m.type IN ('table', 'view') AND " OF_SCHEMA " ORDER BY m.name, c.cid";

/* One row a key column. Primary keys come from table_info: a rowid key has no index. */
static const char primaries_sql[] = "SELECT m.name, m.name, 1, c.name FROM sqlite_schema m, pragma_table_info(m.name) c"
                                    " WHERE m.type = 'table' AND c.pk > 0 AND " OF_SCHEMA " ORDER BY m.name, c.pk";

static const char uniques_sql[] =
    "SELECT m.name, i.name, 0, k.name FROM sqlite_schema m, pragma_index_list(m.name) i, pragma_index_info(i.name) k"
    " WHERE m.type = 'table' AND i.\"unique\" AND NOT i.partial AND i.origin <> 'pk' AND " OF_SCHEMA
    " ORDER BY m.name, i.name, k.seqno";

static const char indexes_sql[] =
    "SELECT m.name, i.name, 0, k.name FROM sqlite_schema m, pragma_index_list(m.name) i, pragma_index_info(i.name) k"
    " WHERE m.type = 'table' AND NOT i.partial AND " OF_SCHEMA " ORDER BY m.name, i.name, k.seqno";

/* A foreign key may leave out what it refers to: then it is the other table's primary key. */
static const char fkeys_sql[] =
    "SELECT m.name, m.name || '#' || f.id, f.on_delete = 'CASCADE', f.\"from\", f.\"table\","
    " coalesce(f.\"to\", (SELECT c.name FROM pragma_table_info(f.\"table\") c WHERE c.pk = f.seq + 1))"
    " FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND " OF_SCHEMA
    " ORDER BY m.name, f.id, f.seq";

static eg_status refused(sqlite3 *db, struct eg_err *err) {
    return eg_err_set(err, EG_E_STORE_UNAVAILABLE, "catalogue", "SQLite's schema cannot be read: %s",
                      sqlite3_errmsg(db));
}

static const char *text(sqlite3_stmt *stmt, int column) { return (const char *)sqlite3_column_text(stmt, column); }

static eg_status table_exists(sqlite3 *db, const char *name, bool *exists, struct eg_err *err) {
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
        rc = sqlite3_step(stmt);
    }
    *exists = rc == SQLITE_ROW;
    eg_status status = rc == SQLITE_ROW || rc == SQLITE_DONE ? EG_OK : refused(db, err);
    sqlite3_finalize(stmt);
    return status;
}

eg_status eg_sqlite_schema_version(sqlite3 *db, int *version, struct eg_err *err) {
    bool exists = false;
    *version = 0;
    if (table_exists(db, "egdb_schema_version", &exists, err) != EG_OK) {
        return EG_FAIL;
    }
    if (!exists) {
        return EG_OK;
    }
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT coalesce(max(version), 0) FROM egdb_schema_version", -1, &stmt, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    if (rc == SQLITE_ROW) {
        *version = sqlite3_column_int(stmt, 0);
    }
    eg_status status = rc == SQLITE_ROW ? EG_OK : refused(db, err);
    sqlite3_finalize(stmt);
    return status;
}

static enum eg_type type_of(const char *declared) {
    for (size_t i = 0; declared != NULL && i < sizeof types / sizeof *types; i++) {
        if (sqlite3_stricmp(types[i].declared, declared) == 0) {
            return types[i].type;
        }
    }
    return EG_TEXT;
}

static eg_status add_tables(struct eg_catalogue_build *build, sqlite3 *db, struct eg_err *err) {
    bool typed = false;
    sqlite3_stmt *stmt = NULL;
    if (table_exists(db, "egdb_view_columns", &typed, err) != EG_OK) {
        return EG_FAIL;
    }
    int rc = sqlite3_prepare_v2(db, typed ? typed_columns_sql : columns_sql, -1, &stmt, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(stmt);
        if (rc != SQLITE_ROW) {
            break;
        }
        const char *table = text(stmt, 0);
        if (build->n_tables == 0 || strcmp(table, build->tables[build->n_tables - 1].name) != 0) {
            eg_build_table(build, table, sqlite3_column_int(stmt, 1) != 0);
        }
        bool rowid = sqlite3_column_int(stmt, 6) > 0 && sqlite3_stricmp(text(stmt, 3), "INTEGER") == 0;
        bool has_default = rowid || sqlite3_column_int(stmt, 5) != 0;
        eg_build_column(build, text(stmt, 2), type_of(text(stmt, 3)), sqlite3_column_int(stmt, 4) != 0, has_default);
    }
    eg_status status = rc == SQLITE_DONE ? EG_OK : refused(db, err);
    sqlite3_finalize(stmt);
    return status;
}

struct key_row { /* what a row of a key query says, copied: the statement's text dies with the next step */
    char table[256], id[256], ref[256];
    bool flag;
};

enum keys { KEYS_UNIQUE, KEYS_INDEX, KEYS_FOREIGN };

static void add_key(struct eg_catalogue_build *build, const struct key_row *row, enum keys kind, const struct eg_key_names *key) {
    if (key->n == 0) {
        return;
    }
    if (kind == KEYS_FOREIGN) {
        eg_build_fkey(build, row->table, key, row->ref, row->flag);
    } else if (kind == KEYS_INDEX) {
        eg_build_index(build, row->table, key);
    } else {
        eg_build_unique(build, row->table, key, row->flag);
    }
}

static void copy(char *to, size_t size_b, const char *from) {
    sqlite3_snprintf((int)size_b, to, "%s", from == NULL ? "" : from);
}

/* Adds the row's column to the key; names are copied into the arena, for the statement's text dies with the next step.
 * */
static void add_key_column(struct eg_catalogue_build *build, sqlite3_stmt *stmt, bool fkeys, struct eg_key_names *key) {
    if (key->n < EG_KEY_MOST_COLUMNS) {
        const char *name = text(stmt, 3);
        const char *ref = fkeys ? text(stmt, 5) : "";
        key->columns[key->n] = name == NULL ? NULL : eg_arena_dup(build->arena, name, strlen(name));
        key->ref_columns[key->n] = eg_arena_dup(build->arena, ref == NULL ? "" : ref, ref == NULL ? 0 : strlen(ref));
        build->failed |= key->ref_columns[key->n] == NULL;
    }
    key->n++;
}

static eg_status add_keys(struct eg_catalogue_build *build, sqlite3 *db, const char *sql, enum keys kind,
                          struct eg_err *err) {
    bool fkeys = kind == KEYS_FOREIGN;
    sqlite3_stmt *stmt = NULL;
    struct eg_key_names key = {.n = 0};
    struct key_row last = {.flag = false};
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    for (; rc == SQLITE_ROW; rc = sqlite3_step(stmt)) {
        if (strcmp(last.id, text(stmt, 1)) != 0 || strcmp(last.table, text(stmt, 0)) != 0) {
            add_key(build, &last, kind, &key);
            key.n = 0;
            copy(last.table, sizeof last.table, text(stmt, 0));
            copy(last.id, sizeof last.id, text(stmt, 1));
            copy(last.ref, sizeof last.ref, fkeys ? text(stmt, 4) : "");
            last.flag = sqlite3_column_int(stmt, 2) != 0;
        }
        add_key_column(build, stmt, fkeys, &key);
    }
    add_key(build, &last, kind, &key);
    eg_status status = rc == SQLITE_DONE ? EG_OK : refused(db, err);
    sqlite3_finalize(stmt);
    return status;
}

eg_status eg_sqlite_catalogue(sqlite3 *db, struct eg_arena *arena, struct eg_catalogue *out, struct eg_err *err) {
    struct eg_catalogue_build build;
    eg_build_begin(&build, arena);
    if (add_tables(&build, db, err) != EG_OK || add_keys(&build, db, primaries_sql, KEYS_UNIQUE, err) != EG_OK ||
        add_keys(&build, db, uniques_sql, KEYS_UNIQUE, err) != EG_OK ||
        add_keys(&build, db, indexes_sql, KEYS_INDEX, err) != EG_OK || add_keys(&build, db, fkeys_sql, KEYS_FOREIGN, err) != EG_OK) {
        return EG_FAIL;
    }
    return eg_build_finish(&build, out, err);
}

static void sql_now(sqlite3_context *context, int argc, sqlite3_value **argv) {
    (void)argc;
    (void)argv;
    char out[EG_TIME_TEXT_B];
    eg_time_format(eg_clock_now_us(), out);
    sqlite3_result_text(context, out, -1, SQLITE_TRANSIENT);
}

eg_status eg_sqlite_add_now(sqlite3 *db, struct eg_err *err) {
    if (sqlite3_create_function_v2(db, "now", 0, SQLITE_UTF8, NULL, sql_now, NULL, NULL, NULL) != SQLITE_OK) {
        return eg_err_set(err, EG_E_INTERNAL, "now()", "SQLite did not take the function now(): %s",
                          sqlite3_errmsg(db));
    }
    return EG_OK;
}
