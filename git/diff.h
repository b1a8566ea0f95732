/* Hunks of a diff as they may leave the repository: as text, and without secrets. */
#ifndef EG_GIT_DIFF_H
#define EG_GIT_DIFF_H

#include "base/buf.h"
#include "base/value.h"
#include "findings/secrets.h"

/* The patterns of spec/policies/secrets.json. path: of the file. err: config_invalid. The caller frees it by eg_secrets_free. */
EG_MUST_CHECK eg_status eg_git_secrets_load(const char *path, struct eg_secrets **secrets, struct eg_err *err);

/* Adds the hunks to out. Lines stay lines of the same kind: of a secret that goes over several each is redacted. secrets: may be NULL. */
void eg_git_diff_text(const struct eg_secrets *secrets, struct eg_str diff, struct eg_buf *out);

#endif
