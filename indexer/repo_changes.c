/* What differs between two commits. libgit2 goes through all files of both to find out; here what two trees share is not looked into, so
 * that a small commit costs little in a large repository. Only where a file may be renamed is libgit2 asked, which compares texts. */
#include <stdlib.h>
#include <string.h>

#include "indexer/repo.h"
#include "indexer/repo_int.h"

#define RENAMES_MOST 1000 /* files added and deleted in one commit that are compared with each other */

struct comparing {
    git_repository *repo;
    struct eg_arena *arena;
    struct eg_changes *changes;
    size_t room;
    bool added, deleted;
    bool unclear; /* a file may have been renamed, or is something else now */
    bool deep;    /* there are folders that are not looked into; libgit2 would */
    bool no_memory;
};

static bool is_file(uint32_t mode) { return (mode & 0170000) == 0100000; }

/* One of the two may be NULL. */
static void take_entry(struct comparing *c, const char *folder, const git_tree_entry *old, const git_tree_entry *new) {
    size_t len;
    char *path = eg_repo_join(c->arena, folder, git_tree_entry_name(new ? new : old), &len);
    uint32_t old_mode = old ? git_tree_entry_filemode_raw(old) : 0100000, new_mode = new ? git_tree_entry_filemode_raw(new) : 0100000;
    c->added = c->added || !old;
    c->deleted = c->deleted || !new;
    c->unclear = c->unclear || (c->added && c->deleted) || ((old_mode ^ new_mode) & 0170000 && old && new);
    c->no_memory = c->no_memory || !path;
    if (c->no_memory || !eg_repo_path_fits(path, len)) {
        return;
    }
    if (c->changes->n == c->room) {
        c->room = c->room ? c->room * 2 : 16;
        struct eg_change *grown = realloc(c->changes->v, c->room * sizeof(*grown));
        if (!grown) {
            c->no_memory = true;
            return;
        }
        c->changes->v = grown;
    }
    struct eg_change *change = &c->changes->v[c->changes->n++];
    *change = (struct eg_change){.status = old && new ? 'M' : old ? 'D' : 'A', .path = path, .old_path = old ? path : NULL,
                                 .link = !is_file(old_mode) || !is_file(new_mode)};
    change->oid = new ? *git_tree_entry_id(new) : change->oid;
    change->old_oid = old ? *git_tree_entry_id(old) : change->old_oid;
}

static int compare(struct comparing *c, const char *folder, const git_tree *old, const git_tree *new, int depth);

static int into(struct comparing *c, const char *folder, const git_tree_entry *old, const git_tree_entry *new, int depth) {
    git_tree *old_tree = NULL, *new_tree = NULL;
    size_t len;
    char *path = eg_repo_join(c->arena, folder, git_tree_entry_name(new ? new : old), &len);
    char *inner = path ? eg_repo_join(c->arena, path, "/", &len) : NULL;
    c->no_memory = c->no_memory || !inner;
    c->deep = c->deep || depth == EG_FOLDERS_MOST;
    if (c->no_memory || depth == EG_FOLDERS_MOST) {
        return 0;
    }
    int code = old ? git_tree_lookup(&old_tree, c->repo, git_tree_entry_id(old)) : 0;
    code = code || !new ? code : git_tree_lookup(&new_tree, c->repo, git_tree_entry_id(new));
    code = code ? code : compare(c, inner, old_tree, new_tree, depth + 1);
    git_tree_free(old_tree);
    git_tree_free(new_tree);
    return code;
}

static bool is_same(const git_tree_entry *old, const git_tree_entry *new) {
    return old && new && git_oid_equal(git_tree_entry_id(old), git_tree_entry_id(new)) &&
           git_tree_entry_filemode_raw(old) == git_tree_entry_filemode_raw(new);
}

/* Both are sorted, folders as if their names ended in a slash. */
static int compare(struct comparing *c, const char *folder, const git_tree *old, const git_tree *new, int depth) {
    size_t n_old = old ? git_tree_entrycount(old) : 0, n_new = new ? git_tree_entrycount(new) : 0, i = 0, j = 0;
    int code = 0;
    while (code == 0 && (i < n_old || j < n_new) && !c->no_memory) {
        const git_tree_entry *a = i < n_old ? git_tree_entry_byindex(old, i) : NULL, *b = j < n_new ? git_tree_entry_byindex(new, j) : NULL;
        int order = a && b ? git_tree_entry_cmp(a, b) : a ? -1 : 1;
        a = order <= 0 ? a : NULL;
        b = order >= 0 ? b : NULL;
        i += a != NULL;
        j += b != NULL;
        if (is_same(a, b)) {
            continue;
        }
        if (git_tree_entry_type(a ? a : b) == GIT_OBJECT_TREE) {
            code = into(c, folder, a, b, depth);
        } else {
            take_entry(c, folder, a, b);
        }
    }
    return code;
}

