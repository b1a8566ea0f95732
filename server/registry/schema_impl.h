/* What the files of the JSON Schema validator share; nobody else includes this. A set holds documents, cut into
 * resources (an $id each) and locations (a subschema each). Compiling makes a tree of nodes, in which every keyword is
 * ready to be checked: references are pointers, properties a hash table, patterns compiled. All of it lives in the
 * set's arena and never changes. */
#ifndef EG_REGISTRY_SCHEMA_IMPL_H
#define EG_REGISTRY_SCHEMA_IMPL_H

#include <jansson.h>
#include <stdint.h>

#include "base/map.h"
#include "server/registry/schema.h"
#include "server/registry/schema_regex.h"

#define EG_SCHEMA_MAX_NESTING 256  /* levels of subschemas in a document */
#define EG_SCHEMA_MAX_DEPTH 1024   /* schemas being checked inside each other: data levels times references */
#define EG_SCHEMA_MIN_STEPS 200000 /* schemas checked for one value, before its size is looked at */
#define EG_SCHEMA_STEPS_A_VALUE 256
#define EG_SCHEMA_ARENA_B (64u << 20)

enum eg_vocabulary {
    EG_VOCAB_CORE = 1,
    EG_VOCAB_APPLICATOR = 2,
    EG_VOCAB_UNEVALUATED = 4,
    EG_VOCAB_VALIDATION = 8,
    EG_VOCAB_FORMAT_ASSERTION = 16,
    EG_VOCAB_STANDARD = 15
};

enum eg_subschemas { EG_SUB_NONE, EG_SUB_ONE, EG_SUB_LIST, EG_SUB_MAP };

/* ---- documents (schema_set.c) ---- */

struct eg_sdoc {
    const char *uri; /* as it is written in errors: the root's $id, else the URI it was added under */
    json_t *json;
    struct eg_sdoc *next;
};

struct eg_sres {     /* a schema resource: what one $id names */
    const char *uri; /* absolute as far as possible, without fragment */
    struct eg_sdoc *doc;
    struct eg_sres *parent;
    json_t *json;
    const char *pointer; /* of its root, in doc */
    struct eg_sanchor *dynamic;
};

struct eg_sanchor {
    const char *name;
    const struct eg_sloc *loc;
    bool dynamic;
    struct eg_sanchor *next; /* of the resource's dynamic ones */
};

struct eg_sloc { /* where a subschema stands */
    json_t *json;
    struct eg_sres *res;
    const char *pointer; /* in res->doc */
};

struct eg_regex_item {
    struct eg_regex *regex;
    struct eg_regex_item *next;
};

struct eg_schema_set {
    struct eg_arena *arena;
    struct eg_map *resources; /* URI → struct eg_sres */
    struct eg_map *anchors;   /* URI#name → struct eg_sanchor */
    struct eg_map *locs;      /* address of a json_t object → struct eg_sloc */
    struct eg_map *patterns;  /* text → struct eg_regex */
    struct eg_sdoc *docs;
    struct eg_regex_item *regexes;
    bool assert_formats;
};

enum eg_subschemas eg_schema_subschemas(const char *keyword);
EG_MUST_CHECK eg_status eg_schema_index(struct eg_schema_set *set, json_t *json, struct eg_sres *res,
                                        const char *pointer, int depth, struct eg_err *err);
struct eg_sloc *eg_schema_loc(const struct eg_schema_set *set, json_t *json); /* NULL when it is no known subschema */
/* The resource under a URI without fragment; the published metaschemas are added when first asked for. NULL: unknown,
 * or err. */
struct eg_sres *eg_schema_resource(struct eg_schema_set *set, const char *uri, struct eg_err *err);
/* The schema that an absolute reference names. *loc may be one made for the purpose (a boolean, or a place that no
 * keyword owns). */
EG_MUST_CHECK eg_status eg_schema_locate(struct eg_schema_set *set, const char *uri, const struct eg_sloc **loc,
                                         struct eg_err *err);
