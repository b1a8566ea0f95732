/* Findings: what reports say of severity, what makes two findings one, what a finding is recognized by, how risky each is, what is told. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings/findings.h"

static struct eg_findings_policy *policy;
static struct eg_findings *set;

static void setup(void) {
    struct eg_err err = {0};
    json_t *sast = json_load_file("spec/policies/sast.json", 0, NULL), *secrets = json_load_file("spec/policies/secrets.json", 0, NULL);
    ck_assert_int_eq(eg_findings_policy_new(sast, secrets, &policy, &err), EG_OK);
    json_decref(sast);
    json_decref(secrets);
    set = NULL;
}

static void teardown(void) {
    eg_findings_free(set);
    eg_findings_policy_free(policy);
}

static void begin(const char *repo) {
    struct eg_findings_config config = {.policy = policy, .repo = repo, .root = "/src"};
    eg_findings_free(set);
    set = eg_findings_new(&config);
    ck_assert_ptr_nonnull(set);
}

/* Results of one run of a scanner "s". */
static eg_status read_sarif(const char *results) {
    static const char form[] = "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"s\"}},\"results\":[%s]}]}";
    struct eg_err err = {0};
    size_t room = sizeof(form) + strlen(results);
    char *text = malloc(room);
    int n = snprintf(text, room, form, results);
    eg_status status = eg_findings_read(set, EG_REPORT_UNKNOWN, text, (size_t)n, &err);
    free(text);
    return status;
}

static struct eg_finding *finish(size_t wanted) {
    struct eg_err err = {0};
    size_t n;
    ck_assert_int_eq(eg_findings_finish(set, &err), EG_OK);
    struct eg_finding *list = eg_findings_list(set, &n);
    ck_assert_uint_eq(n, wanted);
    return list;
}

#define RESULT(rule, file, line, code, more)                                                                                    \
    "{\"ruleId\":\"" rule "\",\"message\":{\"text\":\"m\"}," more "\"locations\":[{\"physicalLocation\":{\"artifactLocation\":"  \
    "{\"uri\":\"" file "\"},\"region\":{\"startLine\":" line ",\"snippet\":{\"text\":\"" code "\"}}}}]}"

/* The rest of a result that names a file alone. */
#define BARE "\"message\":{\"text\":\"m\"},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"a.py\"}}}]}"

static enum eg_severity severity_of(const char *more) {
    char text[600];
    snprintf(text, sizeof(text), "{\"ruleId\":\"R\",%s" BARE, more);
    begin("r");
    ck_assert_int_eq(read_sarif(text), EG_OK);
    return finish(1)->severity;
}

START_TEST(severities_are_those_of_the_report) {
    ck_assert_int_eq(severity_of("\"level\":\"error\","), EG_SEVERITY_HIGH);
    ck_assert_int_eq(severity_of("\"level\":\"warning\","), EG_SEVERITY_MEDIUM);
    ck_assert_int_eq(severity_of("\"level\":\"note\","), EG_SEVERITY_LOW);
    static const struct {
        const char *score;
        enum eg_severity severity;
    } scores[] = {{"9.0", EG_SEVERITY_CRITICAL}, {"8.9", EG_SEVERITY_HIGH},   {"7.0", EG_SEVERITY_HIGH},
                  {"6.9", EG_SEVERITY_MEDIUM},   {"4.0", EG_SEVERITY_MEDIUM}, {"3.9", EG_SEVERITY_LOW}};
    for (size_t i = 0; i < sizeof(scores) / sizeof(scores[0]); i++) {
        char more[120]; /* and it wins over the level */
        snprintf(more, sizeof(more), "\"level\":\"note\",\"properties\":{\"security-severity\":\"%s\"},", scores[i].score);
        ck_assert_msg(severity_of(more) == scores[i].severity, "%s", scores[i].score);
    }
}
END_TEST

