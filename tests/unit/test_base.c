/* err, arena, buf, map, ulid, catalogue and dml: the small modules under everything. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/dml.h"
#include "base/err.h"
#include "base/map.h"
#include "base/text.h"
#include "base/ulid.h"
#include "base/utf8.h"

START_TEST(the_first_error_wins) {
    struct eg_err err;
    eg_err_clear(&err);
    ck_assert_int_eq(eg_err_set(&err, EG_E_JSON_INVALID, "/a", "line %d", 3), EG_FAIL);
    ck_assert_int_eq(eg_err_set(&err, EG_E_INTERNAL, NULL, "later"), EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_JSON_INVALID);
    ck_assert_str_eq(err.message, "line 3");
    ck_assert_str_eq(err.place, "/a");
    ck_assert_str_eq(eg_code_name(err.code), "json_invalid");
    ck_assert_int_eq(eg_code_status(err.code), 400);
}
END_TEST

START_TEST(a_long_message_is_cut_between_characters) {
    char text[1200];
    for (size_t shift = 0; shift < 4; shift++) {
        struct eg_err err;
        eg_err_clear(&err);
        memset(text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xF0\x9F\x98\x80", 5);
        eg_err_set(&err, EG_E_USAGE, NULL, "%s", text);
        size_t len = strlen(err.message);
        ck_assert_uint_eq((len - shift) % 4, 0);
        ck_assert_uint_ge(len, sizeof err.message - 5);
    }
}
END_TEST

START_TEST(what_is_not_utf8_is_not_told) {
    struct eg_err err;
    eg_err_clear(&err);
    eg_err_set(&err, EG_E_USAGE, "/\xFF", "a\xC3 b\xED\xA0\x80 \xC3\xA4\xE2\x82");
    ck_assert_str_eq(err.message, "a? b??? \xC3\xA4??");
    ck_assert_str_eq(err.place, "/?");
}
END_TEST

START_TEST(characters_are_found_and_others_refused) {
    static const struct {
        const char *text;
        size_t len;
        uint32_t c;
    } cases[] = {{"a", 1, 'a'},
                 {"\0", 1, 0},
                 {"\xC2\x80", 2, 0x80},
                 {"\xC1\xBF", 0, 0},
                 {"\xE0\xA0\x80", 3, 0x800},
                 {"\xE0\x9F\xBF", 0, 0},
                 {"\xED\x9F\xBF", 3, 0xD7FF},
                 {"\xED\xA0\x80", 0, 0},
                 {"\xEE\x80\x80", 3, 0xE000},
                 {"\xF0\x90\x80\x80", 4, 0x10000},
                 {"\xF0\x8F\xBF\xBF", 0, 0},
                 {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
                 {"\xF4\x90\x80\x80", 0, 0},
                 {"\xF5\x80\x80\x80", 0, 0},
                 {"\x80", 0, 0},
                 {"\xC3", 0, 0},
                 {"\xE2\x82", 0, 0},
                 {"\xC3(", 0, 0}};
    char text[32];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = cases[i].text[0] ? strlen(cases[i].text) : 1;
        uint32_t c = 0;
        ck_assert_uint_eq(eg_utf8_char(cases[i].text, n, &c), cases[i].len);
        ck_assert(cases[i].len == 0 || c == cases[i].c);
        for (size_t at = 0; at < 20; at++) { /* in each place beside the words of eight */
            memset(text, 'x', sizeof text);
            memcpy(text + at, cases[i].text, n);
            ck_assert_int_eq(eg_utf8_valid(text, at + n), cases[i].len != 0);
        }
    }
}
END_TEST

