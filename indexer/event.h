/* Events as lines of JSON. The same content gives the same line: the id is a ULID of the event's time and a hash of its payload. */
#ifndef EG_INDEXER_EVENT_H
#define EG_INDEXER_EVENT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/ulid.h"

#define EG_AHEAD_MOST_S 86000       /* of its clock a server takes: a day, less what clocks differ by */
#define EG_EVENT_MOST_B ((size_t)24 << 20)

/* The id that the event around payload has. */
void eg_index_id(const char *topic, int64_t time_s, const struct eg_buf *payload, char id[EG_ULID_B]);
/* Makes out (emptied first) the event around payload, which is valid JSON. time_s: since 1970; sha: the commit's. */
void eg_index_event(struct eg_buf *out, const char *topic, int64_t time_s, const char *sha, const struct eg_buf *payload);
void eg_sha256_hex(const void *bytes, size_t len, char out[65]);

#endif
