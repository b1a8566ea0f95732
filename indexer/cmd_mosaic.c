/* `mosaic`: what each commit of a range did on the mosaic, as events; with --out also the map and the picture of the whole range. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "indexer/command.h"
#include "indexer/mosaic_compare.h"
#include "indexer/range.h"
#include "indexer/stage.h"

#define ARTEFACTS ".glx/mosaic"
#define MAP_MOST_B ((size_t)192 << 20) /* it names every file */
#define PICTURE_MOST_B ((size_t)24 << 20)

struct run {
    struct eg_index_command *command;
    git_repository *repo;
    struct eg_change_stage stage;
    struct eg_tell tell;
    struct eg_sink_sum sum;
    struct eg_progress progress;
    struct eg_buf map, picture;
    struct eg_commit_info to, base;
    bool has_base;
    struct eg_range range;
};

static eg_status out_of_memory(struct eg_err *err) { return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out"); }

static eg_status begin(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    if (flags->from && flags->all) {
        return eg_err_set(err, EG_E_USAGE, "--from, --all", "one of them");
    }
    if (eg_repo_open(flags->repo ? flags->repo : ".", &run->repo, err) ||
        eg_change_stage_begin(&run->stage, flags, run->repo, err) ||
        eg_repo_commit(run->repo, flags->to ? flags->to : "HEAD", &run->to, err)) {
        return EG_FAIL;
    }
    run->has_base = flags->from || (!flags->all && run->to.n_parents > 0);
    if (flags->from && eg_repo_commit(run->repo, flags->from, &run->base, err)) {
        return EG_FAIL;
    }
    if (!flags->from && run->has_base && eg_repo_commit_of(run->repo, &run->to.parent, &run->base, err)) {
        return EG_FAIL;
    }
    eg_tell_begin(&run->tell, run->repo, flags);
    eg_progress_begin(&run->progress, "commits");
    return EG_OK;
}

static void end(struct run *run) {
    eg_change_stage_end(&run->stage);
    git_repository_free(run->repo);
    eg_range_free(&run->range);
    eg_tell_end(&run->tell);
}

/* Without --from and --all: the commit alone, a merge's too. */
static eg_status list_commits(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    bool alone = !flags->from && !flags->all;
    return alone ? eg_range_one(&run->range, &run->to.oid, err)
                 : eg_range_list(run->repo, run->has_base ? &run->base.oid : NULL, &run->to.oid, &run->range, err);
}

static eg_status with_change(struct run *run, const struct eg_commit_info *base, const struct eg_commit_info *to, eg_change_take take,
                             struct eg_err *err) {
    struct eg_stage_change change = {.to = to, .base = base ? base->sha : NULL};
    eg_status status = eg_delta_read(run->stage.reader, base ? &base->oid : NULL, &to->oid, &change.delta, &change.tokens, err);
    return status ? status : eg_change_stage_lay(&run->stage, run->tell.name, &change, take, run, err);
}

static eg_status post(void *ctx, const struct eg_mosaic_said *said, const struct eg_commit_info *to, struct eg_err *err) {
    struct run *run = ctx;
    return eg_tell_mosaic(&run->tell, said, to, err);
}

static eg_status post_all(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    struct eg_sink_config config = {.out = flags->out, .server = flags->server, .token_file = flags->token_file};
    struct eg_err closing = {0};
    if (eg_sink_open(&config, &run->tell.sink, err)) {
        return EG_FAIL;
    }
    eg_status status = EG_OK;
    for (size_t i = 0; status == EG_OK && i < run->range.n; i++) {
        struct eg_commit_info commit, parent;
        status = eg_repo_commit_of(run->repo, &run->range.v[i], &commit, err);
        if (status == EG_OK && commit.edge) { /* what it changed cannot be known */
            continue;
        }
        bool has_parent = status == EG_OK && commit.n_parents > 0;
        status = has_parent ? eg_repo_commit_of(run->repo, &commit.parent, &parent, err) : status;
        status = status ? status : with_change(run, has_parent ? &parent : NULL, &commit, post, err);
        status = eg_change_stage_without(&run->stage, &commit, status, err);
        eg_progress_tell(&run->progress, i + 1, run->range.n);
    }
    if (eg_sink_close(run->tell.sink, &run->sum, &closing) && status == EG_OK) {
        *err = closing;
        status = EG_FAIL;
    }
    return status;
}

static eg_status write_file(const struct eg_buf *bytes, const char *folder, const char *name, struct eg_err *err) {
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        return out_of_memory(err);
    }
    eg_status status = eg_file_write(path, bytes->data, bytes->len, err);
    free(path);
    return status;
}

