/* Regular expressions with one meaning on both stores: what PostgreSQL's ARE and PCRE2 both know, by a white list. */
#ifndef EGQL_REGEX_H
#define EGQL_REGEX_H

#include "base/arena.h"
#include "base/value.h"

struct egql_regex_wrong {
    size_t at, length; /* bytes of the pattern */
    const char *message;
};

/* translated: the pattern as both stores read it alike, in the arena (or the pattern itself). False with wrong set. */
bool egql_regex_check(const char *pattern, size_t len, struct eg_arena *arena, struct eg_str *translated,
                      struct egql_regex_wrong *wrong);

#endif
