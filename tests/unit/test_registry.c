/* The registry over the real spec/ and the real migrations: every topic, every example; and the errors of files. */
#include "server/registry/check.h"
#include "tests/unit/registry_support.h"

static const char *const topics[] = {
    "bus.dlq.deleted@v1",   "bus.dlq.redriven@v1",   "bus.dlq@v1",
    "code.file.removed@v1",  "code.graph.indexed@v1",      "commit.labelled@v1",
    "commit.recorded@v1",   "core.step.finished@v1", "delta.fingerprint@v1",       "delta.mosaic@v1",
    "delta.tokens@v1",      "heal.outcome@v1",       "heal.proposed@v1",           "heal.verified@v1",
    "invariants.result@v1", "plugin.quarantined@v1", "preset.indexed@v1",          "release.published@v1",
    "run.finished@v1",      "run.started@v1",        "sast.finding.suppressed@v1", "sast.findings.ready@v1",
    "sast.fix.decided@v1",  "sast.fix.requested@v1", "sast.fix.validated@v1",      "secret.rotated@v1",
    "snapshot.restored@v1", "spec.drift.frozen@v1",  "spec.drift.unfrozen@v1",     "spec.thresholds.updated@v1",
    "tests.report@v1"};

static struct eg_registry *real(void) {
    struct eg_registry *registry = NULL;
    struct eg_err err = {0};
    ck_assert_msg(eg_registry_load("spec", &support_catalogue, &registry, &err) == EG_OK, "%s: %s", err.place,
                  err.message);
    return registry;
}

START_TEST(every_topic) {
    struct eg_registry *registry = real();
    const struct eg_topic *const *list;
    size_t n = eg_registry_topics(registry, &list);
    ck_assert_uint_eq(n, sizeof topics / sizeof *topics);
    for (size_t i = 0; i < n; i++) {
        ck_assert_str_eq(list[i]->name, topics[i]);
        ck_assert_str_eq(list[i]->system, "glitchlab");
        ck_assert_ptr_eq(eg_registry_topic(registry, topics[i], strlen(topics[i])), list[i]);
        ck_assert_uint_ge(json_array_size(list[i]->examples), 2);
    }
    ck_assert_ptr_null(eg_registry_topic(registry, "run.started@v2", 14));
    eg_registry_free(registry);
}
END_TEST

static void report(void *ctx, const struct eg_topic *topic, size_t n_rows, const struct eg_err *err) {
    size_t *rows = ctx;
    ck_assert_msg(err == NULL, "%s: %s", topic->name, err ? err->message : "");
    ck_assert_msg(n_rows > 0 || topic->n_rules == 0, "%s makes no rows", topic->name);
    *rows += n_rows;
}

START_TEST(every_example) {
    struct eg_registry *registry = real();
    size_t rows = 0;
    ck_assert_uint_eq(eg_registry_check(registry, report, &rows), 0);
    ck_assert_uint_gt(rows, 60);
    eg_registry_free(registry);
}
END_TEST

START_TEST(rows_of_glitchlab) {
    struct eg_registry *registry = real();
    json_t *cases = data_cases("glitchlab_rows.json");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        check_case(registry, json_string_value(json_object_get(one, "topic")), one);
    }
    json_decref(cases);
    eg_registry_free(registry);
}
END_TEST

