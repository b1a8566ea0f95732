/* The names that a text gives to others besides its functions and classes: what it assigns, imports and exports outside of functions. Read
 * from the syntax tree, so that strings, comments and locals are none. */
#ifndef EG_INDEXER_NAMES_H
#define EG_INDEXER_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/value.h"

enum eg_name_what {
    EG_NAME_DEFINED,  /* a function or a class */
    EG_NAME_VALUE,    /* a constant, a variable, a macro, a type: whatever is given to the name */
    EG_NAME_IMPORTED, /* and so to be had here, too */
    EG_NAME_DECLARED  /* C: a prototype, or a variable that is defined elsewhere */
};

struct eg_name {
    struct eg_str scope; /* the class or namespace that it belongs to: "Outer.Inner"; empty: the file */
    struct eg_str name;
    enum eg_name_what what;
    bool is_public; /* a contract by the rules of its language, and of values only what is meant to be one: see docs/reference/gates.md */
    int line;
};

typedef void (*eg_name_take)(void *ctx, const struct eg_name *name);

/* False: the language is not ours, or the text cannot be read (larger than 2 MiB, binary, or beyond the parser): nothing is known. The
 * grammars are loaded. What `take` gets lives until it returns. */
bool eg_names_each(const char *path, const char *text, size_t len, eg_name_take take, void *ctx);
/* Whether the name means the definition that is called so: for aliases; `qual` is "name" or "Class.name". */
bool eg_name_is(const struct eg_name *name, const char *qual);

#endif
