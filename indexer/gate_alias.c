/* Names that stay although their definition went: read from the text of the file, line by line, whatever the language.
 */
#include <string.h>

#include "indexer/gate.h"
#include "indexer/repo.h"

#define FILE_MOST_B ((size_t)2 << 20)

static bool is_word(char c) {
    return c == '_' || c == '$' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
           (unsigned char)c >= 0x80;
}

static bool begins(const char *line, size_t n, const char *with) {
    return n >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

/* The name, as a word, at or behind `at`; n: none. */
static size_t word_at(const char *line, size_t n, size_t at, const char *name, size_t len) {
    for (; at + len <= n; at++) {
        if (memcmp(line + at, name, len) == 0 && (at == 0 || !is_word(line[at - 1])) &&
            (at + len == n || !is_word(line[at + len]))) {
            return at;
        }
    }
    return n;
}

/* name = …, import name, export { x as name }, #define name */
static bool gives(const char *line, size_t n, const char *name, size_t len) {
    static const char *const heads[] = {"import ",  "from ",    "export ",        "pub use ", "use ",
                                        "#define ", "typedef ", "module.exports", NULL};
    while (n > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        n--;
    }
    size_t at = word_at(line, n, 0, name, len);
    if (at == n) {
        return false;
    }
    for (size_t i = 0; heads[i]; i++) {
        if (begins(line, n, heads[i])) {
            return true;
        }
    }
    size_t behind = at + len;
    while (behind < n && line[behind] == ' ') {
        behind++;
    }
    bool assigned = behind < n && line[behind] == '=' && !(behind + 1 < n && line[behind + 1] == '=');
    bool first = at == 0 || begins(line, n, "var ") || begins(line, n, "const ") || begins(line, n, "let ") ||
                 begins(line, n, "type ");
    return assigned && first;
}

bool eg_alias_exists(git_repository *repo, const char *sha, const char *path, const char *name) {
    git_oid oid;
    git_commit *commit = NULL;
    git_tree *tree = NULL;
    git_tree_entry *entry = NULL;
    git_blob *blob = NULL;
    bool found = false;
    size_t len = strlen(name);
    if (repo && len > 0 && git_oid_fromstr(&oid, sha) == 0 && git_commit_lookup(&commit, repo, &oid) == 0 &&
        git_commit_tree(&tree, commit) == 0 && git_tree_entry_bypath(&entry, tree, path) == 0 &&
        git_tree_entry_type(entry) == GIT_OBJECT_BLOB && git_blob_lookup(&blob, repo, git_tree_entry_id(entry)) == 0) {
        const char *text = git_blob_rawcontent(blob);
        size_t n = (size_t)git_blob_rawsize(blob) < FILE_MOST_B ? (size_t)git_blob_rawsize(blob) : FILE_MOST_B;
        while (n > 0 && !found) {
            const char *end = memchr(text, '\n', n);
            size_t line = end ? (size_t)(end - text) : n;
            found = gives(text, line, name, len);
            text += end ? line + 1 : line;
            n -= end ? line + 1 : line;
        }
    }
    git_blob_free(blob);
    git_tree_entry_free(entry);
    git_tree_free(tree);
    git_commit_free(commit);
    return found;
}
