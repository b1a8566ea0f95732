/* EGQL on a store without a server: compiles each query, runs its statements, prints the answer.
 * Usage: egql_probe SPEC_DIR DSN; a JSON object a line on standard input, one a line on standard output:
 *
 *   {"q": text, "params": {name: value}, "now_us": n, "rows": n, "most": n, "nodes": n, "timeout_ms": n, "explain":
 * true, "compile": true}
 *   {"columns": [[name, type]], "rows": [[…]], "truncated": b, "ran": statements, "ms": n}        compile: {"statements":
 * [[sql, [params]]]} alone, up to the first that needs what one before it finds
 *   {"error": code, "message": text, "offset": n}; explain adds "explain": {estimate, plan, indexes} of the answer's
 * statement */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "db/db.h"
#include "egql/egql.h"

#define MOST_ARENA_B (256U << 20)

struct probe {
    uv_loop_t loop;
    struct eg_db *db;
    struct egql_sources *sources;
    const struct egql_dialect *dialect;
    struct eg_arena *arena;
    struct egql_run *run;
    struct egql_explained *explained;
    struct egql_statement statement;
    struct eg_buf out;
    size_t rows;
    int ran; /* statements */
    int timeout_ms; /* of each statement; 0: the store's own */
    bool done, failed;
};

static void cell(struct eg_buf *out, enum eg_type type, const struct eg_value *value) {
    char time[EG_TIME_TEXT_B];
    if (value->null) {
        eg_buf_str(out, "null");
        return;
    }
    switch (type) {
    case EG_JSON:
        eg_buf_add(out, value->s.p, value->s.n);
        return;
    case EG_TEXT:
    case EG_BYTES:
        eg_buf_json_string(out, value->s.p, type == EG_TEXT ? value->s.n : 0);
        return;
    case EG_BOOL:
        eg_buf_str(out, value->b ? "true" : "false");
        return;
    case EG_FLOAT8:
        eg_buf_json_double(out, value->d);
        return;
    case EG_TIME:
        eg_time_format(value->i, time);
        eg_buf_json_string(out, time, strlen(time));
        return;
    case EG_INT4:
    case EG_INT8:
        break;
    }
    eg_buf_printf(out, "%lld", (long long)value->i);
}

static bool row(void *ctx, const struct eg_value *cells, size_t n) {
    struct probe *p = ctx;
    if (p->explained) {
        egql_explained_row(p->explained, cells);
        return true;
    }
    if (!egql_run_row(p->run, cells))
        return false;
    if (!p->statement.answer)
        return true;
    eg_buf_str(&p->out, p->rows++ ? ",[" : "[");
    for (size_t i = 0; i < n; i++) {
        eg_buf_str(&p->out, i ? "," : "");
        cell(&p->out, p->statement.column_types[i], &cells[i]);
    }
    eg_buf_char(&p->out, ']');
    return true;
}

static void over(void *ctx, const struct eg_err *err) {
    struct probe *p = ctx;
    p->done = true;
    if (!err)
        return;
    p->failed = true;
    p->out.len = 0;
    eg_buf_printf(&p->out, "{\"error\":\"%s\",\"message\":", eg_code_name(err->code));
    eg_buf_json_string(&p->out, err->message, strlen(err->message));
    eg_buf_str(&p->out, ",\"sql\":");
    eg_buf_json_string(&p->out, p->statement.sql, strlen(p->statement.sql));
    eg_buf_char(&p->out, '}');
}

static void read_statement(struct probe *p, const struct egql_statement *s) {
    struct eg_read read = {.sql = EG_SQL_COUNT,
                           .text = s->sql,
                           .n_params = s->n_params,
                           .params = s->params,
                           .param_types = s->param_types,
                           .n_columns = s->n_columns,
                           .column_types = s->column_types,
                           .timeout_ms = p->timeout_ms,
                           .row = row,
                           .done = over,
                           .ctx = p};
    p->done = false;
    (void)eg_db_read(p->db, &read);
    while (!p->done)
        uv_run(&p->loop, UV_RUN_ONCE);
}

