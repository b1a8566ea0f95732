/* `sarif`: reports of scanners become events. `findings`: the open findings of a server as a file, the riskiest first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/clock.h"
#include "indexer/command.h"
#include "indexer/event.h"
#include "indexer/findings_place.h"
#include "indexer/progress.h"
#include "indexer/spec.h"

#define REPORT_MOST_B ((size_t)256 << 20)
#define AHEAD_MOST 300 /* commits in a row; as many seconds are left to what a server takes */

struct run {
    struct eg_index_command *command;
    git_repository *repo; /* NULL: --sha said which commit, and nothing of it is at hand */
    char name[200], root[1024];
    struct eg_commit_info commit;
    struct eg_findings_policy *policy;
    struct eg_findings *set;
    struct eg_asker *asker;
    struct eg_sink *sink;
    struct eg_sink_sum sum;
    struct eg_progress progress;
    struct eg_buf event;
};

static eg_status load_policy(struct run *run, struct eg_err *err) {
    json_t *sast = NULL, *secrets = NULL;
    const char *spec = run->command->flags.spec;
    eg_status status = eg_spec_policy(spec, "sast", &sast, err);
    status = status ? status : eg_spec_policy(spec, "secrets", &secrets, err);
    status = status ? status : eg_findings_policy_new(sast, secrets, &run->policy, err);
    json_decref(sast);
    json_decref(secrets);
    return status;
}

static eg_status take_sha(struct run *run, const char *sha, struct eg_err *err) {
    size_t len = strlen(sha);
    if (len < 7 || len >= sizeof(run->commit.sha) || strspn(sha, "0123456789abcdef") != len) {
        return eg_err_set(err, EG_E_USAGE, "--sha", "the full sha of the commit that was scanned, in lower case");
    }
    snprintf(run->commit.sha, sizeof(run->commit.sha), "%s", sha);
    run->commit.time_s = eg_clock_now_us() / 1000000;
    return EG_OK;
}

/* No server takes an event dated ahead, and what a scanner found is no less true for that. It counts as found behind the newest commit
 * before that is not ahead, a second for each commit between, so that the same report is the same events; now, where there is none. */
static void date_back(struct run *run) {
    struct eg_commit_info at = run->commit;
    struct eg_err gone = {0};
    int64_t now_s = eg_clock_now_us() / 1000000, latest_s = now_s + EG_AHEAD_MOST_S;
    int n = 0;
    for (; at.time_s > latest_s && at.n_parents > 0 && n < AHEAD_MOST; n++) {
        git_oid parent = at.parent;
        if (eg_repo_commit_of(run->repo, &parent, &at, &gone)) {
            break;
        }
    }
    if (n > 0 || at.time_s > latest_s) {
        run->commit.time_s = at.time_s > latest_s ? now_s : at.time_s + n;
    }
}

static eg_status open_repo(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    if (flags->sha) {
        eg_repo_name(NULL, flags->name ? flags->name : "", run->name, sizeof(run->name));
        return take_sha(run, flags->sha, err);
    }
    if (eg_repo_open(flags->repo ? flags->repo : ".", &run->repo, err) ||
        eg_repo_commit(run->repo, flags->to ? flags->to : "HEAD", &run->commit, err)) {
        return EG_FAIL;
    }
    if (!flags->out) {
        date_back(run);
    }
    const char *root = git_repository_workdir(run->repo);
    snprintf(run->root, sizeof(run->root), "%s", root ? root : "");
    size_t len = strlen(run->root);
    if (len > 1 && run->root[len - 1] == '/') {
        run->root[len - 1] = '\0';
    }
    eg_repo_name(run->repo, flags->name, run->name, sizeof(run->name));
    return EG_OK;
}

static eg_status read_file(struct run *run, enum eg_report_format format, const char *path, struct eg_err *err) {
    char piece[65536];
    size_t n;
    struct eg_buf text;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file) {
        return eg_err_set(err, EG_E_USAGE, path, "%s", strerror(errno));
    }
    eg_buf_init(&text, REPORT_MOST_B);
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0) {
        eg_buf_add(&text, piece, n);
    }
    bool failed = ferror(file) || text.failed;
    if (file != stdin) {
        fclose(file);
    }
    eg_status status = failed ? eg_err_set(err, EG_E_USAGE, path, "it cannot be read, or is larger than 256 MiB") : EG_OK;
    struct eg_err own = {0};
    if (status == EG_OK && eg_findings_read(run->set, format, text.data ? text.data : "", text.len, &own)) {
        status = eg_err_set(err, own.code, path, "%s%s%s", own.place, *own.place ? ": " : "", own.message);
    }
    eg_buf_free(&text);
    return status;
}

