/* What a newer version of a topic declares about events of the one before: how their payloads read as its own. Applied when events are
 * read; stored bytes never change. Inside server/registry/ but for eg_upcast, which registry.h has. */
#ifndef EG_REGISTRY_UPCAST_H
#define EG_REGISTRY_UPCAST_H

#include "server/registry/topics.h"

/* Reads x-egdb.upcast of the topic (json NULL: none). err: config_invalid with file. */
EG_MUST_CHECK eg_status eg_upcast_compile(const json_t *json, const char *file, struct eg_topics *topics,
                                          struct eg_topic *topic, struct eg_err *err);
/* Finds the topics that are upcast from: sets their `next`. list is sorted by name. err: config_invalid. */
EG_MUST_CHECK eg_status eg_upcast_link(struct eg_topic *const *list, size_t n, struct eg_err *err);

#endif
