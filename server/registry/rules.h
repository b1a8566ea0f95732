/* Row rules, compiled: how each parameter of a rule's statement is found in an event. Made once at start by rules_*.c,
 * read by project.c for every event. All of it lives in the registry's arena. Inside server/registry/ only. */
#ifndef EG_REGISTRY_RULES_H
#define EG_REGISTRY_RULES_H

#include <jansson.h>

#include "base/arena.h"
#include "base/catalogue.h"
#include "base/err.h"
#include "base/value.h"
#include "server/registry/registry.h"

#define EG_EACH_MAX 4      /* levels of `each` */
#define EG_COLUMNS_MAX 128 /* columns that one rule may set */

struct eg_ptoken {
    const char *name; /* unescaped */
    int index;        /* when it could mean an array's element, else −1 */
};

struct eg_pointer {
    const char *text; /* as declared */
    int level;        /* 0: the payload; k: the element of the k-th `each` */
    size_t n;
    const struct eg_ptoken *tokens;
};

enum eg_source_kind {
    EG_SOURCE_POINTER,
    EG_SOURCE_MEMBER, /* of the envelope */
    EG_SOURCE_CONST,  /* a literal or a policy, in the column's type; null where a lookup fills later */
    EG_SOURCE_REST,   /* the members of the innermost element that the rule does not use */
    EG_SOURCE_FIRST,  /* the first of list that exists */
    EG_SOURCE_OBJECT, /* a JSON object of names and list; what does not exist is left out */
    EG_SOURCE_BEGINS  /* list[0], a text, where it begins with the pointer's text; else it does not exist */
};

enum eg_member {
    EG_MEMBER_ID,
    EG_MEMBER_TOPIC,
    EG_MEMBER_TS_UTC,
    EG_MEMBER_SHA,
    EG_MEMBER_BRANCH,
    EG_MEMBER_SOURCE,
    EG_MEMBER_CORRELATION_ID,
    EG_MEMBER_CAUSATION_ID,
    EG_MEMBER_TRUST,
    EG_MEMBER_POSITION
};

struct eg_source {
    enum eg_source_kind kind;
    struct eg_pointer pointer; /* POINTER; of a CONST the text as declared; of BEGINS the beginning */
    enum eg_member member;     /* MEMBER */
    struct eg_value value;     /* CONST */
    size_t n;                  /* FIRST, OBJECT, REST, BEGINS */
    const struct eg_source *list;
    const char *const *names; /* OBJECT: of list; REST: the members that are used */
};

struct eg_param {
    const struct eg_source *source;
    enum eg_type type;
    bool not_null;
    const char *column; /* for messages */
};

enum eg_test_op { EG_TEST_EQUALS, EG_TEST_IN, EG_TEST_NOT_IN, EG_TEST_MIN, EG_TEST_MAX, EG_TEST_EXISTS };

struct eg_test {
    struct eg_pointer pointer;
    enum eg_test_op op;
    const json_t *value; /* IN, NOT_IN: an array */
};

struct eg_plan {
    size_t n_each;
    struct eg_pointer each[EG_EACH_MAX];
    size_t n_tests;
    const struct eg_test *tests;
    const struct eg_param *params; /* n_params of the rule */
};

/* What the compiler of one topic knows. */
struct eg_rules {
    struct eg_arena *arena;
    const struct eg_catalogue *catalogue;
    const json_t *policies;
    const json_t *document; /* the topic's schema: pointers are checked against what it declares */
    const char *file;
    const char *topic;
    struct eg_err *err;
    /* of the rule in work */
    int index;
    const struct eg_table *table;
    const char *column; /* NULL outside of a column */
    struct eg_plan *plan;
};

/* Compiles x-egdb.rows into the topic. The error names file, rule and column. */
EG_MUST_CHECK eg_status eg_rules_compile(struct eg_rules *rules, json_t *rows, struct eg_topic *topic);

/* The parts, one file each */

/* config_invalid: place is the file, the message begins with rule, table and column. */
eg_status eg_rules_fail(struct eg_rules *rules, const char *format, ...) EG_PRINTF(2, 3);
void *eg_rules_alloc(struct eg_rules *rules, size_t size_b); /* zeroed; NULL with the error set */

