/* Why jansson refused a text, as an error's code. For rooms that have jansson; the base itself has not. */
#ifndef EG_BASE_JSON_CODE_H
#define EG_BASE_JSON_CODE_H

#include <jansson.h>

#include "base/err.h"

static inline enum eg_code eg_json_code(const json_error_t *error) {
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

#endif
