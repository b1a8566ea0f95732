/* A run of a panel on the store. Who asks for the same while it runs joins it; when the last of them has gone, it is cancelled. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/query/board_int.h"

#define ARENA_MOST_B ((size_t)32 << 20) /* what a graph search of query.nodes_most visits fits */
#define WHOLE_SHA 40 /* digits */
#define SQL_MOST_B ((size_t)128 << 10)

struct eg_board_run {
    struct eg_link link;    /* in the board's runs */
    struct eg_link waiters; /* struct eg_board_waiter */
    struct eg_board *board;
    struct eg_arena *arena;
    struct eg_str key;
    const struct eg_panel *panel;
    int64_t started_us;
    struct eg_board_writer writer;
    struct eg_read read;
    struct eg_read_handle *handle;
    struct egql_run *egql; /* of a panel in EGQL, or the lookup of a commit before SQL; NULL: SQL */
    struct egql_statement statement;
    struct eg_value values[EG_PANEL_MOST_PARAMS]; /* by the panel's parameters; NULL where left out */
    uint32_t given;
    int64_t now_us;
    int commit; /* of a panel in SQL: the parameter whose first digits are looked up; -1: none */
};

/* SQL */

static const char *pg_type(enum eg_type type) {
    static const char *const names[] = {"text", "integer", "bigint", "double precision", "boolean", "timestamptz", "jsonb",
                                        "bytea"};
    return names[type];
}

/* PostgreSQL sends a value in the form of its own type: each column is made what the declaration says. The order of the rows is that
 * of the text within: nothing is done to them on the way. */
static void open_cast(const struct eg_panel *panel, struct eg_buf *sql) {
    for (size_t i = 0; i < panel->n_columns; i++) {
        eg_buf_printf(sql, "%sCAST(p.c%zu AS %s)", i ? ", " : "SELECT ", i + 1, pg_type(panel->columns[i].type));
    }
    eg_buf_str(sql, " FROM (");
}

static void close_cast(const struct eg_panel *panel, struct eg_buf *sql) {
    eg_buf_str(sql, ") AS p(");
    for (size_t i = 0; i < panel->n_columns; i++) {
        eg_buf_printf(sql, "%sc%zu", i ? ", " : "", i + 1);
    }
    eg_buf_char(sql, ')');
}

/* Sets text, parameters and columns of the read. values[i]: of the panel's parameter i. */
static bool make_sql(struct eg_board *board, const struct eg_panel *panel, uint32_t given, const struct eg_value *values,
                     int64_t now_us, struct eg_arena *arena, struct eg_read *read) {
    bool cast = strcmp(board->dialect, "postgresql") == 0;
    int order[EG_PANEL_MOST_PARAMS + 1];
    struct eg_value *params = eg_arena_alloc(arena, (EG_PANEL_MOST_PARAMS + 1) * sizeof *params);
    enum eg_type *types = eg_arena_alloc(arena, (EG_PANEL_MOST_PARAMS + 1) * sizeof *types);
    enum eg_type *columns = eg_arena_alloc(arena, (panel->n_columns + 1) * sizeof *columns);
    struct eg_buf sql;
    eg_buf_init(&sql, SQL_MOST_B);
    if (cast) {
        open_cast(panel, &sql);
    }
    size_t n = eg_panel_write(panel, eg_board_sql(board, panel), given, true, &sql, order);
    if (cast) {
        close_cast(panel, &sql);
    }
    const char *text = sql.failed ? NULL : eg_arena_dup(arena, sql.data, sql.len);
    eg_buf_free(&sql);
    if (!text || !params || !types || !columns) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        bool now = order[i] == EG_PANEL_NOW;
        params[i] = now ? eg_int(now_us) : values[order[i]];
        types[i] = now ? EG_TIME : eg_panel_value_type(panel->params[order[i]].type);
    }
    for (size_t i = 0; i < panel->n_columns; i++) {
        columns[i] = panel->columns[i].type;
    }
    *read = (struct eg_read){.sql = EG_SQL_COUNT, .text = text, .n_params = n, .params = params, .param_types = types,
                             .n_columns = panel->n_columns, .column_types = columns};
    return true;
}

