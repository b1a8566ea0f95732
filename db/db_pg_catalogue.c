/* Reads PostgreSQL's catalogue at start: four queries over pg_catalog, gathered by catalogue_build. */
#include "db/db_pg_catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "db/catalogue_build.h"

/* Types as OIDs of pg_type.dat, which never change; libpq has no header for them. */
static const struct {
    const char *oid;
    enum eg_type type;
} types[] = {{"25", EG_TEXT}, {"1043", EG_TEXT}, {"23", EG_INT4},   {"20", EG_INT8}, {"701", EG_FLOAT8},
             {"16", EG_BOOL}, {"1184", EG_TIME}, {"3802", EG_JSON}, {"17", EG_BYTES}};

/* Nor what is going to be a partition. */
#define OF_SCHEMA                                                                                                                          \
    "n.nspname = current_schema() AND NOT t.relispartition AND t.relname::text COLLATE \"C\" <> ALL (SELECT wide FROM partition_merges)"

static const char columns_sql[] =
    "SELECT t.relname, t.relkind IN ('v', 'm'), a.attname, a.atttypid::int8, a.attnotnull,"
    " a.atthasdef OR a.attidentity <> ''"
    " FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " WHERE t.relkind IN ('r', 'p', 'f', 'v', 'm') AND " OF_SCHEMA " ORDER BY t.relname, a.attnum";

/* One row a key column; an expression has no column name, and leaves its index out. */
static const char uniques_sql[] =
    "SELECT t.relname, i.indexrelid::int8, i.indisprimary, a.attname"
    " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class t ON t.oid = i.indrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
    " CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)"
    " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum AND k.attnum > 0"
    " WHERE i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND k.place <= i.indnkeyatts"
    " AND t.relkind IN ('r', 'p') AND " OF_SCHEMA " ORDER BY t.relname, i.indisprimary DESC, i.indexrelid, k.place";

static const char indexes_sql[] =
    "SELECT t.relname, i.indexrelid::int8, false, a.attname"
    " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class t ON t.oid = i.indrelid"
    " JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'"
    " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
    " CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)"
    " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum AND k.attnum > 0"
    " WHERE i.indisvalid AND i.indpred IS NULL AND k.place <= i.indnkeyatts AND t.relkind IN ('r', 'p') AND " OF_SCHEMA
    " ORDER BY t.relname, i.indexrelid, k.place";

static const char fkeys_sql[] =
    "SELECT t.relname, c.oid::int8, c.confdeltype = 'c', a.attname, r.relname, b.attname"
    " FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class t ON t.oid = c.conrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace JOIN pg_catalog.pg_class r ON r.oid = c.confrelid"
    " CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k(attnum, refnum, place)"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum"
    " JOIN pg_catalog.pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.refnum"
    " WHERE c.contype = 'f' AND " OF_SCHEMA " ORDER BY t.relname, c.conname, k.place";

/* The answer, or NULL with err set. The caller clears it. */
static PGresult *asked(PGconn *conn, const char *sql, struct eg_err *err) {
    PGresult *res = PQexec(conn, sql);
    if (PQresultStatus(res) == PGRES_TUPLES_OK) {
        return res;
    }
    const char *text = res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    (void)eg_err_set(err, EG_E_STORE_UNAVAILABLE, "catalogue", "PostgreSQL's catalogue cannot be read: %s",
                     text == NULL ? PQerrorMessage(conn) : text);
    PQclear(res);
    return NULL;
}

eg_status eg_pg_schema_version(PGconn *conn, int *version, struct eg_err *err) {
    *version = 0;
    PGresult *res = asked(conn, "SELECT to_regclass('egdb_schema_version') IS NOT NULL", err);
    if (res == NULL) {
        return EG_FAIL;
    }
    bool exists = PQgetvalue(res, 0, 0)[0] == 't';
    PQclear(res);
    if (!exists) {
        return EG_OK;
    }
    res = asked(conn, "SELECT coalesce(max(version), 0) FROM egdb_schema_version", err);
    if (res == NULL) {
        return EG_FAIL;
    }
    *version = atoi(PQgetvalue(res, 0, 0));
    PQclear(res);
    return EG_OK;
}

