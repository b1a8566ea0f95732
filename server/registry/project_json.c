/* Writes a parsed value as compact JSON. jansson's own dump spells 0.1 as 0.10000000000000001, which jsonb would keep;
 * here a double is as short as it reads back. Depth is bounded by what the parser was let read (EG_JSON_MAX_DEPTH). */
#include "base/buf.h"
#include "server/registry/rules.h"

static void write_array(struct eg_buf *buf, json_t *json) {
    size_t n = json_array_size(json);
    eg_buf_char(buf, '[');
    for (size_t i = 0; i < n; i++) {
        if (i) {
            eg_buf_char(buf, ',');
        }
        eg_json_write(buf, json_array_get(json, i));
    }
    eg_buf_char(buf, ']');
}

static void write_object(struct eg_buf *buf, json_t *json) {
    bool first = true;
    eg_buf_char(buf, '{');
    for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at)) {
        if (!first) {
            eg_buf_char(buf, ',');
        }
        first = false;
        eg_buf_json_string(buf, json_object_iter_key(at), json_object_iter_key_len(at));
        eg_buf_char(buf, ':');
        eg_json_write(buf, json_object_iter_value(at));
    }
    eg_buf_char(buf, '}');
}

void eg_json_write(struct eg_buf *buf, json_t *json) {
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        write_object(buf, json);
        break;
    case JSON_ARRAY:
        write_array(buf, json);
        break;
    case JSON_STRING:
        eg_buf_json_string(buf, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        eg_buf_printf(buf, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
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
