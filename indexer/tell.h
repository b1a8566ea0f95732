/* Events on their way to a sink. The commands tell of commits by these calls, so that a commit gives the same events whichever of them
 * tells of it. */
#ifndef EG_INDEXER_TELL_H
#define EG_INDEXER_TELL_H

#include "base/buf.h"
#include "indexer/history.h"
#include "indexer/mosaic_event.h"
#include "indexer/sink.h"

struct eg_tell {
    struct eg_sink *sink; /* the caller's */
    char name[200];       /* of the repository */
    struct eg_buf payload, event;
};

/* name: as the user wants it; NULL: the last part of the origin's URL, else of the folder. Call eg_tell_end in every case. */
void eg_tell_begin(struct eg_tell *tell, git_repository *repo, const char *name);
void eg_tell_end(struct eg_tell *tell);

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