/* How many of a scan's findings become results of the gate. */
START_TEST(findings_that_block) {
    static const struct {
        const char *more;
        int blocked;
    } cases[] = {{"\"severity\":\"LOW\",\"confidence\":1,\"risk\":1.8", 1},
                 {"\"severity\":\"CRITICAL\",\"confidence\":1,\"risk\":1.7", 0},
                 {"\"severity\":\"CRITICAL\",\"confidence\":0.5", 1},
                 {"\"severity\":\"CRITICAL\",\"confidence\":0.4", 0},
                 {"\"severity\":\"HIGH\",\"confidence\":1", 0},
                 {"\"severity\":\"CRITICAL\",\"confidence\":1,\"suppression\":{\"state\":\"local\"}", 0},
                 {"\"severity\":\"CRITICAL\",\"confidence\":1,\"suppression\":{\"state\":\"none\"}", 1}};
    struct eg_registry *registry = real();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char payload[500];
        snprintf(payload, sizeof payload,
                 "{\"sha\":\"S\",\"tool\":\"t\",\"findings\":[{\"id\":\"NF-1\",\"rule_id\":\"r\",\"location\":"
                 "{\"file\":\"f\"},\"fingerprint\":\"ffff\",%s}]}",
                 cases[i].more);
        char *rows = project(registry, "sast.findings.ready@v1", payload, false);
        ck_assert_ptr_nonnull(strstr(rows, "replace sast_findings id='NF-1' sha='S' last_sha='S' tool='t'"));
        ck_assert_msg((strstr(rows, "insert invariants_results") != NULL) == cases[i].blocked, "%s\n%s", payload, rows);
        ck_assert(!cases[i].blocked || strstr(rows, "gate='I2'"));
        ck_assert_msg(!cases[i].blocked || strstr(rows, " unless fingerprint='ffff' repo='' until_utc>20"), "%s", rows);
        free(rows);
    }
    eg_registry_free(registry);
}
END_TEST

START_TEST(fills_of_the_graph) {
    struct eg_registry *registry = real();
    const struct eg_dml *const *fills;
    const struct eg_table *nodes = eg_catalogue_table(&support_catalogue, "ast_nodes");
    ck_assert_uint_eq(eg_registry_fills_of(registry, nodes, &fills), 1);
    ck_assert_str_eq(fills[0]->table->name, "ast_edges");
    eg_registry_free(registry);
}
END_TEST

START_TEST(schemas_say_no) {
    static const struct {
        const char *topic, *payload;
    } cases[] = {{"run.started@v1", "{\"run_id\":\"R\",\"sha\":\"S\",\"started\":\"yesterday\"}"},
                 {"core.step.finished@v1", "{\"run_id\":\"R\",\"name\":\"s\",\"idx\":2147483648,\"dt_ms\":5}"},
                 {"delta.tokens@v1", "{\"sha\":\"S\",\"tokens\":[{\"token\":\"add\",\"file\":\"f\",\"weight\":1}]}"},
                 {"delta.mosaic@v1", "{\"sha\":\"S\",\"grid\":{\"rows\":2,\"cols\":3,\"cell_id\":\"x\"}}"},
                 {"secret.rotated@v1", "{\"secret\":\"s\",\"reason\":\"r\",\"value\":\"hunter2\"}"},
                 {"commit.recorded@v1", "{\"sha\":\"S\"}"}};
    struct eg_registry *registry = real();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *payload = json_loads(cases[i].payload, 0, NULL);
        const struct eg_topic *topic = eg_registry_topic(registry, cases[i].topic, strlen(cases[i].topic));
        ck_assert_msg(!eg_schema_valid(topic->schema, payload, NULL), "%s", cases[i].payload);
        json_decref(payload);
    }
    eg_registry_free(registry);
}
END_TEST

START_TEST(without_a_store) {
    struct eg_registry *registry = NULL;
    struct eg_err err = {0};
    ck_assert_msg(eg_registry_load("spec", NULL, &registry, &err) == EG_OK, "%s: %s", err.place, err.message);
    ck_assert_uint_eq(eg_registry_topic(registry, "run.started@v1", 14)->n_rules, 0);
    ck_assert_uint_eq(eg_registry_check(registry, NULL, NULL), 0);
    eg_registry_free(registry);
}
END_TEST

