/* Places by the repository itself: each file that findings are in is read once, as the commit has it. */
#include <stdlib.h>
#include <string.h>

#include "indexer/findings_place.h"

#define ARENA_MOST_B ((size_t)512 << 20)
#define UID_MOST_B 4096

struct placing {
    struct eg_findings *set;
    git_repository *repo;
    git_tree *tree;
    struct eg_arena *arena; /* of the changes */
    struct eg_changes changes;
    struct eg_extractor *extractor;
};

static const struct eg_change *change_of(const struct placing *placing, const char *path) {
    size_t low = 0, high = placing->changes.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct eg_change *change = &placing->changes.v[middle];
        int order = strcmp(change->path, path);
        if (order == 0 && change->status != 'D') {
            return change;
        }
        if (order < 0 || order == 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static const char *uid_of(struct eg_findings *set, const char *path, const struct eg_def *def) {
    struct eg_buf text;
    eg_buf_init(&text, UID_MOST_B);
    eg_buf_printf(&text, "AST::%s#", path);
    if (def) {
        eg_buf_add(&text, def->qual.p, def->qual.n);
    }
    if (def && def->ordinal > 1) {
        eg_buf_printf(&text, "~%d", def->ordinal);
    }
    const char *kept = text.failed ? NULL : eg_findings_keep(set, eg_buf_text(&text));
    eg_buf_free(&text);
    return kept;
}

/* Whether a call of the file names it. */
static bool is_called(const struct eg_facts *facts, const struct eg_def *def) {
    for (int i = 0; i < facts->n_calls; i++) {
        struct eg_str callee = facts->calls[i].callee;
        if (callee.n >= def->name.n && memcmp(callee.p + callee.n - def->name.n, def->name.p, def->name.n) == 0 &&
            (callee.n == def->name.n || callee.p[callee.n - def->name.n - 1] == '.')) {
            return true;
        }
    }
    return false;
}

static eg_status place_definitions(struct placing *placing, const char *path, const char *text, size_t len, struct eg_err *err) {
    struct eg_arena *arena = eg_arena_new(ARENA_MOST_B);
    struct eg_facts *facts = NULL;
    eg_status status = arena ? eg_extract(placing->extractor, path, text, len, EG_KEEP_CALLS, arena, &facts, err)
                             : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    if (status == EG_OK && facts->grammar) {
        struct eg_findings_node *nodes = calloc((size_t)facts->n_defs + 1, sizeof(*nodes));
        size_t n = 0;
        for (int i = -1; nodes && i < facts->n_defs; i++) {
            const struct eg_def *def = i < 0 ? NULL : &facts->defs[i];
            struct eg_findings_node node = {.uid = uid_of(placing->set, path, def)};
            if (def) {
                node.line = def->line;
                node.end_line = def->end_line;
                node.is_public = def->is_public && !def->is_test;
                node.is_called = is_called(facts, def);
            }
            if (node.uid) {
                nodes[n++] = node;
            }
        }
        eg_findings_bind(placing->set, path, nodes, n);
        free(nodes);
    }
    eg_arena_free(arena);
    return status;
}

static const char *line_at(struct eg_findings *set, const char *text, size_t len, int line) {
    const char *at = text, *end = text + len;
    for (int i = 1; i < line && at < end; i++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        at = next ? next + 1 : end;
    }
    const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    size_t n = (size_t)((stop ? stop : end) - at);
    struct eg_buf copy;
    eg_buf_init(&copy, 65536);
    eg_buf_add(&copy, at, n);
    const char *kept = n == 0 || copy.failed ? NULL : eg_findings_keep(set, eg_buf_text(&copy));
    eg_buf_free(&copy);
    return kept;
}

static char *diff_of(struct placing *placing, const struct eg_change *change, git_blob *now) {
    git_blob *before = NULL;
    git_patch *patch = NULL;
    git_buf buf = {0};
    git_diff_options options;
    git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.context_lines = 0;
    char *text = NULL;
    const char *skipped;
    struct eg_err ignored = {0};
    if (eg_repo_blob(placing->repo, &change->old_oid, &before, &skipped, &ignored) == EG_OK && before &&
        git_patch_from_blobs(&patch, before, change->old_path, now, change->path, &options) == 0 && git_patch_to_buf(&buf, patch) == 0) {
        text = strndup(buf.ptr, buf.size);
    }
    git_buf_dispose(&buf);
    git_patch_free(patch);
    git_blob_free(before);
    return text;
}

static void place_lines(struct placing *placing, struct eg_finding *findings, size_t n, git_blob *blob) {
    const struct eg_change *change = change_of(placing, findings[0].file);
    char *diff = change && change->status != 'A' && !change->link ? diff_of(placing, change, blob) : NULL;
    for (size_t i = 0; i < n; i++) {
        struct eg_finding *one = &findings[i];
        one->bind = !change ? EG_BIND_UNCHANGED : change->status == 'A' ? EG_BIND_ADDED
                    : diff ? eg_findings_bind_of_diff(diff, one->line, one->end_line) : one->bind;
        if (one->line && !one->snippet) {
            one->line_text = line_at(placing->set, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob), one->line);
        }
    }
    free(diff);
}

/* The findings of one file. One that the commit has not (a generated one, say) stays unbound. */
static eg_status place_file(struct placing *placing, struct eg_finding *findings, size_t n, struct eg_err *err) {
    git_tree_entry *entry = NULL;
    git_blob *blob = NULL;
    eg_status status = EG_OK;
    const char *skipped;
    if (git_tree_entry_bypath(&entry, placing->tree, findings[0].file) == 0 && git_tree_entry_type(entry) == GIT_OBJECT_BLOB &&
        git_tree_entry_filemode(entry) != GIT_FILEMODE_LINK) {
        status = eg_repo_blob(placing->repo, git_tree_entry_id(entry), &blob, &skipped, err);
    }
    if (status == EG_OK && blob) {
        place_lines(placing, findings, n, blob);
        status = place_definitions(placing, findings[0].file, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob), err);
    }
    git_blob_free(blob);
    git_tree_entry_free(entry);
    return status;
}

static eg_status place_all(struct placing *placing, struct eg_err *err) {
    size_t n, first = 0;
    struct eg_finding *all = eg_findings_list(placing->set, &n);
    for (size_t i = 1; i <= n; i++) {
        if (i == n || strcmp(all[i].file, all[first].file) != 0) {
            if (place_file(placing, &all[first], i - first, err)) {
                return EG_FAIL;
            }
            first = i;
        }
    }
    return EG_OK;
}

eg_status eg_findings_place_repo(struct eg_findings *set, git_repository *repo, const struct eg_commit_info *commit, const git_oid *base,
                                 struct eg_err *err) {
    struct placing placing = {.set = set, .repo = repo, .arena = eg_arena_new(ARENA_MOST_B), .extractor = eg_extractor_new()};
    git_commit *object = NULL;
    eg_status status = EG_OK;
    if (!placing.arena || !placing.extractor) {
        status = eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    } else if (git_commit_lookup(&object, repo, &commit->oid) || git_commit_tree(&placing.tree, object)) {
        status = eg_err_set(err, EG_E_USAGE, commit->sha, "the commit cannot be read");
    }
    status = status ? status : eg_repo_changes(repo, base, &commit->oid, placing.arena, &placing.changes, err);
    status = status ? status : place_all(&placing, err);
    free(placing.changes.v);
    git_tree_free(placing.tree);
    git_commit_free(object);
    eg_extractor_free(placing.extractor);
    eg_arena_free(placing.arena);
    return status;
}
