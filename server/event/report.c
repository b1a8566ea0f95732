/* POST /v1/sarif: a scanner's report becomes findings, and these events, which go the way of all events in one transaction. A report
 * that cannot be read is refused without a trace: it may quote secrets.
 * take → copy → digest → key → convert → nodes → changes → bind → known → write → submit, and from there as events_post. Under a key
 * that was used for it before it becomes no events, however much has been learnt meanwhile: it is counted, and told as it is stored. */
#include "server/event/report.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define REPORTS_MOST 2 /* at a time: each may take hundreds of megabytes */
#define REPORT_MOST_B ((size_t)192 << 20)
#define COPY_B ((size_t)512 << 10) /* a turn of the loop */
#define SHA_MOST_B 128

static enum eg_step_result refuse(struct eg_request *req, const struct eg_err *err) {
    req->err = *err;
    return eg_request_problem(req, NULL);
}

static const char *query_of(struct eg_request *req, struct eg_report *report, const char *name, const char *otherwise) {
    const char *text = eg_request_query(req, name);
    const char *kept = eg_arena_dup(report->arena, text ? text : otherwise, strlen(text ? text : otherwise));
    return kept ? kept : "";
}

static eg_status read_switch(struct eg_request *req, struct eg_report *report) {
    const char *complete = eg_request_query(req, "complete"), *format = eg_request_query(req, "format");
    report->about.complete = complete && (!*complete || strcmp(complete, "1") == 0 || strcmp(complete, "true") == 0);
    if (complete && !report->about.complete && strcmp(complete, "0") != 0 && strcmp(complete, "false") != 0)
        return eg_err_set(&req->err, EG_E_USAGE, NULL, "complete is 1 (the report covers the whole repository) or 0");
    report->format = format ? eg_report_format_of(format) : EG_REPORT_UNKNOWN;
    if (format && report->format == EG_REPORT_UNKNOWN)
        return eg_err_set(&req->err, EG_E_USAGE, NULL, "format is sarif, bandit, semgrep, gitleaks, pip-audit or osv");
    return EG_OK;
}

/* Each report is a scan of its own, whatever it says; a repetition by its key is the same one. */
static void name_scan(struct eg_report *report) {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char *text = report->key ? eg_arena_printf(report->arena, "%s\n%s\n%s", report->key, report->about.sha, report->repo) : NULL;
    if (text) {
        SHA256((const unsigned char *)text, strlen(text), hash);
        eg_ulid_from(0, hash, report->scan);
    } else {
        eg_ulid_make(eg_clock_now_us(), report->scan);
    }
    report->about.scan = report->scan;
}

static eg_status read_query(struct eg_request *req, struct eg_report *report) {
    report->about.sha = query_of(req, report, "sha", "");
    report->repo = query_of(req, report, "repo", "");
    report->branch = query_of(req, report, "branch", "");
    report->source = query_of(req, report, "source", "sarif");
    const char *key = eg_request_header(req, "Idempotency-Key");
    if (key && eg_key_check(key, EG_KEY_HEADER_MOST_B, &req->err) != EG_OK)
        return EG_FAIL;
    report->key = key ? eg_arena_dup(report->arena, key, strlen(key)) : NULL;
    if (key && !report->key)
        return eg_err_set(&req->err, EG_E_OVERLOADED, NULL, EG_NO_MEMORY_NOW);
    name_scan(report);
    size_t len = strlen(report->about.sha);
    bool plain = strspn(report->about.sha, "0123456789abcdefABCDEF") == len;
    if (len < 7 || len > SHA_MOST_B || !plain)
        return eg_err_set(&req->err, EG_E_USAGE, NULL, "sha is missing, or none: say which commit was scanned, sha=<its full sha>");
    if (strlen(report->repo) > 200)
        return eg_err_set(&req->err, EG_E_USAGE, NULL, "repo has at most 200 bytes");
    return read_switch(req, report);
}

