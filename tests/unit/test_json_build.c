/* The quick builder of JSON values beside jansson's parser: the same value, or none; and values for all that is plain. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"
#include "server/event/json_build.h"

static const struct eg_jscan_limits limits = {.max_depth = EG_JSON_MAX_DEPTH, .max_values = 1000, .max_number_b = 400};

static json_t *reference(const char *text, size_t len) {
    return json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

/* From memory of exactly its size, so that the sanitizer sees a read past the end. Answers whether there was a value. */
static bool same(const char *text) {
    size_t len = strlen(text);
    char *exact = malloc(len + !len);
    memcpy(exact, text, len);
    json_t *wanted = reference(exact, len), *got = eg_json_build(exact, len);
    bool built = got != NULL;
    ck_assert_msg(!built || (wanted && json_equal(wanted, got)), "%s", text);
    json_decref(wanted);
    json_decref(got);
    free(exact);
    return built;
}

static const char *const plain[] = {
    "{}", "[]", " { } ", "\"\"", "0", "-0", "-1", "999999999999999999", "1.5", "-2.5e+3", "1E5", "0.1", "5e-324", "true", "false", "null",
    " {\"a\" : [1, 2 , {\"b\":null}],\t\"c\":\"d\"}\r\n", "[[[[[[]]]]]]", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"a\\nb\\\\c\"",
    "{\"a\\tb\":\"c\\td\"}", "\"\xc3\xa9\"", "{\"a\":\"\xf0\x9f\x98\x80\\n\"}", "[\"12345678\",\"123456789012345\\n6789\"]",
};

static const char *const left[] = {
    "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "{\"a\":1,\"a\":2}", "\"\xff\"", "{\"\xc3\xa9\":1}", "9223372036854775807",
};

static const char *const broken[] = {
    "", " ", "{", "[", "\"", "\"a", "\"\\", "\"\\n", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "[1", "[1,",
    "[1,]", "[,1]", "-", "+1",
    "1.", "tru", "nul", "nulll", "[1]]", "1 2", "{1:2}", "{\"a\" 1}", "01", "1.e5", ".5", "1e", "--1", "1-1", "\"\t\"", "{}x",
};

START_TEST(plain_texts_are_built) {
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        ck_assert_msg(same(plain[i]), "%s", plain[i]);
}
END_TEST

START_TEST(the_rest_is_left_to_the_parser) {
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        ck_assert_msg(!same(left[i]), "%s", left[i]);
}
END_TEST

/* Behind the scanner they never come here; a value for one would still be a defect. */
START_TEST(what_the_scanner_refuses_is_read_within_its_bounds) {
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct eg_err err = {0};
        char *exact = malloc(strlen(broken[i]) + 1);
        memcpy(exact, broken[i], strlen(broken[i]));
        ck_assert_msg(eg_jscan_check(exact, strlen(broken[i]), &limits, &err) != EG_OK, "%s", broken[i]);
        json_decref(eg_json_build(exact, strlen(broken[i])));
        free(exact);
    }
}
END_TEST

START_TEST(depth_and_length_are_bounded) {
    char deep[2 * (EG_JSON_MAX_DEPTH + 8) + 1] = "", *text = calloc(1, 20000);
    memset(deep, '[', EG_JSON_MAX_DEPTH + 8);
    memset(deep + EG_JSON_MAX_DEPTH + 8, ']', EG_JSON_MAX_DEPTH + 8);
    ck_assert_ptr_null(eg_json_build(deep, strlen(deep)));
    memset(text, 'x', 10000);
    text[0] = '"';
    memcpy(text + 9990, "\\n\"", 4);
    ck_assert(!same(text)); /* with an escape: longer than the builder keeps */
    memcpy(text + 9990, "yy\"", 4);
    ck_assert(same(text));
    memcpy(text + 4095, "\\n\"", 4);
    (void)same(text);
    memcpy(text + 4097, "\\n\"", 4);
    (void)same(text);
    free(text);
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("json_build");
    tcase_add_test(tcase, plain_texts_are_built);
    tcase_add_test(tcase, the_rest_is_left_to_the_parser);
    tcase_add_test(tcase, what_the_scanner_refuses_is_read_within_its_bounds);
    tcase_add_test(tcase, depth_and_length_are_bounded);
    Suite *suite = suite_create("json_build");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
