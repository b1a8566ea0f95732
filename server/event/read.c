/* GET /v1/events/{id} and GET /v1/events. */
#include "server/event/read.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "server/event/room.h"
#include "server/registry/json_write.h"

#define LIST_MOST_B ((size_t)8 << 20) /* a page ends early rather than being larger */
#define READING_MOST_B ((size_t)72 << 20)

const enum eg_type eg_event_column_types[EG_EVENT_COLUMNS] = {EG_TEXT, EG_TEXT, EG_TIME, EG_TEXT, EG_TEXT,
                                                              EG_TEXT, EG_TEXT, EG_TEXT, EG_JSON, EG_JSON,
                                                              EG_JSON, EG_TEXT, EG_TEXT, EG_INT8, EG_TIME};

static const char *const names[EG_EVENT_COLUMNS] = {
    "id",  "topic",   "ts_utc",    "source",          "correlation_id", "causation_id", "repo_sha", "repo_branch",
    "env", "payload", "artifacts", "idempotency_key", "trust",          "position",     "received_utc"};

void eg_event_write(struct eg_buf *out, const struct eg_value *cells) {
    const char *separator = "{";
    for (int i = 0; i < EG_EVENT_COLUMNS; i++) {
        if (cells[i].null)
            continue;
        eg_buf_printf(out, "%s\"%s\":", separator, names[i]);
        separator = ",";
        char time[EG_TIME_TEXT_B];
        switch (eg_event_column_types[i]) {
        case EG_JSON: eg_buf_add(out, cells[i].s.p, cells[i].s.n); break;
        case EG_INT8: eg_buf_printf(out, "%lld", (long long)cells[i].i); break;
        case EG_TIME:
            eg_time_format(cells[i].i, time);
            eg_buf_printf(out, "\"%s\"", time);
            break;
        default: eg_buf_json_string(out, cells[i].s.p, cells[i].s.n); break;
        }
    }
    eg_buf_char(out, '}');
}

void eg_event_write_upcast(struct eg_buf *out, const struct eg_registry *registry, const struct eg_value *cells) {
    const struct eg_topic *topic = eg_registry_topic(registry, cells[1].s.p, cells[1].s.n);
    json_t *payload = topic && topic->next ? json_loadb(cells[9].s.p, cells[9].s.n, 0, NULL) : NULL;
    for (; payload && topic->next; topic = topic->next) {
        json_t *made = eg_upcast(topic->next->upcast, payload);
        json_decref(payload);
        payload = made;
    }
    struct eg_buf text;
    eg_buf_init(&text, READING_MOST_B);
    if (payload)
        eg_json_write(&text, payload);
    json_decref(payload);
    if (!payload || text.failed) { /* nothing to do, or no memory: as it is stored is always true */
        eg_buf_free(&text);
        eg_event_write(out, cells);
        return;
    }
    struct eg_value as[EG_EVENT_COLUMNS];
    memcpy(as, cells, sizeof as);
    as[1] = eg_cstr(topic->name);
    as[9] = eg_text(text.data, text.len);
    eg_event_write(out, as);
    if (!out->failed)
        out->len--; /* the closing brace */
    eg_buf_str(out, ",\"upcast_from\":");
    eg_buf_json_string(out, cells[1].s.p, cells[1].s.n);
    eg_buf_char(out, '}');
    eg_buf_free(&text);
}

