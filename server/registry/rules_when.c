/* Compiles the tests of a rule's `when`, and finds policies for them and for `set`. */
#include <string.h>

#include "server/registry/policies.h"
#include "server/registry/rules.h"

static const char *const op_names[] = {"equals", "in", "not_in", "min", "max", "exists"};

json_t *eg_rules_policy(struct eg_rules *rules, const char *text) {
    json_t *value = eg_policy_find(rules->policies, text + strlen("$policy."));
    if (!value) {
        eg_rules_fail(rules, "`%s` is not in spec/policies", text);
    }
    return value;
}

static bool fits(enum eg_test_op op, const json_t *value) {
    switch (op) {
    case EG_TEST_IN:
    case EG_TEST_NOT_IN:
        return json_is_array(value);
    case EG_TEST_MIN:
    case EG_TEST_MAX:
        return json_is_number(value);
    case EG_TEST_EXISTS:
        return json_is_boolean(value);
    case EG_TEST_EQUALS:
        return !json_is_object(value) && !json_is_array(value);
    }
    return false;
}

static eg_status compile_test(struct eg_rules *rules, const char *pointer, const char *name, json_t *value,
                              struct eg_test *test) {
    const char *text = json_string_value(value);
    size_t op = 0;
    while (op < sizeof op_names / sizeof *op_names && strcmp(op_names[op], name) != 0) {
        op++;
    }
    if (op == sizeof op_names / sizeof *op_names) {
        return eg_rules_fail(rules, "`when` has no test `%s`: use equals, in, not_in, min, max or exists", name);
    }
    if (text && strncmp(text, "$policy.", 8) == 0) {
        value = eg_rules_policy(rules, text);
    }
    if (!value || eg_rules_pointer(rules, pointer, &test->pointer) != EG_OK) {
        return EG_FAIL;
    }
    test->op = (enum eg_test_op)op;
    test->value = value;
    return fits(test->op, value) ? EG_OK
                                 : eg_rules_fail(rules, "the test `%s` of `%s` takes %s", name, pointer,
                                                 op == EG_TEST_EQUALS   ? "a string, number, boolean or null"
                                                 : op == EG_TEST_EXISTS ? "true or false"
                                                 : op <= EG_TEST_NOT_IN ? "an array"
                                                                        : "a number");
}

eg_status eg_rules_when(struct eg_rules *rules, json_t *when) {
    const char *pointer;
    const char *name;
    json_t *tests;
    json_t *value;
    size_t n = 0;
    if (when && !json_is_object(when)) {
        return eg_rules_fail(rules, "`when` is an object of pointers");
    }
    json_object_foreach(when, pointer, tests) {
        if (json_object_size(tests) == 0) {
            return eg_rules_fail(rules, "`when` needs a test for `%s`, such as {\"exists\": true}", pointer);
        }
        n += json_object_size(tests);
    }
    struct eg_test *list = eg_rules_alloc(rules, (n + 1) * sizeof *list);
    if (!list) {
        return EG_FAIL;
    }
    rules->plan->tests = list;
    json_object_foreach(when, pointer, tests) {
        json_object_foreach(tests, name, value) {
            if (compile_test(rules, pointer, name, value, &list[rules->plan->n_tests]) != EG_OK) {
                return EG_FAIL;
            }
            rules->plan->n_tests++;
        }
    }
    return EG_OK;
}
