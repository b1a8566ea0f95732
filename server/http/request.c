/* What flows do with a request: read its headers and parameters, and set its answer. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "server/http/http_int.h"

const char *eg_request_header(const struct eg_request *req, const char *name) {
    EG_ASSERT(req->magic == EG_REQUEST_MAGIC);
    const struct eg_exchange *x = (const struct eg_exchange *)(const void *)req;
    return MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND, name);
}

const char *eg_request_peer(const struct eg_request *req) {
    EG_ASSERT(req->magic == EG_REQUEST_MAGIC);
    const struct eg_exchange *x = (const struct eg_exchange *)(const void *)req;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info ? info->client_addr : NULL;
    char text[INET6_ADDRSTRLEN] = "";
    if (peer && peer->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, text, sizeof text);
    else if (peer && peer->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, text, sizeof text);
    const char *copy = eg_arena_dup(req->arena, text, strlen(text));
    return copy ? copy : "";
}

struct header_walk {
    bool (*each)(void *ctx, const char *name, const char *value);
    void *ctx;
};

static enum MHD_Result walk_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct header_walk *walk = cls;
    (void)kind;
    return walk->each(walk->ctx, name, value ? value : "") ? MHD_YES : MHD_NO;
}

void eg_request_headers(const struct eg_request *req, bool (*each)(void *ctx, const char *name, const char *value),
                        void *ctx) {
    EG_ASSERT(req->magic == EG_REQUEST_MAGIC);
    const struct eg_exchange *x = (const struct eg_exchange *)(const void *)req;
    struct header_walk walk = {each, ctx};
    MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, walk_header, &walk);
}

void eg_request_queries(const struct eg_request *req, bool (*each)(void *ctx, const char *name, const char *value),
                        void *ctx) {
    EG_ASSERT(req->magic == EG_REQUEST_MAGIC);
    const struct eg_exchange *x = (const struct eg_exchange *)(const void *)req;
    const char *end = x->query.p + x->query.n;
    bool more = true;
    for (const char *p = x->query.p; more && p < end;) {
        const char *amp = memchr(p, '&', (size_t)(end - p));
        const char *stop = amp ? amp : end;
        const char *equals = memchr(p, '=', (size_t)(stop - p));
        const char *key_end = equals ? equals : stop;
        const char *key = eg_uri_decode(req->arena, p, (size_t)(key_end - p), true, NULL);
        const char *value = equals ? eg_uri_decode(req->arena, equals + 1, (size_t)(stop - equals - 1), true, NULL) : "";
        more = p == stop || (key && value && each(ctx, key, value));
        p = stop + 1;
    }
}

#define QUERIES_MOST 16

struct query_check {
    struct eg_request *req;
    const char *list; /* as it stands beside the route */
    const char *names[QUERIES_MOST];
    size_t n;
};

static bool check_query(void *ctx, const char *name, const char *value) {
    struct query_check *check = ctx;
    (void)value;
    for (size_t i = 0; i < check->n; i++)
        if (strcmp(check->names[i], name) == 0)
            return true;
    const char *near = eg_text_nearest(name, check->names, check->n);
    (void)eg_err_set(&check->req->err, EG_E_USAGE, name, "There is no parameter \"%.60s\" here%s%s%s This path takes %s.", name,
                     near ? "; did you mean " : ".", near ? near : "", near ? "?" : "", check->n ? check->list : "none");
    return false;
}

eg_status eg_request_judge_queries(struct eg_request *req, const char *list) {
    const struct eg_exchange *x = eg_exchange_of(req);
    struct query_check check = {.req = req, .list = list};
    char *words = list && x->query.n ? eg_arena_dup(req->arena, list, strlen(list)) : NULL;
    if (!words)
        return list && x->query.n ? eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "No memory for this request.") : EG_OK;
    for (char *rest, *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        EG_ASSERT(check.n < QUERIES_MOST);
        check.names[check.n++] = word;
    }
    eg_request_queries(req, check_query, &check);
    return req->err.code == EG_E_NONE ? EG_OK : EG_FAIL;
}

