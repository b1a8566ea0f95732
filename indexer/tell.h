/* Events on their way to a sink. The commands tell of commits by these calls, so that a commit gives the same events whichever of them
 * tells of it. */
#ifndef EG_INDEXER_TELL_H
#define EG_INDEXER_TELL_H

#include "base/buf.h"
#include "indexer/command.h"
#include "indexer/history.h"
#include "indexer/mosaic_event.h"
#include "indexer/sink.h"

struct eg_tell {
    struct eg_sink *sink; /* the caller's */
    char name[200];       /* of the repository */
    struct eg_buf payload, event;
    int64_t latest_s;     /* what is dated later no server takes; 0: no server is meant */
    size_t n_ahead;       /* events that were left out for it */
    char ahead_sha[GIT_OID_HEXSZ + 1]; /* the first */
    int64_t ahead_s;
};

/* Call eg_tell_end in every case. */
void eg_tell_begin(struct eg_tell *tell, git_repository *repo, const struct eg_index_flags *flags);
void eg_tell_end(struct eg_tell *tell); /* says what was left out */
/* Whether a commit of this time is left out; then it is counted. A server takes it when the day has come. */
bool eg_tell_is_ahead(struct eg_tell *tell, const char *sha, int64_t time_s);

/* An event around tell->payload, at the commit's time. err: that of the sink; internal. */
EG_MUST_CHECK eg_status eg_tell_put(struct eg_tell *tell, const char *topic, const struct eg_commit_info *commit, struct eg_err *err);
/* The same, of an event that others of its kind may overtake. */
EG_MUST_CHECK eg_status eg_tell_put_any(struct eg_tell *tell, const char *topic, const struct eg_commit_info *commit,
                                        struct eg_err *err);
/* delta.tokens@v1, as many as the tokens need, and delta.fingerprint@v1. */
EG_MUST_CHECK eg_status eg_tell_tokens(struct eg_tell *tell, const struct eg_history_step *step, struct eg_err *err);
/* delta.mosaic@v1; said->repo is tell->name. */
EG_MUST_CHECK eg_status eg_tell_mosaic(struct eg_tell *tell, const struct eg_mosaic_said *said, const struct eg_commit_info *commit,
                                       struct eg_err *err);

#endif
