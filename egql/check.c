/* The checker: names, types, defaults; what each scope and window needs of the source; parameters. Completes the AST in
 * place. */
#include "egql/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "egql/suggest.h"

bool egql_c_fail(struct egql_checker *c, struct egql_span span, const char *format, ...) {
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    egql_fail(c->diag, c->ast, c->arena, span, EG_E_QUERY_INVALID, "%s", message);
    return false;
}

void *egql_c_alloc(struct egql_checker *c, size_t size_b) {
    void *bytes = eg_arena_zalloc(c->arena, size_b);
    if (!bytes)
        egql_c_fail(c, (struct egql_span){0}, "memory");
    return bytes;
}

bool egql_c_param(struct egql_checker *c, struct egql_span span, int param) {
    const struct eg_str name = c->ast->params[param].name;
    if (c->given[param])
        return true;
    egql_fail(c->diag, c->ast, c->arena, span, EG_E_PARAM_INVALID, "there is no value for $%.*s", (int)name.n, name.p);
    return false;
}

/* By position in the query; a value for a name that the query does not have is a mistake. */
static bool params(struct egql_checker *c, const struct egql_param *given, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        const struct eg_str name = given[i].name;
        while (j < c->ast->n_params &&
               (c->ast->params[j].name.n != name.n || memcmp(c->ast->params[j].name.p, name.p, name.n) != 0))
            j++;
        if (j == c->ast->n_params) {
            egql_fail(c->diag, c->ast, c->arena, (struct egql_span){0}, EG_E_PARAM_INVALID,
                      "there is a value for $%.*s, which the query does not use", egql_shown(name),
                      name.p);
            return false;
        }
        c->ast->params[j].type = given[i].type;
        c->ast->params[j].null = given[i].null;
        c->given[j] = true;
    }
    return true;
}

static const char *source_names(struct egql_checker *c) {
    const char *text = "a source: ";
    for (size_t i = 0; text && i < c->sources->n; i++)
        text = eg_arena_printf(c->arena, "%s%s%s", text, i ? ", " : "", c->sources->all[i].name);
    return text;
}

static bool find_source(struct egql_checker *c, struct egql_query *q) {
    c->source = q->source = egql_source_find(c->sources, q->source_name.p, q->source_name.n);
    if (c->source)
        return true;
    struct egql_suggest suggest = {.word = q->source_name.p, .len = q->source_name.n};
    for (size_t i = 0; i < c->sources->n; i++)
        egql_suggest_try(&suggest, c->sources->all[i].name);
    egql_c_fail(c, q->source_span, "there is no source %.*s", egql_shown(q->source_name), q->source_name.p);
    c->diag->expected = source_names(c);
    c->diag->suggestion = suggest.best;
    return false;
}

bool egql_sha_check(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'f')))
            return false;
    return len >= 4 && len <= 64;
}

static bool scope_text(struct egql_checker *c, const struct egql_scope *s, struct eg_str text, int param) {
    bool sha = s->kind == EGQL_S_SHA || s->kind == EGQL_S_RANGE;
    if (param >= 0) {
        if (!egql_c_param(c, s->arg_span, param))
            return false;
        if (c->ast->params[param].type == EG_TEXT && !c->ast->params[param].null)
            return true;
        egql_fail(c->diag, c->ast, c->arena, s->arg_span, EG_E_PARAM_INVALID, "the parameter of a scope must be text");
        return false;
    }
    return !sha || egql_sha_check(text.p, text.n) ||
           egql_c_fail(c, s->arg_span,
                       "a commit is written as 4 to 64 hexadecimal digits, the first ones of its sha or all");
}

