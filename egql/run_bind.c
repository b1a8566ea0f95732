/* Slots become values. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "egql/regex.h"
#include "egql/run_state.h"

struct eg_str egql_argument(const struct egql_run *run, int which) {
    const struct egql_scope *scope = run->plan->scope;
    int param = which ? scope->param2 : scope->param;
    if (param < 0)
        return which ? scope->arg2 : scope->arg;
    return run->values[param].null ? (struct eg_str){NULL, 0} : run->values[param].s;
}

struct eg_str egql_start(const struct egql_run *run) {
    const struct egql_value *start = run->plan->walk->start;
    if (start->kind != EGQL_V_PARAM)
        return start->as.s;
    return run->values[start->param].null ? (struct eg_str){NULL, 0} : run->values[start->param].s;
}

static bool wrong(struct egql_run *run, const struct egql_slot *slot, struct egql_diag *diag, const char *what) {
    const struct eg_str *name = &run->compiled->params[slot->param].name;
    (void)egql_fail(diag, run->plan->ast, run->arena, slot->span, EG_E_PARAM_INVALID, "the parameter $%.*s must be %s",
                    (int)name->n, name->p, what);
    return false;
}

/* A parameter as the slot's type wants it. */
static bool convert(struct egql_run *run, const struct egql_slot *slot, enum eg_type to, struct eg_value *out,
                    struct egql_diag *diag) {
    enum eg_type from = run->compiled->params[slot->param].type;
    *out = run->values[slot->param];
    if (out->null || from == to)
        return true;
    if (to == EG_FLOAT8 && from == EG_INT8) {
        out->d = (double)run->values[slot->param].i;
        return true;
    }
    if (to == EG_INT8 && from == EG_FLOAT8) {
        double d = run->values[slot->param].d;
        if (d != trunc(d) || fabs(d) >= 9.2e18)
            return wrong(run, slot, diag, "a whole number");
        out->i = (int64_t)d;
        return true;
    }
    if (to == EG_TIME && from == EG_TEXT)
        return egql_time_parse(out->s.p, out->s.n, &out->i) ||
               wrong(run, slot, diag, "a time such as 2025-10-10T00:00Z");
    return wrong(run, slot, diag,
                 to == EG_TEXT   ? "a string"
                 : to == EG_BOOL ? "true or false"
                 : to == EG_TIME ? "a time"
                                 : "a number");
}

static bool regex(struct egql_run *run, const struct egql_slot *slot, struct eg_value *out, struct egql_diag *diag) {
    struct eg_str translated;
    struct egql_regex_wrong why;
    if (!convert(run, slot, EG_TEXT, out, diag) || out->null)
        return diag->code == EG_E_NONE;
    if (!egql_regex_check(out->s.p, out->s.n, run->arena, &translated, &why)) {
        const struct eg_str *name = &run->compiled->params[slot->param].name;
        (void)egql_fail(diag, run->plan->ast, run->arena, slot->span, EG_E_PARAM_INVALID,
                        "the pattern $%.*s, at byte %zu: %s", (int)name->n, name->p, why.at, why.message);
        return false;
    }
    out->s = translated;
    return true;
}

/* A parameter that says how long. */
static bool duration(struct egql_run *run, const struct egql_slot *slot, int64_t *us, struct egql_diag *diag) {
    *us = slot->us;
    if (slot->param < 0)
        return true;
    const struct eg_value *value = &run->values[slot->param];
    return (!value->null && egql_duration_parse(value->s.p, value->s.n, us)) || wrong(run, slot, diag, EGQL_A_DURATION);
}

static bool window(struct egql_run *run, const struct egql_slot *slot, struct eg_value *out, struct egql_diag *diag) {
    int64_t us;
    if (slot->kind == EGQL_SLOT_MOMENT)
        return convert(run, slot, EG_TIME, out, diag) && (!out->null || wrong(run, slot, diag, "a time, not null"));
    if (!duration(run, slot, &us, diag))
        return false;
    *out = eg_int(slot->kind == EGQL_SLOT_AGO ? run->now_us - us : us / 1000000);
    return true;
}

static void json_value(struct eg_buf *out, enum eg_type type, const struct eg_value *value) {
    if (value->null)
        eg_buf_str(out, "null");
    else if (type == EG_TEXT)
        eg_buf_json_string(out, value->s.p, value->s.n);
    else if (type == EG_BOOL)
        eg_buf_str(out, value->b ? "true" : "false");
    else if (type == EG_FLOAT8)
        eg_buf_json_double(out, value->d);
    else
        eg_buf_printf(out, "%lld", (long long)value->i);
}

static struct eg_value taken(struct egql_run *run, struct eg_buf *buf) {
    char *copy = buf->failed ? NULL : eg_arena_dup(run->arena, buf->len ? buf->data : "", buf->len);
    size_t len = buf->len;
    run->full |= !copy;
    eg_buf_free(buf);
    return copy ? eg_text(copy, len) : eg_null();
}

static bool contained(struct egql_run *run, const struct egql_slot *slot, struct eg_value *out,
                      struct egql_diag *diag) {
    struct eg_value value = slot->value;
    if (slot->param >= 0 && !convert(run, slot, slot->value_type, &value, diag))
        return false;
    struct eg_buf buf;
    eg_buf_init(&buf, EGQL_MOST_SETS_B);
    for (size_t i = 0; i < slot->n_path; i++) {
        eg_buf_char(&buf, '{');
        eg_buf_json_string(&buf, slot->path[i].p, slot->path[i].n);
        eg_buf_char(&buf, ':');
    }
    json_value(&buf, slot->value_type, &value);
    for (size_t i = 0; i < slot->n_path; i++)
        eg_buf_char(&buf, '}');
    *out = taken(run, &buf);
    return true;
}

