/* Declarations of panels: what is kept of a file, each slip that is refused by name, texts with their optional parts, and values as a
 * query string has them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/registry/panels.h"

#define NOW_US INT64_C(1760054400000000)

static char spec[] = "/tmp/egdb-panels-XXXXXX";
static struct eg_panels *panels;
static struct eg_err err;

/* What every file has. */
static const char plain[] = "\"name\": \"own\", \"system\": \"s\", \"group\": \"g\", \"title\": \"t\", \"description\": \"d\","
                            " \"cache_s\": 5";

static void setup(void) {
    char folder[64];
    strcpy(spec, "/tmp/egdb-panels-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(spec));
    snprintf(folder, sizeof folder, "%s/panels", spec);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    panels = NULL;
    eg_err_clear(&err);
}

static void path_of(char *out, size_t room, const char *name) { snprintf(out, room, "%s/panels/%s", spec, name); }

static void teardown(void) {
    char path[128];
    eg_panels_free(panels);
    path_of(path, sizeof path, "own.json");
    unlink(path);
    path_of(path, sizeof path, "");
    rmdir(path);
    rmdir(spec);
}

/* The file own.json with what stands here; the panel, or NULL with err. */
static const struct eg_panel *load(const char *parameters, const char *rest) {
    char path[128];
    path_of(path, sizeof path, "own.json");
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "{%s, \"draw\": {\"kind\": \"table\"}, \"parameters\": [%s], %s}", plain, parameters, rest);
    fclose(file);
    eg_panels_free(panels);
    panels = NULL;
    eg_err_clear(&err);
    return eg_panels_load(spec, &panels, &err) == EG_OK ? eg_panels_find(panels, "own") : NULL;
}

#define SQL(text) "\"columns\": [{\"name\": \"n\", \"type\": \"integer\", \"title\": \"n\"}], \"sql\": {\"any\": " text "}"
#define LIMIT "{\"name\": \"limit\", \"type\": \"integer\", \"title\": \"l\", \"default\": 10, \"least\": 1, \"most\": 20}"
#define BRANCH "{\"name\": \"branch\", \"type\": \"text\", \"title\": \"b\", \"most\": 5}"
#define SINCE "{\"name\": \"since\", \"type\": \"time\", \"title\": \"s\"}"

START_TEST(a_file_is_kept) {
    const struct eg_panel *panel = load(LIMIT ", " BRANCH, SQL("\"SELECT 1 [[ WHERE branch = $branch ]] LIMIT $limit\"")
                                                              ", \"scope\": \"admin\"");
    ck_assert_msg(panel != NULL, "%s: %s", err.place, err.message);
    ck_assert_str_eq(panel->name, "own");
    ck_assert(strstr(panel->file, "/panels/own.json"));
    ck_assert_int_eq(panel->cache_us, 5000000);
    ck_assert_int_eq(panel->scope, EG_SCOPE_ADMIN);
    ck_assert_uint_eq(panel->n_params, 2);
    ck_assert_int_eq(panel->params[0].type, EG_PANEL_INTEGER);
    ck_assert_str_eq(panel->params[0].def, "10");
    ck_assert(!panel->params[1].required && !panel->params[1].def);
    ck_assert_uint_eq(panel->n_columns, 1);
    ck_assert_int_eq(panel->columns[0].type, EG_INT8);
    ck_assert(panel->postgresql && panel->sqlite && !panel->egql);
    ck_assert_ptr_null(eg_panels_find(panels, "other"));
    panel = load("", SQL("\"SELECT 1\""));
    ck_assert_int_eq(panel->scope, EG_SCOPE_NONE);
}
END_TEST

