/* Writing rows. A row costs no allocation: cells go straight into the buffer, JSON cells as they came from the database. */
#include "server/query/answer.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"

#define TIME_B (EG_TIME_TEXT_B - 1)

/* Line breaks in JSON are white space (inside strings they are escaped), and would end a line of NDJSON. */
static void add_json(struct eg_buf *out, const struct eg_str *json) {
    char *at = eg_buf_room(out, json->n);
    if (!at || json->n == 0) {
        return;
    }
    memcpy(at, json->p, json->n);
    out->len += json->n;
    for (const char *end = at + json->n; (at = memchr(at, '\n', (size_t)(end - at)));) {
        *at++ = ' ';
    }
    at = out->data + out->len - json->n;
    for (const char *end = at + json->n; (at = memchr(at, '\r', (size_t)(end - at)));) {
        *at++ = ' ';
    }
}

static void add_time(struct eg_buf *out, int64_t us) {
    char *at = eg_buf_room(out, EG_TIME_TEXT_B);
    if (at) {
        eg_time_format(us, at);
        out->len += TIME_B;
    }
}

void eg_answer_value(enum eg_type type, const struct eg_value *value, struct eg_buf *out) {
    if (value->null) {
        eg_buf_add(out, "null", 4);
        return;
    }
    switch (type) {
    case EG_TEXT:
        eg_buf_json_string(out, value->s.p, value->s.n);
        break;
    case EG_JSON:
        add_json(out, &value->s);
        break;
    case EG_INT4:
    case EG_INT8:
        eg_buf_int(out, value->i);
        break;
    case EG_FLOAT8:
        eg_buf_json_double(out, value->d);
        break;
    case EG_BOOL:
        eg_buf_str(out, value->b ? "true" : "false");
        break;
    case EG_TIME:
        eg_buf_char(out, '"');
        add_time(out, value->i);
        eg_buf_char(out, '"');
        break;
    case EG_BYTES:
        eg_buf_char(out, '"');
        eg_buf_base64(out, value->s.p, value->s.n);
        eg_buf_char(out, '"');
        break;
    }
}

/* CSV by RFC 4180: what holds a comma, a quote or a line break is quoted; so is the empty text, to differ from null. */

static void add_csv_text(struct eg_buf *out, const char *p, size_t n) {
    bool quoted = n == 0;
    for (size_t i = 0; i < n && !quoted; i++) {
        quoted = p[i] == ',' || p[i] == '"' || p[i] == '\n' || p[i] == '\r';
    }
    if (!quoted) {
        eg_buf_add(out, p, n);
        return;
    }
    eg_buf_char(out, '"');
    for (const char *end = p + n, *quote; p < end; p = quote) {
        quote = memchr(p, '"', (size_t)(end - p));
        quote = quote ? quote + 1 : end;
        eg_buf_add(out, p, (size_t)(quote - p));
        if (quote[-1] == '"') {
            eg_buf_char(out, '"');
        }
    }
    eg_buf_char(out, '"');
}