static eg_status write_artefacts(void *ctx, const struct eg_mosaic_said *said, const struct eg_commit_info *to, struct eg_err *err) {
    struct run *run = ctx;
    const char *folder = run->command->flags.out ? run->command->flags.out : ARTEFACTS;
    (void)to;
    eg_mosaic_map(&run->map, said);
    if (run->map.failed || !eg_mosaic_picture(&run->picture, said->mosaic, said->delta)) {
        return out_of_memory(err);
    }
    eg_status status = write_file(&run->map, folder, "mosaic_map.json", err);
    return status ? status : write_file(&run->picture, folder, EG_MOSAIC_PICTURE, err);
}

static eg_status index_range(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    if (begin(run, err) || list_commits(run, err) || post_all(run, err)) {
        return EG_FAIL;
    }
    if ((flags->out || flags->png) && with_change(run, run->has_base ? &run->base : NULL, &run->to, write_artefacts, err)) {
        return EG_FAIL;
    }
    char fields[120];
    snprintf(fields, sizeof(fields), ",\"commits\":%zu,\"files\":%zu,\"incomplete\":%zu", run->range.n, run->stage.mosaic->n_files,
             run->stage.incomplete);
    eg_progress_sum(&run->progress, "mosaic", run->to.sha, fields, &run->sum);
    return flags->strict && run->stage.incomplete
               ? eg_err_set(err, EG_E_INTERNAL, NULL, "--strict: of %zu states not all was read (paths left out, or a degraded delta)",
                            run->stage.incomplete)
               : EG_OK;
}

static eg_status compare(struct run *run, struct eg_err *err) {
    struct eg_index_command *command = run->command;
    if (command->n_words != 1) {
        return eg_err_set(err, EG_E_USAGE, "--compare", "name two files: --compare A B");
    }
    eg_status status = eg_mosaic_compare(command->flags.compare, command->words[0], run->stage.how.metric, &run->map, err);
    if (status == EG_OK && (run->map.failed || fwrite(run->map.data, 1, run->map.len, stdout) != run->map.len)) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "the comparison cannot be written");
    }
    return status;
}

int eg_index_mosaic(struct eg_index_command *command) {
    struct run run = {.command = command};
    struct eg_err *err = &command->err;
    eg_buf_init(&run.map, MAP_MOST_B);
    eg_buf_init(&run.picture, PICTURE_MOST_B);
    eg_repo_begin();
    eg_status status = command->flags.compare ? eg_mosaic_policy_load(&command->flags, &run.stage.how, err) : EG_OK;
    if (status == EG_OK && !command->flags.compare && command->n_words > 0) {
        status = eg_err_set(err, EG_E_USAGE, command->words[0], "one word too many");
    }
    status = status ? status : command->flags.compare ? compare(&run, err) : index_range(&run, err);
    end(&run);
    eg_repo_end();
    eg_buf_free(&run.map);
    eg_buf_free(&run.picture);
    return status == EG_OK && run.sum.rejected == 0 ? EG_EXIT_OK : err->code == EG_E_USAGE ? EG_EXIT_USAGE : EG_EXIT_FAILED;
}
