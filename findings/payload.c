/* The payloads of sast.findings.ready@v1. Texts were cleaned when they were read; what a finding is recognized by is not among them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "findings/room.h"

#define PART_MOST 100 /* small events: a server judges each without a pause */
#define PART_MOST_B ((size_t)8 << 20)
#define PART_FULL_B ((size_t)128 << 10) /* then the next begins */

static const char *const severities[] = {"LOW", "MEDIUM", "HIGH", "CRITICAL"};
static const char *const binds[] = {NULL, "unchanged", "modified", "added"};

static void text(struct eg_buf *out, const char *name, const char *value) {
    if (value && *value) {
        eg_buf_printf(out, ",\"%s\":", name);
        eg_buf_json_string(out, value, strlen(value));
    }
}

static void number(struct eg_buf *out, const char *name, int value) {
    if (value > 0) {
        eg_buf_printf(out, ",\"%s\":%d", name, value);
    }
}

static void put_evidence(struct eg_buf *out, const struct eg_finding *finding) {
    if (!finding->redacted && !finding->n_traces) {
        return;
    }
    eg_buf_str(out, ",\"evidence\":{");
    eg_buf_str(out, finding->redacted ? "\"" EG_REDACTED "\":true" : "");
    if (finding->n_traces) {
        eg_buf_str(out, finding->redacted ? ",\"traces\":[" : "\"traces\":[");
        for (size_t i = 0; i < finding->n_traces; i++) {
            const struct eg_trace *trace = &finding->traces[i];
            eg_buf_str(out, i ? ",{\"file\":" : "{\"file\":");
            eg_buf_json_string(out, trace->file, strlen(trace->file));
            number(out, "line", trace->line);
            text(out, "message", trace->message);
            eg_buf_char(out, '}');
        }
        eg_buf_char(out, ']');
    }
    eg_buf_char(out, '}');
}

static void put_finding(struct eg_buf *out, const struct eg_finding *finding) {
    eg_buf_printf(out, "{\"id\":\"NF-%.26s\",\"severity\":\"%s\",\"confidence\":", finding->fingerprint, severities[finding->severity]);
    eg_buf_json_double(out, finding->confidence);
    text(out, "rule_id", finding->rule);
    text(out, "cwe", finding->cwe);
    text(out, "category", finding->category);
    text(out, "message", finding->message);
    eg_buf_str(out, ",\"location\":{\"file\":");
    eg_buf_json_string(out, finding->file, strlen(finding->file));
    number(out, "line", finding->line);
    number(out, "col", finding->col);
    number(out, "endLine", finding->end_line);
    eg_buf_char(out, '}');
    text(out, "ast_ref", finding->ast_ref);
    text(out, "mosaic_cell", finding->cell);
    text(out, "delta_bind", binds[finding->bind]);
    put_evidence(out, finding);
    if (finding->suppression) {
        eg_buf_printf(out, ",\"suppression\":%s", finding->suppression);
    }
    if (finding->silenced_state) {
        eg_buf_printf(out, ",\"silenced\":{\"state\":\"%s\"", finding->silenced_state);
        text(out, "reason", finding->silenced_reason);
        eg_buf_char(out, '}');
    }
    eg_buf_str(out, ",\"risk\":");
    eg_buf_json_double(out, finding->risk);
    eg_buf_printf(out, ",\"queue\":\"%s\",\"fingerprint\":\"%s\"", finding->queue, finding->fingerprint);
    if (finding->mark != EG_MARK_OWN) {
        char alias[EG_ALIAS_B];
        eg_alias_make(finding, finding->mark, alias);
        text(out, "alias", alias);
    }
    eg_buf_char(out, '}');
}

static void put_head(struct eg_buf *out, const struct eg_findings *set, const struct eg_findings_event *event, const struct eg_tool *tool) {
    out->len = 0;
    eg_buf_char(out, '{');
    if (*set->config.repo) {
        eg_buf_str(out, "\"repo\":");
        eg_buf_json_string(out, set->config.repo, strlen(set->config.repo));
        eg_buf_char(out, ',');
    }
    eg_buf_str(out, "\"sha\":");
    eg_buf_json_string(out, event->sha, strlen(event->sha));
    text(out, "tool", tool->name);
    eg_buf_str(out, ",\"findings\":[");
}

