/* Members of reports: scanners differ in what they leave out and how they write numbers. */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "findings/room.h"

eg_status eg_report_fail(struct eg_err *err, const char *place, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return eg_err_set(err, EG_E_REPORT_INVALID, place, "%s", text);
}

const char *eg_text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text && *text ? text : NULL;
}

const json_t *eg_object_of(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return json_is_object(value) ? value : NULL;
}

double eg_number_of(const json_t *value) {
    if (json_is_number(value)) {
        return json_number_value(value);
    }
    const char *text = json_string_value(value);
    char *end = NULL;
    double number = text ? strtod(text, &end) : -1;
    return text && end != text && *end == '\0' && isfinite(number) ? number : -1;
}

int eg_cwe_of(const json_t *value) {
    if (json_is_array(value)) {
        return eg_cwe_of(json_array_get(value, 0));
    }
    if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value);
        return number > 0 && number < 100000 ? (int)number : 0;
    }
    const char *text = json_string_value(value);
    const char *at = text ? strcasestr(text, "cwe-") : NULL;
    long number = at && isdigit((unsigned char)at[4]) ? strtol(at + 4, NULL, 10) : 0;
    return number > 0 && number < 100000 ? (int)number : 0;
}

eg_status eg_list_of(const json_t *object, const char *name, const char *place, const json_t **list, struct eg_err *err) {
    const json_t *value = json_object_get(object, name);
    *list = json_is_array(value) ? value : NULL;
    if (!value || json_is_null(value) || *list) {
        return EG_OK;
    }
    return eg_report_fail(err, place, "`%s` is an array", name);
}
