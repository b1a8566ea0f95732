/* What a commit did: its Δ tokens, their fingerprint, and where they act on the mosaic. */
#include "indexer/stage.h"

#include <stdio.h>

eg_status eg_change_stage_begin(struct eg_change_stage *stage, const struct eg_index_flags *flags, git_repository *repo,
                                struct eg_err *err) {
    *stage = (struct eg_change_stage){.repo = repo};
    return eg_mosaic_policy_load(flags, &stage->how, err) || eg_policy_load(flags->spec, &stage->weights, err) ||
                   eg_delta_reader_new(repo, stage->weights, &stage->reader, err) ||
                   eg_mosaic_reader_new(repo, &stage->cells, err) ||
                   eg_mosaic_new(stage->how.rows, stage->how.cols, &stage->mosaic, err)
               ? EG_FAIL
               : EG_OK;
}

eg_status eg_change_stage_lay(struct eg_change_stage *stage, const char *name, const struct eg_stage_change *change, eg_change_take take,
                              void *ctx, struct eg_err *err) {
    struct eg_mosaic_delta laid = {0};
    size_t left_out;
    if (eg_mosaic_read(stage->cells, &change->to->oid, stage->mosaic, &left_out, err)) {
        return EG_FAIL;
    }
    stage->incomplete += left_out > 0 || change->delta->degraded;
    struct eg_mosaic_said said = {stage->mosaic, &laid, change->tokens, stage->how.metric, name, change->to->sha, change->base};
    eg_status status = eg_mosaic_delta(stage->repo, stage->mosaic, change->delta, change->tokens, stage->how.metric, &laid, err);
    status = status ? status : take(ctx, &said, change->to, err);
    eg_mosaic_delta_free(&laid);
    return status;
}

static eg_status put(void *ctx, const struct eg_mosaic_said *said, const struct eg_commit_info *to, struct eg_err *err) {
    return eg_tell_mosaic(ctx, said, to, err);
}

eg_status eg_change_stage_tell(struct eg_change_stage *stage, struct eg_tell *tell, const struct eg_history_step *step,
                               struct eg_err *err) {
    char base[GIT_OID_HEXSZ + 1];
    bool has_base = step->commit->n_parents > 0;
    if (eg_tell_tokens(tell, step, err)) {
        return EG_FAIL;
    }
    if (has_base) {
        git_oid_tostr(base, sizeof(base), &step->commit->parent);
    }
    stage->commits++;
    stage->tokens += step->tokens->n;
    struct eg_stage_change change = {step->commit, has_base ? base : NULL, step->delta, step->tokens};
    return eg_change_stage_without(stage, step->commit, eg_change_stage_lay(stage, tell->name, &change, put, tell, err), err);
}

eg_status eg_change_stage_without(struct eg_change_stage *stage, const struct eg_commit_info *commit, eg_status status,
                                  struct eg_err *err) {
    if (status == EG_OK || err->code != EG_E_NOT_FOUND) {
        return status;
    }
    eg_err_clear(err);
    eg_repo_lacks(&stage->lacking, &commit->oid);
    stage->incomplete++;
    return EG_OK;
}

void eg_change_stage_end(struct eg_change_stage *stage) {
    if (stage->lacking.n) {
        fprintf(stderr, "egdb-index: the mosaics of %zu commits are left out, as " EG_REPO_LACKING, stage->lacking.n, stage->lacking.first);
    }
    eg_mosaic_free(stage->mosaic);
    eg_mosaic_reader_free(stage->cells);
    eg_delta_reader_free(stage->reader);
    eg_policy_free(stage->weights);
}