/* The run */

static void finish(void *ctx, const struct eg_err *err);

/* What is left of the run's time, for its next statement. */
static int time_left(const struct eg_board_run *run) {
    int64_t left_ms = run->board->config.timeout_ms - (eg_clock_mono_us() - run->started_us) / 1000;
    return left_ms > 1 ? (int)left_ms : 1;
}

static bool take_row(void *ctx, const struct eg_value *cells, size_t n) {
    struct eg_board_run *run = ctx;
    (void)n;
    if (eg_list_empty(&run->waiters)) {
        return false;
    }
    if (run->egql) {
        bool wanted = egql_run_row(run->egql, cells);
        return run->statement.answer && wanted ? eg_board_write_row(&run->writer, cells) : wanted;
    }
    return eg_board_write_row(&run->writer, cells);
}

static void free_run(struct eg_board_run *run) {
    eg_list_remove(&run->link);
    eg_buf_free(&run->writer.body);
    eg_arena_free(run->arena);
}

static void end_run(struct eg_board_run *run, const struct eg_err *err) {
    struct eg_board *board = run->board;
    struct eg_board_answer *answer = NULL;
    struct eg_err why = err ? *err : (struct eg_err){0};
    if (!err && !eg_list_empty(&run->waiters)) {
        run->writer.truncated |= run->egql && egql_run_truncated(run->egql);
        answer = eg_board_write_end(&run->writer, eg_clock_mono_us() - run->started_us);
        if (!answer) {
            (void)eg_err_set(&why, EG_E_OVERLOADED, NULL, "no memory for this answer");
        } else if (run->panel->cache_us > 0) {
            eg_board_keep(board, &run->key, answer, answer->made_us + run->panel->cache_us);
        }
    }
    board->stats.failed += why.code != EG_E_NONE;
    while (!eg_list_empty(&run->waiters)) {
        struct eg_board_waiter *waiter = EG_CONTAINER(run->waiters.next, struct eg_board_waiter, link);
        eg_list_remove(&waiter->link);
        waiter->done = true;
        waiter->err = why;
        waiter->answer = answer ? eg_board_hold(answer) : NULL;
        waiter->wake(waiter);
    }
    eg_board_let_go(answer);
    free_run(run);
}

static void send_read(struct eg_board_run *run) {
    run->read.timeout_ms = time_left(run);
    run->read.lengthy = true;
    run->read.row = take_row;
    run->read.done = finish;
    run->read.ctx = run;
    run->handle = eg_db_read(run->board->config.db, &run->read);
}

static void send_sql(struct eg_board_run *run) {
    struct eg_err err = {0};
    if (make_sql(run->board, run->panel, run->given, run->values, run->now_us, run->arena, &run->read)) {
        send_read(run);
        return;
    }
    (void)eg_err_set(&err, EG_E_OVERLOADED, NULL, "no memory for this panel");
    end_run(run, &err);
}

/* The next statement of a query. What is wrong with it (a commit that is not known) is the asker's error. A whole sha that neither a commit
 * nor an event has may stand in a column of the panel's own tables. */
