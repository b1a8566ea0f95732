/* The white list of regular expressions: characters, . ^ $ | ( ) (?: ) * + ? {m,n} with or without ? behind, [sets], \d
 * \w \s \D \W \S, \n \t \r \f \v, and \ before any sign. Classes are written out as ASCII ranges, since each store has
 * its own idea of a letter. Nothing that is let through needs back-tracking by its meaning, and what it counts is
 * bounded. */
#include "egql/regex.h"

#include <string.h>

#define MOST_B 1000
#define MOST_DEPTH 50
#define MOST_COUNT 255    /* PostgreSQL's own bound of one repeat */
#define MOST_PRODUCT 1000 /* of repeats within each other */
#define MOST_WEIGHT 10000 /* of the pattern with its repeats written out */
#define MOST_GROWTH 8     /* \W becomes [^A-Za-z0-9_] */

struct reader {
    const char *text;
    size_t len, at;
    char *out;
    size_t n;
    int depth;
    struct egql_regex_wrong *wrong;
};

struct size {
    size_t weight, product;
};

static bool fail(struct reader *r, size_t at, size_t length, const char *message) {
    *r->wrong = (struct egql_regex_wrong){at, length < r->len - at ? length : r->len - at, message};
    return false;
}

static void emit(struct reader *r, const char *text, size_t n) {
    memcpy(r->out + r->n, text, n);
    r->n += n;
}

static void emit_text(struct reader *r, const char *text) { emit(r, text, strlen(text)); }

static void emit_plain(struct reader *r, char c) {
    if (strchr("\\]^-[.$|()*+?{}:=", c))
        emit(r, "\\", 1);
    emit(r, &c, 1);
}

static char peek(const struct reader *r) { return r->at < r->len ? r->text[r->at] : '\0'; }

static bool starts(const struct reader *r, const char *text) {
    size_t n = strlen(text);
    return r->len - r->at >= n && memcmp(r->text + r->at, text, n) == 0;
}