static eg_status read_reports(struct run *run, struct eg_err *err) {
    const struct eg_index_command *command = run->command;
    const char *format = command->flags.format;
    enum eg_report_format known = format ? eg_report_format_of(format) : EG_REPORT_UNKNOWN;
    struct eg_findings_config config = {.policy = run->policy, .repo = run->name, .root = *run->root ? run->root : NULL};
    if (format && known == EG_REPORT_UNKNOWN) {
        return eg_err_set(err, EG_E_USAGE, "--format", "sarif, bandit, semgrep, gitleaks, pip-audit or osv");
    }
    run->set = eg_findings_new(&config);
    if (!run->set) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    for (int i = 0; i < command->n_words; i++) {
        if (read_file(run, known, command->words[i], err)) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

static eg_status place(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    struct eg_commit_info base;
    if (flags->from && run->repo && eg_repo_commit(run->repo, flags->from, &base, err)) {
        return EG_FAIL;
    }
    const git_oid *since = flags->from ? &base.oid : run->commit.n_parents ? &run->commit.parent : NULL;
    if (run->repo && eg_findings_place_repo(run->set, run->repo, &run->commit, since, err)) {
        return EG_FAIL;
    }
    if (!flags->out && (eg_asker_open(flags->server, flags->token_file, &run->asker, err) ||
                        eg_findings_place_server(run->set, run->asker, run->name, err))) {
        return EG_FAIL;
    }
    if (!run->repo && run->asker && eg_findings_date(run->asker, run->name, run->commit.sha, &run->commit.time_s, err)) {
        return EG_FAIL;
    }
    if (eg_findings_finish(run->set, err)) {
        return EG_FAIL;
    }
    return run->asker ? eg_findings_ask_words(run->set, run->asker, run->name, err) : EG_OK;
}

static eg_status put(void *ctx, const struct eg_buf *payload, struct eg_err *err) {
    struct run *run = ctx;
    eg_index_event(&run->event, "sast.findings.ready@v1", run->commit.time_s, run->commit.sha, payload);
    if (run->event.failed) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "an event does not fit into memory");
    }
    return eg_sink_put(run->sink, run->event.data, run->event.len, err);
}

static eg_status write_events(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    struct eg_sink_config config = {.out = flags->out, .server = flags->server, .token_file = flags->token_file};
    struct eg_findings_event event = {.sha = run->commit.sha, .complete = flags->complete != NULL};
    struct eg_err closing = {0};
    if (eg_sink_open(&config, &run->sink, err)) {
        return EG_FAIL;
    }
    eg_status status = EG_OK;
    for (size_t i = 0; status == EG_OK && (event.tool = eg_findings_tool_name(run->set, i)); i++) {
        char scan[EG_SCAN_B];
        status = eg_findings_scan(run->set, run->asker, run->name, &event, scan, err);
        status = status ? status : eg_findings_payloads(run->set, &event, put, run, err);
    }
    if (eg_sink_close(run->sink, &run->sum, &closing) && status == EG_OK) {
        *err = closing;
        status = EG_FAIL;
    }
    return status;
}

static void tell(struct run *run) {
    struct eg_findings_sum sum;
    char fields[256];
    eg_findings_sum(run->set, &sum);
    snprintf(fields, sizeof(fields),
             ",\"findings\":%zu,\"read\":%zu,\"secrets\":%zu,\"failed_runs\":%zu,\"block\":%zu,\"review\":%zu", sum.findings,
             sum.read, sum.secrets, sum.failed_runs, sum.queues[0], sum.queues[1]);
    eg_progress_sum(&run->progress, "sarif", run->commit.sha, fields, &run->sum);
}

static int code_of(eg_status status, const struct run *run) {
    return status == EG_OK && run->sum.rejected == 0 ? EG_EXIT_OK : run->command->err.code == EG_E_USAGE ? EG_EXIT_USAGE : EG_EXIT_FAILED;
}

