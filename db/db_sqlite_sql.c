/* Writes the SQL of a shape for SQLite. Only placeholders and identifiers of the catalogue are written, never a value.
 * Each statement works on one row and is executed in a loop: a prepared statement costs SQLite nothing to repeat. */
#include "db/db_sqlite_sql.h"

#include <ctype.h>
#include <string.h>

static void name(struct eg_buf *sql, const char *identifier) {
    eg_buf_char(sql, '"');
    for (const char *c = identifier; *c; c++) {
        if (*c == '"')
            eg_buf_char(sql, '"');
        eg_buf_char(sql, *c);
    }
    eg_buf_char(sql, '"');
}

static void column(struct eg_buf *sql, const struct eg_table *table, int index) {
    name(sql, table->columns[index].name);
}

static void comma(struct eg_buf *sql, size_t i) {
    if (i > 0)
        eg_buf_str(sql, ", ");
}

static void columns(struct eg_buf *sql, const struct eg_table *table, const int *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        comma(sql, i);
        column(sql, table, list[i]);
    }
}

/* "a" = ?first AND "b" = ?first+1 … */
static void equals(struct eg_buf *sql, const struct eg_table *table, const int *list, size_t n, size_t first) {
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            eg_buf_str(sql, " AND ");
        column(sql, table, list[i]);
        eg_buf_printf(sql, " = ?%zu", first + i);
    }
}

static void newest_first(struct eg_buf *sql, const struct eg_table *table) {
    const struct eg_unique *primary = eg_table_primary(table);
    EG_ASSERT(primary);
    eg_buf_str(sql, " ORDER BY ");
    for (size_t i = 0; i < primary->n; i++) {
        comma(sql, i);
        column(sql, table, primary->columns[i]);
        eg_buf_str(sql, " DESC");
    }
    eg_buf_str(sql, " LIMIT 1");
}

/* The scalar subselect of a column of a ref's row; its parameters begin at ?first, or are the shared ones. */
static void subselect_of(struct eg_buf *sql, const struct eg_ref *ref, int index, size_t first, const int *shared) {
    eg_buf_str(sql, "(SELECT ");
    column(sql, ref->table, index);
    eg_buf_str(sql, " FROM ");
    name(sql, ref->table->name);
    eg_buf_str(sql, " WHERE ");
    for (size_t i = 0; i < ref->n_where; i++) {
        eg_buf_str(sql, i ? " AND " : "");
        equals(sql, ref->table, &ref->where[i], 1, shared ? (size_t)shared[i] + 1 : first + i);
    }
    if (ref->newest)
        newest_first(sql, ref->table);
    eg_buf_char(sql, ')');
}

/* The value of a cell whose parameters begin at ?first; returns where the next one's begin. */
static size_t cell(struct eg_buf *sql, const struct eg_cell *c, size_t first) {
    if (c->ref)
        subselect_of(sql, c->ref, c->ref->column, first, c->shared);
    else
        eg_buf_printf(sql, "?%zu", first);
    return first + eg_cell_width(c);
}

static void on_conflict(struct eg_buf *sql, const struct eg_dml *dml) {
    eg_buf_str(sql, " ON CONFLICT ");
    if (dml->n_key > 0) {
        eg_buf_char(sql, '(');
        columns(sql, dml->table, dml->key, dml->n_key);
        eg_buf_str(sql, ") ");
    }
    size_t n_set = 0;
    for (size_t i = 0; dml->kind == EG_DML_REPLACE && i < dml->n_cells; i++) {
        int index = dml->cells[i].column;
        if (eg_columns_have(dml->key, dml->n_key, index) || eg_columns_have(dml->hold, dml->n_hold, index))
            continue;
        eg_buf_str(sql, n_set++ == 0 ? "DO UPDATE SET " : ", ");
        column(sql, dml->table, index);
        eg_buf_str(sql, " = excluded.");
        column(sql, dml->table, index);
    }
    if (n_set == 0)
        eg_buf_str(sql, "DO NOTHING");
}

static void guard(struct eg_buf *sql, const struct eg_guard *guard, size_t first) {
    eg_buf_str(sql, " WHERE NOT EXISTS (SELECT 1 FROM ");
    name(sql, guard->table->name);
    eg_buf_str(sql, " WHERE ");
    equals(sql, guard->table, guard->where, guard->n_where, first);
    if (guard->after >= 0) {
        eg_buf_str(sql, " AND ");
        column(sql, guard->table, guard->after);
        eg_buf_printf(sql, " > ?%zu", first + guard->n_where);
    }
    eg_buf_char(sql, ')');
}

