/* Row rules: data/rules_refused.json holds those that a start-up refuses, beside words of the message; here stands what
 * becomes of those that are right. */
#include "tests/unit/registry_support.h"

static json_t *refused; /* of {"rows", "says": [words of the message]} */

START_TEST(startup_errors) {
    struct eg_registry *registry = NULL;
    struct eg_err err = {0};
    const json_t *one = json_array_get(refused, (size_t)_i);
    const json_t *says = json_object_get(one, "says");
    char *rows = dump(json_object_get(one, "rows"));
    declare(rows);
    ck_assert_msg(eg_registry_load(support_spec, &support_catalogue, &registry, &err) == EG_FAIL, "accepted: %s", rows);
    ck_assert_msg(err.code == EG_E_CONFIG, "%s: %s", eg_code_name(err.code), err.message);
    ck_assert_msg(strstr(err.place, "/schemas/t/t.x@v1.json") != NULL, "%s", err.place);
    ck_assert_uint_gt(json_array_size(says), 0);
    for (size_t i = 0; i < json_array_size(says); i++) {
        const char *word = json_string_value(json_array_get(says, i));
        ck_assert_msg(strstr(err.message, word) != NULL, "%s\nhas no: %s\nin: %s", rows, word, err.message);
    }
    ck_assert_ptr_null(registry);
    free(rows);
}
END_TEST

static struct eg_registry *loaded(const char *rows) {
    struct eg_registry *registry = NULL;
    struct eg_err err = {0};
    declare(rows);
    ck_assert_msg(eg_registry_load(support_spec, &support_catalogue, &registry, &err) == EG_OK, "%s: %s", err.place,
                  err.message);
    return registry;
}

START_TEST(needs_of_foreign_keys) {
    struct eg_registry *registry = loaded("[{\"table\": \"branchlet\", \"set\": {\"b\": \"/b\", \"a\": \"/a\"}},"
                                          " {\"table\": \"branchlet\", \"set\": {\"a\": \"/a\"}}]");
    const struct eg_topic *topic = eg_registry_topic(registry, "t.x@v1", 6);
    const struct eg_table *pair = eg_catalogue_table(&support_catalogue, "pair");
    ck_assert_uint_eq(topic->rules[0].n_needs, 1);
    const struct eg_need *need = topic->rules[0].needs;
    ck_assert_ptr_eq(need->table, pair);
    ck_assert_uint_eq(need->n_where, 2);
    ck_assert_int_eq(need->where[0], 0);
    ck_assert_int_eq(need->params[0], 1); /* a is the second that `set` names */
    ck_assert_int_eq(need->params[1], 0);
    ck_assert_uint_eq(topic->rules[1].n_needs, 0); /* half a key is null */
    ck_assert_uint_eq(eg_registry_fills_of(registry, pair, &(const struct eg_dml *const *){NULL}), 0);
    eg_registry_free(registry);
}
END_TEST

START_TEST(lookups_become_needs_and_fills) {
    struct eg_registry *registry = loaded(
        "[{\"table\": \"child\", \"set\": {\"note\": \"=n\", \"parent_name\": \"/b\","
        " \"parent_id\": {\"lookup\": {\"table\": \"parent\", \"where\": {\"name\": \"/b\"}, \"column\": \"id\", "
        "\"optional\": true}},"
        " \"other_id\": {\"lookup\": {\"table\": \"parent\", \"where\": {\"name\": \"/a\"}, \"column\": \"id\"}}}}]");
    const struct eg_rule *rule = eg_registry_rule(registry, "t.x@v1", 6, 0);
    const struct eg_table *parent = eg_catalogue_table(&support_catalogue, "parent");
    const struct eg_table *child = eg_catalogue_table(&support_catalogue, "child");
    const struct eg_dml *const *fills;
    ck_assert_uint_eq(rule->n_needs, 1);
    ck_assert_ptr_eq(rule->needs[0].table, parent);
    ck_assert_uint_eq(rule->needs[0].n_where, 2); /* name, and the repo that is added */
    const struct eg_cell *optional = &rule->dml.cells[2]; /* it looks for what stands in parent_name and repo */
    ck_assert(optional->ref && !optional->ref->newest && eg_cell_width(optional) == 0);
    ck_assert_int_eq(optional->shared[0], 1);
    ck_assert_uint_eq(rule->n_fills, 1);
    ck_assert_int_eq(rule->fills[0].fill.column, eg_table_column(child, "parent_id", 9));
    ck_assert_int_eq(rule->fills[0].fill.stored[0], eg_table_column(child, "parent_name", 11));
    ck_assert_int_eq(rule->fills[0].fill.stored[1], eg_table_column(child, "repo", 4));
    ck_assert_uint_eq(eg_dml_n_params(&rule->fills[0]), 2);
    ck_assert_uint_eq(rule->n_params, eg_dml_n_params(&rule->dml));
    ck_assert_uint_eq(eg_registry_fills_of(registry, parent, &fills), 1);
    ck_assert_ptr_eq(fills[0], &rule->fills[0]);
    ck_assert_ptr_null(eg_registry_rule(registry, "t.x@v1", 6, 1));
    ck_assert_ptr_null(eg_registry_rule(registry, "t.y@v1", 6, 0));
    eg_registry_free(registry);
}
END_TEST

