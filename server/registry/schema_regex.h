/* Regular expressions of the ECMA-262 dialect (Unicode mode), run by PCRE2 within limits, so that no pattern and no
 * subject can hold the server: a match ends within about 2 ms, with EG_REGEX_LIMIT when it would have taken longer. */
#ifndef EG_REGISTRY_SCHEMA_REGEX_H
#define EG_REGISTRY_SCHEMA_REGEX_H

#include <stddef.h>

struct eg_regex;
struct eg_regex_scratch; /* working memory of one thread; shared by any number of patterns */

enum eg_regex_answer { EG_REGEX_NO = 0, EG_REGEX_YES = 1, EG_REGEX_LIMIT = -1, EG_REGEX_MEMORY = -2 };

/* NULL when the pattern is not one of ECMA-262 or is too large; why (of why_b bytes) then holds a sentence without its
 * end. */
struct eg_regex *eg_regex_new(const char *pattern, size_t len, char *why, size_t why_b);
void eg_regex_free(struct eg_regex *regex);
const char *eg_regex_source(const struct eg_regex *regex); /* the pattern as it was written */

struct eg_regex_scratch *eg_regex_scratch_new(void); /* NULL when memory is out */
void eg_regex_scratch_free(struct eg_regex_scratch *scratch);

/* Whether the pattern matches anywhere in the subject, which must be valid UTF-8. */
enum eg_regex_answer eg_regex_match(const struct eg_regex *regex, struct eg_regex_scratch *scratch, const char *subject,
                                    size_t len);

#endif
