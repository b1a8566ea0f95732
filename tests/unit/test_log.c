/* Log lines, read back from a pipe in place of stderr. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static char said[20000];

/* One line, written as the server writes it. */
static const char *line_of(bool json, const struct eg_log *log, const char *text) {
    int ends[2], kept = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    eg_log_setup(EG_LOG_INFO, json);
    eg_debug(log, "not said");
    eg_warn(log, "%s", text);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    ssize_t n = read(ends[0], said, sizeof said - 1);
    close(ends[0]);
    ck_assert_int_gt(n, 0);
    said[n] = '\0';
    ck_assert_ptr_eq(strchr(said, '\n'), said + n - 1);
    ck_assert_ptr_null(strstr(said, "not said"));
    return said;
}

START_TEST(a_line_carries_its_object) {
    struct eg_log log = {"request", "01ABC"};
    ck_assert_ptr_nonnull(strstr(line_of(false, &log, "plain"), " level=warn object=request id=01ABC msg=plain\n"));
    log.id[0] = '\0';
    ck_assert_ptr_nonnull(strstr(line_of(false, &log, "two words"), " object=request msg=\"two words\"\n"));
    ck_assert_ptr_nonnull(strstr(line_of(true, NULL, "x"), "\"level\":\"warn\",\"msg\":\"x\"}\n"));
}
END_TEST

START_TEST(a_client_cannot_forge_lines) {
    const char *line = line_of(false, NULL, "a\nlevel=error \x1b[2J \xC2\x9B \xFF \"q\" \x7F");
    ck_assert_ptr_nonnull(strstr(line, "msg=\"a\\nlevel=error \\u001b[2J \\u009b \\ufffd \\\"q\\\" \\u007f\"\n"));
    line = line_of(true, NULL, "\xC4\x85\t\xED\xA0\x80");
    ck_assert_ptr_nonnull(strstr(line, "\"msg\":\"\xC4\x85\\u0009\\ufffd\\ufffd\\ufffd\"}\n"));
}
END_TEST

START_TEST(a_long_message_is_cut) {
    char text[6000];
    memset(text, 1, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert_uint_gt(strlen(line_of(true, NULL, text)), 1000);
}
END_TEST

START_TEST(levels_have_names) {
    enum eg_log_level level = EG_LOG_INFO;
    ck_assert(eg_log_level_parse("error", &level));
    ck_assert_int_eq(level, EG_LOG_ERROR);
    ck_assert(!eg_log_level_parse("ERROR", &level));
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("log");
    tcase_add_test(tcase, a_line_carries_its_object);
    tcase_add_test(tcase, a_client_cannot_forge_lines);
    tcase_add_test(tcase, a_long_message_is_cut);
    tcase_add_test(tcase, levels_have_names);
    Suite *suite = suite_create("log");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