static void ids(struct eg_buf *buf, const int64_t *from, size_t n) {
    eg_buf_char(buf, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            eg_buf_char(buf, ',');
        eg_buf_int(buf, from[i]);
    }
    eg_buf_char(buf, ']');
}

static struct eg_value set(struct egql_run *run, const struct egql_step *step) {
    struct eg_buf buf;
    eg_buf_init(&buf, EGQL_MOST_SETS_B);
    if (!run->plan->walk || run->plan->scope->kind == EGQL_S_CAUSES || run->plan->scope->kind == EGQL_S_EFFECTS) {
        eg_buf_char(&buf, '[');
        for (size_t i = 0; i < run->n_chain; i++) {
            eg_buf_str(&buf, i ? "," : "");
            eg_buf_json_string(&buf, run->chain[i].p, run->chain[i].n);
        }
        eg_buf_char(&buf, ']');
        return taken(run, &buf);
    }
    if (step->kind == EGQL_STEP_LEVEL) {
        ids(&buf, run->nodes + run->part, run->part_end - run->part);
        return taken(run, &buf);
    }
    eg_buf_char(&buf, '[');
    for (size_t i = 0; i < run->n_levels; i++) {
        size_t end = i + 1 == run->n_levels ? run->n_nodes : run->levels[i + 1];
        eg_buf_str(&buf, i ? "," : "");
        ids(&buf, run->nodes + run->levels[i], end - run->levels[i]);
    }
    eg_buf_char(&buf, ']');
    return taken(run, &buf);
}

static struct eg_value repos(struct egql_run *run) {
    struct eg_buf buf;
    eg_buf_init(&buf, EGQL_MOST_SETS_B);
    eg_buf_char(&buf, '[');
    for (size_t i = 0; i < run->n_indexed; i++) {
        eg_buf_str(&buf, i ? "," : "");
        eg_buf_json_string(&buf, run->indexed[i].repo.p, run->indexed[i].repo.n);
    }
    eg_buf_char(&buf, ']');
    return taken(run, &buf);
}

static struct eg_value bound(struct egql_run *run, int which, bool high) {
    struct eg_str of = egql_argument(run, which);
    char *copy = eg_arena_alloc(run->arena, of.n + 1);
    if (!copy) {
        run->full = true;
        return eg_null();
    }
    for (size_t i = 0; i < of.n; i++)
        copy[i] = (char)tolower((unsigned char)of.p[i]);
    copy[of.n] = 'g'; /* behind every hexadecimal digit */
    return eg_text(copy, of.n + high);
}

/* "module:name"; a uid has no module, and gets a text that no path yields. */
static struct eg_value part_of_start(const struct egql_run *run, bool name) {
    struct eg_str start = egql_start(run);
    bool uid = start.n >= 5 && memcmp(start.p, "AST::", 5) == 0;
    if (!start.p || uid)
        return name ? eg_text("", 0) : eg_text("/", 1);
    const char *colon = memchr(start.p, ':', start.n);
    size_t before = colon ? (size_t)(colon - start.p) : start.n;
    if (!name)
        return eg_text(start.p, before);
    return colon ? eg_text(colon + 1, start.n - before - 1) : eg_text("", 0);
}

static bool bind_one(struct egql_run *run, const struct egql_step *step, const struct egql_slot *slot,
                     struct eg_value *out, struct egql_diag *diag) {
    switch (slot->kind) {
    case EGQL_SLOT_CONST:
        *out = slot->value;
        return true;
    case EGQL_SLOT_PARAM:
        return convert(run, slot, slot->type, out, diag);
    case EGQL_SLOT_REGEX:
        return regex(run, slot, out, diag);
    case EGQL_SLOT_MOMENT:
    case EGQL_SLOT_AGO:
    case EGQL_SLOT_WIDTH:
        return window(run, slot, out, diag);
    case EGQL_SLOT_JSON:
        return contained(run, slot, out, diag);
    case EGQL_SLOT_SHA:
        *out = eg_text(run->sha[slot->which].p, run->sha[slot->which].n);
        return true;
    case EGQL_SLOT_LOW:
    case EGQL_SLOT_HIGH:
        *out = bound(run, slot->which, slot->kind == EGQL_SLOT_HIGH);
        return true;
    case EGQL_SLOT_SET:
        *out = set(run, step);
        return true;
    case EGQL_SLOT_REPOS:
        *out = repos(run);
        return true;
    case EGQL_SLOT_MODULE:
    case EGQL_SLOT_NAME:
        *out = part_of_start(run, slot->kind == EGQL_SLOT_NAME);
        return true;
    case EGQL_SLOT_START: {
        struct eg_str start = egql_start(run);
        *out = start.p ? eg_text(start.p, start.n) : eg_null();
        return true;
    }
    case EGQL_SLOT_LIMIT:
        *out = eg_int(run->asked + (run->exact ? 0 : 1));
        return true;
    case EGQL_SLOT_BUDGET:
        *out = eg_int(step->kind == EGQL_STEP_LEVEL ? egql_level_most(run) : run->limits.nodes_most + 1);
        return true;
    }
    return true;
}

bool egql_bind(struct egql_run *run, const struct egql_step *step, struct eg_value *out, struct egql_diag *diag) {
    for (size_t i = 0; i < step->n_slots; i++)
        if (!bind_one(run, step, &step->slots[i], &out[i], diag))
            return false;
    return true;
}