START_TEST(neighbours_with_one_fingerprint_are_one) {
    begin("r");
    ck_assert_int_eq(read_sarif(RESULT("R", "a.py", "10", "eval(x)", "\"level\":\"note\",") ","
                                RESULT("R", "a.py", "12", "eval( x )", "\"level\":\"error\",") ","
                                RESULT("R", "a.py", "13", "eval(x)", "") "," RESULT("R", "b.py", "10", "eval(x)", "") ","
                                RESULT("Q", "a.py", "10", "eval(x)", "")), EG_OK);
    struct eg_finding *list = finish(4); /* 10 and 12; 13, which is more than two lines from the first; b.py; Q */
    size_t of_r = 0;
    for (int i = 0; i < 4; i++) {
        if (strcmp(list[i].rule, "R") == 0 && strcmp(list[i].file, "a.py") == 0 && list[i].line == 10) {
            ck_assert_int_eq(list[i].severity, EG_SEVERITY_HIGH);
        }
        of_r += strcmp(list[i].rule, "R") == 0;
        for (int j = 0; j < i; j++) {
            ck_assert_str_ne(list[i].fingerprint, list[j].fingerprint);
        }
    }
    ck_assert_uint_eq(of_r, 3);
}
END_TEST

static void fingerprint(const char *repo, const char *result, char out[65]) {
    begin(repo);
    ck_assert_int_eq(read_sarif(result), EG_OK);
    memcpy(out, finish(1)->fingerprint, 65);
}

START_TEST(a_finding_is_recognized_elsewhere) {
    char first[65], other[65];
    fingerprint("r", RESULT("R", "a.py", "10", "eval(x)", ""), first);
    fingerprint("r", RESULT("R", "moved/b.py", "77", "  eval( x )", ""), other);
    ck_assert_str_eq(first, other);
    fingerprint("r", RESULT("Q", "a.py", "10", "eval(x)", ""), other);
    ck_assert_str_ne(first, other);
    fingerprint("r", RESULT("R", "a.py", "10", "eval(y)", ""), other);
    ck_assert_str_ne(first, other);
    fingerprint("other", RESULT("R", "a.py", "10", "eval(x)", ""), other);
    ck_assert_str_ne(first, other);
}
END_TEST

