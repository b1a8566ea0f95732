/* `hook`: what a git hook calls after a commit. The commit joins those that wait in the spool; when the server answers, all of them are
 * posted with everything that is known of them. Whatever goes wrong is said, and the program ends with 0: a commit never fails for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "git/spool.h"
#include "indexer/gating.h"
#include "indexer/range.h"
#include "indexer/stage.h"
#include "server/cli/client.h"

#define TIMEOUT_MS 3000
#define TIMEOUT_MOST_MS 3600000
#define ANSWER_MOST_B 65536
#define PATIENCE 5 /* times the timeout: how long a batch is tried, so that no commit hangs */

struct run {
    const struct eg_index_flags *flags;
    git_repository *repo;
    long timeout_ms;
    struct eg_commit_info commit, first; /* the commit, and the oldest that is posted with it */
    struct eg_range range;
    struct eg_known *known;
    struct eg_graph_stage graph;
    struct eg_change_stage changes;
    struct eg_tell tell;
    struct eg_sink_sum sum;
    struct eg_progress progress;
};

/* Before anything is read: a server that is away shall not cost the time of reading. */
static eg_status ask_server(const struct eg_index_flags *flags, long timeout_ms, struct eg_err *err) {
    struct eg_client_config config = {.server = flags->server, .token_file = flags->token_file, .connect_ms = timeout_ms,
                                      .timeout_ms = timeout_ms};
    struct eg_client *client;
    struct eg_reply reply = {0};
    if (eg_client_open(&config, &client, err)) {
        return EG_FAIL;
    }
    eg_buf_init(&reply.body, ANSWER_MOST_B);
    eg_client_get(client, "/readyz", &reply);
    eg_status status = EG_OK;
    if (!reply.answered) {
        status = eg_err_set(err, EG_E_STORE_UNAVAILABLE, eg_client_server(client), "no answer: %s", reply.error);
    } else if (reply.status != 200) {
        status = eg_err_set(err, EG_E_STORE_UNAVAILABLE, eg_client_server(client), "it is not ready: it answered %ld", reply.status);
    }
    eg_buf_free(&reply.body);
    eg_client_close(client);
    return status;
}

/* A commit that is gone (amended, and swept up by git) is forgotten. */
static eg_status list(struct run *run, const struct eg_spool *spool, bool waits, struct eg_err *err) {
    struct eg_commit_info commit;
    struct eg_err gone = {0};
    git_oid oid;
    eg_status status = EG_OK;
    for (size_t i = 0; status == EG_OK && i < spool->n; i++) {
        if (strlen(spool->shas[i]) == GIT_OID_HEXSZ && git_oid_fromstr(&oid, spool->shas[i]) == 0 &&
            eg_repo_commit_of(run->repo, &oid, &commit, &gone) == EG_OK) {
            run->first = run->range.n == 0 ? commit : run->first;
            status = eg_range_one(&run->range, &oid, err);
        }
    }
    if (status == EG_OK && !waits) {
        run->first = run->range.n == 0 ? run->commit : run->first;
        status = eg_range_one(&run->range, &run->commit.oid, err);
    }
    return status;
}

/* What cannot be read today cannot be read tomorrow: it is said, and no commit waits behind it. What the server did not take stays an
 * error. */
static eg_status leave_out(struct run *run, const char *what, eg_status status, struct eg_err *err) {
    if (status == EG_OK || eg_sink_failed(run->tell.sink)) {
        return status;
    }
    fprintf(stderr, "egdb-index hook: %s is left out: %s\n", what, err->message);
    eg_err_clear(err);
    return EG_OK;
}

static eg_status take_change(void *ctx, const struct eg_history_step *step, struct eg_err *err) {
    struct run *run = ctx;
    return eg_change_stage_tell(&run->changes, &run->tell, step, err);
}

static eg_status tell_graph(struct run *run, struct eg_err *err) {
    const git_oid *base = run->first.n_parents > 0 ? &run->first.parent : NULL;
    eg_status status = eg_graph_stage_read(&run->graph, run->flags, run->repo, &run->commit, base, run->known, &run->progress, err);
    return status ? status : eg_graph_stage_tell(&run->graph, &run->tell, &run->progress, err);
}

static eg_status tell_change(struct run *run, const git_oid *oid, struct eg_err *err) {
    struct eg_commit_info commit;
    eg_status status = eg_repo_commit_of(run->repo, oid, &commit, err);
    if (status == EG_OK && commit.edge) {
        return eg_err_set(err, EG_E_USAGE, NULL, EG_REPO_EDGE);
    }
    return status ? status : eg_history_one(run->repo, run->changes.reader, &commit, take_change, run, err);
}