START_TEST(bytes_are_told_in_base_64) {
    static const char *const cases[][2] = {{"", ""},         {"f", "Zg=="},           {"fo", "Zm8="},
                                           {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF\xBE", "+/++"}};
    struct eg_buf buf;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        eg_buf_init(&buf, 64);
        eg_buf_base64(&buf, cases[i][0], strlen(cases[i][0]));
        ck_assert_str_eq(eg_buf_text(&buf), cases[i][1]);
        eg_buf_free(&buf);
    }
    eg_buf_init(&buf, 7);
    eg_buf_base64(&buf, "foobar", 6);
    ck_assert(buf.failed);
    eg_buf_free(&buf);
}
END_TEST

START_TEST(an_arena_is_bounded_and_resets) {
    struct eg_arena *arena = eg_arena_new(100000);
    char *kept = eg_arena_dup(arena, "abc", 3);
    ck_assert_str_eq(kept, "abc");
    for (int i = 0; i < 90; i++)
        ck_assert_ptr_nonnull(eg_arena_alloc(arena, 1000));
    ck_assert_str_eq(kept, "abc");
    ck_assert(!eg_arena_failed(arena));
    ck_assert_ptr_null(eg_arena_alloc(arena, 20000));
    ck_assert(eg_arena_failed(arena));
    ck_assert_ptr_null(eg_arena_alloc(arena, SIZE_MAX));
    eg_arena_reset(arena);
    ck_assert(!eg_arena_failed(arena));
    ck_assert_uint_eq(eg_arena_used(arena), 0);
    ck_assert_uint_eq((uintptr_t)eg_arena_alloc(arena, 1) % 16, 0);
    ck_assert_uint_eq((uintptr_t)eg_arena_alloc(arena, 1) % 16, 0);
    ck_assert_str_eq(eg_arena_printf(arena, "%d-%s", 7, "x"), "7-x");
    ck_assert_int_eq(*(char *)eg_arena_zalloc(arena, 9000), 0);
    eg_arena_free(arena);
    eg_arena_free(NULL);
}
END_TEST

START_TEST(arenas_share_a_budget) {
    struct eg_arena_budget budget = {.most_b = 100000};
    struct eg_arena *a = eg_arena_new_of(&budget, 1000000), *b = eg_arena_new_of(&budget, 1000000);
    size_t empty_b = atomic_load(&budget.used_b);
    ck_assert_uint_gt(empty_b, 2 * 8192);
    ck_assert_ptr_nonnull(eg_arena_alloc(a, 60000));
    ck_assert_uint_gt(atomic_load(&budget.used_b), empty_b + 60000);
    ck_assert_ptr_null(eg_arena_alloc(b, 50000)); /* not beside the other … */
    ck_assert(eg_arena_failed(b) && !eg_arena_full(b) && !eg_arena_over_budget(b));
    eg_arena_reset(a);
    ck_assert_uint_eq(atomic_load(&budget.used_b), empty_b);
    ck_assert_ptr_nonnull(eg_arena_alloc(b, 50000)); /* … but alone */
    ck_assert(!eg_arena_hold(b, 60000)); /* never */
    ck_assert(eg_arena_full(b) && eg_arena_over_budget(b));
    ck_assert_ptr_null(eg_arena_new_of(&(struct eg_arena_budget){.most_b = 8192}, 1000000));
    eg_arena_free(a);
    eg_arena_free(b);
    ck_assert_uint_eq(atomic_load(&budget.used_b), 0);
}
END_TEST

START_TEST(an_arena_takes_the_last_of_a_budget) {
    struct eg_arena_budget budget = {.most_b = 10000};
    struct eg_arena *arena = eg_arena_new_of(&budget, 1000000);
    ck_assert_ptr_nonnull(eg_arena_alloc(arena, 8000));
    ck_assert_ptr_nonnull(eg_arena_alloc(arena, 1000)); /* a block of twice the size has no room */
    ck_assert(!eg_arena_full(arena) && !eg_arena_failed(arena));
    ck_assert_ptr_null(eg_arena_alloc(arena, 4000));
    ck_assert(eg_arena_full(arena));
    eg_arena_free(arena);
    ck_assert_uint_eq(atomic_load(&budget.used_b), 0);
}
END_TEST

START_TEST(arenas_of_one_request_are_one) {
    struct eg_arena_budget budget = {.most_b = 100000};
    struct eg_arena *a = eg_arena_new_of(&budget, 1000000), *b = eg_arena_new_beside(a, 1000000);
    ck_assert(eg_arena_hold(a, 60000));
    ck_assert_ptr_null(eg_arena_alloc(b, 50000));
    ck_assert_msg(eg_arena_full(b), "the same request would meet itself again");
    eg_arena_let_go(a, 20000);
    eg_arena_free(a); /* with what it holds */
    ck_assert_ptr_nonnull(eg_arena_alloc(b, 80000));
    eg_arena_free(b);
    ck_assert_uint_eq(atomic_load(&budget.used_b), 0);
    a = eg_arena_new(1000);
    ck_assert(eg_arena_hold(a, 100000)); /* there is nothing that it counts in */
    b = eg_arena_new_beside(a, 1000);
    ck_assert_ptr_nonnull(eg_arena_alloc(b, 1000));
    eg_arena_free(a);
    eg_arena_free(b);
}
END_TEST

START_TEST(a_buffer_keeps_its_first_failure) {
    struct eg_buf buf;
    eg_buf_init(&buf, 10);
    eg_buf_str(&buf, "0123456789");
    ck_assert_str_eq(eg_buf_text(&buf), "0123456789");
    eg_buf_char(&buf, 'x');
    ck_assert(buf.failed);
    ck_assert_str_eq(eg_buf_text(&buf), "");
    eg_buf_free(&buf);
    ck_assert_str_eq(eg_buf_text(&buf), "");
    eg_buf_printf(&buf, "%s-%d", "ab", 42);
    size_t len;
    char *text = eg_buf_detach(&buf, &len);
    ck_assert_str_eq(text, "ab-42");
    ck_assert_uint_eq(len, 5);
    ck_assert_uint_eq(buf.len, 0);
    free(text);
    text = eg_buf_detach(&buf, &len);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

START_TEST(strings_are_escaped_as_json) {
    struct eg_buf buf;
    eg_buf_init(&buf, 1000);
    eg_buf_json_string(&buf, "a\"\\\n\0\x1f/\xC4\x85", 9);
    ck_assert_str_eq(eg_buf_text(&buf), "\"a\\\"\\\\\\n\\u0000\\u001f/\xC4\x85\"");
    eg_buf_free(&buf);
}
END_TEST

/* Eight bytes are looked at in one step, and the last eight once more: each length, and each place of what is escaped. */
START_TEST(every_place_of_a_string_is_looked_at) {
    struct eg_buf buf;
    eg_buf_init(&buf, 1000);
    for (size_t len = 0; len <= 40; len++) {
        char bytes[48], want[64];
        memset(bytes, 'x', sizeof bytes);
        bytes[len] = '"'; /* behind the end: not to be seen */
        buf.len = 0;
        eg_buf_json_string(&buf, bytes, len);
        snprintf(want, sizeof want, "\"%.*s\"", (int)len, bytes);
        ck_assert_str_eq(eg_buf_text(&buf), want);
        for (size_t at = 0; at < len; at++) {
            bytes[at] = at % 2 ? '"' : '\\';
            buf.len = 0;
            eg_buf_json_string(&buf, bytes, len);
            snprintf(want, sizeof want, "\"%.*s\\%c%.*s\"", (int)at, bytes, bytes[at], (int)(len - at - 1), bytes + at + 1);
            ck_assert_str_eq(eg_buf_text(&buf), want);
            bytes[at] = 'x';
        }
    }
    eg_buf_free(&buf);
}
END_TEST

START_TEST(doubles_are_short_and_read_back) {
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},       {1.0 / 3, "0.3333333333333333"},
                 {5e-324, "5e-324"}, {100, "100"},
                 {-0.0, "-0"},       {1e22, "1e+22"},
                 {INFINITY, "null"}, {NAN, "null"},
                 {12.5, "12.5"},     {0.1 + 0.2, "0.30000000000000004"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct eg_buf buf;
        eg_buf_init(&buf, 100);
        eg_buf_json_double(&buf, cases[i].value);
        ck_assert_str_eq(eg_buf_text(&buf), cases[i].text);
        eg_buf_free(&buf);
    }
}
END_TEST

static void check_like_printf(double value) {
    struct eg_buf buf;
    char text[40];
    int digits = 15;
    do
        snprintf(text, sizeof text, "%.*g", digits, value);
    while (strtod(text, NULL) != value && ++digits <= 17);
    eg_buf_init(&buf, 100);
    eg_buf_json_double(&buf, value);
    ck_assert_str_eq(eg_buf_text(&buf), text);
    eg_buf_free(&buf);
}

START_TEST(a_double_is_what_printf_writes) {
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 30000; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        check_like_printf((double)(state % 997) / (double)(1 + state / 997 % 1000));
        check_like_printf(-ldexp((double)(state >> 11), -(int)(state % 70)));
        check_like_printf((double)(state % 100000000000) / 1e7);
    }
    for (int e = -20; e < 60; e++) {
        double power = ldexp(1, e), ten = pow(10, e);
        for (int i = 0; i < 4; i++, power = nextafter(power, 0), ten = nextafter(ten, 0)) {
            check_like_printf(power);
            check_like_printf(ten);
            check_like_printf(ten * 5);
        }
    }
}
END_TEST