int eg_index_sarif(struct eg_index_command *command) {
    struct run run = {.command = command};
    struct eg_err *err = &command->err;
    eg_buf_init(&run.event, EG_EVENT_MOST_B);
    eg_repo_begin();
    eg_progress_begin(&run.progress, "findings");
    eg_status status = load_policy(&run, err);
    status = status ? status : open_repo(&run, err);
    status = status ? status : read_reports(&run, err);
    status = status ? status : place(&run, err);
    status = status ? status : write_events(&run, err);
    if (status == EG_OK) {
        tell(&run);
    }
    eg_asker_close(run.asker);
    eg_findings_free(run.set);
    eg_findings_policy_free(run.policy);
    git_repository_free(run.repo);
    eg_repo_end();
    eg_buf_free(&run.event);
    return code_of(status, &run);
}

/* findings */

static const char *const columns[] = {"id", "risk", "queue", "severity", "confidence", "category", "tool", "rule_id", "cwe", "message",
                                      "location", "ast_ref", "mosaic_cell", "delta_bind", "evidence", "suppression", "fingerprint",
                                      "sha", "last_sha", "created_utc", "last_seen_utc", "repo"};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static json_t *objects_of(const json_t *rows) {
    json_t *list = json_array();
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row) {
        json_t *object = json_object();
        for (size_t c = 0; c < N_COLUMNS; c++) {
            json_t *value = json_array_get(row, c);
            if (value && !json_is_null(value)) {
                json_object_set(object, columns[c], value);
            }
        }
        json_array_append_new(list, object);
    }
    return list;
}

/* Of the repository that --name or --repo says; of all without either. */
static eg_status name_of(const struct eg_index_flags *flags, char *name, size_t size_b, struct eg_err *err) {
    git_repository *repo = NULL;
    eg_repo_name(NULL, flags->name ? flags->name : "", name, size_b);
    if (flags->name || !flags->repo) {
        return EG_OK;
    }
    eg_repo_begin();
    eg_status status = eg_repo_open(flags->repo, &repo, err);
    if (status == EG_OK) {
        eg_repo_name(repo, NULL, name, size_b);
    }
    git_repository_free(repo);
    eg_repo_end();
    return status;
}

static eg_status ask_open(const struct eg_index_flags *flags, json_t **list, struct eg_err *err) {
    char name[200];
    if (name_of(flags, name, sizeof(name), err)) {
        return EG_FAIL;
    }
    struct eg_asker *asker = NULL;
    struct eg_buf query;
    json_t *rows = NULL, *params = json_object();
    eg_buf_init(&query, 4096);
    eg_buf_str(&query, "SELECT open_findings (");
    for (size_t c = 0; c < N_COLUMNS; c++) {
        eg_buf_printf(&query, "%s%s", c ? ", " : "", columns[c]);
    }
    eg_buf_str(&query, ") FROM all");
    if (*name) {
        eg_buf_str(&query, " WHERE repo=$repo");
        json_object_set_new(params, "repo", json_string(name));
    }
    eg_buf_str(&query, " ORDER BY risk DESC, id LIMIT 100000");
    eg_status status = eg_asker_open(flags->server, flags->token_file, &asker, err);
    if (status) {
        json_decref(params);
    } else {
        status = eg_ask(asker, eg_buf_text(&query), params, &rows, err);
    }
    *list = status ? NULL : objects_of(rows);
    json_decref(rows);
    eg_asker_close(asker);
    eg_buf_free(&query);
    return status;
}

static eg_status write_list(const json_t *list, const char *path, struct eg_err *err) {
    struct eg_file file;
    struct eg_err ignored = {0};
    size_t flags = JSON_INDENT(1);
    if (!path || strcmp(path, "-") == 0) {
        int bad = json_dumpf(list, stdout, flags);
        return bad || putchar('\n') == EOF ? eg_err_set(err, EG_E_INTERNAL, NULL, "standard output cannot be written") : EG_OK;
    }
    if (eg_file_open(path, &file, err)) {
        return EG_FAIL;
    }
    if (json_dumpf(list, file.out, flags)) {
        (void)!eg_file_close(&file, false, &ignored);
        return eg_err_set(err, EG_E_USAGE, path, "it cannot be written: %s", strerror(errno));
    }
    return eg_file_close(&file, true, err);
}

int eg_index_findings(struct eg_index_command *command) {
    json_t *list = NULL;
    eg_status status = ask_open(&command->flags, &list, &command->err);
    status = status ? status : write_list(list, command->flags.out_file, &command->err);
    json_decref(list);
    return status == EG_OK ? EG_EXIT_OK : command->err.code == EG_E_USAGE ? EG_EXIT_USAGE : EG_EXIT_FAILED;
}
