/* The parser: PATH topic:a >> topic:b FROM scope [WHERE window <= ms [AND NOT EXISTS topic:c] …]. */
#include <string.h>

#include "egql/parse.h"

#define MOST_STEPS 16
#define MOST_WINDOW_MS INT64_C(31622400000) /* 366 days */

static bool topic(struct egql_parser *p, struct egql_path_step *step) {
    size_t from = p->token.span.offset;
    egql_p_expect(p, EGQL_W_TOPIC);
    if (!egql_p_node(p))
        return false;
    if (!egql_p_is(p, p->token, "topic") ||
        egql_lex(p->ast->text, p->ast->len, from + p->token.span.length).kind != EGQL_T_COLON)
        return egql_p_wrong(p);
    egql_p_next(p);
    struct egql_token t = egql_lex_value(p->ast->text, p->ast->len, p->token.span.offset + 1);
    if (t.kind != EGQL_T_WORD && t.kind != EGQL_T_STRING) {
        p->token = t;
        egql_p_expect(p, EGQL_W_NAME);
        return egql_p_wrong(p);
    }
    step->topic = egql_p_text(p, t.span);
    if (t.kind == EGQL_T_STRING && !egql_p_unquote(p, t.span, &step->topic))
        return false;
    p->token = t;
    egql_p_next(p);
    step->span = egql_p_since(p, from);
    return true;
}

static bool bound(struct egql_parser *p, struct egql_path *path) {
    if (!egql_p_keyword(p, EGQL_W_WINDOW) || !egql_p_take(p, EGQL_T_LE, EGQL_W_AT_MOST))
        return egql_p_wrong(p);
    struct eg_str text = egql_p_text(p, p->token.span);
    egql_p_expect(p, EGQL_W_MS);
    if (p->token.kind != EGQL_T_DIGITS)
        return egql_p_wrong(p);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return egql_p_wrong(p);
        if (path->window_ms <= MOST_WINDOW_MS)
            path->window_ms = path->window_ms * 10 + (text.p[i] - '0');
    }
    if (path->window_ms > MOST_WINDOW_MS)
        return egql_p_fail(p, p->token.span, "the window of a path is at most 366 days");
    path->bounded = true;
    egql_p_next(p);
    return true;
}

static bool without(struct egql_parser *p, struct egql_path *path) {
    while (egql_p_keyword(p, EGQL_W_AND)) {
        if (!egql_p_keyword(p, EGQL_W_NOT) || !egql_p_keyword(p, EGQL_W_EXISTS))
            return egql_p_wrong(p);
        if (path->n_without == MOST_STEPS)
            return egql_p_fail(p, p->token.span, "a path excludes at most %d topics", MOST_STEPS);
        struct egql_path_step *next = egql_p_grow(p, &path->without, path->n_without, sizeof *next);
        if (!next || !topic(p, next))
            return false;
        path->n_without++;
    }
    return true;
}

bool egql_p_path(struct egql_parser *p) {
    struct egql_path *path = &p->ast->path;
    do {
        if (path->n_steps == MOST_STEPS)
            return egql_p_fail(p, p->token.span, "a path has at most %d steps", MOST_STEPS);
        struct egql_path_step *next = egql_p_grow(p, &path->steps, path->n_steps, sizeof *next);
        if (!next || !topic(p, next))
            return false;
        path->n_steps++;
    } while (egql_p_take(p, EGQL_T_ARROW, EGQL_W_ARROW));
    if (!egql_p_scope(p, &path->scope))
        return false;
    if (egql_p_keyword(p, EGQL_W_WHERE) && (!bound(p, path) || !without(p, path)))
        return false;
    return egql_p_window(p, &path->window) && egql_p_limit(p, &path->limited, &path->limit, &path->limit_span);
}
