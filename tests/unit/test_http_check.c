/* What a request's head must satisfy: framing, lines, hosts, codings, escapes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/check.h"

static enum eg_code judge(const char *const (*headers)[2], bool http_1_0) {
    struct eg_head head = {0};
    struct eg_err err = {0};
    for (; (*headers)[0]; headers++)
        eg_head_note(&head, (*headers)[0], strlen((*headers)[0]), (*headers)[1], strlen((*headers)[1]));
    if (eg_head_judge(&head, http_1_0, &err) == EG_OK)
        return EG_E_NONE;
    return err.code;
}

#define HEADERS(...)                                                                                                   \
    (const char *const[][2]) {                                                                                         \
        __VA_ARGS__, { NULL, NULL }                                                                                    \
    }
#define GOOD(...) ck_assert_int_eq(judge(HEADERS(__VA_ARGS__), false), EG_E_NONE)
#define BAD(...) ck_assert_int_eq(judge(HEADERS(__VA_ARGS__), false), EG_E_BAD_FRAMING)

START_TEST(framing) {
    GOOD({"Host", "a"}, {"Content-Length", "5"});
    GOOD({"host", "a"}, {"transfer-encoding", "CHUNKED"});
    GOOD({"Host", "a"}, {"X-Any", "tab\tand \xC4\x85"});
    BAD({"Content-Length", "5"});
    BAD({"Host", "a"}, {"Host", "a"});
    BAD({"Host", "a"}, {"Origin", "null"}, {"Origin", "http://localhost"});
    BAD({"Host", "a"}, {"Authorization", "Bearer a"}, {"authorization", "Bearer b"});
    BAD({"Host", "a"}, {"Content-Length", "5"}, {"content-length", "5"});
    BAD({"Host", "a"}, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"});
    BAD({"Host", "a"}, {"Transfer-Encoding", "gzip, chunked"});
    BAD({"Host", "a"}, {"Transfer-Encoding", "xchunked"});
    BAD({"Host", "a"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"});
    BAD({"Host", "a"}, {"Content-Length ", "5"});
    BAD({"Host", "a"}, {"", "5"});
    BAD({"Host", "a"}, {"X(Y)", "5"});
    BAD({"Host", "a"}, {"X", "a\x01"});
    BAD({"Host", "a"}, {"X", "a\rb"});
    BAD({"Host", "a"}, {"Content-Length", "+5"});
    BAD({"Host", "a"}, {"Content-Length", "5, 5"});
    BAD({"Host", "a"}, {"Content-Length", ""});
    BAD({"Host", "a"}, {"Content-Length", "9999999999999999999"});
    ck_assert_int_eq(judge(HEADERS({"X", "y"}), true), EG_E_NONE);
    ck_assert_int_eq(judge(HEADERS({"Transfer-Encoding", "chunked"}), true), EG_E_BAD_FRAMING);
}
END_TEST

static bool strict(const char *bytes, size_t len) { return eg_head_lines_strict(bytes, bytes + len); }
#define STRICT(text) strict(text, sizeof(text) - 1)

START_TEST(lines) {
    ck_assert(STRICT("\0\0Host\0 a\0\0\0\0"));
    ck_assert(STRICT("\0\0Host\0a\0\0Empty\0\0\0X\0 y\0\0\0\0"));
    ck_assert(STRICT("\0\0\0\0"));
    ck_assert(!STRICT("\0Host\0 a\0\0\0\0"));          /* LF behind the request line */
    ck_assert(!STRICT("\0\0Host\0 a\0X\0 y\0\0\0\0")); /* LF behind a header */
    ck_assert(!STRICT("\0\0Host\0 a\0\0 folded\0\0\0\0"));
    ck_assert(!STRICT("\0\0Host\0 a\0\0\tfolded\0\0\0\0"));
    ck_assert(!STRICT("\0\0Host\0 a\0\0\0"));   /* the empty line with LF */
    ck_assert(!STRICT("\0\0X\0 a\0b\0\0\0\0")); /* NUL in a value */
    ck_assert(!STRICT("\0\0Host"));
    ck_assert(!STRICT(""));
}
END_TEST

START_TEST(local_names) {
    static const char *const local[] = {"localhost", "LOCALHOST:8421", "127.0.0.1",  "127.0.0.1:1",
                                        "127.9.8.7", "[::1]",          "[::1]:8421", "a.localhost"};
    static const char *const foreign[] = {"",
                                          "evil.example",
                                          "localhost.evil.example",
                                          "127.0.0.1.evil.example",
                                          "[::2]",
                                          "0.0.0.0",
                                          "10.0.0.1",
                                          "127.evil",
                                          "localhost:80@evil",
                                          "[::1]evil",
                                          "localhost:8421:1",
                                          "notlocalhost",
                                          "128.0.0.1",
                                          "evil:80/localhost"};
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        ck_assert_msg(eg_host_is_local(local[i]), "%s", local[i]);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        ck_assert_msg(!eg_host_is_local(foreign[i]), "%s", foreign[i]);
    ck_assert(eg_origin_is_local("http://localhost:3000"));
    ck_assert(eg_origin_is_local("https://127.0.0.1"));
    ck_assert(!eg_origin_is_local("null"));
    ck_assert(!eg_origin_is_local("http://evil.example"));
    ck_assert(!eg_origin_is_local("localhost"));
}
END_TEST

