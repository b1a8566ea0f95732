/* Path routing: a short list of patterns, literals first, each cut into what stands before and behind its parameter. */
#include "server/http/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct eg_router {
    size_t n;
    struct eg_path paths[];
};

static void path_init(struct eg_path *path, const char *pattern) {
    const char *open = strchr(pattern, '{');
    path->pattern = pattern;
    for (int i = 0; i < EG_HTTP_N_METHODS; i++)
        path->route[i] = -1;
    path->prefix_len = open ? (size_t)(open - pattern) : strlen(pattern);
    path->head = false;
    path->suffix = NULL;
    path->suffix_len = 0;
    if (!open)
        return;
    const char *close = strchr(open, '}');
    EG_ASSERT(close && !strchr(close, '{'));
    path->suffix = close + 1;
    path->suffix_len = strlen(close + 1);
}

static struct eg_path *path_of(struct eg_router *router, const char *pattern) {
    for (size_t i = 0; i < router->n; i++)
        if (strcmp(router->paths[i].pattern, pattern) == 0)
            return &router->paths[i];
    struct eg_path *path = &router->paths[router->n++];
    path_init(path, pattern);
    return path;
}

static int literals_first(const void *a, const void *b) {
    const struct eg_path *x = a, *y = b;
    if (!x->suffix != !y->suffix)
        return x->suffix ? 1 : -1;
    return y->prefix_len > x->prefix_len ? 1 : y->prefix_len < x->prefix_len ? -1 : 0;
}

struct eg_router *eg_router_new(const struct eg_route *routes, size_t n) {
    struct eg_router *router = calloc(1, sizeof *router + n * sizeof(struct eg_path));
    if (!router)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct eg_path *path = path_of(router, routes[i].pattern);
        EG_ASSERT(path->route[routes[i].method] < 0);
        path->route[routes[i].method] = (int)i;
        if (routes[i].method == EG_HTTP_GET)
            path->head = !routes[i].flow || !routes[i].flow->no_head;
    }
    qsort(router->paths, router->n, sizeof(struct eg_path), literals_first);
    return router;
}

void eg_router_free(struct eg_router *router) { free(router); }

static bool matches(const struct eg_path *path, const char *raw, size_t len, struct eg_str *param) {
    if (len < path->prefix_len || memcmp(raw, path->pattern, path->prefix_len) != 0)
        return false;
    if (!path->suffix)
        return len == path->prefix_len;
    size_t rest = len - path->prefix_len;
    if (rest <= path->suffix_len || memcmp(raw + len - path->suffix_len, path->suffix, path->suffix_len) != 0)
        return false;
    *param = (struct eg_str){raw + path->prefix_len, rest - path->suffix_len};
    return !memchr(param->p, '/', param->n);
}

const struct eg_path *eg_router_find(const struct eg_router *router, const char *raw, size_t len,
                                     struct eg_str *param) {
    for (size_t i = 0; i < router->n; i++)
        if (matches(&router->paths[i], raw, len, param)) {
            if (!router->paths[i].suffix)
                *param = (struct eg_str){NULL, 0};
            return &router->paths[i];
        }
    return NULL;
}

void eg_path_allow(const struct eg_path *path, char out[EG_HTTP_ALLOW_B]) {
    static const char *const names[EG_HTTP_N_METHODS] = {"GET, ", "POST, ", "PUT, ", "DELETE, "};
    size_t len = 0;
    for (int i = 0; i < EG_HTTP_N_METHODS; i++)
        if (path->route[i] >= 0)
            len += (size_t)snprintf(out + len, EG_HTTP_ALLOW_B - len, "%s%s", names[i],
                                    i == EG_HTTP_GET && path->head ? "HEAD, " : "");
    snprintf(out + len, EG_HTTP_ALLOW_B - len, "OPTIONS");
}
