/* Where the declarations are: beside this folder, or beside the program (../spec in a checkout, ../share/egdb/spec where it was
 * installed). */
#include "indexer/spec.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static eg_status write_path(char out[EG_SPEC_PATH_B], const char *folder, const char *below, const char *name, struct eg_err *err) {
    int n = snprintf(out, EG_SPEC_PATH_B, "%s%s/policies/%s.json", folder, below, name);
    if (n < 0 || n >= EG_SPEC_PATH_B) {
        return eg_err_set(err, EG_E_USAGE, "--spec", "the folder's path is longer than %d bytes", EG_SPEC_PATH_B - 64);
    }
    return EG_OK;
}

eg_status eg_spec_path(const char *folder, const char *name, char out[EG_SPEC_PATH_B], struct eg_err *err) {
    static const char *const places[] = {"/../spec", "/../share/egdb/spec", "/../../spec"};
    char program[EG_SPEC_PATH_B] = "";
    if (write_path(out, folder ? folder : "spec", "", name, err)) {
        return EG_FAIL;
    }
    ssize_t n = folder || access(out, R_OK) == 0 ? -1 : readlink("/proc/self/exe", program, sizeof(program) - 1);
    char *slash = n > 0 ? memrchr(program, '/', (size_t)n) : NULL;
    if (slash) {
        *slash = '\0';
    }
    for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
        if (write_path(out, program, places[i], name, err)) {
            return EG_FAIL;
        }
        if (access(out, R_OK) == 0) {
            break;
        }
    }
    return EG_OK;
}

eg_status eg_spec_policy(const char *folder, const char *name, json_t **policy, struct eg_err *err) {
    char path[EG_SPEC_PATH_B];
    json_error_t error;
    if (eg_spec_path(folder, name, path, err)) {
        return EG_FAIL;
    }
    *policy = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    return *policy ? EG_OK
                   : eg_err_set(err, EG_E_CONFIG, path, "line %d: %s; --spec names the folder of the declarations", error.line,
                                error.text);
}
