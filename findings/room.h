/* Inside the room: the set, the compiled policy, and what its readers share. */
#ifndef EG_FINDINGS_ROOM_H
#define EG_FINDINGS_ROOM_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "findings/findings.h"
#include "findings/secrets.h"

#define EG_FINDINGS_MOST 100000
#define EG_TOOLS_MOST 64
#define EG_TRACES_MOST 50
#define EG_PATTERNS_MOST 64
#define EG_CATEGORIES_MOST 32
#define EG_TEXT_MOST_B 4000 /* a message */
#define EG_NAME_MOST_B 200  /* a rule, a tool */
#define EG_PATH_MOST_B 1024

struct eg_category {
    const char *name;
    pcre2_code *tool, *rule; /* NULL: none */
    const json_t *cwe;       /* NULL, or an array */
    double bias;
};

struct eg_findings_policy {
    json_t *sast;
    struct eg_secrets *secrets;
    struct eg_category categories[EG_CATEGORIES_MOST];
    size_t n_categories;
    double severity[4], bind[4]; /* bind: by enum eg_bind */
    double by_severity, by_confidence, by_reach, by_bind, by_public, by_category, by_secret;
    double reach_traced, reach_public, reach_called, reach_unknown;
    double least[3]; /* block, review, fixable */
    int same_within;
};

struct eg_tool {
    const char *name;
    size_t failed; /* runs that did not come to their end */
};

struct eg_findings {
    struct eg_findings_config config;
    struct eg_arena *arena;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    struct eg_finding *list;
    size_t n, room, n_read;
    struct eg_tool tools[EG_TOOLS_MOST];
    size_t n_tools;
    size_t scanned_b;  /* of texts that were looked through for secrets */
    bool sorted, full; /* full: memory is out, or too much was looked through */
};

/* A reader's draft: what a finding is made of, as the report says it; NULL and 0 where it says nothing. */
struct eg_draft {
    struct eg_tool *tool;
    const char *rule, *message, *describes; /* describes: the rule's own words, the same for all its findings */
    const char *uri;                        /* of the file */
    bool is_uri;                            /* percent-encoded, perhaps with a scheme */
    const json_t *line, *end_line, *col;
    const char *severity; /* LOW … CRITICAL; NULL: the tool's default */
    double confidence;    /* below 0: the tool's default */
    int cwe;              /* 0: none */
    const char *category, *symbol, *stable, *snippet;
    const char *silenced_state, *silenced_reason;
    enum eg_bind bind;
    bool secret;
};

eg_status eg_report_fail(struct eg_err *err, const char *place, const char *format, ...) EG_PRINTF(3, 4);

/* set.c */
eg_status eg_findings_too_much(const struct eg_findings *set, struct eg_err *err); /* what a full set is refused with */
struct eg_tool *eg_findings_tool(struct eg_findings *set, const char *name, struct eg_err *err); /* NULL: too many */
struct eg_finding *eg_findings_add(struct eg_findings *set, const struct eg_draft *draft, struct eg_err *err);
void eg_findings_trace(struct eg_findings *set, struct eg_finding *finding, const char *file, int line, const char *message);

/* text.c */
const char *eg_findings_path(struct eg_findings *set, const char *text, bool is_uri);
/* A copy of at most most_b bytes, cut between characters, secrets taken out. NULL stays NULL. */
const char *eg_findings_clean(struct eg_findings *set, const char *text, size_t most_b, bool *redacted);
bool eg_findings_matches(struct eg_findings *set, const pcre2_code *pattern, const char *text);

/* policy.c: of words that scanners use. */
const char *eg_policy_severity(const struct eg_findings_policy *policy, const char *word); /* NULL for an unknown one */
const char *eg_policy_severity_of_score(const struct eg_findings_policy *policy, double score);
double eg_policy_confidence(const struct eg_findings_policy *policy, const char *word); /* −1 for an unknown one */
bool eg_policy_is_unstable(const struct eg_findings_policy *policy, const char *name);

/* members.c: members of reports. A wrong type of what is only of use counts as absent. */
const char *eg_text_of(const json_t *object, const char *name); /* NULL: absent or empty */
const json_t *eg_object_of(const json_t *object, const char *name);
double eg_number_of(const json_t *value); /* of a number, or a text that is one; −1 otherwise */
int eg_cwe_of(const json_t *value);       /* of "CWE-89: …", "external/cwe/cwe-089", 89, or the first of an array; 0: none */
/* A member that must be an array, or absent or null (then *list is NULL). */
EG_MUST_CHECK eg_status eg_list_of(const json_t *object, const char *name, const char *place, const json_t **list, struct eg_err *err);

#define X(name, text, reader) EG_MUST_CHECK eg_status reader(struct eg_findings *set, const json_t *report, struct eg_err *err);
#include "findings/formats.def"
#undef X

#endif
