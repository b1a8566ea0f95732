/* Parameters are read from the text, in one of three styles: name first (Python, JavaScript, TypeScript, Rust), name
 * and type without a sign between them (Go), type first (C, Java). Where callers may name parameters, a new name is a
 * loss; elsewhere the place counts. */
#include "indexer/gate_sig.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/value.h"

#define PARAMS_MOST 64

enum style { NAME_FIRST, GO, TYPE_FIRST };

struct language {
    enum style style;
    bool by_name; /* callers may name parameters */
    bool angles;  /* < and > enclose */
    bool awaited; /* what is awaited and what is not cannot take each other's place */
};

static const struct language of_python = {NAME_FIRST, true, false, true},
                             of_javascript = {NAME_FIRST, false, false, false},
                             of_typescript = {NAME_FIRST, false, true, false},
                             of_tsx = {NAME_FIRST, false, true, false}, of_rust = {NAME_FIRST, false, true, true},
                             of_go = {GO, false, false, false},
                             of_java = {TYPE_FIRST, false, true, false}, of_c = {TYPE_FIRST, false, false, false};

static const struct {
    const char *endings;
    const struct language *language;
} languages[] = {
#define X(name, grammar, endings, ...) {endings, &of_##name},
#include "indexer/languages.def"
#undef X
};

enum kind { PLAIN, REST, NAMED_REST }; /* *args, **kw */

struct param {
    struct eg_str name, type, value;
    enum kind kind;
    bool optional, name_only, place_only;
};

struct signature {
    struct param params[PARAMS_MOST];
    size_t n;
    struct eg_str result;
    bool is_async;
};

struct difference {
    enum eg_compat worst;
    char *why;
    size_t size_b;
};

__attribute__((format(printf, 3, 4))) static void differ(struct difference *difference, enum eg_compat how,
                                                         const char *format, ...) {
    va_list args;
    if (how > difference->worst) {
        difference->worst = how;
        va_start(args, format);
        vsnprintf(difference->why, difference->size_b, format, args);
        va_end(args);
    }
}

