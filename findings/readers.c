/* Bandit, Semgrep, Gitleaks and pip-audit. A report of the wrong shape is refused at the place; what a scanner leaves out is left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings/room.h"

typedef eg_status (*take_one)(struct eg_findings *set, struct eg_tool *tool, const json_t *item, const char *place, struct eg_err *err);

static eg_status each(struct eg_findings *set, struct eg_tool *tool, const json_t *list, const char *name, take_one take,
                      struct eg_err *err) {
    const json_t *item;
    size_t i;
    json_array_foreach(list, i, item) {
        char place[80];
        snprintf(place, sizeof place, "%s/%zu", name, i);
        if (!json_is_object(item)) {
            return eg_report_fail(err, place, "it is an object");
        }
        if (take(set, tool, item, place, err)) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

static eg_status add(struct eg_findings *set, const struct eg_draft *draft, struct eg_err *err) {
    return eg_findings_add(set, draft, err) ? EG_OK : EG_FAIL;
}

static eg_status need(const void *member, const char *place, const char *name, struct eg_err *err) {
    return member ? EG_OK : eg_report_fail(err, place, "`%s` is missing", name);
}

/* Bandit: `code` holds numbered lines around the place; those of line_range, a run of numbers, are the place. */
static char *bandit_code(const json_t *item) {
    const char *code = eg_text_of(item, "code");
    const json_t *range = json_object_get(item, "line_range"), *line;
    json_int_t own = json_integer_value(json_object_get(item, "line_number")), first = own, last = own;
    char *out = code ? malloc(strlen(code) + 1) : NULL;
    size_t n = 0, i;
    json_array_foreach(range, i, line) {
        first = json_integer_value(line) < first ? json_integer_value(line) : first;
        last = json_integer_value(line) > last ? json_integer_value(line) : last;
    }
    for (const char *at = code; out && at && *at;) {
        char *behind;
        long number = strtol(at, &behind, 10);
        size_t len = strcspn(at, "\n");
        if (behind > at && behind <= at + len && number >= first && number <= last) {
            memcpy(out + n, behind, (size_t)(at + len - behind));
            n += (size_t)(at + len - behind);
            out[n++] = '\n';
        }
        at += len + (at[len] == '\n');
    }
    if (out) {
        out[n] = '\0';
    }
    return out;
}

static eg_status take_bandit(struct eg_findings *set, struct eg_tool *tool, const json_t *item, const char *place, struct eg_err *err) {
    const struct eg_findings_policy *policy = set->config.policy;
    struct eg_draft draft = {.tool = tool, .rule = eg_text_of(item, "test_id"), .message = eg_text_of(item, "issue_text"),
                             .describes = eg_text_of(item, "test_name"), .uri = eg_text_of(item, "filename"),
                             .line = json_object_get(item, "line_number"), .confidence = -1};
    const json_t *range = json_object_get(item, "line_range");
    if (need(draft.rule, place, "test_id", err) || need(draft.uri, place, "filename", err)) {
        return EG_FAIL;
    }
    const json_t *offset = json_object_get(item, "col_offset");
    json_t *col = json_is_integer(offset) ? json_integer(json_integer_value(offset) + 1) : NULL;
    char *code = bandit_code(item);
    draft.col = col;
    draft.end_line = json_array_get(range, json_array_size(range) ? json_array_size(range) - 1 : 0);
    draft.severity = eg_policy_severity(policy, eg_text_of(item, "issue_severity"));
    draft.confidence = eg_policy_confidence(policy, eg_text_of(item, "issue_confidence"));
    draft.cwe = eg_cwe_of(json_object_get(eg_object_of(item, "issue_cwe"), "id"));
    draft.snippet = code && *code ? code : NULL;
    eg_status status = add(set, &draft, err);
    free(code);
    json_decref(col);
    return status;
}

eg_status eg_read_bandit(struct eg_findings *set, const json_t *report, struct eg_err *err) {
    const json_t *results, *errors;
    struct eg_tool *tool = eg_findings_tool(set, "bandit", err);
    if (!tool || eg_list_of(report, "results", "/results", &results, err) || eg_list_of(report, "errors", "/errors", &errors, err) ||
        need(results, "/results", "results", err)) {
        return EG_FAIL;
    }
    tool->failed += json_array_size(errors) > 0;
    return each(set, tool, results, "/results", take_bandit, err);
}

/* Semgrep puts "requires login" where it would say more. */
static const char *semgrep_text(const json_t *extra, const char *name) {
    const char *text = eg_text_of(extra, name);
    return text && strcmp(text, "requires login") != 0 ? text : NULL;
}

static eg_status take_semgrep(struct eg_findings *set, struct eg_tool *tool, const json_t *item, const char *place, struct eg_err *err) {
    const struct eg_findings_policy *policy = set->config.policy;
    const json_t *extra = eg_object_of(item, "extra"), *metadata = eg_object_of(extra, "metadata");
    const json_t *start = eg_object_of(item, "start"), *end = eg_object_of(item, "end");
    struct eg_draft draft = {.tool = tool, .rule = eg_text_of(item, "check_id"), .message = eg_text_of(extra, "message"),
                             .uri = eg_text_of(item, "path"), .line = json_object_get(start, "line"), .col = json_object_get(start, "col"),
                             .end_line = json_object_get(end, "line"), .confidence = -1};
    if (need(draft.rule, place, "check_id", err) || need(draft.uri, place, "path", err)) {
        return EG_FAIL;
    }
    draft.severity = eg_policy_severity(policy, eg_text_of(extra, "severity"));
    draft.confidence = eg_policy_confidence(policy, eg_text_of(metadata, "confidence"));
    draft.cwe = eg_cwe_of(json_object_get(metadata, "cwe"));
    draft.category = eg_text_of(metadata, "category");
    draft.snippet = semgrep_text(extra, "lines");
    draft.secret = json_object_get(metadata, "secret_type") || json_object_get(extra, "validation_state");
    draft.silenced_state = json_is_true(json_object_get(extra, "is_ignored")) ? "local" : NULL;
    struct eg_finding *finding = eg_findings_add(set, &draft, err);
    if (finding && eg_object_of(extra, "dataflow_trace")) {
        eg_findings_trace(set, finding, finding->file, finding->line, "dataflow");
    }
    return finding ? EG_OK : EG_FAIL;
}