static void next_statement(struct eg_board_run *run) {
    struct egql_diag diag = {0};
    struct eg_err err = {0};
    bool more = egql_run_next(run->egql, &run->statement, &diag);
    bool known = more && run->statement.answer;
    if (run->commit >= 0 && (known || (diag.code == EG_E_SHA_UNKNOWN && run->values[run->commit].s.n >= WHOLE_SHA))) {
        struct eg_str sha = known ? egql_run_commit(run->egql) : run->values[run->commit].s;
        run->values[run->commit] = eg_text(sha.p, sha.n);
        run->egql = NULL;
        send_sql(run);
        return;
    }
    if (more) {
        run->read = (struct eg_read){.sql = EG_SQL_COUNT,
                                     .text = run->statement.sql,
                                     .n_params = run->statement.n_params,
                                     .params = run->statement.params,
                                     .param_types = run->statement.param_types,
                                     .n_columns = run->statement.n_columns,
                                     .column_types = run->statement.column_types};
        send_read(run);
        return;
    }
    if (diag.code != EG_E_NONE) {
        (void)eg_err_set(&err, diag.code, NULL, "%s", diag.message);
    }
    end_run(run, diag.code != EG_E_NONE ? &err : NULL);
}

static void finish(void *ctx, const struct eg_err *err) {
    struct eg_board_run *run = ctx;
    if (run->egql && !err && !eg_list_empty(&run->waiters)) {
        next_statement(run);
    } else {
        end_run(run, err);
    }
}

static bool read_values(const struct eg_board_ask *ask, int64_t now_us, struct eg_arena *arena, struct eg_value *values,
                        uint32_t *given) {
    struct eg_err ignored = {0};
    for (size_t i = 0; i < ask->panel->n_params; i++) {
        const char *text = ask->given[i] ? eg_arena_dup(arena, ask->given[i], strlen(ask->given[i])) : NULL;
        values[i] = eg_null();
        if (ask->given[i] && (!text || eg_panel_value(&ask->panel->params[i], text, now_us, &values[i], &ignored))) {
            return false; /* the ask was checked, so this is the memory */
        }
        *given |= text ? 1u << i : 0;
    }
    return true;
}

/* Makes what the run asks of the store: its query, or the lookup of its commit; SQL is written when it is sent. */
static bool prepare(struct eg_board_run *run, const struct eg_board_ask *ask) {
    const struct eg_board *board = run->board;
    run->commit = -1;
    if (!read_values(ask, run->now_us, run->arena, run->values, &run->given)) {
        return false;
    }
    if (run->panel->egql) {
        run->egql = eg_board_egql(board, run->panel, run->given, run->values, run->now_us, run->arena);
        return run->egql;
    }
    for (size_t i = 0; i < run->panel->n_params && board->commit; i++) {
        bool sha = strcmp(run->panel->params[i].name, "sha") == 0 && run->given & 1u << i;
        run->commit = sha ? (int)i : run->commit;
    }
    if (run->commit >= 0) {
        run->egql = eg_board_commit(board, &run->values[run->commit], run->now_us, run->arena);
    }
    return run->commit < 0 || run->egql;
}

static struct eg_board_run *start(struct eg_board *board, const struct eg_board_ask *ask) {
    struct eg_arena *arena = eg_arena_new(ARENA_MOST_B);
    struct eg_board_run *run = arena ? eg_arena_zalloc(arena, sizeof *run) : NULL;
    if (!run) {
        eg_arena_free(arena);
        return NULL;
    }
    run->board = board;
    run->arena = arena;
    run->panel = ask->panel;
    run->now_us = eg_clock_now_us();
    run->key = (struct eg_str){eg_arena_dup(arena, ask->key.p, ask->key.n), ask->key.n};
    if (!prepare(run, ask) || !run->key.p ||
        !eg_board_write_begin(&run->writer, ask, eg_board_panel(board, ask->panel), board->config.rows_most, arena)) {
        eg_buf_free(&run->writer.body);
        eg_arena_free(arena);
        return NULL;
    }
    run->started_us = eg_clock_mono_us();
    eg_list_init(&run->waiters);
    eg_list_append(&board->runs, &run->link);
    board->stats.runs++;
    return run;
}

