/* What a commit did: its Δ tokens, their fingerprint, and where they act on the mosaic. */
#include "indexer/stage.h"

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

eg_status eg_change_stage_tell(struct eg_change_stage *stage, struct eg_tell *tell, const struct eg_history_step *step,
                               struct eg_err *err) {
    struct eg_mosaic_delta change = {0};
    char base[GIT_OID_HEXSZ + 1] = "";
    size_t left_out;
    if (eg_tell_tokens(tell, step, err) || eg_mosaic_read(stage->cells, &step->commit->oid, stage->mosaic, &left_out, err)) {
        return EG_FAIL;
    }
    if (step->commit->n_parents > 0) {
        git_oid_tostr(base, sizeof(base), &step->commit->parent);
    }
    stage->commits++;
    stage->tokens += step->tokens->n;
    struct eg_mosaic_said said = {stage->mosaic, &change, step->tokens, stage->how.metric, tell->name, step->commit->sha,
                                  *base ? base : NULL};
    eg_status status = eg_mosaic_delta(stage->repo, stage->mosaic, step->delta, step->tokens, stage->how.metric, &change, err);
    status = status ? status : eg_tell_mosaic(tell, &said, step->commit, err);
    eg_mosaic_delta_free(&change);
    return status;
}

void eg_change_stage_end(struct eg_change_stage *stage) {
    eg_mosaic_free(stage->mosaic);
    eg_mosaic_reader_free(stage->cells);
    eg_delta_reader_free(stage->reader);
    eg_policy_free(stage->weights);
}
