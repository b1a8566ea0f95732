/* Tokens and their energy as JSON: the payloads of delta.tokens@v1 and delta.fingerprint@v1, and the report of a range. */
#ifndef EG_INDEXER_DELTA_EVENT_H
#define EG_INDEXER_DELTA_EVENT_H

#include "base/buf.h"
#include "indexer/energy.h"

#define EG_TOKENS_AN_EVENT 5000 /* a token is some 25 of the EG_JSON_MOST_VALUES that the server takes of an event */

/* Tokens from `first` on, at most EG_TOKENS_AN_EVENT of them. */
void eg_delta_payload(struct eg_buf *out, const struct eg_tokens *tokens, size_t first, const char *repo, const char *sha);
void eg_fingerprint_payload(struct eg_buf *out, const struct eg_tokens *tokens, const struct eg_energy *energy, bool degraded,
                            const char *repo, const char *sha);
void eg_delta_report(struct eg_buf *out, const struct eg_tokens *tokens, const struct eg_energy *energy, bool degraded, const char *range);

#endif
