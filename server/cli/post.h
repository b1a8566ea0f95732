/* What the two kinds of `egdb post` share: events from files, and commits from git. */
#ifndef EG_CLI_POST_H
#define EG_CLI_POST_H

#include <stdio.h>

#include "base/err.h"
#include "git/event.h"
#include "server/cli/poster.h"

/* Every event of the stream: one JSON document (an event or an array of events), or NDJSON. err as eg_poster_add's;
 * json_invalid for an array whose structure is broken, body_too_large for a line or document past 64 MiB. */
EG_MUST_CHECK eg_status eg_post_stream(struct eg_poster *poster, FILE *stream, const char *name, struct eg_err *err);

struct eg_post_git {
    const char *folder;
    struct eg_git_source source;
    const char *commit; /* one sha; NULL: the whole history */
    const char *spool;  /* with commit: a file of shas that could not be posted yet; NULL: none */
    long wait_ms; /* for another one that posts from the same spool */
    bool with_diff; /* source has secrets then */
};
EG_MUST_CHECK eg_status eg_post_git(struct eg_poster *poster, const struct eg_post_git *post, struct eg_err *err);

#endif
