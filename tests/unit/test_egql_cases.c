/* Cases of the language as data: tests/egql/ (README.md there tells the format), and every example of egql/GRAMMAR.md.
 */
#include <glob.h>
#include <stdio.h>

#include "egql/plan.h"
#include "tests/unit/egql_support.h"

#define MOST_CASE_B (256 << 10)

static int cases_run;

static char *read_all(const char *path) {
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    char *text = calloc(1, MOST_CASE_B);
    size_t n = fread(text, 1, MOST_CASE_B - 1, file);
    ck_assert_msg(n > 0 && n < MOST_CASE_B - 1, "%s is empty or too long", path);
    fclose(file);
    return text;
}

/* -- params: a line `name type` each */
static size_t params_of(char *lines, struct egql_param *params) {
    size_t n = 0;
    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
        char name[40], type[40];
        ck_assert_msg(sscanf(line, "%39s %39s", name, type) == 2, "-- params: %s", line);
        params[n].name = (struct eg_str){eg_arena_dup(support_arena, name, strlen(name)), strlen(name)};
        params[n].null = strcmp(type, "null") == 0;
        for (enum eg_type t = EG_TEXT; t <= EG_BYTES; t++)
            if (strcmp(egql_type_name(t), type) == 0 && t != EG_INT4)
                params[n].type = t;
        n++;
    }
    return n;
}

static void columns_text(const struct egql_compiled *compiled, struct eg_buf *out) {
    for (size_t i = 0; i < compiled->n_columns; i++)
        eg_buf_printf(out, "%s %s\n", compiled->columns[i].name, egql_type_name(compiled->columns[i].type));
}

/* A case as it is read: texts that end in one newline, or are empty. */
struct one {
    const char *file;
    char name[200];
    char section[40]; /* the one that is being read; empty: the query */
    struct eg_buf query, params, body;
    int sections;
};

/* Each kind of section, and what makes its text. */
static void section_text(const struct one *one, const char *query, const char *params_text, struct eg_buf *out) {
    struct egql_param params[EGQL_MOST_PARAMS] = {0};
    eg_arena_reset(support_arena);
    char *lines = eg_arena_dup(support_arena, params_text, strlen(params_text));
    size_t n = params_of(lines, params);
    const struct egql_dialect *dialect = egql_dialect_find(one->section);
    const struct egql_compiled *compiled;
    eg_status status = egql_compile(support_sources, dialect ? dialect : egql_dialect_find("postgresql"), query,
                                    strlen(query), params, n, support_arena, &compiled, &support_diag);
    if (status != EG_OK)
        egql_diag_print(&support_diag, query, strlen(query), out);
    else if (dialect)
        egql_compiled_print(compiled, out);
    else if (strcmp(one->section, "columns") == 0)
        columns_text(compiled, out);
    else
        ck_assert_msg(strcmp(one->section, "error") == 0, "%s: %s: there is no section -- %s", one->file, one->name,
                      one->section);
}

static void trim(struct eg_buf *text) {
    while (text->len > 0 && text->data[text->len - 1] == '\n')
        text->len--;
}

static void end_section(struct one *one) {
    if (one->section[0] == '\0' || strcmp(one->section, "params") == 0)
        return;
    struct eg_buf out;
    eg_buf_init(&out, MOST_CASE_B);
    trim(&one->query);
    trim(&one->body);
    section_text(one, eg_buf_text(&one->query), eg_buf_text(&one->params), &out);
    trim(&out);
    ck_assert_msg(strcmp(eg_buf_text(&out), eg_buf_text(&one->body)) == 0,
                  "%s: %s: -- %s\n%s\nis now\n%s\nbut must be\n%s", one->file, one->name, one->section, one->query.data,
                  eg_buf_text(&out), eg_buf_text(&one->body));
    eg_buf_free(&out);
    one->sections++;
    cases_run++;
}

static void end_case(struct one *one) {
    end_section(one);
    ck_assert_msg(one->name[0] == '\0' || one->sections > 0, "%s: %s: nothing is asserted", one->file, one->name);
    eg_buf_free(&one->query);
    eg_buf_free(&one->params);
    eg_buf_free(&one->body);
    one->name[0] = one->section[0] = '\0';
    one->sections = 0;
}

static void read_line(struct one *one, const char *line, size_t n) {
    if (n > 3 && memcmp(line, "== ", 3) == 0) {
        end_case(one);
        snprintf(one->name, sizeof one->name, "%.*s", (int)n - 3, line + 3);
    } else if (n > 3 && memcmp(line, "-- ", 3) == 0) {
        end_section(one);
        eg_buf_free(&one->body);
        snprintf(one->section, sizeof one->section, "%.*s", (int)n - 3, line + 3);
    } else if (one->name[0] != '\0') {
        bool params = strcmp(one->section, "params") == 0;
        struct eg_buf *to = params ? &one->params : one->section[0] ? &one->body : &one->query;
        eg_buf_add(to, line, n);
        eg_buf_char(to, '\n');
    }
}

START_TEST(every_case) {
    glob_t files;
    ck_assert_int_eq(glob("tests/egql/*.case", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char *text = read_all(files.gl_pathv[i]);
        struct one one = {.file = files.gl_pathv[i]};
        eg_buf_init(&one.query, MOST_CASE_B);
        eg_buf_init(&one.params, MOST_CASE_B);
        eg_buf_init(&one.body, MOST_CASE_B);
        for (char *line = text, *end; *line; line = *end ? end + 1 : end) {
            end = strchrnul(line, '\n');
            read_line(&one, line, (size_t)(end - line));
        }
        end_case(&one);
        free(text);
    }
    globfree(&files);
    ck_assert_int_gt(cases_run, 50);
}
END_TEST

/* ```egql blocks hold a query each; one that is followed by an ```error block is refused with that text. Their $names
 * have values. */
START_TEST(every_example) {
    char *text = read_all("egql/GRAMMAR.md");
    int n = 0;
    for (char *at = strstr(text, "```egql\n"); at; at = strstr(at, "```egql\n")) {
        char *query = at + 8, *end = strstr(query, "\n```"), *wanted = NULL;
        ck_assert(end != NULL);
        *end = '\0';
        at = end + 4;
        if (strncmp(at, "\n\n```error\n", 11) == 0) {
            wanted = at + 11;
            at = strstr(wanted, "```");
            *at = '\0';
            at += 3;
        }
        eg_arena_reset(support_arena);
        struct egql_param params[8] = {0};
        size_t n_params = 0;
        if (egql_parse(query, strlen(query), support_arena, &support_ast, &support_diag) == EG_OK)
            for (; n_params < support_ast->n_params && n_params < 8; n_params++)
                params[n_params] = support_ast->params[n_params];
        const struct egql_compiled *compiled;
        eg_status status = EG_OK;
        for (int i = 0; i < 2 && status == EG_OK; i++)
            status = egql_compile(support_sources, egql_dialect_find(i ? "sqlite" : "postgresql"), query, strlen(query),
                                  params, n_params, support_arena, &compiled, &support_diag);
        struct eg_buf out;
        eg_buf_init(&out, MOST_CASE_B);
        if (status != EG_OK)
            egql_diag_print(&support_diag, query, strlen(query), &out);
        ck_assert_msg(strcmp(eg_buf_text(&out), wanted ? wanted : "") == 0, "%s\n%s", query, eg_buf_text(&out));
        eg_buf_free(&out);
        n++;
    }
    ck_assert_int_gt(n, 20);
    free(text);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("egql_cases");
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, egql_setup, egql_teardown);
    tcase_add_test(tc, every_case);
    tcase_add_test(tc, every_example);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
