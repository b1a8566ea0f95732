/* GET /v1/dlq: refused events, a page at a time, oldest first or newest first. GET /v1/dlq/{id}: one with its original bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ulid.h"
#include "server/admin/room.h"

#define PAGE_DEFAULT 100
#define PAGE_MOST 1000
#define ROW_TEXT_B ((size_t)256 << 10)
#define CODED_MOST_B ((size_t)1 << 30)
#define BEHIND_ALL "~" /* ULIDs are compared by their bytes */
#define BEFORE_ALL ""

enum column {
    ID,
    CODE,
    ERRORS,
    TOPIC,
    EVENT_ID,
    SCOPE,
    SOURCE,
    RECEIVED,
    LAST_SEEN,
    SEEN,
    REDRIVEN,
    REDRIVEN_ID,
    SIZE,
    ORIGINAL, /* and the next: of one letter only */
    HEADERS
};

/* Lives apart from the request: a store may still work for one whose client has gone. */
struct reading {
    struct eg_request *req; /* NULL when it was dropped */
    struct eg_arena *arena;
    struct eg_read read;
    struct eg_read_handle *handle;
    struct eg_value params[8];
    struct eg_value span[2];
    const char *last; /* the last letter that this page looks at; NULL: it looks at all */
    json_t *rows;
    size_t limit;
    bool backwards; /* the newest first */
    bool whole;
    bool asked; /* for the page, no longer for its span */
    bool finished;
};

static void free_reading(struct reading *reading) {
    json_decref(reading->rows);
    eg_arena_free(reading->arena);
}

static json_t *text(const struct eg_value *cell) {
    return cell->null ? json_null() : json_stringn(cell->s.p, cell->s.n);
}

static json_t *moment(const struct eg_value *cell) {
    char out[EG_TIME_TEXT_B];
    if (cell->null) {
        return json_null();
    }
    eg_time_format(cell->i, out);
    return json_string(out);
}

/* As text when it is UTF-8 without NUL, else in base 64. */
static void add_original(json_t *entry, const struct eg_value *cell) {
    json_t *plain = cell->null || memchr(cell->s.p, 0, cell->s.n) ? NULL : json_stringn(cell->s.p, cell->s.n);
    if (plain) {
        json_object_set_new(entry, "original", plain);
        return;
    }
    struct eg_buf coded;
    eg_buf_init(&coded, CODED_MOST_B);
    if (!cell->null)
        eg_buf_base64(&coded, cell->s.p, cell->s.n);
    json_object_set_new(entry, "original_base64",
                        cell->null || coded.failed ? json_null() : json_stringn(eg_buf_text(&coded), coded.len));
    eg_buf_free(&coded);
}

static bool take_row(void *ctx, const struct eg_value *cells, size_t n) {
    struct reading *reading = ctx;
    (void)n;
    if (!reading->req || json_array_size(reading->rows) >= reading->limit) {
        return false;
    }
    json_t *entry = json_object();
    json_object_set_new(entry, "id", text(&cells[ID]));
    json_object_set_new(entry, "code", text(&cells[CODE]));
    json_object_set_new(entry, "errors", json_loadb(cells[ERRORS].s.p, cells[ERRORS].s.n, 0, NULL));
    json_object_set_new(entry, "topic", text(&cells[TOPIC]));
    json_object_set_new(entry, "event_id", text(&cells[EVENT_ID]));
    json_object_set_new(entry, "scope", text(&cells[SCOPE]));
    json_object_set_new(entry, "source", text(&cells[SOURCE]));
    json_object_set_new(entry, "received_utc", moment(&cells[RECEIVED]));
    json_object_set_new(entry, "last_seen_utc", moment(&cells[LAST_SEEN]));
    json_object_set_new(entry, "seen", json_integer(cells[SEEN].i));
    json_object_set_new(entry, "redriven_utc", moment(&cells[REDRIVEN]));
    json_object_set_new(entry, "redriven_id", text(&cells[REDRIVEN_ID]));
    json_object_set_new(entry, "size_b", json_integer(cells[SIZE].i));
    if (reading->whole) {
        add_original(entry, &cells[ORIGINAL]);
        const struct eg_value *headers = &cells[HEADERS];
        json_object_set_new(entry, "headers",
                            headers->null ? json_null() : json_loadb(headers->s.p, headers->s.n, 0, NULL));
    }
    json_array_append_new(reading->rows, entry);
    return true;
}

static void finish(void *ctx, const struct eg_err *err) {
    struct reading *reading = ctx;
    reading->finished = true;
    reading->handle = NULL;
    if (!reading->req) {
        free_reading(reading);
        return;
    }
    if (err) {
        reading->req->err = *err;
    }
    eg_request_wake(reading->req);
}

