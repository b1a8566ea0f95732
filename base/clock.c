/* Clocks, and RFC 3339 text to microseconds and back, by arithmetic on the proleptic Gregorian calendar: no time zones,
 * no locale. */
#include "base/clock.h"

#include <string.h>
#include <time.h>

#define US_A_SECOND INT64_C(1000000)
#define US_A_DAY (86400 * US_A_SECOND)
#define LEAST_US (INT64_C(-719162) * US_A_DAY)    /* 0001-01-01 */
#define MOST_US (INT64_C(2932897) * US_A_DAY - 1) /* the last of 9999-12-31 */

int64_t eg_clock_now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * US_A_SECOND + now.tv_nsec / 1000;
}

int64_t eg_clock_mono_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * US_A_SECOND + now.tv_nsec / 1000;
}

/* Days since 1970-01-01. Years begin in March here, so that the leap day comes last. */
static int64_t days_of(int year, int month, int day) {
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day) {
    int64_t z = days + 719468; /* since 0000-03-01; never negative for year 1 on */
    int64_t era = z / 146097, in_era = z % 146097;
    int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * in_year + 2) / 153;
    *day = (int)(in_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(y + era * 400 + (*month <= 2));
}

static int days_in(int year, int month) {
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

struct cursor {
    const char *at;
    const char *end;
};

/* Exactly n digits. */
static bool number(struct cursor *c, int n, int least, int most, int *value) {
    if (c->end - c->at < n)
        return false;
    *value = 0;
    for (int i = 0; i < n; i++) {
        unsigned digit = (unsigned)(*c->at++ - '0');
        if (digit > 9)
            return false;
        *value = *value * 10 + (int)digit;
    }
    return *value >= least && *value <= most;
}

static bool one_of(struct cursor *c, const char *set) {
    if (c->at == c->end || *c->at == '\0' || !strchr(set, *c->at))
        return false;
    c->at++;
    return true;
}

/* After the point: at least one digit; those past six are cut. */
static bool fraction(struct cursor *c, int64_t *us) {
    int64_t unit = US_A_SECOND / 10;
    const char *from = c->at;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, unit /= 10)
        *us += (*c->at - '0') * unit;
    return c->at > from;
}

static bool offset(struct cursor *c, int64_t *us) {
    int hours, minutes;
    *us = 0;
    if (one_of(c, "Zz"))
        return true;
    bool west = c->at < c->end && *c->at == '-';
    if (!one_of(c, "+-") || !number(c, 2, 0, 23, &hours) || !one_of(c, ":") || !number(c, 2, 0, 59, &minutes))
        return false;
    *us = (hours * 60 + minutes) * (west ? -60 : 60) * US_A_SECOND;
    return true;
}

bool eg_time_parse(const char *text, size_t len, bool lenient, int64_t *us) {
    struct cursor c = {text, text + len};
    int year, month, day, hour, minute, second = 0;
    int64_t part_us = 0, offset_us;
    if (!number(&c, 4, 1, 9999, &year) || !one_of(&c, "-") || !number(&c, 2, 1, 12, &month) || !one_of(&c, "-") ||
        !number(&c, 2, 1, days_in(year, month), &day) || !one_of(&c, "Tt ") || !number(&c, 2, 0, 23, &hour) ||
        !one_of(&c, ":") || !number(&c, 2, 0, 59, &minute))
        return false;
    bool has_seconds = one_of(&c, ":");
    if (has_seconds ? !number(&c, 2, 0, 60, &second) : !lenient)
        return false;
    if (has_seconds && one_of(&c, ".") && !fraction(&c, &part_us))
        return false;
    if (!offset(&c, &offset_us) || c.at != c.end)
        return false;
    int64_t minute_us = days_of(year, month, day) * US_A_DAY + (hour * 60 + minute) * 60 * US_A_SECOND - offset_us;
    int64_t in_day = ((minute_us % US_A_DAY) + US_A_DAY) % US_A_DAY;
    if (second == 60 && in_day != (23 * 60 + 59) * 60 * US_A_SECOND)
        return false;
    int64_t sum = minute_us + second * US_A_SECOND + (second == 60 ? 0 : part_us);
    if (sum < LEAST_US || sum > MOST_US)
        return false;
    *us = sum;
    return true;
}

static char *write_digits(char *at, int value, int n) {
    for (int i = n - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + n;
}

int64_t eg_time_of_seconds(int64_t seconds) {
    return (seconds < 0 ? 0 : seconds > EG_TIME_MOST_S ? EG_TIME_MOST_S : seconds) * US_A_SECOND;
}

void eg_time_format(int64_t us, char out[EG_TIME_TEXT_B]) {
    us = us < LEAST_US ? LEAST_US : us > MOST_US ? MOST_US : us;
    int64_t days = us / US_A_DAY, rest = us % US_A_DAY;
    if (rest < 0) {
        rest += US_A_DAY;
        days--;
    }
    int year, month, day, seconds = (int)(rest / US_A_SECOND);
    date_of(days, &year, &month, &day);
    char *at = write_digits(out, year, 4);
    *at++ = '-';
    at = write_digits(at, month, 2);
    *at++ = '-';
    at = write_digits(at, day, 2);
    *at++ = 'T';
    at = write_digits(at, seconds / 3600, 2);
    *at++ = ':';
    at = write_digits(at, seconds / 60 % 60, 2);
    *at++ = ':';
    at = write_digits(at, seconds % 60, 2);
    *at++ = '.';
    at = write_digits(at, (int)(rest % US_A_SECOND), 6);
    *at++ = 'Z';
    *at = '\0';
}
