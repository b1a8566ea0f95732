/* From the ECMA-262 dialect (Unicode mode) to PCRE2's, so far as they differ: \d \w \s and the dot, \u \x \c,
 * \p{Letter}, [^], the bracket inside a class; and what only PCRE2 has (verbs, recursion, possessive quantifiers, \A \Q
 * …) is refused, so that a declaration means the same here as in every other validator. */
#include "server/registry/schema_regex_translate.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define SPACES                                                                                                         \
    "\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
#define NO_SPACES                                                                                                      \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{"  \
    "202e}"                                                                                                            \
    "\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{d7ff}\\x{e000}-\\x{fefe}\\x{ff00}-\\x{10ffff}"

struct reader {
    struct eg_buf *out;
    const char *at, *end;
    bool in_class;
    const char *wrong;
};

/* The categories' long names; the short ones PCRE2 knows itself. */
static const char *const categories[][2] = {
    {"Letter", "L"},
    {"Cased_Letter", "L&"},
    {"LC", "L&"},
    {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Other", "C"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
    {"Surrogate", "Cs"},
    {"Private_Use", "Co"},
    {"Unassigned", "Cn"},
};

static bool fail(struct reader *r, const char *wrong) {
    r->wrong = wrong;
    return false;
}

static bool starts(const struct reader *r, const char *text) {
    size_t n = strlen(text);
    return (size_t)(r->end - r->at) >= n && memcmp(r->at, text, n) == 0;
}

/* n hex digits at r->at, consumed; −1 when they are not there. */
static int32_t hex_digits(struct reader *r, int n) {
    int32_t value = 0;
    if (r->end - r->at < n)
        return -1;
    for (int i = 0; i < n; i++) {
        int digit = eg_text_hex(r->at[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    r->at += n;
    return value;
}

static bool code_point(struct reader *r) { /* behind \u */
    int32_t value = 0;
    if (starts(r, "{")) {
        const char *start = ++r->at;
        while (r->at < r->end && eg_text_hex(*r->at) >= 0 && value <= 0x10FFFF)
            value = value * 16 + eg_text_hex(*r->at++);
        if (r->at == start || !starts(r, "}") || value > 0x10FFFF)
            return fail(r, "\\u{…} needs hex digits of a character");
        r->at++;
    } else {
        value = hex_digits(r, 4);
        if (value < 0)
            return fail(r, "\\u needs four hex digits");
        if (value >= 0xD800 && value < 0xDC00 && starts(r, "\\u")) {
            r->at += 2;
            int32_t low = hex_digits(r, 4);
            if (low < 0xDC00 || low > 0xDFFF)
                return fail(r, "a high surrogate needs a low one behind it");
            value = 0x10000 + (value - 0xD800) * 0x400 + (low - 0xDC00);
        }
    }
    if (value >= 0xD800 && value <= 0xDFFF)
        return fail(r, "a surrogate alone is no character");
    eg_buf_printf(r->out, "\\x{%x}", (unsigned)value);
    return true;
}

static bool property(struct reader *r, char letter) { /* behind \p or \P */
    const char *close = starts(r, "{") ? memchr(r->at, '}', (size_t)(r->end - r->at)) : NULL;
    if (!close || close - r->at > 80)
        return fail(r, "\\p needs a property name in braces");
    const char *name = r->at + 1, *equals = memchr(name, '=', (size_t)(close - name));
    const char *prefix = "";
    size_t n = (size_t)(close - name);
    if (equals) {
        size_t key = (size_t)(equals - name);
        bool script = (key == 6 && memcmp(name, "Script", 6) == 0) || (key == 2 && memcmp(name, "sc", 2) == 0);
        bool extended =
            (key == 17 && memcmp(name, "Script_Extensions", 17) == 0) || (key == 3 && memcmp(name, "scx", 3) == 0);
        bool category =
            (key == 16 && memcmp(name, "General_Category", 16) == 0) || (key == 2 && memcmp(name, "gc", 2) == 0);
        if (!script && !extended && !category)
            return fail(r, "\\p{…=…} knows Script, Script_Extensions and General_Category");
        prefix = script ? "sc:" : extended ? "scx:" : "";
        name = equals + 1;
        n = (size_t)(close - name);
    }
    for (size_t i = 0; *prefix == '\0' && i < sizeof categories / sizeof *categories; i++) {
        if (strlen(categories[i][0]) == n && memcmp(categories[i][0], name, n) == 0) {
            name = categories[i][1];
            n = strlen(name);
            break;
        }
    }
    eg_buf_printf(r->out, "\\%c{%s%.*s}", letter, prefix, (int)n, name);
    r->at = close + 1;
    return true;
}

static bool control(struct reader *r) { /* behind \c */
    if (r->at < r->end && ((*r->at >= 'a' && *r->at <= 'z') || (*r->at >= 'A' && *r->at <= 'Z'))) {
        eg_buf_printf(r->out, "\\x{%x}", (unsigned)(*r->at++ & 31));
        return true;
    }
    return fail(r, "\\c needs a letter");
}

static bool back_reference(struct reader *r, char first) {
    unsigned n = (unsigned)(first - '0');
    if (r->in_class)
        return fail(r, "a class cannot hold a back reference");
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && n < 1000)
        n = n * 10 + (unsigned)(*r->at++ - '0');
    eg_buf_printf(r->out, "\\g{%u}", n);
    return true;
}

static bool escape(struct reader *r) { /* behind the backslash */
    if (r->at >= r->end)
        return fail(r, "it ends in a backslash");
    char c = *r->at++;
    if (c >= '1' && c <= '9')
        return back_reference(r, c);
    switch (c) {
    case 's':
        eg_buf_str(r->out, r->in_class ? SPACES : "[" SPACES "]");
        return true;
    case 'S':
        eg_buf_str(r->out, r->in_class ? NO_SPACES : "[^" SPACES "]");
        return true;
    case 'd':
    case 'D':
    case 'w':
    case 'W':
    case 't':
    case 'n':
    case 'r':
    case 'f':
        eg_buf_printf(r->out, "\\%c", c);
        return true;
    case 'v':
        eg_buf_str(r->out, "\\x{b}");
        return true;
    case 'b':
    case 'B':
        if (r->in_class && c == 'B')
            return fail(r, "a class cannot hold \\B");
        eg_buf_str(r->out, r->in_class ? "\\x{8}" : c == 'b' ? "\\b" : "\\B");
        return true;
    case '0':
        eg_buf_str(r->out, "\\x{0}");
        return r->at < r->end && *r->at >= '0' && *r->at <= '9' ? fail(r, "octal escapes are not of ECMA-262") : true;
    case 'x': {
        int32_t value = hex_digits(r, 2);
        eg_buf_printf(r->out, "\\x{%x}", (unsigned)value);
        return value < 0 ? fail(r, "\\x needs two hex digits") : true;
    }
    case 'u':
        return code_point(r);
    case 'c':
        return control(r);
    case 'p':
    case 'P':
        return property(r, c);
    case 'k':
        eg_buf_str(r->out, "\\k");
        return !r->in_class && starts(r, "<") ? true : fail(r, "\\k needs a name in angle brackets");
    default:
        if (!strchr("^$\\.*+?()[]{}|/-", c) && !strchr(" !\"#%&',:;<=>@_`~", c))
            return fail(r, "it has an escape that ECMA-262 does not know");
        eg_buf_printf(r->out, "\\%c", c);
        return true;
    }
}

static bool class(struct reader *r) { /* behind the opening bracket */
    eg_buf_char(r->out, '[');
    if (starts(r, "^"))
        eg_buf_char(r->out, *r->at++);
    r->in_class = true;
    while (r->at < r->end) {
        char c = *r->at++;
        if (c == '\\') {
            if (!escape(r))
                return false;
        } else if (c == '[') {
            eg_buf_str(r->out, "\\[");
        } else {
            eg_buf_char(r->out, c);
        }
        if (c == ']') {
            r->in_class = false;
            return true;
        }
    }
    return fail(r, "a class is not closed");
}

static bool group(struct reader *r) { /* behind the opening parenthesis */
    static const char *const known[] = {"?:", "?=", "?!", "?<=", "?<!"};
    eg_buf_char(r->out, '(');
    if (starts(r, "*"))
        return fail(r, "(* is not of ECMA-262");
    if (!starts(r, "?"))
        return true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (starts(r, known[i])) {
            eg_buf_str(r->out, known[i]);
            r->at += strlen(known[i]);
            return true;
        }
    }
    if (!starts(r, "?<"))
        return fail(r, "(? is followed by something that ECMA-262 does not know");
    eg_buf_str(r->out, "?<");
    r->at += 2;
    return true;
}

/* The length of {n}, {n,} or {n,m} at at; 0 when there is none. */
static size_t braces(const char *at, const char *end) {
    const char *p = at + 1;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    if (p == at + 1)
        return 0;
    if (p < end && *p == ',')
        for (p++; p < end && *p >= '0' && *p <= '9';)
            p++;
    return p < end && *p == '}' ? (size_t)(p + 1 - at) : 0;
}

static bool quantifier(struct reader *r, size_t n) {
    eg_buf_add(r->out, r->at, n);
    r->at += n;
    if (starts(r, "?"))
        eg_buf_char(r->out, *r->at++);
    if (starts(r, "+") || starts(r, "*") || starts(r, "?"))
        return fail(r, "a quantifier follows a quantifier");
    return true;
}

static bool one(struct reader *r) {
    char c = *r->at;
    size_t n = c == '{' ? braces(r->at, r->end) : 0;
    if (n > 0 || c == '*' || c == '+' || c == '?')
        return quantifier(r, n > 0 ? n : 1);
    r->at++;
    switch (c) {
    case '\\':
        return escape(r);
    case '[':
        return class(r);
    case '(':
        return group(r);
    case '.':
        eg_buf_str(r->out, "[^\\n\\r\\x{2028}\\x{2029}]");
        return true;
    default:
        eg_buf_char(r->out, c);
        return true;
    }
}

const char *eg_regex_translate(struct eg_buf *out, const char *pattern, size_t len) {
    struct reader r = {.out = out, .at = pattern, .end = pattern + len};
    while (r.at < r.end)
        if (!one(&r))
            return r.wrong;
    return NULL;
}
