/* One descent over a text known to be JSON in all but its UTF-8 and surrogates. Every check that is repeated here only keeps a mistake of
 * the scanner from becoming a read past the end: any doubt gives NULL. */
#include "server/event/json_build.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"
#include "base/jscan_bytes.h"

#define UNESCAPED_B 4096 /* longer strings with escapes are the parser's */
#define INT_DIGITS 18    /* always within int64 */
#define REAL_B 64

struct build {
    const char *at;
    const char *end;
    int depth;
    char unescaped[UNESCAPED_B];
};

static json_t *value_of(struct build *b);

static inline char next_token(struct build *b) {
    while (b->at < b->end && eg_jscan_class_at(b->at) == EG_JSCAN_SPACE)
        b->at++;
    return b->at < b->end ? *b->at : '\0';
}

static bool is_ascii(const char *at, size_t n) {
    uint64_t word, all = 0;
    for (; n >= sizeof word; n -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        all |= word;
    }
    while (n--)
        all |= (unsigned char)*at++;
    return !(all & 0x8080808080808080);
}

static char unescape(char escape) {
    switch (escape) {
    case '"':
    case '\\':
    case '/': return escape;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return '\0'; /* \u: surrogates are the parser's */
    }
}

/* The rest of a string from its first backslash on, unescaped behind the n bytes before it. */
static bool unescape_rest(struct build *b, const char *begin, struct eg_str *string) {
    size_t n = (size_t)(b->at - begin);
    if (n >= UNESCAPED_B)
        return false;
    memcpy(b->unescaped, begin, n);
    while (b->at < b->end && *b->at != '"') {
        const char *plain = b->at;
        if (*plain == '\\') {
            char c = b->end - plain >= 2 ? unescape(plain[1]) : '\0';
            if (!c || n + 1 > UNESCAPED_B)
                return false;
            b->unescaped[n++] = c;
            b->at += 2;
            continue;
        }
        b->at = eg_jscan_plain_end(plain, b->end);
        size_t more = (size_t)(b->at - plain);
        if (more == 0 || n + more > UNESCAPED_B)
            return false;
        memcpy(b->unescaped + n, plain, more);
        n += more;
    }
    *string = (struct eg_str){b->unescaped, n};
    return b->at < b->end;
}

/* Behind the closing quote. The bytes are the text's own, or live until the next string. */
static bool string_of(struct build *b, struct eg_str *string) {
    const char *begin = ++b->at;
    b->at = eg_jscan_plain_end(begin, b->end);
    if (b->at == b->end)
        return false;
    *string = (struct eg_str){begin, (size_t)(b->at - begin)};
    if (*b->at != '"' && !unescape_rest(b, begin, string))
        return false;
    b->at++;
    return true;
}

static json_t *text_of(struct build *b) {
    struct eg_str string;
    if (!string_of(b, &string))
        return NULL;
    return is_ascii(string.p, string.n) ? json_stringn_nocheck(string.p, string.n) : json_stringn(string.p, string.n);
}

static json_t *real_of(const char *begin, const char *end) {
    char text[REAL_B], *stop;
    size_t n = (size_t)(end - begin);
    if (n >= REAL_B)
        return NULL;
    memcpy(text, begin, n);
    text[n] = '\0';
    double value = strtod(text, &stop);
    return *stop ? NULL : json_real(value);
}

static json_t *number_of(struct build *b) {
    const char *begin = b->at, *digits = begin + (*begin == '-');
    int64_t value = 0;
    b->at = digits;
    while (b->at < b->end && eg_jscan_class_at(b->at) == EG_JSCAN_DIGIT)
        value = b->at - digits < INT_DIGITS ? value * 10 + (*b->at - '0') : value, b->at++;
    const char *rest = b->at;
    while (b->at < b->end && (eg_jscan_class_at(b->at) == EG_JSCAN_DIGIT || strchr(".eE+-", *b->at)) && *b->at)
        b->at++;
    if (rest == digits)
        return NULL;
    if (b->at != rest)
        return real_of(begin, b->at);
    return rest - digits <= INT_DIGITS ? json_integer(*begin == '-' ? -value : value) : NULL;
}

static json_t *word_of(struct build *b, const char *word, json_t *value) {
    size_t n = strlen(word);
    if ((size_t)(b->end - b->at) < n || memcmp(b->at, word, n) != 0)
        return NULL;
    b->at += n;
    return value;
}

/* Name, colon and value; false also for a name that is there already. */
static bool member_of(struct build *b, json_t *object) {
    struct eg_str name;
    char kept[128];
    if (next_token(b) != '"' || !string_of(b, &name) || !is_ascii(name.p, name.n))
        return false;
    if (name.p == b->unescaped) { /* the value may have escapes too */
        if (name.n > sizeof kept)
            return false;
        name.p = memcpy(kept, name.p, name.n);
    }
    if (next_token(b) != ':')
        return false;
    b->at++;
    size_t before = json_object_size(object);
    json_t *value = value_of(b);
    return value && json_object_setn_new_nocheck(object, name.p, name.n, value) == 0 && json_object_size(object) > before;
}

static bool element_of(struct build *b, json_t *array) {
    json_t *value = value_of(b);
    return value && json_array_append_new(array, value) == 0;
}

static json_t *container_of(struct build *b, json_t *made, char close, bool (*part)(struct build *, json_t *)) {
    bool good = made != NULL;
    b->at++;
    if (good && next_token(b) == close) {
        b->at++;
        return made;
    }
    while (good) {
        good = part(b, made);
        char token = good ? next_token(b) : '\0';
        b->at += token != '\0';
        if (token == close)
            return made;
        good = token == ',';
    }
    json_decref(made);
    return NULL;
}

static json_t *value_of(struct build *b) {
    json_t *value = NULL;
    if (++b->depth > EG_JSON_MAX_DEPTH + 1)
        return NULL;
    switch (next_token(b)) {
    case '{': value = container_of(b, json_object(), '}', member_of); break;
    case '[': value = container_of(b, json_array(), ']', element_of); break;
    case '"': value = text_of(b); break;
    case 't': value = word_of(b, "true", json_true()); break;
    case 'f': value = word_of(b, "false", json_false()); break;
    case 'n': value = word_of(b, "null", json_null()); break;
    case '\0': break;
    default: value = number_of(b); break;
    }
    b->depth--;
    return value;
}

json_t *eg_json_build(const char *text, size_t len) {
    struct build b;
    b.at = text;
    b.end = text + len;
    b.depth = 0;
    json_t *value = value_of(&b);
    if (value && (next_token(&b) != '\0' || b.at != b.end)) {
        json_decref(value);
        value = NULL;
    }
    return value;
}
