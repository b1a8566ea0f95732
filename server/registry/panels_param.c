/* Parameters of panels: how they are declared, and how a value of a query string is read. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/registry/json_write.h"
#include "server/registry/panels_int.h"

#define MOST_TEXT_B 2000
#define DEFAULT_MOST_B ((size_t)64 << 10)
#define MINUTE_US (INT64_C(60) * 1000000)
#define MOST_DURATION_US (INT64_C(3660) * 24 * 60 * MINUTE_US)

static const char *const type_names[] = {"text", "integer", "number", "boolean", "time", "duration"};
#define N_TYPES (sizeof type_names / sizeof type_names[0])

enum eg_type eg_panel_value_type(enum eg_panel_type type) {
    static const enum eg_type types[] = {EG_TEXT, EG_INT8, EG_FLOAT8, EG_BOOL, EG_TIME, EG_TIME};
    return types[type];
}

void eg_panel_param_describe(const struct eg_panel_param *param, struct eg_buf *out) {
    static const char *const forms[] = {"text", "integer", "number", "boolean (true or false)",
                                        "time (like 2025-10-10T12:00:00Z)",
                                        "duration (like 90m, 24h, 7d, 4w; or since when, like 2025-10-10T12:00:00Z)"};
    eg_buf_str(out, forms[param->type]);
    if (param->type == EG_PANEL_INTEGER || param->type == EG_PANEL_NUMBER) {
        eg_buf_printf(out, ", %.15g to %.15g", param->least, param->most);
    }
    if (param->type == EG_PANEL_DURATION) {
        double most_us = param->most < (double)MOST_DURATION_US ? param->most : (double)MOST_DURATION_US;
        eg_buf_printf(out, ", at most %.0fd", most_us / (24.0 * 60 * MINUTE_US));
    }
    for (size_t i = 0; i < param->n_values; i++) {
        eg_buf_printf(out, "%s%s", i ? ", " : ": one of ", param->values[i]);
    }
    if (param->required) {
        eg_buf_str(out, ", required");
    } else if (param->def) {
        eg_buf_printf(out, ", default %s", *param->def ? param->def : "empty");
    } else {
        eg_buf_str(out, ", may be left out");
    }
}

static bool read_integer(const struct eg_panel_param *param, const char *text, struct eg_value *value) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    *value = eg_int(number);
    return (isdigit((unsigned char)*text) || *text == '-') && !*end && !errno && (double)number >= param->least &&
           (double)number <= param->most;
}

static bool read_number(const struct eg_panel_param *param, const char *text, struct eg_value *value) {
    char *end;
    double number = strtod(text, &end);
    *value = eg_double(number);
    bool plain = strspn(text, "0123456789+-.eE") == strlen(text);
    return *text && plain && !*end && isfinite(number) && number >= param->least && number <= param->most;
}

/* A moment is taken too: so a range that is absolute has the same beginning whenever it is asked. */
static bool read_duration(const struct eg_panel_param *param, const char *text, int64_t now_us, struct eg_value *value) {
    static const char units[] = "mhdw";
    static const int64_t minutes[] = {1, 60, 1440, 10080};
    char *end;
    errno = 0;
    long long count = strtoll(text, &end, 10);
    const char *unit = *end && !end[1] ? strchr(units, *end) : NULL;
    int64_t us = 0;
    if (eg_time_parse(text, strlen(text), true, &us)) {
        *value = eg_int(us);
        return true;
    }
    if (!isdigit((unsigned char)*text) || !unit || errno || count < 1 || count > 10000000) {
        return false;
    }
    us = count * minutes[unit - units] * MINUTE_US;
    *value = eg_int(now_us - us);
    return us <= MOST_DURATION_US && (double)us >= param->least && (double)us <= param->most;
}

