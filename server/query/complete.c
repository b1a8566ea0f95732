/* What an editor asks: completions and diagnostics at a caret, and the sources that there are. No statement is run. */
#include <jansson.h>
#include <string.h>

#include "server/query/room.h"

#define BODY_MOST_B ((size_t)8 * EGQL_MOST_B) /* a byte of text may be an escape of six */

static enum eg_step_result list(struct eg_request *req) {
    const struct eg_query *query = eg_query_of(req);
    eg_buf_str(&req->answer, "{\"sources\":");
    egql_sources_json(query->sources, &req->answer);
    eg_buf_str(&req->answer, "}\n");
    return eg_request_answer(req, 200, "application/json");
}

static enum eg_step_result complete_at(struct eg_request *req, const char *text, size_t len, json_int_t caret) {
    const struct eg_query *query = eg_query_of(req);
    if (len > EGQL_MOST_B || caret < 0 || (size_t)caret > len) {
        (void)eg_err_set(&req->err, EG_E_USAGE, "caret",
                         len > EGQL_MOST_B ? "a query has at most %d bytes" : "caret is a byte offset into the query",
                         EGQL_MOST_B);
        return eg_request_problem(req, NULL);
    }
    egql_complete(query->sources, text, len, (size_t)caret, query->config.topics, query->config.n_topics, req->arena,
                  &req->answer);
    eg_buf_char(&req->answer, '\n');
    return eg_request_answer(req, 200, "application/json");
}

/* {"query": "SELECT eve", "caret": 10}; without a caret: at the end. */
static enum eg_step_result complete(struct eg_request *req) {
    static const struct eg_json_most most = {BODY_MOST_B, 16};
    json_t *body = eg_request_json(req, req->body, req->body_len, &most);
    json_t *text = json_object_get(body, "query"), *caret = json_object_get(body, "caret");
    enum eg_step_result result;
    if (!body) {
        result = eg_request_problem(req, NULL);
    } else if (!json_is_string(text) || (caret && !json_is_integer(caret)) || json_object_size(body) > 1u + !!caret) {
        (void)eg_err_set(&req->err, EG_E_USAGE, NULL,
                         "the body is {\"query\": the text so far, \"caret\": a byte offset into it}");
        result = eg_request_problem(req, NULL);
    } else {
        size_t len = json_string_length(text);
        result = complete_at(req, json_string_value(text), len, caret ? json_integer_value(caret) : (json_int_t)len);
    }
    json_decref(body);
    return result;
}

static const struct eg_step list_way[] = {{"list", list}};
static const struct eg_step complete_way[] = {{"complete", complete}};
const struct eg_flow eg_flow_sources_list = {.name = "sources_list", .n_steps = 1, .steps = list_way};
const struct eg_flow eg_flow_query_complete = {.name = "query_complete", .n_steps = 1, .steps = complete_way};
