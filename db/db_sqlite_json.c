/* The SQL functions over db_sqlite_jsonb. */
#include "db/db_sqlite_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "db/db_sqlite_jsonb.h"

enum rank { RANK_NUMBER = 1, RANK_STRING, RANK_BOOL, RANK_OTHER };
#define NUMBER_B 9 /* the rank and eight bytes that sort like the double; the number's text is behind them */

static bool find(int n, sqlite3_value **args, struct eg_str *value) {
    const char *json = (const char *)sqlite3_value_text(args[0]);
    if (!json)
        return false;
    *value = eg_jsonb_trim(json, (size_t)sqlite3_value_bytes(args[0]));
    for (int i = 1; i < n; i++) {
        const char *name = (const char *)sqlite3_value_text(args[i]);
        struct eg_str inner;
        if (!name || !eg_jsonb_step(*value, name, &inner))
            return false;
        *value = eg_jsonb_trim(inner.p, inner.n);
    }
    return value->n && value->p[0] != 'n';
}

static bool is_number(struct eg_str value) { return value.p[0] == '-' || (value.p[0] >= '0' && value.p[0] <= '9'); }

static void give(sqlite3_context *sql, struct eg_buf *buf, bool blob) {
    if (buf->failed)
        sqlite3_result_error_nomem(sql);
    else if (blob)
        sqlite3_result_blob64(sql, buf->data ? buf->data : "", buf->len, SQLITE_TRANSIENT);
    else
        sqlite3_result_text64(sql, buf->data ? buf->data : "", buf->len, SQLITE_TRANSIENT, SQLITE_UTF8);
    eg_buf_free(buf);
}

static void json(sqlite3_context *sql, int n, sqlite3_value **args) {
    struct eg_str value;
    struct eg_buf out;
    if (n < 1 || !find(n, args, &value))
        return;
    eg_buf_init(&out, EG_JSONB_MOST_B);
    eg_jsonb_write(value, false, &out);
    give(sql, &out, false);
}

static void json_text(sqlite3_context *sql, int n, sqlite3_value **args) {
    struct eg_str value;
    struct eg_buf out;
    if (n < 1 || !find(n, args, &value) || value.p[0] != '"')
        return;
    if (!memchr(value.p, '\\', value.n)) {
        sqlite3_result_text64(sql, value.p + 1, value.n - 2, SQLITE_TRANSIENT, SQLITE_UTF8);
        return;
    }
    eg_buf_init(&out, EG_JSONB_MOST_B);
    eg_jsonb_unescape(value, &out);
    give(sql, &out, false);
}

static bool has_fraction(const char *text, size_t n) {
    return memchr(text, '.', n) || memchr(text, 'e', n) || memchr(text, 'E', n);
}

/* Exactly, however it is written: 1, 1.0, 10e-1. The text behind the number ends it: a comma, a bracket, white space, or
 * SQLite's NUL. */
static bool whole(struct eg_str value, sqlite3_int64 *i) {
    struct eg_buf plain;
    eg_buf_init(&plain, EG_JSONB_MOST_B);
    const char *text = value.p;
    bool is = !has_fraction(value.p, value.n);
    if (!is) {
        eg_jsonb_write(value, true, &plain);
        text = eg_buf_text(&plain);
        is = !plain.failed && plain.len > 0 && !has_fraction(text, plain.len);
    }
    errno = 0;
    if (is)
        *i = strtoll(text, NULL, 10);
    is = is && errno == 0;
    eg_buf_free(&plain);
    return is;
}

static void json_number(sqlite3_context *sql, int n, sqlite3_value **args) {
    struct eg_str value;
    sqlite3_int64 i;
    if (n < 1 || !find(n, args, &value) || !is_number(value))
        return;
    if (whole(value, &i))
        sqlite3_result_int64(sql, i);
    else
        sqlite3_result_double(sql, strtod(value.p, NULL));
}

static void json_integer(sqlite3_context *sql, int n, sqlite3_value **args) {
    struct eg_str value;
    sqlite3_int64 i;
    if (n < 1 || !find(n, args, &value) || !is_number(value))
        return;
    if (whole(value, &i))
        sqlite3_result_int64(sql, i);
}

static void json_bool(sqlite3_context *sql, int n, sqlite3_value **args) {
    struct eg_str value;
    if (n >= 1 && find(n, args, &value) && (value.p[0] == 't' || value.p[0] == 'f'))
        sqlite3_result_int(sql, value.p[0] == 't');
}

static void number_key(struct eg_str value, struct eg_buf *out) {
    double d = strtod(value.p, NULL) + 0.0;
    uint64_t bits;
    if (d == 0)
        d = 0; /* not −0 */
    memcpy(&bits, &d, sizeof bits);
    bits = bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
    for (int shift = 56; shift >= 0; shift -= 8)
        eg_buf_char(out, (char)(bits >> shift & 255));
    eg_jsonb_write(value, true, out);
}

static void json_sort(sqlite3_context *sql, int n, sqlite3_value **args) {
    struct eg_str value;
    struct eg_buf out;
    if (n < 1 || !find(n, args, &value))
        return;
    eg_buf_init(&out, EG_JSONB_MOST_B);
    if (is_number(value)) {
        eg_buf_char(&out, RANK_NUMBER);
        number_key(value, &out);
    } else if (value.p[0] == '"') {
        eg_buf_char(&out, RANK_STRING);
        eg_jsonb_unescape(value, &out);
    } else if (value.p[0] == 't' || value.p[0] == 'f') {
        eg_buf_char(&out, RANK_BOOL);
        eg_buf_char(&out, value.p[0] == 't');
    } else {
        eg_buf_char(&out, RANK_OTHER);
        eg_buf_char(&out, value.p[0] == '{'); /* arrays first */
        eg_jsonb_write(value, true, &out);
    }
    give(sql, &out, true);
}

static void json_unsort(sqlite3_context *sql, int n, sqlite3_value **args) {
    (void)n;
    const char *key = sqlite3_value_blob(args[0]);
    size_t len = (size_t)sqlite3_value_bytes(args[0]);
    if (!key || len == 0)
        return;
    struct eg_buf out;
    eg_buf_init(&out, EG_JSONB_MOST_B);
    if (key[0] == RANK_STRING)
        eg_buf_json_string(&out, key + 1, len - 1);
    else if (key[0] == RANK_BOOL)
        eg_buf_str(&out, len > 1 && key[1] ? "true" : "false");
    else if (key[0] == RANK_NUMBER && len > NUMBER_B)
        eg_buf_add(&out, key + NUMBER_B, len - NUMBER_B);
    else if (key[0] == RANK_OTHER && len > 2)
        eg_buf_add(&out, key + 2, len - 2);
    give(sql, &out, false);
}

eg_status eg_sqlite_add_json(sqlite3 *db, struct eg_err *err) {
    static const struct {
        const char *name;
        int n_args;
        void (*call)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {{"egdb_json", -1, json},
                     {"egdb_json_text", -1, json_text},
                     {"egdb_json_number", -1, json_number},
                     {"egdb_json_integer", -1, json_integer},
                     {"egdb_json_bool", -1, json_bool},
                     {"egdb_json_sort", -1, json_sort},
                     {"egdb_json_unsort", 1, json_unsort}};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (sqlite3_create_function_v2(db, functions[i].name, functions[i].n_args,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, functions[i].call,
                                       NULL, NULL, NULL) != SQLITE_OK)
            return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "%s() cannot be registered: %s", functions[i].name,
                              sqlite3_errmsg(db));
    return EG_OK;
}