/* ?upcast, ?upcast=1 or 0 */
static eg_status read_upcast(struct eg_request *req, bool *upcast) {
    const char *text = eg_request_query(req, "upcast");
    *upcast = text && (!*text || strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
    if (!text || *upcast || strcmp(text, "0") == 0 || strcmp(text, "false") == 0)
        return EG_OK;
    return eg_err_set(&req->err, EG_E_USAGE, NULL, "upcast is 1 or 0");
}

struct reading {
    struct eg_request *req; /* NULL: gone */
    struct eg_event_filter filter;
    struct eg_value param; /* of a single event */
    struct eg_read read;
    struct eg_read_handle *handle;
    struct eg_arena *arena; /* this and all that the read uses: it may outlive the request */
    struct eg_str *rows;
    int64_t oldest, newest; /* of the log: for a list that walks it */
    size_t n_rows;
    size_t size_b;
    int64_t first_position, last_position;
    const struct eg_event *event;
    bool upcast;
    bool more;
    bool done;
};

/* The request may be gone by now: then nobody waits, and what the read used goes. */
static void finish(void *ctx, const struct eg_err *err) {
    struct reading *reading = ctx;
    reading->done = true;
    if (!reading->req) {
        eg_arena_free(reading->arena);
        return;
    }
    if (err)
        reading->req->err = *err;
    eg_request_wake(reading->req);
}

static bool take_row(void *ctx, const struct eg_value *cells, size_t n_columns) {
    struct reading *reading = ctx;
    const struct eg_event_filter *filter = &reading->filter;
    EG_ASSERT(n_columns == EG_EVENT_COLUMNS);
    if (filter->topic && !eg_text_matches(filter->topic, cells[1].s.p, cells[1].s.n))
        return true;
    if (reading->n_rows == (size_t)filter->limit || (reading->n_rows && reading->size_b > LIST_MOST_B)) {
        reading->more = true;
        return false;
    }
    struct eg_buf row;
    eg_buf_init(&row, (size_t)64 << 20);
    if (reading->upcast)
        eg_event_write_upcast(&row, reading->event->registry, cells);
    else
        eg_event_write(&row, cells);
    char *text = row.failed ? NULL : eg_arena_dup(reading->arena, row.data, row.len);
    struct eg_str made = {text, row.len};
    eg_buf_free(&row);
    if (!text) {
        reading->more = true;
        return false;
    }
    if (reading->n_rows++ == 0)
        reading->first_position = cells[13].i;
    reading->last_position = cells[13].i;
    reading->rows[reading->n_rows - 1] = made;
    reading->size_b += made.n;
    return true;
}

static struct reading *begin(struct eg_request *req) {
    struct eg_arena *arena = eg_arena_new(READING_MOST_B);
    struct reading *reading = arena ? eg_arena_zalloc(arena, sizeof *reading) : NULL;
    if (!reading) {
        eg_arena_free(arena);
        eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
        return NULL;
    }
    reading->arena = arena;
    reading->req = req;
    reading->event = req->app;
    req->state = reading;
    return reading;
}

static enum eg_step_result start(struct reading *reading) {
    const struct eg_event *event = reading->req->app;
    reading->rows = eg_arena_alloc(reading->arena, (size_t)reading->filter.limit * sizeof *reading->rows);
    if (!reading->rows) {
        eg_err_set(&reading->req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
        return eg_request_problem(reading->req, NULL);
    }
    reading->read.n_columns = EG_EVENT_COLUMNS;
    reading->read.column_types = eg_event_column_types;
    reading->read.row = take_row;
    reading->read.done = finish;
    reading->read.ctx = reading;
    reading->done = false;
    reading->handle = eg_db_read(event->db, &reading->read);
    return EG_WAIT;
}

static void drop(struct eg_request *req) {
    struct reading *reading = req->state;
    if (!reading)
        return;
    req->state = NULL;
    reading->req = NULL;
    if (reading->handle && !reading->done)
        eg_db_read_cancel(reading->handle); /* finish comes, and frees */
    else
        eg_arena_free(reading->arena);
}

/* GET /v1/events/{id} */

static enum eg_step_result get_read(struct eg_request *req) {
    struct reading *reading = req->state;
    static const enum eg_type types[] = {EG_TEXT};
    if (reading)
        return reading->done ? EG_MORE : EG_WAIT;
    if (!(reading = begin(req)) || read_upcast(req, &reading->upcast) != EG_OK)
        return eg_request_problem(req, NULL);
    reading->filter.limit = 1;
    reading->param = eg_cstr(eg_arena_dup(reading->arena, req->param, strlen(req->param)));
    reading->read = (struct eg_read){
        .sql = EG_SQL_COUNT,
        /* the id table knows the time, and the time the partition */
        .text = "SELECT " EG_EVENT_COLUMN_LIST
                " FROM events WHERE id = $1 AND ts_utc = (SELECT i.ts_utc FROM event_ids i WHERE i.id = $1)",
        .n_params = 1,
        .params = &reading->param,
        .param_types = types,
        .by_key = true,
    };
    return start(reading);
}

static enum eg_step_result get_answer(struct eg_request *req) {
    const struct reading *reading = req->state;
    if (req->err.code == EG_E_NONE && !reading->n_rows)
        eg_err_set(&req->err, EG_E_NOT_FOUND, NULL, "no event %.128s is stored", req->param);
    if (req->err.code != EG_E_NONE)
        return eg_request_problem(req, NULL);
    eg_buf_add(&req->answer, reading->rows[0].p, reading->rows[0].n);
    eg_buf_char(&req->answer, '\n');
    return eg_request_answer(req, 200, "application/json");
}

/* GET /v1/events */

static bool take_ends(void *ctx, const struct eg_value *cells, size_t n_columns) {
    struct reading *reading = ctx;
    (void)n_columns;
    reading->newest = cells[0].i;
    reading->oldest = cells[1].null ? reading->newest + 1 : cells[1].i;
    return true;
}

/* Where the log begins and ends, so that a list that walks it can be given its span. */
static enum eg_step_result list_ends(struct eg_request *req) {
    static const enum eg_type types[] = {EG_INT8, EG_INT8};
    struct reading *reading = req->state;
    if (reading)
        return reading->done ? EG_MORE : EG_WAIT;
    if (!(reading = begin(req)) || read_upcast(req, &reading->upcast) != EG_OK ||
        eg_event_filter_read(req, reading->arena, &reading->filter) != EG_OK)
        return eg_request_problem(req, NULL);
    reading->done = !reading->filter.walks;
    if (reading->done)
        return EG_MORE;
    reading->read = (struct eg_read){.sql = EG_SQL_COUNT,
                                     .text = EG_EVENT_ENDS,
                                     .n_columns = 2,
                                     .column_types = types,
                                     .by_key = true,
                                     .row = take_ends,
                                     .done = finish,
                                     .ctx = reading};
    reading->handle = eg_db_read(reading->event->db, &reading->read);
    return EG_WAIT;
}

static enum eg_step_result list_read(struct eg_request *req) {
    struct reading *reading = req->state;
    struct eg_event_filter *filter = &reading->filter;
    if (reading->rows)
        return reading->done ? EG_MORE : EG_WAIT;
    if (req->err.code != EG_E_NONE)
        return eg_request_problem(req, NULL);
    if (filter->walks)
        eg_event_filter_span(filter, reading->event->config.list_rows, reading->oldest, reading->newest);
    reading->read = (struct eg_read){.sql = EG_SQL_COUNT,
                                     .text = filter->sql,
                                     .n_params = filter->n_params,
                                     .params = filter->params,
                                     .param_types = filter->types,
                                     .lengthy = filter->filtered,
                                     .by_key = !filter->filtered};
    return start(reading);
}

static const char *const kept[] = {"topic", "sha", "branch", "correlation_id", "since", "until", "limit", "upcast"};

static void add_target(struct eg_buf *link, struct eg_request *req, const char *name, int64_t position, const char *rel) {
    eg_buf_printf(link, "%s</v1/events?%s=%lld", link->len ? ", " : "", name, (long long)position);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        const char *value = eg_request_query(req, kept[i]);
        if (!value)
            continue;
        eg_buf_printf(link, "&%s=", kept[i]);
        for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
            if (strchr("-._~*@:", *p) || (*p < 0x80 && ((*p | 32) >= 'a' && (*p | 32) <= 'z')) || (*p >= '0' && *p <= '9'))
                eg_buf_char(link, (char)*p);
            else
                eg_buf_printf(link, "%%%02X", *p);
        }
    }
    eg_buf_printf(link, ">; rel=\"%s\"", rel);
}

