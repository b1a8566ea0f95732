/* Reads the folders and JSON files of spec/. Whatever is wrong with one is config_invalid, with the file as its place.
 */
#include "server/registry/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text);
    size_t m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool wanted(struct eg_arena *arena, const char *path, const char *name, bool folders) {
    struct stat st;
    const char *full = eg_arena_printf(arena, "%s/%s", path, name);
    if (name[0] == '.' || !full || stat(full, &st) != 0) {
        return false;
    }
    return folders ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode) && ends_with(name, ".json");
}

static int by_bytes(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

eg_status eg_folder_names(const char *path, bool folders, struct eg_arena *arena, const char *const **names, size_t *n,
                          struct eg_err *err) {
    struct dirent **entries = NULL;
    int found = scandir(path, &entries, NULL, by_bytes);
    *n = 0;
    *names = NULL;
    if (found < 0) {
        return eg_err_set(err, EG_E_CONFIG, path, "the folder cannot be read: %s; name another by --spec",
                          strerror(errno));
    }
    const char **list = eg_arena_alloc(arena, ((size_t)found + 1) * sizeof *list);
    for (int i = 0; i < found; i++) {
        if (list && wanted(arena, path, entries[i]->d_name, folders)) {
            list[(*n)++] = eg_arena_dup(arena, entries[i]->d_name, strlen(entries[i]->d_name));
        }
        free(entries[i]);
    }
    free(entries);
    *names = list;
    return eg_arena_failed(arena) ? eg_err_set(err, EG_E_INTERNAL, path, "the declarations take too much memory")
                                  : EG_OK;
}

json_t *eg_file_object(const char *path, struct eg_err *err) {
    json_error_t why;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!json) {
        eg_err_set(err, EG_E_CONFIG, path, "line %d, column %d: %s", why.line, why.column, why.text);
    } else if (!json_is_object(json)) {
        eg_err_set(err, EG_E_CONFIG, path, "is not a JSON object");
        json_decref(json);
        json = NULL;
    }
    return json;
}
