/* Commits that could not be posted, one sha a line, kept until a server answers. The file is locked while it is open.
 */
#ifndef EG_GIT_SPOOL_H
#define EG_GIT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define EG_SPOOL_MOST 1000
#define EG_SHA_B 65 /* 64 hex digits of SHA-256, and a NUL */

struct eg_spool {
    int fd;
    size_t n;
    char shas[EG_SPOOL_MOST][EG_SHA_B];
};

bool eg_sha_valid(const char *text, size_t len); /* 40 or 64 hex digits in lower case */
/* Makes the file with its folder. err: usage. */
EG_MUST_CHECK eg_status eg_spool_open(const char *path, struct eg_spool **spool, struct eg_err *err);
/* Known already: nothing happens. False when the spool is full. */
bool eg_spool_add(struct eg_spool *spool, const char *sha);
/* Writes what shas[] holds, and closes. */
EG_MUST_CHECK eg_status eg_spool_save(struct eg_spool *spool, struct eg_err *err);

#endif
