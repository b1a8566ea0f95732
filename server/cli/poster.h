/* Posts events in batches: collects lines, sends them as NDJSON, repeats what the server could not take now, and
 * counts. */
#ifndef EG_CLI_POSTER_H
#define EG_CLI_POSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "server/cli/client.h"

struct eg_poster;

struct eg_poster_config {
    struct eg_client *client;
    size_t most_events; /* of one request */
    const char *name;   /* of the program, in what it says; NULL: "egdb post" */
    int retries;        /* of one batch: answers 503 and 429, and lost connections once the server has answered */
    long patience_ms;   /* how long one batch is tried; 0: as long as retries takes */
    bool keyed;         /* sends an Idempotency-Key with each batch, so that a repetition stores nothing twice */
    bool named;         /* ids name what the events tell of: one that is taken (id_conflict) is a duplicate told in other words */
    const char *named_topic; /* the same of this topic only; NULL: of none */
    bool quiet;         /* no line a refused event */
};

struct eg_posted {
    uint64_t sent, stored, duplicates, rejected;
    uint64_t waits; /* pauses that the server asked for */
    int64_t position;
    bool answered; /* the server said anything at all */
};

struct eg_poster *eg_poster_new(const struct eg_poster_config *config); /* NULL when memory is out */
void eg_poster_free(struct eg_poster *poster);

/* The server answered somebody else: a connection that breaks is tried again from the first one on. */
void eg_poster_trust(struct eg_poster *poster);
/* One event as JSON; line ends in it become spaces. Sends when the batch is full. err: store_unavailable when the
 * server does not answer or stays overloaded, unauthorized, forbidden, internal: then nothing more should be added. */
EG_MUST_CHECK eg_status eg_poster_add(struct eg_poster *poster, const char *json, size_t len, struct eg_err *err);
EG_MUST_CHECK eg_status eg_poster_flush(struct eg_poster *poster, struct eg_err *err);
const struct eg_posted *eg_poster_result(const struct eg_poster *poster);

#endif