static struct eg_str trimmed(struct eg_str s) {
    while (s.n > 0 && isspace((unsigned char)s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && isspace((unsigned char)s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

static bool same(struct eg_str a, struct eg_str b) { return a.n == b.n && memcmp(a.p, b.p, a.n) == 0; }

static bool begins(struct eg_str s, const char *with) {
    return s.n >= strlen(with) && memcmp(s.p, with, strlen(with)) == 0;
}

/* The first of `signs` outside of brackets and quotes, from `at` on; s.n: none. */
static size_t find(struct eg_str s, size_t at, const char *signs, bool angles) {
    int depth = 0;
    char quote = 0;
    for (size_t i = at; i < s.n; i++) {
        char c = s.p[i];
        if (quote) {
            quote = c == quote && s.p[i - 1] != '\\' ? 0 : quote;
        } else if (depth == 0 && strchr(signs, c)) {
            return i;
        } else if (c == '"' || c == '\'' || c == '`') {
            quote = c;
        } else if (strchr("([{", c) || (angles && c == '<')) {
            depth++;
        } else if (strchr(")]}", c) || (angles && c == '>' && i > 0 && !strchr("=-", s.p[i - 1]))) {
            depth--;
        }
    }
    return s.n;
}

static struct eg_str part(struct eg_str s, size_t from, size_t to) {
    return trimmed((struct eg_str){s.p + from, to - from});
}

static struct eg_str without(struct eg_str s, const char *const *words) {
    for (size_t i = 0; words[i]; i++) {
        if (begins(s, words[i])) {
            s = part(s, strlen(words[i]), s.n);
            i = (size_t)-1;
        }
    }
    return s;
}

/* name: type = value */
static struct param name_first(struct eg_str s, const struct language *language) {
    static const char *const modifiers[] = {"private ", "public ",   "protected ", "readonly ",
                                            "mut ",     "override ", NULL};
    struct param param = {0};
    s = without(s, modifiers);
    if (begins(s, "**")) {
        param.kind = NAMED_REST;
        s = part(s, 2, s.n);
    } else if (begins(s, "...") || (language->by_name && begins(s, "*"))) {
        param.kind = REST;
        s = part(s, begins(s, "...") ? 3 : 1, s.n);
    }
    size_t colon = find(s, 0, ":=", language->angles), equals = find(s, 0, "=", language->angles);
    while (equals + 1 < s.n && s.p[equals + 1] == '>') { /* the arrow of a type */
        equals = find(s, equals + 2, "=", language->angles);
    }
    bool has_type = colon < s.n && s.p[colon] == ':';
    param.name = part(s, 0, has_type ? colon : equals < s.n ? equals : s.n);
    param.type = has_type ? part(s, colon + 1, equals) : (struct eg_str){s.p, 0};
    param.value = equals < s.n ? part(s, equals + 1, s.n) : (struct eg_str){s.p, 0};
    param.optional = equals < s.n || param.kind != PLAIN;
    if (param.name.n > 0 && param.name.p[param.name.n - 1] == '?') {
        param.name = part(param.name, 0, param.name.n - 1);
        param.optional = true;
    }
    return param;
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80; }

/* const char *name[4], void (*name)(int), final String name, int... name */
static struct param type_first(struct eg_str s) {
    static const char *const modifiers[] = {"final ", "register ", NULL};
    struct param param = {.name = {s.p, 0}, .value = {s.p, 0}};
    s = without(s, modifiers);
    param.type = s;
    if (memmem(s.p, s.n, "...", 3)) {
        param.kind = REST;
        param.optional = true;
    }
    const char *pointer = memmem(s.p, s.n, "(*", 2);
    size_t end = pointer ? (size_t)(pointer - s.p) + 2 : find(s, 0, "[", false), begin;
    for (begin = end; pointer && end < s.n && is_word(s.p[end]); end++) {
    }
    while (!pointer && end > 0 && isspace((unsigned char)s.p[end - 1])) {
        end--;
    }
    for (begin = pointer ? begin : end; !pointer && begin > 0 && is_word(s.p[begin - 1]); begin--) {
    }
    if (begin > 0 && end > begin) {
        param.name = (struct eg_str){s.p + begin, end - begin};
        param.type = part(s, 0, begin); /* what stands behind a name is told by its place */
    }
    return param;
}

static struct param go_param(struct eg_str s) {
    struct param param = {.name = s, .type = {s.p, 0}, .value = {s.p, 0}};
    size_t space = find(s, 0, " ", false);
    if (space < s.n && !begins(s, "func(") && !begins(s, "chan ") && !begins(s, "map[")) {
        param.name = part(s, 0, space);
        param.type = part(s, space, s.n);
    }
    param.kind = memmem(s.p, s.n, "...", 3) ? REST : PLAIN;
    param.optional = param.kind == REST;
    return param;
}

/* a, b int: both are. Without any name, what was read as names are types. */
static void finish_go(struct signature *signature) {
    bool named = false;
    for (size_t i = signature->n; i-- > 0;) {
        struct param *param = &signature->params[i];
        named = named || param->type.n > 0;
        if (param->type.n == 0 && named && i + 1 < signature->n) {
            param->type = signature->params[i + 1].type;
        } else if (param->type.n == 0) {
            param->type = param->name;
            param->name.n = 0;
        }
    }
}

static void read_signature(const char *text, const struct language *language, struct signature *signature) {
    struct eg_str s = {text, strlen(text)}, inner = {text, 0};
    bool name_only = false;
    *signature = (struct signature){.result = {text, 0}, .is_async = begins(s, "async ")};
    s = signature->is_async ? part(s, 6, s.n) : s;
    if (begins(s, "(")) {
        s = part(s, 1, s.n);
        size_t end = find(s, 0, ")", language->angles);
        inner = part(s, 0, end);
        signature->result = end < s.n ? part(s, end + 1, s.n) : signature->result;
    }
    for (size_t at = 0; at < inner.n && signature->n < PARAMS_MOST;) {
        size_t comma = find(inner, at, ",", language->angles);
        struct eg_str one = part(inner, at, comma);
        at = comma + 1;
        if (one.n == 1 && *one.p == '/') {
            for (size_t i = 0; i < signature->n; i++) {
                signature->params[i].place_only = true;
            }
        } else if (one.n == 1 && *one.p == '*') {
            name_only = true;
        } else if (one.n > 0 && !(language->style == TYPE_FIRST && one.n == 4 && begins(one, "void"))) {
            struct param param = language->style == NAME_FIRST ? name_first(one, language)
                                 : language->style == GO       ? go_param(one)
                                                               : type_first(one);
            param.name_only = name_only;
            name_only = name_only || (language->by_name && param.kind == REST);
            signature->params[signature->n++] = param;
        }
    }
    if (language->style == GO) {
        finish_go(signature);
    }
}

static size_t index_of(const struct signature *signature, const struct param *param) {
    for (size_t i = 0; i < signature->n; i++) {
        const struct param *one = &signature->params[i];
        if (one->kind == param->kind && (param->kind != PLAIN || (param->name.n > 0 && same(one->name, param->name)))) {
            return i;
        }
    }
    return signature->n;
}

#define NAME(param)                                                                                                    \
    (int)((param)->name.n ? (param)->name.n : (param)->type.n), ((param)->name.n ? (param)->name.p : (param)->type.p)

/* A parameter that has another name, or is gone. */
static void compare_other(const struct signature *old, const struct signature *new, size_t i,
                          const struct language *language, bool *taken, struct difference *difference) {
    const struct param *a = &old->params[i], *b = i < new->n ? &new->params[i] : NULL;
    if (!b || b->kind != a->kind || b->name_only != a->name_only || index_of(old, b) < old->n) {
        differ(difference, EG_COMPAT_BROKEN, "parameter %.*s was removed", NAME(a));
        return;
    }
    taken[i] = true;
    if (language->by_name && !a->place_only && *a->name.p != '_') {
        differ(difference, EG_COMPAT_BROKEN, "parameter %.*s is %.*s now", NAME(a), NAME(b));
    } else if (!same(a->type, b->type)) {
        differ(difference, EG_COMPAT_BROKEN, "parameter %.*s was replaced by %.*s", NAME(a), NAME(b));
    } else if (a->optional && !b->optional) {
        differ(difference, EG_COMPAT_BROKEN, "parameter %.*s is required now", NAME(b));
    }
}

static void compare_same(const struct param *a, const struct param *b, bool moved, struct difference *difference) {
    if (a->optional && !b->optional) {
        differ(difference, EG_COMPAT_BROKEN, "parameter %.*s is required now", NAME(b));
    } else if (!a->name_only && (b->name_only || (moved && a->kind == PLAIN))) {
        differ(difference, EG_COMPAT_BROKEN, "parameter %.*s stands at another place", NAME(b));
    } else if (!same(a->type, b->type)) {
        differ(difference, EG_COMPAT_REVIEW, "the type of %.*s has changed", NAME(b));
    } else if (!same(a->value, b->value)) {
        differ(difference, EG_COMPAT_REVIEW, "the default of %.*s has changed", NAME(b));
    }
}

static const struct language *language_of(const char *path) {
    const char *ending = strrchr(path, '.');
    size_t n = ending ? strlen(ending) : 0;
    for (size_t i = 0; n > 1 && i < sizeof(languages) / sizeof(languages[0]); i++) {
        for (const char *at = languages[i].endings; *at; at += strcspn(at, " "), at += *at == ' ') {
            if (strcspn(at, " ") == n && memcmp(at, ending, n) == 0) {
                return languages[i].language;
            }
        }
    }
    return &of_python;
}

enum eg_compat eg_signature_compare(const char *before, const char *after, const char *path, char *why, size_t size_b) {
    const struct language *language = language_of(path);
    struct signature old, new;
    bool taken[PARAMS_MOST] = {false};
    struct difference difference = {EG_COMPAT_SAME, why, size_b};
    *why = '\0';
    read_signature(before, language, &old);
    read_signature(after, language, &new);
    for (size_t i = 0; i < old.n; i++) {
        size_t j = index_of(&new, &old.params[i]);
        if (j == new.n) {
            compare_other(&old, &new, i, language, taken, &difference);
        } else {
            taken[j] = true;
            compare_same(&old.params[i], &new.params[j], i != j, &difference);
        }
    }
    for (size_t j = 0; j < new.n; j++) {
        const struct param *b = &new.params[j];
        if (!taken[j]) {
            differ(&difference, b->optional ? EG_COMPAT_REVIEW : EG_COMPAT_BROKEN, "%s parameter %.*s was added",
                   b->optional ? "the optional" : "the required", NAME(b));
        }
    }
    if (old.is_async != new.is_async) {
        differ(&difference, language->awaited ? EG_COMPAT_BROKEN : EG_COMPAT_REVIEW, "its result %s awaited",
               new.is_async ? "has to be" : "is no longer");
    }
    if (!same(old.result, new.result)) {
        differ(&difference, EG_COMPAT_REVIEW, "the type of the result has changed");
    }
    return difference.worst;
}