static bool read_text(const struct eg_panel_param *param, const char *text, struct eg_value *value) {
    size_t len = strlen(text);
    bool listed = param->n_values == 0;
    for (size_t i = 0; i < param->n_values; i++) {
        listed = listed || strcmp(param->values[i], text) == 0;
    }
    *value = eg_text(text, len);
    return listed && (double)len <= param->most && !(param->required && len == 0);
}

static bool read_value(const struct eg_panel_param *param, const char *text, int64_t now_us, struct eg_value *value) {
    int64_t us = 0;
    switch (param->type) {
    case EG_PANEL_TEXT: return read_text(param, text, value);
    case EG_PANEL_INTEGER: return read_integer(param, text, value);
    case EG_PANEL_NUMBER: return read_number(param, text, value);
    case EG_PANEL_DURATION: return read_duration(param, text, now_us, value);
    case EG_PANEL_BOOLEAN:
        *value = eg_bool(strcmp(text, "true") == 0);
        return value->b || strcmp(text, "false") == 0;
    case EG_PANEL_TIME: break;
    }
    bool read = eg_time_parse(text, strlen(text), true, &us);
    *value = eg_int(us);
    return read;
}

eg_status eg_panel_value(const struct eg_panel_param *param, const char *text, int64_t now_us, struct eg_value *value,
                         struct eg_err *err) {
    struct eg_buf form;
    if (text && read_value(param, text, now_us, value)) {
        return EG_OK;
    }
    eg_buf_init(&form, 2048);
    eg_panel_param_describe(param, &form);
    if (text) {
        (void)eg_err_set(err, EG_E_PARAM_INVALID, param->name, "%s is not \"%.80s\" but: %s", param->name, text,
                         eg_buf_text(&form));
    } else {
        (void)eg_err_set(err, EG_E_PARAM_INVALID, param->name, "%s is missing (%s): %s", param->name, param->title,
                         eg_buf_text(&form));
    }
    eg_buf_free(&form);
    return EG_FAIL;
}

/* Declarations */

static bool is_name(const char *text) {
    static const char *const taken[] = {"format", "now", "q", "query", "timeout_ms", "access_token"};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (strcmp(taken[i], text) == 0) {
            return false;
        }
    }
    return islower((unsigned char)*text) && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

static bool find_type(const char *name, enum eg_panel_type *type) {
    for (size_t i = 0; i < N_TYPES; i++) {
        if (name && strcmp(type_names[i], name) == 0) {
            *type = (enum eg_panel_type)i;
            return true;
        }
    }
    return false;
}

static eg_status read_bounds(const struct eg_panel_load *load, const json_t *one, const char *where,
                             struct eg_panel_param *param) {
    const json_t *least = json_object_get(one, "least");
    const json_t *most = json_object_get(one, "most");
    bool number = param->type == EG_PANEL_INTEGER || param->type == EG_PANEL_NUMBER;
    if ((least && (!number || !json_is_number(least))) ||
        (most && ((!number && param->type != EG_PANEL_TEXT) || !json_is_number(most)))) {
        return eg_panel_wrong(load, "%s: least and most are numbers that bound a number (most: also a text's bytes)", where);
    }
    if (number && (!least || !most)) {
        return eg_panel_wrong(load, "%s: a number has bounds, least and most", where);
    }
    param->least = least ? json_number_value(least) : 0;
    param->most = most ? json_number_value(most) : number ? 0 : param->type == EG_PANEL_TEXT ? 500 : 1e18;
    if (param->least > param->most || (param->type == EG_PANEL_TEXT && param->most > MOST_TEXT_B) || fabs(param->most) > 1e18 ||
        fabs(param->least) > 1e18) {
        return eg_panel_wrong(load, "%s.most: it is too large, or below least", where);
    }
    return EG_OK;
}

