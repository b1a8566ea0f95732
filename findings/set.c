/* The set: what readers put in, cleaned and bounded. */
#include "findings/findings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"
#include "base/json_code.h"
#include "findings/room.h"

#define SET_MOST_B ((size_t)256 << 20)
#define LINE_MOST 2147483647

static const struct {
    const char *name;
    eg_status (*read)(struct eg_findings *set, const json_t *report, struct eg_err *err);
} formats[] = {{NULL, NULL},
#define X(name, text, reader) {text, reader},
#include "findings/formats.def"
#undef X
};

struct eg_findings *eg_findings_new(const struct eg_findings_config *config) {
    struct eg_arena *arena = config->beside ? eg_arena_new_beside(config->beside, SET_MOST_B) : eg_arena_new(SET_MOST_B);
    struct eg_findings *set = calloc(1, sizeof *set);
    if (set) {
        *set = (struct eg_findings){.config = *config, .arena = arena, .match = pcre2_match_data_create(1, NULL)};
        set->limits = pcre2_match_context_create(NULL);
    }
    if (!set || !arena || !set->match || !set->limits) {
        eg_findings_free(set);
        eg_arena_free(set ? NULL : arena);
        return NULL;
    }
    pcre2_set_match_limit(set->limits, 1000000);
    pcre2_set_depth_limit(set->limits, 10000);
    set->config.repo = eg_findings_keep(set, config->repo);
    set->config.root = config->root ? eg_findings_keep(set, config->root) : NULL;
    return set;
}

void eg_findings_free(struct eg_findings *set) {
    if (set) {
        pcre2_match_data_free(set->match);
        pcre2_match_context_free(set->limits);
        eg_arena_free(set->arena);
        free(set->list);
        free(set);
    }
}

eg_status eg_findings_too_much(const struct eg_findings *set, struct eg_err *err) {
    if (eg_arena_failed(set->arena) && !eg_arena_full(set->arena)) {
        return eg_err_set(err, EG_E_OVERLOADED, NULL, "there is no memory for these findings beside others; send them again later");
    }
    if (eg_arena_over_budget(set->arena)) {
        return eg_err_set(err, EG_E_BODY_TOO_LARGE, NULL,
                          "the report takes more memory than there is for all (event.memory_b); send fewer findings at a time");
    }
    return eg_err_set(err, EG_E_BODY_TOO_LARGE, NULL,
                      "the findings take more memory than a report may have (256 MiB at most), or have more than 64 MiB of texts, a rule's "
                      "counted for each of its findings; send fewer at a time");
}

const char *eg_findings_keep(struct eg_findings *set, const char *text) {
    const char *kept = eg_arena_dup(set->arena, text, strlen(text));
    set->full = set->full || !kept;
    return kept ? kept : "";
}

enum eg_report_format eg_report_format_of(const char *name) {
    for (size_t i = 1; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return (enum eg_report_format)i;
        }
    }
    return EG_REPORT_UNKNOWN;
}

struct eg_tool *eg_findings_tool(struct eg_findings *set, const char *name, struct eg_err *err) {
    bool redacted = false;
    char lower[EG_NAME_MOST_B + 1];
    const char *clean = eg_findings_clean(set, name && *name ? name : "unknown", EG_NAME_MOST_B, &redacted);
    size_t n = 0;
    for (; clean[n]; n++) {
        lower[n] = clean[n] == ' ' ? '-' : (char)((unsigned char)clean[n] < 0x80 ? tolower((unsigned char)clean[n]) : clean[n]);
    }
    lower[n] = '\0';
    for (size_t i = 0; i < set->n_tools; i++) {
        if (strcmp(set->tools[i].name, lower) == 0) {
            return &set->tools[i];
        }
    }
    if (set->n_tools == EG_TOOLS_MOST) {
        eg_report_fail(err, NULL, "more than %d tools in one set of reports; send fewer reports at a time", EG_TOOLS_MOST);
        return NULL;
    }
    set->tools[set->n_tools] = (struct eg_tool){.name = eg_findings_keep(set, lower)};
    return &set->tools[set->n_tools++];
}

