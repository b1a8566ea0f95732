/* What is asked: a text, its parameters and bounds, from a body of EGQL or JSON, or from the URL. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/query/room.h"

#define BODY_MOST_B ((size_t)1 << 20)

static const struct eg_json_most most = {BODY_MOST_B, 1000};

#define USAGE(ask, place, ...) eg_err_set(&(ask)->req->err, EG_E_USAGE, place, __VA_ARGS__)

static eg_status take_text(struct eg_ask *ask, const char *text, size_t len) {
    if (memchr(text, '\0', len)) {
        return USAGE(ask, NULL, "the query holds a NUL byte");
    }
    ask->text = eg_arena_dup(ask->arena, text, len);
    ask->len = len;
    return ask->text ? EG_OK : eg_err_set(&ask->req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
}

static eg_status take_limit(struct eg_ask *ask, int64_t limit) {
    if (limit < 1) {
        return USAGE(ask, "limit", "limit is a whole number from 1 on");
    }
    ask->rows_most = limit;
    return EG_OK;
}

static eg_status take_timeout(struct eg_ask *ask, int64_t timeout_ms) {
    int most_ms = ask->query->config.timeout_most_ms;
    if (timeout_ms < 1) {
        return USAGE(ask, "timeout_ms", "timeout_ms is a whole number of milliseconds from 1 on");
    }
    ask->timeout_ms = timeout_ms > most_ms ? most_ms : (int)timeout_ms;
    return EG_OK;
}

static eg_status take_param(struct eg_ask *ask, const char *name, const json_t *json, struct egql_param *param,
                            struct eg_value *value) {
    param->name = (struct eg_str){eg_arena_dup(ask->arena, name, strlen(name)), strlen(name)};
    *value = eg_null();
    switch (json_typeof(json)) {
    case JSON_STRING:
        param->type = EG_TEXT;
        value->s.n = json_string_length(json);
        value->s.p = eg_arena_dup(ask->arena, json_string_value(json), value->s.n);
        value->null = !value->s.p;
        break;
    case JSON_INTEGER:
        param->type = EG_INT8;
        *value = eg_int(json_integer_value(json));
        break;
    case JSON_REAL:
        param->type = EG_FLOAT8;
        *value = eg_double(json_real_value(json));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        param->type = EG_BOOL;
        *value = eg_bool(json_is_true(json));
        break;
    case JSON_NULL:
        param->type = EG_TEXT;
        param->null = true;
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        return eg_err_set(&ask->req->err, EG_E_PARAM_INVALID, name,
                          "the parameter %.100s is an object or an array: give a string, a number, true, false or null",
                          name);
    }
    return eg_arena_failed(ask->arena)
               ? eg_err_set(&ask->req->err, EG_E_OVERLOADED, NULL, "no memory for this request")
               : EG_OK;
}

static eg_status take_params(struct eg_ask *ask, json_t *json) {
    size_t n = json_object_size(json), i = 0;
    const char *name;
    json_t *value;
    if (!json_is_object(json)) {
        return USAGE(ask, "params", "params is an object: {\"name\": value}");
    }
    if (n > EGQL_MOST_PARAMS) {
        return eg_err_set(&ask->req->err, EG_E_PARAM_INVALID, "params", "%zu parameters are given, and at most %d are taken",
                          n, EGQL_MOST_PARAMS);
    }
    struct egql_param *params = eg_arena_zalloc(ask->arena, (n + 1) * sizeof *params);
    struct eg_value *values = eg_arena_zalloc(ask->arena, (n + 1) * sizeof *values);
    if (!params || !values) {
        return eg_err_set(&ask->req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
    }
    json_object_foreach(json, name, value) {
        if (take_param(ask, name, value, &params[i], &values[i])) {
            return EG_FAIL;
        }
        i++;
    }
    ask->n_params = n;
    ask->params = params;
    ask->values = values;
    return EG_OK;
}

static eg_status take_member(struct eg_ask *ask, const char *name, json_t *value) {
    if (strcmp(name, "query") == 0) {
        return json_is_string(value) ? take_text(ask, json_string_value(value), json_string_length(value))
                                     : USAGE(ask, "query", "query is a string of EGQL");
    }
    if (strcmp(name, "params") == 0) {
        return json_is_null(value) ? EG_OK : take_params(ask, value);
    }
    if (strcmp(name, "limit") == 0) {
        return json_is_null(value) ? EG_OK : take_limit(ask, json_is_integer(value) ? json_integer_value(value) : 0);
    }
    if (strcmp(name, "timeout_ms") == 0) {
        return json_is_null(value) ? EG_OK : take_timeout(ask, json_is_integer(value) ? json_integer_value(value) : 0);
    }
    return USAGE(ask, name, "there is no member %.100s: query, params, limit and timeout_ms are known", name);
}

static eg_status read_json(struct eg_ask *ask) {
    json_t *body = eg_request_json(ask->req, ask->req->body, ask->req->body_len, &most);
    eg_status status = EG_FAIL;
    const char *name;
    json_t *value;
    if (body && !json_is_object(body)) {
        (void)USAGE(ask, NULL, "the body is not an object: {\"query\": \"SELECT …\", \"params\": {}, \"limit\": 100}");
    } else if (body) {
        status = EG_OK;
        json_object_foreach(body, name, value) {
            status = status || take_member(ask, name, value) ? EG_FAIL : EG_OK;
        }
        if (status == EG_OK && !ask->text) {
            status = USAGE(ask, "query", "the body has no member \"query\"");
        }
    }
    json_decref(body);
    return status;
}

static eg_status whole_number(struct eg_ask *ask, const char *name, int64_t *number) {
    const char *text = eg_request_query(ask->req, name);
    char *end;
    *number = 0;
    if (!text) {
        return EG_OK;
    }
    errno = 0;
    *number = strtoll(text, &end, 10);
    if (errno || end == text || *end || *number < 1) {
        return USAGE(ask, name, "%s is a whole number from 1 on, not \"%.40s\"", name, text);
    }
    return EG_OK;
}

/* ?limit=, ?timeout_ms= and ?params={"name":value}. What a JSON body says comes later, and holds. */
static eg_status read_url(struct eg_ask *ask) {
    const char *params = eg_request_query(ask->req, "params");
    int64_t limit, timeout_ms;
    if (whole_number(ask, "limit", &limit) || whole_number(ask, "timeout_ms", &timeout_ms) ||
        (limit && take_limit(ask, limit)) || (timeout_ms && take_timeout(ask, timeout_ms))) {
        return EG_FAIL;
    }
    if (!params) {
        return EG_OK;
    }
    json_t *json = eg_request_json(ask->req, params, strlen(params), &most);
    if (!json) {
        (void)snprintf(ask->req->err.place, sizeof ask->req->err.place, "params");
        return EG_FAIL;
    }
    eg_status status = take_params(ask, json);
    json_decref(json);
    return status;
}

