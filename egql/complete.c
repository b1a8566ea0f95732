/* Completion at a caret. The text before the word at the caret goes through the parser, which says what it expected
 * there; that, filled in with the names of sources and columns, is what is offered. The diagnostics are of the whole
 * text. */
#include <string.h>
#include <strings.h>

#include "egql/parse.h"

#define MOST_TOPICS 50

struct completer {
    const struct egql_sources *sources;
    const struct egql_ast *ast; /* of what stands before the word */
    const struct egql_source *source;
    const char *word; /* what was typed of it */
    size_t word_len;
    size_t offset, length; /* what a completion replaces */
    struct eg_buf *out;
    size_t n;
};

static bool in_word(char c) {
    unsigned char b = (unsigned char)c;
    return b >= 0x80 || (b >= '0' && b <= '9') || ((b | 0x20) >= 'a' && (b | 0x20) <= 'z') ||
           (b != 0 && strchr("_-.@/:+", b));
}

static void offer(struct completer *c, const char *before, const char *text, const char *kind, const char *detail) {
    size_t n = strlen(before), typed = c->word_len < n ? c->word_len : n;
    if (strncasecmp(before, c->word, typed) != 0 || strncasecmp(text, c->word + typed, c->word_len - typed) != 0)
        return;
    char whole[300];
    if (n + strlen(text) >= sizeof whole)
        return;
    memcpy(whole, before, n);
    memcpy(whole + n, text, strlen(text) + 1);
    eg_buf_str(c->out, c->n++ ? ",{\"text\":" : "{\"text\":");
    eg_buf_json_string(c->out, whole, strlen(whole));
    eg_buf_printf(c->out, ",\"kind\":\"%s\",\"detail\":", kind);
    eg_buf_json_string(c->out, detail, strlen(detail));
    eg_buf_printf(c->out, ",\"offset\":%zu,\"length\":%zu}", c->offset, c->length);
}

static void offer_sources(struct completer *c) {
    for (size_t i = 0; i < c->sources->n; i++)
        offer(c, "", c->sources->all[i].name, "source", c->sources->all[i].title);
}

static bool word_is(struct eg_str text, const char *word) {
    return text.n == strlen(word) && memcmp(text.p, word, text.n) == 0;
}

static void offer_columns(struct completer *c) {
    const struct egql_source *s = c->source;
    if (!s)
        return;
    for (size_t i = 0; i < s->n_fields; i++)
        offer(c, "", s->fields[i].name, "column", s->fields[i].title);
    if (s->graph) {
        offer(c, "", "start", "column", "where a walk begins: module:function");
        offer(c, "", "direction", "column", "of a walk: out, in or both");
    }
    if (s->event >= 0 && egql_source_field(s, "payload", 7) < 0) {
        offer(c, "", "payload", "column", egql_field_payload.title);
        offer(c, "", "env", "column", egql_field_env.title);
    }
}

static void offer_aggregates(struct completer *c) {
    static const char *const aggs[][2] = {{"count(", "how many rows, values, or DISTINCT values"},
                                          {"sum(", "sum"},
                                          {"avg(", "average"},
                                          {"min(", "least"},
                                          {"max(", "greatest"},
                                          {"p50(", "median"},
                                          {"p90(", "90th percentile"},
                                          {"p95(", "95th percentile"},
                                          {"p99(", "99th percentile"}};
    for (size_t i = 0; i < sizeof aggs / sizeof aggs[0]; i++)
        offer(c, "", aggs[i][0], "function", aggs[i][1]);
}

static void offer_scopes(struct completer *c) {
    static const char *const scopes[][2] = {{"all", "everything"},
                                            {"branch(", "rows of a branch"},
                                            {"sha(", "rows of a commit, by its first digits"},
                                            {"range(", "rows of the commits a..b"},
                                            {"run(", "rows of a run"},
                                            {"correlation(", "rows of a correlation"},
                                            {"causes(", "what led to an event"},
                                            {"effects(", "what an event led to"}};
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
        offer(c, "", scopes[i][0], "scope", scopes[i][1]);
}

static void offer_topics(struct completer *c, const char *before, const char *const *topics, size_t n) {
    size_t first = c->n;
    for (size_t i = 0; topics && i < n && c->n - first < MOST_TOPICS; i++)
        offer(c, before, topics[i], "topic", "topic");
}

static void offer_values(struct completer *c, const struct egql_key *key, const char *const *topics, size_t n_topics) {
    static const char *const walks[][2] = {{"direction", "out"}, {"direction", "in"}, {"direction", "both"},
                                           {"etype", "call"},    {"etype", "import"}, {"etype", "contain"}};
    if (!key || !c->source || key->n_parts != 1)
        return;
    if (word_is(key->parts[0], "topic"))
        offer_topics(c, "", topics, n_topics);
    for (size_t i = 0; c->source->graph && i < sizeof walks / sizeof walks[0]; i++)
        if (word_is(key->parts[0], walks[i][0]))
            offer(c, "", walks[i][1], "value", walks[i][0]);
    int field = egql_source_field(c->source, key->parts[0].p, key->parts[0].n);
    if (field >= 0 && c->source->fields[field].type == EG_BOOL) {
        offer(c, "", "true", "value", c->source->fields[field].title);
        offer(c, "", "false", "value", c->source->fields[field].title);
    }
}

