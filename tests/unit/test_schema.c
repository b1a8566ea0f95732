/* The JSON Schema validator beyond the official suite (test_schema_suite.c): places and texts of errors, declarations
 * that are wrong, references between documents, patterns, formats, and what must stay bounded. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/registry/schema.h"

static struct eg_schema_set *set;
static struct eg_schema_errors errors;
static struct eg_err err;

static void setup(void) {
    set = eg_schema_set_new();
    errors = (struct eg_schema_errors){.arena = eg_arena_new(1 << 20)};
    eg_err_clear(&err);
}

static void teardown(void) {
    eg_schema_set_free(set);
    eg_arena_free(errors.arena);
}

static json_t *parse(const char *text) {
    json_error_t error;
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(json != NULL, "%s: %s", text, error.text);
    return json;
}

static eg_status add(const char *uri, const char *text) {
    json_t *json = parse(text);
    eg_status status = eg_schema_set_add(set, uri, json, &err);
    json_decref(json);
    return status;
}

static const struct eg_schema *compile(const char *text) {
    static unsigned n;
    const struct eg_schema *schema = NULL;
    char uri[32];
    snprintf(uri, sizeof uri, "test%u", n++);
    eg_err_clear(&err);
    if (add(uri, text) || eg_schema_compile(set, uri, &schema, &err))
        return NULL;
    return schema;
}

static bool valid(const struct eg_schema *schema, const char *text) {
    ck_assert_msg(schema != NULL, "%s: %s", err.place, err.message);
    json_t *json = parse(text);
    bool ok = eg_schema_valid(schema, json, &errors);
    ck_assert_int_eq(ok, eg_schema_valid(schema, json, NULL));
    ck_assert_int_eq(ok, errors.n == 0 || ok);
    json_decref(json);
    return ok;
}

static bool fits(const char *schema, const char *value) { return valid(compile(schema), value); }

static void wants(size_t i, const char *instance, const char *keyword, const char *message) {
    ck_assert_uint_lt(i, errors.n);
    ck_assert_str_eq(errors.list[i].instance, instance);
    ck_assert_str_eq(errors.list[i].keyword, keyword);
    ck_assert_msg(strstr(errors.list[i].message, message) != NULL, "'%s' does not hold '%s'", errors.list[i].message,
                  message);
}

#define STEP                                                                                                           \
    "{\"$id\":\"core.step.finished@v1\",\"type\":\"object\",\"required\":[\"run_id\",\"name\",\"idx\",\"dt_ms\"],"     \
    "\"additionalProperties\":false,\"properties\":{\"run_id\":{\"type\":\"string\",\"minLength\":1},"                 \
    "\"name\":{\"type\":\"string\"},\"idx\":{\"type\":\"integer\",\"minimum\":0},\"dt_ms\":{\"type\":\"integer\"},"    \
    "\"deltas\":{\"type\":\"object\"},\"a/b~c\":{\"type\":\"array\",\"items\":{\"enum\":[\"x\",1,null]}}}}"

START_TEST(errors_say_where_and_what) {
    const struct eg_schema *schema = compile(STEP);
    ck_assert(valid(schema, "{\"run_id\":\"r\",\"name\":\"n\",\"idx\":0,\"dt_ms\":1,\"deltas\":{\"any\":[1]}}"));
    ck_assert(!valid(schema, "{\"run_id\":7,\"idx\":-1,\"dt_ms\":1.5,\"a/b~c\":[\"x\",\"y\"],\"more\":1}"));
    ck_assert_uint_eq(errors.n, 6);
    wants(0, "/run_id", "/properties/run_id/type", "must be a string, is 7");
    wants(1, "/idx", "/properties/idx/minimum", "must be at least 0, is -1");
    wants(2, "/dt_ms", "/properties/dt_ms/type", "must be an integer, is 1.5");
    wants(3, "/a~1b~0c/1", "/properties/a~1b~0c/items/enum", "must be one of \"x\", 1, null, is \"y\"");
    wants(4, "/more", "/additionalProperties", "is not a declared member; declared are `run_id`");
    wants(5, "", "/required", "is missing the required member `name`");
}
END_TEST

START_TEST(errors_are_bounded) {
    const struct eg_schema *schema = compile("{\"items\":{\"type\":\"string\",\"maxLength\":3}}");
    json_t *array = json_array();
    char *long_text = malloc(100001);
    memset(long_text, 'x', 100000);
    long_text[100000] = '\0';
    json_array_append_new(array, json_string(long_text));
    for (int i = 0; i < 100; i++)
        json_array_append_new(array, json_integer(i));
    errors.most = 5;
    ck_assert(!eg_schema_valid(schema, array, &errors));
    ck_assert_uint_eq(errors.n, 5);
    errors.most = 1000;
    ck_assert(!eg_schema_valid(schema, array, &errors));
    ck_assert_uint_eq(errors.n, 32);
    json_decref(array);

    const struct eg_schema *named = compile("{\"additionalProperties\":{\"enum\":[\"\\u20ac\"]}}");
    json_t *object = json_object();
    for (size_t i = 0; i + 3 <= 9000; i += 3)
        memcpy(long_text + i, "\xe2\x82\xac", 3);
    json_object_set_new(object, long_text, json_string(long_text));
    ck_assert(!eg_schema_valid(named, object, &errors));
    ck_assert_uint_lt(strlen(errors.list[0].instance), 1100);
    ck_assert_uint_lt(strlen(errors.list[0].message), 800);
    json_t *back = json_string(errors.list[0].message); /* NULL when it is not UTF-8 */
    ck_assert_ptr_nonnull(back);
    json_decref(back);
    json_decref(object);

    const struct eg_schema *deep =
        compile("{\"additionalProperties\":{\"$ref\":\"#\"},\"maxProperties\":1,\"type\":\"object\"}");
    json_t *tower = json_null();
    long_text[150] = '\0';
    for (int i = 0; i < 30; i++)
        tower = json_pack("{s:o}", long_text, tower);
    ck_assert(!eg_schema_valid(deep, tower, &errors));
    ck_assert_uint_lt(strlen(errors.list[0].instance), 1100);
    json_decref(tower);
    free(long_text);
}
END_TEST

