/* Inside the extraction: what its files share while one text is being read. */
#ifndef EG_INDEXER_EXTRACT_H
#define EG_INDEXER_EXTRACT_H

#include "base/buf.h"
#include "indexer/facts.h"
#include "indexer/intern.h"

#define EG_NAME_MOST_B 200
#define EG_QUAL_MOST_B 440 /* with the longest path a uid stays within its bound */
#define EG_SIGNATURE_MOST_B 600
#define EG_FACTS_MOST 50000 /* definitions, imports, calls: each */

struct eg_span { /* bytes of the text */
    uint32_t from, to;
};

struct eg_param_place {
    struct eg_span all, name, value;
};

struct eg_def_place {
    struct eg_span body, result, around; /* around: what the result's type has behind it, as C's pointers */
    struct eg_str within;                /* the qualified name of the definition that should be the parent; empty: by the scope */
    uint64_t mark;                       /* of the result: pointers and the like */
};

struct eg_scope { /* an open definition, or something else that names or exports what is inside */
    uint32_t depth;
    int def; /* the innermost definition; −1 */
    int function; /* the innermost that is one; −1 */
    struct eg_str prefix;
    bool exported;   /* what begins here is public */
    bool all_public; /* members need not say it */
};

struct eg_block { /* held together by indentation */
    uint32_t depth, to;
};

#define EG_VEC(type)                                                                                                       \
    struct {                                                                                                               \
        type *v;                                                                                                           \
        size_t n, room;                                                                                                    \
    }

struct eg_seen { /* a set of 64-bit hashes with a number each */
    uint64_t *keys;
    int *values;
    size_t n, room; /* room: a power of two */
};

struct eg_extractor {
    bool failed; /* memory is out */
    bool over;   /* the file is beyond what is read of one */
    size_t steps; /* of loops behind the parser that may go over a text more than once */
    /* of the file */
    const struct eg_grammar *grammar;
    struct eg_arena *arena;
    struct eg_intern texts; /* of the arena */
    unsigned keep;
    const char *path;
    size_t path_len;
    const char *text;
    size_t len;
    int n_tests;
    bool pending_test; /* an attribute says that the next definition is a test */
    EG_VEC(struct eg_def) defs;
    EG_VEC(struct eg_def_place) def_places;
    EG_VEC(struct eg_param) params;
    EG_VEC(struct eg_param_place) param_places;
    EG_VEC(struct eg_import) imports;
    EG_VEC(struct eg_call) calls;
    EG_VEC(struct eg_str) exported;
    EG_VEC(uint64_t) tokens;
    EG_VEC(uint32_t) places; /* of the tokens: the byte each begins at */
    EG_VEC(struct eg_scope) scopes;
    EG_VEC(struct eg_block) blocks; /* that the walk is in */
    struct eg_buf scratch, tidied;
    struct eg_seen seen_calls, seen_quals, seen_names;
};

/* Room for one more; false when memory is out, which the extractor remembers. */
bool eg_extract_room(struct eg_extractor *x, void **v, size_t n, size_t *room, size_t size_b);
#define EG_PUSH(x, vec, ...)                                                                                               \
    (eg_extract_room((x), (void **)&(vec).v, (vec).n, &(vec).room, sizeof(*(vec).v)) ? (void)((vec).v[(vec).n++] = __VA_ARGS__) \
                                                                                      : (void)0)

/* One more for a list of the file's facts; false when it has as many as are read of one file: it is left out as a whole then. */
static inline bool eg_extract_more(struct eg_extractor *x, size_t n) {
    x->over = x->over || n >= EG_FACTS_MOST;
    return !x->over;
}

/* The place of the key's number; *fresh says that it is new. NULL when memory is out. */
int *eg_seen_at(struct eg_seen *seen, uint64_t key, bool *fresh);
void eg_seen_clear(struct eg_seen *seen);
void eg_seen_free(struct eg_seen *seen);

static inline struct eg_str eg_node_text(const struct eg_extractor *x, TSNode node) {
    uint32_t from = ts_node_start_byte(node);
    return (struct eg_str){x->text + from, ts_node_end_byte(node) - from};
}
static inline struct eg_span eg_node_span(TSNode node) {
    return (struct eg_span){ts_node_start_byte(node), ts_node_end_byte(node)};
}
static inline TSNode eg_node_field(TSNode node, TSFieldId field) {
    return field ? ts_node_child_by_field_id(node, field) : (TSNode){0};
}
static inline bool eg_node_is(TSNode node, const char *type) {
    return !ts_node_is_null(node) && strcmp(ts_node_type(node), type) == 0;
}

/* Into the arena as UTF-8 without white space at the ends, at most most_b bytes: what is longer ends in "…" and a hash. */
struct eg_str eg_extract_keep(struct eg_extractor *x, struct eg_str text, size_t most_b);
/* Runs of white space become one; none beside brackets and `=`; no comma before a closing one. */
struct eg_str eg_extract_tidy(struct eg_extractor *x, struct eg_str text, size_t most_b);
/* The node's tokens in the same way, without comments, with one kind of quotes. */
struct eg_str eg_extract_signature(struct eg_extractor *x, TSNode node, size_t most_b);

const struct eg_scope *eg_extract_scope(const struct eg_extractor *x);
/* Opens what the node opens; the walk then goes into it. */
void eg_extract_def(struct eg_extractor *x, TSNode node, const struct eg_lang_row *row, uint32_t depth);
void eg_extract_space(struct eg_extractor *x, TSNode node, uint32_t depth);
void eg_extract_params(struct eg_extractor *x, TSNode list);
bool eg_extract_is_hidden(const struct eg_extractor *x, TSNode node, struct eg_str name);
bool eg_extract_public(const struct eg_extractor *x, TSNode node, TSNode name, const struct eg_lang_row *row);
bool eg_extract_is_test(struct eg_extractor *x, TSNode node, struct eg_str name);
/* Parents, hashes, what is exported: all that needs the whole file. */
void eg_extract_finish(struct eg_extractor *x);
void eg_extract_import(struct eg_extractor *x, TSNode node);
void eg_extract_call(struct eg_extractor *x, TSNode node);
void eg_extract_exported(struct eg_extractor *x, TSNode node);

#endif
