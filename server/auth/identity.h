/* Who sent a request, as its token says. Without auth: everyone is {"" , all scopes, all topics, high trust}. */
#ifndef EG_AUTH_IDENTITY_H
#define EG_AUTH_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

struct eg_identity {
    const char *sub;           /* '' without auth; also the scope of idempotency keys */
    uint32_t scopes;           /* enum eg_scope bits */
    int64_t expires_us;        /* wall clock: what lasts longer than a request ends then; 0: never */
    bool low_trust;            /* its events are marked trust = low */
    size_t n_topics;           /* 0: all */
    const char *const *topics; /* patterns with `*` */
};

/* Whether the topics claim lets this identity write the topic. */
bool eg_identity_may_write(const struct eg_identity *who, const char *topic, size_t len);

#endif
