/* Without a command: all there is to know of a range of commits. First the commits as git tells of them, then the graph of the newest, then
 * commit after commit what it did; so a run that was cut off leaves whole commits, and a second one stores what is missing. */
#include <stdio.h>

#include "indexer/gating.h"
#include "indexer/range.h"
#include "indexer/stage.h"

struct run {
    const struct eg_index_command *command;
    const struct eg_index_flags *flags;
    git_repository *repo;
    struct eg_commit_info from, to;
    struct eg_range range;
    struct eg_energies *energies;
    struct eg_known *known;
    struct eg_graph_stage graph;
    struct eg_change_stage changes;
    struct eg_tell tell;
    struct eg_sink_sum sum;
    struct eg_progress progress, whole;
};

static eg_status begin(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = run->flags;
    if (flags->all && flags->from) {
        return eg_err_set(err, EG_E_USAGE, "--from, --all", "one of them");
    }
    if (eg_repo_open(flags->repo ? flags->repo : ".", &run->repo, err)) {
        return EG_FAIL;
    }
    eg_tell_begin(&run->tell, run->repo, flags);
    eg_progress_begin(&run->whole, "");
    run->energies = eg_energies_new();
    if (!run->energies) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    if (eg_repo_commit(run->repo, flags->to ? flags->to : "HEAD", &run->to, err) ||
        (flags->from && eg_repo_commit(run->repo, flags->from, &run->from, err)) ||
        eg_range_list(run->repo, flags->from ? &run->from.oid : NULL, &run->to.oid, &run->range, err) ||
        (run->range.n > 0 && eg_gating_is_own(run->command, run->tell.name, &run->range.v[0], &run->to.oid, err))) {
        return EG_FAIL;
    }
    return eg_change_stage_begin(&run->changes, flags, run->repo, err);
}

static eg_status tell_graph(struct run *run, struct eg_err *err) {
    const git_oid *from = run->flags->from ? &run->from.oid : NULL;
    if (eg_known_read(run->flags, 0, run->tell.name, run->to.sha, &run->known, err)) {
        return EG_FAIL;
    }
    eg_progress_begin(&run->progress, "files");
    eg_status status = eg_graph_stage_read(&run->graph, run->flags, run->repo, &run->to, from, run->known, &run->progress, err);
    if (status && err->code == EG_E_NOT_FOUND) {
        fprintf(stderr, "egdb-index: the code graph of %.12s is left out: %s\n", run->to.sha, err->message);
        eg_err_clear(err);
        eg_graph_stage_end(&run->graph);
        return EG_OK;
    }
    status = status ? status : eg_graph_stage_tell(&run->graph, &run->tell, &run->progress, err);
    eg_graph_stage_end(&run->graph); /* what comes now needs memory too */
    return status;
}

static eg_status take_change(void *ctx, const struct eg_history_step *step, struct eg_err *err) {
    struct run *run = ctx;
    eg_progress_tell(&run->progress, step->done, step->of);
    return step->wanted ? eg_change_stage_tell(&run->changes, &run->tell, step, err) : EG_OK;
}

static eg_status tell_all(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = run->flags;
    eg_progress_begin(&run->progress, "commits");
    if (eg_commits_stage(flags, run->range.v, run->range.n, &run->tell, &run->progress, err) || tell_graph(run, err)) {
        return EG_FAIL;
    }
    eg_progress_begin(&run->progress, "changes");
    return eg_history_walk(run->repo, run->changes.reader, run->energies, flags->from ? &run->from.oid : NULL, &run->to.oid, take_change,
                           run, err);
}

static eg_status index_all(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = run->flags;
    struct eg_sink_config config = {.out = flags->out, .server = flags->server, .token_file = flags->token_file};
    struct eg_err closing = {0};
    if (begin(run, err) || eg_sink_open(&config, &run->tell.sink, err)) {
        return EG_FAIL;
    }
    eg_status status = tell_all(run, err);
    if (eg_sink_close(run->tell.sink, &run->sum, &closing) && status == EG_OK) {
        *err = closing;
        status = EG_FAIL;
    }
    return status;
}

int eg_index_index(struct eg_index_command *command) {
    struct run run = {.command = command, .flags = &command->flags};
    eg_repo_begin();
    eg_status status = index_all(&run, &command->err);
    if (status == EG_OK) {
        char fields[200];
        snprintf(fields, sizeof(fields), ",\"commits\":%zu,\"files\":%zu,\"nodes\":%zu,\"removed\":%zu,\"tokens\":%zu,\"left_out\":%zu",
                 run.range.n, run.graph.files, run.graph.nodes, run.graph.removed, run.changes.tokens, run.graph.left_out);
        eg_progress_sum(&run.whole, "index", run.to.sha, fields, &run.sum);
        eg_gating_unfreeze(command, run.tell.name);
    }
    eg_graph_stage_end(&run.graph);
    eg_known_free(run.known);
    eg_change_stage_end(&run.changes);
    eg_energies_free(run.energies);
    eg_range_free(&run.range);
    eg_tell_end(&run.tell);
    git_repository_free(run.repo);
    eg_repo_end();
    return status == EG_OK && run.sum.rejected == 0 ? EG_EXIT_OK : command->err.code == EG_E_USAGE ? EG_EXIT_USAGE : EG_EXIT_FAILED;
}
