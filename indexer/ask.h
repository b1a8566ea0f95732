/* Questions to a server, in EGQL. */
#ifndef EG_INDEXER_ASK_H
#define EG_INDEXER_ASK_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct eg_asker;

/* server and token_file: as struct eg_sink_config has them. */
EG_MUST_CHECK eg_status eg_asker_open(const char *server, const char *token_file, struct eg_asker **asker, struct eg_err *err);
/* The same, for who cannot wait: a question takes timeout_ms at the most, and is asked once. */
EG_MUST_CHECK eg_status eg_asker_open_within(const char *server, const char *token_file, long timeout_ms, struct eg_asker **asker,
                                             struct eg_err *err);
void eg_asker_close(struct eg_asker *asker); /* NULL is fine */
/* Gives the rows, an array of arrays in the order of the query's items; the caller decrefs it. params is taken over. An answer that was
 * cut by a limit of the server's is an error, one that the query's own LIMIT cut is not. err: store_unavailable when no server answers or
 * it stays overloaded; unauthorized, forbidden; query_invalid only where the server does not know what is asked (400); timeout,
 * answer_too_large, internal: the answer did not come, and may another time. */
EG_MUST_CHECK eg_status eg_ask(struct eg_asker *asker, const char *query, json_t *params, json_t **rows, struct eg_err *err);
/* Whether the server answers and its store does. err: store_unavailable, when one of them does not, or something before it says so. */
EG_MUST_CHECK eg_status eg_ask_ready(const char *server, const char *token_file, struct eg_err *err);

#endif