EG_MUST_CHECK eg_status eg_schema_dialect(struct eg_schema_set *set, const struct eg_sres *res, unsigned *vocabularies,
                                          struct eg_err *err);
eg_status eg_schema_full(struct eg_err *err); /* the arena is: config_invalid */

/* ---- URIs and pointers (schema_uri.c): results live in the arena, NULL when it is full ---- */

char *eg_schema_uri_resolve(struct eg_arena *arena, const char *base, const char *ref);
char *eg_schema_uri_decode(struct eg_arena *arena, const char *text,
                           size_t len); /* %41 → A; NULL also when malformed */
char *eg_schema_pointer_add(struct eg_arena *arena, const char *pointer,
                            const char *key);                       /* "/a" + "b/c" → "/a/b~1c" */
json_t *eg_schema_pointer_step(json_t *json, const char **pointer); /* one "/token" on; NULL when there is nothing */
const char *eg_schema_metaschema(const char *uri);                  /* schema_meta.c: its text; NULL when it is none */

/* ---- the compiled form ---- */

enum eg_types {
    EG_T_NULL = 1,
    EG_T_BOOLEAN = 2,
    EG_T_OBJECT = 4,
    EG_T_ARRAY = 8,
    EG_T_NUMBER = 16,
    EG_T_STRING = 32,
    EG_T_ANY = 63,
    EG_T_INTEGER = 64
};

struct eg_snum { /* a bound: exact */
    bool real;
    union {
        json_int_t i;
        double d;
    };
};

struct eg_decimal { /* digits · 10^exponent, the shortest that reads back as the number */
    uint64_t digits;
    int exponent;
};

struct eg_number_rules {
    const struct eg_snum *minimum, *maximum, *above, *below; /* NULL: none */
    const json_t *multiple_of;
    struct eg_decimal multiple;
};

typedef bool (*eg_format_fn)(const char *text, size_t len);

struct eg_string_rules {
    size_t min, max; /* characters; max SIZE_MAX: none */
    const struct eg_regex *pattern;
    const char *format; /* its name, when asserted */
    eg_format_fn format_ok;
};

struct eg_array_rules {
    size_t min, max;
    size_t n_prefix;
    const struct eg_snode **prefix;
    const struct eg_snode *items, *contains;
    size_t min_contains, max_contains;
    bool unique;
};

struct eg_sprop {
    const char *name;
    size_t len;
    const struct eg_snode *node; /* NULL: only required */
    bool required;
};

struct eg_spattern {
    const struct eg_regex *regex;
    const struct eg_snode *node;
};

struct eg_sdependent {
    const char *name;
    size_t len;
    const json_t *required; /* array of strings, or NULL */
    const struct eg_snode *node;
};

struct eg_object_rules {
    size_t min, max;
    size_t n_props, n_required, n_patterns, n_dependents;
    struct eg_sprop *props;
    uint32_t mask;   /* of slots */
    uint32_t *slots; /* 1 + index of props; 0: empty */
    struct eg_spattern *patterns;
    struct eg_sdependent *dependents;
    const struct eg_snode *additional, *names;
};

struct eg_scope_entry {
    const char *name;
    const struct eg_snode *node;
};

struct eg_sscope { /* a resource as one compiled schema sees it: what $dynamicRef may find in it */
    const struct eg_sres *res;
    unsigned vocabularies;
    size_t n;
    struct eg_scope_entry *entries;
};

struct eg_logic_rules { /* keywords that look at the same value again */
    const struct eg_snode *ref;
    const struct eg_snode *dynamic_ref;
    const char *dynamic_name; /* NULL: a plain reference */
    size_t n_all, n_any, n_one;
    const struct eg_snode **all, **any, **one;
    const struct eg_snode *not_node, *if_node, *then_node, *else_node;
};

