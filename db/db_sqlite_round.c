/* Rounds on SQLite: each operation is a prepared statement of one row in a loop over its rows. */
#include "db/db_sqlite_round.h"

#include <string.h>

#include "db/db_sqlite_bind.h"

/* Rows of a result while they come; cells double in the arena. */
struct collect {
    struct eg_arena *arena;
    struct eg_value *cells;
    size_t n_columns; /* with the leading index of a LOOKUP */
    size_t n_rows;
    size_t room;
};

static int exec(struct eg_sqlite_conn *conn, const char *sql) { return sqlite3_exec(conn->db, sql, NULL, NULL, NULL); }

void eg_sqlite_rollback(struct eg_sqlite_conn *conn) {
    if (conn->db && !sqlite3_get_autocommit(conn->db))
        (void)exec(conn,
                   "ROLLBACK"); /* its failures leave nothing to take back, or a connection that is closed anyway */
}

static bool grow(struct collect *rows) {
    size_t room = rows->room ? rows->room * 2 : 16;
    struct eg_value *cells = eg_arena_alloc(rows->arena, room * rows->n_columns * sizeof *cells);
    if (!cells)
        return false;
    if (rows->n_rows > 0)
        memcpy(cells, rows->cells, rows->n_rows * rows->n_columns * sizeof *cells);
    rows->cells = cells;
    rows->room = room;
    return true;
}

static bool collect_row(struct collect *rows, const struct eg_sqlite_stmt *stmt, bool indexed, size_t param_row) {
    if (rows->n_rows == rows->room && !grow(rows))
        return false;
    struct eg_value *cells = rows->cells + rows->n_rows * rows->n_columns;
    if (indexed)
        *cells++ = eg_int((int64_t)param_row);
    if (!eg_sqlite_cells(stmt->stmt, stmt->columns, cells, stmt->n_columns, rows->arena))
        return false;
    rows->n_rows++;
    return true;
}

/* One row of parameters: SQLITE_OK or the code of what failed. */
static int run_row(const struct eg_sqlite_stmt *stmt, struct eg_op *op, size_t row, struct collect *rows) {
    int rc = eg_sqlite_bind(stmt->stmt, stmt->params, op->params + row * stmt->n_params, stmt->n_params, stmt->times);
    if (rc != SQLITE_OK)
        return rc;
    while ((rc = sqlite3_step(stmt->stmt)) == SQLITE_ROW) {
        if (stmt->n_columns > 0 && !collect_row(rows, stmt, op->dml != NULL, row)) {
            sqlite3_reset(stmt->stmt);
            return EG_SQLITE_NO_ROOM;
        }
    }
    if (rc == SQLITE_DONE && stmt->writes)
        op->affected += sqlite3_changes64(sqlite3_db_handle(stmt->stmt));
    int reset = sqlite3_reset(stmt->stmt);
    return rc == SQLITE_DONE ? SQLITE_OK : reset != SQLITE_OK ? reset : rc;
}

static const char *place_of(const struct eg_op *op) {
    return op->dml ? op->dml->table->name : eg_statement(op->sql)->name;
}

static int run_op(struct eg_sqlite_conn *conn, struct eg_op *op, struct eg_arena *arena) {
    int rc = SQLITE_OK;
    struct eg_sqlite_stmt *stmt =
        op->dml ? eg_sqlite_conn_shape(conn, op->dml, &rc) : eg_sqlite_conn_fixed(conn, op->sql, &rc);
    op->affected = 0;
    op->result = (struct eg_rows){0};
    if (!stmt)
        return rc;
    struct collect rows = {.arena = arena, .n_columns = stmt->n_columns + (op->dml ? 1 : 0)};
    size_t n_rows = op->dml ? op->n_rows : 1;
    bool demands = op->dml && op->dml->kind == EG_DML_DEMAND;
    for (size_t i = 0; i < n_rows && rc == SQLITE_OK; i++) {
        size_t before = rows.n_rows;
        rc = run_row(stmt, op, i, &rows);
        if (demands && rc == SQLITE_OK && rows.n_rows == before)
            rc = SQLITE_CONSTRAINT;
    }
    if (stmt->n_columns > 0 && !demands)
        op->result = (struct eg_rows){rows.n_rows, rows.n_columns, rows.cells};
    return rc;
}

static enum eg_fault give_up(struct eg_sqlite_conn *conn, int rc, const char *place, int *code, struct eg_err *err) {
    enum eg_fault fault = eg_sqlite_fault(conn, rc, place, err);
    *code = rc;
    eg_sqlite_rollback(conn);
    return fault;
}

enum eg_fault eg_sqlite_round(struct eg_sqlite_conn *conn, const struct eg_sqlite_round *round, int *code,
                              struct eg_err *err) {
    int rc = SQLITE_OK;
    if (sqlite3_get_autocommit(conn->db) && (rc = exec(conn, "BEGIN IMMEDIATE")) != SQLITE_OK)
        return give_up(conn, rc, NULL, code, err);
    for (size_t i = 0; i < round->n_ops; i++)
        if ((rc = run_op(conn, &round->ops[i], round->arena)) != SQLITE_OK)
            return give_up(conn, rc, place_of(&round->ops[i]), code, err);
    conn->deadline_us = 0; /* a commit is not interrupted half-way */
    if (round->commit && (rc = exec(conn, "COMMIT")) != SQLITE_OK)
        return give_up(conn, rc, NULL, code, err);
    *code = SQLITE_OK;
    return EG_FAULT_NONE;
}

enum eg_fault eg_sqlite_probe(struct eg_sqlite_conn *conn, int *code, struct eg_err *err) {
    int rc = exec(conn, "BEGIN IMMEDIATE; UPDATE event_position SET position = position WHERE id = 1; COMMIT");
    if (rc != SQLITE_OK)
        return give_up(conn, rc, NULL, code, err);
    *code = SQLITE_OK;
    return EG_FAULT_NONE;
}
