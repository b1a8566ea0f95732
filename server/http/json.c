/* JSON that a request brings. The scanner runs first: depth, values and bytes are bounded before the parser builds anything, since a
 * parsed value costs up to eighty times its text, and the loop stands still meanwhile. */
#include <jansson.h>

#include "base/jscan.h"
#include "server/http/request.h"

#define MOST_NUMBER_B 400

static enum eg_code code_of(const json_error_t *error) {
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        return EG_E_DUPLICATE_KEY;
    case json_error_numeric_overflow:
        return EG_E_NUMBER_OUT_OF_RANGE;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return EG_E_NUL_CHARACTER;
    default:
        return EG_E_JSON_INVALID;
    }
}

struct json_t *eg_request_json(struct eg_request *req, const char *text, size_t len, const struct eg_json_most *most) {
    const struct eg_jscan_limits limits = {EG_JSON_MAX_DEPTH, most->values, MOST_NUMBER_B};
    json_error_t error;
    if (len > most->bytes) {
        (void)eg_err_set(&req->err, EG_E_BODY_TOO_LARGE, NULL, "%zu bytes of JSON are given, and at most %zu are taken here", len,
                         most->bytes);
        return NULL;
    }
    if (eg_jscan_check(text, len, &limits, &req->err)) {
        return NULL;
    }
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        (void)eg_err_set(&req->err, code_of(&error), NULL, "line %d, column %d: %.200s", error.line, error.column, error.text);
    }
    return value;
}