eg_status eg_read_semgrep(struct eg_findings *set, const json_t *report, struct eg_err *err) {
    const json_t *results, *errors, *one;
    size_t i;
    struct eg_tool *tool = eg_findings_tool(set, "semgrep", err);
    if (!tool || eg_list_of(report, "results", "/results", &results, err) || eg_list_of(report, "errors", "/errors", &errors, err) ||
        need(results, "/results", "results", err)) {
        return EG_FAIL;
    }
    json_array_foreach(errors, i, one) {
        const char *level = eg_text_of(one, "level");
        tool->failed += level && strcmp(level, "error") == 0;
    }
    return each(set, tool, results, "/results", take_semgrep, err);
}

/* Gitleaks: Secret and Match are the secret. With --redact both say so, and the place has to do. */
static eg_status take_gitleaks(struct eg_findings *set, struct eg_tool *tool, const json_t *item, const char *place, struct eg_err *err) {
    const char *secret = eg_text_of(item, "Secret");
    bool hidden = !secret || strncmp(secret, "REDACTED", 8) == 0 || strstr(secret, "...");
    struct eg_draft draft = {.tool = tool, .rule = eg_text_of(item, "RuleID"), .describes = eg_text_of(item, "Description"),
                             .uri = eg_text_of(item, "File"), .line = json_object_get(item, "StartLine"),
                             .end_line = json_object_get(item, "EndLine"), .col = json_object_get(item, "StartColumn"),
                             .snippet = hidden ? eg_text_of(item, "Match") : secret, .confidence = -1, .secret = true};
    if (need(draft.rule, place, "RuleID", err) || need(draft.uri, place, "File", err)) {
        return EG_FAIL;
    }
    return add(set, &draft, err);
}

eg_status eg_read_gitleaks(struct eg_findings *set, const json_t *report, struct eg_err *err) {
    struct eg_tool *tool = eg_findings_tool(set, "gitleaks", err);
    if (!tool) {
        return EG_FAIL;
    }
    if (!json_is_array(report) && !json_is_null(report)) {
        return eg_report_fail(err, "", "a report of Gitleaks is an array");
    }
    return each(set, tool, report, "", take_gitleaks, err);
}

static eg_status take_vulnerability(struct eg_findings *set, struct eg_tool *tool, const json_t *package, const json_t *item,
                                    const char *place, struct eg_err *err) {
    const char *name = eg_text_of(package, "name"), *version = eg_text_of(package, "version"), *id = eg_text_of(item, "id");
    const char *says = eg_text_of(item, "description"),
               *fixed = json_string_value(json_array_get(json_object_get(item, "fix_versions"), 0));
    if (need(id, place, "id", err)) {
        return EG_FAIL;
    }
    struct eg_buf message, stable;
    eg_buf_init(&message, (size_t)4 << 20);
    eg_buf_init(&stable, (size_t)1 << 20);
    eg_buf_printf(&message, "%s %s: %s", name, version ? version : "", id);
    if (fixed) {
        eg_buf_printf(&message, " (fixed in %s)", fixed);
    }
    if (says) {
        eg_buf_printf(&message, ". %s", says);
    }
    eg_buf_printf(&stable, "%s\n%s", name, id);
    struct eg_draft draft = {.tool = tool,
                             .rule = id,
                             .message = message.failed ? id : eg_buf_text(&message),
                             .stable = stable.failed ? id : eg_buf_text(&stable),
                             .confidence = -1,
                             .category = "Dependency"};
    eg_status status = add(set, &draft, err);
    eg_buf_free(&message);
    eg_buf_free(&stable);
    return status;
}

static eg_status take_package(struct eg_findings *set, struct eg_tool *tool, const json_t *item, const char *place, struct eg_err *err) {
    const json_t *vulns, *one;
    size_t i;
    if (need(eg_text_of(item, "name"), place, "name", err) || eg_list_of(item, "vulns", place, &vulns, err)) {
        return EG_FAIL;
    }
    json_array_foreach(vulns, i, one) {
        char at[120];
        snprintf(at, sizeof at, "%s/vulns/%zu", place, i);
        if (take_vulnerability(set, tool, item, one, at, err)) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

/* pip-audit: since 2.0 an object with `dependencies`, before an array of them. */
eg_status eg_read_pip_audit(struct eg_findings *set, const json_t *report, struct eg_err *err) {
    const json_t *list = report;
    struct eg_tool *tool = eg_findings_tool(set, "pip-audit", err);
    if (!tool || (!json_is_array(report) && (eg_list_of(report, "dependencies", "/dependencies", &list, err) ||
                                             need(list, "/dependencies", "dependencies", err)))) {
        return EG_FAIL;
    }
    return each(set, tool, list, json_is_array(report) ? "" : "/dependencies", take_package, err);
}
