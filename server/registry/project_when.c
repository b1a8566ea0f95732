/* Whether a value passes a test of `when`. A missing or null value passes only exists: false, equals: null and not_in.
 */
#include <string.h>

#include "server/registry/rules.h"

static bool same(const json_t *a, const json_t *b) {
    if (json_is_integer(a) && json_is_integer(b)) {
        return json_integer_value(a) == json_integer_value(b);
    }
    if (json_is_number(a) && json_is_number(b)) {
        return json_number_value(a) == json_number_value(b);
    }
    return json_equal(a, b);
}

static bool among(const json_t *list, const json_t *value) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (same(json_array_get(list, i), value)) {
            return true;
        }
    }
    return false;
}

bool eg_test_holds(const struct eg_test *test, const json_t *value) {
    bool exists = value && !json_is_null(value);
    switch (test->op) {
    case EG_TEST_EXISTS:
        return exists == json_is_true(test->value);
    case EG_TEST_EQUALS:
        return exists ? same(value, test->value) : json_is_null(test->value);
    case EG_TEST_IN:
        return exists && among(test->value, value);
    case EG_TEST_NOT_IN:
        return !exists || !among(test->value, value);
    case EG_TEST_MIN:
        return json_is_number(value) && json_number_value(value) >= json_number_value(test->value);
    case EG_TEST_MAX:
        return json_is_number(value) && json_number_value(value) <= json_number_value(test->value);
    }
    return false;
}
