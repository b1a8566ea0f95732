/* How the mosaic is made: spec/policies/mosaic.json, and what --policy and the flags say otherwise. */
#ifndef EG_INDEXER_MOSAIC_POLICY_H
#define EG_INDEXER_MOSAIC_POLICY_H

#include "indexer/command.h"

enum eg_mosaic_metric { EG_MOSAIC_IOU, EG_MOSAIC_L2, EG_MOSAIC_EMD, EG_MOSAIC_UNCOVERED };

struct eg_mosaic_policy {
    int rows, cols;
    enum eg_mosaic_metric metric; /* how far Φ of the tokens is from what was observed */
};

/* Where there are no declarations it is 64 × 64 and iou. err: usage for flags, config_invalid for the file. */
EG_MUST_CHECK eg_status eg_mosaic_policy_load(const struct eg_index_flags *flags, struct eg_mosaic_policy *policy, struct eg_err *err);
const char *eg_mosaic_metric_name(enum eg_mosaic_metric metric);

#endif
