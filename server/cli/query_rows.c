/* {"columns":[…],"rows":[ ⏎ [row], ⏎ … ⏎ [row] ⏎ ],"row_count":…} ⏎ , cut at its line breaks; an answer without rows is one
 * line. */
#include "server/cli/query_rows.h"

#include <string.h>

#define LINE_MOST_B ((size_t)1 << 30)

void eg_query_rows_init(struct eg_query_rows *rows) { eg_buf_init(&rows->line, LINE_MOST_B); }

void eg_query_rows_free(struct eg_query_rows *rows) {
    eg_buf_free(&rows->line);
    json_decref(rows->tail);
    rows->tail = NULL;
}

static json_t *parse(struct eg_buf *text) { return text->failed ? NULL : json_loadb(text->data, text->len, 0, NULL); }

static void take_head(struct eg_query_rows *rows) {
    bool whole = rows->line.len > 0 && rows->line.data[rows->line.len - 1] == '}';
    eg_buf_str(&rows->line, whole ? "" : "]}");
    json_t *head = parse(&rows->line), *columns = json_object_get(head, "columns");
    rows->begun = true;
    rows->broken = !json_is_array(columns);
    if (columns) {
        rows->columns(rows->ctx, json_incref(columns));
    }
    rows->tail = whole ? json_incref(head) : NULL;
    json_decref(head);
}

static void take_row(struct eg_query_rows *rows) {
    if (rows->line.data[rows->line.len - 1] == ',') {
        rows->line.len--;
    }
    json_t *row = parse(&rows->line);
    rows->broken = !json_is_array(row);
    if (rows->broken) {
        json_decref(row);
    } else {
        rows->row(rows->ctx, row);
    }
}

/* "],…}": the opening is put in its place, so that it is JSON by itself. */
static void take_tail(struct eg_query_rows *rows) {
    struct eg_buf whole;
    eg_buf_init(&whole, LINE_MOST_B);
    eg_buf_str(&whole, "{\"rows\":[");
    eg_buf_add(&whole, rows->line.data, rows->line.len);
    rows->tail = parse(&whole);
    rows->broken = !json_is_object(rows->tail);
    eg_buf_free(&whole);
}

static void take_line(struct eg_query_rows *rows) {
    if (rows->line.len == 0 || rows->tail) {
        rows->broken = true;
    } else if (!rows->begun) {
        take_head(rows);
    } else if (rows->line.data[0] == ']') {
        take_tail(rows);
    } else {
        take_row(rows);
    }
    rows->line.len = 0;
}

bool eg_query_rows_take(void *ctx, const char *bytes, size_t n) {
    struct eg_query_rows *rows = ctx;
    for (const char *end = bytes + n; bytes < end && !rows->broken;) {
        const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
        eg_buf_add(&rows->line, bytes, (size_t)((stop ? stop : end) - bytes));
        if (stop) {
            take_line(rows);
        }
        bytes = stop ? stop + 1 : end;
    }
    return !rows->broken && !rows->line.failed;
}
