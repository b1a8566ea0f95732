/* I3, commutation: the distance between what the tokens project onto the mosaic and what the diff changes there. */
#include <stdio.h>

#include "indexer/gate.h"
#include "indexer/gate_event.h"

void eg_gate_i3(const struct eg_judged *judged, struct eg_verdict *verdict) {
    const struct eg_gate_policy *policy = &judged->gating->policy;
    const struct eg_past_series *series = eg_past_series(&judged->gating->past, EG_ALL, "mosaic_e");
    double distance = 0, tau = policy->tau;
    bool known = series && eg_gate_value(judged, series, &distance);
    verdict->threshold = tau;
    if (!known) {
        snprintf(verdict->said, sizeof(verdict->said), "the commit changes no code, or its mosaic was not indexed");
        return;
    }
    bool learned = eg_gate_bound(judged, EG_ALL, "mosaic_e", policy->i3_quantile, &tau, verdict);
    verdict->applies = true;
    verdict->score = distance;
    verdict->threshold = tau;
    if (distance > tau + EG_GATE_NEAR) {
        verdict->level = (learned ? policy->i3_blocks : policy->i3_blocks_untaught) ? EG_LEVEL_BLOCK : EG_LEVEL_WARN;
    }
    json_object_set_new(verdict->details, "basis", json_string(learned ? "quantile" : "policy"));
    snprintf(verdict->said, sizeof(verdict->said), "the change and its tokens are %.3g apart, τ is %.3g%s", distance,
             tau, learned ? "" : ", not learned yet");
}
