/* Between the two files that read SARIF. */
#ifndef EG_FINDINGS_SARIF_H
#define EG_FINDINGS_SARIF_H

#include "base/map.h"
#include "findings/room.h"

struct eg_sarif_run {
    const json_t *json;
    const json_t *driver; /* tool.driver */
    struct eg_tool *tool;
    struct eg_map *rules; /* "d" and an id, of the driver; "e", of any extension, the first; "3:", of that extension */
};

/* Fills run->rules, from set's arena. */
void eg_sarif_rules(struct eg_findings *set, struct eg_sarif_run *run);

/* What a result says by its rule: id, message (built in message), level, CWE, confidence, category. */
void eg_sarif_rule(struct eg_findings *set, const struct eg_sarif_run *run, const json_t *result, struct eg_draft *draft,
                   struct eg_buf *message);

#endif