static void writes(const struct eg_panel *panel, uint32_t given, bool numbered, const char *text, const char *order) {
    int at[EG_PANEL_MOST_PARAMS + 1];
    char found[64] = "";
    struct eg_buf out;
    eg_buf_init(&out, 4096);
    size_t n = eg_panel_write(panel, panel->postgresql, given, numbered, &out, at);
    for (size_t i = 0; i < n; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%d", i ? " " : "", at[i]);
    ck_assert_str_eq(eg_buf_text(&out), text);
    ck_assert_str_eq(found, order);
    eg_buf_free(&out);
}

START_TEST(texts_leave_out_what_is_not_given) {
    const struct eg_panel *panel = load(LIMIT ", " BRANCH ", " SINCE,
                                        SQL("[\"SELECT $limit, '$limit', \\\"$limit\\\" -- $limit [[\", \"FROM t[[ WHERE b = $branch]]\","
                                            " \"[[AND s > $since AND b <> $branch AND l < $limit]] < $now LIMIT $limit\"]"));
    ck_assert_msg(panel != NULL, "%s: %s", err.place, err.message);
    writes(panel, 1, true, "SELECT $1, '$limit', \"$limit\" -- $limit [[\nFROM t\n < $2 LIMIT $1", "0 -1");
    writes(panel, 1 | 2, true, "SELECT $1, '$limit', \"$limit\" -- $limit [[\nFROM t WHERE b = $2\n < $3 LIMIT $1", "0 1 -1");
    writes(panel, 1 | 4, true, "SELECT $1, '$limit', \"$limit\" -- $limit [[\nFROM t\n < $2 LIMIT $1", "0 -1");
    writes(panel, 7, true,
           "SELECT $1, '$limit', \"$limit\" -- $limit [[\nFROM t WHERE b = $2\nAND s > $3 AND b <> $2 AND l < $1 < $4 LIMIT $1",
               "0 1 2 -1");
    writes(panel, 1, false, "SELECT $limit, '$limit', \"$limit\" -- $limit [[\nFROM t\n < $now LIMIT $limit", "0 -1");
}
END_TEST

START_TEST(slips_are_named) {
    static const struct {
        const char *parameters, *rest, *says;
    } slips[] = {
        {LIMIT, SQL("\"SELECT 1\""), "$limit is not used"},
        {BRANCH, SQL("\"SELECT $branch\""), "within [[ ]]"},
        {"", SQL("\"SELECT $other\""), "$other is not among the parameters"},
        {BRANCH, SQL("\"SELECT [[ $branch\""), "[[ is not closed"},
        {BRANCH, SQL("\"SELECT $branch ]]\""), "within [[ ]]"},
        {BRANCH, SQL("\"SELECT [[ 1 [[ $branch ]] ]]\""), "come in pairs"},
        {BRANCH, SQL("\"SELECT 1 ]] [[ $branch ]]\""), "come in pairs"},
        {LIMIT, SQL("\"SELECT [[ $limit ]]\""), "no parameter that may be left out"},
        {BRANCH, SQL("\"[[$branch]][[$branch]][[$branch]][[$branch]][[$branch]][[$branch]]\""), "more than 5 [[ ]]"},
        {LIMIT ", " LIMIT, SQL("\"SELECT $limit\""), "\"limit\" is there twice"},
        {"{\"name\": \"x\", \"type\": \"float\", \"title\": \"x\"}", SQL("\"$x\""), "parameters[0].type"},
        {"{\"name\": \"X\", \"type\": \"text\", \"title\": \"x\"}", SQL("\"$x\""), "parameters[0].name"},
        {"{\"name\": \"now\", \"type\": \"text\", \"title\": \"x\"}", SQL("\"$now\""), "parameters[0].name"},
        {"{\"name\": \"x\", \"type\": \"integer\", \"title\": \"x\"}", SQL("\"$x\""), "least and most"},
        {"{\"name\": \"x\", \"type\": \"integer\", \"title\": \"x\", \"least\": 5, \"most\": 4}", SQL("\"$x\""), "below least"},
        {"{\"name\": \"x\", \"type\": \"text\", \"title\": \"x\", \"least\": 1}", SQL("\"$x\""), "bound a number"},
        {"{\"name\": \"x\", \"type\": \"text\", \"title\": \"x\", \"most\": 2001}", SQL("\"$x\""), "too large"},
        {"{\"name\": \"x\", \"type\": \"text\", \"title\": \"x\", \"required\": true, \"default\": \"a\"}", SQL("\"$x\""), "no default"},
        {"{\"name\": \"x\", \"type\": \"text\", \"title\": \"x\", \"default\": \"c\", \"values\": [\"a\"]}",
         SQL("\"$x\""), "parameters[0].default"},
        {"{\"name\": \"x\", \"type\": \"integer\", \"title\": \"x\", \"least\": 1, \"most\": 2, \"values\": [\"1\"]}",
         SQL("\"$x\""), "values"},
        {"{\"name\": \"x\", \"type\": \"text\", \"title\": \"x\", \"colour\": 1}", SQL("\"$x\""), "parameters[0].colour"},
        {"", SQL("\"SELECT 1\"") ", \"colour\": 1", "colour: no such member"},
        {"", SQL("\"SELECT 1\"") ", \"scope\": \"root\"", "scope: a scope of tokens"},
        {"", SQL("\"SELECT 1\"") ", \"scope\": 8", "scope: a scope of tokens"},
        {"", SQL("\"SELECT 1\"") ", \"egql\": \"FIND runs\"", "either egql or sql"},
        {"", "\"egql\": \"FIND runs\", \"columns\": []", "the columns of its query"},
        {"", "\"sql\": {\"any\": \"SELECT 1\"}", "lists its columns"},
        {"", SQL("[]"), "at most 64 KiB"},
        {"", SQL("[1]"), "at most 64 KiB"},
        {"", "\"columns\": [{\"name\": \"n\", \"type\": \"integer\", \"title\": \"n\"}], \"sql\": {\"sqlite\": \"SELECT 1\"}",
            "either \"any\""},
        {"", "\"columns\": [{\"name\": \"n\", \"type\": \"int\", \"title\": \"n\"}], \"sql\": {\"any\": \"SELECT 1\"}",
            "columns[0].type"},
    };
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        ck_assert_msg(load(slips[i].parameters, slips[i].rest) == NULL, "%s %s", slips[i].parameters, slips[i].rest);
        ck_assert_msg(strstr(err.message, slips[i].says) != NULL, "%s, not %s", err.message, slips[i].says);
        ck_assert_int_eq(err.code, EG_E_CONFIG);
        ck_assert(strstr(err.place, "own.json"));
    }
}
END_TEST

