/* The gates I1 to I4: what each says of a commit. */
#ifndef EG_INDEXER_GATE_H
#define EG_INDEXER_GATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "indexer/gating.h"

enum eg_level { EG_LEVEL_PASS, EG_LEVEL_WARN, EG_LEVEL_REVIEW, EG_LEVEL_BLOCK, EG_LEVEL_HARD };

struct eg_verdict {
    const char *gate;
    enum eg_level level;
    bool applies; /* false: there is nothing that it could judge; the level is pass */
    double score, threshold;
    const char *module; /* NULL: none; in the past's arena */
    json_t *details;    /* the owner decrefs it */
    char said[400];     /* why, for people */
    int64_t at_us;      /* of the newest thing that it follows from */
};

struct eg_judged { /* what a commit is judged by */
    const struct eg_gating *gating;
    const struct eg_past_commit *commit;
    json_t *tokens, *reports; /* rows, see gate.c */
    const char *state_file;   /* the thresholds are this file's; NULL: the past's */
};

/* Columns of tokens and of reports. */
enum {
    EG_TOKEN,
    EG_TOKEN_FILE,
    EG_TOKEN_WEIGHT,
    EG_TOKEN_LINE,
    EG_TOKEN_SYMBOL,
    EG_TOKEN_MODULE,
    EG_TOKEN_PUBLIC,
    EG_TOKEN_BEFORE,
    EG_TOKEN_AFTER,
    EG_TOKEN_WAS_PUBLIC,
    EG_TOKEN_NOW_PUBLIC
};
enum { EG_REPORT_MODULE, EG_REPORT_PASSED, EG_REPORT_FAILED, EG_REPORT_SKIPPED, EG_REPORT_AT };

struct eg_decision {
    const char *sha;
    enum eg_level level, before_raise;
    struct eg_verdict verdicts[4];
    size_t n;
    bool known; /* false: the server knows nothing of the commit; nothing else is filled */
};

#define EG_GATE_NEAR 1e-9 /* less is no excess: figures go through text */

/* findings: rows of open findings that raise the decision (id, severity, rule_id, file, line). Verdicts' details are
 * the caller's. */
EG_MUST_CHECK eg_status eg_gate_judge(const struct eg_gating *gating, const char *sha, const char *state_file,
                                      const json_t *findings, struct eg_decision *decision, struct eg_err *err);
void eg_decision_free(struct eg_decision *decision);
const char *eg_level_action(enum eg_level level); /* "pass", "warn", "review", "block" */

/* Each fills a verdict whose gate, time and (empty) details are set. */
void eg_gate_i1(const struct eg_judged *judged, struct eg_verdict *verdict);
void eg_gate_i2(const struct eg_judged *judged, struct eg_verdict *verdict);
void eg_gate_i3(const struct eg_judged *judged, struct eg_verdict *verdict);
void eg_gate_i4(const struct eg_judged *judged, struct eg_verdict *verdict);

/* For the gates. */
const char *eg_row_text(const json_t *row, size_t i); /* "" when it is no text */
/* Cuts can leave half a character: such bytes become `?`, and so do control characters, which names in a repository may have. */
void eg_gate_clean(char *text);
void eg_verdict_since(struct eg_verdict *verdict, int64_t at_us);
/* A quantile of what the metric was before the commit, or before the freeze that covers it. False: there are too few
 * good commits. */
bool eg_gate_bound(const struct eg_judged *judged, const char *module, const char *metric, double q, double *bound,
                   struct eg_verdict *verdict);
/* The metric of the commit itself. */
bool eg_gate_value(const struct eg_judged *judged, const struct eg_past_series *series, double *x);

#endif