START_TEST(a_map_finds_what_was_put) {
    struct eg_arena *arena = eg_arena_new(1 << 24);
    struct eg_map *map = eg_map_new(arena, 0);
    for (int i = 0; i < 5000; i++) {
        char *key = eg_arena_printf(arena, "key %d", i);
        ck_assert(eg_map_put(map, key, strlen(key), key));
    }
    ck_assert(eg_map_put(map, "key 7", 5, arena));
    ck_assert_ptr_eq(eg_map_get(map, "key 7", 5), arena);
    ck_assert_str_eq(eg_map_get(map, "key 4999", 8), "key 4999");
    ck_assert_ptr_null(eg_map_get(map, "key 5000", 8));
    ck_assert_ptr_null(eg_map_get(map, NULL, 0));
    ck_assert(eg_map_put(map, NULL, 0, map));
    ck_assert_ptr_eq(eg_map_get(map, "", 0), map);
    eg_arena_free(arena);

    arena = eg_arena_new(2000);
    map = eg_map_new(arena, 4);
    char keys[1000][4];
    int n = 0;
    for (; n < 1000; n++) {
        memcpy(keys[n], &n, sizeof n);
        if (!eg_map_put(map, keys[n], sizeof n, keys))
            break;
    }
    ck_assert_int_lt(n, 1000);
    eg_arena_free(arena);
}
END_TEST

