/* Commits that could not be posted, one sha a line, kept until a server answers. The file is written whole each time, under a lock that is
 * held for that moment only, so that a commit can always be added; whoever posts what waits holds another one. */
#ifndef EG_GIT_SPOOL_H
#define EG_GIT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define EG_SPOOL_MOST 1000
#define EG_SHA_B 65 /* 64 hex digits of SHA-256, and a NUL */

struct eg_spool {
    size_t n;
    char shas[EG_SPOOL_MOST][EG_SHA_B];
};

bool eg_sha_valid(const char *text, size_t len); /* 40 or 64 hex digits in lower case */
/* Makes the file with its folder. *waits: false when the spool is full. err: usage. */
EG_MUST_CHECK eg_status eg_spool_add(const char *path, const char *sha, bool *waits, struct eg_err *err);
/* The right to post, for one process at a time; waits for it so long. -1: another one has it (err is clear), or err: usage. The caller
 * closes it. */
int eg_spool_claim(const char *path, long wait_ms, struct eg_err *err);
/* What waits. malloc, the caller frees it. */
EG_MUST_CHECK eg_status eg_spool_read(const char *path, struct eg_spool **spool, struct eg_err *err);
/* Takes these out; what was added since they were read stays. */
EG_MUST_CHECK eg_status eg_spool_forget(const char *path, const struct eg_spool *told, struct eg_err *err);

#endif
