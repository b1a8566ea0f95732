/* JSON that a request brings. The scanner runs first: depth, values and bytes are bounded before the parser builds anything, since a
 * parsed value costs up to eighty times its text, and the loop stands still meanwhile. */
#include "base/jscan.h"
#include "base/json_code.h"
#include "server/http/request.h"

#define MOST_NUMBER_B 400

struct json_t *eg_request_json(struct eg_request *req, const char *text, size_t len, const struct eg_json_most *most) {
    const struct eg_jscan_limits limits = {.max_depth = EG_JSON_MAX_DEPTH, .max_values = most->values, .max_number_b = MOST_NUMBER_B};
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
        (void)eg_err_set(&req->err, eg_json_code(&error), NULL, "line %d, column %d: %.200s", error.line, error.column, error.text);
    }
    return value;
}
