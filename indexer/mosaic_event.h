/* A change on the mosaic as JSON and as a picture. */
#ifndef EG_INDEXER_MOSAIC_EVENT_H
#define EG_INDEXER_MOSAIC_EVENT_H

#include "base/buf.h"
#include "indexer/mosaic_delta.h"

#define EG_MOSAIC_PICTURE "mosaic_delta.png"

struct eg_mosaic_said {
    const struct eg_mosaic *mosaic;
    const struct eg_mosaic_delta *delta;
    const struct eg_tokens *tokens;
    enum eg_mosaic_metric metric;
    const char *repo, *sha, *base; /* base: NULL: nothing */
};

/* The payload of delta.mosaic@v1. */
void eg_mosaic_payload(struct eg_buf *out, const struct eg_mosaic_said *said);
/* mosaic_map.json: the same, and where each file lies. */
void eg_mosaic_map(struct eg_buf *out, const struct eg_mosaic_said *said);
/* Each cell 8 × 8 pixels: grey, two shades for neighbouring files; redder with what was observed, bluer with what Φ projects.
 * false when memory is out. */
bool eg_mosaic_picture(struct eg_buf *out, const struct eg_mosaic *mosaic, const struct eg_mosaic_delta *delta);

#endif
