/* What a change did to lines, told by its unified diff. */
#include <stdlib.h>
#include <string.h>

#include "findings/findings.h"

struct block { /* lines that stand together, each taken away or added */
    long first, n_added;
    bool removed;
};

static enum eg_bind touched(const struct block *block, int line, int end_line) {
    bool meets = block->n_added > 0 && line < block->first + block->n_added && end_line >= block->first;
    return !meets ? EG_BIND_UNCHANGED : block->removed ? EG_BIND_MODIFIED : EG_BIND_ADDED;
}

enum eg_bind eg_findings_bind_of_diff(const char *diff, int line, int end_line) {
    enum eg_bind bind = EG_BIND_UNCHANGED;
    struct block block = {0};
    long at = 0; /* of the new file; 0: before the first hunk */
    bool any = false;
    end_line = end_line < line ? line : end_line;
    while (*diff) {
        size_t len = strcspn(diff, "\n");
        const char *plus = *diff == '@' && len > 3 && diff[1] == '@' ? memchr(diff, '+', len) : NULL;
        bool inside = at > 0 && !plus && (*diff == '+' || *diff == '-');
        if (inside && *diff == '+') {
            block.first = block.n_added ? block.first : at;
            block.n_added++;
            at++;
        } else if (inside) {
            block.removed = true;
        } else if (*diff != '\\') {
            enum eg_bind found = touched(&block, line, end_line);
            bind = found > bind ? found : bind;
            block = (struct block){0};
            at = plus ? strtol(plus + 1, NULL, 10) : at ? at + 1 : 0;
            at = plus && at < 1 ? 1 : at;
        }
        any = any || inside;
        diff += len + (diff[len] == '\n');
    }
    enum eg_bind found = touched(&block, line, end_line);
    bind = found > bind ? found : bind;
    return line == 0 ? (any ? EG_BIND_MODIFIED : EG_BIND_UNCHANGED) : bind;
}