START_TEST(a_hash_depends_on_every_byte) {
    char bytes[40] = {0};
    for (size_t len = 0; len <= sizeof bytes; len++) {
        uint64_t base = eg_hash64(bytes, len, 1);
        ck_assert(base == eg_hash64(bytes, len, 1));
        ck_assert(base != eg_hash64(bytes, len, 2));
        for (size_t i = 0; i < len; i++) {
            bytes[i] = 1;
            ck_assert(eg_hash64(bytes, len, 1) != base);
            bytes[i] = 0;
        }
    }
}
END_TEST

START_TEST(ulids_rise_and_are_valid) {
    char before[EG_ULID_B] = "", now[EG_ULID_B];
    for (int i = 0; i < 10000; i++) {
        eg_ulid_make(1760000000000000 + i / 100 * 1000, now);
        ck_assert_int_lt(strcmp(before, now), 0);
        ck_assert_uint_eq(strspn(now, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), EG_ULID_LEN);
        memcpy(before, now, sizeof now);
    }
    static const uint8_t ones[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    eg_ulid_from((int64_t)0xFFFFFFFFFFFF * 1000, ones, now);
    ck_assert_str_eq(now, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    eg_ulid_from(0, (const uint8_t[10]){0, 0, 0, 0, 1, 0, 0, 0, 0, 33}, now);
    ck_assert_str_eq(now, "00000000000000000100000011");
}
END_TEST

static const struct eg_column columns[] = {
    {.name = "id", .type = EG_INT8}, {.name = "path", .type = EG_TEXT}, {.name = "at", .type = EG_TIME}};
static const struct eg_table tables[] = {{.name = "files", .n_columns = 2, .columns = columns},
                                         {.name = "nodes", .n_columns = 3, .columns = columns}};

START_TEST(tables_and_columns_are_found) {
    struct eg_catalogue catalogue = {2, tables};
    ck_assert_ptr_eq(eg_catalogue_table(&catalogue, "files"), &tables[0]);
    ck_assert_ptr_eq(eg_catalogue_table(&catalogue, "nodes"), &tables[1]);
    ck_assert_ptr_null(eg_catalogue_table(&catalogue, "mode"));
    ck_assert_int_eq(eg_table_column(&tables[0], "pathology", 4), 1);
    ck_assert_int_eq(eg_table_column(&tables[0], "pat", 3), -1);
    ck_assert_int_eq(eg_table_column(&tables[0], "at", 2), -1);
}
END_TEST

START_TEST(parameters_follow_cells_and_key) {
    static const int where[] = {1}, key[] = {2, 1};
    static const struct eg_ref ref = {.table = &tables[0], .column = 0, .n_where = 1, .where = where};
    static const struct eg_cell cells[] = {{.column = 0, .ref = &ref}, {.column = 2}};
    struct eg_dml dml = {
        .kind = EG_DML_UPDATE, .table = &tables[1], .n_cells = 2, .cells = cells, .n_key = 2, .key = key};
    enum eg_type types[4];
    ck_assert_uint_eq(eg_dml_n_params(&dml), 4);
    eg_dml_param_types(&dml, types);
    ck_assert_int_eq(types[0], EG_TEXT);
    ck_assert_int_eq(types[1], EG_TIME);
    ck_assert_int_eq(types[2], EG_TIME);
    ck_assert_int_eq(types[3], EG_TEXT);
    dml.kind = EG_DML_REPLACE;
    ck_assert_uint_eq(eg_dml_n_params(&dml), 2);
    dml.kind = EG_DML_LOOKUP;
    ck_assert_uint_eq(eg_dml_n_params(&dml), 2);
    dml =
        (struct eg_dml){.kind = EG_DML_FILL, .table = &tables[1], .fill = {.column = 0, .ref = &ref, .stored = where}};
    ck_assert_uint_eq(eg_dml_n_params(&dml), 1);
    eg_dml_param_types(&dml, types);
    ck_assert_int_eq(types[0], EG_TEXT);
}
END_TEST

START_TEST(a_star_stands_for_any_run) {
    static const struct {
        const char *pattern, *text;
        bool fits;
    } cases[] = {{"", "", true}, {"*", "", true}, {"a", "a", true}, {"a", "ab", false}, {"a*", "abc", true}, {"*c", "abc", true},
                 {"a*b*c", "aXbYbZc", true}, {"a*b*c", "aXbYbZ", false}, {"**", "x", true}, {"a.*@v1", "a.b@v1", true}, {"a", "", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(eg_text_matches(cases[i].pattern, cases[i].text, strlen(cases[i].text)) == cases[i].fits, "%s %s",
                      cases[i].pattern, cases[i].text);
    ck_assert_int_eq(eg_text_hex('f'), 15);
    ck_assert_int_eq(eg_text_hex('F'), 15);
    ck_assert_int_eq(eg_text_hex('0'), 0);
    ck_assert_int_eq(eg_text_hex('g'), -1);
    ck_assert_int_eq(eg_text_hex('\x10'), -1);
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("base");
    tcase_add_test(tcase, the_first_error_wins);
    tcase_add_test(tcase, a_long_message_is_cut_between_characters);
    tcase_add_test(tcase, what_is_not_utf8_is_not_told);
    tcase_add_test(tcase, characters_are_found_and_others_refused);
    tcase_add_test(tcase, bytes_are_told_in_base_64);
    tcase_add_test(tcase, an_arena_is_bounded_and_resets);
    tcase_add_test(tcase, arenas_share_a_budget);
    tcase_add_test(tcase, an_arena_takes_the_last_of_a_budget);
    tcase_add_test(tcase, arenas_of_one_request_are_one);
    tcase_add_test(tcase, a_buffer_keeps_its_first_failure);
    tcase_add_test(tcase, strings_are_escaped_as_json);
    tcase_add_test(tcase, every_place_of_a_string_is_looked_at);
    tcase_add_test(tcase, doubles_are_short_and_read_back);
    tcase_add_test(tcase, a_double_is_what_printf_writes);
    tcase_add_test(tcase, a_map_finds_what_was_put);
    tcase_add_test(tcase, a_hash_depends_on_every_byte);
    tcase_add_test(tcase, ulids_rise_and_are_valid);
    tcase_add_test(tcase, tables_and_columns_are_found);
    tcase_add_test(tcase, parameters_follow_cells_and_key);
    tcase_add_test(tcase, a_star_stands_for_any_run);
    Suite *suite = suite_create("base");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