/* ORDER BY may also name what the answer's columns are called. */
static void offer_items(struct completer *c, uint64_t mask) {
    const struct egql_query *q = &c->ast->query;
    if (!(mask >> EGQL_W_AGG & 1) || !q->scope.span.length)
        return;
    for (size_t i = 0; i < q->n_items; i++) {
        char alias[100];
        if (!q->items[i].alias.p || q->items[i].alias.n >= sizeof alias)
            continue;
        memcpy(alias, q->items[i].alias.p, q->items[i].alias.n);
        alias[q->items[i].alias.n] = '\0';
        offer(c, "", alias, "column", "of the answer");
    }
    if (q->n_group > 0 && q->n_items == 0)
        offer(c, "", "count", "column", "of the answer");
}

static void offer_expected(struct completer *c, const struct egql_expected *e, const char *const *topics,
                           size_t n_topics) {
    for (int i = 0; i < EGQL_W_COUNT; i++) {
        if (!(e->mask >> i & 1) || !egql_word_kind((enum egql_word)i))
            continue;
        if (i == EGQL_W_SOURCE)
            offer_sources(c);
        else if (i == EGQL_W_KEY)
            offer_columns(c);
        else if (i == EGQL_W_AGG)
            offer_aggregates(c);
        else if (i == EGQL_W_BUCKET)
            offer(c, "", "bucket(", "function", "the minutes, hours, days or weeks that a time is in");
        else if (i == EGQL_W_SCOPE)
            offer_scopes(c);
        else if (i == EGQL_W_TOPIC)
            offer_topics(c, "topic:", topics, n_topics);
        else if (i == EGQL_W_VALUE)
            offer_values(c, e->key, topics, n_topics);
        else
            offer(c, "", egql_word_text((enum egql_word)i), "keyword", "");
    }
    offer_items(c, e->mask);
}

static void completions(struct completer *c, const char *text, size_t len, size_t caret, const char *const *topics,
                        size_t n_topics, struct eg_arena *arena) {
    struct egql_expected expected = {0};
    struct egql_ast *ast;
    struct egql_diag diag;
    size_t from = caret, to = caret;
    while (from > 0 && in_word(text[from - 1]))
        from--;
    while (to < len && in_word(text[to]))
        to++;
    (void)!egql_parse_expecting(text, from, arena, &ast, &diag, &expected);
    bool quoted = expected.at < from && (text[expected.at] == '"' || text[expected.at] == '\'') &&
                  (expected.mask >> EGQL_W_VALUE & 1);
    if (!ast || (expected.at != from && !(quoted && expected.at + 1 == from)))
        return;
    if (quoted) /* the value is a string that is still open: the completion takes its quote with it */
        expected.mask = UINT64_C(1) << EGQL_W_VALUE;
    c->ast = ast;
    c->source = egql_source_find(c->sources, ast->is_path ? "events" : ast->query.source_name.p,
                                 ast->is_path ? 6 : ast->query.source_name.n);
    c->word = text + from;
    c->word_len = caret - from;
    c->offset = expected.at;
    c->length = to + (quoted && to < len && text[to] == text[expected.at]) - expected.at;
    offer_expected(c, &expected, topics, n_topics);
}

static void diagnostics(const struct egql_sources *sources, const char *text, size_t len, struct eg_arena *arena,
                        struct eg_buf *out) {
    struct egql_ast *ast;
    struct egql_diag diag;
    eg_status status = egql_parse(text, len, arena, &ast, &diag);
    if (status == EG_OK) { /* values come later: any will do */
        const struct egql_scope *scope = ast->is_path ? &ast->path.scope : &ast->query.scope;
        for (size_t i = 0; i < ast->n_params; i++)
            ast->params[i].null = scope->param != (int)i && scope->param2 != (int)i;
        status = egql_check(ast, sources, ast->params, ast->n_params, arena, &diag);
    }
    if (status != EG_OK)
        egql_diag_json(&diag, out);
}

void egql_complete(const struct egql_sources *sources, const char *text, size_t len, size_t caret,
                   const char *const *topics, size_t n_topics, struct eg_arena *arena, struct eg_buf *out) {
    struct completer c = {.sources = sources, .out = out};
    eg_buf_str(out, "{\"completions\":[");
    if (len <= EGQL_MOST_B)
        completions(&c, text, len, caret < len ? caret : len, topics, n_topics, arena);
    eg_buf_str(out, "],\"diagnostics\":[");
    diagnostics(sources, text, len, arena, out);
    eg_buf_str(out, "]}");
}