struct eg_snode {
    enum { EG_NODE_RULES, EG_NODE_TRUE, EG_NODE_FALSE } kind;
    unsigned types; /* mask */
    struct eg_number_rules *number;
    struct eg_string_rules *string;
    struct eg_array_rules *array;
    struct eg_object_rules *object;
    struct eg_logic_rules *logic;
    const json_t *constant, *enumeration;
    const struct eg_snode *unevaluated_items, *unevaluated_properties;
    const struct eg_sscope *scope;
    const struct eg_sdoc *doc;
    const char *pointer; /* in doc */
    json_t *json;
    int mark;              /* of the search for endless references, while compiling */
    struct eg_snode *next; /* of all with rules, while compiling */
};

struct eg_schema {
    const struct eg_schema_set *set;
    const struct eg_snode *root;
};

/* ---- compiling (schema_compile.c; keywords in schema_rules.c and schema_logic.c) ---- */

struct eg_spending { /* a reference to be resolved when all of its document has its nodes */
    struct eg_snode *node;
    const char *uri;
    bool dynamic;
    struct eg_spending *next;
};

struct eg_scompiler {
    struct eg_schema_set *set;
    struct eg_err *err;
    struct eg_map *nodes;  /* json_t object → node */
    struct eg_map *scopes; /* struct eg_sres → struct eg_sscope */
    struct eg_spending *pending;
    struct eg_snode *all;
    const char *keyword; /* being compiled, for errors */
};

typedef eg_status (*eg_keyword_fn)(struct eg_scompiler *c, struct eg_snode *node, json_t *arg);

/* Sets config_invalid at the node's keyword; always EG_FAIL. */
eg_status eg_schema_bad(struct eg_scompiler *c, const struct eg_snode *node, const char *format, ...) EG_PRINTF(3, 4);
EG_MUST_CHECK eg_status eg_schema_child(struct eg_scompiler *c, const struct eg_snode *node, json_t *json,
                                        const char *key,
                                        const struct eg_snode **child); /* key: below the keyword, or NULL */
EG_MUST_CHECK eg_status eg_schema_children(struct eg_scompiler *c, const struct eg_snode *node, json_t *list, size_t *n,
                                           const struct eg_snode ***children);
void *eg_schema_alloc(struct eg_scompiler *c, size_t size_b); /* zeroed; NULL with err set */
EG_MUST_CHECK eg_status eg_schema_pattern(struct eg_scompiler *c, const struct eg_snode *node, const char *text,
                                          size_t len, const struct eg_regex **regex);
EG_MUST_CHECK eg_status eg_schema_object_finish(struct eg_scompiler *c, struct eg_object_rules *rules);
EG_MUST_CHECK eg_status eg_schema_no_loops(struct eg_scompiler *c);
eg_format_fn eg_schema_format(const char *name); /* NULL: unknown, never asserted */

#define X(name, vocabulary, subschemas, compiler)                                                                      \
    eg_status eg_schema_kw_##compiler(struct eg_scompiler *c, struct eg_snode *node, json_t *arg) EG_MUST_CHECK;
#include "server/registry/schema_keywords.def"
#undef X

/* ---- numbers and equality (schema_value.c) ---- */

struct eg_snum eg_schema_num(const json_t *number);
int eg_schema_num_compare(struct eg_snum a, struct eg_snum b); /* exact: −1, 0, 1 */
struct eg_decimal eg_schema_decimal(double value);             /* of its magnitude */
bool eg_schema_multiple(const json_t *number, const json_t *of, struct eg_decimal of_decimal);
bool eg_schema_equal(const json_t *a, const json_t *b); /* by value: 1 equals 1.0 */
/* 1 when all elements differ, 0 with the first equal pair, −1 when memory is out. */
int eg_schema_unique(const json_t *array, size_t *first, size_t *second);
size_t eg_schema_characters(const char *text, size_t len_b);
static inline json_t *eg_json_mutable(const json_t *json) { /* for jansson's iterators, which only read */
    union {
        const json_t *c;
        json_t *m;
    } u = {json};
    return u.m;
}

