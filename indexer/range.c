/* Lists commits by libgit2's walk; those of a shallow clone by git's, since libgit2 does not know where such a one ends. */
#include "indexer/range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "git/run.h"
#include "indexer/repo_int.h"

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

static eg_status read_lines(FILE *file, struct eg_range *range, struct eg_err *err) {
    char line[GIT_OID_HEXSZ + 2];
    git_oid oid;
    eg_status status = EG_OK;
    while (status == EG_OK && fgets(line, sizeof(line), file)) {
        status = git_oid_fromstrn(&oid, line, strcspn(line, "\n")) ? eg_err_set(err, EG_E_INTERNAL, NULL, "git rev-list cannot be read")
                                                                   : eg_range_one(range, &oid, err);
    }
    return status;
}

static eg_status ask_git(git_repository *repo, const git_oid *from, const git_oid *to, struct eg_range *range, struct eg_err *err) {
    char last[GIT_OID_HEXSZ + 1], hidden[GIT_OID_HEXSZ + 2] = "^";
    const char *words[] = {"rev-list", "--topo-order", "--reverse", git_oid_tostr(last, sizeof(last), to), from ? hidden : "--",
                           "--",       NULL};
    const char *folder = git_repository_path(repo);
    struct eg_git_view view;
    struct eg_git git;
    words[from ? 6 : 5] = NULL;
    if (from) {
        git_oid_tostr(hidden + 1, sizeof(hidden) - 1, from);
    }
    eg_status status = eg_git_view_make(folder, &view, err);
    status = status ? status : eg_git_start(folder, &view, words, false, &git, err);
    if (status == EG_OK) {
        FILE *file = fdopen(dup(git.out), "r");
        status = file ? read_lines(file, range, err) : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
        if (file) {
            fclose(file);
        }
        bool well = eg_git_end(&git, status != EG_OK);
        status = status == EG_OK && !well ? eg_err_set(err, EG_E_USAGE, NULL, "git rev-list failed") : status;
    }
    eg_git_view_drop(&view);
    return status;
}

eg_status eg_range_list(git_repository *repo, const git_oid *from, const git_oid *to, struct eg_range *range, struct eg_err *err) {
    git_revwalk *walk = NULL;
    git_oid oid;
    if (git_repository_is_shallow(repo) == 1) {
        return ask_git(repo, from, to, range, err);
    }
    int code = git_revwalk_new(&walk, repo);
    code = code ? code : git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
    code = code ? code : git_revwalk_push(walk, to);
    code = code || !from ? code : git_revwalk_hide(walk, from);
    eg_status status = EG_OK;
    while (status == EG_OK && code == 0 && (code = git_revwalk_next(&oid, walk)) == 0) {
        status = eg_range_one(range, &oid, err);
    }
    git_revwalk_free(walk);
    return status ? status : code == GIT_ITEROVER ? EG_OK : eg_repo_failed(err, EG_E_USAGE, "history");
}

void eg_range_free(struct eg_range *range) {
    free(range->v);
    *range = (struct eg_range){0};
}
