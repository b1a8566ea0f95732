/* libgit2 behind a few calls. */
#include "indexer/repo.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "git/event.h"
#include "indexer/repo_int.h"

void eg_repo_begin(void) {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0); /* nothing of the repository is executed */
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)64 << 20);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)512 << 20);
}

void eg_repo_end(void) { git_libgit2_shutdown(); }

eg_status eg_repo_failed(struct eg_err *err, enum eg_code code, const char *place) {
    const git_error *error = git_error_last();
    return eg_err_set(err, code, place, "%s", error && error->message ? error->message : "git failed");
}

eg_status eg_repo_tree_failed(struct eg_err *err, int code, const git_oid *commit) {
    char sha[GIT_OID_HEXSZ + 1];
    return code == GIT_ENOTFOUND
               ? eg_err_set(err, EG_E_NOT_FOUND, NULL,
                            "folders of %.12s are not in this clone (a partial one, or a damaged one): " EG_REPO_REFETCH,
                            git_oid_tostr(sha, sizeof(sha), commit))
               : eg_repo_failed(err, EG_E_USAGE, NULL);
}

void eg_repo_lacks(struct eg_lacking *lacking, const git_oid *commit) {
    if (lacking->n++ == 0) {
        git_oid_tostr(lacking->first, sizeof(lacking->first), commit);
    }
}

eg_status eg_repo_open(const char *folder, git_repository **repo, struct eg_err *err) {
    return git_repository_open_ext(repo, folder, 0, NULL) ? eg_repo_failed(err, EG_E_USAGE, folder) : EG_OK;
}

