/* Page-Hinkley. */
#include "indexer/drift.h"

void eg_page_hinkley_begin(struct eg_page_hinkley *detector, const struct eg_page_hinkley_config *config) {
    *detector = (struct eg_page_hinkley){.config = *config};
}

bool eg_page_hinkley_add(struct eg_page_hinkley *detector, double x, double *statistic) {
    const struct eg_page_hinkley_config *config = &detector->config;
    detector->n++;
    detector->mean += (x - detector->mean) / (double)detector->n;
    double sum = config->alpha * detector->sum + (x - detector->mean - config->delta);
    detector->sum = sum > 0 ? sum : 0;
    if (detector->n < config->least || detector->sum <= config->threshold) {
        return false;
    }
    if (statistic) {
        *statistic = detector->sum;
    }
    struct eg_page_hinkley_config kept = *config;
    eg_page_hinkley_begin(detector, &kept);
    return true;
}