static void drop(struct eg_request *req) {
    struct reading *reading = req->state;
    req->state = NULL;
    if (!reading) {
        return;
    }
    if (reading->finished) {
        free_reading(reading);
        return;
    }
    reading->req = NULL;
    eg_db_read_cancel(reading->handle);
}

static struct reading *begin(struct eg_request *req, enum eg_sql sql, size_t limit) {
    struct eg_arena *arena = eg_arena_new(ROW_TEXT_B);
    struct reading *reading = arena ? eg_arena_zalloc(arena, sizeof(*reading)) : NULL;
    if (!reading) {
        eg_arena_free(arena);
        eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
        return NULL;
    }
    reading->req = req;
    reading->arena = arena;
    reading->rows = json_array();
    reading->limit = limit;
    reading->read =
        (struct eg_read){.sql = sql, .params = reading->params, .row = take_row, .done = finish, .ctx = reading};
    req->state = reading;
    return reading;
}

static eg_status read_limit(struct eg_request *req, size_t *limit) {
    const char *given = eg_request_query(req, "limit");
    char *end = NULL;
    long value = given ? strtol(given, &end, 10) : PAGE_DEFAULT;
    if (given && (end == given || *end || value < 1 || value > PAGE_MOST)) {
        return eg_err_set(&req->err, EG_E_USAGE, "limit", "limit is a number from 1 to %d", PAGE_MOST);
    }
    *limit = (size_t)value;
    return EG_OK;
}

/* `before` goes backwards, as order=desc does without it; `after` forwards, as nothing at all does. */
static eg_status read_order(struct eg_request *req, bool *backwards) {
    const char *order = eg_request_query(req, "order");
    const char *before = eg_request_query(req, "before"), *after = eg_request_query(req, "after");
    bool has_before = before && *before, has_after = after && *after;
    *backwards = has_before;
    if (order && *order) {
        *backwards = strcmp(order, "desc") == 0;
        if (!*backwards && strcmp(order, "asc") != 0) {
            return eg_err_set(&req->err, EG_E_USAGE, "order", "order is asc, the oldest first, or desc, the newest first");
        }
    }
    if (*backwards ? has_after : has_before) {
        return eg_err_set(&req->err, EG_E_USAGE, *backwards ? "after" : "before",
                          "after goes on with the oldest first, before with the newest first: give the one that fits the order");
    }
    return EG_OK;
}

static struct eg_value filter(struct reading *reading, const char *name) {
    const char *given = eg_request_query(reading->req, name);
    return given && *given ? eg_cstr(eg_arena_dup(reading->arena, given, strlen(given))) : eg_null();
}

static eg_status filter_time(struct reading *reading, const char *name, struct eg_value *value) {
    const char *given = eg_request_query(reading->req, name);
    int64_t us;
    *value = eg_null();
    if (!given || !*given) {
        return EG_OK;
    }
    if (!eg_time_parse(given, strlen(given), true, &us)) {
        return eg_err_set(&reading->req->err, EG_E_USAGE, name, "%s is a moment like 2025-10-10T12:00:00Z", name);
    }
    *value = eg_int(us);
    return EG_OK;
}

static eg_status filter_redriven(struct reading *reading, struct eg_value *value) {
    const char *given = eg_request_query(reading->req, "redriven");
    *value = eg_null();
    if (!given || !*given) {
        return EG_OK;
    }
    if (strcmp(given, "true") != 0 && strcmp(given, "false") != 0) {
        return eg_err_set(&reading->req->err, EG_E_USAGE, "redriven", "redriven is true or false");
    }
    *value = eg_bool(strcmp(given, "true") == 0);
    return EG_OK;
}

static bool take_last(void *ctx, const struct eg_value *cells, size_t n) {
    struct reading *reading = ctx;
    (void)n;
    reading->last = eg_arena_dup(reading->arena, cells[0].s.p, cells[0].s.n);
    return true;
}

static bool is_filtered(const struct reading *reading) {
    bool filtered = false;
    for (size_t i = 1; i < 6; i++) {
        filtered |= !reading->params[i].null;
    }
    return filtered;
}

