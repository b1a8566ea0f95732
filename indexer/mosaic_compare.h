/* Two mosaic_map.json beside each other. */
#ifndef EG_INDEXER_MOSAIC_COMPARE_H
#define EG_INDEXER_MOSAIC_COMPARE_H

#include "base/buf.h"
#include "base/err.h"
#include "indexer/mosaic_policy.h"

/* out: {"a", "b", "same_grid", "files": {added, removed, moved, same}, "observed", "phi": distances, "moved": the files that have other
 * cells}. err: usage, when a file is no map. */
EG_MUST_CHECK eg_status eg_mosaic_compare(const char *a, const char *b, enum eg_mosaic_metric metric, struct eg_buf *out,
                                          struct eg_err *err);

#endif
