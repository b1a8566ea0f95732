/* Builds jansson's values from a text that the scanner has passed, several times faster than jansson's own parser, which reads byte by
 * byte through a callback. What is not plain (escapes beyond the short ones, a repeated name, bytes that are no UTF-8) is left
 * to that parser, so there is one judge of what is refused. */
#ifndef EG_EVENT_JSON_BUILD_H
#define EG_EVENT_JSON_BUILD_H

#include <jansson.h>
#include <stddef.h>

/* The value that json_loadb(…, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY) gives, or NULL: ask json_loadb. The text has passed
 * eg_jscan_check, which bounds its depth. The caller owns the value. */
json_t *eg_json_build(const char *text, size_t len);

#endif
