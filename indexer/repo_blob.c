/* The text of a file, unless there is a reason not to read it: then that is what is known of the file, and no failure. */
#include <string.h>

#include "indexer/facts.h"
#include "indexer/repo_int.h"

/* The size is asked first: a large blob is not read for nothing. */
static bool is_huge(git_repository *repo, const git_oid *oid) {
    git_odb *odb = NULL;
    git_object_t type;
    size_t size_b = 0;
    bool huge = git_repository_odb(&odb, repo) == 0 && git_odb_read_header(&size_b, &type, odb, oid) == 0 && size_b > EG_BLOB_MOST_B;
    git_odb_free(odb);
    return huge;
}

eg_status eg_repo_blob(git_repository *repo, const git_oid *oid, git_blob **blob, const char **skipped, struct eg_err *err) {
    *blob = NULL;
    *skipped = is_huge(repo, oid) ? "huge" : NULL;
    if (*skipped) {
        return EG_OK;
    }
    int code = git_blob_lookup(blob, repo, oid);
    *skipped = code == GIT_ENOTFOUND ? "missing" : NULL;
    return code && code != GIT_ENOTFOUND ? eg_repo_failed(err, EG_E_INTERNAL, NULL) : EG_OK;
}

eg_status eg_facts_skipped(const char *path, const char *why, struct eg_arena *arena, struct eg_facts **facts, struct eg_err *err) {
    *facts = eg_arena_zalloc(arena, sizeof(**facts));
    if (!*facts) {
        return eg_err_set(err, EG_E_INTERNAL, path, "memory is out");
    }
    (*facts)->grammar = eg_grammar_of_path(path, strlen(path));
    (*facts)->skipped = why;
    return EG_OK;
}
