/* POST /v1/topics/{topic}/validate: a dry run. The body is a payload, or an envelope with one; the answer says whether
 * it is valid, with every error's pointers, or shows the rows that it would make. Nothing is stored. */
#include <string.h>

#include "base/clock.h"
#include "base/jscan.h"
#include "server/admin/room.h"

#define ERRORS_MOST 32
#define BODY_MOST_B ((size_t)1 << 20) /* all is done in one turn of the loop */
#define ROWS_MOST 1000                /* shown */

static struct eg_str text_of(const json_t *envelope, const char *name) {
    const json_t *value = json_object_get(envelope, name);
    return json_is_string(value) ? (struct eg_str){json_string_value(value), json_string_length(value)}
                                 : (struct eg_str){NULL, 0};
}

/* What the rows take from the envelope; what is left out is as the server would set it. */
static void fill_envelope(const struct eg_topic *topic, const json_t *given, json_t *payload,
                          struct eg_envelope *envelope) {
    static const char no_id[] = "(the event's id)";
    *envelope = (struct eg_envelope){
        .id = text_of(given, "id"),
        .topic = {topic->name, strlen(topic->name)},
        .source = text_of(given, "source"),
        .correlation_id = text_of(given, "correlation_id"),
        .causation_id = text_of(given, "causation_id"),
        .repo_sha = text_of(given, "repo_sha"),
        .repo_branch = text_of(given, "repo_branch"),
        .trust = text_of(given, "trust"),
        .ts_us = eg_clock_now_us(),
        .payload = payload,
    };
    if (!envelope->id.p) {
        envelope->id = (struct eg_str){no_id, sizeof(no_id) - 1};
    }
    struct eg_str time = text_of(given, "ts_utc");
    int64_t ts_us;
    if (time.p && eg_time_parse(time.p, time.n, true, &ts_us)) {
        envelope->ts_us = ts_us;
    }
}

static json_t *json_of(const struct eg_value *value, enum eg_type type) {
    char time[EG_TIME_TEXT_B];
    if (value->null) {
        return json_null();
    }
    switch (type) {
    case EG_TEXT:
        return json_stringn(value->s.p, value->s.n);
    case EG_INT4:
    case EG_INT8:
        return json_integer(value->i);
    case EG_FLOAT8:
        return json_real(value->d);
    case EG_BOOL:
        return json_boolean(value->b);
    case EG_TIME:
        eg_time_format(value->i, time);
        return json_string(time);
    case EG_JSON:
        return json_loadb(value->s.p, value->s.n, JSON_DECODE_ANY, NULL);
    case EG_BYTES:
        return json_sprintf("(%zu bytes)", value->s.n);
    }
    return NULL;
}

/* A key that the store will look up: {"lookup": "files", "column": "id", "where": {"path": "a.py"}}. */
static json_t *lookup_of(const struct eg_cell *cell, const struct eg_row *row, size_t first) {
    const struct eg_ref *ref = cell->ref;
    json_t *where = json_object();
    for (size_t i = 0; i < ref->n_where; i++) {
        size_t at = cell->shared ? (size_t)cell->shared[i] : first + i;
        json_object_set_new(where, ref->table->columns[ref->where[i]].name, json_of(&row->params[at], row->rule->types[at]));
    }
    return json_pack("{s:s, s:s, s:o}", "lookup", ref->table->name, "column", ref->table->columns[ref->column].name,
                     "where", where);
}

static json_t *row_of(const struct eg_row *row) {
    const struct eg_rule *rule = row->rule;
    const struct eg_dml *dml = &rule->dml;
    json_t *set = json_object(), *where = json_object();
    size_t at = 0;
    for (size_t i = 0; i < dml->n_cells; i++) {
        const struct eg_cell *cell = &dml->cells[i];
        json_t *value = cell->ref ? lookup_of(cell, row, at) : json_of(&row->params[at], rule->types[at]);
        json_object_set_new(set, dml->table->columns[cell->column].name, value);
        at += eg_cell_width(cell);
    }
    bool keyed = dml->kind == EG_DML_UPDATE || dml->kind == EG_DML_DELETE;
    for (size_t i = 0; keyed && i < dml->n_key; i++, at++) {
        json_object_set_new(where, dml->table->columns[dml->key[i]].name, json_of(&row->params[at], rule->types[at]));
    }
    json_t *made = json_pack("{s:s, s:s, s:i, s:o}", "table", dml->table->name, "action", eg_dml_kind_name(dml->kind), "rule",
                             rule->index, "set", set);
    if (keyed) {
        json_object_set(made, "where", where);
    }
    json_decref(where);
    return made;
}

