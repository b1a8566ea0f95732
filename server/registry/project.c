/* Evaluates the compiled row rules of a topic over one event. Nothing is looked up by name but members of the payload;
 * all memory comes from the arena, except one buffer while JSON is composed. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/jscan.h"
#include "server/registry/json_write.h"
#include "server/registry/rules.h"

#define FIRST_ROWS 4
#define MAX_JSON_B (64u << 20) /* of one composed column; a payload is smaller */

enum found { ERROR = -1, ABSENT, FOUND };

struct projection {
    const struct eg_envelope *envelope;
    struct eg_arena *arena;
    struct eg_err *err;
    const struct eg_rule *rule;
    json_t *levels[EG_EACH_MAX + 1]; /* the payload, then the element of each `each` */
    size_t at[EG_EACH_MAX + 1];      /* its index */
    struct eg_buf buf;
    struct eg_row **rows;
    size_t *n_rows;
};

static enum found full(struct projection *p) {
    eg_err_set(p->err, EG_E_BODY_TOO_LARGE, "", "the rows of the events take more memory than a request has: send fewer at once");
    return ERROR;
}

static json_t *follow(const struct projection *p, const struct eg_pointer *pointer) {
    json_t *json = p->levels[pointer->level];
    for (size_t i = 0; json && i < pointer->n; i++) {
        const struct eg_ptoken *token = &pointer->tokens[i];
        if (json_is_array(json)) {
            json = token->index < 0 ? NULL : json_array_get(json, (size_t)token->index);
        } else {
            json = json_object_get(json, token->name);
        }
    }
    return json && !json_is_null(json) ? json : NULL;
}

/* Where a pointer leads in this event, with the indexes of its elements, for messages. */

static void add_tokens(struct eg_buf *buf, const struct eg_pointer *pointer) {
    for (size_t i = 0; i < pointer->n; i++) {
        eg_buf_pointer_token(buf, pointer->tokens[i].name, strlen(pointer->tokens[i].name));
    }
}

static void add_level(const struct projection *p, struct eg_buf *buf, int level) {
    if (level > 0) {
        const struct eg_pointer *each = &p->rule->plan->each[level - 1];
        add_level(p, buf, each->level);
        add_tokens(buf, each);
        eg_buf_printf(buf, "/%zu", p->at[level]);
    }
}

static enum found refuse(struct projection *p, const struct eg_pointer *pointer, enum eg_code code, const char *what,
                         const struct eg_param *param) {
    struct eg_buf place;
    eg_buf_init(&place, 4096);
    add_level(p, &place, pointer->level);
    add_tokens(&place, pointer);
    if (param) {
        eg_err_set(p->err, code, eg_buf_text(&place), "the value %s; it goes into column `%s` of table `%s`", what,
                   param->column, p->rule->dml.table->name);
    } else {
        eg_err_set(p->err, code, eg_buf_text(&place), "the value %s", what);
    }
    eg_buf_free(&place);
    return ERROR;
}

/* JSON columns */

/* A part of the payload that members alone lead to, as it came. False: it must be written anew. */
static bool cut(const struct projection *p, const struct eg_pointer *pointer, struct eg_value *value) {
    struct eg_str at = p->envelope->payload_text;
    if (pointer->level != 0 || !at.p) {
        return false;
    }
    for (size_t i = 0; i < pointer->n; i++) {
        struct eg_str member;
        while (at.n && (*at.p == ' ' || *at.p == '\t' || *at.p == '\n' || *at.p == '\r')) {
            at.p++;
            at.n--;
        }
        if (!at.n || *at.p != '{' || eg_jscan_member(at.p, at.n, pointer->tokens[i].name, &member) != 1) {
            return false;
        }
        at = member;
    }
    *value = (struct eg_value){.s = at};
    return true;
}

