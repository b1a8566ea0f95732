/* `mosaic`: what each commit of a range did on the mosaic, as events; with --out also the map and the picture of the whole range. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/command.h"
#include "indexer/event.h"
#include "indexer/mosaic_compare.h"
#include "indexer/mosaic_event.h"
#include "indexer/progress.h"

struct run {
    struct eg_index_command *command;
    git_repository *repo;
    char name[200];
    struct eg_mosaic_policy how;
    struct eg_policy *weights;
    struct eg_delta_reader *reader;
    struct eg_mosaic_reader *cells;
    struct eg_mosaic *mosaic;
    struct eg_sink *sink;
    struct eg_sink_sum sum;
    struct eg_progress progress;
    struct eg_buf payload, event;
    struct eg_commit_info to, base;
    bool has_base;
    git_oid *commits; /* parents first */
    size_t n_commits, room;
    size_t incomplete; /* states of which something was left out */
};

static eg_status out_of_memory(struct eg_err *err) { return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out"); }

static eg_status begin(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    if (flags->from && flags->all) {
        return eg_err_set(err, EG_E_USAGE, "--from, --all", "one of them");
    }
    if (eg_repo_open(flags->repo ? flags->repo : ".", &run->repo, err) || eg_policy_load(flags->spec, &run->weights, err) ||
        eg_delta_reader_new(run->repo, run->weights, &run->reader, err) || eg_mosaic_reader_new(run->repo, &run->cells, err) ||
        eg_mosaic_new(run->how.rows, run->how.cols, &run->mosaic, err) ||
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
    if (flags->name) {
        snprintf(run->name, sizeof(run->name), "%s", flags->name);
    } else {
        eg_repo_name(run->repo, run->name, sizeof(run->name));
    }
    eg_progress_begin(&run->progress, "commits");
    return EG_OK;
}

static void end(struct run *run) {
    eg_mosaic_free(run->mosaic);
    eg_mosaic_reader_free(run->cells);
    eg_delta_reader_free(run->reader);
    eg_policy_free(run->weights);
    git_repository_free(run->repo);
    free(run->commits);
}

static eg_status add_commit(struct run *run, const git_oid *oid, struct eg_err *err) {
    if (run->n_commits == run->room) {
        size_t room = run->room ? run->room * 2 : 256;
        git_oid *grown = realloc(run->commits, room * sizeof(*grown));
        if (!grown) {
            return out_of_memory(err);
        }
        run->commits = grown;
        run->room = room;
    }
    run->commits[run->n_commits++] = *oid;
    return EG_OK;
}

/* Without --from and --all: the commit alone, a merge's too. */
static eg_status list_commits(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    git_revwalk *walk = NULL;
    git_oid oid;
    if (!flags->from && !flags->all) {
        return add_commit(run, &run->to.oid, err);
    }
    int code = git_revwalk_new(&walk, run->repo);
    code = code ? code : git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
    code = code ? code : git_revwalk_push(walk, &run->to.oid);
    code = code || !run->has_base ? code : git_revwalk_hide(walk, &run->base.oid);
    eg_status status = EG_OK;
    while (status == EG_OK && code == 0 && (code = git_revwalk_next(&oid, walk)) == 0) {
        status = add_commit(run, &oid, err);
    }
    git_revwalk_free(walk);
    return status ? status : code == GIT_ITEROVER ? EG_OK : eg_err_set(err, EG_E_USAGE, NULL, "the history cannot be read");
}

typedef eg_status (*take_change)(struct run *run, const struct eg_mosaic_said *said, const struct eg_commit_info *to, struct eg_err *err);

static eg_status with_change(struct run *run, const struct eg_commit_info *base, const struct eg_commit_info *to, take_change take,
                             struct eg_err *err) {
    const struct eg_delta *delta;
    const struct eg_tokens *tokens;
    struct eg_mosaic_delta change = {0};
    size_t left_out;
    if (eg_delta_read(run->reader, base ? &base->oid : NULL, &to->oid, &delta, &tokens, err) ||
        eg_mosaic_read(run->cells, &to->oid, run->mosaic, &left_out, err)) {
        return EG_FAIL;
    }
    run->incomplete += left_out > 0 || delta->degraded;
    struct eg_mosaic_said said = {run->mosaic, &change, tokens, run->how.metric, run->name, to->sha, base ? base->sha : NULL};
    eg_status status = eg_mosaic_delta(run->repo, run->mosaic, delta, tokens, run->how.metric, &change, err);
    status = status ? status : take(run, &said, to, err);
    eg_mosaic_delta_free(&change);
    return status;
}

static eg_status post(struct run *run, const struct eg_mosaic_said *said, const struct eg_commit_info *to, struct eg_err *err) {
    eg_mosaic_payload(&run->payload, said);
    eg_index_event(&run->event, "delta.mosaic@v1", to->time_s, to->sha, &run->payload);
    if (run->payload.failed || run->event.failed) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "an event does not fit into memory");
    }
    return eg_sink_put(run->sink, run->event.data, run->event.len, err);
}

