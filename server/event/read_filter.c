/* The filters of GET /v1/events, as SQL that both stores understand: fixed fragments with numbered parameters. A topic pattern becomes
 * a range over its literal beginning; what the range lets through is matched again, when there is more to the pattern. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "server/event/read.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MOST 1000

static void add(struct eg_event_filter *filter, struct eg_buf *where, const char *fragment, enum eg_type type,
                struct eg_value value) {
    EG_ASSERT(filter->n_params < EG_FILTER_PARAMS);
    filter->types[filter->n_params] = type;
    filter->params[filter->n_params++] = value;
    eg_buf_str(where, where->len ? " AND " : " WHERE ");
    eg_buf_str(where, fragment);
    eg_buf_printf(where, "$%zu", filter->n_params);
}

static const char *add_equal(struct eg_request *req, struct eg_event_filter *filter, struct eg_buf *where, const char *name,
                             const char *fragment) {
    const char *given = eg_request_query(req, name);
    if (!given)
        return NULL;
    const char *text = eg_arena_dup(filter->arena, given, strlen(given));
    if (text)
        add(filter, where, fragment, EG_TEXT, eg_cstr(text));
    return text;
}

static eg_status add_topic(struct eg_request *req, struct eg_event_filter *filter, struct eg_buf *where) {
    const char *given = eg_request_query(req, "topic");
    if (!given)
        return EG_OK;
    const char *pattern = eg_arena_dup(filter->arena, given, strlen(given));
    if (!pattern)
        return eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
    size_t literal = strcspn(pattern, "*");
    filter->pattern = pattern;
    if (!pattern[literal]) {
        add(filter, where, "topic = ", EG_TEXT, eg_cstr(pattern));
        return EG_OK;
    }
    if (strcmp(pattern + literal, "*") != 0)
        filter->topic = pattern;
    if (!literal)
        return EG_OK;
    char *next = eg_arena_dup(filter->arena, pattern, literal);
    if (!next || (unsigned char)next[literal - 1] >= 0x7f)
        return eg_err_set(&req->err, EG_E_USAGE, NULL, "topic is an ASCII pattern such as core.* or *.finished@v1");
    next[literal - 1]++;
    add(filter, where, "topic >= ", EG_TEXT, eg_text(pattern, literal));
    add(filter, where, "topic < ", EG_TEXT, eg_text(next, literal));
    return EG_OK;
}

static eg_status add_time(struct eg_request *req, struct eg_event_filter *filter, struct eg_buf *where, const char *name,
                          const char *fragment, int64_t *at_us) {
    const char *text = eg_request_query(req, name);
    int64_t us;
    if (!text)
        return EG_OK;
    if (!eg_time_parse(text, strlen(text), true, &us))
        return eg_err_set(&req->err, EG_E_USAGE, NULL, "%s is an RFC 3339 time such as 2025-10-10T00:00:00Z", name);
    add(filter, where, fragment, EG_TIME, eg_int(us));
    *at_us = us;
    return EG_OK;
}

static eg_status read_int(struct eg_request *req, const char *name, int64_t least, int64_t most, int64_t *value, bool *given) {
    const char *text = eg_request_query(req, name);
    char *end;
    *given = text != NULL;
    if (!text)
        return EG_OK;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || number < least || number > most || errno)
        return eg_err_set(&req->err, EG_E_USAGE, NULL, "%s is a whole number from %lld to %lld", name, (long long)least,
                          (long long)most);
    *value = number;
    return EG_OK;
}

static eg_status add_position(struct eg_request *req, struct eg_event_filter *filter, struct eg_buf *where) {
    int64_t after = 0, before = INT64_MAX;
    bool has_after, has_before, has_limit;
    filter->limit = LIMIT_DEFAULT;
    if (read_int(req, "after", 0, INT64_MAX, &after, &has_after) != EG_OK ||
        read_int(req, "before", 0, INT64_MAX, &before, &has_before) != EG_OK ||
        read_int(req, "limit", 1, LIMIT_MOST, &filter->limit, &has_limit) != EG_OK)
        return EG_FAIL;
    if (has_after)
        add(filter, where, "position > ", EG_INT8, eg_int(after));
    if (has_before)
        add(filter, where, "position < ", EG_INT8, eg_int(before));
    filter->backwards = !has_after;
    filter->after = after;
    filter->before = before;
    if (filter->walks) {
        add(filter, where, filter->backwards ? "position >= " : "position <= ", EG_INT8, eg_int(0));
        filter->edge = &filter->params[filter->n_params - 1];
    }
    return EG_OK;
}

static eg_status read_conditions(struct eg_request *req, struct eg_arena *arena, struct eg_event_filter *filter,
                                 struct eg_buf *where) {
    *filter = (struct eg_event_filter){.arena = arena, .since_us = INT64_MIN, .until_us = INT64_MAX};
    filter->sha = add_equal(req, filter, where, "sha", "repo_sha = ");
    filter->branch = add_equal(req, filter, where, "branch", "repo_branch = ");
    filter->correlation_id = add_equal(req, filter, where, "correlation_id", "correlation_id = ");
    if (add_topic(req, filter, where) != EG_OK ||
        add_time(req, filter, where, "since", "ts_utc >= ", &filter->since_us) != EG_OK)
        return EG_FAIL;
    if (add_time(req, filter, where, "until", "ts_utc < ", &filter->until_us) != EG_OK)
        return EG_FAIL;
    filter->filtered = where->len || filter->pattern;
    filter->walks = filter->filtered && !filter->sha && !filter->correlation_id;
    return EG_OK;
}

/* Positions have no gaps: so many of them are so many rows. */
void eg_event_filter_span(struct eg_event_filter *filter, int64_t rows, int64_t oldest, int64_t newest) {
    if (filter->backwards) {
        int64_t from = filter->before <= newest ? filter->before - 1 : newest;
        filter->from = from > 0 ? from : 0;
        filter->upto = from - rows + 1;
        filter->cut = filter->upto > oldest;
        *filter->edge = eg_int(filter->cut ? filter->upto : 0);
    } else {
        int64_t from = filter->after >= oldest ? filter->after + 1 : oldest;
        filter->from = from;
        filter->cut = from <= newest && newest - from >= rows;
        filter->upto = filter->cut ? from + rows - 1 : INT64_MAX;
        *filter->edge = eg_int(filter->upto);
    }
}

