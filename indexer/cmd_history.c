/* `history`: the Δ tokens and the energy of each commit of a range as events. `delta`: those of a range as a whole, as a report. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "indexer/command.h"
#include "indexer/delta_event.h"
#include "indexer/gating.h"
#include "indexer/history.h"
#include "indexer/progress.h"
#include "indexer/range.h"
#include "indexer/tell.h"

struct run {
    struct eg_index_command *command;
    git_repository *repo;
    struct eg_policy *policy;
    struct eg_delta_reader *reader;
    struct eg_energies *energies;
    struct eg_tell tell;
    struct eg_sink_sum sum;
    struct eg_progress progress;
    size_t commits, tokens;
};

static eg_status begin(struct run *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    eg_repo_begin();
    if (eg_repo_open(flags->repo ? flags->repo : ".", &run->repo, err) || eg_policy_load(flags->spec, &run->policy, err) ||
        eg_delta_reader_new(run->repo, run->policy, &run->reader, err)) {
        return EG_FAIL;
    }
    eg_tell_begin(&run->tell, run->repo, flags);
    run->energies = eg_energies_new();
    eg_progress_begin(&run->progress, "commits");
    return run->energies ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
}

static void end(struct run *run) {
    eg_energies_free(run->energies);
    eg_delta_reader_free(run->reader);
    eg_policy_free(run->policy);
    git_repository_free(run->repo);
    eg_repo_end();
    eg_tell_end(&run->tell);
}

static eg_status take_commit(void *ctx, const struct eg_history_step *step, struct eg_err *err) {
    struct run *run = ctx;
    eg_progress_tell(&run->progress, step->done, step->of);
    if (!step->wanted) {
        return EG_OK;
    }
    run->commits++;
    run->tokens += step->tokens->n;
    return eg_tell_tokens(&run->tell, step, err);
}

static eg_status is_own(struct run *run, const git_oid *from, const git_oid *to, struct eg_err *err) {
    struct eg_range range = {0};
    eg_status status = eg_range_list(run->repo, from, to, &range, err);
    status = status || range.n == 0 ? status : eg_gating_is_own(run->command, run->tell.name, &range.v[0], to, err);
    eg_range_free(&range);
    return status;
}

static eg_status walk(struct run *run, struct eg_commit_info *to, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    struct eg_sink_config config = {.out = flags->out, .server = flags->server, .token_file = flags->token_file};
    struct eg_commit_info from;
    struct eg_err closing = {0};
    if (eg_repo_commit(run->repo, flags->to ? flags->to : "HEAD", to, err) ||
        (flags->from && eg_repo_commit(run->repo, flags->from, &from, err)) ||
        is_own(run, flags->from ? &from.oid : NULL, &to->oid, err) || eg_sink_open(&config, &run->tell.sink, err)) {
        return EG_FAIL;
    }
    eg_status status = eg_history_walk(run->repo, run->reader, run->energies, flags->from ? &from.oid : NULL, &to->oid,
                                       take_commit, run, err);
    if (eg_sink_close(run->tell.sink, &run->sum, &closing) && status == EG_OK) {
        *err = closing;
        status = EG_FAIL;
    }
    return status;
}

static int exit_code(const struct run *run, eg_status status) {
    return status == EG_OK && run->sum.rejected == 0 ? EG_EXIT_OK : run->command->err.code == EG_E_USAGE ? EG_EXIT_USAGE : EG_EXIT_FAILED;
}

int eg_index_history(struct eg_index_command *command) {
    struct run run = {.command = command};
    struct eg_commit_info to;
    eg_status status = begin(&run, &command->err);
    status = status ? status : walk(&run, &to, &command->err);
    if (status == EG_OK) {
        char fields[80];
        snprintf(fields, sizeof(fields), ",\"commits\":%zu,\"tokens\":%zu", run.commits, run.tokens);
        eg_progress_sum(&run.progress, "history", to.sha, fields, &run.sum);
        eg_gating_unfreeze(command, run.tell.name);
    }
    end(&run);
    return exit_code(&run, status);
}

static eg_status write_report(const struct eg_buf *report, const char *path, struct eg_err *err) {
    if (path) {
        return eg_file_write(path, report->data, report->len, err);
    }
    bool good = fwrite(report->data, 1, report->len, stdout) == report->len && fflush(stdout) == 0;
    return good ? EG_OK : eg_err_set(err, EG_E_USAGE, NULL, "standard output cannot be written: %s", strerror(errno));
}

/* Without the past the scales of all modules are 1. */
static eg_status reckon(struct run *run, const git_oid *from, const git_oid *to, struct eg_history_change *change, struct eg_err *err) {
    if (!run->command->flags.no_past) {
        return eg_history_change(run->repo, run->reader, from, to, change, err);
    }
    *change = (struct eg_history_change){0};
    eg_status status = eg_delta_read(run->reader, from, to, &change->delta, &change->tokens, err);
    return status ? status : eg_energy_of(run->energies, NULL, change->tokens, &change->energy, err);
}

static eg_status report(struct run *run, const git_oid *from, const git_oid *to, const char *range, struct eg_err *err) {
    struct eg_history_change change;
    eg_status status = reckon(run, from, to, &change, err);
    if (status == EG_OK) {
        eg_delta_report(&run->tell.payload, change.tokens, &change.energy, change.delta->degraded, range);
        status = run->tell.payload.failed ? eg_err_set(err, EG_E_INTERNAL, NULL, "the report does not fit into memory")
                                     : write_report(&run->tell.payload, run->command->flags.out_file, err);
    }
    free(change.energy.modules);
    return status;
}

/* The commit before a first one is the empty state. */
static eg_status left_of(git_repository *repo, const char *rev, struct eg_commit_info *from, bool *nothing, struct eg_err *err) {
    char of[300];
    struct eg_err ignored = {0};
    struct eg_commit_info commit;
    size_t n = strlen(rev);
    snprintf(of, sizeof(of), "%.*s", (int)(n > 0 && rev[n - 1] == '^' ? n - 1 : 0), rev);
    *nothing = *of && eg_repo_commit(repo, of, &commit, &ignored) == EG_OK && commit.n_parents == 0;
    return *nothing ? EG_OK : eg_repo_commit(repo, rev, from, err);
}

int eg_index_delta(struct eg_index_command *command) {
    struct run run = {.command = command};
    struct eg_commit_info from, to;
    char left[300] = "HEAD^";
    bool nothing = false;
    const char *range = command->flags.range ? command->flags.range : "HEAD^..HEAD", *dots = strstr(range, "..");
    eg_status status = begin(&run, &command->err);
    if (status == EG_OK && (!dots || dots == range || (size_t)(dots - range) >= sizeof(left))) {
        status = eg_err_set(&command->err, EG_E_USAGE, range, "a range is written A..B");
    }
    if (status == EG_OK) {
        snprintf(left, sizeof(left), "%.*s", (int)(dots - range), range);
        status = left_of(run.repo, left, &from, &nothing, &command->err);
        status = status ? status : eg_repo_commit(run.repo, dots[2] ? dots + 2 : "HEAD", &to, &command->err);
    }
    status = status ? status : report(&run, nothing ? NULL : &from.oid, &to.oid, range, &command->err);
    end(&run);
    return exit_code(&run, status);
}
