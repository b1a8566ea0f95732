/* Names that stay although their definition went: read from the syntax tree of the file as the commit leaves it. */
#include <string.h>

#include "indexer/gate_files.h"
#include "indexer/lang.h"
#include "indexer/names.h"

struct looking {
    const char *qual;
    bool defined_counts, found;
};

static void look(void *ctx, const struct eg_name *name) {
    struct looking *looking = ctx;
    bool gives = name->what == EG_NAME_VALUE || name->what == EG_NAME_IMPORTED ||
                 (name->what == EG_NAME_DEFINED && looking->defined_counts);
    looking->found = looking->found || (gives && eg_name_is(name, looking->qual));
}

enum eg_alias eg_alias_find(git_repository *repo, const char *sha, const char *path, const char *qual) {
    const struct eg_grammar *grammar = eg_grammar_of_path(path, strlen(path));
    /* Where a definition of the name can be any other, callers find the one that is left; elsewhere it is an overload. */
    bool dynamic = grammar && (grammar->lang->imports == EG_IMPORT_PYTHON || strcmp(grammar->lang->name, "javascript") == 0);
    struct looking looking = {.qual = qual, .defined_counts = dynamic};
    git_commit *commit = NULL;
    git_blob *blob = NULL;
    git_oid oid;
    if (!grammar || !repo || git_oid_fromstr(&oid, sha) || git_commit_lookup(&commit, repo, &oid)) {
        return EG_ALIAS_UNKNOWN;
    }
    enum eg_alias found = EG_ALIAS_NONE;
    if (eg_gate_blob(commit, path, &blob)) {
        bool read = eg_names_each(path, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob), look, &looking);
        found = !read ? EG_ALIAS_UNKNOWN : looking.found ? EG_ALIAS_THERE : EG_ALIAS_NONE;
    }
    git_blob_free(blob);
    git_commit_free(commit);
    return found;
}

bool eg_gate_blob(const git_commit *commit, const char *path, git_blob **blob) {
    git_tree *tree = NULL;
    git_tree_entry *entry = NULL;
    *blob = NULL;
    bool good = git_commit_tree(&tree, commit) == 0 && git_tree_entry_bypath(&entry, tree, path) == 0 &&
                git_tree_entry_type(entry) == GIT_OBJECT_BLOB &&
                git_blob_lookup(blob, git_tree_owner(tree), git_tree_entry_id(entry)) == 0;
    git_tree_entry_free(entry);
    git_tree_free(tree);
    return good;
}
