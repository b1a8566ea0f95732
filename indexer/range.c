/* Lists commits by libgit2's walk. */
#include "indexer/range.h"

#include <stdlib.h>

eg_status eg_range_one(struct eg_range *range, const git_oid *commit, struct eg_err *err) {
    if (range->n == range->room) {
        size_t room = range->room ? range->room * 2 : 256;
        git_oid *grown = realloc(range->v, room * sizeof(*grown));
        if (!grown) {
            return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
        }
        range->v = grown;
        range->room = room;
    }
    range->v[range->n++] = *commit;
    return EG_OK;
}

eg_status eg_range_list(git_repository *repo, const git_oid *from, const git_oid *to, struct eg_range *range, struct eg_err *err) {
    git_revwalk *walk = NULL;
    git_oid oid;
    int code = git_revwalk_new(&walk, repo);
    code = code ? code : git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
    code = code ? code : git_revwalk_push(walk, to);
    code = code || !from ? code : git_revwalk_hide(walk, from);
    eg_status status = EG_OK;
    while (status == EG_OK && code == 0 && (code = git_revwalk_next(&oid, walk)) == 0) {
        status = eg_range_one(range, &oid, err);
    }
    git_revwalk_free(walk);
    return status ? status : code == GIT_ITEROVER ? EG_OK : eg_err_set(err, EG_E_USAGE, NULL, "the history cannot be read");
}

void eg_range_free(struct eg_range *range) {
    free(range->v);
    *range = (struct eg_range){0};
}
