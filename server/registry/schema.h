/* JSON Schema 2020-12: compiled once, checked often. */
#ifndef EG_REGISTRY_SCHEMA_H
#define EG_REGISTRY_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct eg_schema;
struct eg_schema_set; /* schemas that may refer to each other by $id */

struct eg_schema_error {
    const char *instance; /* JSON Pointer into the value, "" for the whole */
    const char *keyword;  /* JSON Pointer into the schema (its $id before '#' when it is another document) */
    const char *message;  /* "is missing the required member `sha`" */
};

struct eg_schema_errors { /* the caller's; messages live in the arena */
    struct eg_arena *arena;
    size_t n;
    size_t most; /* stop after this many; ≤ 32 */
    struct eg_schema_error list[32];
};

struct eg_schema_set *eg_schema_set_new(void);
void eg_schema_set_free(struct eg_schema_set *set); /* and every schema compiled in it */
/* Makes `format` an assertion in what is compiled after (it is an annotation by default): docs/reference/json-schema.md lists them. */
void eg_schema_set_assert_formats(struct eg_schema_set *set, bool on);
/* Registers a document under a URI, a file's path or a name, and under its $id, so that $ref finds it; the $id is what errors
 * show and what relative references start from. The set keeps a reference. */
EG_MUST_CHECK eg_status eg_schema_set_add(struct eg_schema_set *set, const char *uri, json_t *document, struct eg_err *err);
/* Compiles a document of the set with all that it refers to. err: config_invalid, place = JSON Pointer of the bad keyword. */
EG_MUST_CHECK eg_status eg_schema_compile(struct eg_schema_set *set, const char *uri, const struct eg_schema **schema,
                                          struct eg_err *err);
/* True when value is valid. errors may be NULL (then it stops at the first). Thread-safe on a compiled schema. */
bool eg_schema_valid(const struct eg_schema *schema, const json_t *value, struct eg_schema_errors *errors);

#endif
