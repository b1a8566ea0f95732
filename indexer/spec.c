/* Where the declarations are: beside this folder, or beside the program (../spec in a checkout, ../share/egdb/spec where it was
 * installed). */
#include "indexer/spec.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void eg_spec_path(const char *folder, const char *name, char *out, size_t size_b) {
    static const char *const places[] = {"../spec", "../share/egdb/spec", "../../spec"};
    char program[400] = "";
    snprintf(out, size_b, "%s/policies/%s.json", folder ? folder : "spec", name);
    if (folder || access(out, R_OK) == 0 || readlink("/proc/self/exe", program, sizeof(program) - 1) < 0) {
        return;
    }
    char *slash = strrchr(program, '/');
    for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(out, size_b, "%.*s/%s/policies/%s.json", (int)(slash - program), program, places[i], name);
        if (access(out, R_OK) == 0) {
            return;
        }
    }
}

eg_status eg_spec_policy(const char *folder, const char *name, json_t **policy, struct eg_err *err) {
    char path[700];
    json_error_t error;
    eg_spec_path(folder, name, path, sizeof(path));
    *policy = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    return *policy ? EG_OK
                   : eg_err_set(err, EG_E_CONFIG, path, "line %d: %s; --spec names the folder of the declarations", error.line,
                                error.text);
}
