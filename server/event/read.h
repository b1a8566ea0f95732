/* Reading events back: the columns, how one is written as JSON, and the filters of a list. */
#ifndef EG_EVENT_READ_H
#define EG_EVENT_READ_H

#include "base/buf.h"
#include "db/db.h"
#include "server/http/request.h"
#include "server/registry/registry.h"

#define EG_EVENT_COLUMNS 15
#define EG_EVENT_COLUMN_LIST                                                                                              \
    "id, topic, ts_utc, source, correlation_id, causation_id, repo_sha, repo_branch, env_json, payload_json, "           \
    "artifacts_json, idempotency_key, trust, position, received_utc"

/* Where the log ends, and its oldest position that is kept: NULL when there is none. */
#define EG_EVENT_ENDS                                                                                                     \
    "SELECT p.position, (SELECT e.position FROM events e ORDER BY e.position LIMIT 1) FROM event_position p WHERE p.id = 1"

extern const enum eg_type eg_event_column_types[EG_EVENT_COLUMNS];

/* The envelope as stored, with position and received_utc; cells in the order of EG_EVENT_COLUMN_LIST. */
void eg_event_write(struct eg_buf *out, const struct eg_value *cells);

/* The same as the newest version of its topic that is declared to upcast from it: with that topic, and `upcast_from`. */
void eg_event_write_upcast(struct eg_buf *out, const struct eg_registry *registry, const struct eg_value *cells);

#define EG_FILTER_PARAMS 16

struct eg_event_filter {
    struct eg_arena *arena; /* of all that it points to */
    const char *sql;
    size_t n_params;
    struct eg_value params[EG_FILTER_PARAMS];
    enum eg_type types[EG_FILTER_PARAMS];
    /* The same conditions for eg_event_filter_match; NULL, INT64_MIN and INT64_MAX: none. */
    const char *pattern, *sha, *branch, *correlation_id;
    int64_t since_us, until_us;
    const char *topic; /* a pattern that SQL does not check whole; NULL: it does */
    int64_t limit;
    bool backwards; /* rows come newest first */
    bool filtered;  /* there are conditions besides positions */
    /* Filtered by what no index finds alone: a page looks at a span of the log, which eg_event_filter_span sets. */
    bool walks;
    int64_t after, before; /* 0, INT64_MAX: not given */
    struct eg_value *edge; /* the parameter of the span's end */
    bool cut;              /* the log goes on beyond the span */
    int64_t from, upto;    /* the first and the last position of the span, in the order of reading */
};

/* From the request's query: topic sha branch correlation_id since until after before limit. err usage names the parameter. */
EG_MUST_CHECK eg_status eg_event_filter_read(struct eg_request *req, struct eg_arena *arena, struct eg_event_filter *filter);

/* Of a filter that walks: the span is `rows` positions at most, of a log that stands from oldest to newest. */
void eg_event_filter_span(struct eg_event_filter *filter, int64_t rows, int64_t oldest, int64_t newest);

/* The same without positions and limit, for pages of a stream: the last three parameters are the positions behind which and up to
 * which a page goes, and its most rows, not all of which need to match. */
EG_MUST_CHECK eg_status eg_event_filter_read_stream(struct eg_request *req, struct eg_arena *arena, struct eg_event_filter *filter);

struct eg_event_marks { /* what conditions look at; p is NULL where the event has none */
    struct eg_str topic, sha, branch, correlation_id;
    int64_t ts_us;
};
bool eg_event_filter_match(const struct eg_event_filter *filter, const struct eg_event_marks *marks);

#endif
