/* Bodies: limits, the shared budget, both codings in pieces of every size, and bombs. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/body.h"
#include "server/http/encode.h"

#define LIMIT_B (256U << 10)

static struct eg_budget budget;
static struct eg_body body;
static struct eg_err err;

static void setup(void) {
    budget = (struct eg_budget){.max_b = 32U << 20};
    body = (struct eg_body){.data = NULL};
    err = (struct eg_err){.code = EG_E_NONE};
}

static void teardown(void) {
    eg_body_reset(&body, true);
    ck_assert_uint_eq(budget.used_b, 0); /* every charge is given back */
}

static char *text_of(size_t len) {
    char *text = malloc(len);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + (i * i / 7 + i / 1000) % 26);
    return text;
}

static eg_status take_in_pieces(const char *bytes, size_t len, size_t piece) {
    for (size_t at = 0; at < len; at += piece)
        if (eg_body_take(&body, bytes + at, len - at < piece ? len - at : piece, &err) != EG_OK)
            return EG_FAIL;
    return eg_body_finish(&body, &err);
}

START_TEST(both_codings_in_pieces) {
    static const size_t pieces[] = {1, 7, 4096, LIMIT_B};
    enum eg_coding coding = _i % 2 ? EG_CODING_GZIP : EG_CODING_ZSTD;
    size_t len = 100000, packed_len;
    char *text = text_of(len), *packed;
    ck_assert(eg_encode(coding, text, len, &packed, &packed_len));
    ck_assert(eg_body_begin(&body, coding, packed_len, LIMIT_B, &budget, &err) == EG_OK);
    ck_assert_msg(take_in_pieces(packed, packed_len, pieces[_i / 2]) == EG_OK, "%s", err.message);
    ck_assert_uint_eq(body.len, len);
    ck_assert_mem_eq(body.data, text, len);
    ck_assert_int_eq(body.data[len], '\0');
    free(text);
    free(packed);
}
END_TEST

START_TEST(exactly_the_limit_fits_and_one_more_does_not) {
    enum eg_coding coding = (enum eg_coding)_i;
    for (size_t more = 0; more < 2; more++) {
        size_t len = LIMIT_B + more, packed_len = len;
        char *text = text_of(len), *packed = NULL;
        if (coding != EG_CODING_IDENTITY)
            ck_assert(eg_encode(coding, text, len, &packed, &packed_len));
        setup();
        ck_assert(eg_body_begin(&body, coding, 0, LIMIT_B, &budget, &err) == EG_OK);
        eg_status status = take_in_pieces(packed ? packed : text, packed_len, 5000);
        ck_assert_msg((status == EG_OK) == (more == 0), "%s", err.message);
        if (more)
            ck_assert_int_eq(err.code, EG_E_BODY_TOO_LARGE);
        else
            ck_assert(body.len == len && memcmp(body.data, text, len) == 0);
        eg_body_reset(&body, true);
        free(text);
        free(packed);
    }
}
END_TEST

START_TEST(a_bomb_is_refused_while_it_unpacks) {
    enum eg_coding coding = _i ? EG_CODING_GZIP : EG_CODING_ZSTD;
    size_t len = 200U << 20, packed_len;
    char *zeros = calloc(1, len), *packed;
    ck_assert(eg_encode(coding, zeros, len, &packed, &packed_len));
    free(zeros);
    ck_assert(eg_body_begin(&body, coding, packed_len, LIMIT_B, &budget, &err) == EG_OK);
    ck_assert(take_in_pieces(packed, packed_len, 16384) == EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_BODY_TOO_LARGE);
    ck_assert_uint_le(body.cap, LIMIT_B + 1);
    free(packed);
}
END_TEST

START_TEST(broken_bodies) {
    enum eg_coding coding = _i ? EG_CODING_GZIP : EG_CODING_ZSTD;
    size_t len = 5000, packed_len;
    char *text = text_of(len), *packed;
    ck_assert(eg_encode(coding, text, len, &packed, &packed_len));
    ck_assert(eg_body_begin(&body, coding, 0, LIMIT_B, &budget, &err) == EG_OK);
    ck_assert(take_in_pieces(packed, packed_len - 3, 100) == EG_FAIL); /* ends early */
    ck_assert_int_eq(err.code, EG_E_ENCODING_INVALID);
    eg_body_reset(&body, true);
    setup();
    ck_assert(eg_body_begin(&body, coding, 0, LIMIT_B, &budget, &err) == EG_OK);
    ck_assert(take_in_pieces(text, len, 100) == EG_FAIL); /* not packed at all */
    ck_assert_int_eq(err.code, EG_E_ENCODING_INVALID);
    eg_body_reset(&body, true);
    setup();
    ck_assert(eg_body_begin(&body, coding, 0, LIMIT_B, &budget, &err) == EG_OK);
    ck_assert(take_in_pieces(packed, packed_len, 64) == EG_OK);
    ck_assert(eg_body_take(&body, "garbage behind", 14, &err) == EG_FAIL);
    free(text);
    free(packed);
}
END_TEST

