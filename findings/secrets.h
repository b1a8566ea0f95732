/* Secrets in texts, told by the patterns of spec/policies/secrets.json. A pattern may name literals of which every match holds one: texts
 * without any of them, nearly all, cost one pass. Once made it is not changed, and may be used by several threads. */
#ifndef EG_FINDINGS_SECRETS_H
#define EG_FINDINGS_SECRETS_H

#include <jansson.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define EG_REDACTED "_redacted" /* stands in the place of what was found */

/* Steps of one match: where a thread of its own works, and on the loop, which has less time. */
#define EG_SECRETS_STEPS 1000000
#define EG_SECRETS_STEPS_LOOP 100000

struct eg_secrets;

/* policy: of secrets.json, NULL for none; it is not kept. most_steps: of one match; beyond, it counts as found. config_invalid: a pattern
 * is wrong. The caller frees it. */
EG_MUST_CHECK eg_status eg_secrets_new(const json_t *policy, uint32_t most_steps, struct eg_secrets **secrets, struct eg_err *err);
void eg_secrets_free(struct eg_secrets *secrets); /* NULL is fine */

/* Whether a string of this JSON text may hold a secret: false is sure. */
bool eg_secrets_in_json(const struct eg_secrets *secrets, const char *json, size_t len);
/* The name of the first pattern that finds something in the text, or gives up on it; NULL: none does. */
const char *eg_secrets_find(const struct eg_secrets *secrets, const char *text, size_t len);
/* Tells of each place where a pattern finds something, one pattern after the other: places may overlap. */
typedef void (*eg_secrets_place)(void *ctx, size_t from, size_t to);
void eg_secrets_each(const struct eg_secrets *secrets, const char *text, size_t len, eg_secrets_place take, void *ctx);
/* Adds the text to out with EG_REDACTED in place of whatever the patterns find. False: nothing was found. */
bool eg_secrets_redact(const struct eg_secrets *secrets, const char *text, size_t len, struct eg_buf *out);

#endif
