/* JSON text as jsonb writes it: members sorted by length and then by bytes, the last of equal names, numbers without
 * exponent. The text that is read has passed a parser; what has not gives some text, never a fault. For db_sqlite_*
 * alone. */
#ifndef EG_DB_DB_SQLITE_JSONB_H
#define EG_DB_DB_SQLITE_JSONB_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/value.h"

#define EG_JSONB_MOST_B (64U << 20)

/* by_value: numbers lose the zeros at their end, so that equal values become equal texts. */
void eg_jsonb_write(struct eg_str json, bool by_value, struct eg_buf *out);
void eg_jsonb_unescape(struct eg_str quoted, struct eg_buf *out); /* the text of a string */
/* The value at a path step: a member's, or an element's. False when there is none. */
bool eg_jsonb_step(struct eg_str json, const char *name, struct eg_str *value);
struct eg_str eg_jsonb_trim(const char *json, size_t len); /* without the white space around it */

#endif