static enum eg_step_result take(struct eg_request *req) {
    struct eg_event *event = req->app;
    struct eg_err err = {0};
    if (event->draining)
        eg_err_set(&err, EG_E_STOPPING, NULL, "the server is stopping and takes no more events");
    else if (!event->findings_policy)
        eg_err_set(&err, EG_E_NOT_FOUND, NULL, "the declarations have no spec/policies/sast.json: reports are not read here");
    else if (event->reports >= REPORTS_MOST)
        eg_err_set(&err, EG_E_OVERLOADED, NULL, "%d reports are being read already; send this one again", event->reports);
    if (err.code != EG_E_NONE)
        return refuse(req, &err);
    struct eg_arena *arena = eg_arena_new_of(&event->memory, REPORT_MOST_B);
    struct eg_report *report = arena ? eg_arena_zalloc(arena, sizeof *report) : NULL;
    if (!report) {
        eg_arena_free(arena);
        eg_err_set(&err, EG_E_OVERLOADED, NULL, EG_NO_MEMORY_NOW);
        return refuse(req, &err);
    }
    *report = (struct eg_report){.magic = EG_REPORT_MAGIC, .event = event, .req = req, .arena = arena};
    eg_buf_init(&report->body, req->body_len + 1);
    event->reports++;
    event->open_handles++;
    req->state = report;
    return read_query(req, report) == EG_OK ? EG_MORE : eg_request_problem(req, NULL);
}

static enum eg_step_result copy(struct eg_request *req) {
    struct eg_report *report = req->state;
    size_t n = req->body_len - report->copied;
    n = n > COPY_B ? COPY_B : n;
    if (report->copied == 0 && (!eg_arena_hold(report->arena, req->body_len + 1) || !eg_buf_room(&report->body, req->body_len + 1))) {
        eg_report_no_memory(report, report->arena);
        return refuse(req, &report->err);
    }
    eg_buf_add(&report->body, req->body + report->copied, n);
    report->copied += n;
    if (report->copied == req->body_len)
        return EG_MORE;
    eg_request_wake(req);
    return EG_WAIT;
}

/* A step that others work for: begun once, and gone on from when they have ended. */
static enum eg_step_result wait_for(struct eg_request *req, bool began) {
    struct eg_report *report = req->state;
    if (report->err.code != EG_E_NONE)
        return refuse(req, &report->err);
    return began ? EG_WAIT : EG_MORE;
}

static bool ended(struct eg_report *report) {
    bool was = report->done;
    report->done = false;
    return was;
}

static enum eg_step_result digest(struct eg_request *req) {
    struct eg_report *report = req->state;
    return wait_for(req, !ended(report) && report->key && eg_report_start(report, eg_report_digest));
}

static enum eg_step_result key(struct eg_request *req) {
    struct eg_report *report = req->state;
    struct eg_err err = {0};
    if (report->key && !eg_identity_may_write(req->who, EG_REPORT_TOPIC, strlen(EG_REPORT_TOPIC))) { /* nor hear what was answered before */
        eg_err_set(&err, EG_E_FORBIDDEN, NULL, "the token's `topics` claim does not allow writing " EG_REPORT_TOPIC);
        return refuse(req, &err);
    }
    return wait_for(req, !ended(report) && report->key && eg_report_ask_key(report));
}

static enum eg_step_result convert(struct eg_request *req) {
    struct eg_report *report = req->state;
    return wait_for(req, !ended(report) && eg_report_start(report, eg_report_convert));
}

static enum eg_step_result nodes(struct eg_request *req) {
    struct eg_report *report = req->state;
    return wait_for(req, !ended(report) && !report->again && eg_report_ask_nodes(report));
}

static enum eg_step_result changes(struct eg_request *req) {
    struct eg_report *report = req->state;
    return wait_for(req, !ended(report) && !report->again && eg_report_ask_changes(report));
}

static enum eg_step_result bind_step(struct eg_request *req) {
    struct eg_report *report = req->state;
    return wait_for(req, !ended(report) && eg_report_start(report, eg_report_bind));
}

static enum eg_step_result known(struct eg_request *req) {
    struct eg_report *report = req->state;
    return wait_for(req, !ended(report) && !report->again && eg_report_ask_known(report));
}

static enum eg_step_result write_step(struct eg_request *req) {
    struct eg_report *report = req->state;
    return wait_for(req, !ended(report) && eg_report_start(report, eg_report_write));
}

static eg_status make_items(struct eg_report *report, struct eg_submission *sub, struct eg_err *err) {
    size_t most = report->event->config.batch_most_events;
    if (report->n_payloads > most)
        return eg_err_set(err, EG_E_BODY_TOO_LARGE, NULL,
                          "the report becomes %zu events, at most %zu fit into one transaction; send parts of it",
                          report->n_payloads, most);
    sub->items = eg_arena_zalloc(sub->arena, (report->n_payloads + 1) * sizeof *sub->items);
    for (size_t i = 0; sub->items && i < report->n_payloads; i++) {
        char *text = eg_arena_dup(sub->arena, report->payloads[i].p, report->payloads[i].n);
        if (!text)
            sub->items = NULL;
        else
            sub->items[sub->n_items++] = (struct eg_item){.of = sub, .index = i, .bytes = {text, report->payloads[i].n}};
    }
    if (!sub->items)
        eg_report_no_memory(report, sub->arena);
    return sub->items ? EG_OK : eg_err_set(err, report->err.code, NULL, "%s", report->err.message);
}