static eg_status no_memory(struct eg_request *req) {
    return eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
}

eg_status eg_event_filter_read(struct eg_request *req, struct eg_arena *arena, struct eg_event_filter *filter) {
    struct eg_buf where;
    eg_buf_init(&where, 2048);
    eg_status status = read_conditions(req, arena, filter, &where);
    if (status == EG_OK)
        status = add_position(req, filter, &where);
    if (status == EG_OK) {
        /* One more than asked tells whether there is more; a pattern that SQL cannot check is limited while reading. */
        const char *order = filter->backwards ? " ORDER BY position DESC" : " ORDER BY position";
        char limit[32] = "";
        if (!filter->topic)
            snprintf(limit, sizeof limit, " LIMIT %lld", (long long)filter->limit + 1);
        filter->sql = eg_arena_printf(arena, "SELECT " EG_EVENT_COLUMN_LIST " FROM events%s%s%s", eg_buf_text(&where), order,
                                      limit);
        if (!filter->sql)
            status = no_memory(req);
    }
    eg_buf_free(&where);
    return status;
}

eg_status eg_event_filter_read_stream(struct eg_request *req, struct eg_arena *arena, struct eg_event_filter *filter) {
    struct eg_buf where;
    eg_buf_init(&where, 2048);
    eg_status status = read_conditions(req, arena, filter, &where);
    if (status == EG_OK) {
        add(filter, &where, "position > ", EG_INT8, eg_int(0));
        add(filter, &where, "position <= ", EG_INT8, eg_int(0));
        filter->types[filter->n_params++] = EG_INT8;
        filter->sql = eg_arena_printf(arena, "SELECT " EG_EVENT_COLUMN_LIST " FROM events%s ORDER BY position LIMIT $%zu",
                                      eg_buf_text(&where), filter->n_params);
        if (!filter->sql)
            status = no_memory(req);
    }
    eg_buf_free(&where);
    return status;
}

static bool same(const char *wanted, struct eg_str text) {
    return !wanted || (text.p && strlen(wanted) == text.n && memcmp(wanted, text.p, text.n) == 0);
}

bool eg_event_filter_match(const struct eg_event_filter *filter, const struct eg_event_marks *marks) {
    return (!filter->pattern || eg_text_matches(filter->pattern, marks->topic.p, marks->topic.n)) &&
           same(filter->sha, marks->sha) && same(filter->branch, marks->branch) &&
           same(filter->correlation_id, marks->correlation_id) && marks->ts_us >= filter->since_us &&
           marks->ts_us < filter->until_us;
}
