/* Inside names*.c: the walk's state, and what the styles share. */
#ifndef EG_INDEXER_NAMES_INT_H
#define EG_INDEXER_NAMES_INT_H

#include <tree_sitter/api.h>

#include "indexer/names.h"

#define EG_SCOPES_MOST 32 /* classes within classes; deeper ones are not looked at */

struct eg_names {
    const char *text;
    eg_name_take take;
    void *ctx;
    bool is_header;
    uint32_t depth;
    char scope[600];
    struct {
        uint32_t depth;
        size_t len;
    } scopes[EG_SCOPES_MOST];
    size_t n_scopes;
};

bool eg_names_is(TSNode node, const char *type);
bool eg_names_is_any(TSNode node, const char *const *types); /* types: NULL ends them */
TSNode eg_names_field(TSNode node, const char *field);
struct eg_str eg_names_text(const struct eg_names *names, TSNode node); /* empty, when there is no node */
void eg_names_bind(struct eg_names *names, TSNode at, struct eg_str text, enum eg_name_what what, bool is_public);
void eg_names_put(struct eg_names *names, TSNode name, enum eg_name_what what, bool is_public); /* by the node's text, when there is one */
/* What is below the node belongs to this name. False: it does not fit, and the walk stays out. */
bool eg_names_open(struct eg_names *names, struct eg_str name);

/* Whether the walk goes into the node. */
bool eg_names_python(struct eg_names *names, TSNode node);
bool eg_names_es(struct eg_names *names, TSNode node);
bool eg_names_c(struct eg_names *names, TSNode node);
bool eg_names_go(struct eg_names *names, TSNode node);
bool eg_names_rust(struct eg_names *names, TSNode node);
bool eg_names_java(struct eg_names *names, TSNode node);

#endif
