/* The order of a run's statements: lookups, the levels of a walk, the answer. What a lookup has found is settled when
 * the next statement is asked for: then all its rows are there. */
#include <string.h>

#include "egql/run_state.h"

bool egql_room(struct egql_run *run, void **array, size_t *cap, size_t n, size_t size) {
    if (n < *cap)
        return true;
    size_t more = *cap ? *cap * 2 : 64;
    void *bigger = eg_arena_alloc(run->arena, more * size);
    if (!bigger) {
        run->full = true;
        return false;
    }
    if (n)
        memcpy(bigger, *array, n * size);
    *array = bigger;
    *cap = more;
    return true;
}

struct eg_str egql_keep(struct egql_run *run, struct eg_str text) {
    char *copy = eg_arena_dup(run->arena, text.n ? text.p : "", text.n);
    if (!copy) {
        run->full = true;
        return (struct eg_str){"", 0};
    }
    return (struct eg_str){copy, text.n};
}

struct egql_run *egql_run_new(const struct egql_compiled *compiled, const struct eg_value *values, int64_t now_us,
                              const struct egql_limits *limits, struct eg_arena *arena) {
    struct egql_run *run = eg_arena_zalloc(arena, sizeof *run);
    if (!run)
        return NULL;
    const struct egql_plan *plan = compiled->plan;
    *run = (struct egql_run){
        .compiled = compiled, .plan = plan, .values = values, .limits = *limits, .now_us = now_us, .arena = arena};
    int64_t asked = plan->limited ? plan->limit : limits->rows_default;
    run->exact = (plan->limited || limits->default_asked) && asked <= limits->rows_most;
    run->asked = asked < limits->rows_most ? asked : limits->rows_most;
    return run;
}

/* The argument must look like a commit; a constant one was checked when the query was compiled. */
static eg_status look_like_commit(struct egql_run *run, int which, struct egql_diag *diag) {
    struct eg_str of = egql_argument(run, which);
    if (of.p && egql_sha_check(of.p, of.n))
        return EG_OK;
    return egql_fail(diag, run->plan->ast, run->arena, run->plan->scope->arg_span, EG_E_QUERY_INVALID,
                     "a commit is named by its sha, or by 4 or more of its first hexadecimal digits");
}

static eg_status settle_sha(struct egql_run *run, int which, struct egql_diag *diag) {
    struct eg_str of = egql_argument(run, which);
    struct egql_span span = run->plan->scope->arg_span;
    if (run->n_matches == 0)
        return egql_fail(diag, run->plan->ast, run->arena, span, EG_E_SHA_UNKNOWN,
                         "no commit is known that begins with %.*s", (int)of.n, of.p);
    for (size_t i = 0; i < run->n_matches; i++)
        if (run->n_matches == 1 ||
            run->matches[i].n == of.n) { /* all begin alike: one of that length is the argument itself */
            run->sha[which] = run->matches[i];
            run->n_matches = 0;
            return EG_OK;
        }
    struct eg_buf list;
    eg_buf_init(&list, 4096);
    for (size_t i = 0; i < run->n_matches; i++) {
        if (i == EGQL_MOST_MATCHES)
            eg_buf_str(&list, ", …");
        else
            eg_buf_printf(&list, "%s%.*s", i ? ", " : "", (int)run->matches[i].n, run->matches[i].p);
    }
    (void)egql_fail(diag, run->plan->ast, run->arena, span, EG_E_SHA_AMBIGUOUS, "several commits begin with %.*s: %s",
                    (int)of.n, of.p, eg_buf_text(&list));
    eg_buf_free(&list);
    return EG_FAIL;
}

static eg_status settle_id(struct egql_run *run, bool known, struct egql_diag *diag) {
    const struct egql_scope *scope = run->plan->scope;
    struct eg_str of = egql_argument(run, 0);
    if (known)
        return EG_OK;
    return egql_fail(diag, run->plan->ast, run->arena, scope->arg_span, EG_E_ID_UNKNOWN, "no event is known %s %.*s",
                     scope->kind == EGQL_S_RUN           ? "of the run"
                     : scope->kind == EGQL_S_CORRELATION ? "with the correlation id"
                                                         : "with the id",
                     (int)(of.n < 200 ? of.n : 200), of.p);
}

/* A start that no node has gives no rows, as one that leads nowhere does. */
static void note_start(struct egql_run *run) {
    struct eg_str start = egql_start(run);
    if (run->n_levels == 0)
        run->note = eg_arena_printf(run->arena, "the graph has no node %.*s: a function is named module:name, another node by its uid",
                                    (int)(start.n < 200 ? start.n : 200), start.n ? start.p : "");
}