static void fail(struct probe *p, const struct egql_diag *diag) {
    p->failed = true;
    p->out.len = 0;
    eg_buf_printf(&p->out, "{\"error\":\"%s\",\"offset\":%zu,\"message\":", eg_code_name(diag->code), diag->offset);
    eg_buf_json_string(&p->out, diag->message, strlen(diag->message));
    eg_buf_char(&p->out, '}');
}

static enum eg_type type_of(const json_t *value) {
    return json_is_integer(value)   ? EG_INT8
           : json_is_real(value)    ? EG_FLOAT8
           : json_is_boolean(value) ? EG_BOOL
                                    : EG_TEXT;
}

static struct eg_value value_of(const json_t *value) {
    return json_is_integer(value)   ? eg_int(json_integer_value(value))
           : json_is_real(value)    ? eg_double(json_real_value(value))
           : json_is_boolean(value) ? eg_bool(json_is_true(value))
           : json_is_string(value)  ? eg_text(json_string_value(value), json_string_length(value))
                                    : eg_null();
}

static int64_t whole(const json_t *ask, const char *name, int64_t otherwise) {
    const json_t *value = json_object_get(ask, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static const struct egql_compiled *compile(struct probe *p, json_t *ask, struct eg_value *values) {
    struct egql_param params[EGQL_MOST_PARAMS];
    json_t *given = json_object_get(ask, "params"), *value;
    const json_t *text = json_object_get(ask, "q");
    const struct egql_compiled *compiled = NULL;
    struct egql_diag diag;
    const char *name;
    size_t n = 0;
    json_object_foreach(given, name, value) {
        if (n < EGQL_MOST_PARAMS)
            params[n++] = (struct egql_param){{name, strlen(name)}, type_of(value), json_is_null(value)};
    }
    if (egql_compile(p->sources, p->dialect, json_string_value(text), json_string_length(text), params, n, p->arena,
                     &compiled, &diag) != EG_OK) {
        fail(p, &diag);
        return NULL;
    }
    for (size_t i = 0; i < compiled->n_params; i++) {
        char *key = eg_arena_dup(p->arena, compiled->params[i].name.p, compiled->params[i].name.n);
        values[i] = value_of(json_object_get(given, key));
    }
    return compiled;
}

static void statement_text(struct probe *p) {
    const struct egql_statement *s = &p->statement;
    eg_buf_str(&p->out, p->rows++ ? ",[" : "[");
    eg_buf_json_string(&p->out, s->sql, strlen(s->sql));
    eg_buf_str(&p->out, ",[");
    for (size_t i = 0; i < s->n_params; i++) {
        eg_buf_str(&p->out, i ? "," : "");
        cell(&p->out, s->param_types[i], &s->params[i]);
    }
    eg_buf_str(&p->out, "]]");
}

static void columns(struct probe *p, const struct egql_compiled *compiled) {
    eg_buf_str(&p->out, "{\"columns\":[");
    for (size_t i = 0; i < compiled->n_columns; i++) {
        eg_buf_str(&p->out, i ? ",[" : "[");
        eg_buf_json_string(&p->out, compiled->columns[i].name, strlen(compiled->columns[i].name));
        eg_buf_printf(&p->out, ",\"%s\"]", egql_type_name(compiled->columns[i].type));
    }
    eg_buf_str(&p->out, "],\"rows\":[");
}

static void explain(struct probe *p) {
    struct egql_statement how;
    egql_explain_statement(p->dialect, &p->statement, p->arena, &how);
    p->explained = egql_explained_new(p->dialect, p->arena);
    read_statement(p, &how);
    if (!p->failed) {
        eg_buf_str(&p->out, ",\"explain\":{");
        egql_explained_json(p->explained, &p->out);
        eg_buf_char(&p->out, '}');
    }
    p->explained = NULL;
}

static void answer(struct probe *p, json_t *ask) {
    struct eg_value values[EGQL_MOST_PARAMS];
    struct egql_limits limits = {.rows_default = whole(ask, "rows", EGQL_ROWS_DEFAULT),
                                 .rows_most = whole(ask, "most", EGQL_ROWS_MOST),
                                 .nodes_most = whole(ask, "nodes", 10000)};
    struct egql_diag diag;
    bool only = json_is_true(json_object_get(ask, "compile"));
    p->timeout_ms = (int)whole(ask, "timeout_ms", 0);
    int64_t began_us = eg_clock_mono_us();
    const struct egql_compiled *compiled = compile(p, ask, values);
    if (!compiled)
        return;
    int64_t compiled_us = eg_clock_mono_us() - began_us;
    p->run = egql_run_new(compiled, values, whole(ask, "now_us", eg_clock_now_us()), &limits, p->arena);
    if (only)
        eg_buf_str(&p->out, "{\"statements\":[");
    else
        columns(p, compiled);
    while (!p->failed && egql_run_next(p->run, &p->statement, &diag)) {
        if (only)
            statement_text(p);
        else
            read_statement(p, &p->statement);
        p->ran++;
    }
    if (diag.code != EG_E_NONE && !p->failed && !(only && p->rows)) /* a lookup that was not run has found nothing */
        fail(p, &diag);
    if (p->failed)
        return;
    eg_buf_char(&p->out, ']');
    if (!only && json_is_true(json_object_get(ask, "explain")))
        explain(p);
    if (!p->failed)
        eg_buf_printf(&p->out, ",\"truncated\":%s,\"ran\":%d,\"compile_us\":%lld,\"ms\":%.3f}",
                      egql_run_truncated(p->run) ? "true" : "false", p->ran, (long long)compiled_us,
                      (double)(eg_clock_mono_us() - began_us) / 1000.0);
}

static void one(struct probe *p, const char *line) {
    json_t *ask = json_loads(line, 0, NULL);
    p->arena = eg_arena_new(MOST_ARENA_B);
    eg_buf_init(&p->out, MOST_ARENA_B);
    p->failed = false;
    p->rows = 0;
    p->ran = 0;
    if (ask && p->arena)
        answer(p, ask);
    puts(eg_buf_text(&p->out));
    (void)fflush(stdout);
    json_decref(ask);
    eg_arena_free(p->arena);
    eg_buf_free(&p->out);
}

static void closed(void *ctx) { *(bool *)ctx = true; }

int main(int argc, char **argv) {
    struct probe p = {0};
    struct eg_err err = {0};
    const struct eg_db_config config = {.dsn = argc > 2 ? argv[2] : "",
                                        .read_connections = 1,
                                        .connect_timeout_ms = 10000,
                                        .write_timeout_ms = 10000,
                                        .lock_timeout_ms = 5000,
                                        .idle_tx_timeout_ms = 5000,
                                        .read_timeout_ms = 30000,
                                        .reconnect_least_ms = 100,
                                        .reconnect_most_ms = 1000,
                                        .partition_days = 7,
                                        .sqlite_cache_mib = 64,
                                        .sqlite_checkpoint_pages = 8000,
                                        .sqlite_busy_ms = 5000};
    bool gone = false;
    char *line = NULL;
    size_t cap = 0;
    EG_ASSERT(uv_loop_init(&p.loop) == 0);
    if (argc != 3 || egql_sources_load(argv[1], &p.sources, &err) != EG_OK ||
        eg_db_open(&p.loop, &config, &p.db, &err) != EG_OK ||
        egql_sources_check(p.sources, eg_db_catalogue(p.db), &err) != EG_OK) {
        (void)fprintf(stderr, "egql_probe: %s %s\n", err.place, err.message);
        return 1;
    }
    p.dialect = egql_dialect_find(eg_db_name(p.db));
    while (getline(&line, &cap, stdin) > 0)
        one(&p, line);
    eg_db_close(p.db, closed, &gone);
    while (!gone)
        uv_run(&p.loop, UV_RUN_ONCE);
    uv_run(&p.loop, UV_RUN_DEFAULT);
    EG_ASSERT(uv_loop_close(&p.loop) == 0);
    egql_sources_free(p.sources);
    free(line);
    return 0;
}
