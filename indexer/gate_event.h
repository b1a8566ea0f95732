/* Events that are decisions: of thresholds, freezes, labels, gates. */
#ifndef EG_INDEXER_GATE_EVENT_H
#define EG_INDEXER_GATE_EVENT_H

#include <jansson.h>
#include <stdint.h>

#include "indexer/sink.h"

struct eg_gate_event {
    const char *topic;
    int64_t at_us;         /* of the newest thing that it follows from: what follows from the same has the same id */
    const char *sha;       /* the commit's; NULL: 40 zeros */
    const char *causation; /* the id of the event that it answers; NULL: none */
    json_t *payload;       /* taken over */
};

/* The id is a ULID of the time and a hash of the rest. */
EG_MUST_CHECK eg_status eg_gate_event_put(struct eg_sink *sink, const struct eg_gate_event *event, struct eg_err *err);
/* A figure as events have it: 12 significant digits, so that what is the same is written the same. */
json_t *eg_gate_number(double x);

#endif