/* Leaves the statement that has ended, and says which comes next. */
static eg_status advance(struct egql_run *run, struct egql_diag *diag) {
    if (!run->started) {
        run->started = true;
        return EG_OK;
    }
    const struct egql_step *step = &run->plan->steps[run->step];
    switch (step->kind) {
    case EGQL_STEP_SHA:
        if (settle_sha(run, step->which, diag) != EG_OK)
            return EG_FAIL;
        break;
    case EGQL_STEP_INDEXED:
        if (egql_indexed_settle(run, diag) != EG_OK)
            return EG_FAIL;
        break;
    case EGQL_STEP_START:
        note_start(run);
        if (!egql_walk_goes_on(run))
            run->step++; /* no level */
        break;
    case EGQL_STEP_LEVEL:
        if (egql_walk_goes_on(run))
            return EG_OK;
        break;
    case EGQL_STEP_SERIES:
    case EGQL_STEP_CHAIN:
        if (settle_id(run, step->kind == EGQL_STEP_SERIES ? run->in_series : run->n_chain > 0, diag) != EG_OK)
            return EG_FAIL;
        break;
    case EGQL_STEP_ANSWER:
        break;
    }
    run->step++;
    return EG_OK;
}

static bool out_of_memory(struct egql_diag *diag) {
    *diag = (struct egql_diag){
        .code = EG_E_ANSWER_TOO_LARGE, .line = 1, .column = 1, .message = "the query needs more memory than one may have"};
    return false;
}

bool egql_run_next(struct egql_run *run, struct egql_statement *statement, struct egql_diag *diag) {
    *diag = (struct egql_diag){.code = EG_E_NONE};
    if (run->over)
        return false;
    run->over = true;
    if (run->full)
        return out_of_memory(diag);
    if (advance(run, diag) != EG_OK || run->step >= run->plan->n_steps)
        return false;
    const struct egql_step *step = &run->plan->steps[run->step];
    if (step->kind == EGQL_STEP_SHA && look_like_commit(run, step->which, diag) != EG_OK)
        return false;
    struct eg_value *params = eg_arena_alloc(run->arena, (step->n_slots + 1) * sizeof *params);
    if (!params)
        return out_of_memory(diag);
    if (!egql_bind(run, step, params, diag))
        return false;
    if (run->full)
        return out_of_memory(diag);
    run->over = false;
    run->rows = 0;
    *statement = (struct egql_statement){.sql = step->sql,
                                         .n_params = step->n_slots,
                                         .params = params,
                                         .param_types = step->types,
                                         .n_columns = step->n_columns,
                                         .column_types = step->column_types,
                                         .answer = step->kind == EGQL_STEP_ANSWER,
                                         .by_key = step->by_key};
    return true;
}

static bool chain_row(struct egql_run *run, const struct eg_value *cells) {
    if ((int64_t)run->n_chain >= run->limits.nodes_most) {
        run->truncated = true;
        return false;
    }
    if (!egql_room(run, (void **)&run->chain, &run->cap_chain, run->n_chain, sizeof *run->chain))
        return false;
    run->chain[run->n_chain++] = egql_keep(run, cells[0].s);
    return true;
}

static bool answer_row(struct egql_run *run) {
    if (run->rows <= run->asked)
        return true;
    run->truncated |= !run->exact;
    return false;
}

bool egql_run_row(struct egql_run *run, const struct eg_value *cells) {
    run->rows++;
    if (run->full)
        return false;
    switch (run->plan->steps[run->step].kind) {
    case EGQL_STEP_SHA:
        if (run->n_matches <= EGQL_MOST_MATCHES)
            run->matches[run->n_matches++] = egql_keep(run, cells[0].s);
        return true;
    case EGQL_STEP_SERIES:
        run->in_series = true;
        return true;
    case EGQL_STEP_CHAIN:
        return chain_row(run, cells);
    case EGQL_STEP_INDEXED:
        return egql_indexed_row(run, cells);
    case EGQL_STEP_START:
        return egql_start_row(run, cells);
    case EGQL_STEP_LEVEL:
        return egql_level_row(run, cells);
    case EGQL_STEP_ANSWER:
        break;
    }
    return answer_row(run);
}

bool egql_run_truncated(const struct egql_run *run) { return run->truncated; }
const char *egql_run_note(const struct egql_run *run) { return run->note; }

struct eg_str egql_run_commit(const struct egql_run *run) { return run->sha[0]; }
