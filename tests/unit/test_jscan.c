/* The JSON scanner: what it accepts, what it says of the rest, and the walks over elements and members. Every text is
 * in memory of exactly its size, so that the sanitizer sees a read past the end. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"

static const struct eg_jscan_limits limits = {.max_depth = 4, .max_values = 10, .max_number_b = 330};

static const struct {
    const char *text;
    enum eg_code code;
} cases[] = {
    {" {\"a\" : [1, -2.5e+3, true , false,null, \"x\\u00e9\\n\"] } ", EG_E_NONE},
    {"9223372036854775807", EG_E_NONE},
    {"-9223372036854775808", EG_E_NONE},
    {"[[[[]]]]", EG_E_NONE},
    {"[1,2,3,4,5,6,7,8,9,10]", EG_E_NONE},
    {"0e-999", EG_E_NONE},
    {"1.7976931348623157e308", EG_E_NONE},
    {"5e-324", EG_E_NONE},
    {"\"\\\\u0000\"", EG_E_NONE},
    {"9223372036854775808", EG_E_NUMBER_OUT_OF_RANGE},
    {"-9223372036854775809", EG_E_NUMBER_OUT_OF_RANGE},
    {"[10000000000000000000000]", EG_E_NUMBER_OUT_OF_RANGE},
    {"1e400", EG_E_NUMBER_OUT_OF_RANGE},
    {"-1.8e308", EG_E_NUMBER_OUT_OF_RANGE},
    {"1e-400", EG_E_NUMBER_OUT_OF_RANGE},
    {"0e-400", EG_E_NONE},
    {"0e9999", EG_E_NONE},
    {"0e-10000", EG_E_NUMBER_OUT_OF_RANGE},
    {"-0.000e99999999999999999999", EG_E_NUMBER_OUT_OF_RANGE},
    {"1e-99999999999999999999", EG_E_NUMBER_OUT_OF_RANGE},
    {"\"\\u0000\"", EG_E_NUL_CHARACTER},
    {"{\"\\u0000\":1}", EG_E_NUL_CHARACTER},
    {"[\"\\u0000\"", EG_E_JSON_INVALID},
    {"[1e400", EG_E_JSON_INVALID},
    {"", EG_E_JSON_INVALID},
    {" ", EG_E_JSON_INVALID},
    {"[1,]", EG_E_JSON_INVALID},
    {"[,1]", EG_E_JSON_INVALID},
    {"[1 2]", EG_E_JSON_INVALID},
    {"{\"a\":1,}", EG_E_JSON_INVALID},
    {"{\"a\"}", EG_E_JSON_INVALID},
    {"{a:1}", EG_E_JSON_INVALID},
    {"[1}", EG_E_JSON_INVALID},
    {"{\"a\":1]", EG_E_JSON_INVALID},
    {"]", EG_E_JSON_INVALID},
    {"1 1", EG_E_JSON_INVALID},
    {"[[[[[]]]]]", EG_E_JSON_INVALID},
    {"[1,2,3,4,5,6,7,8,9,10,11]", EG_E_JSON_INVALID},
    {"01", EG_E_JSON_INVALID},
    {"-", EG_E_JSON_INVALID},
    {"1.", EG_E_JSON_INVALID},
    {".5", EG_E_JSON_INVALID},
    {"1e", EG_E_JSON_INVALID},
    {"1e+", EG_E_JSON_INVALID},
    {"+1", EG_E_JSON_INVALID},
    {"nul", EG_E_JSON_INVALID},
    {"True", EG_E_JSON_INVALID},
    {"\"a", EG_E_JSON_INVALID},
    {"\"a\\", EG_E_JSON_INVALID},
    {"\"\\u12", EG_E_JSON_INVALID},
    {"\"\\u12g4\"", EG_E_JSON_INVALID},
    {"\"\\x\"", EG_E_JSON_INVALID},
    {"\"a\nb\"", EG_E_JSON_INVALID},
    {"\"12345678\x01\"", EG_E_JSON_INVALID},
};

static enum eg_code check(const char *text, size_t len, struct eg_err *err) {
    char *exact = malloc(len ? len : 1);
    memcpy(exact, text, len);
    eg_err_clear(err);
    eg_status status = eg_jscan_check(exact, len, &limits, err);
    free(exact);
    ck_assert_int_eq(status == EG_OK, err->code == EG_E_NONE);
    return err->code;
}

START_TEST(texts_are_judged) {
    struct eg_err err;
    enum eg_code code = check(cases[_i].text, strlen(cases[_i].text), &err);
    ck_assert_msg(code == cases[_i].code, "%s: %s", cases[_i].text, code ? eg_code_name(code) : "accepted");
}
END_TEST

START_TEST(no_cut_is_read_past_its_end) {
    static const char text[] = "{\"name\\u00e9\\n\":[-12.5e-3,true,null,\"0123456789abcdef\\\"\"],\"b\":{}}";
    struct eg_err err;
    for (size_t len = 0; len < sizeof text - 1; len++)
        ck_assert_int_eq(check(text, len, &err), EG_E_JSON_INVALID);
    ck_assert_int_eq(check(text, sizeof text - 1, &err), EG_E_NONE);
}
END_TEST

START_TEST(the_place_is_told_in_characters) {
    struct eg_err err;
    check("[1,\n \"\xC4\x85\xC4\x85\", x]", 15, &err);
    ck_assert_str_eq(err.message, "Line 2, column 8: a value was expected.");
    ck_assert_int_eq(check("\"a\0b\"", 5, &err), EG_E_JSON_INVALID);
}
END_TEST

static const struct {
    const char *text;
    const char *at; /* the pointer is asked for where this begins */
    const char *pointer;
} places[] = {
    {"7", "7", ""},
    {"[7]", "7", "/0"},
    {"[[],{\"a\":[1,[2,7]]}]", "7", "/1/a/1/1"},
    {"{\"a\":{\"b\":1},\"c\":7}", "7", "/c"},
    {"{\"a\":\"x,7\"}", "7", "/a"},
    {"{\"a\":1,\"b7\":2}", "7", "/b7"},
    {"{\"\":{\"~/\":7}}", "7", "//~0~1"},
    {"{\"\\u00e9\\n\\\"\":7}", "7", "/\xC3\xA9\n\""},
    {"{\"a\":{\"\\u0000\":7}}", "7", "/a"},
    {"{\"a\":{\"1234567890123456789012345678901\":7}}", "7}", "/a"},
};

