/* The nearest of some names to one that is not among them. */
#ifndef EGQL_SUGGEST_H
#define EGQL_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

/* Feed every candidate; best is the nearest one that is near enough to be meant, or NULL. Letters' case counts for
 * little. */
struct egql_suggest {
    const char *word;
    size_t len;
    const char *best;
    size_t distance;
};
void egql_suggest_try(struct egql_suggest *suggest, const char *candidate);

#endif