START_TEST(alternatives_tell_the_closest) {
    const struct eg_schema *schema =
        compile("{\"oneOf\":[{\"properties\":{\"kind\":{\"const\":\"a\"},\"x\":{\"type\":\"integer\"}},\"required\":["
                "\"kind\"]},"
                "{\"properties\":{\"kind\":{\"const\":\"b\"},\"y\":{\"type\":\"integer\"}},\"required\":[\"kind\"]},"
                "{\"type\":\"string\"}]}");
    ck_assert(valid(schema, "{\"kind\":\"b\",\"y\":1}"));
    ck_assert(!valid(schema, "{\"kind\":\"b\",\"y\":\"no\",\"x\":\"no\"}"));
    wants(0, "", "/oneOf", "the closest is number 2");
    wants(1, "/y", "/oneOf/1/properties/y/type", "must be an integer, is \"no\"");
    ck_assert_uint_eq(errors.n, 2);
    ck_assert(!fits("{\"anyOf\":[{\"minimum\":5},{\"minimum\":6}]}", "1")); /* of two as close, the first */
    wants(1, "", "/anyOf/0/minimum", "at least 5");
}
END_TEST

START_TEST(dynamic_references_end_outermost) {
    const struct eg_schema *schema = compile(
        "{\"$id\":\"http://x/1\",\"$ref\":\"2\",\"$defs\":{\"m\":{\"$dynamicAnchor\":\"m\",\"const\":1},"
        "\"b\":{\"$id\":\"2\",\"$ref\":\"3\",\"$defs\":{\"m\":{\"$dynamicAnchor\":\"m\",\"const\":2}}},"
        "\"c\":{\"$id\":\"3\",\"items\":{\"$dynamicRef\":\"#m\"},\"$defs\":{\"m\":{\"$dynamicAnchor\":\"m\"}}}}}");
    ck_assert(valid(schema, "[1]"));
    ck_assert(!valid(schema, "[2]"));
}
END_TEST