static enum eg_step_result put_answer(struct eg_request *req, const struct eg_findings_sum *sum, size_t events, size_t stored,
                                      int64_t position) {
    struct eg_buf *out = &req->answer;
    eg_buf_printf(out, "{\"findings\":%zu,\"read\":%zu,\"secrets\":%zu,\"tools\":%zu,\"failed_runs\":%zu,\"queues\":{", sum->findings,
                  sum->read, sum->secrets, sum->tools, sum->failed_runs);
    for (int i = 0; i < 4; i++)
        eg_buf_printf(out, "%s\"%s\":%zu", i ? "," : "", eg_queue_names[i], sum->queues[i]);
    eg_buf_printf(out, "},\"events\":%zu,\"stored\":%zu,\"duplicates\":%zu,\"safe_position\":%lld}\n", events, stored, events - stored,
                  (long long)position);
    return eg_request_answer(req, stored ? 201 : 200, "application/json");
}

/* From here the request's state is a submission. */
static enum eg_step_result submit(struct eg_request *req) {
    struct eg_report *report = req->state;
    if (report->again)
        return put_answer(req, &report->sum, report->again, 0, report->again_position);
    struct eg_arena *arena = eg_arena_new_beside(report->arena, REPORT_MOST_B);
    struct eg_report_submission *made = arena ? eg_arena_zalloc(arena, sizeof *made) : NULL;
    if (!made) {
        eg_arena_free(arena);
        eg_report_no_memory(report, report->arena);
        return refuse(req, &report->err);
    }
    made->sum = report->sum;
    memcpy(made->key_hash, report->key_hash, EG_HASH_B);
    made->sub = (struct eg_submission){.magic = EG_SUBMISSION_MAGIC, .event = report->event, .req = req, .arena = arena,
                                       .key = eg_request_header(req, "Idempotency-Key"),
                                       .key_hash = report->key ? made->key_hash : NULL, .form = EG_FORM_ARRAY, .atomic = true};
    eg_status status = make_items(report, &made->sub, &req->err);
    size_t size_b = report->payloads_b;
    req->state = &made->sub;
    eg_report_free(report);
    if (status != EG_OK || eg_gather_reserve(made->sub.event, &made->sub, size_b, &req->err) != EG_OK)
        return eg_request_problem(req, NULL);
    return EG_MORE;
}

static enum eg_step_result answer(struct eg_request *req) {
    const struct eg_report_submission *made = req->state;
    const struct eg_submission *sub = &made->sub;
    size_t stored = 0;
    int64_t position = 0;
    for (size_t i = 0; i < sub->n_items; i++) {
        const struct eg_item *item = &sub->items[i];
        if (item->result == EG_RESULT_REJECTED && item->failure->err.code != EG_E_ATOMIC_REJECTED)
            return refuse(req, &item->failure->err);
        stored += item->result == EG_RESULT_STORED;
        position = item->position > position ? item->position : position;
    }
    return put_answer(req, &made->sum, sub->n_items, stored, position);
}

/* While a thread or the store works for it, the report outlives its request. */
static void drop(struct eg_request *req) {
    struct eg_report *report = req->state;
    if (!report)
        return;
    if (report->magic == EG_SUBMISSION_MAGIC) {
        eg_submission_drop(req);
        return;
    }
    EG_ASSERT(report->magic == EG_REPORT_MAGIC);
    req->state = NULL;
    report->req = NULL;
    if (report->handle)
        eg_db_read_cancel(report->handle); /* its end comes, and frees */
    else if (!report->busy)
        eg_report_free(report);
}

static const struct eg_step way[] = {{"take", take},
                                     {"copy", copy},
                                     {"digest", digest},
                                     {"key", key},
                                     {"convert", convert},
                                     {"nodes", nodes},
                                     {"changes", changes},
                                     {"bind", bind_step},
                                     {"known", known},
                                     {"write", write_step},
                                     {"submit", submit},
                                     {"prepare", eg_event_prepare},
                                     {"gather", eg_event_gather},
                                     {"store", eg_event_store},
                                     {"answer", answer}};
const struct eg_flow eg_flow_sarif_post = {
    .name = "sarif_post", .n_steps = sizeof way / sizeof way[0], .steps = way, .drop = drop, .held = eg_submission_held};
