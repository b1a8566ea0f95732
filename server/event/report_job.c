/* The work on a report that takes long. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/event/report.h"

#define PAYLOADS_MOST_B ((size_t)128 << 20)

void eg_report_no_memory(struct eg_report *report, const struct eg_arena *arena) {
    if (eg_arena_full(arena))
        eg_err_set(&report->err, EG_E_BODY_TOO_LARGE, NULL,
                   "the report, with what is made of it, takes more memory than one may have (event.memory_b): send parts of it");
    else
        eg_err_set(&report->err, EG_E_OVERLOADED, NULL, EG_NO_MEMORY_NOW);
}

static bool digest_text(EVP_MD_CTX *ctx, const char *text, size_t len) {
    uint64_t n = len;
    return EVP_DigestUpdate(ctx, &n, sizeof n) == 1 && EVP_DigestUpdate(ctx, text, len) == 1;
}

/* Two reports under one key are the same when this is. */
void eg_report_digest(struct eg_report *report) {
    const char *const texts[] = {"report", report->about.sha, report->repo, report->branch, report->source};
    const char how[] = {(char)report->format, (char)report->about.complete};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; good && i < sizeof texts / sizeof texts[0]; i++)
        good = digest_text(ctx, texts[i], strlen(texts[i]));
    good = good && digest_text(ctx, how, sizeof how) && digest_text(ctx, report->body.len ? report->body.data : "", report->body.len) &&
           EVP_DigestFinal_ex(ctx, report->key_hash, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    if (!good)
        eg_err_set(&report->err, EG_E_OVERLOADED, NULL, EG_NO_MEMORY_NOW);
}

