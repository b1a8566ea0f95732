/* The parser: scopes, whose argument is raw text or quoted, windows of time, limits. */
#include <string.h>

#include "base/clock.h"
#include "egql/parse.h"

#define US_A_MINUTE INT64_C(60000000)
#define MOST_LAST_US (INT64_C(366) * 200 * 1440 * US_A_MINUTE)

static struct egql_span trimmed(const char *text, size_t from, size_t to) {
    from = egql_lex_skip(text, to, from);
    while (to > from && egql_lex_skip(text, to, to - 1) == to)
        to--;
    return (struct egql_span){from, to - from};
}

/* One side of an argument: "quoted", $param, or as it stands. */
static bool side(struct egql_parser *p, struct egql_span span, struct eg_str *text, int *param) {
    *text = egql_p_text(p, span);
    *param = -1;
    struct egql_token t = egql_lex(p->ast->text, span.offset + span.length, span.offset);
    bool whole = t.span.offset == span.offset && t.span.length == span.length;
    if (span.length == 0)
        return egql_p_fail(p, span, "the scope is empty: something must stand between its parentheses");
    if (whole && t.kind == EGQL_T_PARAM)
        return egql_p_param(p, span, param);
    if (whole && t.kind == EGQL_T_STRING) {
        if (!egql_p_unquote(p, span, text))
            return false;
        return text->n > 0 || egql_p_fail(p, span, "the scope is empty: something must stand between its quotes");
    }
    return true;
}

/* The end of the raw text: a parenthesis outside quotes. */
static size_t closing(struct egql_parser *p, size_t from) {
    const char *text = p->ast->text;
    size_t len = p->ast->len, at = egql_lex_skip(text, len, from);
    struct egql_token t = egql_lex(text, len, at);
    if (t.kind == EGQL_T_STRING)
        at = t.span.offset + t.span.length;
    const char *close = at < len ? memchr(text + at, ')', len - at) : NULL;
    return close ? (size_t)(close - text) : len;
}

static bool range(struct egql_parser *p, struct egql_scope *scope) {
    struct egql_span span = scope->arg_span;
    const char *text = p->ast->text;
    const char *dots = span.length ? memmem(text + span.offset, span.length, "..", 2) : NULL;
    if (!dots)
        return egql_p_fail(p, span, "a range is written a..b: the commits that b has and a has not");
    size_t at = (size_t)(dots - text);
    return side(p, trimmed(text, span.offset, at), &scope->arg, &scope->param) &&
           side(p, trimmed(text, at + 2, span.offset + span.length), &scope->arg2, &scope->param2);
}

static bool argument(struct egql_parser *p, struct egql_scope *scope) {
    egql_p_expect(p, EGQL_W_OPEN);
    if (p->token.kind != EGQL_T_OPEN)
        return egql_p_wrong(p);
    size_t from = p->token.span.offset + 1, to = closing(p, from);
    scope->arg_span = trimmed(p->ast->text, from, to);
    if (to == p->ast->len) {
        p->token = (struct egql_token){EGQL_T_END, {to, 0}};
        egql_p_expect(p, EGQL_W_CLOSE);
        return egql_p_wrong(p);
    }
    p->token = (struct egql_token){EGQL_T_CLOSE, {to, 1}};
    egql_p_next(p);
    return scope->kind == EGQL_S_RANGE ? range(p, scope) : side(p, scope->arg_span, &scope->arg, &scope->param);
}

bool egql_p_scope(struct egql_parser *p, struct egql_scope *scope) {
    static const struct {
        const char *name;
        enum egql_scope_kind kind;
    } scopes[] = {{"all", EGQL_S_ALL},       {"sha", EGQL_S_SHA},        {"range", EGQL_S_RANGE},
                  {"branch", EGQL_S_BRANCH}, {"run", EGQL_S_RUN},        {"correlation", EGQL_S_CORRELATION},
                  {"causes", EGQL_S_CAUSES}, {"effects", EGQL_S_EFFECTS}};
    scope->param = scope->param2 = -1;
    if (!egql_p_keyword(p, EGQL_W_FROM))
        return egql_p_wrong(p);
    egql_p_expect(p, EGQL_W_SCOPE);
    size_t from = p->token.span.offset;
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        if (!egql_p_is(p, p->token, scopes[i].name))
            continue;
        scope->kind = scopes[i].kind;
        egql_p_next(p);
        if (scope->kind != EGQL_S_ALL && !argument(p, scope))
            return false;
        scope->span = egql_p_since(p, from);
        return true;
    }
    return egql_p_wrong(p);
}

bool egql_time_parse(const char *text, size_t len, int64_t *us) {
    char whole[sizeof "2025-10-10T00:00Z"];
    if (len != 10)
        return eg_time_parse(text, len, true, us);
    memcpy(whole, text, len);
    memcpy(whole + len, "T00:00Z", sizeof "T00:00Z");
    return eg_time_parse(whole, sizeof whole - 1, true, us);
}

