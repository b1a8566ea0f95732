/* Writes a shape's SQL. Its rows are always the relation u(p1, p2, …); those of a LOOKUP have their number i behind. */
#include "db/db_pg_sql.h"

#include "db/db_pg_type.h"

static void write_name(struct eg_buf *sql, const char *name) {
    eg_buf_char(sql, '"');
    for (; *name; name++) {
        if (*name == '"') {
            eg_buf_char(sql, '"');
        }
        eg_buf_char(sql, *name);
    }
    eg_buf_char(sql, '"');
}

static void write_column(struct eg_buf *sql, const char *alias, const struct eg_table *table, int column) {
    if (alias) {
        eg_buf_str(sql, alias);
        eg_buf_char(sql, '.');
    }
    write_name(sql, table->columns[column].name);
}

static void write_columns(struct eg_buf *sql, const char *alias, const struct eg_table *table, size_t n,
                          const int *columns) {
    for (size_t i = 0; i < n; i++) {
        eg_buf_str(sql, i ? ", " : "");
        write_column(sql, alias, table, columns[i]);
    }
}

/* (SELECT unnest($1::text[]) AS p1, unnest($2::int8[]) AS p2) AS u: in the list of what is selected arrays are gone through side by side;
 * as FROM unnest($1, $2) each of them would first be copied into a table of its own. */
static void write_rows(struct eg_buf *sql, const struct eg_dml *dml, bool numbered) {
    enum eg_type types[256];
    size_t n = eg_dml_n_params(dml);
    EG_ASSERT(n > 0 && n <= sizeof types / sizeof *types);
    eg_dml_param_types(dml, types);
    eg_buf_str(sql, "(SELECT ");
    for (size_t i = 0; i < n; i++) {
        eg_buf_printf(sql, "%sunnest($%zu::%s[]) AS p%zu", i ? ", " : "", i + 1, eg_pg_type_name(types[i]), i + 1);
    }
    if (numbered) {
        eg_buf_printf(sql, ", generate_subscripts($1::%s[], 1)::int8 AS i", eg_pg_type_name(types[0]));
    }
    eg_buf_str(sql, ") AS u");
}

/* alias.k1 = u.p5 AND alias.k2 = u.p6: columns against parameters from `param` on */
static void write_match(struct eg_buf *sql, const char *alias, const struct eg_table *table, size_t n,
                        const int *columns, size_t param) {
    for (size_t i = 0; i < n; i++) {
        eg_buf_str(sql, i ? " AND " : "");
        write_column(sql, alias, table, columns[i]);
        eg_buf_printf(sql, " = u.p%zu", param + i + 1);
    }
}

static void write_newest(struct eg_buf *sql, const char *alias, const struct eg_table *table) {
    const struct eg_unique *primary = eg_table_primary(table);
    EG_ASSERT(primary);
    eg_buf_str(sql, " ORDER BY ");
    for (size_t i = 0; i < primary->n; i++) {
        eg_buf_str(sql, i ? ", " : "");
        write_column(sql, alias, table, primary->columns[i]);
        eg_buf_str(sql, " DESC");
    }
    eg_buf_str(sql, " LIMIT 1");
}

/* (SELECT r."id" FROM "files" AS r WHERE r."path" = u.p2) */
static void write_ref(struct eg_buf *sql, const struct eg_cell *cell, size_t param) {
    const struct eg_ref *ref = cell->ref;
    eg_buf_str(sql, "(SELECT ");
    write_column(sql, "r", ref->table, ref->column);
    eg_buf_str(sql, " FROM ");
    write_name(sql, ref->table->name);
    eg_buf_str(sql, " AS r WHERE ");
    for (size_t i = 0; i < ref->n_where; i++) {
        eg_buf_str(sql, i ? " AND " : "");
        write_match(sql, "r", ref->table, 1, &ref->where[i], cell->shared ? (size_t)cell->shared[i] : param + i);
    }
    if (ref->newest) {
        write_newest(sql, "r", ref->table);
    }
    eg_buf_char(sql, ')');
}

/* What a cell is set to; answers how many parameters it took. */
static size_t write_cell(struct eg_buf *sql, const struct eg_cell *cell, size_t param) {
    if (cell->ref) {
        write_ref(sql, cell, param);
    } else {
        eg_buf_printf(sql, "u.p%zu", param + 1);
    }
    return eg_cell_width(cell);
}

