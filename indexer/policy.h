/* spec/policies/tokens.json: what tokens weigh. */
#ifndef EG_INDEXER_POLICY_H
#define EG_INDEXER_POLICY_H

#include "base/err.h"
#include "indexer/token.h"

struct eg_policy;

/* folder: of the declarations; NULL: ./spec, else what was installed with the program. err: config_invalid. */
EG_MUST_CHECK eg_status eg_policy_load(const char *folder, struct eg_policy **policy, struct eg_err *err);
void eg_policy_free(struct eg_policy *policy);
/* By kind (ΔTESTS by its sign), module, path, and whether it is public. */
double eg_policy_weight(const struct eg_policy *policy, const struct eg_token *token);

#endif