static void insert(struct eg_buf *sql, const struct eg_dml *dml) {
    eg_buf_str(sql, "INSERT INTO ");
    name(sql, dml->table->name);
    eg_buf_str(sql, " (");
    for (size_t i = 0; i < dml->n_cells; i++) {
        comma(sql, i);
        column(sql, dml->table, dml->cells[i].column);
    }
    size_t param = 1;
    eg_buf_str(sql, dml->unless ? ") SELECT " : ") VALUES (");
    for (size_t i = 0; i < dml->n_cells; i++) {
        comma(sql, i);
        param = cell(sql, &dml->cells[i], param);
    }
    if (dml->unless)
        guard(sql, dml->unless, param);
    else
        eg_buf_char(sql, ')');
    if (dml->kind != EG_DML_INSERT)
        on_conflict(sql, dml);
}

static void update(struct eg_buf *sql, const struct eg_dml *dml) {
    size_t param = 1;
    eg_buf_str(sql, "UPDATE ");
    name(sql, dml->table->name);
    eg_buf_str(sql, " SET ");
    for (size_t i = 0; i < dml->n_cells; i++) {
        comma(sql, i);
        column(sql, dml->table, dml->cells[i].column);
        eg_buf_str(sql, " = ");
        param = cell(sql, &dml->cells[i], param);
    }
    eg_buf_str(sql, " WHERE ");
    if (!dml->newest) {
        equals(sql, dml->table, dml->key, dml->n_key, param);
        return;
    }
    const struct eg_unique *primary = eg_table_primary(dml->table);
    EG_ASSERT(primary);
    eg_buf_char(sql, '(');
    columns(sql, dml->table, primary->columns, primary->n);
    eg_buf_str(sql, ") = (SELECT ");
    columns(sql, dml->table, primary->columns, primary->n);
    eg_buf_str(sql, " FROM ");
    name(sql, dml->table->name);
    eg_buf_str(sql, " WHERE ");
    equals(sql, dml->table, dml->key, dml->n_key, param);
    newest_first(sql, dml->table);
    eg_buf_char(sql, ')');
}

/* The first column of the key is compared with that of the row referred to, not with the parameter, which is the same: without such a row
 * it is compared with null, so that the index finds nothing, and not all rows that wait for it, to be dismissed one by one. */
static void fill(struct eg_buf *sql, const struct eg_dml *dml) {
    const struct eg_ref *ref = dml->fill.ref;
    eg_buf_str(sql, "UPDATE ");
    name(sql, dml->table->name);
    eg_buf_str(sql, " SET ");
    column(sql, dml->table, dml->fill.column);
    eg_buf_str(sql, " = ");
    subselect_of(sql, ref, ref->column, 1, NULL);
    eg_buf_str(sql, " WHERE ");
    column(sql, dml->table, dml->fill.stored[0]);
    eg_buf_str(sql, " = ");
    subselect_of(sql, ref, ref->where[0], 1, NULL);
    for (size_t i = 1; i < ref->n_where; i++) {
        eg_buf_str(sql, " AND ");
        equals(sql, dml->table, &dml->fill.stored[i], 1, i + 1);
    }
    eg_buf_str(sql, " AND ");
    column(sql, dml->table, dml->fill.column);
    eg_buf_str(sql, " IS NULL");
}

void eg_sqlite_sql_shape(struct eg_buf *sql, const struct eg_dml *dml) {
    switch (dml->kind) {
    case EG_DML_INSERT:
    case EG_DML_KEEP:
    case EG_DML_REPLACE:
        insert(sql, dml);
        return;
    case EG_DML_UPDATE:
        update(sql, dml);
        return;
    case EG_DML_DELETE:
        eg_buf_str(sql, "DELETE FROM ");
        break;
    case EG_DML_LOOKUP:
    case EG_DML_DEMAND:
        eg_buf_str(sql, "SELECT ");
        columns(sql, dml->table, dml->out, dml->n_out);
        eg_buf_str(sql, " FROM ");
        break;
    case EG_DML_FILL:
        fill(sql, dml);
        return;
    }
    name(sql, dml->table->name);
    eg_buf_str(sql, " WHERE ");
    equals(sql, dml->table, dml->key, dml->n_key, 1);
}

/* The end of the token at text that must be copied as it stands: a string, a quoted name, a comment, or one character.
 */
static const char *skip(const char *text) {
    if (*text == '\'' || *text == '"' || *text == '`') {
        const char *end = strchr(text + 1, *text);
        return end ? end + 1 : text + strlen(text);
    }
    if (text[0] == '-' && text[1] == '-')
        return text + strcspn(text, "\n");
    if (text[0] == '/' && text[1] == '*') {
        const char *end = strstr(text + 2, "*/");
        return end ? end + 2 : text + strlen(text);
    }
    return text + 1;
}

void eg_sqlite_sql_text(struct eg_buf *sql, const char *text) {
    while (*text) {
        if (text[0] == '$' && isdigit((unsigned char)text[1])) {
            eg_buf_char(sql, '?');
            text++;
            continue;
        }
        const char *end = skip(text);
        eg_buf_add(sql, text, (size_t)(end - text));
        text = end;
    }
}
