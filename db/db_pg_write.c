/* Rounds: BEGIN, operations, COMMIT and one Sync are queued and flushed together; answers are taken in order as `steps`
 * say. After an error the rest of the pipeline answers "aborted", and a ROLLBACK follows before the caller hears of it.
 */
#include "db/db_pg_write.h"

#include <stdlib.h>

#include "base/list.h"
#include "db/db_pg_fault.h"
#include "db/db_pg_type.h"

#define MOST_PARAMS 256
#define SCRATCH_KEPT_B (4U << 20)
/* Rows a statement: PostgreSQL keeps what it allocates while it reads a statement's arrays until all are read, so that a thousand
 * jsonb values cost twice as much each as a hundred; and it works on one part while the next is written. */
#define PART_ROWS 128

static const struct {
    const char *name;
    const char *sql;
} own_statements[EG_PG_OWN_COUNT] = {
    [EG_PG_OWN_BEGIN] = {"own_begin", "BEGIN"},
    /* Before POSITION_LOCK, which reads more than the row it locks: only a statement that starts when the lock is held
     * sees all that its last holder committed. */
    [EG_PG_OWN_TAKE] = {"own_take", "SELECT FROM event_position WHERE id = 1 FOR UPDATE"},
    [EG_PG_OWN_COMMIT] = {"own_commit", "COMMIT"},
};

static void on_timer(uv_timer_t *timer);

static struct eg_pg_write *write_of(struct eg_pg_conn *conn) { return EG_CONTAINER(conn, struct eg_pg_write, conn); }

static void fail(struct eg_pg_write *write, enum eg_fault fault, enum eg_code code, const char *message) {
    if (write->fault == EG_FAULT_NONE) {
        write->fault = fault;
        (void)eg_err_set(&write->err, code, NULL, "%s", message);
    }
}

static bool step_add(struct eg_pg_write *write, struct eg_pg_step step) {
    if (write->n_steps == write->cap_steps) {
        size_t cap = write->cap_steps ? write->cap_steps * 2 : 64;
        struct eg_pg_step *wider = realloc(write->steps, cap * sizeof *wider);
        if (!wider) {
            write->unsent = true;
            return false;
        }
        write->steps = wider;
        write->cap_steps = cap;
    }
    write->steps[write->n_steps++] = step;
    return true;
}

/* Each send puts its step first: when the send fails, the connection is dropped, and steps with it. */
static void sent(struct eg_pg_write *write, int ok) { write->unsent |= !ok; }

static void send_prepare(struct eg_pg_write *write, uint32_t *mark, const char *name, const char *sql, size_t n_params,
                         const Oid *oids) {
    if (*mark != write->conn.generation && step_add(write, (struct eg_pg_step){EG_PG_STEP_PREPARE, mark, NULL, NULL})) {
        *mark = write->conn.generation; /* from here on in the pipeline; zeroed again should it fail */
        sent(write, PQsendPrepare(write->conn.pq, name, sql, (int)n_params, oids));
    }
}

static void send_own(struct eg_pg_write *write, int which) {
    send_prepare(write, &write->own[which], own_statements[which].name, own_statements[which].sql, 0, NULL);
    if (step_add(write, (struct eg_pg_step){EG_PG_STEP_RUN, NULL, NULL, NULL})) {
        sent(write, PQsendQueryPrepared(write->conn.pq, own_statements[which].name, 0, NULL, NULL, NULL, 1));
    }
}

static void send_text(struct eg_pg_write *write, const char *sql) {
    if (step_add(write, (struct eg_pg_step){EG_PG_STEP_RUN, NULL, NULL, NULL})) {
        sent(write, PQsendQueryParams(write->conn.pq, sql, 0, NULL, NULL, NULL, NULL, 1));
    }
}

static void send_sync(struct eg_pg_write *write) {
    if (step_add(write, (struct eg_pg_step){EG_PG_STEP_SYNC, NULL, NULL, NULL})) {
        sent(write, PQpipelineSync(write->conn.pq));
    }
    eg_pg_conn_flush(&write->conn);
    int64_t timeout_ms = write->unsent ? 0 : write->conn.host->config.write_timeout_ms;
    uv_timer_start(&write->timer, on_timer, (uint64_t)timeout_ms, 0);
}

