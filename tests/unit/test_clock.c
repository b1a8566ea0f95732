/* RFC 3339 text to microseconds and back. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static const struct {
    const char *text;
    const char *utc; /* NULL: refused */
    bool lenient;
} cases[] = {
    {"2025-10-10T12:34:56Z", "2025-10-10T12:34:56.000000Z", false},
    {"2025-10-10t12:34:56.1z", "2025-10-10T12:34:56.100000Z", false},
    {"2025-10-10 12:34:56.123456789+02:30", "2025-10-10T10:04:56.123456Z", false},
    {"2025-10-10T23:59:59-00:01", "2025-10-11T00:00:59.000000Z", false},
    {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z", false},
    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z", false},
    {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z", false},
    {"2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000Z", false},
    {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z", false},
    {"2016-12-31T23:59:60.9Z", "2017-01-01T00:00:00.000000Z", false},
    {"2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00.000000Z", false},
    {"2025-10-10T00:00Z", "2025-10-10T00:00:00.000000Z", true},
    {"2025-10-10T00:00Z", NULL, false},
    {"0001-01-01T00:00:00+00:01", NULL, false},
    {"9999-12-31T23:59:59-00:01", NULL, false},
    {"0000-01-01T00:00:00Z", NULL, false},
    {"1900-02-29T00:00:00Z", NULL, false},
    {"2025-13-01T00:00:00Z", NULL, false},
    {"2025-00-01T00:00:00Z", NULL, false},
    {"2025-04-31T00:00:00Z", NULL, false},
    {"2025-04-00T00:00:00Z", NULL, false},
    {"2025-10-10T24:00:00Z", NULL, false},
    {"2025-10-10T22:59:60Z", NULL, false},
    {"2025-10-10T12:34:61Z", NULL, false},
    {"2025-10-10T12:34:56", NULL, false},
    {"2025-10-10T12:34:56.Z", NULL, false},
    {"2025-10-10T12:34:56+24:00", NULL, false},
    {"2025-10-10T12:34:56+0100", NULL, false},
    {"2025-10-10T12:34:56ZZ", NULL, false},
    {"2025-10-10", NULL, false},
    {" 2025-10-10T12:34:56Z", NULL, false},
    {"2025-10-10T1:34:56Z", NULL, false},
    {"+025-10-10T12:34:56Z", NULL, false},
    {"", NULL, false},
};

START_TEST(times_are_read_and_written) {
    int64_t us = 0;
    bool good = eg_time_parse(cases[_i].text, strlen(cases[_i].text), cases[_i].lenient, &us);
    ck_assert_msg(good == (cases[_i].utc != NULL), "%s: %d", cases[_i].text, good);
    if (!good)
        return;
    char text[EG_TIME_TEXT_B];
    eg_time_format(us, text);
    ck_assert_str_eq(text, cases[_i].utc);
}
END_TEST

START_TEST(every_day_of_the_calendar_comes_back) {
    const int64_t day_us = INT64_C(86400000000);
    char before[EG_TIME_TEXT_B] = "", text[EG_TIME_TEXT_B];
    for (int64_t us = INT64_C(-719162) * day_us; us < INT64_C(2932897) * day_us; us += day_us) {
        int64_t back;
        eg_time_format(us, text);
        ck_assert(eg_time_parse(text, strlen(text), false, &back) && back == us);
        ck_assert_int_lt(strcmp(before, text), 0);
        memcpy(before, text, sizeof text);
    }
    ck_assert_str_eq(text, "9999-12-31T00:00:00.000000Z");
}
END_TEST

START_TEST(the_clocks_go_forward) {
    int64_t before = eg_clock_mono_us();
    ck_assert_int_ge(eg_clock_mono_us(), before);
    ck_assert_int_gt(eg_clock_now_us(), INT64_C(1760000000000000));
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("clock");
    tcase_add_loop_test(tcase, times_are_read_and_written, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, every_day_of_the_calendar_comes_back);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, the_clocks_go_forward);
    Suite *suite = suite_create("clock");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