/* A JSON string is written as its text, as a spreadsheet wants it; null is null. */
static void add_csv_json(struct eg_buf *out, const struct eg_str *json) {
    if (json->n < 2 || json->p[0] != '"') {
        if (json->n != 4 || memcmp(json->p, "null", 4) != 0) {
            add_csv_text(out, json->p, json->n);
        }
        return;
    }
    if (!memchr(json->p, '\\', json->n)) {
        add_csv_text(out, json->p + 1, json->n - 2);
        return;
    }
    json_t *text = json_loadb(json->p, json->n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    add_csv_text(out, text ? json_string_value(text) : json->p, text ? json_string_length(text) : json->n);
    json_decref(text);
}

static void add_csv(struct eg_buf *out, enum eg_type type, const struct eg_value *value) {
    if (value->null) {
        return;
    }
    switch (type) {
    case EG_TEXT:
        add_csv_text(out, value->s.p, value->s.n);
        break;
    case EG_JSON:
        add_csv_json(out, &value->s);
        break;
    case EG_TIME:
        add_time(out, value->i);
        break;
    case EG_BYTES:
        eg_buf_base64(out, value->s.p, value->s.n);
        break;
    case EG_INT4:
    case EG_INT8:
    case EG_FLOAT8:
    case EG_BOOL:
        eg_answer_value(type, value, out);
        break;
    }
}

/* The answer */

static bool make_keys(struct eg_answer *answer, struct eg_arena *arena) {
    struct eg_str *keys = eg_arena_alloc(arena, (answer->n_columns + 1) * sizeof *keys);
    struct eg_buf key;
    bool well = keys != NULL;
    eg_buf_init(&key, 1U << 20);
    for (size_t i = 0; i < answer->n_columns && well; i++) {
        const char *name = answer->columns[i].name;
        key.len = 0;
        eg_buf_char(&key, i ? ',' : '{');
        eg_buf_json_string(&key, name, strlen(name));
        eg_buf_char(&key, ':');
        keys[i].n = key.len;
        keys[i].p = key.failed ? NULL : eg_arena_dup(arena, key.data, key.len);
        well = keys[i].p != NULL;
    }
    eg_buf_free(&key);
    answer->keys = keys;
    return well;
}

bool eg_answer_init(struct eg_answer *answer, enum eg_format format, const struct egql_column *columns,
                    size_t n_columns, struct eg_arena *arena) {
    *answer = (struct eg_answer){.format = format, .columns = columns, .n_columns = n_columns};
    return format != EG_FORMAT_NDJSON || make_keys(answer, arena);
}

void eg_answer_head(const struct eg_answer *answer, struct eg_buf *out) {
    if (answer->format == EG_FORMAT_CSV) {
        for (size_t i = 0; i < answer->n_columns; i++) {
            const char *name = answer->columns[i].name;
            eg_buf_add(out, ",", i ? 1 : 0);
            add_csv_text(out, name, strlen(name));
        }
        eg_buf_str(out, "\r\n");
    } else if (answer->format == EG_FORMAT_JSON) {
        eg_buf_str(out, "{\"columns\":[");
        for (size_t i = 0; i < answer->n_columns; i++) {
            const struct egql_column *column = &answer->columns[i];
            eg_buf_str(out, i ? ",{\"name\":" : "{\"name\":");
            eg_buf_json_string(out, column->name, strlen(column->name));
            eg_buf_printf(out, ",\"type\":\"%s\"}", egql_type_name(column->type));
        }
        eg_buf_str(out, "],\"rows\":[");
    }
}

void eg_answer_row(struct eg_answer *answer, const struct eg_value *cells, struct eg_buf *out) {
    size_t n = answer->n_columns;
    switch (answer->format) {
    case EG_FORMAT_JSON: /* each row stands on a line of its own */
        eg_buf_add(out, ",\n[", 3);
        if (answer->rows == 0 && !out->failed) {
            memcpy(out->data + out->len - 3, "\n[", 2);
            out->len--;
        }
        for (size_t i = 0; i < n; i++) {
            eg_buf_add(out, ",", i ? 1 : 0);
            eg_answer_value(answer->columns[i].type, &cells[i], out);
        }
        eg_buf_char(out, ']');
        break;
    case EG_FORMAT_NDJSON:
        for (size_t i = 0; i < n; i++) {
            eg_buf_add(out, answer->keys[i].p, answer->keys[i].n);
            eg_answer_value(answer->columns[i].type, &cells[i], out);
        }
        eg_buf_add(out, "}\n", 2);
        break;
    case EG_FORMAT_CSV:
        for (size_t i = 0; i < n; i++) {
            eg_buf_add(out, ",", i ? 1 : 0);
            add_csv(out, answer->columns[i].type, &cells[i]);
        }
        eg_buf_add(out, "\r\n", 2);
        break;
    }
    answer->rows++;
}

static void add_error(const struct eg_answer_end *end, struct eg_buf *out) {
    eg_buf_printf(out, ",\"error\":{\"code\":\"%s\",\"title\":\"%s\",\"detail\":", eg_code_name(end->err->code),
                  eg_code_title(end->err->code));
    eg_buf_json_string(out, end->err->message, strlen(end->err->message));
    if (end->diag) {
        eg_buf_str(out, ",\"diagnostic\":");
        egql_diag_json(end->diag, out);
    }
    eg_buf_char(out, '}');
}

void eg_answer_tail(const struct eg_answer *answer, const struct eg_answer_end *end, struct eg_buf *out) {
    if (answer->format == EG_FORMAT_CSV) {
        return;
    }
    eg_buf_str(out, answer->format == EG_FORMAT_JSON ? answer->rows ? "\n]" : "]" : "{");
    if (answer->format == EG_FORMAT_NDJSON) {
        eg_buf_printf(out, "\"status\":\"%s\"", end->err ? "error" : "ok");
    }
    eg_buf_printf(out, ",\"row_count\":%lld,\"truncated\":%s,\"elapsed_ms\":", (long long)answer->rows,
                  end->truncated ? "true" : "false");
    eg_buf_json_double(out, (double)end->took_us / 1000);
    if (end->note) {
        eg_buf_str(out, ",\"note\":");
        eg_buf_json_string(out, end->note, strlen(end->note));
    }
    if (end->generated_at) {
        eg_buf_printf(out, ",\"generated_at\":\"%s\"", end->generated_at);
    }
    if (end->err) {
        add_error(end, out);
    }
    eg_buf_str(out, "}\n");
}
