/* From what is known of a commit to events of a sink. */
#include "indexer/tell.h"

#include <stdio.h>

#include "indexer/delta_event.h"
#include "indexer/event.h"

void eg_tell_begin(struct eg_tell *tell, git_repository *repo, const char *name) {
    *tell = (struct eg_tell){0};
    eg_buf_init(&tell->payload, EG_EVENT_MOST_B);
    eg_buf_init(&tell->event, EG_EVENT_MOST_B + 4096);
    if (name) {
        snprintf(tell->name, sizeof(tell->name), "%s", name);
    } else {
        eg_repo_name(repo, tell->name, sizeof(tell->name));
    }
}

void eg_tell_end(struct eg_tell *tell) {
    eg_buf_free(&tell->payload);
    eg_buf_free(&tell->event);
}

static eg_status make(struct eg_tell *tell, const char *topic, const struct eg_commit_info *commit, struct eg_err *err) {
    eg_index_event(&tell->event, topic, commit->time_s, commit->sha, &tell->payload);
    bool failed = tell->payload.failed || tell->event.failed;
    return failed ? eg_err_set(err, EG_E_INTERNAL, NULL, "an event does not fit into memory") : EG_OK;
}

eg_status eg_tell_put(struct eg_tell *tell, const char *topic, const struct eg_commit_info *commit, struct eg_err *err) {
    return make(tell, topic, commit, err) ? EG_FAIL : eg_sink_put(tell->sink, tell->event.data, tell->event.len, err);
}

eg_status eg_tell_put_any(struct eg_tell *tell, const char *topic, const struct eg_commit_info *commit, struct eg_err *err) {
    return make(tell, topic, commit, err) ? EG_FAIL : eg_sink_put_any(tell->sink, tell->event.data, tell->event.len, err);
}

eg_status eg_tell_tokens(struct eg_tell *tell, const struct eg_history_step *step, struct eg_err *err) {
    eg_status status = EG_OK;
    for (size_t first = 0; status == EG_OK && first < step->tokens->n; first += EG_TOKENS_AN_EVENT) {
        eg_delta_payload(&tell->payload, step->tokens, first, tell->name, step->commit->sha);
        status = eg_tell_put(tell, "delta.tokens@v1", step->commit, err);
    }
    if (status == EG_OK) {
        eg_fingerprint_payload(&tell->payload, step->tokens, step->energy, step->delta->degraded, tell->name, step->commit->sha);
        status = eg_tell_put(tell, "delta.fingerprint@v1", step->commit, err);
    }
    return status;
}

eg_status eg_tell_mosaic(struct eg_tell *tell, const struct eg_mosaic_said *said, const struct eg_commit_info *commit,
                         struct eg_err *err) {
    eg_mosaic_payload(&tell->payload, said);
    return eg_tell_put(tell, "delta.mosaic@v1", commit, err);
}