static bool is_used(const struct eg_source *source, const char *name) {
    for (size_t i = 0; i < source->n; i++) {
        if (strcmp(source->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static enum found write_rest(struct projection *p, const struct eg_source *source) {
    json_t *object = p->levels[p->rule->plan->n_each];
    bool any = false;
    if (!json_is_object(object)) {
        return ABSENT;
    }
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        if (is_used(source, name)) {
            continue;
        }
        eg_buf_char(&p->buf, any ? ',' : '{');
        eg_buf_json_string(&p->buf, name, json_object_iter_key_len(at));
        eg_buf_char(&p->buf, ':');
        eg_json_write(&p->buf, json_object_iter_value(at));
        any = true;
    }
    if (any) {
        eg_buf_char(&p->buf, '}');
    }
    return any ? FOUND : ABSENT;
}

static struct eg_str member_text(const struct eg_envelope *e, enum eg_member member) {
    switch (member) {
    case EG_MEMBER_ID:
        return e->id;
    case EG_MEMBER_TOPIC:
        return e->topic;
    case EG_MEMBER_SHA:
        return e->repo_sha;
    case EG_MEMBER_BRANCH:
        return e->repo_branch;
    case EG_MEMBER_SOURCE:
        return e->source;
    case EG_MEMBER_CORRELATION_ID:
        return e->correlation_id;
    case EG_MEMBER_CAUSATION_ID:
        return e->causation_id;
    case EG_MEMBER_TRUST:
        return e->trust;
    case EG_MEMBER_TS_UTC:
    case EG_MEMBER_POSITION:
        break;
    }
    return (struct eg_str){NULL, 0};
}

/* Writes a source as JSON into the buffer; what does not exist writes nothing. */
static enum found write_source(struct projection *p, const struct eg_source *source) {
    char time[EG_TIME_TEXT_B];
    struct eg_str text;
    json_t *json;
    bool any = false;
    switch (source->kind) {
    case EG_SOURCE_POINTER:
        json = follow(p, &source->pointer);
        if (json) {
            eg_json_write(&p->buf, json);
        }
        return json ? FOUND : ABSENT;
    case EG_SOURCE_MEMBER:
        text = member_text(p->envelope, source->member);
        if (source->member == EG_MEMBER_TS_UTC) {
            eg_time_format(p->envelope->ts_us, time);
            text = (struct eg_str){time, strlen(time)};
        }
        if (text.p) {
            eg_buf_json_string(&p->buf, text.p, text.n);
        }
        return text.p ? FOUND : ABSENT;
    case EG_SOURCE_CONST:
        eg_buf_add(&p->buf, source->value.s.p, source->value.s.n);
        return FOUND;
    case EG_SOURCE_REST:
        return write_rest(p, source);
    case EG_SOURCE_FIRST:
        for (size_t i = 0; i < source->n; i++) {
            if (write_source(p, &source->list[i]) == FOUND) {
                return FOUND;
            }
        }
        return ABSENT;
    case EG_SOURCE_OBJECT:
        for (size_t i = 0; i < source->n; i++) {
            size_t len = p->buf.len;
            eg_buf_char(&p->buf, any ? ',' : '{');
            eg_buf_json_string(&p->buf, source->names[i], strlen(source->names[i]));
            eg_buf_char(&p->buf, ':');
            if (write_source(p, &source->list[i]) == FOUND) {
                any = true;
            } else {
                p->buf.len = len;
            }
        }
        if (any) {
            eg_buf_char(&p->buf, '}');
        }
        return any ? FOUND : ABSENT;
    case EG_SOURCE_BEGINS: /* never of a JSON column */
        break;
    }
    return ABSENT;
}

static enum found json_value(struct projection *p, const struct eg_source *source, struct eg_value *value) {
    if (source->kind == EG_SOURCE_CONST) {
        *value = source->value;
        return value->null ? ABSENT : FOUND;
    }
    if (source->kind == EG_SOURCE_POINTER && follow(p, &source->pointer) && cut(p, &source->pointer, value)) {
        return FOUND;
    }
    p->buf.len = 0;
    if (write_source(p, source) == ABSENT) {
        return ABSENT;
    }
    const char *own = p->buf.failed ? NULL : eg_arena_dup(p->arena, p->buf.data, p->buf.len);
    *value = eg_text(own, p->buf.len);
    return own ? FOUND : full(p);
}

/* Other columns */

static enum found pointer_value(struct projection *p, const struct eg_pointer *pointer, const struct eg_param *param,
                                struct eg_value *value) {
    enum eg_code code;
    const char *what = NULL;
    json_t *json = follow(p, pointer);
    if (!json) {
        return ABSENT;
    }
    if (eg_value_from_json(json, param->type, value, &code, &what) == EG_OK) {
        if (param->type == EG_TEXT) { /* the parsed payload does not live as long as the rows */
            value->s.p = eg_arena_dup(p->arena, value->s.p, value->s.n);
        }
        return param->type != EG_TEXT || value->s.p ? FOUND : full(p);
    }
    return refuse(p, pointer, code, what, param);
}

static bool begins_with(const struct eg_str *s, const char *beginning) {
    size_t n = strlen(beginning);
    return s->n >= n && memcmp(s->p, beginning, n) == 0;
}

static enum found source_value(struct projection *p, const struct eg_source *source, const struct eg_param *param,
                               struct eg_value *value) {
    enum found found = ABSENT;
    if (param->type == EG_JSON) {
        return json_value(p, source, value);
    }
    switch (source->kind) {
    case EG_SOURCE_POINTER:
        return pointer_value(p, &source->pointer, param, value);
    case EG_SOURCE_CONST:
        *value = source->value;
        return value->null ? ABSENT : FOUND;
    case EG_SOURCE_MEMBER:
        if (source->member == EG_MEMBER_TS_UTC) {
            *value = eg_int(p->envelope->ts_us);
            return FOUND;
        }
        *value = (struct eg_value){.s = member_text(p->envelope, source->member)};
        return value->s.p ? FOUND : ABSENT;
    case EG_SOURCE_FIRST:
        for (size_t i = 0; i < source->n && found == ABSENT; i++) {
            found = source_value(p, &source->list[i], param, value);
        }
        return found;
    case EG_SOURCE_BEGINS:
        found = source_value(p, source->list, param, value);
        return found == FOUND && !begins_with(&value->s, source->pointer.text) ? ABSENT : found;
    case EG_SOURCE_REST:
    case EG_SOURCE_OBJECT:
        break;
    }
    return ABSENT;
}

static const struct eg_pointer *place_of(const struct eg_source *source) {
    static const struct eg_pointer whole = {.text = ""};
    while (source->kind == EG_SOURCE_FIRST || source->kind == EG_SOURCE_BEGINS) {
        source = &source->list[0];
    }
    return source->kind == EG_SOURCE_POINTER ? &source->pointer : &whole;
}

/* Rows */

/* Room for one more: the array doubles when its length is a power of two. */
static struct eg_row *new_row(struct projection *p) {
    size_t n = *p->n_rows;
    if (n == 0 || (n >= FIRST_ROWS && (n & (n - 1)) == 0)) {
        struct eg_row *rows = eg_arena_alloc(p->arena, (n ? 2 * n : FIRST_ROWS) * sizeof *rows);
        if (!rows) {
            return NULL;
        }
        if (n) {
            memcpy(rows, *p->rows, n * sizeof *rows);
        }
        *p->rows = rows;
    }
    struct eg_row *row = &(*p->rows)[n];
    row->rule = p->rule;
    row->params = eg_arena_alloc(p->arena, p->rule->n_params * sizeof *row->params);
    return row->params ? row : NULL;
}

static eg_status make_row(struct projection *p) {
    const struct eg_plan *plan = p->rule->plan;
    struct eg_row *row;
    for (size_t i = 0; i < plan->n_tests; i++) {
        if (!eg_test_holds(&plan->tests[i], follow(p, &plan->tests[i].pointer))) {
            return EG_OK;
        }
    }
    row = new_row(p);
    if (!row) {
        full(p);
        return EG_FAIL;
    }
    for (size_t i = 0; i < p->rule->n_params; i++) {
        const struct eg_param *param = &plan->params[i];
        enum found found = source_value(p, param->source, param, &row->params[i]);
        if (found == FOUND) {
            row->params[i].null = false;
        } else if (found == ABSENT && !(param->not_null && (int)i != p->rule->position_param)) {
            row->params[i] = eg_null();
        } else {
            if (found == ABSENT) {
                refuse(p, place_of(param->source), EG_E_SCHEMA_INVALID, "is missing", param);
            }
            return EG_FAIL;
        }
    }
    (*p->n_rows)++;
    return EG_OK;
}

static eg_status walk(struct projection *p, size_t depth) {
    const struct eg_plan *plan = p->rule->plan;
    if (depth == plan->n_each) {
        return make_row(p);
    }
    json_t *array = follow(p, &plan->each[depth]);
    if (array && !json_is_array(array)) {
        refuse(p, &plan->each[depth], EG_E_SCHEMA_INVALID, "is not an array", NULL);
        return EG_FAIL;
    }
    size_t n = json_array_size(array);
    for (size_t i = 0; i < n; i++) {
        p->levels[depth + 1] = json_array_get(array, i);
        p->at[depth + 1] = i;
        if (walk(p, depth + 1) != EG_OK) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

eg_status eg_project(const struct eg_topic *topic, const struct eg_envelope *envelope, struct eg_arena *arena,
                     struct eg_row **rows, size_t *n_rows, struct eg_err *err) {
    struct projection p = {.envelope = envelope, .arena = arena, .err = err, .rows = rows, .n_rows = n_rows};
    eg_status status = EG_OK;
    p.levels[0] = envelope->payload;
    eg_buf_init(&p.buf, MAX_JSON_B);
    for (size_t i = 0; i < topic->n_rules && status == EG_OK; i++) {
        p.rule = &topic->rules[i];
        status = walk(&p, 0);
    }
    eg_buf_free(&p.buf);
    return status;
}