static bool yes(const PGresult *res, int row, int column) { return PQgetvalue(res, row, column)[0] == 't'; }

static void add_column(struct eg_catalogue_build *build, const PGresult *res, int row) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].oid, PQgetvalue(res, row, 3)) == 0) {
            eg_build_column(build, PQgetvalue(res, row, 2), types[i].type, yes(res, row, 4), yes(res, row, 5));
            return;
        }
    }
}

static eg_status add_tables(struct eg_catalogue_build *build, PGconn *conn, struct eg_err *err) {
    PGresult *res = asked(conn, columns_sql, err);
    if (res == NULL) {
        return EG_FAIL;
    }
    for (int row = 0; row < PQntuples(res); row++) {
        const char *table = PQgetvalue(res, row, 0);
        if (row == 0 || strcmp(table, PQgetvalue(res, row - 1, 0)) != 0) {
            eg_build_table(build, table, yes(res, row, 1));
        }
        add_column(build, res, row);
    }
    PQclear(res);
    return EG_OK;
}

/* Rows of one key follow each other: column 1 is the key's own id. */
static void add_key_column(const PGresult *res, int row, bool fkey, struct eg_key_names *key) {
    if (row == 0 || strcmp(PQgetvalue(res, row, 1), PQgetvalue(res, row - 1, 1)) != 0) {
        key->n = 0;
    }
    if (key->n < EG_KEY_MOST_COLUMNS) {
        key->columns[key->n] = PQgetisnull(res, row, 3) ? NULL : PQgetvalue(res, row, 3);
        key->ref_columns[key->n] = fkey ? PQgetvalue(res, row, 5) : NULL;
    }
    key->n++;
}

enum keys { KEYS_UNIQUE, KEYS_INDEX, KEYS_FOREIGN };

static eg_status add_keys(struct eg_catalogue_build *build, PGconn *conn, enum keys kind, struct eg_err *err) {
    static const char *const texts[] = {uniques_sql, indexes_sql, fkeys_sql};
    bool fkeys = kind == KEYS_FOREIGN;
    PGresult *res = asked(conn, texts[kind], err);
    if (res == NULL) {
        return EG_FAIL;
    }
    struct eg_key_names key = {.n = 0};
    int rows = PQntuples(res);
    for (int row = 0; row < rows; row++) {
        add_key_column(res, row, fkeys, &key);
        if (row + 1 < rows && strcmp(PQgetvalue(res, row, 1), PQgetvalue(res, row + 1, 1)) == 0) {
            continue;
        }
        if (fkeys) {
            eg_build_fkey(build, PQgetvalue(res, row, 0), &key, PQgetvalue(res, row, 4), yes(res, row, 2));
        } else if (kind == KEYS_INDEX) {
            eg_build_index(build, PQgetvalue(res, row, 0), &key);
        } else {
            eg_build_unique(build, PQgetvalue(res, row, 0), &key, yes(res, row, 2));
        }
    }
    PQclear(res);
    return EG_OK;
}

eg_status eg_pg_catalogue(PGconn *conn, struct eg_arena *arena, struct eg_catalogue *out, struct eg_err *err) {
    struct eg_catalogue_build build;
    eg_build_begin(&build, arena);
    if (add_tables(&build, conn, err) != EG_OK || add_keys(&build, conn, KEYS_UNIQUE, err) != EG_OK ||
        add_keys(&build, conn, KEYS_INDEX, err) != EG_OK || add_keys(&build, conn, KEYS_FOREIGN, err) != EG_OK) {
        return EG_FAIL;
    }
    return eg_build_finish(&build, out, err);
}