/* Up to which letter a page with filters looks. */
static enum eg_step_result list_span(struct eg_request *req) {
    struct reading *reading = req->state;
    size_t limit = PAGE_DEFAULT;
    bool backwards = false;
    if (reading) {
        return reading->finished ? EG_MORE : EG_WAIT;
    }
    if (read_limit(req, &limit) || read_order(req, &backwards) || !(reading = begin(req, EG_SQL_DLQ_LIST, limit + 1))) {
        return eg_request_problem(req, NULL);
    }
    reading->backwards = backwards;
    reading->params[0] = filter(reading, backwards ? "before" : "after");
    if (reading->params[0].null) {
        reading->params[0] = eg_cstr(backwards ? BEHIND_ALL : BEFORE_ALL);
    }
    reading->params[1] = filter(reading, "code");
    reading->params[2] = filter(reading, "topic");
    reading->finished = true;
    if (filter_time(reading, "since", &reading->params[3]) || filter_time(reading, "until", &reading->params[4]) ||
        filter_redriven(reading, &reading->params[5])) {
        return eg_request_problem(req, NULL);
    }
    if (!is_filtered(reading)) {
        return EG_MORE;
    }
    reading->finished = false;
    reading->span[0] = reading->params[0];
    reading->span[1] = eg_int(eg_admin_of(req)->config.list_rows - 1);
    reading->read.sql = backwards ? EG_SQL_DLQ_SPAN_BACK : EG_SQL_DLQ_SPAN;
    reading->read.params = reading->span;
    reading->read.n_params = 2;
    reading->read.lengthy = true;
    reading->read.row = take_last;
    reading->handle = eg_db_read(eg_admin_of(req)->config.db, &reading->read);
    return EG_WAIT;
}

/* One row more than the page is asked for, so that the answer knows whether there is more. */
static enum eg_step_result list_read(struct eg_request *req) {
    struct reading *reading = req->state;
    if (reading->asked) {
        return reading->finished ? EG_MORE : EG_WAIT;
    }
    if (req->err.code != EG_E_NONE) {
        return eg_request_problem(req, NULL);
    }
    reading->params[6] = eg_int((int64_t)reading->limit);
    reading->params[7] = eg_cstr(reading->last ? reading->last : reading->backwards ? BEFORE_ALL : BEHIND_ALL);
    reading->read.sql = reading->backwards ? EG_SQL_DLQ_LIST_BACK : EG_SQL_DLQ_LIST;
    reading->read.params = reading->params;
    reading->read.n_params = 8;
    reading->read.row = take_row;
    reading->asked = true;
    reading->finished = false;
    reading->handle = eg_db_read(eg_admin_of(req)->config.db, &reading->read);
    return EG_WAIT;
}

static const char *id_of(const struct reading *reading, size_t i) {
    return json_string_value(json_object_get(json_array_get(reading->rows, i), "id"));
}

static enum eg_step_result list_answer(struct eg_request *req) {
    struct reading *reading = req->state;
    if (req->err.code != EG_E_NONE) {
        return eg_request_problem(req, NULL);
    }
    bool more = json_array_size(reading->rows) >= reading->limit;
    if (more) {
        json_array_remove(reading->rows, reading->limit - 1);
    }
    size_t n = json_array_size(reading->rows);
    const char *first = n ? id_of(reading, 0) : NULL, *last = n ? id_of(reading, n - 1) : NULL;
    if (reading->last && !more) { /* the page ended with what it looks at: behind that it goes on */
        last = reading->last;
        more = true;
    }
    const char *newest = reading->backwards ? first : last, *oldest = reading->backwards ? last : first;
    return eg_admin_answer_json(req, 200,
                                json_pack("{s:O, s:s?, s:s?, s:b}", "dead_letters", reading->rows, "next", newest, "prev", oldest,
                                          "more", (int)more));
}

static enum eg_step_result get_read(struct eg_request *req) {
    struct reading *reading = req->state;
    if (reading) {
        return reading->finished ? EG_MORE : EG_WAIT;
    }
    if (!(reading = begin(req, EG_SQL_DLQ_GET, 1))) {
        return eg_request_problem(req, NULL);
    }
    reading->whole = true;
    reading->params[0] = eg_cstr(eg_arena_dup(reading->arena, req->param, strlen(req->param)));
    reading->read.n_params = 1;
    reading->handle = eg_db_read(eg_admin_of(req)->config.db, &reading->read);
    return EG_WAIT;
}

static enum eg_step_result get_answer(struct eg_request *req) {
    const struct reading *reading = req->state;
    if (req->err.code == EG_E_NONE && json_array_size(reading->rows) == 0) {
        eg_err_set(&req->err, EG_E_NOT_FOUND, NULL, "no dead letter %.128s is kept", req->param);
    }
    if (req->err.code != EG_E_NONE) {
        return eg_request_problem(req, NULL);
    }
    return eg_admin_answer_json(req, 200, json_incref(json_array_get(reading->rows, 0)));
}

static const struct eg_step list_way[] = {{"span", list_span}, {"read", list_read}, {"answer", list_answer}};
static const struct eg_step get_way[] = {{"read", get_read}, {"answer", get_answer}};
const struct eg_flow eg_flow_dlq_list = {.name = "dlq_list", .n_steps = 3, .steps = list_way, .drop = drop};
const struct eg_flow eg_flow_dlq_get = {.name = "dlq_get", .n_steps = 2, .steps = get_way, .drop = drop};
