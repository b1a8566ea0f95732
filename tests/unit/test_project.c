/* The projection of payloads by row rules: data/projections.json holds rules, a payload, and the rows (or the refusal)
 * that come of them. */
#include "tests/unit/registry_support.h"

static json_t *projections;

START_TEST(rows) {
    struct eg_registry *registry = NULL;
    struct eg_err err = {0};
    const json_t *one = json_array_get(projections, (size_t)_i);
    char *rules = dump(json_object_get(one, "rows"));
    declare(rules);
    ck_assert_msg(eg_registry_load(support_spec, &support_catalogue, &registry, &err) == EG_OK, "%s", err.message);
    check_case(registry, "t.x@v1", one);
    eg_registry_free(registry);
    free(rules);
}
END_TEST

/* Parts of the payload are taken as they came, white space and spelling included. */
START_TEST(cut_from_the_text) {
    struct eg_registry *registry = NULL;
    struct eg_err err = {0};
    declare("[{\"table\": \"kinds\", \"set\": {\"k\": \"=k\", \"j\": \"/b\"}}, {\"table\": \"kinds\", \"set\": {\"k\": "
            "\"=k\", \"j\": \"/o/in\"}},"
            " {\"table\": \"kinds\", \"set\": {\"k\": \"=k\", \"j\": \"\"}}, {\"table\": \"kinds\", \"set\": {\"k\": "
            "\"=k\", \"j\": [\"/c\", \"/b\"]}},"
            " {\"table\": \"kinds\", \"set\": {\"k\": \"=k\", \"j\": \"/list/0\"}}]");
    ck_assert_msg(eg_registry_load(support_spec, &support_catalogue, &registry, &err) == EG_OK, "%s", err.message);
    char *text =
        project(registry, "t.x@v1", "{\"b\" : [ 1.50 ],\"o\":{\"\\u0069n\": 1e2 },\"list\":[ {\"a\" : 1} ]}", true);
    ck_assert_str_eq(text,
                     "insert kinds k='k' j=[ 1.50 ]\ninsert kinds k='k' j=1e2\n"
                     "insert kinds k='k' j={\"b\" : [ 1.50 ],\"o\":{\"\\u0069n\": 1e2 },\"list\":[ {\"a\" : 1} ]}\n"
                     "insert kinds k='k' j=[1.5]\ninsert kinds k='k' j={\"a\":1}\n");
    free(text);
    eg_registry_free(registry);
}
END_TEST

START_TEST(a_full_arena_is_an_error) {
    struct eg_registry *registry = NULL;
    struct eg_err err = {0};
    struct eg_row *made = NULL;
    size_t n = 0;
    declare("[{\"table\": \"kinds\", \"each\": \"/list\", \"set\": {\"k\": \"=k\", \"j\": \".\"}}]");
    ck_assert_msg(eg_registry_load(support_spec, &support_catalogue, &registry, &err) == EG_OK, "%s", err.message);
    struct eg_arena *arena = eg_arena_new(10000);
    struct eg_envelope envelope = {.payload = json_pack("{s:[]}", "list")};
    for (int i = 0; i < 1000; i++) {
        json_array_append_new(json_object_get(envelope.payload, "list"), json_integer(i));
    }
    ck_assert_int_eq(eg_project(eg_registry_topic(registry, "t.x@v1", 6), &envelope, arena, &made, &n, &err), EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_BODY_TOO_LARGE);
    json_decref(envelope.payload);
    eg_arena_free(arena);
    eg_registry_free(registry);
}
END_TEST

int main(void) {
    projections = data_cases("projections.json");
    Suite *suite = suite_create("project");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, support_open, support_close);
    tcase_add_loop_test(all, rows, 0, (int)json_array_size(projections));
    tcase_add_test(all, cut_from_the_text);
    tcase_add_test(all, a_full_arena_is_an_error);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    json_decref(projections);
    return failed != 0;
}