static void name_of(git_repository *repo, char *out, size_t size_b) {
    git_config *config = NULL;
    git_buf url = {0};
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

void eg_repo_name(git_repository *repo, const char *given, char *out, size_t size_b) {
    out[0] = '\0';
    if (given) {
        strncat(out, given, size_b - 1);
    } else {
        name_of(repo, out, size_b);
    }
    eg_git_clean_name(out, size_b);
}

static bool is_edge(git_repository *repo, const git_commit *commit) {
    git_odb *odb = NULL;
    unsigned n = git_commit_parentcount(commit);
    bool edge = n > 0 && git_repository_is_shallow(repo) == 1 && git_repository_odb(&odb, repo) == 0;
    for (unsigned i = 0; edge && i < n; i++) {
        edge = !git_odb_exists(odb, git_commit_parent_id(commit, i));
    }
    git_odb_free(odb);
    return edge;
}

eg_status eg_repo_commit_of(git_repository *repo, const git_oid *oid, struct eg_commit_info *info, struct eg_err *err) {
    git_commit *commit;
    if (git_commit_lookup(&commit, repo, oid)) {
        return eg_repo_failed(err, EG_E_USAGE, NULL);
    }
    *info = (struct eg_commit_info){.oid = *oid, .time_s = git_commit_time(commit), .n_parents = git_commit_parentcount(commit)};
    git_oid_tostr(info->sha, sizeof(info->sha), oid);
    info->edge = is_edge(repo, commit);
    info->n_parents = info->edge ? 0 : info->n_parents;
    if (info->n_parents > 0) {
        info->parent = *git_commit_parent_id(commit, 0);
    }
    git_commit_free(commit);
    return EG_OK;
}

eg_status eg_repo_commit(git_repository *repo, const char *rev, struct eg_commit_info *info, struct eg_err *err) {
    git_object *object, *peeled;
    if (git_revparse_single(&object, repo, rev)) {
        return eg_repo_failed(err, EG_E_USAGE, rev);
    }
    int code = git_object_peel(&peeled, object, GIT_OBJECT_COMMIT);
    git_object_free(object);
    if (code) {
        return eg_repo_failed(err, EG_E_USAGE, rev);
    }
    eg_status status = eg_repo_commit_of(repo, git_object_id(peeled), info, err);
    git_object_free(peeled);
    return status;
}

bool eg_repo_path_fits(const char *path, size_t len) {
    size_t characters = 0;
    if (!eg_utf8_valid(path, len)) {
        return false;
    }
    for (size_t i = 0; len > EG_PATH_MOST && i < len; i++) {
        characters += ((unsigned char)path[i] & 0xc0) != 0x80;
    }
    return characters <= EG_PATH_MOST;
}

struct listing {
    git_repository *repo;
    struct eg_arena *arena;
    struct eg_tree_files *files;
    size_t room;
    bool failed;
};

char *eg_repo_join(struct eg_arena *arena, const char *folder, const char *name, size_t *len) {
    size_t folder_n = strlen(folder), name_n = strlen(name);
    char *path = eg_arena_alloc(arena, folder_n + name_n + 1);
    *len = folder_n + name_n;
    if (path) {
        memcpy(path, folder, folder_n);
        memcpy(path + folder_n, name, name_n + 1);
    }
    return path;
}

static void take_file(struct listing *listing, const char *folder, const git_tree_entry *entry) {
    struct eg_tree_files *files = listing->files;
    if (files->n == listing->room) {
        listing->room = listing->room ? listing->room * 2 : 256;
        struct eg_tree_file *grown = realloc(files->v, listing->room * sizeof(*files->v));
        if (!grown) {
            listing->failed = true;
            return;
        }
        files->v = grown;
    }
    size_t len;
    char *path = eg_repo_join(listing->arena, folder, git_tree_entry_name(entry), &len);
    listing->failed = listing->failed || !path;
    if (!path || !eg_repo_path_fits(path, len)) {
        files->n_left_out++;
        return;
    }
    files->v[files->n++] = (struct eg_tree_file){path, len, *git_tree_entry_id(entry)};
}

static int list_tree(struct listing *listing, const char *folder, const git_tree *tree, int depth);

static int list_folder(struct listing *listing, const char *folder, const git_tree_entry *entry, int depth) {
    git_tree *tree = NULL;
    size_t len;
    if (depth == EG_FOLDERS_MOST) {
        listing->files->n_left_out++;
        return 0;
    }
    char *path = eg_repo_join(listing->arena, folder, git_tree_entry_name(entry), &len);
    char *inner = path ? eg_repo_join(listing->arena, path, "/", &len) : NULL;
    listing->failed = listing->failed || !inner;
    int code = listing->failed ? 0 : git_tree_lookup(&tree, listing->repo, git_tree_entry_id(entry));
    code = code || !tree ? code : list_tree(listing, inner, tree, depth + 1);
    git_tree_free(tree);
    return code;
}

static int list_tree(struct listing *listing, const char *folder, const git_tree *tree, int depth) {
    int code = 0;
    for (size_t i = 0; code == 0 && !listing->failed && i < git_tree_entrycount(tree); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
        git_filemode_t mode = git_tree_entry_filemode(entry);
        if (mode == GIT_FILEMODE_TREE) {
            code = list_folder(listing, folder, entry, depth);
        } else if (mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE) {
            take_file(listing, folder, entry); /* symbolic links and submodules have no text of their own */
        }
    }
    return code;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct eg_tree_file *)a)->path, ((const struct eg_tree_file *)b)->path);
}

int eg_repo_tree(git_repository *repo, const git_oid *oid, git_tree **tree) {
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
    struct listing listing = {.repo = repo, .arena = arena, .files = files};
    git_tree *tree;
    *files = (struct eg_tree_files){0};
    int code = eg_repo_tree(repo, commit, &tree);
    if (code) {
        return eg_repo_tree_failed(err, code, commit);
    }
    code = list_tree(&listing, "", tree, 0);
    git_tree_free(tree);
    if (code || listing.failed) {
        free(files->v);
        files->v = NULL;
        return listing.failed ? eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out") : eg_repo_tree_failed(err, code, commit);
    }
    size_t sorted = 1; /* as git sorts trees, all are */
    while (sorted < files->n && by_path(&files->v[sorted - 1], &files->v[sorted]) < 0) {
        sorted++;
    }
    if (sorted < files->n) {
        qsort(files->v, files->n, sizeof(*files->v), by_path);
    }
    return EG_OK;
}