static void write_conflict(struct eg_buf *sql, const struct eg_dml *dml) {
    eg_buf_str(sql, " ON CONFLICT");
    if (dml->n_key) {
        eg_buf_str(sql, " (");
        write_columns(sql, NULL, dml->table, dml->n_key, dml->key);
        eg_buf_char(sql, ')');
    }
    bool any = false;
    for (size_t i = 0; dml->kind == EG_DML_REPLACE && i < dml->n_cells; i++) {
        int column = dml->cells[i].column;
        if (eg_columns_have(dml->key, dml->n_key, column) || eg_columns_have(dml->hold, dml->n_hold, column)) {
            continue;
        }
        eg_buf_str(sql, any ? ", " : " DO UPDATE SET ");
        write_column(sql, NULL, dml->table, column);
        eg_buf_str(sql, " = ");
        write_column(sql, "excluded", dml->table, column);
        any = true;
    }
    if (!any) {
        eg_buf_str(sql, " DO NOTHING");
    }
}

/* WHERE NOT EXISTS (SELECT FROM "v" AS g WHERE g."k" = u.p5 AND g."t" > u.p6) */
static void write_guard(struct eg_buf *sql, const struct eg_guard *guard, size_t param) {
    eg_buf_str(sql, " WHERE NOT EXISTS (SELECT FROM ");
    write_name(sql, guard->table->name);
    eg_buf_str(sql, " AS g WHERE ");
    write_match(sql, "g", guard->table, guard->n_where, guard->where, param);
    if (guard->after >= 0) {
        eg_buf_str(sql, " AND ");
        write_column(sql, "g", guard->table, guard->after);
        eg_buf_printf(sql, " > u.p%zu", param + guard->n_where + 1);
    }
    eg_buf_char(sql, ')');
}

static void write_insert(struct eg_buf *sql, const struct eg_dml *dml) {
    eg_buf_str(sql, "INSERT INTO ");
    write_name(sql, dml->table->name);
    eg_buf_str(sql, " (");
    for (size_t i = 0; i < dml->n_cells; i++) {
        eg_buf_str(sql, i ? ", " : "");
        write_column(sql, NULL, dml->table, dml->cells[i].column);
    }
    eg_buf_str(sql, ") SELECT ");
    size_t param = 0;
    for (size_t i = 0; i < dml->n_cells; i++) {
        eg_buf_str(sql, i ? ", " : "");
        param += write_cell(sql, &dml->cells[i], param);
    }
    eg_buf_str(sql, " FROM ");
    write_rows(sql, dml, false);
    if (dml->unless) {
        write_guard(sql, dml->unless, param);
    }
    if (dml->kind != EG_DML_INSERT) {
        write_conflict(sql, dml);
    }
}

/* t and m are one row. */
static void write_same(struct eg_buf *sql, const struct eg_table *table, const struct eg_unique *primary) {
    for (size_t i = 0; i < primary->n; i++) {
        eg_buf_str(sql, i ? " AND " : "");
        write_column(sql, "t", table, primary->columns[i]);
        eg_buf_str(sql, " = ");
        write_column(sql, "m", table, primary->columns[i]);
    }
}

/* " FROM (SELECT unnest(…) …) AS u …": for each row of parameters the target's rows, t, that its key finds. First their primary keys, row
 * by row: as a plain join it might be planned from the table's side, a scan of all that is there. What PostgreSQL knows of a table when it
 * plans is often that it is empty, and the plan is kept. OFFSET 0 keeps the look-up apart from the rest. */
static void write_found(struct eg_buf *sql, const struct eg_dml *dml, size_t param) {
    const struct eg_unique *primary = eg_table_primary(dml->table);
    write_rows(sql, dml, false);
    if (!primary) {
        EG_ASSERT(!dml->newest);
        eg_buf_str(sql, " WHERE ");
        write_match(sql, "t", dml->table, dml->n_key, dml->key, param);
        return;
    }
    eg_buf_str(sql, " CROSS JOIN LATERAL (SELECT ");
    write_columns(sql, "x", dml->table, primary->n, primary->columns);
    eg_buf_str(sql, " FROM ");
    write_name(sql, dml->table->name);
    eg_buf_str(sql, " AS x WHERE ");
    write_match(sql, "x", dml->table, dml->n_key, dml->key, param);
    if (dml->newest) {
        write_newest(sql, "x", dml->table);
    }
    eg_buf_str(sql, " OFFSET 0) AS m WHERE ");
    write_same(sql, dml->table, primary);
}

static void write_update(struct eg_buf *sql, const struct eg_dml *dml) {
    size_t param = 0;
    eg_buf_str(sql, "UPDATE ");
    write_name(sql, dml->table->name);
    eg_buf_str(sql, " AS t SET ");
    for (size_t i = 0; i < dml->n_cells; i++) {
        eg_buf_str(sql, i ? ", " : "");
        write_column(sql, NULL, dml->table, dml->cells[i].column);
        eg_buf_str(sql, " = ");
        param += write_cell(sql, &dml->cells[i], param);
    }
    eg_buf_str(sql, " FROM ");
    write_found(sql, dml, param);
}

