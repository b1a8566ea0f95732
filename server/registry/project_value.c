/* Values of JSON and of literals in the type of a column. Strict: a number is no text, and an integer that its column
 * cannot hold is refused here, before the database would. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/registry/rules.h"

const char *eg_type_name(enum eg_type type) {
    static const char *const names[] = {[EG_TEXT] = "text",
                                        [EG_INT4] = "a 32-bit integer",
                                        [EG_INT8] = "a 64-bit integer",
                                        [EG_FLOAT8] = "a number",
                                        [EG_BOOL] = "a boolean",
                                        [EG_TIME] = "an RFC 3339 time",
                                        [EG_JSON] = "JSON",
                                        [EG_BYTES] = "bytes"};
    return names[type];
}

static bool int_fits(enum eg_type type, int64_t i) { return type == EG_INT8 || (i >= INT32_MIN && i <= INT32_MAX); }

/* 1.0 is an integer in JSON Schema, and so here. */
static eg_status to_int(const json_t *json, enum eg_type type, struct eg_value *value, enum eg_code *code,
                        const char **what) {
    double d = json_real_value(json); /* 0 when it is not real */
    int64_t i = json_integer_value(json);
    bool fits = true;
    *code = EG_E_SCHEMA_INVALID;
    *what = "is not an integer";
    if (!json_is_number(json) || d != nearbyint(d)) {
        return EG_FAIL;
    }
    if (json_is_real(json)) {
        fits = d >= -0x1p63 && d < 0x1p63;
        i = fits ? (int64_t)d : 0;
    }
    *code = EG_E_NUMBER_OUT_OF_RANGE;
    *what = type == EG_INT4 ? "does not fit into 32 bits" : "does not fit into 64 bits";
    *value = eg_int(i);
    return fits && int_fits(type, i) ? EG_OK : EG_FAIL;
}

eg_status eg_value_from_json(const json_t *json, enum eg_type type, struct eg_value *value, enum eg_code *code,
                             const char **what) {
    int64_t us;
    *code = EG_E_SCHEMA_INVALID;
    switch (type) {
    case EG_TEXT:
        *what = "is not a string";
        if (!json_is_string(json)) {
            return EG_FAIL;
        }
        *value = eg_text(json_string_value(json), json_string_length(json));
        return EG_OK;
    case EG_INT4:
    case EG_INT8:
        return to_int(json, type, value, code, what);
    case EG_FLOAT8:
        *what = "is not a number";
        if (!json_is_number(json)) {
            return EG_FAIL;
        }
        *value = eg_double(json_number_value(json));
        return EG_OK;
    case EG_BOOL:
        *what = "is neither true nor false";
        if (!json_is_boolean(json)) {
            return EG_FAIL;
        }
        *value = eg_bool(json_is_true(json));
        return EG_OK;
    case EG_TIME:
        *what = "is not an RFC 3339 time such as 2025-10-10T12:34:56Z";
        if (!json_is_string(json) || !eg_time_parse(json_string_value(json), json_string_length(json), false, &us)) {
            return EG_FAIL;
        }
        *value = eg_int(us);
        return EG_OK;
    case EG_JSON:
    case EG_BYTES:
        break;
    }
    *what = "has no such type";
    return EG_FAIL;
}

bool eg_value_from_text(const char *text, enum eg_type type, struct eg_value *value) {
    char *end = NULL;
    int64_t i = 0;
    json_t *json;
    errno = 0;
    switch (type) {
    case EG_TEXT:
        *value = eg_cstr(text);
        return true;
    case EG_INT4:
    case EG_INT8:
        i = strtoll(text, &end, 10);
        *value = eg_int(i);
        return *text && !*end && errno == 0 && int_fits(type, i);
    case EG_FLOAT8:
        *value = eg_double(strtod(text, &end));
        return *text && !*end && isfinite(value->d);
    case EG_BOOL:
        *value = eg_bool(strcmp(text, "true") == 0);
        return value->b || strcmp(text, "false") == 0;
    case EG_TIME:
        *value = eg_int(0);
        return eg_time_parse(text, strlen(text), false, &value->i);
    case EG_JSON:
        json = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
        *value = eg_cstr(text);
        json_decref(json);
        return json != NULL;
    case EG_BYTES:
        break;
    }
    return false;
}
