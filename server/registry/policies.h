/* spec/policies: one object a file, found by "file.member.member". */
#ifndef EG_REGISTRY_POLICIES_H
#define EG_REGISTRY_POLICIES_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"

/* An object of all policies by their file's name without .json; the caller owns the reference. A missing folder is an
 * empty object. NULL with the error set. */
json_t *eg_policies_load(const char *spec_dir, struct eg_arena *arena, struct eg_err *err);
json_t *eg_policy_find(const json_t *policies, const char *path); /* "sast.triage.block"; NULL when absent; borrowed */

#endif