static void write_delete(struct eg_buf *sql, const struct eg_dml *dml) {
    eg_buf_str(sql, "DELETE FROM ");
    write_name(sql, dml->table->name);
    eg_buf_str(sql, " AS t USING ");
    write_found(sql, dml, 0);
}

/* Row by row, as in write_found. */
static void write_lookup(struct eg_buf *sql, const struct eg_dml *dml) {
    eg_buf_str(sql, "SELECT u.i - 1");
    for (size_t i = 0; i < dml->n_out; i++) {
        eg_buf_str(sql, ", ");
        write_column(sql, "t", dml->table, dml->out[i]);
    }
    eg_buf_str(sql, " FROM ");
    write_rows(sql, dml, true);
    eg_buf_str(sql, " CROSS JOIN LATERAL (SELECT ");
    write_columns(sql, "x", dml->table, dml->n_out, dml->out);
    eg_buf_str(sql, " FROM ");
    write_name(sql, dml->table->name);
    eg_buf_str(sql, " AS x WHERE ");
    write_match(sql, "x", dml->table, dml->n_key, dml->key, 0);
    eg_buf_str(sql, " OFFSET 0) AS t");
}

/* 1 / 0 is an error only when it is computed: not while the statement is planned. */
static void write_demand(struct eg_buf *sql, const struct eg_dml *dml) {
    eg_buf_str(sql, "SELECT 1 / (count(*) = 0)::int FROM ");
    write_rows(sql, dml, false);
    eg_buf_str(sql, " WHERE NOT EXISTS (SELECT FROM ");
    write_name(sql, dml->table->name);
    eg_buf_str(sql, " AS t WHERE ");
    write_match(sql, "t", dml->table, dml->n_key, dml->key, 0);
    eg_buf_char(sql, ')');
}

/* For each row of values first the rows that lack what is referred to, mostly none, then that, one by one: as a join PostgreSQL, which
 * knows little of a table that grows, would go through all that wait for each. OFFSET 0 keeps either look-up apart from the rest. */
static void write_fill(struct eg_buf *sql, const struct eg_dml *dml) {
    const struct eg_ref *ref = dml->fill.ref;
    const struct eg_unique *primary = eg_table_primary(dml->table);
    EG_ASSERT(primary);
    eg_buf_str(sql, "UPDATE ");
    write_name(sql, dml->table->name);
    eg_buf_str(sql, " AS t SET ");
    write_column(sql, NULL, dml->table, dml->fill.column);
    eg_buf_str(sql, " = m.v FROM ");
    write_rows(sql, dml, false);
    eg_buf_str(sql, " CROSS JOIN LATERAL (SELECT ");
    write_columns(sql, "x", dml->table, primary->n, primary->columns);
    eg_buf_str(sql, " FROM ");
    write_name(sql, dml->table->name);
    eg_buf_str(sql, " AS x WHERE ");
    write_match(sql, "x", dml->table, ref->n_where, dml->fill.stored, 0);
    eg_buf_str(sql, " AND ");
    write_column(sql, "x", dml->table, dml->fill.column);
    eg_buf_str(sql, " IS NULL OFFSET 0) AS x CROSS JOIN LATERAL (SELECT r.");
    write_name(sql, ref->table->columns[ref->column].name);
    eg_buf_str(sql, " AS v, ");
    write_columns(sql, "x", dml->table, primary->n, primary->columns);
    eg_buf_str(sql, " FROM ");
    write_name(sql, ref->table->name);
    eg_buf_str(sql, " AS r WHERE ");
    write_match(sql, "r", ref->table, ref->n_where, ref->where, 0);
    if (ref->newest) {
        write_newest(sql, "r", ref->table);
    }
    eg_buf_str(sql, " OFFSET 0) AS m WHERE ");
    write_same(sql, dml->table, primary);
}

void eg_pg_sql_write(struct eg_buf *sql, const struct eg_dml *dml) {
    switch (dml->kind) {
    case EG_DML_INSERT:
    case EG_DML_KEEP:
    case EG_DML_REPLACE:
        write_insert(sql, dml);
        break;
    case EG_DML_UPDATE:
        write_update(sql, dml);
        break;
    case EG_DML_DELETE:
        write_delete(sql, dml);
        break;
    case EG_DML_LOOKUP:
        write_lookup(sql, dml);
        break;
    case EG_DML_DEMAND:
        write_demand(sql, dml);
        break;
    case EG_DML_FILL:
        write_fill(sql, dml);
        break;
    }
}
