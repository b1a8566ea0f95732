/* The lexer: one token at a place, in the manner of that place. Letters beyond ASCII are all characters from U+00AA on
 * that are neither space nor general punctuation: names of files and tokens (ΔCC) are words, typographic quotes are
 * not. */
#include "egql/lex.h"

#include <string.h>

#include "base/utf8.h"

static size_t decode(const char *text, size_t len, size_t at, uint32_t *c) { return eg_utf8_char(text + at, len - at, c); }

size_t egql_lex_bad_byte(const char *text, size_t len) {
    uint32_t c;
    for (size_t at = 0; at < len;) {
        size_t n = text[at] == '\0' ? 0 : decode(text, len, at, &c);
        if (n == 0)
            return at;
        at += n;
    }
    return len;
}

static bool is_letter(uint32_t c) {
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (c < 0xC0)
        return c == 0xAA || c == 0xB5 || c == 0xBA;
    return c != 0xD7 && c != 0xF7 && c != 0x1680 && (c < 0x2000 || c > 0x206F) && (c < 0x3000 || c > 0x3004) &&
           c != 0xFEFF && c != 0xFFFD;
}

static bool is_digit(uint32_t c) { return c >= '0' && c <= '9'; }
static bool in_word(uint32_t c) { return is_letter(c) || is_digit(c) || c == '-'; }
static bool in_value(uint32_t c) { return in_word(c) || c == '.' || c == '@' || c == '/' || c == ':' || c == '+'; }

static size_t run(const char *text, size_t len, size_t at, bool (*fits)(uint32_t)) {
    uint32_t c;
    size_t n;
    while (at < len && (n = decode(text, len, at, &c)) > 0 && fits(c))
        at += n;
    return at;
}

size_t egql_lex_skip(const char *text, size_t len, size_t at) {
    while (at < len && (text[at] == ' ' || (text[at] >= '\t' && text[at] <= '\r')))
        at++;
    return at;
}

bool egql_lex_is_number(const char *text, size_t len) {
    size_t at = len > 0 && text[0] == '-', from = at;
    while (at < len && is_digit((unsigned char)text[at]))
        at++;
    if (at == from || (text[from] == '0' && at > from + 1))
        return false;
    if (at < len && text[at] == '.') {
        from = ++at;
        while (at < len && is_digit((unsigned char)text[at]))
            at++;
        if (at == from)
            return false;
    }
    if (at < len && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < len && (text[at] == '+' || text[at] == '-'))
            at++;
        from = at;
        while (at < len && is_digit((unsigned char)text[at]))
            at++;
        if (at == from)
            return false;
    }
    return at == len;
}

static struct egql_token token(enum egql_token_kind kind, size_t from, size_t to) {
    return (struct egql_token){kind, {from, to - from}};
}

static struct egql_token string(const char *text, size_t len, size_t from) {
    char quote = text[from];
    for (size_t at = from + 1; at < len; at++) {
        if (text[at] != quote)
            continue;
        if (at + 1 == len || text[at + 1] != quote)
            return token(EGQL_T_STRING, from, at + 1);
        at++;
    }
    return token(EGQL_T_OPEN_STRING, from, len);
}

static struct egql_token sign(const char *text, size_t len, size_t at) {
    static const struct {
        char text[3];
        enum egql_token_kind kind;
    } signs[] = {{"==", EGQL_T_BAD},  {"<>", EGQL_T_BAD},      {"!=", EGQL_T_NE},    {"<=", EGQL_T_LE},
                 {">=", EGQL_T_GE},   {"!~", EGQL_T_NO_MATCH}, {">>", EGQL_T_ARROW}, {"=", EGQL_T_EQ},
                 {"<", EGQL_T_LT},    {">", EGQL_T_GT},        {"~", EGQL_T_MATCH},  {"(", EGQL_T_OPEN},
                 {")", EGQL_T_CLOSE}, {",", EGQL_T_COMMA},     {".", EGQL_T_DOT},    {":", EGQL_T_COLON}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t n = strlen(signs[i].text);
        if (len - at >= n && memcmp(text + at, signs[i].text, n) == 0)
            return token(signs[i].kind, at, at + n);
    }
    uint32_t c;
    size_t n = decode(text, len, at, &c);
    return token(EGQL_T_BAD, at, at + (n ? n : 1));
}

static struct egql_token param(const char *text, size_t len, size_t at) {
    size_t end = run(text, len, at + 1, in_word);
    return end == at + 1 ? token(EGQL_T_BAD, at, end) : token(EGQL_T_PARAM, at, end);
}

struct egql_token egql_lex(const char *text, size_t len, size_t at) {
    uint32_t c;
    at = egql_lex_skip(text, len, at);
    if (at == len)
        return token(EGQL_T_END, at, at);
    if (text[at] == '"' || text[at] == '\'')
        return string(text, len, at);
    if (text[at] == '$')
        return param(text, len, at);
    if (is_digit((unsigned char)text[at]))
        return token(EGQL_T_DIGITS, at, run(text, len, at, in_word));
    if (decode(text, len, at, &c) > 0 && is_letter(c))
        return token(EGQL_T_WORD, at, run(text, len, at, in_word));
    return sign(text, len, at);
}

struct egql_token egql_lex_value(const char *text, size_t len, size_t at) {
    at = egql_lex_skip(text, len, at);
    if (at < len && text[at] != '"' && text[at] != '\'' && text[at] != '$') {
        size_t end = run(text, len, at, in_value);
        if (end > at)
            return token(EGQL_T_WORD, at, end);
    }
    return egql_lex(text, len, at);
}