START_TEST(members_may_follow_one_another) {
    enum eg_coding coding = _i ? EG_CODING_GZIP : EG_CODING_ZSTD;
    size_t len = 5000, packed_len;
    char *text = text_of(len), *packed;
    ck_assert(eg_encode(coding, text, len, &packed, &packed_len));
    ck_assert(eg_body_begin(&body, coding, 0, LIMIT_B, &budget, &err) == EG_OK);
    for (int i = 0; i < 3; i++)
        ck_assert(eg_body_take(&body, packed, packed_len, &err) == EG_OK);
    ck_assert(eg_body_finish(&body, &err) == EG_OK);
    ck_assert_uint_eq(body.len, 3 * len);
    free(text);
    free(packed);
}
END_TEST

START_TEST(the_budget_is_shared) {
    static char bytes[100000];
    struct eg_body other = {.data = NULL};
    budget.max_b = 200000;
    ck_assert(eg_body_begin(&body, EG_CODING_IDENTITY, 0, LIMIT_B, &budget, &err) == EG_OK);
    ck_assert(eg_body_take(&body, bytes, sizeof bytes, &err) == EG_OK);
    ck_assert(eg_body_begin(&other, EG_CODING_IDENTITY, 0, LIMIT_B, &budget, &err) == EG_OK);
    ck_assert(eg_body_take(&other, bytes, sizeof bytes, &err) == EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_OVERLOADED);
    eg_body_reset(&body, false);
    eg_err_clear(&err);
    ck_assert(eg_body_take(&other, bytes, sizeof bytes, &err) == EG_OK);
    eg_body_reset(&other, true);
}
END_TEST

START_TEST(a_kept_buffer_is_charged_again) {
    for (int i = 0; i < 3; i++) {
        ck_assert(eg_body_begin(&body, EG_CODING_IDENTITY, 600, LIMIT_B, &budget, &err) == EG_OK);
        ck_assert(eg_body_take(&body, "abc", 3, &err) == EG_OK);
        ck_assert(eg_body_finish(&body, &err) == EG_OK);
        ck_assert_str_eq(body.data, "abc");
        ck_assert_uint_ge(budget.used_b, body.cap);
        eg_body_reset(&body, false);
        ck_assert_uint_eq(budget.used_b, 0);
        ck_assert_ptr_nonnull(body.data);
    }
}
END_TEST

START_TEST(announced_lengths) {
    ck_assert(eg_body_begin(&body, EG_CODING_IDENTITY, LIMIT_B + 1, LIMIT_B, &budget, &err) == EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_BODY_TOO_LARGE);
    setup();
    ck_assert(eg_body_begin(&body, EG_CODING_IDENTITY, LIMIT_B, LIMIT_B, &budget, &err) == EG_OK);
    ck_assert_uint_eq(budget.used_b, 0); /* a claim alone takes nothing from others */
    eg_body_reset(&body, true);
    ck_assert(eg_body_begin(&body, EG_CODING_UNKNOWN, 1, LIMIT_B, &budget, &err) == EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_ENCODING_UNKNOWN);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("http_body");
    TCase *tests = tcase_create("body");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, both_codings_in_pieces, 0, 8);
    tcase_add_loop_test(tests, exactly_the_limit_fits_and_one_more_does_not, EG_CODING_IDENTITY, EG_CODING_UNKNOWN);
    tcase_add_loop_test(tests, a_bomb_is_refused_while_it_unpacks, 0, 2);
    tcase_add_loop_test(tests, broken_bodies, 0, 2);
    tcase_add_loop_test(tests, members_may_follow_one_another, 0, 2);
    tcase_add_test(tests, the_budget_is_shared);
    tcase_add_test(tests, a_kept_buffer_is_charged_again);
    tcase_add_test(tests, announced_lengths);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