START_TEST(a_place_has_its_pointer) {
    char out[32];
    const char *text = places[_i].text;
    eg_jscan_pointer(text, strlen(text), (size_t)(strstr(text, places[_i].at) - text), out, sizeof out);
    ck_assert_str_eq(out, places[_i].pointer);
}
END_TEST

START_TEST(a_refused_value_is_pointed_at) {
    struct eg_err err;
    const char text[] = "{\"a\":[1, 1e999]}";
    ck_assert_int_eq(check(text, sizeof text - 1, &err), EG_E_NUMBER_OUT_OF_RANGE);
    ck_assert_str_eq(err.place, "/a/1");
}
END_TEST

static size_t held_b, peak_b;

static size_t chunk_of(size_t n) { return n + 8 <= 32 ? 32 : (n + 8 + 15) & ~(size_t)15; } /* as glibc's malloc has it */

static void *count(size_t n) {
    size_t *p = malloc(16 + n);
    *p = n;
    held_b += chunk_of(n);
    peak_b = held_b > peak_b ? held_b : peak_b;
    return p + 2;
}

static void count_free(void *p) {
    if (p) {
        held_b -= chunk_of(((size_t *)p)[-2]);
        free((size_t *)p - 2);
    }
}

static const struct {
    const char *around, *each; /* # is a number, so that names differ */
} built[] = {
    {"[]", "1"}, {"[]", "\"\""}, {"[]", "\"0123456789\""}, {"[]", "true"}, {"[]", "{}"}, {"[]", "[]"}, {"[]", "[1,1,1,1,1,1,1,1,1]"},
    {"[]", "{\"a\":{}}"}, {"[]", "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9}"},
    {"{}", "\"#\":1"}, {"{}", "\"#\":null"}, {"{}", "\"#\":\"x\""}, {"{}", "\"#\":{}"}, {"{}", "\"a long name #\":[\"y\"]"},
};

/* With one place more than a container had room for. */
START_TEST(what_is_built_is_bounded) {
    struct eg_err err;
    size_t built_b, len = 1;
    const struct eg_jscan_limits counting = {.max_depth = 64, .max_values = 100000, .max_number_b = 400, .built_b = &built_b};
    char *text = malloc(1024 * 1024);
    *text = built[_i].around[0];
    for (int i = 0; i < 4097; i++) {
        text[len] = ',';
        len += i > 0;
        for (const char *p = built[_i].each; *p; p++) {
            if (*p == '#')
                len += (size_t)sprintf(text + len, "%d", i);
            else
                text[len++] = *p;
        }
    }
    text[len++] = built[_i].around[1];
    ck_assert_int_eq(eg_jscan_check(text, len, &counting, &err), EG_OK);
    json_set_alloc_funcs(count, count_free);
    json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(doc);
    ck_assert_msg(peak_b <= built_b + len && built_b + len < 2 * peak_b, "%s: %zu and %zu for %zu", built[_i].each, len, built_b, peak_b);
    json_decref(doc);
    json_set_alloc_funcs(malloc, free);
    free(text);
}
END_TEST

START_TEST(members_are_walked) {
    const char text[] = " { \"a\" : [1,{\"b\":2}] , \"\\u0061\":\"x\",\"c\":{} } ";
    struct eg_str name, value;
    char said[64] = "";
    size_t at = 0;
    while (eg_jscan_next_member(text, sizeof text - 1, &at, &name, &value))
        snprintf(said + strlen(said), sizeof said - strlen(said), "%d%.*s|", eg_jscan_named(name, "a"), (int)value.n, value.p);
    ck_assert_str_eq(said, "1[1,{\"b\":2}]|1\"x\"|0{}|");
}
END_TEST