static struct eg_finding *more_room(struct eg_findings *set, struct eg_err *err) {
    if (set->n == EG_FINDINGS_MOST) {
        eg_err_set(err, EG_E_BODY_TOO_LARGE, NULL, "more than %d findings at a time; send fewer reports, or parts of them",
                   EG_FINDINGS_MOST);
        return NULL;
    }
    if (set->n == set->room) {
        size_t room = set->room ? 2 * set->room : 64;
        struct eg_finding *list = NULL;
        if (eg_arena_hold(set->arena, (room - set->room) * sizeof *list)) {
            list = realloc(set->list, room * sizeof *list);
        }
        if (!list) {
            eg_findings_too_much(set, err);
            return NULL;
        }
        set->list = list;
        set->room = room;
    }
    set->n_read++;
    return &set->list[set->n++];
}

static int line_of(const json_t *value) {
    double n = json_number_value(value); /* 0 of what is no number */
    return n >= 1 && n <= LINE_MOST ? (int)n : 0;
}

static enum eg_severity severity_of(const struct eg_findings *set, const struct eg_draft *draft) {
    static const char *const names[] = {"LOW", "MEDIUM", "HIGH", "CRITICAL"};
    const char *of_tool = eg_text_of(json_object_get(set->config.policy->sast, "severity_of_tool"), draft->tool->name);
    const char *name = draft->severity ? draft->severity : of_tool ? of_tool : "MEDIUM";
    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], name) == 0) {
            return (enum eg_severity)i;
        }
    }
    return EG_SEVERITY_MEDIUM;
}

static double confidence_of(const struct eg_findings *set, const struct eg_draft *draft) {
    const json_t *sast = set->config.policy->sast;
    const json_t *of_tool = json_object_get(json_object_get(sast, "confidence_of_tool"), draft->tool->name);
    if (draft->confidence >= 0 && draft->confidence <= 1) {
        return draft->confidence;
    }
    return json_number_value(json_is_number(of_tool) ? of_tool : json_object_get(sast, "confidence"));
}

static bool has_cwe(const struct eg_category *category, const char *cwe) {
    const json_t *item;
    size_t i;
    json_array_foreach(category->cwe, i, item) {
        const char *text = json_string_value(item);
        if (cwe && text && strcmp(text, cwe) == 0) {
            return true;
        }
    }
    return false;
}

/* The policy's first category that fits; else the report's own word. */
static const char *category_of(struct eg_findings *set, const struct eg_draft *draft, const char *rule, const char *cwe) {
    const struct eg_findings_policy *policy = set->config.policy;
    bool redacted = false;
    for (size_t i = 0; i < policy->n_categories; i++) {
        const struct eg_category *category = &policy->categories[i];
        if ((draft->secret && strcmp(category->name, "Secrets") == 0) || eg_findings_matches(set, category->tool, draft->tool->name) ||
            has_cwe(category, cwe) || eg_findings_matches(set, category->rule, rule)) {
            return eg_findings_keep(set, category->name);
        }
    }
    return draft->secret ? "Secrets" : eg_findings_clean(set, draft->category, EG_NAME_MOST_B, &redacted);
}

/* What the tool says of a secret may quote it: the rule's own words stand instead. */
static const char *message_of(struct eg_findings *set, const struct eg_draft *draft, struct eg_finding *finding) {
    const char *message = finding->secret ? draft->describes : draft->message ? draft->message : draft->describes;
    finding->redacted = finding->secret;
    if (finding->secret && !message) {
        message = "a secret, whose value is not kept";
    }
    return eg_findings_clean(set, message, EG_TEXT_MOST_B, &finding->redacted);
}

static const char *keep(struct eg_findings *set, const char *text) { return text ? eg_findings_keep(set, text) : NULL; }

struct eg_finding *eg_findings_add(struct eg_findings *set, const struct eg_draft *draft, struct eg_err *err) {
    struct eg_finding *finding = more_room(set, err);
    bool redacted = false;
    char cwe[32];
    if (!finding) {
        return NULL;
    }
    snprintf(cwe, sizeof cwe, "CWE-%d", draft->cwe);
    *finding = (struct eg_finding){.tool = draft->tool->name, .bind = draft->bind, .n_fused = 1};
    finding->rule = eg_findings_clean(set, draft->rule ? draft->rule : "unknown", EG_NAME_MOST_B, &redacted);
    finding->cwe = draft->cwe ? eg_findings_keep(set, cwe) : NULL;
    finding->category = category_of(set, draft, finding->rule, finding->cwe);
    finding->secret = draft->secret || (finding->category && strcmp(finding->category, "Secrets") == 0);
    finding->message = message_of(set, draft, finding);
    finding->file = eg_findings_path(set, draft->uri, draft->is_uri);
    finding->line = line_of(draft->line);
    finding->end_line = line_of(draft->end_line);
    finding->end_line = finding->line && finding->end_line < finding->line ? finding->line : finding->end_line;
    finding->col = line_of(draft->col);
    finding->severity = severity_of(set, draft);
    finding->confidence = confidence_of(set, draft);
    finding->silenced_state = draft->silenced_state;
    finding->silenced_reason = eg_findings_clean(set, draft->silenced_reason, EG_TEXT_MOST_B, &finding->redacted);
    finding->stable = keep(set, draft->stable);
    finding->snippet = keep(set, draft->snippet);
    finding->symbol = keep(set, draft->symbol);
    if (set->full) {
        eg_findings_too_much(set, err);
        return NULL;
    }
    return finding;
}

