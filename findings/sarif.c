/* SARIF 2.1.0: results and their places. What a result leaves to its rule is in sarif_rule.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings/sarif.h"

#define PRINTS_MOST 64 /* of a result's fingerprints: the first ones */

static const json_t *at_index(const json_t *list, const json_t *index) {
    json_int_t i = json_is_integer(index) ? json_integer_value(index) : -1;
    return i >= 0 ? json_array_get(list, (size_t)i) : NULL;
}

/* The URI in front of which uriBaseId stands; a base may have a base. Absolute ones are taken for the root: they say where the machine that
 * scanned had it. */
static void add_base(const struct eg_sarif_run *run, const char *id, struct eg_buf *out, int depth) {
    const json_t *base = id && depth < 8 ? eg_object_of(eg_object_of(run->json, "originalUriBaseIds"), id) : NULL;
    const char *uri = eg_text_of(base, "uri");
    if (!uri || strstr(uri, "://") || *uri == '/') {
        return;
    }
    add_base(run, eg_text_of(base, "uriBaseId"), out, depth + 1);
    eg_buf_str(out, uri);
    eg_buf_char(out, '/');
}

/* NULL: the location names no file. The text is in out. */
static const char *uri_of(const struct eg_sarif_run *run, const json_t *physical, struct eg_buf *out) {
    const json_t *artifact = eg_object_of(physical, "artifactLocation");
    const json_t *listed = at_index(json_object_get(run->json, "artifacts"), json_object_get(artifact, "index"));
    if (!eg_text_of(artifact, "uri") && eg_object_of(listed, "location")) {
        artifact = eg_object_of(listed, "location");
    }
    const char *uri = eg_text_of(artifact, "uri");
    out->len = 0;
    if (uri) {
        add_base(run, eg_text_of(artifact, "uriBaseId"), out, 0);
        eg_buf_str(out, uri);
    }
    return uri && !out->failed ? eg_buf_text(out) : NULL;
}

static const char *snippet_of(const json_t *physical) {
    const char *text = eg_text_of(eg_object_of(eg_object_of(physical, "region"), "snippet"), "text");
    return text ? text : eg_text_of(eg_object_of(eg_object_of(physical, "contextRegion"), "snippet"), "text");
}

/* A result is silenced when one of its suppressions is accepted (as it is when nothing is said); one that is under review silences
 * nothing. */
