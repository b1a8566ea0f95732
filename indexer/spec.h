/* The declarations of spec/ that the indexer reads. */
#ifndef EG_INDEXER_SPEC_H
#define EG_INDEXER_SPEC_H

#include <jansson.h>

#include "base/err.h"

/* Where spec/policies/<name>.json is, whether or not it is there. folder as below. */
void eg_spec_path(const char *folder, const char *name, char *out, size_t size_b);
/* spec/policies/<name>.json; the caller decrefs it. folder: of the declarations; NULL: ./spec, else what was installed with the
 * program. err: config_invalid. */
EG_MUST_CHECK eg_status eg_spec_policy(const char *folder, const char *name, json_t **policy, struct eg_err *err);

#endif
