/* The policy of the mosaic. */
#include "indexer/mosaic_policy.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "indexer/mosaic.h"
#include "indexer/spec.h"

static const char *const metrics[] = {[EG_MOSAIC_IOU] = "iou", [EG_MOSAIC_L2] = "l2", [EG_MOSAIC_EMD] = "emd",
                                      [EG_MOSAIC_UNCOVERED] = "uncovered"};
#define N_METRICS (sizeof(metrics) / sizeof(metrics[0]))

const char *eg_mosaic_metric_name(enum eg_mosaic_metric metric) { return metrics[metric]; }

static bool is_side(json_int_t n) { return n >= 1 && n <= EG_MOSAIC_SIDE_MOST; }

static bool take_metric(const char *text, enum eg_mosaic_metric *metric) {
    for (size_t i = 0; text && i < N_METRICS; i++) {
        if (strcmp(text, metrics[i]) == 0) {
            *metric = (enum eg_mosaic_metric)i;
            return true;
        }
    }
    return false;
}

static eg_status take_file(const char *path, struct eg_mosaic_policy *policy, struct eg_err *err) {
    json_error_t error;
    json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &error), *value;
    const char *name, *wrong = NULL;
    if (!document) {
        return eg_err_set(err, EG_E_CONFIG, path, "line %d: %s", error.line, error.text);
    }
    json_object_foreach(document, name, value) {
        bool good = strcmp(name, "description") == 0;
        if (strcmp(name, "rows") == 0 || strcmp(name, "cols") == 0) {
            good = is_side(json_integer_value(value));
            *(*name == 'r' ? &policy->rows : &policy->cols) = (int)json_integer_value(value);
        } else if (strcmp(name, "distance") == 0) {
            good = take_metric(json_string_value(value), &policy->metric);
        }
        if (!good && !wrong) {
            wrong = name;
        }
    }
    eg_status status = EG_OK;
    if (!json_is_object(document) || wrong) {
        status = eg_err_set(err, EG_E_CONFIG, path, "%s: a policy has rows and cols (1 to %d) and distance (iou, l2, emd or uncovered)",
                            wrong ? wrong : "it is no object", EG_MOSAIC_SIDE_MOST);
    }
    json_decref(document);
    return status;
}

static eg_status take_side(const char *flag, const char *text, int *side, struct eg_err *err) {
    char *end = NULL;
    long n = text ? strtol(text, &end, 10) : *side;
    if (!is_side(n) || (end && (*end || end == text))) {
        return eg_err_set(err, EG_E_USAGE, flag, "a number from 1 to %d", EG_MOSAIC_SIDE_MOST);
    }
    *side = (int)n;
    return EG_OK;
}

eg_status eg_mosaic_policy_load(const struct eg_index_flags *flags, struct eg_mosaic_policy *policy, struct eg_err *err) {
    char path[EG_SPEC_PATH_B];
    *policy = (struct eg_mosaic_policy){.rows = EG_MOSAIC_SIDE, .cols = EG_MOSAIC_SIDE};
    if (eg_spec_path(flags->spec, "mosaic", path, err)) {
        return EG_FAIL;
    }
    if ((access(path, R_OK) == 0 && take_file(path, policy, err)) || (flags->policy && take_file(flags->policy, policy, err)) ||
        take_side("--rows", flags->rows, &policy->rows, err) || take_side("--cols", flags->cols, &policy->cols, err)) {
        return EG_FAIL;
    }
    return flags->distance && !take_metric(flags->distance, &policy->metric)
               ? eg_err_set(err, EG_E_USAGE, "--distance", "iou, l2, emd or uncovered")
               : EG_OK;
}