static void read_suppressions(const json_t *result, struct eg_draft *draft) {
    const json_t *list = json_object_get(result, "suppressions"), *one;
    size_t i;
    json_array_foreach(list, i, one) {
        const char *status = eg_text_of(one, "status"), *kind = eg_text_of(one, "kind");
        if (json_is_object(one) && (!status || strcmp(status, "accepted") == 0)) {
            draft->silenced_state = kind && strcmp(kind, "inSource") == 0 ? "local" : "policy";
            draft->silenced_reason = eg_text_of(one, "justification");
            return;
        }
    }
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Names in order, so that the order of the members is nothing. Scanners give one or two. */
static void add_prints(struct eg_findings *set, const json_t *prints, struct eg_buf *out) {
    const char *names[PRINTS_MOST], *name;
    const json_t *value;
    size_t n = 0;
    json_object_foreach((json_t *)(uintptr_t)prints, name, value) {
        const char *print = json_string_value(value);
        bool real = print && *print && strcmp(print, "requires login") != 0;
        if (n < PRINTS_MOST && real && !eg_policy_is_unstable(set->config.policy, name)) {
            names[n++] = name;
        }
    }
    qsort(names, n, sizeof names[0], by_name);
    for (size_t i = 0; i < n; i++) {
        eg_buf_printf(out, "%s=%s\n", names[i], eg_text_of(prints, names[i]));
    }
}

/* fingerprints before partialFingerprints; those that hang on lines, paths or authors do not count. */
static const char *stable_of(struct eg_findings *set, const json_t *result, struct eg_buf *out) {
    static const char *const members[] = {"fingerprints", "partialFingerprints"};
    out->len = 0;
    for (size_t i = 0; i < 2 && out->len == 0; i++) {
        add_prints(set, eg_object_of(result, members[i]), out);
    }
    return out->len && !out->failed ? eg_buf_text(out) : NULL;
}

static void read_baseline(const json_t *result, struct eg_draft *draft) {
    const char *state = eg_text_of(result, "baselineState");
    if (state) {
        draft->bind = strcmp(state, "new") == 0 ? EG_BIND_ADDED : strcmp(state, "updated") == 0 ? EG_BIND_MODIFIED
                      : strcmp(state, "unchanged") == 0 ? EG_BIND_UNCHANGED : EG_BIND_UNKNOWN;
    }
}

static void add_traces(struct eg_findings *set, const struct eg_sarif_run *run, struct eg_finding *finding, const json_t *locations,
                       bool wrapped) {
    const json_t *one;
    size_t i;
    struct eg_buf uri;
    eg_buf_init(&uri, 65536);
    json_array_foreach(locations, i, one) {
        const json_t *location = wrapped ? eg_object_of(one, "location") : one;
        const json_t *physical = eg_object_of(location, "physicalLocation");
        const char *file = uri_of(run, physical, &uri);
        if (file) {
            json_int_t line = json_integer_value(json_object_get(eg_object_of(physical, "region"), "startLine"));
            eg_findings_trace(set, finding, eg_findings_path(set, file, true), line > 0 && line < 2147483647 ? (int)line : 0,
                              eg_text_of(eg_object_of(location, "message"), "text"));
        }
    }
    eg_buf_free(&uri);
}

static void read_traces(struct eg_findings *set, const struct eg_sarif_run *run, const json_t *result, struct eg_finding *finding) {
    const json_t *flow, *thread;
    size_t i, j;
    json_array_foreach(json_object_get(result, "codeFlows"), i, flow) {
        json_array_foreach(json_object_get(flow, "threadFlows"), j, thread) {
            add_traces(set, run, finding, json_object_get(thread, "locations"), true);
        }
    }
    json_array_foreach(json_object_get(result, "stacks"), i, flow) {
        add_traces(set, run, finding, json_object_get(flow, "frames"), true);
    }
    add_traces(set, run, finding, json_object_get(result, "relatedLocations"), false);
}

static void read_place(const struct eg_sarif_run *run, const json_t *result, struct eg_draft *draft, struct eg_buf *uri) {
    const json_t *location = json_array_get(json_object_get(result, "locations"), 0);
    const json_t *physical = eg_object_of(location, "physicalLocation"), *region = eg_object_of(physical, "region");
    const json_t *logical = json_array_get(json_object_get(location, "logicalLocations"), 0);
    draft->uri = uri_of(run, physical, uri);
    draft->is_uri = true;
    draft->line = json_object_get(region, "startLine");
    draft->end_line = json_object_get(region, "endLine");
    draft->col = json_object_get(region, "startColumn");
    draft->snippet = snippet_of(physical);
    const json_t *index = json_object_get(logical, "index");
    const json_t *listed = at_index(json_object_get(run->json, "logicalLocations"), index);
    draft->symbol = eg_text_of(logical, "fullyQualifiedName");
    draft->symbol = draft->symbol ? draft->symbol : eg_text_of(listed, "fullyQualifiedName");
    draft->symbol = draft->symbol ? draft->symbol : eg_text_of(logical, "name");
}

static eg_status take_result(struct eg_findings *set, const struct eg_sarif_run *run, const json_t *result, struct eg_err *err) {
    struct eg_draft draft = {.tool = run->tool, .confidence = -1};
    struct eg_buf uri, stable, message;
    eg_buf_init(&uri, 65536);
    eg_buf_init(&stable, 65536);
    eg_buf_init(&message, 262144);
    eg_sarif_rule(set, run, result, &draft, &message);
    read_place(run, result, &draft, &uri);
    read_suppressions(result, &draft);
    read_baseline(result, &draft);
    draft.stable = stable_of(set, result, &stable);
    struct eg_finding *finding = eg_findings_add(set, &draft, err);
    if (finding) {
        read_traces(set, run, result, finding);
    }
    eg_buf_free(&uri);
    eg_buf_free(&stable);
    eg_buf_free(&message);
    return finding ? EG_OK : EG_FAIL;
}

/* Results that say that something is well, or was not looked at, are no findings; nor are those that a baseline no longer has. */
static bool is_finding(const json_t *result) {
    const char *kind = eg_text_of(result, "kind"), *state = eg_text_of(result, "baselineState");
    return (!kind || strcmp(kind, "fail") == 0 || strcmp(kind, "open") == 0 || strcmp(kind, "review") == 0) &&
           !(state && strcmp(state, "absent") == 0);
}

static bool run_failed(const json_t *run) {
    const json_t *invocation;
    size_t i;
    json_array_foreach(json_object_get(run, "invocations"), i, invocation) {
        if (json_is_false(json_object_get(invocation, "executionSuccessful"))) {
            return true;
        }
    }
    return !json_is_array(json_object_get(run, "results")); /* without results nothing was looked for */
}

static eg_status take_run(struct eg_findings *set, const json_t *json, size_t number, struct eg_err *err) {
    const json_t *results, *result;
    char place[80];
    size_t i;
    snprintf(place, sizeof place, "/runs/%zu", number);
    struct eg_sarif_run run = {.json = json, .driver = eg_object_of(eg_object_of(json, "tool"), "driver")};
    if (!eg_text_of(run.driver, "name")) {
        return eg_report_fail(err, place, "`tool.driver.name` is missing: a run says which tool it is of");
    }
    run.tool = eg_findings_tool(set, eg_text_of(run.driver, "name"), err);
    if (!run.tool || eg_list_of(json, "results", place, &results, err)) {
        return EG_FAIL;
    }
    run.tool->failed += run_failed(json);
    eg_sarif_rules(set, &run);
    json_array_foreach(results, i, result) {
        if (!json_is_object(result)) {
            snprintf(place, sizeof place, "/runs/%zu/results/%zu", number, i);
            return eg_report_fail(err, place, "a result is an object");
        }
        if (is_finding(result) && take_result(set, &run, result, err)) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

eg_status eg_read_sarif(struct eg_findings *set, const json_t *report, struct eg_err *err) {
    const json_t *runs, *run;
    const char *version = eg_text_of(report, "version");
    size_t i;
    if (!version || strncmp(version, "2.1.", 4) != 0) {
        return eg_report_fail(err, "/version", "SARIF 2.1.0 is read, and this report says another version, or none");
    }
    if (eg_list_of(report, "runs", "/runs", &runs, err)) {
        return EG_FAIL;
    }
    json_array_foreach(runs, i, run) {
        if (take_run(set, run, i, err)) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}
