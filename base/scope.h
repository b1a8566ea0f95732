/* Scopes: what a token allows, and what a route, a source of queries or a panel needs. A set of them is bits. */
#ifndef EG_BASE_SCOPE_H
#define EG_BASE_SCOPE_H

#include <stddef.h>
#include <stdint.h>

enum eg_scope {
    EG_SCOPE_NONE = 0,
#define X(name, word, bit) EG_SCOPE_##name = bit,
#include "base/scopes.def"
#undef X
    EG_SCOPE_ANY = 15 /* as a need: any one of them suffices */
};

#define EG_SCOPE_NAMES_B 128

/* The bit of a word, 0 when unknown. */
uint32_t eg_scope_of(const char *word, size_t len);
/* "events:read, query"; all of them fit into EG_SCOPE_NAMES_B. */
void eg_scope_names(uint32_t scopes, char *out, size_t room);

#endif