static bool scope(struct egql_checker *c, const struct egql_scope *s) {
    const struct egql_source *source = c->source;
    const char *lacks = NULL;
    if (s->kind == EGQL_S_ALL)
        return true;
    bool event = source->event >= 0;
    if ((s->kind == EGQL_S_SHA || s->kind == EGQL_S_RANGE) && !event && source->sha < 0)
        lacks = "commit";
    else if (s->kind == EGQL_S_BRANCH && !event && source->branch < 0 && source->sha < 0)
        lacks = "branch";
    else if ((s->kind == EGQL_S_RUN || s->kind == EGQL_S_CORRELATION) && !event && source->correlation < 0)
        lacks = "run";
    else if ((s->kind == EGQL_S_CAUSES || s->kind == EGQL_S_EFFECTS) && !event)
        lacks = "event";
    if (lacks) {
        egql_c_fail(c, s->span, "the rows of %s have no %s", source->name, lacks);
        c->diag->suggestion = "all";
        return false;
    }
    if (c->walk && s->kind != EGQL_S_SHA && s->kind != EGQL_S_BRANCH)
        return egql_c_fail(c, s->span, "a walk through the graph is FROM sha(…), FROM branch(…) or FROM all");
    return scope_text(c, s, s->arg, s->param) && (s->kind != EGQL_S_RANGE || scope_text(c, s, s->arg2, s->param2));
}

bool egql_c_when(struct egql_checker *c, struct egql_span span, int param, const char *what) {
    if (param < 0)
        return true;
    if (!egql_c_param(c, span, param))
        return false;
    if (c->ast->params[param].type == EG_TEXT || c->ast->params[param].null)
        return true;
    const struct eg_str name = c->ast->params[param].name;
    egql_fail(c->diag, c->ast, c->arena, span, EG_E_PARAM_INVALID, "the parameter $%.*s must be %s, as a string", (int)name.n,
              name.p, what);
    return false;
}

static bool window(struct egql_checker *c, const struct egql_window *w) {
    if ((w->since && !egql_c_when(c, w->from.span, w->from.param, "a time such as 2025-10-10T00:00Z")) ||
        (w->until && !egql_c_when(c, w->to.span, w->to.param, "a time such as 2025-10-10T00:00Z")) ||
        (w->last && !egql_c_when(c, w->length.span, w->length.param, EGQL_A_DURATION)))
        return false;
    if ((!w->since && !w->last) || c->source->time >= 0 || c->source->event >= 0)
        return true;
    return egql_c_fail(c, w->span, "the rows of %s have no time: SINCE and LAST do not apply", c->source->name);
}

/* The declaration's own condition is checked already; it comes first. */
static bool join_where(struct egql_checker *c, struct egql_query *q) {
    const struct egql_cond *own = c->source->where;
    if (!own)
        return true;
    struct egql_cond *made = egql_c_alloc(c, sizeof *made);
    const struct egql_cond **children = made ? egql_c_alloc(c, 2 * sizeof *children) : NULL;
    if (!children)
        return false;
    children[0] = own;
    children[1] = q->where;
    *made = q->where
                ? (struct egql_cond){.kind = EGQL_AND, .span = q->where->span, .n_children = 2, .children = children}
                : *own;
    q->where = made;
    return true;
}

static bool query(struct egql_checker *c, struct egql_query *q) {
    if (!find_source(c, q) || !egql_c_walk(c, q) || !scope(c, &q->scope) || !window(c, &q->window))
        return false;
    if (q->where && !egql_c_cond(c, q->where))
        return false;
    return join_where(c, q) && egql_c_items(c, q) && egql_c_order(c, q);
}

static bool path(struct egql_checker *c, struct egql_path *p) {
    p->events = c->source = egql_source_find(c->sources, "events", 6);
    if (!c->source)
        return egql_c_fail(c, (struct egql_span){0}, "PATH needs the source events, which is not declared");
    return scope(c, &p->scope) && window(c, &p->window);
}

eg_status egql_check(struct egql_ast *ast, const struct egql_sources *sources, const struct egql_param *given,
                     size_t n_given, struct eg_arena *arena, struct egql_diag *diag) {
    struct egql_checker c = {.ast = ast, .sources = sources, .arena = arena, .diag = diag};
    bool ok = params(&c, given, n_given) && (ast->is_path ? path(&c, &ast->path) : query(&c, &ast->query));
    return ok ? EG_OK : EG_FAIL;
}
