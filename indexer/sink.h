/* Where events go: to a server, posted in batches by threads of its own so that reading does not wait, or to a file. */
#ifndef EG_INDEXER_SINK_H
#define EG_INDEXER_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct eg_sink;

struct eg_sink_config {
    const char *out;        /* a folder: OUT/events.ndjson is written; NULL: to the server */
    const char *server;     /* NULL: EGDB_SERVER, else http://127.0.0.1:8421 */
    long patience_ms;       /* how long a batch is tried; 0: minutes, as a long run wants it */
    const char *token_file; /* NULL: EGDB_TOKEN_FILE, else EGDB_TOKEN, else none */
};

struct eg_sink_sum {
    uint64_t events, stored, duplicates, rejected;
    int64_t position; /* the highest that the server answered; 0 with a file */
};

EG_MUST_CHECK eg_status eg_sink_open(const struct eg_sink_config *config, struct eg_sink **sink, struct eg_err *err);
/* Takes a copy. Waits while the queue is full. Fails once the sending failed, with its error. */
EG_MUST_CHECK eg_status eg_sink_put(struct eg_sink *sink, const char *event, size_t len, struct eg_err *err);
/* Sends what is left and frees the sink, in every case. sum is filled in every case. */
EG_MUST_CHECK eg_status eg_sink_close(struct eg_sink *sink, struct eg_sink_sum *sum, struct eg_err *err);
/* The same of events that others of their kind may overtake. None of them overtakes, or is overtaken by, one of eg_sink_put. */
EG_MUST_CHECK eg_status eg_sink_put_any(struct eg_sink *sink, const char *event, size_t len, struct eg_err *err);
bool eg_sink_failed(struct eg_sink *sink);   /* what is put is not taken any more */
uint64_t eg_sink_sent(struct eg_sink *sink); /* events that are with the server or in the file */

#endif