/* A parameter in the place of a time or a duration. */
static bool is_param(struct egql_parser *p, struct egql_span *span, int *param, bool *ok) {
    *param = -1;
    *span = p->token.span;
    if (p->token.kind != EGQL_T_PARAM)
        return false;
    *ok = egql_p_param(p, *span, param);
    if (*ok)
        egql_p_next(p);
    return true;
}

static bool moment(struct egql_parser *p, struct egql_moment *at) {
    bool ok;
    egql_p_expect(p, EGQL_W_TIME);
    if (is_param(p, &at->span, &at->param, &ok))
        return ok;
    struct egql_token t = egql_lex_value(p->ast->text, p->ast->len, p->token.span.offset);
    struct eg_str text = egql_p_text(p, t.span);
    if (t.kind != EGQL_T_WORD && t.kind != EGQL_T_STRING)
        return egql_p_wrong(p);
    if (t.kind == EGQL_T_STRING && !egql_p_unquote(p, t.span, &text))
        return false;
    if (!egql_time_parse(text.p, text.n, &at->us)) {
        egql_p_fail(p, t.span, "this is no time");
        p->diag->expected =
            "a time with its zone, such as 2025-10-10T00:00Z or 2025-10-10T02:00+02:00, or a date: 2025-10-10";
        return false;
    }
    p->token = t;
    egql_p_next(p);
    return true;
}

/* The number and its unit; 0: no duration at all. */
static int64_t duration_unit(const char *text, size_t len, int64_t *n) {
    static const struct {
        char unit;
        int64_t us;
    } units[] = {{'m', US_A_MINUTE}, {'h', 60 * US_A_MINUTE}, {'d', 1440 * US_A_MINUTE}, {'w', 7 * 1440 * US_A_MINUTE}};
    size_t at = 0;
    *n = 0;
    for (; at < len && text[at] >= '0' && text[at] <= '9' && *n < MOST_LAST_US; at++)
        *n = *n * 10 + (text[at] - '0');
    for (size_t i = 0; at > 0 && at + 1 == len && i < sizeof units / sizeof units[0]; i++)
        if ((text[at] | 0x20) == units[i].unit)
            return units[i].us;
    return 0;
}

bool egql_duration_parse(const char *text, size_t len, int64_t *us) {
    int64_t n, unit_us = duration_unit(text, len, &n);
    if (unit_us == 0 || n == 0 || n > MOST_LAST_US / unit_us)
        return false;
    *us = n * unit_us;
    return true;
}

bool egql_p_duration(struct egql_parser *p, struct egql_duration *duration) {
    bool ok;
    int64_t n;
    egql_p_expect(p, EGQL_W_DURATION);
    if (is_param(p, &duration->span, &duration->param, &ok))
        return ok;
    struct eg_str text = egql_p_text(p, p->token.span);
    if (p->token.kind != EGQL_T_DIGITS || duration_unit(text.p, text.n, &n) == 0)
        return egql_p_wrong(p);
    if (!egql_duration_parse(text.p, text.n, &duration->us))
        return egql_p_fail(p, p->token.span, "a duration is at least 1m and at most 200 years");
    egql_p_next(p);
    return true;
}

bool egql_p_window(struct egql_parser *p, struct egql_window *window) {
    size_t from = p->token.span.offset;
    if (egql_p_keyword(p, EGQL_W_SINCE)) {
        window->since = true;
        if (!moment(p, &window->from))
            return false;
        if (egql_p_keyword(p, EGQL_W_UNTIL)) {
            window->until = true;
            if (!moment(p, &window->to))
                return false;
        }
        bool known = window->until && window->from.param < 0 && window->to.param < 0;
        if (known && window->to.us < window->from.us)
            return egql_p_fail(p, egql_p_since(p, from), "the window ends before it begins");
    } else if (egql_p_keyword(p, EGQL_W_LAST)) {
        window->last = true;
        if (!egql_p_duration(p, &window->length))
            return false;
    } else {
        return true;
    }
    window->span = egql_p_since(p, from);
    return true;
}

bool egql_p_limit(struct egql_parser *p, bool *limited, int64_t *limit, struct egql_span *span) {
    if (!egql_p_keyword(p, EGQL_W_LIMIT))
        return true;
    struct eg_str text = egql_p_text(p, p->token.span);
    egql_p_expect(p, EGQL_W_NUMBER);
    if (p->token.kind != EGQL_T_DIGITS)
        return egql_p_wrong(p);
    int64_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return egql_p_wrong(p);
        n = n > EGQL_ROWS_MOST ? n : n * 10 + (text.p[i] - '0');
    }
    if (n < 1 || n > EGQL_ROWS_MOST)
        return egql_p_fail(p, p->token.span, "LIMIT is from 1 to %d", EGQL_ROWS_MOST);
    *limited = true;
    *limit = n;
    *span = p->token.span;
    egql_p_next(p);
    return true;
}