static bool is_sign(char c) {
    return c > 0x20 && c < 0x7F && !(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static const char *ranges(char c) {
    switch (c | 0x20) {
    case 'd':
        return "0-9";
    case 'w':
        return "A-Za-z0-9_";
    case 's':
        return " \t-\r";
    default:
        return NULL;
    }
}

/* The character that \c means, or 0. */
static char control(char c) {
    static const char names[] = "ntrfv", means[] = "\n\t\r\f\v";
    const char *found = c ? strchr(names, c) : NULL;
    return found ? means[found - names] : '\0';
}

static bool bad_escape(struct reader *r) {
    char c = peek(r);
    size_t at = r->at - 1;
    if (r->at == r->len)
        return fail(r, at, 1, "the regular expression ends in a backslash");
    if (c >= '0' && c <= '9')
        return fail(r, at, 2, "back-references are not part of EGQL's regular expressions");
    if (c == 'b' || c == 'B' || c == 'y' || c == 'm' || c == 'M' || c == '<' || c == '>')
        return fail(
            r, at, 2,
            "word boundaries are not part of EGQL's regular expressions: name what stands there, as (^|[^a-z])");
    return fail(r, at, 2,
                "this escape is not part of EGQL's regular expressions: \\d \\w \\s \\D \\W \\S \\n \\t \\r \\f \\v "
                "are, and \\ before a sign");
}

static bool escape(struct reader *r) {
    char c = peek(r);
    const char *set = ranges(c);
    if (set) {
        emit_text(r, c & 0x20 ? "[" : "[^");
        emit_text(r, set);
        emit_text(r, "]");
    } else if (control(c)) {
        char means = control(c);
        emit(r, &means, 1);
    } else if (is_sign(c) && c != '<' && c != '>') {
        emit_plain(r, c);
    } else {
        return bad_escape(r);
    }
    r->at++;
    return true;
}

static bool named_class(struct reader *r) {
    static const char *const classes[][2] = {{"[:alpha:]", "A-Za-z"},    {"[:digit:]", "0-9"},
                                             {"[:alnum:]", "A-Za-z0-9"}, {"[:upper:]", "A-Z"},
                                             {"[:lower:]", "a-z"},       {"[:xdigit:]", "0-9A-Fa-f"},
                                             {"[:space:]", " \t-\r"},    {"[:punct:]", "!-/:-@\\[-`{-~"}};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (starts(r, classes[i][0])) {
            emit_text(r, classes[i][1]);
            r->at += strlen(classes[i][0]);
            return true;
        }
    }
    return fail(
        r, r->at, 2,
        "of the named sets there are alpha, digit, alnum, upper, lower, xdigit, space and punct, as [[:alpha:]]");
}

/* One character of a set, as a code point; its bytes are at *from … r->at. */
static bool member(struct reader *r, uint32_t *c) {
    unsigned char b = (unsigned char)peek(r);
    if (b == '\\') {
        r->at++;
        char sign = peek(r);
        if (!control(sign) && !(is_sign(sign) && sign != '<' && sign != '>'))
            return bad_escape(r);
        *c = (unsigned char)(control(sign) ? control(sign) : sign);
        r->at++;
        return true;
    }
    size_t n = b < 0x80 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4, left = r->len - r->at;
    n = n > left ? left : n;
    *c = n == 1 ? b : b & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        *c = *c << 6 | ((unsigned char)r->text[r->at + i] & 0x3F);
    r->at += n;
    return true;
}

static void emit_member(struct reader *r, size_t from, uint32_t c) {
    if (c < 0x80)
        emit_plain(r, (char)c);
    else
        emit(r, r->text + from, r->at - from);
}

static bool in_set(struct reader *r, size_t first) {
    size_t from = r->at;
    uint32_t low, high;
    if (starts(r, "[:"))
        return named_class(r);
    if (starts(r, "[.") || starts(r, "[="))
        return fail(r, from, 2, "collating elements are not part of EGQL's regular expressions");
    if (peek(r) == '\\' && r->at + 1 < r->len && ranges(r->text[r->at + 1])) {
        if (!(r->text[r->at + 1] & 0x20))
            return fail(r, from, 2, "\\D, \\W and \\S have no place within a set");
        emit_text(r, ranges(r->text[r->at + 1]));
        r->at += 2;
        return true;
    }
    if (peek(r) == '-' && from != first && !(r->at + 1 < r->len && r->text[r->at + 1] == ']'))
        return fail(r, from, 1, "a - that stands for itself is the first or the last of its set, or is written \\-");
    if (!member(r, &low))
        return false;
    emit_member(r, from, low);
    if (peek(r) != '-' || r->at + 1 >= r->len || r->text[r->at + 1] == ']')
        return true;
    from = ++r->at;
    emit_text(r, "-");
    if (starts(r, "[") || (peek(r) == '\\' && r->at + 1 < r->len && ranges(r->text[r->at + 1])))
        return fail(r, from, 1, "a range ends in one character");
    if (!member(r, &high))
        return false;
    emit_member(r, from, high);
    return low <= high || fail(r, from, r->at - from, "the range ends before it begins");
}

static bool set(struct reader *r) {
    size_t from = r->at - 1;
    emit_text(r, "[");
    if (peek(r) == '^') {
        emit_text(r, "^");
        r->at++;
    }
    size_t first = r->at;
    while (r->at < r->len && (peek(r) != ']' || r->at == first))
        if (!in_set(r, first))
            return false;
    if (r->at >= r->len)
        return fail(r, from, 1, "the set has no closing ]");
    r->at++;
    emit_text(r, "]");
    return true;
}

static bool count(struct reader *r, size_t *n) {
    size_t from = r->at;
    *n = 0;
    while (peek(r) >= '0' && peek(r) <= '9' && *n <= MOST_COUNT)
        *n = *n * 10 + (size_t)(r->text[r->at++] - '0');
    if (r->at == from)
        return fail(r, from, 1, "a { that stands for itself is written \\{; a repeat is {m}, {m,} or {m,n}");
    return *n <= MOST_COUNT || fail(r, from, r->at - from, "a repeat counts up to 255");
}

static bool counted(struct reader *r, struct size *size) {
    size_t from = r->at++, least, most;
    if (!count(r, &least))
        return false;
    most = least;
    if (peek(r) == ',') {
        r->at++;
        if (peek(r) != '}' && !count(r, &most))
            return false;
    }
    if (peek(r) != '}')
        return fail(r, from, r->at - from, "a { that stands for itself is written \\{; a repeat is {m}, {m,} or {m,n}");
    r->at++;
    if (most < least)
        return fail(r, from, r->at - from, "the repeat's second number is less than its first");
    emit(r, r->text + from, r->at - from);
    size_t times = most > 1 ? most : 1;
    size->product *= times;
    size->weight *= times;
    if (size->product > MOST_PRODUCT)
        return fail(r, from, r->at - from, "the counted repeats within each other multiply to more than 1000");
    return size->weight <= MOST_WEIGHT ||
           fail(r, from, r->at - from, "the regular expression is too large with its repeats written out");
}

static bool quantifier(struct reader *r, struct size *size) {
    char c = peek(r);
    if (c != '*' && c != '+' && c != '?' && c != '{')
        return true;
    if (c == '{') {
        if (!counted(r, size))
            return false;
    } else {
        emit(r, &c, 1);
        r->at++;
    }
    if (peek(r) == '?') {
        emit_text(r, "?");
        r->at++;
    }
    c = peek(r);
    return (c != '*' && c != '+' && c != '?' && c != '{') ||
           fail(r, r->at, 1, "a repeat of a repeat needs parentheses");
}

static bool alternatives(struct reader *r, struct size *size);

static bool group(struct reader *r, struct size *size) {
    size_t from = r->at - 1;
    if (peek(r) == '?' && !starts(r, "?:"))
        return fail(r, from, 2, "of the groups there are ( ) and (?: ): no look-around, no options, no names");
    if (peek(r) == '?')
        r->at += 2;
    if (++r->depth > MOST_DEPTH)
        return fail(r, from, 1, "groups are more than 50 deep");
    emit_text(r, "(?:");
    if (!alternatives(r, size))
        return false;
    if (peek(r) != ')')
        return fail(r, from, 1, "the group has no closing )");
    r->at++;
    r->depth--;
    emit_text(r, ")");
    return true;
}

static bool atom(struct reader *r, struct size *size) {
    size_t from = r->at;
    char c = r->text[r->at++];
    *size = (struct size){1, 1};
    switch (c) {
    case '^':
    case '$':
        emit(r, &c, 1);
        c = peek(r);
        return (c != '*' && c != '+' && c != '?' && c != '{') || fail(r, r->at, 1, "^ and $ cannot be repeated");
    case '*':
    case '+':
    case '?':
    case '{':
        return fail(r, from, 1,
                    c == '{' ? "a { that stands for itself is written \\{" : "there is nothing to repeat here");
    case '.':
        emit(r, &c, 1);
        return true;
    case '(':
        return group(r, size);
    case '[':
        return set(r);
    case '\\':
        return escape(r);
    case '}':
    case ']':
        emit_plain(r, c);
        return true;
    default:
        emit(r, &c, 1);
        while (r->at < r->len && ((unsigned char)c & 0x80) && ((unsigned char)r->text[r->at] & 0xC0) == 0x80)
            emit(r, &r->text[r->at++], 1); /* the rest of one character, which a quantifier takes whole */
        return true;
    }
}

static bool alternatives(struct reader *r, struct size *size) {
    *size = (struct size){1, 1};
    while (r->at < r->len && peek(r) != ')') {
        if (peek(r) == '|') {
            emit_text(r, "|");
            r->at++;
            continue;
        }
        struct size part;
        if (!atom(r, &part) || !quantifier(r, &part))
            return false;
        size->weight += part.weight;
        if (part.product > size->product)
            size->product = part.product;
    }
    return true;
}

bool egql_regex_check(const char *pattern, size_t len, struct eg_arena *arena, struct eg_str *translated,
                      struct egql_regex_wrong *wrong) {
    struct reader r = {.text = pattern, .len = len, .wrong = wrong};
    struct size size;
    if (len > MOST_B)
        return fail(&r, MOST_B, 0, "a regular expression has at most 1000 bytes");
    if (memchr(pattern, '\0', len))
        return fail(&r, 0, len, "a NUL character has no place in a regular expression");
    r.out = eg_arena_alloc(arena, len * MOST_GROWTH + 1);
    if (!r.out)
        return fail(&r, 0, len, "the regular expression takes too much memory");
    if (!alternatives(&r, &size))
        return false;
    if (r.at < len)
        return fail(&r, r.at, 1, "this ) closes nothing");
    r.out[r.n] = '\0';
    *translated = (struct eg_str){r.out, r.n};
    return true;
}
