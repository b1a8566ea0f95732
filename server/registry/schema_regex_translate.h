/* From the ECMA-262 dialect (Unicode mode) to PCRE2's. */
#ifndef EG_REGISTRY_SCHEMA_REGEX_TRANSLATE_H
#define EG_REGISTRY_SCHEMA_REGEX_TRANSLATE_H

#include <stddef.h>

#include "base/buf.h"

/* Appends the pattern as PCRE2 wants it. NULL when it went well, else what is wrong (a static text). */
const char *eg_regex_translate(struct eg_buf *out, const char *pattern, size_t len);

#endif