void eg_findings_trace(struct eg_findings *set, struct eg_finding *finding, const char *file, int line, const char *message) {
    if (!finding->traces) {
        finding->traces = eg_arena_alloc(set->arena, EG_TRACES_MOST * sizeof *finding->traces);
        set->full = set->full || !finding->traces;
    }
    if (!finding->traces || finding->n_traces == EG_TRACES_MOST) {
        return;
    }
    finding->traces[finding->n_traces++] =
        (struct eg_trace){.file = file,
                          .line = line,
                          .message = finding->secret ? NULL : eg_findings_clean(set, message, EG_NAME_MOST_B, &finding->redacted)};
}

/* Detection: what each format has and the others have not. */
static enum eg_report_format detect_object(const json_t *report) {
    const json_t *results = json_object_get(report, "results"), *first = json_array_get(results, 0);
    if (json_object_get(report, "runs")) {
        return EG_REPORT_SARIF;
    }
    if (json_object_get(report, "dependencies")) {
        return EG_REPORT_PIP_AUDIT;
    }
    if (json_object_get(report, "vulns") || json_object_get(report, "affected") || json_object_get(first, "packages")) {
        return EG_REPORT_OSV;
    }
    if (json_object_get(first, "check_id") || (results && json_object_get(report, "paths"))) {
        return EG_REPORT_SEMGREP;
    }
    if (json_object_get(first, "test_id") || (results && json_object_get(report, "metrics"))) {
        return EG_REPORT_BANDIT;
    }
    return EG_REPORT_UNKNOWN;
}

static enum eg_report_format detect(const json_t *report) {
    const json_t *first = json_array_get(report, 0);
    if (json_is_object(report)) {
        return detect_object(report);
    }
    if (json_object_get(first, "RuleID")) {
        return EG_REPORT_GITLEAKS;
    }
    if (json_object_get(first, "affected")) {
        return EG_REPORT_OSV;
    }
    return json_object_get(first, "vulns") ? EG_REPORT_PIP_AUDIT : EG_REPORT_UNKNOWN;
}

eg_status eg_findings_read(struct eg_findings *set, enum eg_report_format format, const char *bytes, size_t len, struct eg_err *err) {
    size_t built_b = 0;
    const struct eg_jscan_limits limits = {.max_depth = EG_JSON_MAX_DEPTH, .max_values = 3000000, .max_number_b = 400, .built_b = &built_b};
    json_error_t error;
    if (len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark */
        bytes += 3;
        len -= 3;
    }
    if (eg_jscan_check(bytes, len, &limits, err)) {
        return EG_FAIL;
    }
    size_t report_b = len + built_b;
    if (!eg_arena_hold(set->arena, report_b)) {
        return eg_findings_too_much(set, err);
    }
    json_t *report = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!report) {
        eg_arena_let_go(set->arena, report_b);
        return eg_err_set(err, eg_json_code(&error), NULL, "the report is not JSON as it must be: line %d, column %d", error.line,
                          error.column);
    }
    if (format == EG_REPORT_UNKNOWN) {
        format = detect(report);
    }
    eg_status status =
        format != EG_REPORT_UNKNOWN
            ? formats[format].read(set, report, err)
            : eg_report_fail(err, NULL,
                             "it is no SARIF, Bandit, Semgrep, Gitleaks, pip-audit or OSV report that can be told by its "
                             "members (an empty list is none); say the format");
    json_decref(report);
    eg_arena_let_go(set->arena, report_b);
    if (status == EG_OK && set->full) {
        status = eg_findings_too_much(set, err);
    }
    return status;
}