static bool scratch_for(struct eg_pg_write *write, size_t size_b) {
    if (size_b > write->cap_scratch) {
        free(write->scratch);
        write->cap_scratch = size_b + size_b / 2 + 4096;
        write->scratch = malloc(write->cap_scratch);
        if (!write->scratch) {
            write->cap_scratch = 0;
            fail(write, EG_FAULT_BROKEN, EG_E_INTERNAL, "out of memory for a batch");
            return false;
        }
    }
    return true;
}

struct wire { /* encoded parameters */
    const char *values[MOST_PARAMS];
    int lengths[MOST_PARAMS];
    int formats[MOST_PARAMS];
};

/* One binary array a parameter. */
static bool encode_arrays(struct eg_pg_write *write, const struct eg_pg_shape *shape, const struct eg_value *params,
                          size_t n_rows, struct wire *wire) {
    size_t total = 0, n = shape->n_params;
    for (size_t i = 0; i < n; i++) {
        if (!eg_pg_fits(shape->types[i], params + i, n_rows, n)) {
            fail(write, EG_FAULT_REFUSED, EG_E_STORE_REFUSED, "an integer is beyond the 32 bits of its column");
            return false;
        }
        size_t size = eg_pg_array_size(shape->types[i], params + i, n_rows, n);
        wire->lengths[i] = (int)size;
        wire->formats[i] = 1;
        total += size;
    }
    if (total > (size_t)1 << 29) {
        fail(write, EG_FAULT_REFUSED, EG_E_STORE_REFUSED, "a batch is larger than 512 MiB");
        return false;
    }
    if (!scratch_for(write, total)) {
        return false;
    }
    char *at = write->scratch;
    for (size_t i = 0; i < n; i++) {
        wire->values[i] = at;
        at = eg_pg_array_write(at, shape->types[i], params + i, n_rows, n);
        EG_ASSERT(at == wire->values[i] + wire->lengths[i]);
    }
    return true;
}

static bool encode_values(struct eg_pg_write *write, const struct eg_statement *statement, const struct eg_op *op,
                          struct wire *wire) {
    size_t total = 0;
    for (size_t i = 0; i < statement->n_params; i++) {
        total += eg_pg_value_size(statement->params[i], &op->params[i]);
    }
    if (!scratch_for(write, total + 1)) {
        return false;
    }
    char *at = write->scratch;
    for (size_t i = 0; i < statement->n_params; i++) {
        const struct eg_value *value = &op->params[i];
        wire->values[i] = value->null ? NULL : at;
        wire->lengths[i] = (int)eg_pg_value_size(statement->params[i], value);
        wire->formats[i] = 1;
        at = eg_pg_value_write(at, statement->params[i], value);
    }
    return true;
}

static void send_shape(struct eg_pg_write *write, struct eg_op *op) {
    struct wire wire;
    struct eg_pg_shape *shape = eg_pg_shape_of(&write->shapes, op->dml);
    if (!shape) {
        fail(write, EG_FAULT_BROKEN, EG_E_INTERNAL, "out of memory for a statement");
        return;
    }
    EG_ASSERT(shape->n_params <= MOST_PARAMS);
    bool grows = op->dml->kind == EG_DML_INSERT || op->dml->kind == EG_DML_KEEP || op->dml->kind == EG_DML_REPLACE;
    send_prepare(write, &shape->prepared, shape->name, shape->sql, shape->n_params, shape->oids);
    size_t part = op->dml->kind == EG_DML_LOOKUP ? op->n_rows : PART_ROWS; /* a lookup's answer numbers all its rows */
    for (size_t at = 0; at < op->n_rows && !write->unsent; at += part) {
        size_t n = op->n_rows - at < part ? op->n_rows - at : part;
        if (grows && eg_pg_shapes_grown(&write->shapes, op->dml->table, n)) {
            send_text(write, "DISCARD PLANS");
        }
        if (!encode_arrays(write, shape, op->params + at * shape->n_params, n, &wire)) {
            return;
        }
        if (step_add(write, (struct eg_pg_step){EG_PG_STEP_OP, NULL, op, shape})) {
            sent(write, PQsendQueryPrepared(write->conn.pq, shape->name, (int)shape->n_params, wire.values,
                                            wire.lengths, wire.formats, 1));
        }
    }
}