/* `next` goes on forwards, behind the newest of this page, whichever way it was asked for; `prev` back, before the oldest (0: there is
 * none). The JSON says the same by number. */
static void add_link(struct eg_request *req, int64_t next, int64_t oldest) {
    struct eg_buf link;
    eg_buf_init(&link, 8192); /* http/ keeps as much free for it */
    add_target(&link, req, "after", next, "next");
    if (oldest > 1)
        add_target(&link, req, "before", oldest, "prev");
    if (!link.failed)
        eg_request_add_header(req, "Link", eg_buf_text(&link));
    eg_buf_free(&link);
}

static enum eg_step_result list_answer(struct eg_request *req) {
    const struct reading *reading = req->state;
    struct eg_buf *out = &req->answer;
    if (req->err.code != EG_E_NONE)
        return eg_request_problem(req, NULL);
    bool backwards = reading->filter.backwards;
    eg_buf_str(out, "{\"events\":[");
    for (size_t i = 0; i < reading->n_rows; i++) {
        const struct eg_str *row = &reading->rows[backwards ? reading->n_rows - 1 - i : i];
        if (i)
            eg_buf_char(out, ',');
        eg_buf_add(out, row->p, row->n);
    }
    int64_t newest = backwards ? reading->first_position : reading->last_position;
    int64_t oldest = backwards ? reading->last_position : reading->first_position;
    bool ended = reading->filter.cut && !reading->more; /* by the span, whose end is where it goes on */
    if (!reading->n_rows) /* nothing new yet: ask again from the same place */
        newest = backwards ? reading->filter.from : reading->filter.after;
    if (ended)
        *(backwards ? &oldest : &newest) = reading->filter.upto;
    eg_buf_printf(out, "],\"next\":%lld,\"prev\":", (long long)newest);
    if (oldest > 1)
        eg_buf_printf(out, "%lld", (long long)oldest);
    else
        eg_buf_str(out, "null");
    eg_buf_printf(out, ",\"more\":%s}\n", reading->more || ended ? "true" : "false");
    add_link(req, newest, oldest);
    return eg_request_answer(req, 200, "application/json");
}

static const struct eg_step get_way[] = {{"read", get_read}, {"answer", get_answer}};
static const struct eg_step list_way[] = {{"ends", list_ends}, {"read", list_read}, {"answer", list_answer}};

const struct eg_flow eg_flow_event_get = {.name = "event_get", .n_steps = 2, .steps = get_way, .drop = drop};
const struct eg_flow eg_flow_events_list = {.name = "events_list", .n_steps = 3, .steps = list_way, .drop = drop};