static eg_status read_values(const struct eg_panel_load *load, const json_t *one, const char *where,
                             struct eg_panel_param *param) {
    const json_t *list = json_object_get(one, "values");
    size_t n = json_array_size(list);
    if (list && (n == 0 || param->type != EG_PANEL_TEXT)) {
        return eg_panel_wrong(load, "%s.values: an array of the only texts that are allowed is wanted", where);
    }
    const char **values = eg_arena_alloc(load->arena, (n + 1) * sizeof *values);
    for (size_t i = 0; values && i < n; i++) {
        const json_t *value = json_array_get(list, i);
        values[i] = json_is_string(value) ? eg_arena_dup(load->arena, json_string_value(value), json_string_length(value))
                                          : NULL;
        if (!values[i]) {
            return eg_panel_wrong(load, "%s.values[%zu]: a text is wanted", where, i);
        }
    }
    param->n_values = n;
    param->values = values;
    return EG_OK;
}

/* As a query string would say it. */
static const char *default_text(const struct eg_panel_load *load, json_t *value) {
    if (json_is_string(value)) {
        return eg_arena_dup(load->arena, json_string_value(value), json_string_length(value));
    }
    struct eg_buf text;
    eg_buf_init(&text, DEFAULT_MOST_B);
    eg_json_write(&text, value);
    const char *kept = text.failed ? NULL : eg_arena_dup(load->arena, text.data, text.len);
    eg_buf_free(&text);
    return kept;
}

static eg_status read_default(const struct eg_panel_load *load, const json_t *one, const char *where,
                              struct eg_panel_param *param) {
    json_t *value = json_object_get(one, "default");
    const json_t *required = json_object_get(one, "required");
    struct eg_err err = {0};
    struct eg_value read;
    if (required && !json_is_boolean(required)) {
        return eg_panel_wrong(load, "%s.required: true or false is wanted", where);
    }
    param->required = json_is_true(required);
    if (param->required && value) {
        return eg_panel_wrong(load, "%s: what is required has no default", where);
    }
    if (value) {
        param->def = default_text(load, value);
        if (!param->def || eg_panel_value(param, param->def, 0, &read, &err)) {
            return eg_panel_wrong(load, "%s.default: %s", where, err.message);
        }
    }
    return EG_OK;
}

static eg_status read_param(const struct eg_panel_load *load, const json_t *one, const char *where,
                            struct eg_panel_param *param) {
    static const char *const known[] = {"name", "type", "title", "required", "default", "least", "most", "values", NULL};
    param->name = eg_panel_string(load, one, where, "name", true, 40);
    param->title = eg_panel_string(load, one, where, "title", true, 200);
    if (!param->name || !param->title || eg_panel_members(load, one, where, known)) {
        return EG_FAIL;
    }
    if (!is_name(param->name)) {
        return eg_panel_wrong(load, "%s.name: a word in lower case is wanted that has no other meaning", where);
    }
    if (!find_type(json_string_value(json_object_get(one, "type")), &param->type)) {
        return eg_panel_wrong(load, "%s.type: text, integer, number, boolean, time or duration is wanted", where);
    }
    return read_bounds(load, one, where, param) || read_values(load, one, where, param) ||
                   read_default(load, one, where, param)
               ? EG_FAIL
               : EG_OK;
}

eg_status eg_panel_read_params(const struct eg_panel_load *load, const json_t *list, struct eg_panel *panel) {
    size_t n = json_array_size(list);
    if (!json_is_array(list) || n > EG_PANEL_MOST_PARAMS) {
        return eg_panel_wrong(load, "parameters: an array of at most %d is wanted; it may be empty", EG_PANEL_MOST_PARAMS);
    }
    struct eg_panel_param *params = eg_arena_zalloc(load->arena, (n + 1) * sizeof *params);
    for (size_t i = 0; params && i < n; i++) {
        char where[48];
        (void)snprintf(where, sizeof where, "parameters[%zu]", i);
        if (read_param(load, json_array_get(list, i), where, &params[i])) {
            return EG_FAIL;
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(params[j].name, params[i].name) == 0) {
                return eg_panel_wrong(load, "%s.name: \"%s\" is there twice", where, params[i].name);
            }
        }
    }
    panel->n_params = n;
    panel->params = params;
    return EG_OK;
}
