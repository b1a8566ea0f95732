/* Members stand in the order in which they were read. */
#include "server/registry/json_write.h"

#define COMPACT (-1)

static void write_value(struct eg_buf *buf, json_t *json, int level);

/* level: of what stands on the line; compact has no lines. */
static void break_line(struct eg_buf *buf, int level) {
    if (level == COMPACT) {
        return;
    }
    eg_buf_char(buf, '\n');
    for (int i = 0; i < level; i++) {
        eg_buf_str(buf, "  ");
    }
}

static void write_array(struct eg_buf *buf, json_t *json, int level) {
    int inner = level == COMPACT ? COMPACT : level + 1;
    size_t n = json_array_size(json);
    eg_buf_char(buf, '[');
    for (size_t i = 0; i < n; i++) {
        if (i) {
            eg_buf_char(buf, ',');
        }
        break_line(buf, inner);
        write_value(buf, json_array_get(json, i), inner);
    }
    break_line(buf, n ? level : COMPACT);
    eg_buf_char(buf, ']');
}

static void write_object(struct eg_buf *buf, json_t *json, int level) {
    int inner = level == COMPACT ? COMPACT : level + 1;
    bool first = true;
    eg_buf_char(buf, '{');
    for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at)) {
        if (!first) {
            eg_buf_char(buf, ',');
        }
        first = false;
        break_line(buf, inner);
        eg_buf_json_string(buf, json_object_iter_key(at), json_object_iter_key_len(at));
        eg_buf_str(buf, level == COMPACT ? ":" : ": ");
        write_value(buf, json_object_iter_value(at), inner);
    }
    break_line(buf, first ? COMPACT : level);
    eg_buf_char(buf, '}');
}

static void write_value(struct eg_buf *buf, json_t *json, int level) {
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        write_object(buf, json, level);
        break;
    case JSON_ARRAY:
        write_array(buf, json, level);
        break;
    case JSON_STRING:
        eg_buf_json_string(buf, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        eg_buf_int(buf, json_integer_value(json));
        break;
    case JSON_REAL:
        eg_buf_json_double(buf, json_real_value(json));
        break;
    case JSON_TRUE:
        eg_buf_str(buf, "true");
        break;
    case JSON_FALSE:
        eg_buf_str(buf, "false");
        break;
    case JSON_NULL:
        eg_buf_str(buf, "null");
        break;
    }
}

void eg_json_write(struct eg_buf *buf, json_t *json) { write_value(buf, json, COMPACT); }

void eg_json_write_indented(struct eg_buf *buf, json_t *json) { write_value(buf, json, 0); }