static eg_status read_get(struct eg_ask *ask) {
    const char *q = eg_request_query(ask->req, "q");
    if (!q) {
        return USAGE(ask, "q", "say what is asked: /v1/query?q=SELECT+events+FROM+all+LIMIT+10");
    }
    return take_text(ask, q, strlen(q)) || read_url(ask) ? EG_FAIL : EG_OK;
}

static bool is_type(const char *given, const char *type) {
    size_t n = strlen(type);
    return strncasecmp(given, type, n) == 0 && strchr("; \t", given[n]) != NULL; /* strchr finds the NUL too */
}

/* No EGQL begins with a brace. */
static bool looks_like_json(const char *body, size_t len) {
    size_t at = 0;
    while (at < len && strchr(" \t\r\n", body[at]) && body[at]) {
        at++;
    }
    return at < len && body[at] == '{';
}

static eg_status read_post(struct eg_ask *ask) {
    struct eg_request *req = ask->req;
    const char *type = eg_request_header(req, "Content-Type");
    if (req->body_len > BODY_MOST_B) {
        return eg_err_set(&req->err, EG_E_BODY_TOO_LARGE, NULL, "a query's body has at most %zu bytes", BODY_MOST_B);
    }
    if (type && !is_type(type, "application/json") && !is_type(type, "text/plain") &&
        !is_type(type, "application/x-www-form-urlencoded")) { /* the last is what curl -d says of any text */
        return eg_err_set(&req->err, EG_E_MEDIA_TYPE, NULL,
                          "a query is text/plain, or application/json: {\"query\": …}; not %.100s", type);
    }
    if ((type && is_type(type, "application/json")) || looks_like_json(req->body, req->body_len)) {
        return read_url(ask) || read_json(ask) ? EG_FAIL : EG_OK;
    }
    return take_text(ask, req->body, req->body_len) || read_url(ask) ? EG_FAIL : EG_OK;
}

eg_status eg_ask_read(struct eg_ask *ask) {
    ask->timeout_ms = ask->query->config.timeout_ms;
    return strcmp(ask->req->method, "POST") == 0 ? read_post(ask) : read_get(ask);
}

enum eg_step_result eg_query_receive(struct eg_request *req) {
    struct eg_ask *ask = eg_ask_begin(req);
    if (!ask || eg_format_asked(req, &ask->format) || eg_ask_read(ask)) {
        return eg_request_problem(req, NULL);
    }
    return EG_MORE;
}
