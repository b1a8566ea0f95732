/* Which route a path belongs to. Patterns have at most one {name}, which stands for one non-empty segment; a literal
 * path wins over a pattern. */
#ifndef EG_HTTP_ROUTE_H
#define EG_HTTP_ROUTE_H

#include "base/value.h"
#include "server/http/http.h"

#define EG_HTTP_ALLOW_B 64

struct eg_path {
    const char *pattern;
    size_t prefix_len;  /* of the literal before {name}, or of all of it */
    const char *suffix; /* the literal behind {name}; NULL without a parameter */
    size_t suffix_len;
    int route[EG_HTTP_N_METHODS]; /* index into the routes, −1 without */
    bool head;                    /* GET's flow answers HEAD too */
};

struct eg_router;

/* NULL when memory is out. Routes are not kept; their patterns are. A pattern with two parameters, or a route given
 * twice, is a bug. */
struct eg_router *eg_router_new(const struct eg_route *routes, size_t n);
void eg_router_free(struct eg_router *router);
/* raw: the path as it came, still percent-encoded. NULL when unknown; *param is what stood for {name}, .p NULL without.
 */
const struct eg_path *eg_router_find(const struct eg_router *router, const char *raw, size_t len, struct eg_str *param);
/* "GET, HEAD, OPTIONS" */
void eg_path_allow(const struct eg_path *path, char out[EG_HTTP_ALLOW_B]);

#endif