static const struct {
    const char *file, *text, *words;
} broken[] = {
    {"schemas/t/t.x@v1.json", "{\"a\": 1,}", "line 1"},
    {"schemas/t/t.x@v1.json", "{\"a\": 1, \"a\": 2}", "duplicate"},
    {"schemas/t/t.x@v1.json", "[]", "is not a JSON object"},
    {"schemas/t/t.x@v1.json", "{\"$id\": \"t.y@v1\"}", "$id must be `t.x@v1`"},
    {"schemas/t/T.x.json", "{}", "is named namespace.subject.verb@vN.json"},
    {"schemas/t/t.x@v0.json", "{}", "is named namespace.subject.verb@vN.json"},
    {"schemas/t/t.x@v1.json", "{\"$id\": \"t.x@v1\"}", "needs a `title`"},
    {"schemas/t/t.x@v1.json", "{\"$id\": \"t.x@v1\", \"title\": \"x\"}", "needs the annotation \"x-egdb\""},
    {"schemas/t/t.x@v1.json", "{\"$id\": \"t.x@v1\", \"title\": \"x\", \"x-egdb\": {\"row\": []}}", "no member `row`"},
    {"schemas/t/t.x@v1.json", "{\"$id\": \"t.x@v1\", \"title\": \"x\", \"x-egdb\": {\"examples\": [{}]}}",
     "at least two"},
    {"schemas/t/t.x@v1.json",
     "{\"$id\": \"t.x@v1\", \"title\": \"x\", \"type\": 3, \"x-egdb\": {\"examples\": [{}, {}]}}", "type"},
    {"policies/p.json", "{", "line 1"},
};

START_TEST(errors_of_files) {
    struct eg_registry *registry = NULL;
    struct eg_err err = {0};
    declare("[]");
    write_file(broken[_i].file, broken[_i].text);
    ck_assert_int_eq(eg_registry_load(support_spec, &support_catalogue, &registry, &err), EG_FAIL);
    ck_assert_msg(err.code == EG_E_CONFIG, "%s", eg_code_name(err.code));
    ck_assert_msg(strstr(err.place, broken[_i].file) != NULL, "%s", err.place);
    ck_assert_msg(strstr(err.message, broken[_i].words) != NULL, "no `%s` in: %s", broken[_i].words, err.message);
}
END_TEST

START_TEST(errors_of_folders) {
    struct eg_registry *registry = NULL;
    struct eg_err err = {0};
    ck_assert_int_eq(eg_registry_load("/nowhere", NULL, &registry, &err), EG_FAIL);
    ck_assert_msg(strstr(err.message, "--spec") != NULL, "%s", err.message);
    eg_err_clear(&err);
    ck_assert_int_eq(eg_registry_load(support_spec, NULL, &registry, &err), EG_FAIL);
    ck_assert_msg(strstr(err.message, "no topic") != NULL, "%s", err.message);
    eg_err_clear(&err);
    declare("[]");
    make_folder("schemas/u");
    write_file("schemas/u/t.x@v1.json",
               "{\"$id\": \"t.x@v1\", \"title\": \"x\", \"x-egdb\": {\"examples\": [{}, {}]}}");
    ck_assert_int_eq(eg_registry_load(support_spec, NULL, &registry, &err), EG_FAIL);
    ck_assert_msg(eg_code_name(err.code) != NULL && err.message[0], "%s", err.message);
}
END_TEST

static void expect_failure(void *ctx, const struct eg_topic *topic, size_t n_rows, const struct eg_err *err) {
    (void)topic;
    (void)n_rows;
    ck_assert_ptr_nonnull(err);
    ck_assert_msg(strstr(err->message, "examples[0]") != NULL, "%s", err->message);
    *(int *)ctx += 1;
}

START_TEST(a_bad_example_is_found) {
    struct eg_registry *registry = NULL;
    struct eg_err err = {0};
    int calls = 0;
    declare("[{\"table\": \"pair\", \"set\": {\"a\": \"/a\", \"b\": \"/b\"}}]"); /* {} gives a no value */
    ck_assert_msg(eg_registry_load(support_spec, &support_catalogue, &registry, &err) == EG_OK, "%s", err.message);
    ck_assert_uint_eq(eg_registry_check(registry, expect_failure, &calls), 1);
    ck_assert_int_eq(calls, 1);
    eg_registry_free(registry);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("registry");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, support_open, support_close);
    tcase_add_test(all, every_topic);
    tcase_add_test(all, every_example);
    tcase_add_test(all, rows_of_glitchlab);
    tcase_add_test(all, findings_that_block);
    tcase_add_test(all, fills_of_the_graph);
    tcase_add_test(all, schemas_say_no);
    tcase_add_test(all, without_a_store);
    tcase_add_loop_test(all, errors_of_files, 0, (int)(sizeof broken / sizeof *broken));
    tcase_add_test(all, errors_of_folders);
    tcase_add_test(all, a_bad_example_is_found);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