static int by_path(const void *a, const void *b) {
    const struct eg_report_file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static void list_files(struct eg_report *report) {
    size_t n;
    const struct eg_finding *all = eg_findings_list(report->set, &n);
    report->files = eg_arena_zalloc(report->arena, (n + 1) * sizeof *report->files);
    for (size_t i = 0; report->files && i < n; i++) {
        if (i == 0 || strcmp(all[i].file, all[i - 1].file) != 0)
            report->files[report->n_files++].path = all[i].file;
    }
    if (!report->files)
        eg_report_no_memory(report, report->arena);
    else
        qsort(report->files, report->n_files, sizeof *report->files, by_path);
}

void eg_report_convert(struct eg_report *report) {
    struct eg_findings_config config = {.policy = report->event->findings_policy, .repo = report->repo, .beside = report->arena};
    report->set = eg_findings_new(&config);
    if (!report->set) {
        eg_err_set(&report->err, EG_E_OVERLOADED, NULL, EG_NO_MEMORY_NOW);
        return;
    }
    if (eg_findings_read(report->set, report->format, report->body.data, report->body.len, &report->err) == EG_OK)
        list_files(report);
    eg_buf_free(&report->body);
    eg_arena_let_go(report->arena, report->copied + 1);
}

/* The files stand in the order of the findings, both by path. */
static void bind_changes(struct eg_report *report) {
    size_t n, f = 0;
    struct eg_finding *all = eg_findings_list(report->set, &n);
    for (size_t i = 0; i < n && report->commit_known; i++) {
        while (f < report->n_files && strcmp(report->files[f].path, all[i].file) < 0)
            f++;
        const struct eg_report_file *file = f < report->n_files && !strcmp(report->files[f].path, all[i].file) ? &report->files[f] : NULL;
        if (!file || !file->status)
            all[i].bind = strcmp(all[i].file, ".") == 0 ? all[i].bind : EG_BIND_UNCHANGED;
        else if (file->status == 'A')
            all[i].bind = EG_BIND_ADDED;
        else if (file->diff)
            all[i].bind = eg_findings_bind_of_diff(file->diff, all[i].line, all[i].end_line);
    }
}

void eg_report_bind(struct eg_report *report) {
    for (size_t i = 0; i < report->n_files; i++)
        eg_findings_bind(report->set, report->files[i].path, report->files[i].nodes, report->files[i].n);
    bind_changes(report);
    (void)!eg_findings_finish(report->set, &report->err);
}

static int by_fingerprint(const void *a, const void *b) {
    const struct eg_report_known *x = a, *y = b;
    return strcmp(x->twin.fingerprint, y->twin.fingerprint);
}

static eg_status adopt(struct eg_report *report) {
    struct eg_findings_twin *twins = calloc(report->n_known + 1, sizeof *twins);
    for (size_t i = 0; twins && i < report->n_known; i++)
        twins[i] = report->known[i].twin;
    eg_status status = twins ? eg_findings_adopt(report->set, twins, report->n_known, &report->err)
                             : eg_err_set(&report->err, EG_E_OVERLOADED, NULL, EG_NO_MEMORY_NOW);
    free(twins);
    return status;
}

static void suppress(struct eg_report *report) {
    size_t n;
    struct eg_finding *all = eg_findings_list(report->set, &n);
    int64_t now_us = eg_clock_now_us();
    if (report->n_known)
        qsort(report->known, report->n_known, sizeof *report->known, by_fingerprint);
    for (size_t i = 0; i < n && report->n_known; i++) {
        struct eg_report_known key = {.twin = {.fingerprint = all[i].fingerprint}};
        const struct eg_report_known *found = bsearch(&key, report->known, report->n_known, sizeof key, by_fingerprint);
        if (found && found->suppression)
            eg_finding_suppress(report->set, &all[i], found->suppression, now_us);
    }
}

static void member(struct eg_buf *out, const char *name, const char *value) {
    eg_buf_printf(out, ",\"%s\":", name);
    eg_buf_json_string(out, value, strlen(value));
}

/* An event without id and time: the event's way sets both. */
static eg_status take_payload(void *ctx, const struct eg_buf *payload, struct eg_err *err) {
    struct eg_report *report = ctx;
    struct eg_buf out;
    eg_buf_init(&out, PAYLOADS_MOST_B);
    eg_buf_str(&out, "{\"topic\":\"" EG_REPORT_TOPIC "\"");
    member(&out, "source", report->source);
    member(&out, "repo_sha", report->about.sha);
    member(&out, "correlation_id", report->about.sha);
    if (*report->branch)
        member(&out, "repo_branch", report->branch);
    eg_buf_str(&out, ",\"payload\":");
    eg_buf_add(&out, payload->data, payload->len);
    eg_buf_char(&out, '}');
    if (report->n_payloads == report->payloads_room) {
        size_t room = report->payloads_room ? 2 * report->payloads_room : 16;
        struct eg_str *more = realloc(report->payloads, room * sizeof *more);
        report->payloads = more ? more : report->payloads;
        report->payloads_room = more ? room : report->payloads_room;
    }
    size_t len = 0;
    bool held = !out.failed && eg_arena_hold(report->arena, out.len);
    report->payloads_b += out.len;
    bool room = held && report->n_payloads < report->payloads_room && report->payloads_b <= PAYLOADS_MOST_B;
    char *text = room ? eg_buf_detach(&out, &len) : NULL;
    if (!out.failed && !held)
        eg_report_no_memory(report, report->arena); /* err is the report's */
    if (text)
        report->payloads[report->n_payloads++] = (struct eg_str){text, len};
    eg_buf_free(&out);
    return text ? EG_OK : eg_err_set(err, EG_E_BODY_TOO_LARGE, NULL, "the report's events take more than 128 MiB; send parts of it");
}

void eg_report_write(struct eg_report *report) {
    if (report->again) {
        eg_findings_sum(report->set, &report->sum);
        memcpy(report->sum.queues, report->again_queues, sizeof report->sum.queues);
        return;
    }
    if (adopt(report))
        return;
    suppress(report);
    eg_findings_sum(report->set, &report->sum);
    (void)!eg_findings_payloads(report->set, &report->about, take_payload, report, &report->err);
}

void eg_report_free(struct eg_report *report) {
    struct eg_event *event = report->event;
    for (size_t i = 0; i < report->n_payloads; i++)
        free((void *)(uintptr_t)report->payloads[i].p);
    free(report->payloads);
    free(report->known);
    for (size_t i = 0; i < report->n_files; i++)
        free(report->files[i].nodes);
    eg_buf_free(&report->body);
    eg_findings_free(report->set);
    report->magic = 0;
    eg_arena_free(report->arena);
    event->reports--;
    eg_gather_let_go(event);
}

static void work_here(uv_work_t *work) {
    struct eg_report *report = work->data;
    report->run(report);
}

static void work_done(uv_work_t *work, int status) {
    (void)status;
    eg_report_ended(work->data);
}

bool eg_report_start(struct eg_report *report, void (*run)(struct eg_report *report)) {
    report->run = run;
    report->work.data = report;
    report->done = false;
    report->busy = uv_queue_work(report->event->loop, &report->work, work_here, work_done) == 0;
    if (!report->busy)
        eg_err_set(&report->err, EG_E_OVERLOADED, NULL, "no thread for this report");
    return report->busy;
}
