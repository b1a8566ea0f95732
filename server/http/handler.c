/* One request, as libmicrohttpd hands it over: once with its head, then with pieces of its body, then once more when
 * all is there, and again after each resume. Only that last kind of call may answer and keep the connection. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/ulid.h"
#include "server/http/http_int.h"

#define MOST_TARGET_B 8192
#define MOST_HEAD_B 16384
#define ANSWER_HEAD_B 1536 /* of an answer's head, but for what repeats the target, twice (Link) */
#define ENTRY_B 64         /* what libmicrohttpd keeps for each header, parameter and cookie */
#define SWALLOW_TIMES 4 /* of max_body_b: what is read and thrown away so that the client sees its answer */

static const struct eg_identity everybody = {
    .sub = "", .scopes = EG_SCOPE_EVENTS_WRITE | EG_SCOPE_EVENTS_READ | EG_SCOPE_QUERY | EG_SCOPE_ADMIN};

static enum MHD_Result note(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value,
                            size_t value_len) {
    struct eg_exchange *x = cls;
    x->entries_b += ENTRY_B;
    if (kind == MHD_HEADER_KIND)
        eg_head_note(&x->head, name, name_len, value ? value : "", value_len);
    else if (kind == MHD_COOKIE_KIND)
        x->entries_b += name_len + value_len + 2; /* a copy of the header */
    return MHD_YES;
}

static void name_it(struct eg_exchange *x) {
    const char *given = x->head.request_id;
    if (given && eg_request_id_sane(given))
        memcpy(x->pub.log.id, given, strlen(given) + 1);
    else
        eg_ulid_make(eg_clock_now_us(), x->pub.log.id);
}

static eg_status judge_target(struct eg_exchange *x) {
    for (const char *p = x->raw ? x->raw : ""; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7F)
            return eg_err_set(&x->pub.err, EG_E_BAD_FRAMING, NULL,
                              "The request target holds a space or a control byte.");
    return EG_OK;
}

/* The answer's head is written into what the request's leaves of the connection's memory: without room libmicrohttpd closes the
 * connection, and says nothing. */
static bool has_room(const struct eg_exchange *x) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t target_b = x->raw ? strlen(x->raw) : 0;
    size_t answer_b = ANSWER_HEAD_B + (2 * target_b < MOST_TARGET_B ? 2 * target_b : MOST_TARGET_B);
    return !info || info->header_size + x->entries_b + answer_b <= EG_CONNECTION_MEMORY_B;
}

/* The size of the head, and its lines where their memory is understood. */
static eg_status judge_lines(struct eg_exchange *x, const char *method, const char *version) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (!info)
        return EG_OK;
    const char *end = method + info->header_size, *from = version + strlen(version);
    if (x->http->known_layout && from > method && from < end && !eg_head_lines_strict(from, end))
        return eg_err_set(&x->pub.err, EG_E_BAD_FRAMING, NULL,
                          "The request has a line that ends without CR, holds a NUL, or continues the one before it.");
    if (info->header_size > MOST_HEAD_B)
        return eg_err_set(&x->pub.err, EG_E_HEADERS_TOO_LARGE, NULL,
                          "The head has %zu bytes, and at most %d are taken.", info->header_size, MOST_HEAD_B);
    return EG_OK;
}

static eg_status judge_local(struct eg_exchange *x, const struct eg_target *target) {
    if (!x->http->config.local_only)
        return EG_OK;
    const char *host = x->head.host;
    if (target->authority.p)
        host = eg_arena_dup(x->pub.arena, target->authority.p, target->authority.n);
    if ((host && !eg_host_is_local(host)) || (x->head.origin && !eg_origin_is_local(x->head.origin)))
        return eg_err_set(&x->pub.err, EG_E_FOREIGN_ORIGIN, NULL,
                          "Host and Origin must be local names (localhost, 127.0.0.1, [::1]) while auth is none.");
    return EG_OK;
}