static eg_status tell_all(struct run *run, struct eg_err *err) {
    const git_oid *commits = run->range.v;
    char what[GIT_OID_HEXSZ + 32];
    eg_status status = eg_commits_stage(run->flags, commits, run->range.n, &run->tell, &run->progress, err);
    status = status ? status : leave_out(run, "the code graph", tell_graph(run, err), err);
    for (size_t i = 0; status == EG_OK && i < run->range.n; i++) {
        snprintf(what, sizeof(what), "what %.*s changed", GIT_OID_HEXSZ, git_oid_tostr_s(&commits[i]));
        status = leave_out(run, what, tell_change(run, &commits[i], err), err);
    }
    return status;
}

static eg_status post(struct run *run, const struct eg_spool *spool, bool waits, struct eg_err *err) {
    struct eg_sink_config config = {.server = run->flags->server, .token_file = run->flags->token_file,
                                    .patience_ms = PATIENCE * run->timeout_ms};
    struct eg_err closing = {0};
    eg_tell_begin(&run->tell, run->repo, run->flags);
    eg_progress_begin(&run->progress, "files");
    run->progress.quiet = true; /* what a hook says stands in the way of a commit */
    if (list(run, spool, waits, err) ||
        eg_known_read(run->flags, PATIENCE * run->timeout_ms, run->tell.name, run->commit.sha, &run->known, err) ||
        eg_change_stage_begin(&run->changes, run->flags, run->repo, err) ||
        eg_sink_open(&config, &run->tell.sink, err)) {
        return EG_FAIL;
    }
    eg_status status = tell_all(run, err);
    if (eg_sink_close(run->tell.sink, &run->sum, &closing) && status == EG_OK) {
        *err = closing;
        status = EG_FAIL;
    }
    return status;
}

/* What the server refused would be refused again: only what it could not take waits. */
static eg_status with_spool(struct run *run, const char *path, struct eg_err *err) {
    struct eg_spool *spool = NULL;
    bool waits = true;
    int claim = -1;
    eg_status status = eg_spool_add(path, run->commit.sha, &waits, err);
    if (status) {
        return status;
    }
    status = ask_server(run->flags, run->timeout_ms, err);
    if (status == EG_OK) {
        claim = eg_spool_claim(path, PATIENCE * run->timeout_ms, err);
        status = claim >= 0 ? EG_OK : err->code ? EG_FAIL : eg_err_set(err, EG_E_STORE_UNAVAILABLE, path, "another one is posting");
    }
    status = status ? status : eg_spool_read(path, &spool, err);
    status = status ? status : post(run, spool, waits, err);
    status = status ? status : eg_spool_forget(path, spool, err);
    free(spool);
    struct eg_err reading = {0};
    if (status && eg_spool_read(path, &spool, &reading) == EG_OK) {
        fprintf(stderr, "egdb-index hook: %zu commits wait in %s%s\n", spool->n, path,
                waits ? "" : "; it is full, and `egdb-index` posts what is missing");
        free(spool);
    }
    if (claim >= 0) {
        close(claim);
    }
    return status;
}

static eg_status hook(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = run->flags;
    char *path, *end = NULL;
    long timeout_ms = flags->timeout_ms ? strtol(flags->timeout_ms, &end, 10) : TIMEOUT_MS;
    if (timeout_ms < 1 || timeout_ms > TIMEOUT_MOST_MS || (end && *end)) {
        return eg_err_set(err, EG_E_USAGE, "--timeout-ms", "a number from 1 to %d", TIMEOUT_MOST_MS);
    }
    if (eg_repo_open(flags->repo ? flags->repo : ".", &run->repo, err) ||
        eg_repo_commit(run->repo, flags->commit ? flags->commit : "HEAD", &run->commit, err)) {
        return EG_FAIL;
    }
    run->timeout_ms = timeout_ms;
    if (asprintf(&path, "%segdb/commits", git_repository_path(run->repo)) < 0) { /* where no checkout can put anything */
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    eg_status status = with_spool(run, flags->spool ? flags->spool : path, err);
    free(path);
    return status;
}

int eg_index_hook(struct eg_index_command *command) {
    struct run run = {.flags = &command->flags};
    struct eg_err *err = &command->err;
    eg_repo_begin();
    eg_status status = hook(&run, err);
    if (status == EG_OK && run.sum.events > 0) {
        eg_gating_unfreeze(command, run.tell.name);
    }
    if (status) {
        fprintf(stderr, "egdb-index hook: %s%s%s\n", err->place, *err->place ? ": " : "", err->message);
    }
    eg_graph_stage_end(&run.graph);
    eg_known_free(run.known);
    eg_change_stage_end(&run.changes);
    eg_range_free(&run.range);
    eg_tell_end(&run.tell);
    git_repository_free(run.repo);
    eg_repo_end();
    return EG_EXIT_OK;
}
