/* The examples of every declaration, run against its schema and its rules: `egdb check`. */
#ifndef EG_REGISTRY_CHECK_H
#define EG_REGISTRY_CHECK_H

#include "server/registry/registry.h"

/* Called once a topic: err NULL when all its examples are good (and made n_rows rows), else what is wrong with the
 * first bad one. */
typedef void (*eg_check_report)(void *ctx, const struct eg_topic *topic, size_t n_rows, const struct eg_err *err);

/* Returns the number of topics that failed. report may be NULL. */
size_t eg_registry_check(const struct eg_registry *registry, eg_check_report report, void *ctx);

#endif
