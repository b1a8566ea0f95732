/* The checker: what a key means. */
#include <string.h>

#include "egql/check.h"
#include "egql/suggest.h"

static bool is(struct eg_str text, const char *word) {
    return strlen(word) == text.n && memcmp(text.p, word, text.n) == 0;
}

#define SHOWN(text) egql_shown(text), (text).p

static bool unknown(struct egql_checker *c, const struct egql_key *key) {
    const struct egql_source *s = c->source;
    struct egql_suggest suggest = {.word = key->parts[0].p, .len = key->parts[0].n};
    const char *text = eg_arena_printf(c->arena, "a column of %s: ", s->name);
    for (size_t i = 0; text && i < s->n_fields; i++) {
        egql_suggest_try(&suggest, s->fields[i].name);
        text = eg_arena_printf(c->arena, "%s%s%s", text, i ? ", " : "", s->fields[i].name);
    }
    if (text && s->event >= 0 && egql_source_field(s, "payload", 7) < 0) {
        text = eg_arena_printf(c->arena, "%s, payload.…, env.…", text);
        egql_suggest_try(&suggest, "payload");
    }
    egql_c_fail(c, key->part_spans[0], "%s has no column %.*s", s->name, SHOWN(key->parts[0]));
    c->diag->expected = text;
    c->diag->suggestion = suggest.best;
    if (suggest.best) /* what is replaced is the name alone, without the rest of the path */
        c->diag->length = key->part_spans[0].length;
    return false;
}

static const struct egql_field *find(struct egql_checker *c, struct eg_str name) {
    int field = egql_source_field(c->source, name.p, name.n);
    if (field >= 0)
        return &c->source->fields[field];
    if (c->source->event < 0)
        return NULL;
    return is(name, "payload") ? &egql_field_payload : is(name, "env") ? &egql_field_env : NULL;
}

static bool bucket(struct egql_checker *c, const struct egql_key *key) {
    const struct egql_source *s = c->source;
    if (!egql_c_when(c, key->bucket->span, key->bucket->param, EGQL_A_DURATION))
        return false;
    if (key->type == EG_TIME)
        return true;
    egql_c_fail(c, key->part_spans[0], "bucket needs a time, and %s is %s", key->field->name, egql_type_name(key->type));
    for (size_t i = 0; i < s->n_fields; i++)
        if (s->fields[i].type == EG_TIME)
            c->diag->expected = eg_arena_printf(c->arena, "%s%s%s", c->diag->expected ? c->diag->expected : "",
                                                c->diag->expected ? ", " : "", s->fields[i].name);
    return false;
}

bool egql_c_key(struct egql_checker *c, struct egql_key *key) {
    if (c->source->graph && (is(key->parts[0], "start") || is(key->parts[0], "direction")))
        return egql_c_fail(
            c, key->span, "%s",
            c->walk ? "start and direction are given once each by =, beside the other conditions, not within OR or NOT"
                    : "a walk needs start=\"module:function\" beside the other conditions, not within OR or NOT");
    key->field = find(c, key->parts[0]);
    if (!key->field)
        return unknown(c, key);
    if (key->field->kind == EGQL_F_DEPTH && !c->walk)
        return egql_c_fail(c, key->span,
                           "%s needs start=\"module:function\": without it, the edges themselves are selected",
                           key->field->name);
    key->type = key->field->type;
    key->n_path = key->n_parts - 1;
    key->path = key->parts + 1;
    if (key->n_path > 0 && key->type != EG_JSON)
        return egql_c_fail(c, key->part_spans[1], "%s is %s: it has no members", key->field->name,
                           egql_type_name(key->type));
    return !key->bucket || bucket(c, key);
}

static bool same_bucket(const struct egql_duration *a, const struct egql_duration *b) {
    return !a == !b && (!a || (a->param == b->param && a->us == b->us));
}

bool egql_c_scalar(struct egql_checker *c, const struct egql_key *key, const char *what) {
    const char *name = key->field->name;
    if (key->type == EG_BYTES)
        return egql_c_fail(c, key->span, "%s is bytes, which cannot be %s", name, what);
    if (key->type == EG_JSON && key->n_path == 0)
        return egql_c_fail(c, key->span, "%s is a whole document, which cannot be %s: name a member of it, as %s.name",
                           name, what, name);
    return true;
}

bool egql_c_same_key(const struct egql_key *a, const struct egql_key *b) {
    if (a->field != b->field || a->n_path != b->n_path || !same_bucket(a->bucket, b->bucket))
        return false;
    for (size_t i = 0; i < a->n_path; i++)
        if (a->path[i].n != b->path[i].n || memcmp(a->path[i].p, b->path[i].p, a->path[i].n) != 0)
            return false;
    return true;
}

static bool plain(struct eg_str part) {
    for (size_t i = 0; i < part.n; i++) {
        unsigned char b = (unsigned char)part.p[i];
        if (!((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '_' || b >= 0x80))
            return false;
    }
    return part.n > 0;
}

const char *egql_c_key_text(struct egql_checker *c, const struct egql_key *key) {
    size_t size_b = 1;
    for (size_t i = 0; i < key->n_parts; i++)
        size_b += 2 * key->parts[i].n + 3;
    char *name = egql_c_alloc(c, size_b), *at = name;
    for (size_t i = 0; name && i < key->n_parts; i++) {
        struct eg_str part = key->parts[i];
        bool quoted = !plain(part);
        if (i > 0)
            *at++ = '.';
        if (quoted)
            *at++ = '"';
        for (size_t j = 0; j < part.n; j++) {
            if (quoted && part.p[j] == '"')
                *at++ = '"';
            *at++ = part.p[j];
        }
        if (quoted)
            *at++ = '"';
    }
    if (!name || !key->bucket)
        return name;
    struct egql_span by = key->bucket->span;
    return eg_arena_printf(c->arena, "bucket(%s, %.*s)", name, (int)by.length, c->ast->text + by.offset);
}
