/* A panel's answer as JSON, NDJSON or CSV: as a query's, and generated_at. The ETag is made of columns and rows alone, so that an
 * answer that says the same later is the same. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/query/board_int.h"

#define ETAG_BYTES 16

/* JSON as it was stored may have line breaks between its tokens; within its strings there are none. */
static void add_json(struct eg_buf *out, const struct eg_str *text) {
    const char *p = text->p, *end = text->p + text->n;
    while (p < end) {
        size_t n = 0;
        while (p + n < end && p[n] != '\n' && p[n] != '\r') {
            n++;
        }
        eg_buf_add(out, p, n);
        p += n;
        if (p < end) {
            eg_buf_char(out, ' ');
            p++;
        }
    }
}

static void add_cell(struct eg_buf *out, enum eg_type type, const struct eg_value *cell) {
    char time[EG_TIME_TEXT_B];
    if (cell->null) {
        eg_buf_str(out, "null");
        return;
    }
    switch (type) {
    case EG_INT4:
    case EG_INT8: eg_buf_printf(out, "%lld", (long long)cell->i); break;
    case EG_FLOAT8: eg_buf_json_double(out, cell->d); break;
    case EG_BOOL: eg_buf_str(out, cell->b ? "true" : "false"); break;
    case EG_JSON: add_json(out, &cell->s); break;
    case EG_TIME:
        eg_time_format(cell->i, time);
        eg_buf_printf(out, "\"%s\"", time);
        break;
    default: eg_buf_json_string(out, cell->s.p, cell->s.n); break;
    }
}

/* RFC 4180: a field with a quote, a comma or a line break is quoted. */
static void add_field(struct eg_buf *out, const char *text, size_t n) {
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        quoted = quoted || strchr("\",\r\n", text[i]);
    }
    if (!quoted) {
        eg_buf_add(out, text, n);
        return;
    }
    eg_buf_char(out, '"');
    for (size_t i = 0; i < n; i++) {
        eg_buf_str(out, text[i] == '"' ? "\"" : "");
        eg_buf_char(out, text[i]);
    }
    eg_buf_char(out, '"');
}

static void add_csv(struct eg_buf *out, enum eg_type type, const struct eg_value *cell) {
    char time[EG_TIME_TEXT_B];
    if (cell->null) {
        return;
    }
    if (type == EG_TEXT || type == EG_JSON) {
        add_field(out, cell->s.p, cell->s.n);
    } else if (type == EG_TIME) {
        eg_time_format(cell->i, time);
        eg_buf_str(out, time);
    } else {
        add_cell(out, type, cell);
    }
}

bool eg_board_write_row(struct eg_board_writer *w, const struct eg_value *cells) {
    if (w->n_rows == w->rows_most) {
        w->truncated = true;
        return false;
    }
    size_t before = w->rows.len;
    if (w->format == EG_BOARD_JSON) {
        eg_buf_str(&w->rows, w->n_rows ? ",[" : "[");
    } else {
        eg_buf_str(&w->rows, w->format == EG_BOARD_NDJSON ? "{" : "");
    }
    for (size_t i = 0; i < w->n_columns; i++) {
        eg_buf_str(&w->rows, i ? "," : "");
        if (w->format == EG_BOARD_CSV) {
            add_csv(&w->rows, w->types[i], &cells[i]);
            continue;
        }
        if (w->format == EG_BOARD_NDJSON) {
            eg_buf_json_string(&w->rows, w->names[i], strlen(w->names[i]));
            eg_buf_char(&w->rows, ':');
        }
        add_cell(&w->rows, w->types[i], &cells[i]);
    }
    eg_buf_str(&w->rows, w->format == EG_BOARD_JSON ? "]" : w->format == EG_BOARD_NDJSON ? "}\n" : "\r\n");
    if (w->rows.failed) { /* the bound of its bytes: the row that did not fit goes */
        w->rows.failed = false;
        w->rows.len = before;
        w->truncated = true;
        return false;
    }
    w->n_rows++;
    return true;
}

static void add_columns(const struct eg_board_writer *w, struct eg_buf *out) {
    eg_buf_str(out, "\"columns\":[");
    for (size_t i = 0; i < w->n_columns; i++) {
        eg_buf_str(out, i ? ",{\"name\":" : "{\"name\":");
        eg_buf_json_string(out, w->names[i], strlen(w->names[i]));
        eg_buf_printf(out, ",\"type\":\"%s\"}", egql_type_name(w->types[i]));
    }
    eg_buf_char(out, ']');
}

static void add_status(const struct eg_board_writer *w, int64_t took_us, struct eg_buf *out) {
    eg_buf_printf(out, "\"row_count\":%lld,\"truncated\":%s,\"elapsed_ms\":%.3f", (long long)w->n_rows,
                  w->truncated ? "true" : "false", (double)took_us / 1000);
}

static void write_body(struct eg_board_writer *w, int64_t took_us, struct eg_buf *out) {
    char now[EG_TIME_TEXT_B];
    eg_time_format(eg_clock_now_us(), now);
    if (w->format == EG_BOARD_JSON) {
        eg_buf_printf(out, "{\"panel\":\"%s\",\"generated_at\":\"%s\",", w->panel, now);
        add_columns(w, out);
        eg_buf_str(out, ",\"rows\":[");
    } else if (w->format == EG_BOARD_CSV) {
        for (size_t i = 0; i < w->n_columns; i++) {
            eg_buf_str(out, i ? "," : "");
            add_field(out, w->names[i], strlen(w->names[i]));
        }
        eg_buf_str(out, "\r\n");
    }
    eg_buf_add(out, w->rows.data, w->rows.len);
    if (w->format == EG_BOARD_JSON) {
        eg_buf_str(out, "],");
        add_status(w, took_us, out);
        eg_buf_str(out, "}\n");
    } else if (w->format == EG_BOARD_NDJSON) {
        eg_buf_printf(out, "{\"status\":\"done\",\"panel\":\"%s\",\"generated_at\":\"%s\",", w->panel, now);
        add_status(w, took_us, out);
        eg_buf_str(out, "}\n");
    }
}

static bool write_etag(const struct eg_board_writer *w, char *etag) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    struct eg_buf head;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    eg_buf_init(&head, 1 << 20);
    eg_buf_printf(&head, "%s %d %d", w->panel, (int)w->format, (int)w->truncated);
    add_columns(w, &head);
    bool ok = ctx && !head.failed && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(ctx, head.data, head.len) == 1 && EVP_DigestUpdate(ctx, w->rows.data, w->rows.len) == 1 &&
              EVP_DigestFinal_ex(ctx, hash, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    eg_buf_free(&head);
    if (ok) {
        etag += sprintf(etag, "W/\"");
        for (int i = 0; i < ETAG_BYTES; i++) {
            etag += sprintf(etag, "%02x", hash[i]);
        }
        (void)sprintf(etag, "\"");
    }
    return ok;
}

struct eg_board_answer *eg_board_write_end(struct eg_board_writer *w, int64_t took_us) {
    struct eg_board_answer *answer = calloc(1, sizeof *answer);
    struct eg_buf body;
    eg_buf_init(&body, w->rows.len + (1U << 20));
    write_body(w, took_us, &body);
    if (!answer || body.failed || !write_etag(w, answer->etag)) {
        free(answer);
        eg_buf_free(&body);
        return NULL;
    }
    answer->refs = 1;
    answer->made_us = eg_clock_mono_us();
    answer->body = eg_buf_detach(&body, &answer->len);
    return answer;
}