START_TEST(a_long_number_is_refused) {
    char text[400];
    memset(text, '1', sizeof text);
    text[1] = '.';
    struct eg_err err;
    ck_assert_int_eq(check(text, 330, &err), EG_E_NONE);
    ck_assert_int_eq(check(text, 331, &err), EG_E_NUMBER_OUT_OF_RANGE);
    memset(text, '0', sizeof text);
    text[1] = '.';
    text[328] = '1';
    ck_assert_int_eq(check(text, 329, &err), EG_E_NUMBER_OUT_OF_RANGE);
}
END_TEST

static const struct {
    const char *text;
    const char *elements; /* joined by |; a last ! for a broken structure */
} walks[] = {
    {"[]", ""},
    {" [ ] ", ""},
    {" [ {\"a\":\"],\\\"\"} , 2 ,[3,[4]], \"x\" ]\n", "{\"a\":\"],\\\"\"}|2|[3,[4]]|\"x\""},
    {"[nonsense, {broken: \"yes\"}, 1 2]", "nonsense|{broken: \"yes\"}|1 2"},
    {"[1,2", "1|!"},
    {"[1,2] x", "1|2|!"},
    {"[1,,2]", "1|!"},
    {"[1,]", "1|!"},
    {"[,1]", "!"},
    {"[", "!"},
    {"{}", "!"},
    {"", "!"},
    {"[\"a", "!"},
    {"[\"a\\", "!"},
    {"[{]", "!"},
    {"[1}]", "!"},
};

START_TEST(elements_are_cut_out) {
    size_t len = strlen(walks[_i].text), at = 0;
    char *exact = malloc(len ? len : 1), got[200] = "";
    memcpy(exact, walks[_i].text, len);
    struct eg_err err;
    eg_err_clear(&err);
    struct eg_str element;
    int more;
    while ((more = eg_jscan_element(exact, len, &at, &element, &err)) == 1) {
        if (*got)
            strcat(got, "|");
        strncat(got, element.p, element.n);
    }
    if (more < 0) {
        strcat(got, *got ? "|!" : "!");
        ck_assert_int_eq(err.code, EG_E_JSON_INVALID);
    }
    ck_assert_str_eq(got, walks[_i].elements);
    free(exact);
}
END_TEST

static const struct {
    const char *text;
    const char *name;
    const char *value; /* NULL: absent */
} members[] = {
    {"{\"x\":{\"a\":0}, \"a\" : [1, 2] ,\"b\":3}", "a", "[1, 2]"},
    {"{\"x\":{\"a\":0}, \"a\" : [1, 2] ,\"b\":3}", "b", "3"},
    {"{\"x\":{\"a\":0}}", "a", NULL},
    {"{\"\\u0061\":1}", "a", "1"},
    {"{\"\\ud83d\\ude00\":\"}\"}", "\xF0\x9F\x98\x80", "\"}\""},
    {"{\"\\n\\t\\\"\\\\\\/\\b\\f\\r\":null}", "\n\t\"\\/\b\f\r", "null"},
    {"{\"ab\":1}", "a", NULL},
    {"{\"a\":1}", "ab", NULL},
    {"{}", "a", NULL},
    {" { } ", "", NULL},
    {"{\"\":1}", "", "1"},
    {"[\"a\"]", "a", NULL},
    {"1", "a", NULL},
};

START_TEST(members_are_found) {
    size_t len = strlen(members[_i].text);
    char *exact = malloc(len);
    memcpy(exact, members[_i].text, len);
    struct eg_str value;
    int found = eg_jscan_member(exact, len, members[_i].name, &value);
    ck_assert_int_eq(found, members[_i].value != NULL);
    if (found) {
        ck_assert_uint_eq(value.n, strlen(members[_i].value));
        ck_assert_int_eq(memcmp(value.p, members[_i].value, value.n), 0);
    }
    free(exact);
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("jscan");
    tcase_add_loop_test(tcase, texts_are_judged, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, no_cut_is_read_past_its_end);
    tcase_add_test(tcase, the_place_is_told_in_characters);
    tcase_add_test(tcase, a_long_number_is_refused);
    tcase_add_loop_test(tcase, a_place_has_its_pointer, 0, (int)(sizeof places / sizeof *places));
    tcase_add_test(tcase, a_refused_value_is_pointed_at);
    tcase_add_test(tcase, members_are_walked);
    tcase_add_loop_test(tcase, what_is_built_is_bounded, 0, (int)(sizeof built / sizeof *built));
    tcase_add_loop_test(tcase, elements_are_cut_out, 0, (int)(sizeof walks / sizeof *walks));
    tcase_add_loop_test(tcase, members_are_found, 0, (int)(sizeof members / sizeof *members));
    Suite *suite = suite_create("jscan");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