static bool take_delta(const git_diff_delta *delta, struct eg_arena *arena, struct eg_change *change) {
    static const char letters[] = {[GIT_DELTA_ADDED] = 'A', [GIT_DELTA_DELETED] = 'D', [GIT_DELTA_MODIFIED] = 'M',
                                   [GIT_DELTA_RENAMED] = 'R', [GIT_DELTA_TYPECHANGE] = 'M'};
    char letter = delta->status < sizeof(letters) ? letters[delta->status] : '\0';
    const char *old_path = delta->old_file.path, *path = delta->new_file.path;
    if (!letter || !eg_repo_path_fits(old_path, strlen(old_path)) || !eg_repo_path_fits(path, strlen(path))) {
        return false;
    }
    bool link = (letter != 'A' && (delta->old_file.mode & 0170000) != 0100000) ||
                (letter != 'D' && (delta->new_file.mode & 0170000) != 0100000);
    *change = (struct eg_change){.status = letter, .oid = delta->new_file.id, .old_oid = delta->old_file.id, .link = link};
    change->path = eg_arena_dup(arena, path, strlen(path));
    change->old_path = letter == 'A' ? NULL : eg_arena_dup(arena, old_path, strlen(old_path));
    return true;
}

static int by_new_path(const void *a, const void *b) {
    return strcmp(((const struct eg_change *)a)->path, ((const struct eg_change *)b)->path);
}

static int ask_libgit2(struct comparing *c, git_tree *old_tree, git_tree *new_tree) {
    git_diff *diff = NULL;
    git_diff_options options;
    git_diff_find_options find;
    struct eg_changes *changes = c->changes;
    git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    git_diff_find_options_init(&find, GIT_DIFF_FIND_OPTIONS_VERSION);
    options.flags = GIT_DIFF_SKIP_BINARY_CHECK;
    find.flags = GIT_DIFF_FIND_RENAMES;
    find.rename_limit = RENAMES_MOST;
    int code = git_diff_tree_to_tree(&diff, c->repo, old_tree, new_tree, &options);
    int similar = code || !old_tree ? 0 : git_diff_find_similar(diff, &find);
    code = similar == GIT_ENOTFOUND ? 0 : code ? code : similar; /* what is not in this clone is like nothing */
    size_t n = code ? 0 : git_diff_num_deltas(diff);
    free(changes->v);
    *changes = (struct eg_changes){.v = calloc(n + 1, sizeof(*changes->v))};
    c->no_memory = !changes->v;
    for (size_t i = 0; changes->v && i < n; i++) {
        changes->n += take_delta(git_diff_get_delta(diff, i), c->arena, &changes->v[changes->n]);
    }
    git_diff_free(diff);
    return code;
}

eg_status eg_repo_changes(git_repository *repo, const git_oid *from, const git_oid *to, struct eg_arena *arena,
                          struct eg_changes *changes, struct eg_err *err) {
    git_tree *old_tree = NULL, *new_tree = NULL;
    struct comparing c = {.repo = repo, .arena = arena, .changes = changes};
    *changes = (struct eg_changes){0};
    int code = from ? eg_repo_tree(repo, from, &old_tree) : 0;
    code = code ? code : eg_repo_tree(repo, to, &new_tree);
    code = code ? code : compare(&c, "", old_tree, new_tree, 0);
    code = code || c.no_memory || !c.unclear || c.deep ? code : ask_libgit2(&c, old_tree, new_tree);
    git_tree_free(old_tree);
    git_tree_free(new_tree);
    if (code || c.no_memory || eg_arena_failed(arena)) {
        free(changes->v);
        *changes = (struct eg_changes){0};
        return code ? eg_repo_tree_failed(err, code, to) : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    if (changes->n > 0) {
        qsort(changes->v, changes->n, sizeof(*changes->v), by_new_path);
    }
    return EG_OK;
}
