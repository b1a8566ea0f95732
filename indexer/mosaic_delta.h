/* A change on the mosaic: what Φ projects from its tokens beside the lines that it added and removed. */
#ifndef EG_INDEXER_MOSAIC_DELTA_H
#define EG_INDEXER_MOSAIC_DELTA_H

#include "indexer/delta.h"
#include "indexer/mosaic_policy.h"
#include "indexer/mosaic_read.h"

struct eg_mosaic_delta { /* phi, observed: a number for each cell along the curve, each of sum 1, or 0 where there is nothing */
    double *phi, *observed;
    double *explained; /* of each token: how much of its weight lies where something was observed; 0 to 1 */
    size_t n_cells, n_tokens;
    uint64_t added, removed; /* lines, of all files */
    double weight;           /* of all tokens */
    size_t cells_phi, cells_observed, cells_common;
    bool applies;            /* code changed, and not its form only */
    double distance;         /* 0: the same, to 1 */
};

/* Of a delta whose new state the mosaic was laid for. Call eg_mosaic_delta_free in every case. */
EG_MUST_CHECK eg_status eg_mosaic_delta(git_repository *repo, const struct eg_mosaic *mosaic, const struct eg_delta *delta,
                                        const struct eg_tokens *tokens, enum eg_mosaic_metric metric, struct eg_mosaic_delta *out,
                                        struct eg_err *err);
void eg_mosaic_delta_free(struct eg_mosaic_delta *delta);

/* mosaic_distance.c: of two distributions over n cells along the curve. 0 when both are empty, 1 when one is.
 * iou: 1 − |A ∩ B| / |A ∪ B|, A and B the cells that are not below the mean of those that are not 0; l2: of the vectors, over √2;
 * emd: how far shares must be carried along the curve, over its length; uncovered: the share of b that lies where a has nothing. */
double eg_mosaic_distance(enum eg_mosaic_metric metric, const double *a, const double *b, size_t n);

#endif