START_TEST(references_between_documents) {
    const struct eg_schema *schema = NULL;
    ck_assert_int_eq(add("common@v1", "{\"$defs\":{\"sha\":{\"$anchor\":\"sha\",\"pattern\":\"^[0-9a-f]{4}$\"}}}"),
                     EG_OK);
    ck_assert_int_eq(add("x.json", "{\"$id\":\"my.topic@v1\",\"properties\":{\"a\":{\"$ref\":\"common@v1#/$defs/sha\"},"
                                   "\"b\":{\"$ref\":\"common@v1#sha\"}}}"),
                     EG_OK);
    ck_assert_msg(eg_schema_compile(set, "my.topic@v1", &schema, &err) == EG_OK, "%s", err.message);
    ck_assert(valid(schema, "{\"a\":\"00ff\",\"b\":\"1234\"}"));
    ck_assert(!valid(schema, "{\"a\":\"00ff\",\"b\":\"12345\"}"));
    wants(0, "/b", "common@v1#/$defs/sha/pattern", "must match the pattern ^[0-9a-f]{4}$");
    ck_assert_int_eq(eg_schema_compile(set, "other@v1", &schema, &err), EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_CONFIG);
}
END_TEST

START_TEST(wrong_declarations) {
    static const char *const cases[][3] = {
        {"{\"properties\":{\"a\":{\"minimum\":\"1\"}}}", "#/properties/a/minimum", "must be a number"},
        {"{\"type\":\"text\"}", "#/type", "type must be one of"},
        {"{\"type\":[\"null\",\"null\"]}", "#/type", "type must be one of"},
        {"{\"required\":\"a\"}", "#/required", "array of member names"},
        {"{\"required\":[1]}", "#/required", "array of member names"},
        {"{\"items\":[{}]}", "#/items", "must be a schema"},
        {"{\"properties\":{\"x\":3}}", "#/properties", "properties/x must be a schema"},
        {"{\"allOf\":[]}", "#/allOf", "at least one schema"},
        {"{\"multipleOf\":0}", "#/multipleOf", "above 0"},
        {"{\"minLength\":-1}", "#/minLength", "at least 0"},
        {"{\"minLength\":1.5}", "#/minLength", "at least 0"},
        {"{\"pattern\":\"(\"}", "#/pattern", "cannot be used"},
        {"{\"pattern\":\"a++\"}", "#/pattern", "a quantifier follows a quantifier"},
        {"{\"pattern\":\"\\\\Aabc\"}", "#/pattern", "does not know"},
        {"{\"pattern\":\"(?R)\"}", "#/pattern", "does not know"},
        {"{\"pattern\":\"(*UCP)a\"}", "#/pattern", "not of ECMA-262"},
        {"{\"patternProperties\":{\"[\":true}}", "#/patternProperties", "not closed"},
        {"{\"$ref\":\"#/$defs/none\"}", "#/$ref", "is not there"},
        {"{\"$ref\":\"http://example.com/none\"}", "#/$ref", "is not there"},
        {"{\"$ref\":\"#/type\",\"type\":\"null\"}", "", "no schema"},
        {"{\"$ref\":\"#\"}", "", "without end"},
        {"{\"$defs\":{\"a\":{\"allOf\":[{\"$ref\":\"#/$defs/b\"}]},\"b\":{\"anyOf\":[true,{\"$ref\":\"#/$defs/a\"}]}}}",
         "", "without end"},
        {"{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}", "", "is not known"},
        {"{\"$defs\":{\"a\":{\"$id\":\"http://x/a#b\"}}}", "", "must not have a fragment"},
        {"{\"$defs\":{\"a\":{\"$anchor\":\"q\"},\"b\":{\"$anchor\":\"q\"}}}", "", "Two anchors"},
        {"{\"$defs\":{\"a\":{\"$id\":\"http://x/a\"},\"b\":{\"$id\":\"http://x/a\"}}}", "", "Two schemas"},
        {"{\"dependentRequired\":{\"a\":[1]}}", "#/dependentRequired", "arrays of member names"},
        {"[]", "", "object or a boolean"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(compile(cases[i][0]) == NULL, "%s compiles", cases[i][0]);
        ck_assert_int_eq(err.code, EG_E_CONFIG);
        ck_assert_msg(strstr(err.place, cases[i][1]) != NULL, "%s: place %s", cases[i][0], err.place);
        ck_assert_msg(strstr(err.message, cases[i][2]) != NULL, "%s: %s", cases[i][0], err.message);
    }
}
END_TEST

START_TEST(numbers_by_value) {
    ck_assert(fits("{\"const\":1}", "1.0"));
    ck_assert(fits("{\"enum\":[[{\"a\":0.0}]]}", "[{\"a\":0}]"));
    ck_assert(fits("{\"enum\":[-0.0]}", "0"));
    ck_assert(!fits("{\"const\":9007199254740993}", "9007199254740992.0"));
    ck_assert(fits("{\"maximum\":9223372036854775807}", "9223372036854775807"));
    ck_assert(!fits("{\"maximum\":9223372036854775807}", "9223372036854775808.0"));
    ck_assert(!fits("{\"exclusiveMinimum\":-9223372036854775808.0}", "-9223372036854775808"));
    ck_assert(fits("{\"multipleOf\":0.01}", "19.99"));
    ck_assert(!fits("{\"multipleOf\":0.01}", "19.995"));
    ck_assert(fits("{\"multipleOf\":1e-300}", "123.456"));
    ck_assert(fits("{\"multipleOf\":2.5}", "1e300"));
    ck_assert(!fits("{\"multipleOf\":3}", "-9223372036854775808"));
    ck_assert(fits("{\"multipleOf\":2}", "-9223372036854775808"));
    ck_assert(!fits("{\"multipleOf\":1e300}", "5e-300"));
    ck_assert(fits("{\"type\":\"integer\"}", "1e3"));
    ck_assert(!fits("{\"uniqueItems\":true}", "[1,2,3,4,5,6,7,8,9,10,1.0]"));
    ck_assert(!fits("{\"uniqueItems\":true}",
                    "[0,1,2,3,4,5,6,7,8,{\"a\":1,\"b\":[2,null]},{\"b\":[2.0,null],\"a\":1.0},\"z\"]"));
    ck_assert(fits("{\"uniqueItems\":true}",
                   "[0,1,2,3,4,5,6,7,8,\"0\",null,false,true,[],{},[[]],9007199254740993,9007199254740992]"));
}
END_TEST

START_TEST(lengths_count_characters) {
    ck_assert(fits("{\"minLength\":2,\"maxLength\":2}", "\"\xf0\x9f\x92\xa9\xe2\x82\xac\""));
    ck_assert(!fits("{\"minLength\":3}", "\"\xf0\x9f\x92\xa9\xe2\x82\xac\""));
    wants(0, "", "/minLength", "must have at least 3 characters, has 2");
}
END_TEST

START_TEST(patterns_are_ecma) {
    static const struct {
        const char *pattern, *text;
        bool match;
    } cases[] = {
        {"^\\\\d$", "\"\xd9\xa3\"", false},
        {"^\\\\s$", "\"\xc2\xa0\"", true},
        {"^[\\\\s]$", "\"\xef\xbb\xbf\"", true},
        {"^[\\\\S]$", "\"\xe2\x80\x83\"", false},
        {"^[\\\\S]$", "\"\xe2\x82\xac\"", true},
        {"^\\\\S$", "\"\xe2\x80\x83\"", false},
        {"^a$", "\"a\\n\"", false},
        {"^.$", "\"\xe2\x80\xa8\"", false},
        {"^.$", "\"\xf0\x9f\x92\xa9\"", true},
        {"^\\\\cA$", "\"\\u0001\"", true},
        {"^\\\\x41\\\\u0042\\\\u{43}$", "\"ABC\"", true},
        {"^\\\\ud83d\\\\udca9$", "\"\xf0\x9f\x92\xa9\"", true},
        {"^\\\\p{Letter}\\\\p{Lu}\\\\P{gc=Nd}\\\\p{Script=Greek}$", "\"\xc3\xa9X-\xce\xb1\"", true},
        {"^[^]$", "\"x\"", true},
        {"[]", "\"x\"", false},
        {"^[[:alpha:]]$", "\"a]\"", true},
        {"^\\\\v$", "\"\\u000b\"", true},
        {"^(?:(a)|b)\\\\1c$", "\"bc\"", true},
        {"(?<y>\\\\d{4})-\\\\k<y>", "\"2020-2020\"", true},
        {"^a{,2}$", "\"a{,2}\"", true},
        {"", "\"\"", true},
        {"^\\\\/\\\\-[\\\\b]$", "\"/-\\b\"", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char schema[200];
        snprintf(schema, sizeof schema, "{\"pattern\":\"%s\"}", cases[i].pattern);
        ck_assert_msg(fits(schema, cases[i].text) == cases[i].match, "%s with %s", cases[i].pattern, cases[i].text);
    }
}
END_TEST

START_TEST(hostile_patterns_end) {
    static const char *const patterns[] = {"^(a+)+$",     "(a|aa)+$",    "(a*)*c",    "^.*a.*a.*a.*!",
                                           "([a-z]+)+-x", "[a]{30000}b", "(a+)\\\\1b"};
    char *text = malloc(60010);
    memset(text, 'a', 60000);
    strcpy(text + 60000, "-cbx\n!");
    json_t *value = json_string(text);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        char schema[200];
        snprintf(schema, sizeof schema, "{\"not\":{\"pattern\":\"%s\"}}", patterns[i]);
        const struct eg_schema *compiled = compile(schema);
        ck_assert_msg(!eg_schema_valid(compiled, value, NULL), "%s",
                      patterns[i]); /* refused, although `not` stands around it */
        ck_assert(!eg_schema_valid(compiled, value, &errors));
        wants(0, "", "/not", "regex_limit");
    }
    json_decref(value);
    free(text);
}
END_TEST

START_TEST(recursion_is_bounded) {
    const struct eg_schema *tree = compile("{\"properties\":{\"c\":{\"$ref\":\"#\"}},\"additionalProperties\":false}");
    json_t *value = json_object();
    for (int i = 0; i < 64; i++)
        value = json_pack("{s:o}", "c", value);
    ck_assert(eg_schema_valid(tree, value, &errors));
    for (int i = 0; i < 1500; i++)
        value = json_pack("{s:o}", "c", value);
    ck_assert(!eg_schema_valid(tree, value, &errors));
    ck_assert_msg(strstr(errors.list[0].message, "too deep") != NULL, "%s", errors.list[0].message);
    json_decref(value);
    /* two alternatives a level: 2^64 ways, unless somebody counts */
    const struct eg_schema *wide =
        compile("{\"type\":\"object\",\"anyOf\":[{\"required\":[\"x\"],\"properties\":{\"c\":{\"$ref\":\"#\"}}},"
                "{\"properties\":{\"c\":{\"$ref\":\"#\"}},\"required\":[\"x\"]}]}");
    value = json_object();
    for (int i = 0; i < 60; i++)
        value = json_pack("{s:o}", "c", value);
    ck_assert(!eg_schema_valid(wide, value, &errors));
    ck_assert_msg(strstr(errors.list[0].message, "too many steps") != NULL, "%s", errors.list[0].message);
    json_decref(value);
    /* a dynamic reference that comes back only at run time */
    const struct eg_schema *turning = compile(
        "{\"$id\":\"http://x/outer\",\"$dynamicAnchor\":\"m\",\"$ref\":\"inner\",\"$defs\":{\"i\":{\"$id\":\"inner\","
        "\"$dynamicRef\":\"#m\",\"$defs\":{\"m\":{\"$dynamicAnchor\":\"m\"}}}}}");
    ck_assert(!valid(turning, "1"));
    ck_assert_msg(strstr(errors.list[0].message, "without end") != NULL, "%s", errors.list[0].message);
}
END_TEST

START_TEST(large_values_are_linear) {
    const struct eg_schema *schema = compile("{\"uniqueItems\":true,\"items\":{\"anyOf\":[{\"type\":\"string\"},{"
                                             "\"type\":\"integer\"}]},\"unevaluatedItems\":false}");
    json_t *array = json_array();
    for (int i = 0; i < 200000; i++)
        json_array_append_new(array, json_integer(i));
    ck_assert(eg_schema_valid(schema, array, &errors));
    json_array_append_new(array, json_integer(77));
    ck_assert(!eg_schema_valid(schema, array, &errors));
    wants(0, "", "/uniqueItems", "200000 equals 77");
    json_decref(array);
}
END_TEST

START_TEST(formats_when_asked) {
    static const struct {
        const char *format, *text;
        bool ok;
    } cases[] = {
        {"date-time", "2024-02-29T23:59:60Z", true},
        {"date-time", "2023-02-29T00:00:00Z", false},
        {"date-time", "2024-01-01T00:00:00.5+02:00", true},
        {"date-time", "2024-01-01 00:00:00Z", false},
        {"date-time", "2024-01-01T00:00:60Z", false},
        {"date-time", "2024-01-01T00:59:60+01:00", true},
        {"date-time", "2024-01-01T00:00:00", false},
        {"date", "1900-02-29", false},
        {"date", "2000-02-29", true},
        {"uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", true},
        {"uuid", "2eb8aa08-aa98-11ea-b4aa73b441d16380", false},
        {"uri-reference", "/a?b#c", true},
        {"uri-reference", "a b", false},
        {"uri-reference", "%zz", false},
        {"uri", "https://x/y", true},
        {"uri", "x/y", false},
        {"regex", "^a+$", true},
        {"regex", "(", false},
        {"ipv4", "1.2.3.4", true},
        {"ipv4", "1.2.3", false},
        {"ipv6", "::1", true},
        {"json-pointer", "/a~1b", true},
        {"json-pointer", "a", false},
        {"no-such-format", "x", true},
    };
    ck_assert(fits("{\"format\":\"uuid\"}", "\"no\"")); /* an annotation by default */
    eg_schema_set_assert_formats(set, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *schema = json_pack("{s:s}", "format", cases[i].format), *value = json_string(cases[i].text);
        char *text = json_dumps(schema, 0);
        ck_assert_msg(eg_schema_valid(compile(text), value, &errors) == cases[i].ok, "%s %s", cases[i].format,
                      cases[i].text);
        free(text);
        json_decref(schema);
        json_decref(value);
    }
}
END_TEST

START_TEST(the_metaschema_reads_schemas) {
    const struct eg_schema *schema = NULL;
    ck_assert_int_eq(eg_schema_compile(set, "https://json-schema.org/draft/2020-12/schema", &schema, &err), EG_OK);
    ck_assert(valid(schema, STEP));
    ck_assert(!valid(schema, "{\"properties\":{\"a\":{\"items\":{\"minLength\":-1}}}}"));
    ck_assert_str_eq(errors.list[0].instance, "/properties/a/items/minLength");
    ck_assert_str_eq(errors.list[0].keyword,
                     "https://json-schema.org/draft/2020-12/meta/validation#/properties/minLength/minimum");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("schema");
    TCase *tcase = tcase_create("schema");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, errors_say_where_and_what);
    tcase_add_test(tcase, errors_are_bounded);
    tcase_add_test(tcase, alternatives_tell_the_closest);
    tcase_add_test(tcase, dynamic_references_end_outermost);
    tcase_add_test(tcase, references_between_documents);
    tcase_add_test(tcase, wrong_declarations);
    tcase_add_test(tcase, numbers_by_value);
    tcase_add_test(tcase, lengths_count_characters);
    tcase_add_test(tcase, patterns_are_ecma);
    tcase_add_test(tcase, hostile_patterns_end);
    tcase_add_test(tcase, recursion_is_bounded);
    tcase_add_test(tcase, large_values_are_linear);
    tcase_add_test(tcase, formats_when_asked);
    tcase_add_test(tcase, the_metaschema_reads_schemas);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