static void send_fixed(struct eg_pg_write *write, struct eg_op *op) {
    struct wire wire;
    const struct eg_statement *statement = eg_statement(op->sql);
    Oid oids[EG_SQL_MOST_PARAMS];
    if (!encode_values(write, statement, op, &wire)) {
        return;
    }
    for (size_t i = 0; i < statement->n_params; i++) {
        oids[i] = eg_pg_oid(statement->params[i]);
    }
    send_prepare(write, &write->fixed[op->sql], statement->name, statement->postgresql, statement->n_params, oids);
    if (step_add(write, (struct eg_pg_step){EG_PG_STEP_OP, NULL, op, NULL})) {
        sent(write, PQsendQueryPrepared(write->conn.pq, statement->name, (int)statement->n_params, wire.values,
                                        wire.lengths, wire.formats, 1));
    }
}

static void start(struct eg_pg_write *write, eg_round_done done, void *ctx) {
    EG_ASSERT(!write->running);
    write->running = true;
    write->rolling_back = write->commit = write->stale = write->unsent = write->untaken = write->late = false;
    write->n_steps = write->at = 0;
    write->fault = EG_FAULT_NONE;
    eg_err_clear(&write->err);
    write->done = done;
    write->ctx = ctx;
}

/* The caller hears from the loop, not from inside its call. */
static void finish_soon(struct eg_pg_write *write) { uv_timer_start(&write->timer, on_timer, 0, 0); }

static void finish(struct eg_pg_write *write) {
    uv_timer_stop(&write->timer);
    write->running = false;
    write->tx_open = write->fault == EG_FAULT_NONE && !write->commit && !write->rolling_back;
    write->tx_generation = write->conn.generation;
    write->commits += write->fault == EG_FAULT_NONE && write->commit;
    write->no_partition &= write->fault != EG_FAULT_NONE || !write->commit;
    write->refused += write->fault == EG_FAULT_REFUSED;
    write->retried += write->fault == EG_FAULT_RETRY;
    write->lost += write->fault == EG_FAULT_LOST;
    if (write->cap_scratch > SCRATCH_KEPT_B) {
        free(write->scratch);
        write->scratch = NULL;
        write->cap_scratch = 0;
    }
    struct eg_err err = write->err; /* done may start the next round, which clears it */
    write->done(write->ctx, write->fault, write->fault == EG_FAULT_NONE ? NULL : &err);
    write->finished(write->conn.host);
}

/* False when the round cannot be sent: the transaction it belongs to went with its connection, or there is none. */
static bool can_send(struct eg_pg_write *write) {
    if (write->conn.state != EG_PG_UP) {
        fail(write, EG_FAULT_LOST, EG_E_STORE_UNAVAILABLE, write->conn.err.message);
    } else if (write->tx_open && write->tx_generation != write->conn.generation) {
        fail(write, EG_FAULT_RETRY, EG_E_STORE_UNAVAILABLE, "the transaction was lost with its connection");
    }
    return write->fault == EG_FAULT_NONE;
}

void eg_pg_write_round(struct eg_pg_write *write, struct eg_op *ops, size_t n_ops, bool commit, struct eg_arena *arena,
                       eg_round_done done, void *ctx) {
    start(write, done, ctx);
    write->arena = arena;
    write->commit = commit;
    write->rounds++;
    if (!can_send(write)) {
        finish_soon(write);
        return;
    }
    if (!write->tx_open) {
        send_own(write, EG_PG_OWN_BEGIN);
        if (n_ops && !ops[0].dml && ops[0].sql == EG_SQL_POSITION_LOCK) {
            send_own(write, EG_PG_OWN_TAKE);
        }
    }
    for (size_t i = 0; i < n_ops && write->fault == EG_FAULT_NONE && !write->unsent; i++) {
        ops[i].affected = 0;
        ops[i].result = (struct eg_rows){0};
        if (!ops[i].dml) {
            send_fixed(write, &ops[i]);
        } else if (ops[i].n_rows) {
            send_shape(write, &ops[i]);
        }
    }
    if (commit && write->fault == EG_FAULT_NONE) {
        send_own(write, EG_PG_OWN_COMMIT);
    }
    send_sync(write);
}