/* "": it is refused, by the parameter's name. */
static void reads(const char *declared, const char *text, const char *expected) {
    char parameter[300], found[64] = "";
    struct eg_value value;
    snprintf(parameter, sizeof parameter, "{\"name\": \"x\", \"title\": \"x\", \"required\": true, %s}", declared);
    const struct eg_panel *panel = load(parameter, SQL("\"$x\""));
    ck_assert_msg(panel != NULL, "%s", err.message);
    eg_err_clear(&err);
    if (eg_panel_value(&panel->params[0], text, NOW_US, &value, &err) == EG_OK) {
        enum eg_type type = eg_panel_value_type(panel->params[0].type);
        if (type == EG_TEXT)
            snprintf(found, sizeof found, "%.*s", (int)value.s.n, value.s.p);
        else if (type == EG_FLOAT8)
            snprintf(found, sizeof found, "%g", value.d);
        else if (type == EG_BOOL)
            snprintf(found, sizeof found, "%s", value.b ? "true" : "false");
        else
            snprintf(found, sizeof found, "%lld", (long long)value.i - (type == EG_TIME ? NOW_US : 0));
    } else {
        ck_assert_int_eq(err.code, EG_E_PARAM_INVALID);
        ck_assert_str_eq(err.place, "x");
    }
    ck_assert_msg(strcmp(found, expected) == 0, "%s of \"%s\": %s, not %s", declared, text, found, expected);
}

