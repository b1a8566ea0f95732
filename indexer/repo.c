/* libgit2 behind a few calls. */
#include "indexer/repo.h"

#include <stdlib.h>
#include <string.h>

#include "git/event.h"
#include "indexer/text.h"

#define RENAMES_MOST 1000 /* files added and deleted in one commit that are compared with each other */

void eg_repo_begin(void) {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0); /* nothing of the repository is executed */
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)64 << 20);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)512 << 20);
}

void eg_repo_end(void) { git_libgit2_shutdown(); }

static eg_status failed(struct eg_err *err, enum eg_code code, const char *place) {
    const git_error *error = git_error_last();
    return eg_err_set(err, code, place, "%s", error && error->message ? error->message : "git failed");
}

eg_status eg_repo_open(const char *folder, git_repository **repo, struct eg_err *err) {
    return git_repository_open_ext(repo, folder, 0, NULL) ? failed(err, EG_E_USAGE, folder) : EG_OK;
}

void eg_repo_name(git_repository *repo, char *out, size_t size_b) {
    git_config *config = NULL;
    git_buf url = {0};
    out[0] = '\0';
    if (git_repository_config_snapshot(&config, repo) == 0 && git_config_get_string_buf(&url, config, "remote.origin.url") == 0) {
        strncat(out, url.ptr, size_b - 1);
        eg_git_last_part(out);
    }
    if (!*out) {
        const char *folder = git_repository_workdir(repo);
        strncat(out, folder ? folder : git_repository_path(repo), size_b - 1);
        eg_git_last_part(out);
    }
    git_buf_dispose(&url);
    git_config_free(config);
}

eg_status eg_repo_commit_of(git_repository *repo, const git_oid *oid, struct eg_commit_info *info, struct eg_err *err) {
    git_commit *commit;
    if (git_commit_lookup(&commit, repo, oid)) {
        return failed(err, EG_E_USAGE, NULL);
    }
    *info = (struct eg_commit_info){.oid = *oid, .time_s = git_commit_time(commit), .n_parents = git_commit_parentcount(commit)};
    git_oid_tostr(info->sha, sizeof(info->sha), oid);
    if (info->n_parents > 0) {
        info->parent = *git_commit_parent_id(commit, 0);
    }
    git_commit_free(commit);
    return EG_OK;
}

eg_status eg_repo_commit(git_repository *repo, const char *rev, struct eg_commit_info *info, struct eg_err *err) {
    git_object *object, *peeled;
    if (git_revparse_single(&object, repo, rev)) {
        return failed(err, EG_E_USAGE, rev);
    }
    int code = git_object_peel(&peeled, object, GIT_OBJECT_COMMIT);
    git_object_free(object);
    if (code) {
        return failed(err, EG_E_USAGE, rev);
    }
    eg_status status = eg_repo_commit_of(repo, git_object_id(peeled), info, err);
    git_object_free(peeled);
    return status;
}

static bool path_fits(const char *path, size_t len) {
    size_t characters = 0;
    for (size_t i = 0; i < len; i++) {
        characters += ((unsigned char)path[i] & 0xc0) != 0x80;
    }
    return characters <= EG_PATH_MOST && eg_text_is_utf8(path, len);
}

struct listing {
    struct eg_arena *arena;
    struct eg_tree_files *files;
    size_t room;
    bool failed;
};

static int take_entry(const char *root, const git_tree_entry *entry, void *ctx) {
    struct listing *listing = ctx;
    struct eg_tree_files *files = listing->files;
    git_filemode_t mode = git_tree_entry_filemode(entry);
    if (mode != GIT_FILEMODE_BLOB && mode != GIT_FILEMODE_BLOB_EXECUTABLE) {
        return 0; /* symbolic links and submodules have no text of their own */
    }
    if (files->n == listing->room) {
        listing->room = listing->room ? listing->room * 2 : 256;
        struct eg_tree_file *grown = realloc(files->v, listing->room * sizeof(*files->v));
        if (!grown) {
            listing->failed = true;
            return -1;
        }
        files->v = grown;
    }
    char *path = eg_arena_printf(listing->arena, "%s%s", root, git_tree_entry_name(entry));
    size_t len = path ? strlen(path) : 0;
    listing->failed = listing->failed || !path;
    if (!path || !path_fits(path, len)) {
        files->n_left_out++;
        return listing->failed ? -1 : 0;
    }
    files->v[files->n++] = (struct eg_tree_file){path, len, *git_tree_entry_id(entry)};
    return 0;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct eg_tree_file *)a)->path, ((const struct eg_tree_file *)b)->path);
}