static json_t *error_of(const char *prefix, const struct eg_schema_error *error) {
    return json_pack("{s:o, s:s, s:s}", "pointer", json_sprintf("%s%s", prefix, error->instance), "keyword",
                     error->keyword, "message", error->message);
}

static json_t *refused(const struct eg_topic *topic, enum eg_code code, json_t *errors) {
    return json_pack("{s:b, s:s, s:s, s:o}", "valid", 0, "topic", topic->name, "code", eg_code_name(code), "errors",
                     errors);
}

static json_t *try_rows(struct eg_request *req, const struct eg_topic *topic, const struct eg_envelope *envelope,
                        const char *prefix) {
    struct eg_row *rows = NULL;
    struct eg_err err = {0};
    size_t n = 0;
    if (eg_project(topic, envelope, req->arena, &rows, &n, &err)) {
        json_t *error =
            json_pack("{s:o, s:s}", "pointer", json_sprintf("%s%s", prefix, err.place), "message", err.message);
        return refused(topic, err.code, json_pack("[o]", error));
    }
    json_t *made = json_array();
    for (size_t i = 0; i < n && i < ROWS_MOST; i++) {
        json_array_append_new(made, row_of(&rows[i]));
    }
    return json_pack("{s:b, s:s, s:o, s:I, s:b}", "valid", 1, "topic", topic->name, "rows", made, "row_count", (json_int_t)n,
                     "truncated", n > ROWS_MOST);
}

static json_t *dry_run(struct eg_request *req, const struct eg_topic *topic, json_t *document) {
    json_t *inner = json_object_get(document, "payload");
    const json_t *named = json_object_get(document, "topic");
    bool whole = json_is_string(named) && inner;
    json_t *payload = whole ? inner : document;
    const char *prefix = whole ? "/payload" : "";
    struct eg_schema_errors errors = {.arena = req->arena, .most = ERRORS_MOST};
    struct eg_envelope envelope;
    if (whole && strcmp(json_string_value(named), topic->name) != 0) {
        json_t *error = json_pack("{s:s, s:o}", "pointer", "/topic", "message", json_sprintf("is not %s", topic->name));
        return refused(topic, EG_E_ENVELOPE_INVALID, json_pack("[o]", error));
    }
    if (!eg_schema_valid(topic->schema, payload, &errors)) {
        json_t *list = json_array();
        for (size_t i = 0; i < errors.n; i++) {
            json_array_append_new(list, error_of(prefix, &errors.list[i]));
        }
        return refused(topic, EG_E_SCHEMA_INVALID, list);
    }
    fill_envelope(topic, whole ? document : NULL, payload, &envelope);
    return try_rows(req, topic, &envelope, prefix);
}

static enum eg_step_result answer(struct eg_request *req) {
    const struct eg_admin *admin = eg_admin_of(req);
    const struct eg_topic *topic = eg_registry_topic(admin->config.registry, req->param, strlen(req->param));
    const struct eg_json_most most = {req->body_len, EG_JSON_MOST_VALUES};
    if (!topic) {
        eg_err_set(&req->err, EG_E_NOT_FOUND, NULL, "no topic %.200s is declared; GET /v1/topics lists the topics",
                   req->param);
        return eg_request_problem(req, NULL);
    }
    if (req->body_len > BODY_MOST_B) {
        eg_err_set(&req->err, EG_E_BODY_TOO_LARGE, NULL, "a dry run takes %zu bytes at most, and these are %zu: try a part of the payload",
                   BODY_MOST_B, req->body_len);
        return eg_request_problem(req, NULL);
    }
    json_t *document = eg_request_json(req, req->body, req->body_len, &most);
    if (!document) {
        return eg_request_problem(req, NULL);
    }
    json_t *said = dry_run(req, topic, document);
    json_decref(document);
    return eg_admin_answer_json(req, 200, said);
}

static const struct eg_step way[] = {{"validate", answer}};
const struct eg_flow eg_flow_topic_validate = {.name = "topic_validate", .n_steps = 1, .steps = way};
