/* OSV: what osv-scanner writes (results, packages), what the OSV service answers (vulns), and records alone. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "findings/room.h"

/* CVSS 3 base metrics. privileges has two weights: for an unchanged and for a changed scope. */
struct weight {
    const char *metric;
    double weight, changed;
};

static const struct weight weights[] = {
    {"AV:N", .85, .85}, {"AV:A", .62, .62}, {"AV:L", .55, .55}, {"AV:P", .2, .2}, {"AC:L", .77, .77}, {"AC:H", .44, .44},
    {"PR:N", .85, .85}, {"PR:L", .62, .68}, {"PR:H", .27, .5},  {"UI:N", .85, .85}, {"UI:R", .62, .62},
    {"C:H", .56, .56},  {"C:L", .22, .22},  {"C:N", 0, 0},      {"I:H", .56, .56},  {"I:L", .22, .22}, {"I:N", 0, 0},
    {"A:H", .56, .56},  {"A:L", .22, .22},  {"A:N", 0, 0}};

static double metric(const char *vector, const char *name, bool changed) {
    char key[8];
    snprintf(key, sizeof key, "/%s:", name);
    const char *at = strstr(vector, key);
    for (size_t i = 0; at && i < sizeof weights / sizeof weights[0]; i++) {
        size_t n = strlen(weights[i].metric);
        if (strncmp(at + 1, weights[i].metric, n) == 0) {
            return changed ? weights[i].changed : weights[i].weight;
        }
    }
    return -1;
}

/* The base score of a CVSS 3.0 or 3.1 vector; −1 when it is none. */
static double cvss3(const char *vector) {
    static const char *const names[] = {"AV", "AC", "PR", "UI", "C", "I", "A"};
    double v[7];
    if (!vector || strncmp(vector, "CVSS:3.", 7) != 0) {
        return -1;
    }
    bool changed = strstr(vector, "/S:C") != NULL;
    for (int i = 0; i < 7; i++) {
        if ((v[i] = metric(vector, names[i], changed)) < 0) {
            return -1;
        }
    }
    double iss = 1 - (1 - v[4]) * (1 - v[5]) * (1 - v[6]);
    double impact = changed ? 7.52 * (iss - .029) - 3.25 * pow(iss - .02, 15) : 6.42 * iss;
    double sum = (impact + 8.22 * v[0] * v[1] * v[2] * v[3]) * (changed ? 1.08 : 1);
    return impact <= 0 ? 0 : ceil(fmin(sum, 10) * 10 - 1e-6) / 10;
}

static double score_of(const json_t *record, const json_t *group) {
    const json_t *one;
    size_t i;
    double score = eg_number_of(json_object_get(group, "max_severity"));
    json_array_foreach(json_object_get(record, "severity"), i, one) {
        double own = cvss3(eg_text_of(one, "score"));
        score = own > score ? own : score;
    }
    return score;
}

static const char *severity_of(const struct eg_findings *set, const json_t *record, const json_t *group) {
    double score = score_of(record, group);
    return score >= 0 ? eg_policy_severity_of_score(set->config.policy, score)
                      : eg_policy_severity(set->config.policy, eg_text_of(eg_object_of(record, "database_specific"), "severity"));
}

/* package: with a name; NULL: the record's own first. file: NULL: not known. */
static eg_status take_record(struct eg_findings *set, struct eg_tool *tool, const json_t *record, const json_t *package,
                             const json_t *group, const char *file, const char *place, struct eg_err *err) {
    const char *id = eg_text_of(record, "id"), *summary = eg_text_of(record, "summary");
    package = package ? package : eg_object_of(json_array_get(json_object_get(record, "affected"), 0), "package");
    const char *name = eg_text_of(package, "name"), *version = eg_text_of(package, "version");
    if (!id) {
        return eg_report_fail(err, place, "`id` is missing");
    }
    struct eg_buf message, stable;
    eg_buf_init(&message, (size_t)4 << 20);
    eg_buf_init(&stable, (size_t)1 << 20);
    eg_buf_printf(&message, "%s%s%s: %s%s%s", name ? name : "", version ? " " : "", version ? version : "", id, summary ? ". " : "",
                  summary ? summary : "");
    eg_buf_printf(&stable, "%s\n%s", name ? name : "", id);
    struct eg_draft draft = {.tool = tool, .rule = id, .message = message.failed ? id : eg_buf_text(&message), .uri = file,
                             .stable = stable.failed ? id : eg_buf_text(&stable), .severity = severity_of(set, record, group),
                             .cwe = eg_cwe_of(json_object_get(eg_object_of(record, "database_specific"), "cwe_ids")), .confidence = -1,
                             .category = "Dependency"};
    eg_status status = eg_findings_add(set, &draft, err) ? EG_OK : EG_FAIL;
    eg_buf_free(&message);
    eg_buf_free(&stable);
    return status;
}