static void put_tail(struct eg_buf *out, const struct eg_findings_event *event, const struct eg_tool *tool, bool last) {
    eg_buf_printf(out, "],\"complete\":%s", event->complete && !tool->failed && last ? "true" : "false");
    text(out, "scan", event->scan);
    if (event->after > 0) {
        eg_buf_printf(out, ",\"after\":%lld", (long long)event->after);
    }
    eg_buf_char(out, '}');
}

/* One tool's. The last event of a complete scan says that it is: one that was cut off closes nothing. */
static eg_status put_tool(struct eg_findings *set, const struct eg_findings_event *event, const struct eg_tool *tool, struct eg_buf *out,
                          eg_findings_take take, void *ctx, struct eg_err *err) {
    size_t i = 0;
    EG_ASSERT(event->scan || !event->complete);
    do {
        put_head(out, set, event, tool);
        for (size_t n = 0; i < set->n && n < PART_MOST && out->len < PART_FULL_B; i++) {
            if (strcmp(set->list[i].tool, tool->name) == 0) {
                if (n++) {
                    eg_buf_char(out, ',');
                }
                put_finding(out, &set->list[i]);
            }
        }
        while (i < set->n && strcmp(set->list[i].tool, tool->name) != 0) {
            i++;
        }
        put_tail(out, event, tool, i == set->n);
        if (out->failed) {
            return eg_err_set(err, EG_E_BODY_TOO_LARGE, NULL, "findings of %.100s do not fit into an event", tool->name);
        }
        if (take(ctx, out, err)) {
            return EG_FAIL;
        }
    } while (i < set->n);
    return EG_OK;
}

eg_status eg_findings_payloads(struct eg_findings *set, const struct eg_findings_event *event, eg_findings_take take, void *ctx,
                               struct eg_err *err) {
    struct eg_buf out;
    eg_status status = EG_OK;
    eg_buf_init(&out, PART_MOST_B);
    for (size_t i = 0; i < set->n_tools && status == EG_OK; i++) {
        if (event->tool && strcmp(event->tool, set->tools[i].name) != 0) {
            continue;
        }
        status = put_tool(set, event, &set->tools[i], &out, take, ctx, err);
    }
    eg_buf_free(&out);
    return status;
}

const char *eg_findings_tool_name(const struct eg_findings *set, size_t i) { return i < set->n_tools ? set->tools[i].name : NULL; }

void eg_finding_suppress(struct eg_findings *set, struct eg_finding *finding, const char *suppression_json, int64_t now_us) {
    json_t *json = json_loads(suppression_json, 0, NULL);
    const char *state = eg_text_of(json, "state"), *until = eg_text_of(json, "until");
    int64_t until_us = 0;
    bool expired = until && eg_time_parse(until, strlen(until), false, &until_us) && until_us <= now_us;
    bool word = state && (strcmp(state, "local") == 0 || strcmp(state, "policy") == 0);
    if (state && strcmp(state, "none") == 0) {
        finding->silenced_state = finding->silenced_reason = NULL;
    } else if (word && !expired) {
        finding->suppression = eg_findings_keep(set, suppression_json);
    }
    json_decref(json);
}

void eg_findings_sum(const struct eg_findings *set, struct eg_findings_sum *sum) {
    *sum = (struct eg_findings_sum){.read = set->n_read, .findings = set->n, .tools = set->n_tools};
    for (size_t i = 0; i < set->n; i++) {
        sum->secrets += set->list[i].secret;
        for (int queue = 0; queue < 4; queue++) {
            sum->queues[queue] += set->list[i].queue == eg_queue_names[queue];
        }
    }
    for (size_t i = 0; i < set->n_tools; i++) {
        sum->failed_runs += set->tools[i].failed;
    }
}
