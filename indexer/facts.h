/* What one file says: definitions, imports, calls, and the hashes of its tokens. Texts and arrays live in the arena that the
 * extraction was given. */
#ifndef EG_INDEXER_FACTS_H
#define EG_INDEXER_FACTS_H

#include "base/arena.h"
#include "base/value.h"
#include "indexer/lang.h"

enum eg_def_class { EG_DEF_FUNCTION, EG_DEF_CLASS, EG_DEF_SPACE };

struct eg_param {
    struct eg_str name;
    uint64_t type;  /* a hash of all but the name and the default; 0 without */
    uint64_t value; /* a hash of the default; 0 without */
};

struct eg_def {
    struct eg_str name;
    struct eg_str qual;      /* "Reader.load" */
    struct eg_str signature; /* "(self, path=None) -> str"; empty where there is none */
    const char *kind;        /* "FunctionDef" */
    enum eg_def_class cls;
    int ordinal; /* 1; 2 and more for further definitions of this qualified name */
    int parent;  /* index of the definition around it; −1: the file */
    int line, end_line, col;
    int cc;     /* 1 + branches; what is nested counts for itself */
    int params, n_params;
    uint64_t result; /* a hash of the result's type; 0 without */
    uint64_t body;   /* a hash of the body's tokens; 0 when it has none */
    int token, n_tokens; /* of the body */
    bool is_public, is_test;
    bool is_hidden; /* says itself that it is not public */
};

struct eg_import {
    struct eg_str module; /* as written: "..pkg.a", "./b", "x.h", "crate::a" */
    struct eg_str symbol; /* empty: the module itself; "*": all of it */
    struct eg_str alias;  /* what it is called here */
    int line;
};

struct eg_call {
    struct eg_str callee; /* "self.load", "os.path.join"; begins with "." when what stands before is no name */
    int def;              /* in which; −1: outside of all */
    int line;             /* of the first */
    int count;
};

struct eg_facts {
    const struct eg_grammar *grammar; /* NULL: no language of ours, or not read */
    const char *skipped;              /* why it was not read: "binary", "huge", "slow", "missing"; else NULL */
    bool broken;                      /* has places that are not of its language */
    bool not_utf8;
    int lines;
    int n_tests;
    int n_defs, n_params, n_imports, n_calls, n_tokens;
    struct eg_def *defs; /* in the order of the text: parents before children */
    struct eg_param *params;
    struct eg_import *imports;
    struct eg_call *calls;
    uint64_t *tokens; /* hashes */
};

/* What is kept beside definitions and imports; the numbers of what is not are 0 (but a definition knows how many parameters it has). */
#define EG_KEEP_CALLS 1u
#define EG_KEEP_PARAMS 2u
#define EG_KEEP_TOKENS 4u
#define EG_KEEP_SHARED 8u /* the file before was kept in the same arena: its texts are used again */
#define EG_KEEP_ALL (EG_KEEP_CALLS | EG_KEEP_PARAMS | EG_KEEP_TOKENS)

static inline bool eg_str_eq(struct eg_str a, struct eg_str b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }
static inline bool eg_str_is(struct eg_str a, const char *text) {
    return a.n == strlen(text) && memcmp(a.p, text, a.n) == 0;
}

/* A hash that is the same everywhere and always: it goes into ids and comparisons between runs. */
static inline uint64_t eg_mix64(uint64_t h, uint64_t x) {
    h ^= x + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
    h *= 0xff51afd7ed558ccdu;
    return h ^ (h >> 32);
}
uint64_t eg_bytes64(const char *bytes, size_t len);

struct eg_extractor;

struct eg_extractor *eg_extractor_new(void); /* NULL when memory is out. One a thread. */
void eg_extractor_free(struct eg_extractor *extractor);
/* Before an arena that files shared goes, and another is shared. */
void eg_extractor_forget(struct eg_extractor *extractor);

/* Reads one file. Fails only when memory is out (internal); whatever the text is, it has facts. keep: EG_KEEP_*. */
EG_MUST_CHECK eg_status eg_extract(struct eg_extractor *extractor, const char *path, const char *text, size_t len,
                                   unsigned keep, struct eg_arena *arena, struct eg_facts **facts, struct eg_err *err);

/* repo_blob.c: the facts of a file that was not read. why: a literal. */
EG_MUST_CHECK eg_status eg_facts_skipped(const char *path, const char *why, struct eg_arena *arena, struct eg_facts **facts,
                                         struct eg_err *err);

#endif
