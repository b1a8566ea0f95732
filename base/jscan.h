/* A scanner over JSON bytes that finds limits and ranges without building anything: it is run before the parser, so that depth,
 * member count and number size are bounded, and to cut values out of a body as they came. It checks structure (brackets,
 * strings, commas and colons in their places) but not every rule of a scalar: the parser after it decides what is JSON. */
#ifndef EG_BASE_JSCAN_H
#define EG_BASE_JSCAN_H

#include <stddef.h>

#include "base/err.h"
#include "base/value.h"

#define EG_JSON_MAX_DEPTH 64
#define EG_JSON_MOST_VALUES 200000 /* of an event */

struct eg_jscan_limits {
    int max_depth;        /* levels of [] and {} */
    size_t max_values;    /* members and elements in all: what a parser pays memory for */
    size_t max_number_b;  /* characters of one number */
    size_t *values;       /* gets how many there were, but for json_invalid; NULL: not asked for */
    size_t *built_b;      /* gets what jansson needs to build them, at most, beside the text's length; likewise */
};

/* Checks one JSON text. On failure err says json_invalid (with line and column; also for a raw NUL byte, which is not JSON, and
 * for the limits of depth and values), nul_character (an escaped \u0000 in what is JSON otherwise), or number_out_of_range (a
 * number token longer than max_number_b, an integer token beyond int64, or a real one that leaves the range of a double, either
 * way, or has an exponent beyond 9,999); err's place of the last two is the pointer of that value. max_depth above
 * EG_JSON_MAX_DEPTH counts as that. White space around the text is allowed;
 * other text behind it is not. UTF-8 and surrogates are left to the parser. */
EG_MUST_CHECK eg_status eg_jscan_check(const char *json, size_t len, const struct eg_jscan_limits *limits, struct eg_err *err);

/* Walks the elements of the array at *json: `at` starts at 0 and is moved behind each. Returns 1 and the element's bytes (white
 * space trimmed), 0 at the closing bracket with nothing but white space behind it, −1 when the structure is broken (err set).
 * An element may itself be broken JSON: only its end is found, by brackets and strings. */
int eg_jscan_element(const char *json, size_t len, size_t *at, struct eg_str *element, struct eg_err *err);

/* The JSON Pointer of what stands at byte `at` of a text that has passed the scanner: a value, or the member whose name it is in. Into
 * out, NUL-terminated; where that does not fit, or a name holds \u0000, the pointer of what is around it. */
void eg_jscan_pointer(const char *json, size_t len, size_t at, char *out, size_t out_b);

/* Walks the members of the object at json: `at` starts at 0 and is moved behind each. Returns 1, the name as it stands between its quotes
 * and the value's bytes; 0 at the end, or where the structure is broken. */
int eg_jscan_next_member(const char *json, size_t len, size_t *at, struct eg_str *name, struct eg_str *value);
int eg_jscan_named(struct eg_str name, const char *wanted); /* whether such a name, unescaped, is this one */

/* Finds a member of the object at json by its plain name (a name with escapes in the text is unescaped for the comparison).
 * True with the value's bytes as they stand, of the first when there are several; json must have passed the parser. */
int eg_jscan_member(const char *json, size_t len, const char *name, struct eg_str *value);

#endif