START_TEST(values_are_judged) {
    static const char whole[] = "\"type\": \"integer\", \"least\": -3, \"most\": 20";
    static const char real[] = "\"type\": \"number\", \"least\": 0, \"most\": 1";
    static const char text[] = "\"type\": \"text\", \"most\": 4", one[] = "\"type\": \"text\", \"values\": [\"a\", \"b\"]";
    static const char flag[] = "\"type\": \"boolean\"", moment[] = "\"type\": \"time\"", span[] = "\"type\": \"duration\"";
    static const struct {
        const char *declared, *text, *expected;
    } cases[] = {{whole, "20", "20"}, {whole, "21", ""}, {whole, "-3", "-3"}, {whole, "-4", ""}, {whole, "", ""}, {whole, "1x", ""},
                 {whole, "1.0", ""}, {whole, " 1", ""}, {whole, "+1", ""}, {whole, "99999999999999999999", ""},
                 {real, "0.25", "0.25"}, {real, "1", "1"}, {real, "1.01", ""}, {real, "-0.1", ""}, {real, "nan", ""}, {real, "0x1", ""},
                 {real, "1e-1", "0.1"}, {real, "", ""},
                 {text, "abcd", "abcd"}, {text, "abcde", ""}, {one, "b", "b"}, {one, "c", ""},
                 {flag, "true", "true"}, {flag, "false", "false"}, {flag, "1", ""}, {flag, "TRUE", ""},
                 {moment, "2025-10-10T00:00:00Z", "0"}, {moment, "2025-10-10T02:00:01+02:00", "1000000"}, {moment, "yesterday", ""},
                 {span, "1m", "-60000000"}, {span, "90m", "-5400000000"}, {span, "2h", "-7200000000"}, {span, "1d", "-86400000000"},
                 {span, "1w", "-604800000000"}, {span, "0m", ""}, {span, "1", ""}, {span, "m", ""}, {span, "1y", ""}, {span, "-1h", ""},
                 {span, "1hh", ""}, {span, "999999999h", ""},
                 {span, "2025-10-10T02:00:01+02:00", "1000000"}, {span, "2025-10-10", ""}, {span, "2025-13-10T00:00:00Z", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        reads(cases[i].declared, cases[i].text, cases[i].expected);
    struct eg_value value;
    const struct eg_panel *panel = load("{\"name\": \"x\", \"type\": \"text\", \"title\": \"the x\", \"required\": true}", SQL("\"$x\""));
    ck_assert_int_eq(eg_panel_value(&panel->params[0], NULL, NOW_US, &value, &err), EG_FAIL);
    ck_assert(strstr(err.message, "x is missing (the x)"));
}
END_TEST

START_TEST(parameters_are_described) {
    static const struct {
        const char *declared, *says;
    } cases[] = {{"\"type\": \"integer\", \"least\": 1, \"most\": 20, \"default\": 3", "integer, 1 to 20, default 3"},
                 {"\"type\": \"text\", \"required\": true", "text, required"},
                 {"\"type\": \"text\", \"values\": [\"a\", \"b\"], \"default\": \"a\"", "text: one of a, b, default a"},
                 {"\"type\": \"text\", \"default\": \"\"", "text, default empty"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char parameter[200];
        struct eg_buf out;
        eg_buf_init(&out, 400);
        snprintf(parameter, sizeof parameter, "{\"name\": \"x\", \"title\": \"x\", %s}", cases[i].declared);
        const struct eg_panel *panel = load(parameter, SQL("\"$x\""));
        ck_assert_msg(panel != NULL, "%s", err.message);
        eg_panel_param_describe(&panel->params[0], &out);
        ck_assert_str_eq(eg_buf_text(&out), cases[i].says);
        eg_buf_free(&out);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("panels");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_file_is_kept);
    tcase_add_test(tcase, texts_leave_out_what_is_not_given);
    tcase_add_test(tcase, slips_are_named);
    tcase_add_test(tcase, values_are_judged);
    tcase_add_test(tcase, parameters_are_described);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