static void forget_prepared(struct eg_pg_write *write) {
    eg_pg_shapes_forget(&write->shapes);
    memset(write->fixed, 0, sizeof write->fixed);
    memset(write->own, 0, sizeof write->own);
}

static void send_rollback(struct eg_pg_write *write) {
    write->n_steps = write->at = 0;
    write->rolling_back = true;
    if (PQtransactionStatus(write->conn.pq) != PQTRANS_IDLE) {
        send_text(write, "ROLLBACK");
    }
    if (write->stale) {
        write->stale = false;
        send_text(write, "DEALLOCATE ALL");
        forget_prepared(write);
    }
    send_sync(write);
}

void eg_pg_write_rollback(struct eg_pg_write *write, eg_round_done done, void *ctx) {
    bool gone = !write->tx_open || write->conn.state != EG_PG_UP || write->tx_generation != write->conn.generation;
    start(write, done, ctx);
    write->rolling_back = true;
    if (gone) { /* its connection took the transaction with it */
        finish_soon(write);
        return;
    }
    send_rollback(write);
}

static void on_timer(uv_timer_t *timer) {
    struct eg_pg_write *write = timer->data;
    if (write->n_steps == 0 && !write->unsent) {
        finish(write);
        return;
    }
    struct eg_err err = {0};
    write->late = !write->unsent;
    (void)eg_err_set(&err, EG_E_STORE_UNAVAILABLE, NULL,
                     write->unsent ? "a round could not be sent to PostgreSQL"
                                   : "PostgreSQL did not answer within write_timeout_ms");
    eg_pg_conn_drop(&write->conn, &err);
}

static void take_rows(struct eg_pg_write *write, const struct eg_pg_step *step, const PGresult *result) {
    size_t n_rows = (size_t)PQntuples(result), n_columns = (size_t)PQnfields(result);
    const struct eg_statement *statement = step->shape ? NULL : eg_statement(step->op->sql);
    const enum eg_type *types = step->shape ? step->shape->out : statement->columns;
    if (n_columns != (step->shape ? step->shape->n_out : statement->n_columns)) {
        fail(write, EG_FAULT_BROKEN, EG_E_INTERNAL,
             "a statement's result has not the columns that it is declared with");
        return;
    }
    struct eg_value *cells = eg_arena_alloc(write->arena, n_rows * n_columns * sizeof *cells + 1);
    if (!cells) {
        fail(write, EG_FAULT_REFUSED, EG_E_STORE_REFUSED, "what is asked for does not fit into the memory of one transaction");
        write->untaken = true;
        return;
    }
    for (size_t i = 0; i < n_rows * n_columns; i++) {
        int row = (int)(i / n_columns), column = (int)(i % n_columns);
        struct eg_err err = {0};
        if (eg_pg_cell(result, row, column, types[column], true, write->arena, &cells[i], &err) != EG_OK) {
            write->untaken = err.code == EG_E_STORE_REFUSED;
            fail(write, write->untaken ? EG_FAULT_REFUSED : EG_FAULT_BROKEN, err.code, err.message);
            return;
        }
    }
    step->op->result = (struct eg_rows){n_rows, n_columns, cells};
    step->op->affected = (int64_t)n_rows;
}