/* ---- checking (schema_check.c, schema_containers.c; errors in schema_error.c) ---- */

struct eg_spath { /* the way to the value, on the stack */
    const struct eg_spath *up;
    const char *key; /* NULL: index */
    size_t index;    /* or the key's length */
};

struct eg_sseen { /* which members or elements of one value have been evaluated, by ordinal */
    size_t n;
    uint64_t *bits;
    uint64_t few[2];
};

struct eg_sstack { /* the dynamic scope, innermost first */
    const struct eg_sstack *up;
    const struct eg_sscope *scope;
};

struct eg_stally { /* of the errors of a branch, to find the closest one */
    unsigned n, wrong_type, wrong_constant;
};

struct eg_scheck {
    const struct eg_schema *schema;
    const json_t *value;
    struct eg_schema_errors *errors; /* NULL: stop at the first, say nothing */
    struct eg_stally *tally;         /* when set, errors are counted and not written */
    size_t tally_depth;
    struct eg_regex_scratch *scratch;
    const struct eg_sstack *stack;
    const char *stop; /* why checking was given up; the value is refused then */
    const struct eg_snode *stop_node;
    int64_t steps;
    bool steps_extended;
    int depth;
    unsigned n_matches;
    int64_t match_start_us;
};

bool eg_schema_check_node(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                          const struct eg_spath *path, struct eg_sseen *seen);
bool eg_schema_check_array(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                           const struct eg_spath *path, struct eg_sseen *seen);
bool eg_schema_check_object(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                            const struct eg_spath *path, struct eg_sseen *seen);
bool eg_schema_check_logic(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                           const struct eg_spath *path, struct eg_sseen *seen);
bool eg_schema_check_unevaluated(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                                 const struct eg_spath *path, struct eg_sseen *seen);
bool eg_schema_matches(struct eg_scheck *k, const struct eg_snode *node, const struct eg_regex *regex, const char *text,
                       size_t len);
bool eg_schema_give_up(struct eg_scheck *k, const struct eg_snode *node, const char *why); /* always false */
bool eg_schema_spend(struct eg_scheck *k, const struct eg_snode *node, size_t steps);

bool eg_schema_seen_init(struct eg_sseen *seen, const json_t *value); /* false: memory */
void eg_schema_seen_free(struct eg_sseen *seen);
void eg_schema_seen_add(struct eg_sseen *to, const struct eg_sseen *from);
void eg_schema_seen_all(struct eg_sseen *seen);
static inline bool eg_schema_seen_has(const struct eg_sseen *seen, size_t i) {
    return seen->bits[i / 64] >> (i % 64) & 1;
}
static inline void eg_schema_seen_mark(struct eg_sseen *seen, size_t i) {
    seen->bits[i / 64] |= (uint64_t)1 << (i % 64);
}

/* Whether to go on after an error: only when there is somebody to read more of them. */
static inline bool eg_schema_go_on(const struct eg_scheck *k) {
    return !k->stop && (k->tally || (k->errors && k->errors->n < k->errors->most));
}
/* Notes an error at keyword of node (tail: below the keyword, or NULL); always false. Does nothing without a reader. */
bool eg_schema_fail(struct eg_scheck *k, const struct eg_snode *node, const struct eg_spath *path, const char *keyword,
                    const char *format, ...) EG_PRINTF(5, 6);
const char *eg_schema_show(struct eg_scheck *k, const json_t *value); /* short, for messages; "" without a reader */
const char *eg_schema_show_types(struct eg_scheck *k, unsigned types);
const char *eg_schema_show_list(struct eg_scheck *k, const json_t *values);
const char *eg_schema_show_members(struct eg_scheck *k, const struct eg_object_rules *rules);
bool eg_schema_type_ok(unsigned types, const json_t *value);

#endif
