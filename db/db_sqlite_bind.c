/* Binds parameters and reads columns of SQLite statements: times are UTC text with six decimals, JSON is text, booleans
 * are 0 and 1. */
#include "db/db_sqlite_bind.h"

#include "base/clock.h"

static int bind_one(sqlite3_stmt *stmt, int at, enum eg_type type, const struct eg_value *value, char *time) {
    if (value->null)
        return sqlite3_bind_null(stmt, at);
    switch (type) {
    case EG_TEXT:
    case EG_JSON: /* an empty text may have no address, and SQLite would take that for a null */
        return sqlite3_bind_text64(stmt, at, value->s.p ? value->s.p : "", value->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case EG_INT4:
    case EG_INT8:
        return sqlite3_bind_int64(stmt, at, value->i);
    case EG_FLOAT8:
        return sqlite3_bind_double(stmt, at, value->d);
    case EG_BOOL:
        return sqlite3_bind_int(stmt, at, value->b);
    case EG_TIME:
        eg_time_format(value->i, time);
        return sqlite3_bind_text(stmt, at, time, EG_TIME_TEXT_B - 1, SQLITE_STATIC);
    case EG_BYTES:
        return sqlite3_bind_blob64(stmt, at, value->s.p ? value->s.p : "", value->s.n, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

int eg_sqlite_bind(sqlite3_stmt *stmt, const enum eg_type *types, const struct eg_value *values, size_t n,
                   char *times) {
    for (size_t i = 0; i < n; i++) {
        int rc = bind_one(stmt, (int)i + 1, types[i], &values[i], times);
        if (rc != SQLITE_OK)
            return rc;
        if (types[i] == EG_TIME)
            times += EG_TIME_TEXT_B;
    }
    return SQLITE_OK;
}

static bool text_cell(sqlite3_stmt *stmt, int at, enum eg_type type, struct eg_value *cell, struct eg_arena *arena) {
    const void *bytes = type == EG_BYTES ? sqlite3_column_blob(stmt, at) : (const void *)sqlite3_column_text(stmt, at);
    size_t len = (size_t)sqlite3_column_bytes(stmt, at);
    char *copy = eg_arena_dup(arena, bytes, bytes ? len : 0);
    *cell = eg_text(copy, bytes ? len : 0);
    return copy != NULL;
}

static void time_cell(sqlite3_stmt *stmt, int at, struct eg_value *cell) {
    const char *text = (const char *)sqlite3_column_text(stmt, at);
    if (!text || !eg_time_parse(text, (size_t)sqlite3_column_bytes(stmt, at), true, &cell->i))
        *cell = eg_null();
}

bool eg_sqlite_cells(sqlite3_stmt *stmt, const enum eg_type *types, struct eg_value *cells, size_t n,
                     struct eg_arena *arena) {
    for (size_t i = 0; i < n; i++) {
        int at = (int)i;
        cells[i] = (struct eg_value){.null = sqlite3_column_type(stmt, at) == SQLITE_NULL};
        if (cells[i].null)
            continue;
        switch (types[i]) {
        case EG_TEXT:
        case EG_JSON:
        case EG_BYTES:
            if (!text_cell(stmt, at, types[i], &cells[i], arena))
                return false;
            break;
        case EG_INT4:
        case EG_INT8:
            cells[i].i = sqlite3_column_int64(stmt, at);
            break;
        case EG_FLOAT8:
            cells[i].d = sqlite3_column_double(stmt, at);
            break;
        case EG_BOOL:
            cells[i].b = sqlite3_column_int(stmt, at) != 0;
            break;
        case EG_TIME:
            time_cell(stmt, at, &cells[i]);
            break;
        }
    }
    return true;
}
