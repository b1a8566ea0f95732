/* What is said about a value that does not fit: where in the value, where in the schema, and what was expected.
 * Everything is cut to a bound, because values come from outside. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "server/registry/schema_impl.h"

#define SHOWN_B 80 /* of a string in a message */
#define KEY_B 200  /* of a member's name in a pointer */
#define POINTER_B 1000
#define MESSAGE_B 700
#define LIST_B 300 /* of the values or names in a list */

/* The longest beginning of at most n bytes that does not cut a character. */
static size_t cut(const char *text, size_t len, size_t n) {
    if (len <= n)
        return len;
    while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return n;
}

static const char *keep(struct eg_scheck *k, struct eg_buf *buf, size_t most) {
    const char *text = eg_buf_text(buf);
    size_t len = strlen(text), n = cut(text, len, most);
    const char *kept = eg_arena_printf(k->errors->arena, "%.*s%s", (int)n, text, n < len ? "…" : "");
    eg_buf_free(buf);
    return kept ? kept : "";
}

static bool reads(const struct eg_scheck *k) { return k->errors && !k->tally; }

static void write_path(struct eg_buf *buf, const struct eg_spath *path) {
    if (!path)
        return;
    write_path(buf, path->up);
    if (!path->key) {
        eg_buf_printf(buf, "/%zu", path->index);
        return;
    }
    size_t n = cut(path->key, path->index, KEY_B);
    eg_buf_pointer_token(buf, path->key, n);
    if (n < path->index)
        eg_buf_str(buf, "…");
}

static void show(struct eg_buf *buf, const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_STRING: {
        size_t len = json_string_length(value), n = cut(json_string_value(value), len, SHOWN_B);
        eg_buf_json_string(buf, json_string_value(value), n);
        if (n < len)
            eg_buf_printf(buf, "… (%zu bytes)", len);
        return;
    }
    case JSON_INTEGER:
        eg_buf_printf(buf, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return;
    case JSON_REAL:
        eg_buf_json_double(buf, json_real_value(value));
        return;
    case JSON_ARRAY:
        eg_buf_printf(buf, "an array of %zu", json_array_size(value));
        return;
    case JSON_OBJECT:
        eg_buf_printf(buf, "an object of %zu", json_object_size(value));
        return;
    default:
        eg_buf_str(buf, json_is_null(value) ? "null" : json_is_true(value) ? "true" : "false");
    }
}

const char *eg_schema_show(struct eg_scheck *k, const json_t *value) {
    if (!reads(k))
        return "";
    struct eg_buf buf;
    eg_buf_init(&buf, 4096);
    show(&buf, value);
    return keep(k, &buf, LIST_B);
}

const char *eg_schema_show_list(struct eg_scheck *k, const json_t *values) {
    if (!reads(k))
        return "";
    struct eg_buf buf;
    eg_buf_init(&buf, 16384);
    for (size_t i = 0; i < json_array_size(values) && buf.len < LIST_B; i++) {
        eg_buf_str(&buf, i > 0 ? ", " : "");
        show(&buf, json_array_get(values, i));
    }
    return keep(k, &buf, LIST_B);
}

const char *eg_schema_show_types(struct eg_scheck *k, unsigned types) {
    static const struct {
        unsigned bit;
        const char *text;
    } names[] = {{EG_T_NULL, "null"},         {EG_T_BOOLEAN, "a boolean"}, {EG_T_OBJECT, "an object"},
                 {EG_T_ARRAY, "an array"},    {EG_T_NUMBER, "a number"},   {EG_T_STRING, "a string"},
                 {EG_T_INTEGER, "an integer"}};
    if (!reads(k))
        return "";
    struct eg_buf buf;
    eg_buf_init(&buf, 256);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (types & names[i].bit)
            eg_buf_printf(&buf, "%s%s", buf.len > 0 ? " or " : "", names[i].text);
    return keep(k, &buf, 200);
}

const char *eg_schema_show_members(struct eg_scheck *k, const struct eg_object_rules *rules) {
    if (!reads(k) || rules->n_props == 0)
        return "";
    struct eg_buf buf;
    eg_buf_init(&buf, 65536);
    for (size_t i = 0; i < rules->n_props && buf.len < LIST_B; i++) {
        size_t n = cut(rules->props[i].name, rules->props[i].len, KEY_B);
        eg_buf_printf(&buf, "%s`%.*s`", i > 0 ? ", " : "; declared are ", (int)n, rules->props[i].name);
    }
    return keep(k, &buf, LIST_B);
}

static const char *keyword_place(struct eg_scheck *k, const struct eg_snode *node, const char *keyword) {
    bool own = node->doc == k->schema->root->doc;
    struct eg_buf buf;
    eg_buf_init(&buf, 1 << 20);
    eg_buf_printf(&buf, "%s%s%s%s%s", own ? "" : node->doc->uri, own ? "" : "#", node->pointer, keyword ? "/" : "",
                  keyword ? keyword : "");
    return keep(k, &buf, POINTER_B);
}

static void count(struct eg_scheck *k, const struct eg_spath *path, const char *keyword) {
    size_t depth = 0;
    for (const struct eg_spath *at = path; at; at = at->up)
        depth++;
    k->tally->n++;
    if (keyword && strcmp(keyword, "type") == 0 && depth == k->tally_depth)
        k->tally->wrong_type++;
    if (keyword && (strcmp(keyword, "const") == 0 || strcmp(keyword, "enum") == 0) && depth <= k->tally_depth + 1)
        k->tally->wrong_constant++;
}

bool eg_schema_fail(struct eg_scheck *k, const struct eg_snode *node, const struct eg_spath *path, const char *keyword,
                    const char *format, ...) {
    if (k->tally)
        count(k, path, keyword);
    if (!reads(k) || k->errors->n >= k->errors->most)
        return false;
    char text[2048];
    va_list args;
    va_start(args, format);
    int made = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct eg_buf message, pointer;
    size_t len = made < 0 ? 0 : (size_t)made < sizeof text ? (size_t)made : sizeof text - 1;
    eg_buf_init(&message, sizeof text);
    eg_buf_add(&message, text, cut(text, len, MESSAGE_B));
    eg_buf_init(&pointer, 1 << 20);
    write_path(&pointer, path);
    k->errors->list[k->errors->n++] = (struct eg_schema_error){
        .instance = keep(k, &pointer, POINTER_B),
        .keyword = keyword_place(k, node, keyword),
        .message = keep(k, &message, MESSAGE_B),
    };
    return false;
}