static void take_result(struct eg_pg_write *write, const struct eg_pg_step *step, const PGresult *result) {
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
        if (step->kind == EG_PG_STEP_OP && (!step->shape || step->shape->n_out)) {
            take_rows(write, step, result);
        }
        return;
    case PGRES_COMMAND_OK:
        if (step->kind == EG_PG_STEP_OP) {
            /* PQcmdTuples only reads, but libpq's declaration is older than const. */
            step->op->affected += atoll(PQcmdTuples((PGresult *)(uintptr_t)result));
        }
        return;
    case PGRES_PIPELINE_ABORTED:
        break;
    default:
        write->stale |= eg_pg_stale(result);
        if (write->fault == EG_FAULT_NONE) {
            write->fault = eg_pg_fault(result, &write->err);
            write->no_partition |= eg_pg_no_partition(result);
        }
        if (eg_pg_demoted(result)) {
            write->unsent = true;
        }
        break;
    }
    if (step->kind == EG_PG_STEP_PREPARE) {
        *step->mark = 0;
    }
}

static void round_answered(struct eg_pg_write *write) {
    if (write->unsent) { /* told to leave this server */
        eg_pg_conn_drop(&write->conn, &write->err);
        return;
    }
    bool committed = write->commit && !write->rolling_back && PQtransactionStatus(write->conn.pq) == PQTRANS_IDLE;
    if (committed && ((write->fault == EG_FAULT_BROKEN && write->err.code == EG_E_INTERNAL) || write->untaken)) {
        /* Either COMMIT itself failed, or it worked and only a result could not be taken: nobody must think it undone.
         */
        write->fault = EG_FAULT_LOST;
    }
    if (write->fault != EG_FAULT_NONE && !write->rolling_back &&
        (write->stale || PQtransactionStatus(write->conn.pq) != PQTRANS_IDLE)) {
        send_rollback(write);
        return;
    }
    finish(write);
}

static void on_input(struct eg_pg_conn *conn) {
    struct eg_pg_write *write = write_of(conn);
    while (write->running && write->at < write->n_steps && conn->state == EG_PG_UP && !PQisBusy(conn->pq)) {
        PGresult *result = PQgetResult(conn->pq);
        const struct eg_pg_step *step = &write->steps[write->at];
        if (!result) { /* the end of one command; an end without one is the connection's, and seen by its owner */
            if (PQstatus(conn->pq) == CONNECTION_BAD) {
                return;
            }
            write->at++;
        } else if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            EG_ASSERT(step->kind == EG_PG_STEP_SYNC);
            write->at++;
            PQclear(result);
            round_answered(write);
        } else {
            take_result(write, step, result);
            PQclear(result);
        }
    }
    if (conn->state == EG_PG_UP && !write->running) {
        (void)PQisBusy(conn->pq); /* parses notices, and a FATAL that ends the session */
    }
}

static void on_up(struct eg_pg_conn *conn) {
    struct eg_pg_write *write = write_of(conn);
    forget_prepared(write);
    write->came_up(conn->host);
}

static void on_down(struct eg_pg_conn *conn, const struct eg_err *err) {
    struct eg_pg_write *write = write_of(conn);
    if (!write->running) {
        return;
    }
    if (write->rolling_back && write->fault == EG_FAULT_NONE) {
        write->fault = EG_FAULT_LOST; /* asked for by the caller; undone all the same */
        write->err = *err;
    }
    fail(write, EG_FAULT_LOST, write->late ? EG_E_TIMEOUT : err->code, err->message);
    finish(write);
}

void eg_pg_write_init(struct eg_pg_write *write, struct eg_pg_host *host) {
    static const struct eg_pg_role role = {
        .name = "writer", .pipeline = true, .up = on_up, .input = on_input, .down = on_down};
    eg_pg_conn_init(&write->conn, host, &role, 1);
    EG_ASSERT(uv_timer_init(host->loop, &write->timer) == 0);
    write->timer.data = write;
    eg_pg_host_hold(host);
}

void eg_pg_write_close(struct eg_pg_write *write) {
    EG_ASSERT(!write->running);
    write->timer.data = write->conn.host;
    uv_close((uv_handle_t *)&write->timer, eg_pg_host_released);
    eg_pg_conn_close(&write->conn);
}

void eg_pg_write_free(struct eg_pg_write *write) {
    eg_pg_shapes_free(&write->shapes);
    free(write->steps);
    free(write->scratch);
}
