/* `graph`: the code graph of a commit as events. */
#include <stdio.h>
#include <string.h>

#include "indexer/stage.h"

struct run {
    git_repository *repo;
    struct eg_commit_info commit;
    struct eg_known *known;
    struct eg_graph_stage stage;
    struct eg_tell tell;
    struct eg_sink_sum sum;
    struct eg_progress progress;
    double reading_s;
};

static eg_status read_state(struct run *run, const struct eg_index_flags *flags, struct eg_err *err) {
    struct eg_commit_info base;
    if (eg_repo_open(flags->repo ? flags->repo : ".", &run->repo, err)) {
        return EG_FAIL;
    }
    eg_tell_begin(&run->tell, run->repo, flags);
    if (eg_repo_commit(run->repo, flags->to ? flags->to : "HEAD", &run->commit, err) ||
        (flags->from && eg_repo_commit(run->repo, flags->from, &base, err))) {
        return EG_FAIL;
    }
    const git_oid *from = flags->from ? &base.oid : NULL;
    int jobs; /* a mistake is said before anybody is asked */
    if (eg_graph_jobs(flags, &jobs, err) || eg_known_read(flags, 0, run->tell.name, run->commit.sha, &run->known, err)) {
        return EG_FAIL;
    }
    eg_progress_begin(&run->progress, "files");
    eg_status status = eg_graph_stage_read(&run->stage, flags, run->repo, &run->commit, from, run->known, &run->progress, err);
    run->reading_s = eg_progress_s(&run->progress);
    return status;
}

static eg_status write_state(struct run *run, const struct eg_index_flags *flags, struct eg_err *err) {
    struct eg_sink_config config = {.out = flags->out, .server = flags->server, .token_file = flags->token_file};
    struct eg_err closing = {0};
    size_t n = flags->out ? strlen(flags->out) : 0;
    if (n > 5 && strcmp(flags->out + n - 5, ".json") == 0) {
        return eg_graph_stage_write(&run->stage, &run->tell, flags->out, err);
    }
    if (eg_sink_open(&config, &run->tell.sink, err)) {
        return EG_FAIL;
    }
    eg_status status = eg_graph_stage_tell(&run->stage, &run->tell, &run->progress, err);
    if (eg_sink_close(run->tell.sink, &run->sum, &closing) && status == EG_OK) {
        *err = closing;
        status = EG_FAIL;
    }
    return status;
}

static void report(struct run *run) {
    const struct eg_graph_stage *stage = &run->stage;
    char fields[200];
    snprintf(fields, sizeof(fields), ",\"files\":%zu,\"nodes\":%zu,\"removed\":%zu,\"left_out\":%zu,\"reading_s\":%.3f", stage->files,
             stage->nodes, stage->removed, stage->left_out, run->reading_s);
    eg_progress_sum(&run->progress, "graph", run->commit.sha, fields, &run->sum);
}

int eg_index_graph(struct eg_index_command *command) {
    struct run run = {0};
    eg_repo_begin();
    eg_status status = read_state(&run, &command->flags, &command->err);
    status = status ? status : write_state(&run, &command->flags, &command->err);
    if (status == EG_OK) {
        report(&run);
    }
    eg_graph_stage_end(&run.stage);
    eg_known_free(run.known);
    eg_tell_end(&run.tell);
    git_repository_free(run.repo);
    eg_repo_end();
    return status == EG_OK && run.sum.rejected == 0 ? EG_EXIT_OK : command->err.code == EG_E_USAGE ? EG_EXIT_USAGE : EG_EXIT_FAILED;
}
