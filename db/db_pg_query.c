/* Parameters of reads in binary, and the errors of reads. */
#include "db/db_pg_query.h"

#include <stdlib.h>

#include "db/db_pg_fault.h"
#include "db/db_pg_type.h"
#include "db/db_store.h"

struct wire { /* one allocation holds all of it, the bytes behind the arrays */
    const char **values;
    Oid *oids;
    int *lengths;
    int *formats;
};

static const enum eg_type *param_types(const struct eg_read *read, size_t *n) {
    if (read->sql != EG_SQL_COUNT) {
        const struct eg_statement *statement = eg_statement(read->sql);
        *n = statement->n_params;
        return statement->params;
    }
    *n = read->n_params;
    return read->param_types;
}

static bool encode(const struct eg_value *params, const enum eg_type *types, size_t n, struct wire *wire) {
    size_t each = sizeof *wire->values + sizeof *wire->oids + sizeof *wire->lengths + sizeof *wire->formats, total = 0;
    for (size_t i = 0; i < n; i++) {
        total += eg_pg_value_size(types[i], &params[i]);
    }
    wire->values = malloc(n * each + total + 1);
    if (!wire->values) {
        return false;
    }
    wire->oids = (Oid *)(wire->values + n);
    wire->lengths = (int *)(wire->oids + n);
    wire->formats = wire->lengths + n;
    char *at = (char *)(wire->formats + n);
    for (size_t i = 0; i < n; i++) {
        wire->oids[i] = eg_pg_oid(types[i]);
        wire->values[i] = params[i].null ? NULL : at;
        wire->lengths[i] = (int)eg_pg_value_size(types[i], &params[i]);
        wire->formats[i] = 1;
        at = eg_pg_value_write(at, types[i], &params[i]);
    }
    return true;
}

int eg_pg_send_prepare(PGconn *conn, const struct eg_read *read, const char *name) {
    size_t n;
    const enum eg_type *types = param_types(read, &n);
    Oid *oids = malloc((n + 1) * sizeof *oids);
    if (!oids) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        oids[i] = eg_pg_oid(types[i]);
    }
    const char *text = read->sql != EG_SQL_COUNT ? eg_statement(read->sql)->postgresql : read->text;
    int ok = PQsendPrepare(conn, name, text, (int)n, oids);
    free(oids);
    return ok;
}

int eg_pg_send_read(PGconn *conn, const struct eg_read *read, const char *name) {
    struct wire wire;
    size_t n;
    const enum eg_type *types = param_types(read, &n);
    if (!encode(read->params, types, n, &wire)) {
        return 0;
    }
    int ok;
    if (name) {
        ok = PQsendQueryPrepared(conn, name, (int)n, wire.values, wire.lengths, wire.formats, 1);
    } else {
        ok = PQsendQueryParams(conn, read->text, (int)n, wire.oids, wire.values, wire.lengths, wire.formats, 1);
    }
    free(wire.values);
    return ok;
}

static size_t columns(const struct eg_read *read, const enum eg_type **types) {
    if (read->sql != EG_SQL_COUNT) {
        *types = eg_statement(read->sql)->columns;
        return eg_statement(read->sql)->n_columns;
    }
    *types = read->column_types;
    return read->n_columns;
}

eg_status eg_pg_read_row(const PGresult *result, const struct eg_read *read, struct eg_arena *arena,
                         struct eg_value **cells, size_t *n, struct eg_err *err) {
    const enum eg_type *types;
    *n = columns(read, &types);
    if ((size_t)PQnfields(result) != *n) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "a read gives %d columns and %zu are declared", PQnfields(result),
                          *n);
    }
    *cells = eg_arena_alloc(arena, (*n + 1) * sizeof **cells);
    EG_ASSERT(*cells);
    for (size_t i = 0; i < *n; i++) {
        if (eg_pg_cell(result, 0, (int)i, types[i], false, arena, &(*cells)[i], err) != EG_OK) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

void eg_pg_read_fault(const PGresult *result, struct eg_err *err) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    struct eg_err why = {0};
    (void)eg_pg_fault(result, &why);
    enum eg_code code = why.code;
    if (state && strcmp(state, "22003") == 0) {
        (void)eg_err_set(err, EG_E_NUMBER_OUT_OF_RANGE, NULL, EG_READ_OUT_OF_RANGE);
        return;
    }
    if (state && strncmp(state, "22", 2) == 0) {
        code = EG_E_USAGE;
    } else if (code == EG_E_STORE_REFUSED || (state && strncmp(state, "25006", 5) == 0)) {
        code = EG_E_INTERNAL; /* nothing was to be stored */
    }
    (void)eg_err_set(err, code, why.place, "%s", why.message);
}