static eg_status post_all(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    struct eg_sink_config config = {.out = flags->out, .server = flags->server, .token_file = flags->token_file};
    struct eg_err closing = {0};
    if (eg_sink_open(&config, &run->sink, err)) {
        return EG_FAIL;
    }
    eg_status status = EG_OK;
    for (size_t i = 0; status == EG_OK && i < run->n_commits; i++) {
        struct eg_commit_info commit, parent;
        status = eg_repo_commit_of(run->repo, &run->commits[i], &commit, err);
        bool has_parent = status == EG_OK && commit.n_parents > 0;
        status = has_parent ? eg_repo_commit_of(run->repo, &commit.parent, &parent, err) : status;
        status = status ? status : with_change(run, has_parent ? &parent : NULL, &commit, post, err);
        eg_progress_tell(&run->progress, i + 1, run->n_commits);
    }
    if (eg_sink_close(run->sink, &run->sum, &closing) && status == EG_OK) {
        *err = closing;
        status = EG_FAIL;
    }
    return status;
}

static eg_status write_file(const struct eg_buf *bytes, const char *folder, const char *name, struct eg_err *err) {
    char path[1200];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    bool good = file && fwrite(bytes->data, 1, bytes->len, file) == bytes->len;
    good = file && fclose(file) == 0 && good;
    return good ? EG_OK : eg_err_set(err, EG_E_USAGE, path, "it cannot be written: %s", strerror(errno));
}

static eg_status write_artefacts(struct run *run, const struct eg_mosaic_said *said, const struct eg_commit_info *to, struct eg_err *err) {
    const char *folder = run->command->flags.out;
    (void)to;
    eg_mosaic_map(&run->payload, said);
    if (run->payload.failed || !eg_mosaic_picture(&run->event, said->mosaic, said->delta)) {
        return out_of_memory(err);
    }
    eg_status status = write_file(&run->payload, folder, "mosaic_map.json", err);
    return status ? status : write_file(&run->event, folder, EG_MOSAIC_PICTURE, err);
}

static eg_status index_range(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    if (begin(run, err) || list_commits(run, err) || post_all(run, err)) {
        return EG_FAIL;
    }
    if (flags->out && with_change(run, run->has_base ? &run->base : NULL, &run->to, write_artefacts, err)) {
        return EG_FAIL;
    }
    char fields[120];
    snprintf(fields, sizeof(fields), ",\"commits\":%zu,\"files\":%zu,\"incomplete\":%zu", run->n_commits, run->mosaic->n_files,
             run->incomplete);
    eg_progress_sum(&run->progress, "mosaic", run->to.sha, fields, &run->sum);
    return flags->strict && run->incomplete
               ? eg_err_set(err, EG_E_INTERNAL, NULL, "--strict: of %zu states not all was read (paths left out, or a degraded delta)",
                            run->incomplete)
               : EG_OK;
}

static eg_status compare(struct run *run, struct eg_err *err) {
    struct eg_index_command *command = run->command;
    if (command->n_words != 1) {
        return eg_err_set(err, EG_E_USAGE, "--compare", "name two files: --compare A B");
    }
    eg_status status = eg_mosaic_compare(command->flags.compare, command->words[0], run->how.metric, &run->payload, err);
    if (status == EG_OK && (run->payload.failed || fwrite(run->payload.data, 1, run->payload.len, stdout) != run->payload.len)) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "the comparison cannot be written");
    }
    return status;
}

int eg_index_mosaic(struct eg_index_command *command) {
    struct run run = {.command = command};
    struct eg_err *err = &command->err;
    eg_buf_init(&run.payload, EG_EVENT_MOST_B * 8); /* a map names every file */
    eg_buf_init(&run.event, EG_EVENT_MOST_B + 4096);
    eg_repo_begin();
    eg_status status = eg_mosaic_policy_load(&command->flags, &run.how, err);
    if (status == EG_OK && !command->flags.compare && command->n_words > 0) {
        status = eg_err_set(err, EG_E_USAGE, command->words[0], "one word too many");
    }
    status = status ? status : command->flags.compare ? compare(&run, err) : index_range(&run, err);
    end(&run);
    eg_repo_end();
    eg_buf_free(&run.payload);
    eg_buf_free(&run.event);
    return status == EG_OK && run.sum.rejected == 0 ? EG_EXIT_OK : err->code == EG_E_USAGE ? EG_EXIT_USAGE : EG_EXIT_FAILED;
}
