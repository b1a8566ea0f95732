/* The declarations of spec/ that the indexer reads. */
#ifndef EG_INDEXER_SPEC_H
#define EG_INDEXER_SPEC_H

#include <jansson.h>

#include "base/err.h"

#define EG_SPEC_PATH_B 4096 /* as long as the system takes */

/* Where spec/policies/<name>.json is, whether or not it is there. folder as below. err: usage, when the path is too long. */
EG_MUST_CHECK eg_status eg_spec_path(const char *folder, const char *name, char out[EG_SPEC_PATH_B], struct eg_err *err);
/* spec/policies/<name>.json; the caller decrefs it. folder: of the declarations; NULL: what was installed with the program,
 * else ./spec. err: config_invalid. */
EG_MUST_CHECK eg_status eg_spec_policy(const char *folder, const char *name, json_t **policy, struct eg_err *err);

#endif