START_TEST(request_ids) {
    ck_assert(eg_request_id_sane("01J9ZK-abc_1.2:3"));
    ck_assert(!eg_request_id_sane(""));
    ck_assert(!eg_request_id_sane("a b"));
    ck_assert(!eg_request_id_sane("a\"b"));
    ck_assert(eg_request_id_sane("123456789012345678901234567890123456789"));
    ck_assert(!eg_request_id_sane("1234567890123456789012345678901234567890"));
}
END_TEST

START_TEST(codings) {
    ck_assert_int_eq(eg_content_coding(NULL), EG_CODING_IDENTITY);
    ck_assert_int_eq(eg_content_coding("GZIP"), EG_CODING_GZIP);
    ck_assert_int_eq(eg_content_coding("x-gzip"), EG_CODING_GZIP);
    ck_assert_int_eq(eg_content_coding("zstd"), EG_CODING_ZSTD);
    ck_assert_int_eq(eg_content_coding("br"), EG_CODING_UNKNOWN);
    ck_assert_int_eq(eg_content_coding("gzip, zstd"), EG_CODING_UNKNOWN);
    ck_assert_int_eq(eg_accept_coding(NULL), EG_CODING_IDENTITY);
    ck_assert_int_eq(eg_accept_coding("br"), EG_CODING_IDENTITY);
    ck_assert_int_eq(eg_accept_coding("deflate, gzip, br"), EG_CODING_GZIP);
    ck_assert_int_eq(eg_accept_coding("gzip,zstd"), EG_CODING_ZSTD);
    ck_assert_int_eq(eg_accept_coding("zstd;q=0.5, gzip;q=0.8"), EG_CODING_GZIP);
    ck_assert_int_eq(eg_accept_coding("zstd;q=0, gzip; q=0.0"), EG_CODING_IDENTITY);
    ck_assert_int_eq(eg_accept_coding(", ,;,"), EG_CODING_IDENTITY);
    ck_assert_int_eq(eg_accept_quality("br, zstd, gzip;q=0.25", EG_CODING_GZIP), 250);
    ck_assert_int_eq(eg_accept_quality("br, zstd, gzip;q=0", EG_CODING_GZIP), 0);
    ck_assert_int_eq(eg_accept_quality(NULL, EG_CODING_GZIP), 0);
}
END_TEST

START_TEST(escapes) {
    struct eg_arena *arena = eg_arena_new(1 << 20);
    size_t len = 0;
    ck_assert_str_eq(eg_uri_decode(arena, "a%2Fb%20c", 9, false, &len), "a/b c");
    ck_assert_uint_eq(len, 5);
    ck_assert_str_eq(eg_uri_decode(arena, "a+b", 3, true, NULL), "a b");
    ck_assert_str_eq(eg_uri_decode(arena, "a+b", 3, false, NULL), "a+b");
    ck_assert_str_eq(eg_uri_decode(arena, "%C4%85", 6, false, NULL), "\xC4\x85");
    ck_assert_str_eq(eg_uri_decode(arena, "", 0, false, NULL), "");
    static const char *const broken[] = {"%", "%2", "%zz", "%00", "%FF", "%C4", "%C0%AF", "%ED%A0%80", "%F5%80%80%80"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        ck_assert_msg(!eg_uri_decode(arena, broken[i], strlen(broken[i]), false, NULL), "%s", broken[i]);
    eg_arena_free(arena);
}
END_TEST

static bool cut(const char *raw, struct eg_target *target) { return eg_target_cut(raw, strlen(raw), target); }

START_TEST(targets) {
    struct eg_target target;
    ck_assert(cut("/a/b?c=d?e", &target));
    ck_assert(target.path.n == 4 && target.query.n == 5 && !target.authority.p);
    ck_assert(cut("http://host:1/a?b", &target));
    ck_assert(target.authority.n == 6 && target.path.n == 2 && target.query.n == 1);
    ck_assert(cut("*", &target));
    ck_assert(!cut("", &target));
    ck_assert(!cut("a", &target));
    ck_assert(!cut("http://host", &target));
    ck_assert(!cut("ftp://host/", &target));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("http_check");
    TCase *tests = tcase_create("check");
    tcase_add_test(tests, framing);
    tcase_add_test(tests, lines);
    tcase_add_test(tests, local_names);
    tcase_add_test(tests, request_ids);
    tcase_add_test(tests, codings);
    tcase_add_test(tests, escapes);
    tcase_add_test(tests, targets);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
