/* Reads what `git log -z --raw --numstat [--patch --full-index]` writes, in pieces of any size, one commit in memory at a
 * time. */
#ifndef EG_GIT_LOG_READ_H
#define EG_GIT_LOG_READ_H

#include "git/log.h"

#define EG_LOG_FORMAT "--format=%x01%H%x00%P%x00%an <%ae>%x00%at%x00%ct%x00%B"

struct eg_log_reader;

struct eg_log_reading {
    eg_commit_take take;
    void *ctx;
    const char *shallow; /* the file with the commits at a shallow clone's edge, which need not be there; NULL: none */
    size_t *edge;        /* grows by those that were left out */
    bool with_diff;
};

struct eg_log_reader *eg_log_reader_new(const struct eg_log_reading *reading); /* NULL when memory is out */
void eg_log_reader_free(struct eg_log_reader *reader);                         /* NULL is fine */
/* err: what take said; usage, when that is no such output; internal, beyond the bounds. No more is fed then. */
EG_MUST_CHECK eg_status eg_log_reader_feed(struct eg_log_reader *reader, const char *bytes, size_t n, struct eg_err *err);
EG_MUST_CHECK eg_status eg_log_reader_end(struct eg_log_reader *reader, struct eg_err *err); /* the last commit is told */
bool eg_log_reader_odd(const struct eg_log_reader *reader); /* it failed for what the output says, not for take */

#endif