static int tree_of(git_repository *repo, const git_oid *oid, git_tree **tree) {
    git_commit *commit;
    int code = git_commit_lookup(&commit, repo, oid);
    if (code == 0) {
        code = git_commit_tree(tree, commit);
        git_commit_free(commit);
    }
    return code;
}

eg_status eg_repo_files(git_repository *repo, const git_oid *commit, struct eg_arena *arena, struct eg_tree_files *files,
                        struct eg_err *err) {
    struct listing listing = {.arena = arena, .files = files};
    git_tree *tree;
    *files = (struct eg_tree_files){0};
    if (tree_of(repo, commit, &tree)) {
        return failed(err, EG_E_USAGE, NULL);
    }
    int code = git_tree_walk(tree, GIT_TREEWALK_PRE, take_entry, &listing);
    git_tree_free(tree);
    if (code || listing.failed) {
        free(files->v);
        files->v = NULL;
        return listing.failed ? eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out") : failed(err, EG_E_USAGE, NULL);
    }
    if (files->n > 0) {
        qsort(files->v, files->n, sizeof(*files->v), by_path);
    }
    return EG_OK;
}

static bool take_delta(const git_diff_delta *delta, struct eg_arena *arena, struct eg_change *change) {
    static const char letters[] = {[GIT_DELTA_ADDED] = 'A', [GIT_DELTA_DELETED] = 'D', [GIT_DELTA_MODIFIED] = 'M',
                                   [GIT_DELTA_RENAMED] = 'R', [GIT_DELTA_TYPECHANGE] = 'M'};
    char letter = delta->status < sizeof(letters) ? letters[delta->status] : '\0';
    const char *old_path = delta->old_file.path, *path = delta->new_file.path;
    if (!letter || !path_fits(old_path, strlen(old_path)) || !path_fits(path, strlen(path))) {
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

eg_status eg_repo_changes(git_repository *repo, const git_oid *from, const git_oid *to, struct eg_arena *arena,
                          struct eg_changes *changes, struct eg_err *err) {
    git_tree *old_tree = NULL, *new_tree = NULL;
    git_diff *diff = NULL;
    git_diff_options options;
    git_diff_find_options find;
    *changes = (struct eg_changes){0};
    git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    git_diff_find_options_init(&find, GIT_DIFF_FIND_OPTIONS_VERSION);
    options.flags = GIT_DIFF_SKIP_BINARY_CHECK;
    find.flags = GIT_DIFF_FIND_RENAMES;
    find.rename_limit = RENAMES_MOST;
    int code = from ? tree_of(repo, from, &old_tree) : 0;
    code = code ? code : tree_of(repo, to, &new_tree);
    code = code ? code : git_diff_tree_to_tree(&diff, repo, old_tree, new_tree, &options);
    code = code ? code : from ? git_diff_find_similar(diff, &find) : 0;
    size_t n = code ? 0 : git_diff_num_deltas(diff);
    changes->v = calloc(n + 1, sizeof(*changes->v));
    for (size_t i = 0; changes->v && i < n; i++) {
        changes->n += take_delta(git_diff_get_delta(diff, i), arena, &changes->v[changes->n]);
    }
    git_diff_free(diff);
    git_tree_free(old_tree);
    git_tree_free(new_tree);
    if (code || !changes->v || eg_arena_failed(arena)) {
        free(changes->v);
        *changes = (struct eg_changes){0};
        return code ? failed(err, EG_E_USAGE, NULL) : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    qsort(changes->v, changes->n, sizeof(*changes->v), by_new_path);
    return EG_OK;
}

eg_status eg_repo_blob(git_repository *repo, const git_oid *oid, git_blob **blob, struct eg_err *err) {
    return git_blob_lookup(blob, repo, oid) ? failed(err, EG_E_INTERNAL, NULL) : EG_OK;
}