/* severity + 0.7 confidence + 0.7 reachability + 0.3 delta_weight + 0.3 public + 0.2 bias + 1.2 secret */
START_TEST(risk_is_that_of_its_formula) {
    static const struct {
        const char *level;
        bool is_public, is_called;
        enum eg_bind bind;
        double risk;
        const char *queue;
    } rows[] = {{"note", false, false, EG_BIND_UNCHANGED, 0.25 + 0.42 + 0.3, "fixable"},
                {"warning", false, true, EG_BIND_MODIFIED, 0.5 + 0.42 + 0.35 + 0.36, "review"},
                {"error", true, false, EG_BIND_ADDED, 0.75 + 0.42 + 0.7 + 0.45 + 0.3, "block"},
                {"error", false, false, EG_BIND_UNKNOWN, 0.75 + 0.42 + 0.3, "review"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[600];
        size_t n;
        snprintf(text, sizeof(text), "{\"ruleId\":\"R\",\"level\":\"%s\"," BARE, rows[i].level);
        begin("r");
        ck_assert_int_eq(read_sarif(text), EG_OK);
        struct eg_finding *one = eg_findings_list(set, &n);
        one->is_public = rows[i].is_public;
        one->is_called = rows[i].is_called;
        one->bind = rows[i].bind;
        one = finish(1);
        ck_assert_double_eq_tol(one->confidence, 0.6, 1e-9);
        ck_assert_msg(fabs(one->risk - rows[i].risk) < 1e-4, "%zu: %g", i, one->risk);
        ck_assert_str_eq(one->queue, rows[i].queue);
    }
}
END_TEST

static eg_status keep(void *ctx, const struct eg_buf *payload, struct eg_err *err) {
    (void)err;
    eg_buf_add(ctx, payload->data, payload->len);
    eg_buf_char(ctx, '\n');
    return EG_OK;
}

static void told(struct eg_buf *out) {
    struct eg_findings_event event = {.sha = "0123456789", .complete = true, .scan = "one"};
    struct eg_err err = {0};
    eg_buf_init(out, (size_t)64 << 20);
    ck_assert_int_eq(eg_findings_payloads(set, &event, keep, out, &err), EG_OK);
    eg_buf_char(out, '\0');
}

START_TEST(a_secret_is_never_told) {
    static const char report[] = "[{\"RuleID\":\"aws-access-token\",\"Description\":\"AWS key\",\"StartLine\":3,\"File\":\"a.env\","
                                 "\"Match\":\"key=AKIAIOSFODNN7ABCDEFG\",\"Secret\":\"AKIAIOSFODNN7ABCDEFG\"}]";
    struct eg_err err = {0};
    struct eg_buf out;
    begin("r");
    ck_assert_int_eq(eg_findings_read(set, EG_REPORT_UNKNOWN, report, strlen(report), &err), EG_OK);
    struct eg_finding *one = finish(1);
    ck_assert(one->secret);
    ck_assert_str_eq(one->queue, "block");
    told(&out);
    ck_assert_ptr_null(strstr(out.data, "AKIA"));
    ck_assert_ptr_nonnull(strstr(out.data, one->fingerprint));
    eg_buf_free(&out);
}
END_TEST

START_TEST(a_scan_is_told_in_parts_of_which_the_last_closes) {
    struct eg_buf results, out;
    size_t parts = 0, complete = 0;
    begin("r");
    eg_buf_init(&results, (size_t)16 << 20);
    for (int i = 0; i < 250; i++) {
        eg_buf_printf(&results, "%s{\"ruleId\":\"R%d\"," BARE, i ? "," : "", i);
    }
    ck_assert_int_eq(read_sarif(eg_buf_text(&results)), EG_OK);
    finish(250);
    told(&out);
    for (char *rest = NULL, *line = strtok_r(out.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        complete += strstr(line, "\"complete\":true") != NULL;
        ck_assert((strstr(line, "\"complete\":true") != NULL) == (parts == 2));
        ck_assert_ptr_nonnull(strstr(line, "\"scan\":\"one\""));
        parts++;
    }
    ck_assert_uint_eq(parts, 3);
    ck_assert_uint_eq(complete, 1);
    eg_buf_free(&results);
    eg_buf_free(&out);
}
END_TEST

START_TEST(findings_belong_to_the_innermost_node) {
    static const struct eg_findings_node nodes[] = {{.uid = "file", .line = 0, .end_line = 0}, {.uid = "class", .line = 5, .end_line = 30},
                                                    {.uid = "method", .line = 10, .end_line = 12, .is_public = true}};
    static const struct {
        const char *line, *uid;
    } rows[] = {{"1", "file"}, {"5", "class"}, {"10", "method"}, {"12", "method"}, {"13", "class"}, {"31", "file"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[400];
        size_t n;
        snprintf(text, sizeof(text), "{\"ruleId\":\"R\",\"message\":{\"text\":\"m\"},\"locations\":[{\"physicalLocation\":"
                 "{\"artifactLocation\":{\"uri\":\"a.py\"},\"region\":{\"startLine\":%s}}}]}", rows[i].line);
        begin("r");
        ck_assert_int_eq(read_sarif(text), EG_OK);
        eg_findings_bind(set, "a.py", nodes, 3);
        eg_findings_bind(set, "b.py", nodes, 1);
        struct eg_finding *one = eg_findings_list(set, &n);
        ck_assert_str_eq(one->ast_ref, rows[i].uid);
        ck_assert_int_eq(one->is_public, strcmp(rows[i].uid, "method") == 0);
    }
}
END_TEST

START_TEST(lines_are_added_modified_or_as_they_were) {
    static const char diff[] = "--- a\n+++ b\n@@ -3,4 +3,5 @@\n same\n-old\n+new\n same\n+more\n same\n@@ -20,2 +21,1 @@\n same\n-gone\n";
    static const struct {
        int line, end_line;
        enum eg_bind bind;
    } rows[] = {{3, 3, EG_BIND_UNCHANGED}, {4, 4, EG_BIND_MODIFIED}, {5, 5, EG_BIND_UNCHANGED}, {6, 6, EG_BIND_ADDED},
                {5, 6, EG_BIND_ADDED},     {21, 22, EG_BIND_UNCHANGED}, {0, 0, EG_BIND_MODIFIED}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_msg(eg_findings_bind_of_diff(diff, rows[i].line, rows[i].end_line) == rows[i].bind, "%d", rows[i].line);
    }
    ck_assert_int_eq(eg_findings_bind_of_diff("", 0, 0), EG_BIND_UNCHANGED);
}
END_TEST

START_TEST(a_suppression_ends_with_its_time) {
    static const char until[] = "{\"state\":\"local\",\"reason\":\"known\",\"until\":\"2026-01-01T00:00:00Z\"}";
    const int64_t at_us = INT64_C(1767225600000000);
    begin("r");
    ck_assert_int_eq(read_sarif(RESULT("R", "a.py", "1", "x", "")), EG_OK);
    struct eg_finding *one = finish(1);
    eg_finding_suppress(set, one, until, at_us);
    ck_assert_ptr_null(one->suppression);
    eg_finding_suppress(set, one, until, at_us - 1000000);
    ck_assert_ptr_nonnull(one->suppression);
}
END_TEST

#define ALIKE(file) RESULT("R", file, "1", "", "")

START_TEST(the_only_one_is_adopted_however_often_it_is_said) {
    struct eg_err err = {0};
    char alias[EG_ALIAS_B];
    begin("r");
    ck_assert_int_eq(read_sarif(ALIKE("a.py")), EG_OK);
    struct eg_finding *one = finish(1);
    eg_alias_make(one, EG_MARK_LINE, alias);
    const struct eg_findings_twin twins[] = {{"other", alias, "b.py", 7}, {"other", alias, "b.py", 7}};
    ck_assert_int_eq(eg_findings_adopt(set, twins, 2, &err), EG_OK);
    ck_assert_str_eq(one->fingerprint, "other");
    ck_assert_int_eq(one->mark, EG_MARK_LINE);
}
END_TEST

/* Whatever is stored, at whatever places, under whatever of both ways. */
START_TEST(what_is_adopted_stays_distinct) {
    static const char *const files[] = {"a.py", "b.py", "c.py", "d.py", "gone.py"}, *const others[] = {"f0", "f1", "f2"};
    srandom(11);
    for (int round = 0; round < 2000; round++) {
        struct eg_err err = {0};
        char aliases[2][EG_ALIAS_B], natural[4][65];
        struct eg_findings_twin twins[9];
        size_t n;
        begin("r");
        ck_assert_int_eq(read_sarif(ALIKE("a.py") "," ALIKE("b.py") "," ALIKE("c.py") "," ALIKE("d.py")), EG_OK);
        struct eg_finding *list = eg_findings_list(set, &n);
        for (size_t i = 0; i < n; i++)
            list[i].line_text = random() % 2 ? "x" : NULL;
        list = finish(4);
        eg_alias_make(list, EG_MARK_LINE, aliases[0]);
        eg_alias_make(list, EG_MARK_MESSAGE, aliases[1]);
        for (size_t i = 0; i < 4; i++)
            memcpy(natural[i], list[i].fingerprint, sizeof(natural[i]));
        n = (size_t)random() % 10;
        for (size_t i = 0; i < n; i++)
            twins[i] = (struct eg_findings_twin){random() % 3 ? natural[random() % 4] : others[random() % 3], aliases[random() % 2],
                                                 files[random() % 5], 1};
        ck_assert_int_eq(eg_findings_adopt(set, twins, n, &err), EG_OK);
        for (size_t i = 0; i < 4; i++)
            for (size_t j = 0; j < i; j++)
                ck_assert_str_ne(list[i].fingerprint, list[j].fingerprint);
    }
}
END_TEST

START_TEST(what_is_no_report_is_refused) {
    static const char *const wrong[] = {"", "{", "[1", "{}", "{\"version\":\"2.1.0\"}", "{\"version\":\"2.1.0\",\"runs\":3}",
                                        "null", "[{}]"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct eg_err err = {0};
        begin("r");
        ck_assert_msg(eg_findings_read(set, EG_REPORT_UNKNOWN, wrong[i], strlen(wrong[i]), &err) == EG_FAIL, "%s", wrong[i]);
        ck_assert(err.code == EG_E_JSON_INVALID || err.code == EG_E_REPORT_INVALID);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("findings");
    TCase *tests = tcase_create("findings");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, severities_are_those_of_the_report);
    tcase_add_test(tests, neighbours_with_one_fingerprint_are_one);
    tcase_add_test(tests, a_finding_is_recognized_elsewhere);
    tcase_add_test(tests, risk_is_that_of_its_formula);
    tcase_add_test(tests, a_secret_is_never_told);
    tcase_add_test(tests, a_scan_is_told_in_parts_of_which_the_last_closes);
    tcase_add_test(tests, findings_belong_to_the_innermost_node);
    tcase_add_test(tests, lines_are_added_modified_or_as_they_were);
    tcase_add_test(tests, a_suppression_ends_with_its_time);
    tcase_add_test(tests, the_only_one_is_adopted_however_often_it_is_said);
    tcase_add_test(tests, what_is_adopted_stays_distinct);
    tcase_add_test(tests, what_is_no_report_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
