/* Parsed JSON as text. jansson's own dump spells 0.1 as 0.10000000000000001, which jsonb would keep and people would read; here a double
 * is as short as it reads back. */
#ifndef EG_REGISTRY_JSON_WRITE_H
#define EG_REGISTRY_JSON_WRITE_H

#include <jansson.h>

#include "base/buf.h"

/* Depth is bounded by what the parser was let read. */
void eg_json_write(struct eg_buf *buf, json_t *json);
void eg_json_write_indented(struct eg_buf *buf, json_t *json); /* for people: a member a line, two spaces a level */

#endif
