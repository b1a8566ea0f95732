/* Loads spec/policies and finds values in them. A policy file is any JSON object; its name is the first part of a path.
 */
#include "server/registry/policies.h"

#include <string.h>
#include <sys/stat.h>

#include "server/registry/files.h"

json_t *eg_policies_load(const char *spec_dir, struct eg_arena *arena, struct eg_err *err) {
    const char *folder = eg_arena_printf(arena, "%s/policies", spec_dir);
    json_t *all = json_object();
    const char *const *names = NULL;
    size_t n = 0;
    struct stat st;
    if (!folder || !all) {
        eg_err_set(err, EG_E_INTERNAL, spec_dir, "out of memory");
        goto fail;
    }
    if (stat(folder, &st) != 0) {
        return all;
    }
    if (eg_folder_names(folder, false, arena, &names, &n, err) != EG_OK) {
        goto fail;
    }
    for (size_t i = 0; i < n; i++) {
        char *stem = eg_arena_dup(arena, names[i], strlen(names[i]) - strlen(".json"));
        const char *path = eg_arena_printf(arena, "%s/%s", folder, names[i]);
        json_t *policy = stem && path ? eg_file_object(path, err) : NULL;
        if (!policy || json_object_set_new(all, stem, policy) != 0) {
            eg_err_set(err, EG_E_INTERNAL, spec_dir, "out of memory");
            goto fail;
        }
    }
    return all;
fail:
    json_decref(all);
    return NULL;
}

json_t *eg_policy_find(const json_t *policies, const char *path) {
    const json_t *at = policies;
    for (;;) {
        const char *dot = strchr(path, '.');
        size_t len = dot ? (size_t)(dot - path) : strlen(path);
        json_t *next = json_object_getn(at, path, len);
        if (!next || !dot) {
            return next;
        }
        at = next;
        path = dot + 1;
    }
}
