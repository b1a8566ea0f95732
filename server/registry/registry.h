/* The declarations of spec/, loaded and checked once at start: topics with their schemas, row rules and examples, and policies.
 * Immutable after; lives as long as the program. */
#ifndef EG_REGISTRY_REGISTRY_H
#define EG_REGISTRY_REGISTRY_H

#include <jansson.h>

#include "base/arena.h"
#include "base/catalogue.h"
#include "base/dml.h"
#include "base/err.h"
#include "base/value.h"
#include "server/registry/schema.h"

struct eg_registry;
struct eg_rule;
struct eg_plan; /* how a rule's parameters are found in an event: inside the registry only */

/* An envelope after parsing and mapping: what projections and the store read. Bytes live in the request's arena or body. */
struct eg_envelope {
    struct eg_str id, topic, source, correlation_id, causation_id, repo_sha, repo_branch, idempotency_key, trust; /* p NULL: absent */
    int64_t ts_us;
    struct eg_str env_text, payload_text, artifacts_text; /* JSON as it came; p NULL: absent */
    json_t *payload;                                      /* parsed, owned by the item */
};

/* A row of another table that must exist before this one can be made: from a lookup that is not optional, or a foreign key. When
 * one of its params is null, nothing is needed. Rows of event_ids are never needed: the event itself exists. */
struct eg_need {
    const struct eg_table *table;
    size_t n_where;
    const int *where;    /* columns of table, as in the rule's eg_ref or foreign key */
    const int *params;   /* the row's parameters that hold them, by index */
};

struct eg_rule {
    const char *topic; /* "core.step.finished@v1" */
    int index;         /* in the file's `rows` */
    struct eg_dml dml;
    size_t n_params;            /* of one row: eg_dml_n_params(&dml) */
    const enum eg_type *types;  /* n_params */
    size_t n_needs;
    const struct eg_need *needs;
    bool skip_without_parent;   /* "missing": "skip" of a rule that makes rows: one whose parent is not there is not made */
    bool wait_for_target;       /* UPDATE with "missing": "wait": needs[n_needs-1] is its own key */
    size_t n_fills;
    const struct eg_dml *fills; /* EG_DML_FILL: optional lookups of this rule's rows; run when rows are made that they look for */
    int position_param;         /* the parameter that is $position (null until then), −1 without: the store sets it */
    const struct eg_plan *plan;
};

struct eg_row { /* one row to be made, changed or removed */
    const struct eg_rule *rule;
    struct eg_value *params; /* rule->n_params */
};

struct eg_upcast; /* how payloads of an earlier version read as this one's */

struct eg_topic {
    const char *name;
    const char *title;
    const char *system;            /* the folder */
    const json_t *document;        /* the whole file */
    const struct eg_schema *schema;
    size_t n_rules;
    const struct eg_rule *rules;   /* deletes before inserts before updates */
    bool server_only;              /* events that the server alone writes: a producer that sends one is refused */
    const json_t *examples;        /* array of payloads, at least two */
    const struct eg_upcast *upcast; /* NULL: none is declared */
    const struct eg_topic *next;    /* the version that upcasts from this one; NULL */
};

/* Loads spec_dir/schemas (all systems) and spec_dir/policies, compiles schemas, checks rules against the catalogue (NULL: no check against
 * tables is possible, and rules are not made: `egdb check --no-store`). err names file, rule, and column. */
EG_MUST_CHECK eg_status eg_registry_load(const char *spec_dir, const struct eg_catalogue *catalogue, struct eg_registry **registry,
                                         struct eg_err *err);
void eg_registry_free(struct eg_registry *registry);

const struct eg_topic *eg_registry_topic(const struct eg_registry *registry, const char *name, size_t len);
size_t eg_registry_topics(const struct eg_registry *registry, const struct eg_topic *const **topics); /* sorted by name */

/* spec/policies/<name>.json; NULL when there is none. Lives as long as the registry. */
const json_t *eg_registry_policy(const struct eg_registry *registry, const char *name);

/* The payload as the version of `upcast` has it: a new value, the caller's; NULL when memory is out. */
json_t *eg_upcast(const struct eg_upcast *upcast, const json_t *payload);

/* All fills that point at rows of this table: run after rows of it were inserted, with their natural keys. */
size_t eg_registry_fills_of(const struct eg_registry *registry, const struct eg_table *table, const struct eg_dml *const **fills);
/* The rule by topic and index, for rows that waited in pending_rows; NULL when the declaration has gone. */
const struct eg_rule *eg_registry_rule(const struct eg_registry *registry, const char *topic, size_t len, int index);

/* Evaluates the topic's rules over a valid payload. Appends rows to *rows (grown in the arena, by this function alone: start with NULL
 * and 0). Their values point into the envelope's texts, or live in the arena: the parsed payload may go. err: schema_invalid (a
 * value does not fit its column: place is the pointer into the payload), number_out_of_range (an integer beyond its column),
 * internal (arena full). */
EG_MUST_CHECK eg_status eg_project(const struct eg_topic *topic, const struct eg_envelope *envelope, struct eg_arena *arena,
                                   struct eg_row **rows, size_t *n_rows, struct eg_err *err);

#endif
