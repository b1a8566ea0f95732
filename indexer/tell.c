/* From what is known of a commit to events of a sink. */
#include "indexer/tell.h"

#include <stdio.h>

#include "base/clock.h"
#include "indexer/delta_event.h"
#include "indexer/event.h"

void eg_tell_begin(struct eg_tell *tell, git_repository *repo, const struct eg_index_flags *flags) {
    *tell = (struct eg_tell){.latest_s = flags->out ? 0 : eg_clock_now_us() / 1000000 + EG_AHEAD_MOST_S};
    eg_buf_init(&tell->payload, EG_EVENT_MOST_B);
    eg_buf_init(&tell->event, EG_EVENT_MOST_B + 4096);
    eg_repo_name(repo, flags->name, tell->name, sizeof(tell->name));
}

bool eg_tell_is_ahead(struct eg_tell *tell, const char *sha, int64_t time_s) {
    bool ahead = tell->latest_s && time_s > tell->latest_s;
    if (ahead && tell->n_ahead++ == 0) {
        snprintf(tell->ahead_sha, sizeof(tell->ahead_sha), "%.40s", sha);
        tell->ahead_s = time_s;
    }
    return ahead;
}

void eg_tell_end(struct eg_tell *tell) {
    if (tell->n_ahead) {
        char time[EG_TIME_TEXT_B];
        eg_time_format(eg_time_of_seconds(tell->ahead_s), time);
        fprintf(stderr, "egdb-index: %zu events were left out: they are of commits dated more than a day ahead (the first is %.12s, of "
                "%.10s), which the server takes when that day has come\n", tell->n_ahead, tell->ahead_sha, time);
    }
    eg_buf_free(&tell->payload);
    eg_buf_free(&tell->event);
}

static eg_status make(struct eg_tell *tell, const char *topic, const struct eg_commit_info *commit, struct eg_err *err) {
    eg_index_event(&tell->event, topic, commit->time_s, commit->sha, &tell->payload);
    bool failed = tell->payload.failed || tell->event.failed;
    return failed ? eg_err_set(err, EG_E_INTERNAL, NULL, "an event does not fit into memory") : EG_OK;
}

eg_status eg_tell_put(struct eg_tell *tell, const char *topic, const struct eg_commit_info *commit, struct eg_err *err) {
    if (eg_tell_is_ahead(tell, commit->sha, commit->time_s)) {
        return EG_OK;
    }
    return make(tell, topic, commit, err) ? EG_FAIL : eg_sink_put(tell->sink, tell->event.data, tell->event.len, err);
}

eg_status eg_tell_put_any(struct eg_tell *tell, const char *topic, const struct eg_commit_info *commit, struct eg_err *err) {
    if (eg_tell_is_ahead(tell, commit->sha, commit->time_s)) {
        return EG_OK;
    }
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