static eg_status take_target(struct eg_exchange *x, struct eg_target *target) {
    size_t len = x->raw ? strlen(x->raw) : 0;
    if (len > MOST_TARGET_B || !x->raw)
        return eg_err_set(&x->pub.err, EG_E_URI_TOO_LONG, NULL, "The target has %zu bytes, and at most %d are taken.",
                          len, MOST_TARGET_B);
    if (!eg_target_cut(x->raw, len, target))
        return eg_err_set(&x->pub.err, EG_E_USAGE, NULL, "The request target is neither a path nor an http:// URL.");
    x->query = target->query;
    x->pub.path = eg_uri_decode(x->pub.arena, target->path.p, target->path.n, false, NULL);
    if (x->pub.path &&
        (target->query.n == 0 || eg_uri_decode(x->pub.arena, target->query.p, target->query.n, true, NULL)))
        return EG_OK;
    x->pub.path = "";
    return eg_err_set(&x->pub.err, EG_E_USAGE, NULL,
                      "The request target has a broken %%-escape, a NUL, or bytes that are not UTF-8.");
}

static int method_of(const char *method) {
    static const char *const names[EG_HTTP_N_METHODS] = {"GET", "POST", "PUT", "DELETE"};
    for (int i = 0; i < EG_HTTP_N_METHODS; i++)
        if (strcmp(method, names[i]) == 0)
            return i;
    return strcmp(method, "HEAD") == 0 ? (int)EG_HTTP_GET : -1;
}

/* OPTIONS and wrong methods: both say what is allowed. */
static eg_status tell_allowed(struct eg_exchange *x, const char *allow, bool options) {
    eg_request_add_header(&x->pub, "Allow", allow);
    if (!options)
        return eg_err_set(&x->pub.err, EG_E_METHOD_NOT_ALLOWED, NULL, "This path takes %s.", allow);
    eg_request_answer(&x->pub, 204, NULL);
    return EG_FAIL;
}

static eg_status find_route(struct eg_exchange *x, const struct eg_target *target) {
    struct eg_str param = {NULL, 0};
    char allow[EG_HTTP_ALLOW_B];
    bool options = strcmp(x->pub.method, "OPTIONS") == 0;
    if (target->path.p[0] == '*')
        return options ? tell_allowed(x, "GET, HEAD, POST, PUT, DELETE, OPTIONS", true)
                       : eg_err_set(&x->pub.err, EG_E_USAGE, NULL, "The target * is for OPTIONS only.");
    const struct eg_path *path = eg_router_find(x->http->router, target->path.p, target->path.n, &param);
    if (!path)
        return eg_err_set(&x->pub.err, EG_E_NOT_FOUND, NULL, "There is no such path.");
    int method = method_of(x->pub.method);
    if (method < 0 || path->route[method] < 0 || (x->head_only && !path->head)) {
        eg_path_allow(path, allow);
        return tell_allowed(x, allow, options);
    }
    x->route = (size_t)path->route[method];
    const struct eg_route *route = &x->http->routes[x->route];
    if (route->app)
        x->pub.app = route->app;
    if (param.p)
        x->pub.param = eg_uri_decode(x->pub.arena, param.p, param.n, false, NULL);
    return EG_OK;
}

static eg_status authorize(struct eg_exchange *x) {
    struct eg_http *http = x->http;
    uint32_t needed = http->routes[x->route].scope;
    if (needed == EG_SCOPE_NONE)
        return EG_OK;
    if (!http->hooks.authorize) {
        x->pub.who = &everybody;
        return EG_OK;
    }
    if (http->hooks.authorize(http->app, &x->pub, needed))
        return EG_OK;
    return eg_err_set(&x->pub.err, EG_E_UNAUTHORIZED, NULL, "The request is not authorized.");
}

/* Everything that is known before the body. EG_FAIL: the answer is set, or will be a problem made of err. */
static eg_status judge(struct eg_exchange *x) {
    struct eg_target target;
    if (take_target(x, &target) != EG_OK || judge_local(x, &target) != EG_OK || find_route(x, &target) != EG_OK ||
        authorize(x) != EG_OK || eg_request_judge_queries(&x->pub, x->http->routes[x->route].queries) != EG_OK)
        return EG_FAIL;
    enum eg_coding coding = eg_content_coding(x->head.content_encoding);
    if (coding == EG_CODING_UNKNOWN)
        eg_request_add_header(&x->pub, "Accept-Encoding", "gzip, zstd");
    return eg_body_begin(&x->body, coding, x->head.length, x->http->config.max_body_b, &x->http->budget, &x->pub.err);
}

