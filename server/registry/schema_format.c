/* The formats that can be asserted (they are annotations unless the set or the dialect asks): date-time, date, time
 * (RFC 3339), uuid, uri, uri-reference, json-pointer, ipv4, ipv6, regex. Every other name stays an annotation. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "server/registry/schema_impl.h"

static bool digits(const char *text, size_t n, int *value) {
    *value = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *value = *value * 10 + (text[i] - '0');
    }
    return true;
}

static bool is_date(const char *text, size_t len) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (len != 10 || !digits(text, 4, &year) || text[4] != '-' || !digits(text + 5, 2, &month) || text[7] != '-' ||
        !digits(text + 8, 2, &day) || month < 1 || month > 12)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

static bool is_time(const char *text, size_t len) {
    int hour, minute, second, offset_hour = 0, offset_minute = 0;
    if (len < 9 || !digits(text, 2, &hour) || text[2] != ':' || !digits(text + 3, 2, &minute) || text[5] != ':' ||
        !digits(text + 6, 2, &second) || hour > 23 || minute > 59 || second > 60)
        return false;
    size_t at = 8;
    if (text[at] == '.') {
        size_t start = ++at;
        while (at < len && text[at] >= '0' && text[at] <= '9')
            at++;
        if (at == start)
            return false;
    }
    if (at == len)
        return false;
    char zone = text[at++];
    if (zone == '+' || zone == '-') {
        if (len - at != 5 || !digits(text + at, 2, &offset_hour) || text[at + 2] != ':' ||
            !digits(text + at + 3, 2, &offset_minute) || offset_hour > 23 || offset_minute > 59)
            return false;
    } else if ((zone != 'Z' && zone != 'z') || at != len) {
        return false;
    }
    int offset = (zone == '-' ? 60 : -60) * offset_hour + (zone == '-' ? offset_minute : -offset_minute);
    int of_day = (hour * 60 + minute + offset + 2880) % 1440;
    return second < 60 || of_day == 23 * 60 + 59; /* a leap second ends a day of UTC */
}

static bool is_date_time(const char *text, size_t len) {
    return len > 11 && (text[10] == 'T' || text[10] == 't') && is_date(text, 10) && is_time(text + 11, len - 11);
}

static bool is_uuid(const char *text, size_t len) {
    for (size_t i = 0; i < len && len == 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
    }
    return len == 36;
}

static bool is_uri_reference(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= ' ' || c >= 127 || strchr("\"<>\\^`{|}", c))
            return false;
        if (c == '%' && (len - i < 3 || !isxdigit((unsigned char)text[i + 1]) || !isxdigit((unsigned char)text[i + 2])))
            return false;
    }
    const char *fragment = memchr(text, '#', len);
    return !fragment || !memchr(fragment + 1, '#', (size_t)(text + len - fragment - 1));
}

static bool is_uri(const char *text, size_t len) {
    size_t n = 0;
    while (n < len && (isalnum((unsigned char)text[n]) || (n > 0 && text[n] != ':' && strchr("+-.", text[n]))))
        n++;
    return n > 0 && n < len && text[n] == ':' && isalpha((unsigned char)text[0]) && is_uri_reference(text, len);
}

static bool is_json_pointer(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] == '~' && (i + 1 == len || (text[i + 1] != '0' && text[i + 1] != '1')))
            return false;
    return len == 0 || text[0] == '/';
}

static bool is_address(int family, const char *text, size_t len) {
    char copy[64], address[16];
    if (len >= sizeof copy || memchr(text, '\0', len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return inet_pton(family, copy, address) == 1;
}

static bool is_ipv4(const char *text, size_t len) { return is_address(AF_INET, text, len); }
static bool is_ipv6(const char *text, size_t len) { return is_address(AF_INET6, text, len); }

static bool is_regex(const char *text, size_t len) {
    char why[200];
    struct eg_regex *regex = eg_regex_new(text, len, why, sizeof why);
    eg_regex_free(regex);
    return regex != NULL;
}

eg_format_fn eg_schema_format(const char *name) {
    static const struct {
        const char *name;
        eg_format_fn ok;
    } formats[] = {{"date-time", is_date_time}, {"date", is_date}, {"time", is_time},
                   {"uuid", is_uuid},           {"uri", is_uri},   {"uri-reference", is_uri_reference},
                   {"ipv4", is_ipv4},           {"ipv6", is_ipv6}, {"json-pointer", is_json_pointer},
                   {"regex", is_regex}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0)
            return formats[i].ok;
    return NULL;
}