bool eg_board_join(struct eg_board *board, const struct eg_board_ask *ask, struct eg_board_waiter *waiter) {
    struct eg_board_run *run = NULL;
    for (struct eg_link *at = board->runs.next; at != &board->runs && !run; at = at->next) {
        struct eg_board_run *other = EG_CONTAINER(at, struct eg_board_run, link);
        bool same = other->key.n == ask->key.n && memcmp(other->key.p, ask->key.p, ask->key.n) == 0;
        run = same && !eg_list_empty(&other->waiters) ? other : NULL;
    }
    board->stats.shared += run != NULL;
    if (!run && !(run = start(board, ask))) {
        return false;
    }
    waiter->run = run;
    waiter->done = false;
    eg_list_append(&run->waiters, &waiter->link);
    if (!run->handle && run->egql) {
        next_statement(run);
    } else if (!run->handle) {
        send_sql(run);
    }
    return true;
}

void eg_board_leave(struct eg_board_waiter *waiter) {
    eg_list_remove(&waiter->link);
    if (eg_list_empty(&waiter->run->waiters)) {
        eg_db_read_cancel(waiter->run->handle);
    }
}

/* The check at the start: the text of every panel, all of its parts in it, judged by the store. */

struct trial {
    struct eg_err err;
    bool done;
};

static bool no_row(void *ctx, const struct eg_value *cells, size_t n) {
    (void)ctx, (void)cells, (void)n;
    return false;
}

static void tried(void *ctx, const struct eg_err *err) {
    struct trial *trial = ctx;
    trial->done = true;
    if (err) {
        trial->err = *err;
    }
}

static bool example(const struct eg_panel *panel, int64_t now_us, struct eg_value *values) {
    struct eg_err ignored = {0};
    for (size_t i = 0; i < panel->n_params; i++) {
        const struct eg_panel_param *param = &panel->params[i];
        switch (param->type) {
        case EG_PANEL_TEXT: values[i] = eg_text("", 0); break;
        case EG_PANEL_NUMBER: values[i] = eg_double(param->least); break;
        case EG_PANEL_INTEGER: values[i] = eg_int((int64_t)param->least); break;
        case EG_PANEL_BOOLEAN: values[i] = eg_bool(false); break;
        default: values[i] = eg_int(now_us); break;
        }
        if (param->def && eg_panel_value(param, param->def, now_us, &values[i], &ignored)) {
            return false;
        }
    }
    return true;
}

static eg_status try_panel(struct eg_board *board, uv_loop_t *loop, const struct eg_panel *panel, struct eg_err *err) {
    struct eg_arena *arena = eg_arena_new(ARENA_MOST_B);
    struct eg_value values[EG_PANEL_MOST_PARAMS];
    struct trial trial = {0};
    struct eg_read read;
    int64_t now_us = eg_clock_now_us();
    if (!arena || !example(panel, now_us, values) || !make_sql(board, panel, UINT32_MAX, values, now_us, arena, &read)) {
        eg_arena_free(arena);
        return eg_err_set(err, EG_E_INTERNAL, panel->file, "memory is out");
    }
    read.text = eg_arena_printf(arena, "SELECT * FROM (%s) AS panel LIMIT 0", read.text);
    read.row = no_row;
    read.done = tried;
    read.ctx = &trial;
    (void)eg_db_read(board->config.db, &read);
    while (!trial.done) {
        uv_run(loop, UV_RUN_ONCE);
    }
    eg_arena_free(arena);
    enum eg_code code = trial.err.code;
    bool away = code == EG_E_STORE_UNAVAILABLE || code == EG_E_TIMEOUT || code == EG_E_OVERLOADED;
    return code == EG_E_NONE || away ? EG_OK
                                     : eg_err_set(err, EG_E_CONFIG, panel->file, "sql: %s", trial.err.message);
}

eg_status eg_board_check(struct eg_board *board, uv_loop_t *loop, struct eg_err *err) {
    const struct eg_panel *panels;
    size_t n = eg_panels_all(board->config.panels, &panels);
    for (size_t i = 0; i < n; i++) {
        if (!panels[i].egql && try_panel(board, loop, &panels[i], err)) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}