START_TEST(updates_wait_for_their_target) {
    struct eg_registry *registry = loaded(
        "[{\"table\": \"child\", \"update\": true, \"missing\": \"wait\", \"newest\": true, \"key\": [\"repo\", "
        "\"parent_name\"],"
        " \"match\": {\"note\": \"=open\"}, \"set\": {\"parent_name\": \"/a\", \"note\": \"=done\"}},"
        " {\"table\": \"runs\", \"update\": true, \"key\": [\"id\"], \"set\": {\"id\": \"/a\", \"status\": \"=ok\"}}]");
    const struct eg_rule *rule = eg_registry_rule(registry, "t.x@v1", 6, 0);
    ck_assert(rule->wait_for_target && rule->dml.newest);
    ck_assert_uint_eq(rule->n_needs, 1);
    ck_assert_uint_eq(rule->needs[0].n_where, 3);
    ck_assert_uint_eq(rule->dml.n_cells, 1);
    ck_assert_uint_eq(rule->n_params, 4);
    ck_assert_int_eq(rule->needs[0].params[0], 1);
    ck_assert(!eg_registry_rule(registry, "t.x@v1", 6, 1)->wait_for_target);
    ck_assert_uint_eq(eg_registry_rule(registry, "t.x@v1", 6, 1)->n_needs, 0);
    eg_registry_free(registry);
}
END_TEST

START_TEST(rows_wait_for_their_parent_or_do_not) {
    static const char *const rules[] = {"", ", \"missing\": \"wait\"", ", \"missing\": \"skip\""};
    for (size_t i = 0; i < 3; i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "[{\"table\": \"steps\", \"set\": {\"run_id\": \"/a\", \"name\": \"=n\", \"idx\": \"=1\","
                 " \"dt_ms\": \"=1\"}%s}]", rules[i]);
        struct eg_registry *registry = loaded(text);
        const struct eg_rule *rule = eg_registry_rule(registry, "t.x@v1", 6, 0);
        ck_assert(rule->skip_without_parent == (i == 2) && !rule->wait_for_target);
        ck_assert_uint_eq(rule->n_needs, 1);
        eg_registry_free(registry);
    }
}
END_TEST

START_TEST(position_and_types) {
    struct eg_registry *registry = loaded("[{\"table\": \"kinds\", \"set\": {\"k\": \"$id\", \"i8\": \"$position\", "
                                          "\"z\": \"$ts_utc\", \"i4\": \"$policy.p.n\"}}]");
    const struct eg_rule *rule = eg_registry_rule(registry, "t.x@v1", 6, 0);
    enum eg_type types[8];
    eg_dml_param_types(&rule->dml, types);
    ck_assert_int_eq(rule->position_param, 1);
    ck_assert_uint_eq(rule->n_params, 4);
    for (size_t i = 0; i < rule->n_params; i++) {
        ck_assert_int_eq(types[i], rule->types[i]);
    }
    eg_registry_free(registry);
}
END_TEST

int main(void) {
    refused = data_cases("rules_refused.json");
    Suite *suite = suite_create("rules");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, support_open, support_close);
    tcase_add_loop_test(all, startup_errors, 0, (int)json_array_size(refused));
    tcase_add_test(all, needs_of_foreign_keys);
    tcase_add_test(all, lookups_become_needs_and_fills);
    tcase_add_test(all, updates_wait_for_their_target);
    tcase_add_test(all, rows_wait_for_their_parent_or_do_not);
    tcase_add_test(all, position_and_types);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    json_decref(refused);
    return failed != 0;
}
