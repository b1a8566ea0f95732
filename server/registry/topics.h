/* The declarations of spec/schemas, one file a topic. Inside server/registry/ only. */
#ifndef EG_REGISTRY_TOPICS_H
#define EG_REGISTRY_TOPICS_H

#include "server/registry/registry.h"

struct eg_topics {
    struct eg_arena *arena;
    struct eg_schema_set *set;
    const struct eg_catalogue *catalogue; /* NULL: rules are not made */
    const json_t *policies;
    json_t *documents; /* an array that owns every file's JSON */
    size_t n;
    struct eg_topic **list; /* sorted by name */
};

/* Loads spec_dir/schemas/<system>/<topic>.json for every system. All but spec_dir is the caller's, documents and set
 * included. */
EG_MUST_CHECK eg_status eg_topics_load(struct eg_topics *topics, const char *spec_dir, struct eg_err *err);

#endif
