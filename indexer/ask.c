/* POST /v1/query, and again when the server has no room just now. */
#include "indexer/ask.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/cli/client.h"

#define CONNECT_MS 5000
#define REQUEST_MS 120000
#define QUERY_MS 60000 /* the server may allow less */
#define ANSWER_MS 1000 /* to say that a question took too long */
#define REPLY_MOST_B ((size_t)256 << 20)
#define RETRIES 5
#define READY_MS 10000
#define READY_MOST_B 65536

struct eg_asker {
    struct eg_client *client;
    struct eg_reply reply;
    long query_ms;
    int retries;
};

static eg_status open_asker(const struct eg_client_config *config, long query_ms, int retries, struct eg_asker **out, struct eg_err *err) {
    struct eg_asker *asker = *out = calloc(1, sizeof(*asker));
    if (!asker) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    asker->query_ms = query_ms;
    asker->retries = retries;
    eg_buf_init(&asker->reply.body, REPLY_MOST_B);
    if (eg_client_open(config, &asker->client, err)) {
        eg_asker_close(asker);
        *out = NULL;
        return EG_FAIL;
    }
    return EG_OK;
}

eg_status eg_asker_open(const char *server, const char *token_file, struct eg_asker **asker, struct eg_err *err) {
    struct eg_client_config config = {.server = server, .token_file = token_file, .connect_ms = CONNECT_MS, .timeout_ms = REQUEST_MS};
    return open_asker(&config, QUERY_MS, RETRIES, asker, err);
}

eg_status eg_asker_open_within(const char *server, const char *token_file, long timeout_ms, struct eg_asker **asker, struct eg_err *err) {
    struct eg_client_config config = {.server = server, .token_file = token_file, .connect_ms = timeout_ms,
                                      .timeout_ms = timeout_ms + ANSWER_MS};
    return open_asker(&config, timeout_ms < QUERY_MS ? timeout_ms : QUERY_MS, 0, asker, err);
}

void eg_asker_close(struct eg_asker *asker) {
    if (asker) {
        eg_client_close(asker->client);
        eg_buf_free(&asker->reply.body);
        free(asker);
    }
}

static bool is_busy(const struct eg_reply *reply) {
    return reply->answered && (reply->status == 503 || reply->status == 429);
}

/* A statement that took too long is the server's own 504, with its code; a proxy before a server that is away has none. */
static bool is_away(const struct eg_reply *reply, const json_t *answer) {
    return is_busy(reply) || reply->status == 502 || (reply->status == 504 && !json_is_string(json_object_get(answer, "code")));
}

/* What a query was answered with that had no rows, or not all: only 400 says that the server does not know what is asked. The rest may go
 * well another time, also what ended behind the first rows (200). */
static enum eg_code code_of(long status) {
    switch (status) {
    case 400:
        return EG_E_QUERY_INVALID;
    case 401:
        return EG_E_UNAUTHORIZED;
    case 403:
        return EG_E_FORBIDDEN;
    case 504:
        return EG_E_TIMEOUT;
    default:
        return EG_E_INTERNAL;
    }
}

static eg_status refused(struct eg_asker *asker, const json_t *answer, struct eg_err *err) {
    const struct eg_reply *reply = &asker->reply;
    const char *server = eg_client_server(asker->client),
               *detail = json_string_value(json_object_get(answer, "detail"));
    if (!reply->answered) {
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, server, "%s", reply->error);
    }
    if (is_away(reply, answer)) {
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, server, "it answered %ld: %s", reply->status,
                          detail ? detail : "it is away or full");
    }
    return eg_err_set(err, code_of(reply->status), server, "a query was answered with %ld: %s", reply->status,
                      detail ? detail : "no reason given");
}

static eg_status take_rows(struct eg_asker *asker, json_t *answer, json_t **rows, struct eg_err *err) {
    if (asker->reply.status != 200 || json_object_get(answer, "error") ||
        !json_is_array(json_object_get(answer, "rows"))) {
        return refused(asker, json_object_get(answer, "error") ? json_object_get(answer, "error") : answer, err);
    }
    if (json_is_true(json_object_get(answer, "truncated"))) {
        return eg_err_set(err, EG_E_ANSWER_TOO_LARGE, eg_client_server(asker->client),
                          "the server cut an answer at %zu rows: raise query.rows_most there",
                          json_array_size(json_object_get(answer, "rows")));
    }
    *rows = json_incref(json_object_get(answer, "rows"));
    return EG_OK;
}

eg_status eg_ask(struct eg_asker *asker, const char *query, json_t *params, json_t **rows, struct eg_err *err) {
    json_t *body =
        json_pack("{s:s, s:o, s:I}", "query", query, "params", params ? params : json_object(), "timeout_ms", (json_int_t)asker->query_ms);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct eg_reply *reply = &asker->reply;
    json_decref(body);
    if (!text) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    for (int i = 0; i <= asker->retries; i++) {
        eg_client_post(asker->client, "/v1/query?format=json", "application/json", NULL, text, strlen(text), reply);
        if (!is_busy(reply) || i == asker->retries) {
            break;
        }
        struct timespec pause = {reply->retry_after_s > 0 && reply->retry_after_s < 10 ? reply->retry_after_s : 1, 0};
        nanosleep(&pause, NULL);
    }
    free(text);
    json_t *answer =
        reply->answered ? json_loadb(reply->body.data ? reply->body.data : "", reply->body.len, 0, NULL) : NULL;
    eg_status status = answer ? take_rows(asker, answer, rows, err) : refused(asker, NULL, err);
    json_decref(answer);
    return status;
}

eg_status eg_ask_ready(const char *server, const char *token_file, struct eg_err *err) {
    struct eg_client_config config = {.server = server, .token_file = token_file, .connect_ms = CONNECT_MS, .timeout_ms = READY_MS};
    struct eg_client *client;
    struct eg_reply reply = {0};
    if (eg_client_open(&config, &client, err)) {
        return EG_FAIL;
    }
    eg_buf_init(&reply.body, READY_MOST_B);
    eg_client_get(client, "/readyz", &reply);
    eg_status status = EG_OK;
    if (reply.misdirected) {
        status = eg_err_set(err, EG_E_USAGE, eg_client_server(client), "%s", reply.error);
    } else if (!reply.answered || reply.status == 429 || (reply.status >= 502 && reply.status <= 504)) {
        status = reply.answered ? eg_err_set(err, EG_E_STORE_UNAVAILABLE, eg_client_server(client), "it answered %ld", reply.status)
                                : eg_err_set(err, EG_E_STORE_UNAVAILABLE, eg_client_server(client), "no answer: %s", reply.error);
    } else if (reply.status != 200) {
        status = eg_err_set(err, EG_E_USAGE, eg_client_server(client), "it answered %ld to /readyz: is it an EGDB server?", reply.status);
    }
    eg_buf_free(&reply.body);
    eg_client_close(client);
    return status;
}
