/* How pending_rows keeps the parameters of a row: a JSON array, one element a parameter; times are microseconds, JSON is a string. */
#include <string.h>

#include "base/buf.h"
#include "server/event/room.h"

#define PARAMS_MOST_B ((size_t)32 << 20)

struct eg_str eg_params_encode(struct eg_arena *arena, const enum eg_type *types, const struct eg_value *values, size_t n) {
    struct eg_buf buf;
    eg_buf_init(&buf, PARAMS_MOST_B);
    for (size_t i = 0; i < n; i++) {
        eg_buf_char(&buf, i ? ',' : '[');
        if (values[i].null) {
            eg_buf_str(&buf, "null");
            continue;
        }
        switch (types[i]) {
        case EG_TEXT:
        case EG_JSON:
        case EG_BYTES: eg_buf_json_string(&buf, values[i].s.p, values[i].s.n); break;
        case EG_INT4:
        case EG_INT8:
        case EG_TIME: eg_buf_printf(&buf, "%lld", (long long)values[i].i); break;
        case EG_FLOAT8: eg_buf_json_double(&buf, values[i].d); break;
        case EG_BOOL: eg_buf_str(&buf, values[i].b ? "true" : "false"); break;
        }
    }
    eg_buf_char(&buf, ']');
    char *text = buf.failed ? NULL : eg_arena_dup(arena, buf.data, buf.len);
    struct eg_str out = {text, text ? buf.len : 0};
    eg_buf_free(&buf);
    return out;
}

static bool decode(struct eg_arena *arena, const json_t *value, enum eg_type type, struct eg_value *out) {
    *out = eg_null();
    if (json_is_null(value))
        return true;
    switch (type) {
    case EG_TEXT:
    case EG_JSON:
    case EG_BYTES: {
        char *copy = json_is_string(value) ? eg_arena_dup(arena, json_string_value(value), json_string_length(value)) : NULL;
        if (copy)
            *out = eg_text(copy, json_string_length(value));
        return copy != NULL;
    }
    case EG_INT4:
    case EG_INT8:
    case EG_TIME: *out = eg_int(json_integer_value(value)); return json_is_integer(value);
    case EG_FLOAT8: *out = eg_double(json_number_value(value)); return json_is_number(value);
    case EG_BOOL: *out = eg_bool(json_is_true(value)); return json_is_boolean(value);
    }
    return false;
}

bool eg_params_decode(struct eg_arena *arena, struct eg_str text, const enum eg_type *types, struct eg_value *values, size_t n) {
    json_t *list = json_loadb(text.p, text.n, 0, NULL);
    bool good = json_array_size(list) == n;
    for (size_t i = 0; good && i < n; i++)
        good = decode(arena, json_array_get(list, i), types[i], &values[i]);
    json_decref(list);
    return good;
}