const char *eg_request_query(const struct eg_request *req, const char *name) {
    EG_ASSERT(req->magic == EG_REQUEST_MAGIC);
    const struct eg_exchange *x = (const struct eg_exchange *)(const void *)req;
    const char *end = x->query.p + x->query.n;
    for (const char *p = x->query.p; p < end;) {
        const char *amp = memchr(p, '&', (size_t)(end - p));
        const char *stop = amp ? amp : end;
        const char *equals = memchr(p, '=', (size_t)(stop - p));
        const char *key_end = equals ? equals : stop;
        const char *key = eg_uri_decode(req->arena, p, (size_t)(key_end - p), true, NULL);
        if (key && strcmp(key, name) == 0)
            return equals ? eg_uri_decode(req->arena, equals + 1, (size_t)(stop - equals - 1), true, NULL) : "";
        p = stop + 1;
    }
    return NULL;
}

void eg_request_add_header(struct eg_request *req, const char *name, const char *value) {
    struct eg_exchange *x = eg_exchange_of(req);
    struct eg_header *header = eg_arena_alloc(req->arena, sizeof *header);
    if (!header)
        return;
    header->next = NULL;
    header->name = eg_arena_dup(req->arena, name, strlen(name));
    header->value = eg_arena_dup(req->arena, value, strlen(value));
    if (!header->name || !header->value)
        return;
    *x->headers_end = header;
    x->headers_end = &header->next;
}

enum eg_step_result eg_request_answer(struct eg_request *req, int status, const char *content_type) {
    EG_ASSERT(status >= 200 && status <= 599);
    req->status = status;
    req->content_type = content_type;
    return EG_DONE;
}

bool eg_request_takes_gzip(const struct eg_request *req) {
    EG_ASSERT(req->magic == EG_REQUEST_MAGIC);
    const struct eg_exchange *x = (const struct eg_exchange *)(const void *)req;
    return !x->http->config.no_compression && eg_accept_quality(x->head.accept_encoding, EG_CODING_GZIP) > 0;
}

enum eg_step_result eg_request_answer_gzip(struct eg_request *req, int status, const char *content_type) {
    eg_exchange_of(req)->coded = true;
    return eg_request_answer(req, status, content_type);
}

static bool has_header(const struct eg_exchange *x, const char *name) {
    for (const struct eg_header *h = x->headers; h; h = h->next)
        if (strcasecmp(h->name, name) == 0)
            return true;
    return false;
}

static void add_member(struct eg_buf *out, const char *name, const char *value) {
    eg_buf_printf(out, ",\"%s\":", name);
    eg_buf_json_string(out, value, strlen(value));
}

static enum eg_step_result problem(struct eg_request *req, const char *detail, const char *errors_json,
                                   const char *members) {
    struct eg_exchange *x = eg_exchange_of(req);
    if (req->err.code == EG_E_NONE)
        (void)eg_err_set(&req->err, EG_E_INTERNAL, NULL, "A step failed without saying why.");
    enum eg_code code = req->err.code;
    struct eg_buf *out = &req->answer;
    eg_buf_free(out);
    eg_buf_printf(out, "{\"type\":\"/docs/errors#%s\"", eg_code_name(code));
    add_member(out, "title", eg_code_title(code));
    eg_buf_printf(out, ",\"status\":%d", eg_code_status(code));
    add_member(out, "detail", detail ? detail : req->err.message);
    add_member(out, "code", eg_code_name(code));
    if (req->err.place[0])
        add_member(out, "place", req->err.place);
    if (errors_json) {
        eg_buf_str(out, ",\"errors\":");
        eg_buf_str(out, errors_json);
    }
    if (members) {
        eg_buf_char(out, ',');
        eg_buf_str(out, members);
    }
    add_member(out, "request_id", req->log.id);
    add_member(out, "hint", eg_code_hint(code));
    eg_buf_char(out, '}');
    int status = eg_code_status(code);
    if ((status == 503 || status == 429) && !has_header(x, "Retry-After"))
        eg_request_add_header(req, "Retry-After", code == EG_E_STOPPING ? "5" : "1");
    return eg_request_answer(req, status, "application/problem+json");
}

enum eg_step_result eg_request_problem(struct eg_request *req, const char *errors_json) {
    return problem(req, NULL, errors_json, NULL);
}

enum eg_step_result eg_request_problem_with(struct eg_request *req, const char *detail, const char *members) {
    return problem(req, detail, NULL, members);
}
