/* Fuzzes the JSON scanner against the parser: what the one calls JSON the other parses, less UTF-8 and surrogates,
 * which are the parser's; and elements and members that are cut out of JSON are JSON. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool parses(const char *text, size_t len, enum json_error_code *why) {
    json_error_t error;
    json_t *value = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    *why = value ? json_error_unknown : json_error_code(&error);
    json_decref(value);
    return value != NULL;
}

static void check_parts(const char *text, size_t len) {
    struct eg_err err = {0};
    struct eg_str part;
    size_t at = 0;
    enum json_error_code why;
    while (eg_jscan_element(text, len, &at, &part, &err) == 1)
        EG_ASSERT(parses(part.p, part.n, &why));
    EG_ASSERT(err.code == EG_E_NONE || *text != '[');
    json_t *value = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    const char *name;
    json_t *member;
    json_object_foreach(value, name, member) {
        json_t *first;
        if (strlen(name) > 0 && eg_jscan_member(text, len, name, &part)) {
            first = json_loadb(part.p, part.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            EG_ASSERT(first != NULL);
            json_decref(first);
        }
    }
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct eg_jscan_limits limits = {.max_depth = 64, .max_values = 100000, .max_number_b = 1000};
    const char *text = (const char *)data;
    struct eg_err err = {0};
    enum json_error_code why;
    bool good = eg_jscan_check(text, size, &limits, &err) == EG_OK, parsed = parses(text, size, &why);
    EG_ASSERT(good == (err.code == EG_E_NONE));
    if (good && parsed)
        check_parts(text, size);
    else if (good)
        EG_ASSERT(why == json_error_invalid_utf8 || why == json_error_invalid_syntax ||
                  why == json_error_null_character || why == json_error_null_byte_in_key);
    else if (err.code == EG_E_JSON_INVALID && parsed)
        EG_ASSERT(strstr(err.message, "too deep") || strstr(err.message, "too many") ||
                  memchr(text, 0, size)); /* the parser takes a NUL byte behind the value for the end */
    struct eg_str part;
    size_t at = 0;
    struct eg_err walk = {0};
    while (eg_jscan_element(text, size, &at, &part, &walk) == 1)
        ;
    eg_jscan_member(text, size, "a", &part);
    if (good || err.code != EG_E_JSON_INVALID) {
        char pointer[64];
        eg_jscan_pointer(text, size, size / 2, pointer, sizeof pointer);
        EG_ASSERT(pointer[0] == '\0' || pointer[0] == '/');
    }
    return 0;
}
