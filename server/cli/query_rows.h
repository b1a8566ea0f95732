/* Takes a query's JSON answer apart while it comes: each row stands on a line of its own. */
#ifndef EG_CLI_QUERY_ROWS_H
#define EG_CLI_QUERY_ROWS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"

struct eg_query_rows {
    /* The columns, once, then the rows; each takes its value over. */
    void (*columns)(void *ctx, json_t *columns);
    void (*row)(void *ctx, json_t *row);
    void *ctx;
    struct eg_buf line;
    bool begun;
    bool broken;  /* what came is no such answer */
    json_t *tail; /* row_count, truncated, elapsed_ms, error; NULL: the end has not come */
};

void eg_query_rows_init(struct eg_query_rows *rows);
bool eg_query_rows_take(void *rows, const char *bytes, size_t n); /* an eg_client_take */
void eg_query_rows_free(struct eg_query_rows *rows);

#endif