/* rules_pointer.c: "/a" "./a" "../a" "." ""; checked against the schema. */
EG_MUST_CHECK eg_status eg_rules_pointer(struct eg_rules *rules, const char *text, struct eg_pointer *pointer);
bool eg_pointer_same(const struct eg_pointer *a, const struct eg_pointer *b);

/* rules_source.c: a value of `set` for a column of this type. */
EG_MUST_CHECK eg_status eg_rules_source(struct eg_rules *rules, json_t *json, enum eg_type type,
                                        struct eg_source *source);
EG_MUST_CHECK eg_status eg_rules_engine(struct eg_rules *rules, const char *column, struct eg_source *source);
bool eg_rules_is_engine(const char *column);
bool eg_source_same(const struct eg_source *a, const struct eg_source *b);

/* rules_when.c */
EG_MUST_CHECK eg_status eg_rules_when(struct eg_rules *rules, json_t *when);
/* The value for "$policy.x.y"; NULL with the error set. */
json_t *eg_rules_policy(struct eg_rules *rules, const char *text);

/* rules_column.c: the columns that a rule sets, and the parameters laid out from them. */
struct eg_draft {
    int column;
    struct eg_source source;
    const struct eg_ref *ref; /* a lookup; then n_where sources */
    const struct eg_source *where;
    bool optional;
    int *shared;     /* of an optional one: the parameters of what it looks for, once laid out */
    int first_param; /* of the laid out row, −1: not a parameter */
    bool key;
    bool match; /* compared only: a column of `match`, which `set` may set too */
};
struct eg_drafts {
    size_t n;
    struct eg_draft list[EG_COLUMNS_MAX];
    int key[EG_COLUMNS_MAX]; /* drafts of the rule's dml.key, in its order */
    const struct eg_source *unless; /* of the rule's dml.unless: what its parameters are, in their order */
};
/* Compiles `set`; engine: adds the engine's columns. match is `match`, or NULL. */
EG_MUST_CHECK eg_status eg_rules_columns(struct eg_rules *rules, json_t *set, json_t *match, bool engine,
                                         struct eg_drafts *drafts);
struct eg_draft *eg_drafts_find(struct eg_drafts *drafts, int column); /* not those of `match`; NULL when absent */
struct eg_draft *eg_drafts_add(struct eg_rules *rules, struct eg_drafts *drafts,
                               int column); /* NULL with the error set */

/* rules_lookup.c */
EG_MUST_CHECK eg_status eg_rules_lookup(struct eg_rules *rules, json_t *lookup, struct eg_draft *draft);
/* The columns of a lookup's or guard's `where`, and where their values come from: as many as it has members. */
EG_MUST_CHECK eg_status eg_rules_where(struct eg_rules *rules, const struct eg_table *table, json_t *where, int *columns,
                                       struct eg_source *sources);
EG_MUST_CHECK eg_status eg_rules_needs(struct eg_rules *rules, struct eg_drafts *drafts, struct eg_rule *rule);
EG_MUST_CHECK eg_status eg_rules_fills(struct eg_rules *rules, struct eg_drafts *drafts, struct eg_rule *rule);
/* Whether an index finds rows by these columns: it begins with some of them, and not with `repo` alone, which most rows share. */
bool eg_table_indexed(const struct eg_table *table, const int *columns, size_t n);
bool eg_table_unique(const struct eg_table *table, const int *columns, size_t n); /* exactly these, in any order */

/* rules_unless.c: what keeps a row from being made. */
EG_MUST_CHECK eg_status eg_rules_unless(struct eg_rules *rules, json_t *unless, struct eg_drafts *drafts, struct eg_dml *dml);

/* project_value.c: JSON to a column's type (not EG_JSON, not EG_BYTES). On failure *code and *what ("is not an
 * integer"). */
EG_MUST_CHECK eg_status eg_value_from_json(const json_t *json, enum eg_type type, struct eg_value *value,
                                           enum eg_code *code, const char **what);
/* A literal's text to a column's type; false when it does not fit. JSON is checked, and used as it stands. */
bool eg_value_from_text(const char *text, enum eg_type type, struct eg_value *value);
const char *eg_type_name(enum eg_type type);

/* project_when.c */
bool eg_test_holds(const struct eg_test *test, const json_t *value); /* value NULL or null: absent */

#endif