static void answer_refusal(struct eg_exchange *x) {
    if (x->pub.status == 0)
        eg_request_problem(&x->pub, NULL);
    eg_body_reset(&x->body, false);
    x->phase = EG_PHASE_SWALLOW;
}

/* The answer is known before the body is here. A short body is read all the same, so that the connection stays and the
 * client gets to read the answer; who asked with Expect, or announces more than that, is answered now and closed. */
static enum MHD_Result refuse(struct eg_exchange *x, bool at_once) {
    answer_refusal(x);
    bool has_body = x->head.length > 0 || x->head.n_transfer > 0;
    if (!at_once && !(has_body && x->head.expects_continue) &&
        x->head.length <= (uint64_t)SWALLOW_TIMES * x->http->config.max_body_b)
        return MHD_YES;
    x->close = true;
    return eg_send(x);
}

static enum MHD_Result begin(struct eg_exchange *x, const char *method, const char *version) {
    struct eg_err *err = &x->pub.err;
    x->pub.method = method;
    x->head_only = strcmp(method, "HEAD") == 0;
    MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND, note, x);
    name_it(x);
    if (!has_room(x)) {
        eg_conn_last_words(x->conn, EG_E_HEADERS_TOO_LARGE, "431 Request Header Fields Too Large");
        return MHD_NO;
    }
    if (eg_head_judge(&x->head, strcmp(version, "HTTP/1.0") == 0, err) != EG_OK || judge_target(x) != EG_OK ||
        judge_lines(x, method, version) != EG_OK) {
        x->http->stats.refused[EG_REFUSED_FRAMING] += err->code == EG_E_BAD_FRAMING;
        return refuse(x, true);
    }
    if (judge(x) != EG_OK)
        return refuse(x, false);
    x->phase = EG_PHASE_BODY;
    return MHD_YES;
}

static enum MHD_Result take(struct eg_exchange *x, const char *bytes, size_t len) {
    x->http->stats.received_b += len;
    if (x->phase == EG_PHASE_BODY && eg_body_take(&x->body, bytes, len, &x->pub.err) != EG_OK)
        answer_refusal(x);
    if (x->phase != EG_PHASE_SWALLOW)
        return MHD_YES;
    x->swallowed_b += len;
    if (x->swallowed_b <= (uint64_t)SWALLOW_TIMES * x->http->config.max_body_b)
        return MHD_YES;
    eg_conn_last_words(x->conn, EG_E_BODY_TOO_LARGE, "413 Content Too Large");
    return MHD_NO;
}

static enum MHD_Result suspend(struct eg_exchange *x) {
    x->suspended = true;
    x->http->n_suspended++;
    MHD_suspend_connection(x->mhd);
    return MHD_YES;
}

static enum MHD_Result run(struct eg_exchange *x) {
    eg_conn_become(x->conn, EG_CONN_WORKING);
    x->phase = EG_PHASE_FLOW;
    if (eg_body_finish(&x->body, &x->pub.err) != EG_OK) {
        eg_request_problem(&x->pub, NULL);
    } else {
        x->pub.body = x->body.data && x->body.len ? x->body.data : "";
        x->pub.body_len = x->body.len;
        if (x->body.len && eg_clock_mono_us() >= x->http->turn_until_us) {
            eg_exchange_queue(x); /* libmicrohttpd hands over all that arrived at once: the rest of it waits for the next turn */
            return suspend(x);
        }
        if (!eg_flow_run(x))
            return suspend(x);
    }
    eg_send_prepare(x);
    return x->phase == EG_PHASE_READY ? eg_send(x) : suspend(x);
}

enum MHD_Result eg_http_handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                               const char *version, const char *upload, size_t *upload_len, void **context) {
    struct eg_exchange *x = *context;
    (void)cls, (void)mhd, (void)url;
    if (!x)
        return MHD_NO;
    if (x->phase == EG_PHASE_NEW)
        return begin(x, method, version);
    if (*upload_len > 0) {
        size_t len = *upload_len;
        *upload_len = 0;
        return take(x, upload, len);
    }
    switch (x->phase) {
    case EG_PHASE_BODY:
        return run(x);
    case EG_PHASE_SWALLOW:
    case EG_PHASE_READY:
        return eg_send(x);
    default: /* called without need: nothing is ready yet */
        return MHD_YES;
    }
}
