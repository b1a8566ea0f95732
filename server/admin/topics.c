/* GET /v1/topics: every topic that may be posted. GET /v1/topics/{topic}: its declaration as it stands in the file,
 * schema, rows and examples. */
#include <string.h>

#include "server/admin/room.h"

static json_t *entry(const struct eg_topic *topic) {
    json_t *tables = json_array();
    for (size_t i = 0; tables && i < topic->n_rules; i++) {
        const char *name = topic->rules[i].dml.table->name;
        bool known = false;
        for (size_t j = 0; j < json_array_size(tables); j++) {
            known = known || strcmp(json_string_value(json_array_get(tables, j)), name) == 0;
        }
        if (!known) {
            json_array_append_new(tables, json_string(name));
        }
    }
    return json_pack("{s:s, s:s*, s:s, s:o, s:o}", "topic", topic->name, "title", topic->title, "system", topic->system,
                     "tables", tables, "href", json_sprintf("/v1/topics/%s", topic->name));
}

static enum eg_step_result list(struct eg_request *req) {
    const struct eg_admin *admin = eg_admin_of(req);
    const struct eg_topic *const *topics;
    size_t n = eg_registry_topics(admin->config.registry, &topics);
    json_t *entries = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(entries, entry(topics[i]));
    }
    return eg_admin_answer_json(req, 200, json_pack("{s:o}", "topics", entries));
}

static enum eg_step_result get(struct eg_request *req) {
    const struct eg_admin *admin = eg_admin_of(req);
    const struct eg_topic *topic = eg_registry_topic(admin->config.registry, req->param, strlen(req->param));
    if (!topic) {
        eg_err_set(&req->err, EG_E_NOT_FOUND, NULL, "no topic %.200s is declared; GET /v1/topics lists the topics",
                   req->param);
        return eg_request_problem(req, NULL);
    }
    return eg_admin_answer_json(req, 200, json_deep_copy(topic->document));
}

static const struct eg_step list_way[] = {{"list", list}};
static const struct eg_step get_way[] = {{"get", get}};
const struct eg_flow eg_flow_topics_list = {.name = "topics_list", .n_steps = 1, .steps = list_way};
const struct eg_flow eg_flow_topic_get = {.name = "topic_get", .n_steps = 1, .steps = get_way};
