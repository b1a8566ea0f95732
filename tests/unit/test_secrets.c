/* Secrets in texts: the patterns that ship, the literals that make looking cheap, and what is taken out. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "findings/secrets.h"

static struct eg_secrets *secrets;

static void setup(void) {
    struct eg_err err = {0};
    json_t *policy = json_load_file("spec/policies/secrets.json", 0, NULL);
    ck_assert_int_eq(eg_secrets_new(policy, EG_SECRETS_STEPS_LOOP, &secrets, &err), EG_OK);
    json_decref(policy);
}

static void teardown(void) { eg_secrets_free(secrets); }

#define GITHUB "ghp_a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"

static const struct {
    const char *text;
    const char *name;    /* NULL: no secret */
    const char *cleaned; /* NULL: as it is */
} cases[] = {
    {"", NULL, NULL},
    {"plain words, and a token: MODIFY_SIG", NULL, NULL},
    {"ghp_short", NULL, NULL},
    {GITHUB, "github-token", "_redacted"},
    {"a " GITHUB " b " GITHUB ".", "github-token", "a _redacted b _redacted."},
    {"AKIAZZZZZZZZZZZZZZZZ and " GITHUB, "aws-access-key", "_redacted and _redacted"},
    {"see https://egdb:hunter2@host/x", "url-password", "see _redactedhost/x"},
    {"https://host/a@b", NULL, NULL},
    {"Password = \"abcdefgh\"", "assignment", "_redacted"},
    {"\xff" GITHUB "\xc3", "github-token", "\xff_redacted\xc3"},
};

START_TEST(texts_are_told_and_cleaned) {
    const char *text = cases[_i].text, *name = eg_secrets_find(secrets, text, strlen(text));
    struct eg_buf out;
    eg_buf_init(&out, 1000);
    ck_assert_msg((name == NULL) == (cases[_i].name == NULL) && (!name || strcmp(name, cases[_i].name) == 0), "%s: %s", text,
                  name ? name : "none");
    eg_secrets_redact(secrets, text, strlen(text), &out);
    ck_assert_str_eq(eg_buf_text(&out), cases[_i].cleaned ? cases[_i].cleaned : text);
    eg_buf_free(&out);
}
END_TEST

/* In memory of exactly its size, so that the sanitizer sees a read past the end. */
static bool in_json(const char *text) {
    size_t len = strlen(text);
    char *exact = malloc(len ? len : 1);
    memcpy(exact, text, len);
    bool may = eg_secrets_in_json(secrets, exact, len);
    free(exact);
    return may;
}

START_TEST(a_text_without_any_literal_is_passed_over) {
    ck_assert(!in_json(""));
    ck_assert(!in_json("{\"token\":\"MODIFY_SIG\",\"password\":\"abcdefgh\",\"n\":[1,2.5,null]}"));
    ck_assert(in_json("{\"a\":\"\\u0067hp_\"}"));
    ck_assert(in_json("{\"a\":\"it's\"}"));
    static const char *const literals[] = {"ghp_", "AKIA", "A3T", "xox", "eyJ", "://", "glpat-", "AIza", "PRIVATE KEY"};
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
        char text[64];
        for (int before = 0; before < 4; before++) { /* at every place, and at the very end */
            snprintf(text, sizeof text, "%.*s%s", before, "####", literals[i]);
            ck_assert_msg(in_json(text), "%s", text);
            strcat(text, "##");
            ck_assert_msg(in_json(text), "%s", text);
        }
    }
}
END_TEST

START_TEST(policies_are_checked) {
    static const char *const wrong[] = {"{\"patterns\":[{\"name\":\"a\"}]}", "{\"patterns\":[{\"pattern\":\"a\"}]}",
                                        "{\"patterns\":[{\"name\":\"a\",\"pattern\":\"(\"}]}",
                                        "{\"patterns\":[{\"name\":\"a\",\"pattern\":\"a\",\"needs\":[\"\"]}]}",
                                        "{\"patterns\":[{\"name\":\"a\",\"pattern\":\"a\",\"needs\":[1]}]}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct eg_secrets *none = NULL;
        struct eg_err err = {0};
        json_t *policy = json_loads(wrong[i], 0, NULL);
        ck_assert_int_eq(eg_secrets_new(policy, EG_SECRETS_STEPS_LOOP, &none, &err), EG_FAIL);
        ck_assert_int_eq(err.code, EG_E_CONFIG);
        ck_assert_ptr_null(none);
        json_decref(policy);
    }
}
END_TEST

/* Without literals every text is tried; without patterns none. */
START_TEST(literals_are_optional) {
    struct eg_secrets *own = NULL;
    struct eg_err err = {0};
    json_t *policy = json_loads("{\"patterns\":[{\"name\":\"digits\",\"pattern\":\"[0-9]{4}\"}]}", 0, NULL);
    ck_assert_int_eq(eg_secrets_new(policy, EG_SECRETS_STEPS_LOOP, &own, &err), EG_OK);
    ck_assert(eg_secrets_in_json(own, "{}", 2));
    ck_assert_str_eq(eg_secrets_find(own, "x1234", 5), "digits");
    eg_secrets_free(own);
    json_decref(policy);
    ck_assert_int_eq(eg_secrets_new(NULL, EG_SECRETS_STEPS_LOOP, &own, &err), EG_OK);
    ck_assert(!eg_secrets_in_json(own, "{}", 2));
    ck_assert_ptr_null(eg_secrets_find(own, GITHUB, strlen(GITHUB)));
    eg_secrets_free(own);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("secrets");
    TCase *tcase = tcase_create("secrets");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, texts_are_told_and_cleaned, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, a_text_without_any_literal_is_passed_over);
    tcase_add_test(tcase, policies_are_checked);
    tcase_add_test(tcase, literals_are_optional);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
