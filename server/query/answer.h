/* Rows as text: JSON, NDJSON or CSV. The writer holds nothing but the names; what it writes goes to a buffer that its caller
 * empties as it likes. */
#ifndef EG_QUERY_ANSWER_H
#define EG_QUERY_ANSWER_H

#include "base/buf.h"
#include "egql/egql.h"
#include "server/http/request.h"

enum eg_format { EG_FORMAT_JSON, EG_FORMAT_NDJSON, EG_FORMAT_CSV };
#define EG_FORMATS 3

const char *eg_format_type(enum eg_format format); /* the media type, with its parameters */
bool eg_format_by_name(const char *name, enum eg_format *format);
/* By ?format=, else by Accept. err (usage, not_acceptable) is in req->err. */
EG_MUST_CHECK eg_status eg_format_asked(struct eg_request *req, enum eg_format *format);
/* The best that an Accept value allows (NULL: json); false when it allows none of the three. */
bool eg_format_by_accept(const char *accept, enum eg_format *format);

struct eg_answer {
    enum eg_format format;
    size_t n_columns;
    const struct egql_column *columns;
    const struct eg_str *keys; /* NDJSON: {"name": and ,"name": */
    int64_t rows;
};

/* What stands behind the rows. */
struct eg_answer_end {
    bool truncated;
    const char *note; /* egql_run_note; NULL without */
    int64_t took_us;
    const char *generated_at;    /* a panel's; NULL without */
    const struct eg_err *err;    /* NULL: the rows are complete */
    const struct egql_diag *diag; /* with err, when the query is at fault; or NULL */
};

/* False when the arena is full. Columns live as long as the answer. */
EG_MUST_CHECK bool eg_answer_init(struct eg_answer *answer, enum eg_format format, const struct egql_column *columns,
                                  size_t n_columns, struct eg_arena *arena);
void eg_answer_head(const struct eg_answer *answer, struct eg_buf *out);
void eg_answer_row(struct eg_answer *answer, const struct eg_value *cells, struct eg_buf *out);
/* CSV has no place for a status: nothing is written. */
void eg_answer_tail(const struct eg_answer *answer, const struct eg_answer_end *end, struct eg_buf *out);

/* One value as JSON. */
void eg_answer_value(enum eg_type type, const struct eg_value *value, struct eg_buf *out);

#endif
