/* spec/policies/gates.json: how the gates decide, and how thresholds are learned. */
#ifndef EG_INDEXER_GATE_POLICY_H
#define EG_INDEXER_GATE_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "indexer/drift.h"

struct eg_bounds {
    double alpha, beta, zeta;
};

struct eg_gate_policy {
    struct eg_bounds i1; /* where none were learned */
    double tau, i3_quantile; /* I3: τ until there are enough commits, then this quantile */
    bool i3_blocks, i3_blocks_untaught; /* what passes τ is a block, once τ was learned and before; else a warning */
    double beta_quantile, zeta_quantile; /* I4 */
    size_t least_commits; /* that thresholds are learned of, at the least */
    double lambda; /* of moving averages */
    int window_days;
    int freeze_commits; /* that drift freezes for */
    struct eg_page_hinkley_config page_hinkley;
    struct eg_adwin_config adwin;
    void *document; /* the rest, for the calls below */
    void *not_public; /* compiled patterns */
    size_t n_not_public;
};

/* folder: of the declarations; NULL: ./spec, else what was installed with the program. err: config_invalid. */
EG_MUST_CHECK eg_status eg_gate_policy_load(const char *folder, struct eg_gate_policy *policy, struct eg_err *err);
void eg_gate_policy_free(struct eg_gate_policy *policy);
/* A path whose definitions are no public contract: tests, say. */
bool eg_gate_policy_is_private(const struct eg_gate_policy *policy, const char *path);
/* A metric of which less is worse. */
bool eg_gate_policy_less_is_worse(const struct eg_gate_policy *policy, const char *metric);
/* A metric that the detectors of drift watch. */
bool eg_gate_policy_is_watched(const struct eg_gate_policy *policy, const char *metric);
/* An open finding of this severity raises the decision. */
bool eg_gate_policy_raises(const struct eg_gate_policy *policy, const char *severity);
/* The gates, in their order; NULL behind the last. */
const char *eg_gate_policy_order(const struct eg_gate_policy *policy, size_t i);

#endif