/* Records that are the same weakness by other names stand in one group: the first of each is taken. From an id to its group, the first
 * that names it. */
static struct eg_map *groups_of(struct eg_findings *set, const json_t *groups) {
    const json_t *group, *member;
    size_t i, j;
    struct eg_map *map = json_array_size(groups) ? eg_map_new(set->arena, 64) : NULL;
    json_array_foreach(groups, i, group) {
        json_array_foreach(json_object_get(group, "ids"), j, member) {
            const char *id = json_string_value(member);
            if (map && id && !eg_map_get(map, id, strlen(id))) {
                (void)eg_map_put(map, id, strlen(id), (void *)(uintptr_t)group);
            }
        }
    }
    set->full = set->full || eg_arena_failed(set->arena);
    return map;
}

static bool is_first(const json_t *group, const char *id) {
    const char *first = json_string_value(json_array_get(json_object_get(group, "ids"), 0));
    return !first || strcmp(first, id) == 0;
}

static eg_status take_package(struct eg_findings *set, struct eg_tool *tool, const json_t *package, const char *file, const char *place,
                              struct eg_err *err) {
    const json_t *records, *record;
    size_t i;
    if (eg_list_of(package, "vulnerabilities", place, &records, err)) {
        return EG_FAIL;
    }
    struct eg_map *groups = groups_of(set, json_object_get(package, "groups"));
    json_array_foreach(records, i, record) {
        const char *id = eg_text_of(record, "id");
        const json_t *group = groups && id ? eg_map_get(groups, id, strlen(id)) : NULL;
        if ((!group || is_first(group, id)) && take_record(set, tool, record, eg_object_of(package, "package"), group, file, place, err)) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

static eg_status take_results(struct eg_findings *set, struct eg_tool *tool, const json_t *results, struct eg_err *err) {
    const json_t *result, *packages, *package;
    size_t i, j;
    json_array_foreach(results, i, result) {
        char place[80];
        const char *file = eg_text_of(eg_object_of(result, "source"), "path");
        snprintf(place, sizeof place, "/results/%zu/packages", i);
        if (eg_list_of(result, "packages", place, &packages, err)) {
            return EG_FAIL;
        }
        json_array_foreach(packages, j, package) {
            snprintf(place, sizeof place, "/results/%zu/packages/%zu", i, j);
            if (take_package(set, tool, package, file, place, err)) {
                return EG_FAIL;
            }
        }
    }
    return EG_OK;
}

eg_status eg_read_osv(struct eg_findings *set, const json_t *report, struct eg_err *err) {
    const json_t *results, *records, *record;
    size_t i;
    struct eg_tool *tool = eg_findings_tool(set, "osv", err);
    if (!tool || eg_list_of(report, "results", "/results", &results, err) || eg_list_of(report, "vulns", "/vulns", &records, err)) {
        return EG_FAIL;
    }
    if (results) {
        return take_results(set, tool, results, err);
    }
    records = records ? records : json_is_array(report) ? report : NULL;
    json_array_foreach(records, i, record) {
        char place[80];
        snprintf(place, sizeof place, "%s/%zu", json_is_array(report) ? "" : "/vulns", i);
        if (take_record(set, tool, record, NULL, NULL, NULL, place, err)) {
            return EG_FAIL;
        }
    }
    return !records && json_object_get(report, "id") ? take_record(set, tool, report, NULL, NULL, NULL, "", err) : EG_OK;
}
