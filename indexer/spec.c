/* Where the declarations are: with the program (../spec in a checkout, ../share/egdb/spec where it was installed), and in the working
 * directory only when none are there: a change must not bring the policy that it is judged by. */
#include "indexer/spec.h"

#include <stdio.h>

#include "base/beside.h"

static eg_status write_path(char out[EG_SPEC_PATH_B], const char *folder, const char *name, struct eg_err *err) {
    int n = snprintf(out, EG_SPEC_PATH_B, "%s/policies/%s.json", folder, name);
    if (n < 0 || n >= EG_SPEC_PATH_B) {
        return eg_err_set(err, EG_E_USAGE, "--spec", "the folder's path is longer than %d bytes", EG_SPEC_PATH_B - 64);
    }
    return EG_OK;
}

eg_status eg_spec_path(const char *folder, const char *name, char out[EG_SPEC_PATH_B], struct eg_err *err) {
    char found[EG_SPEC_PATH_B];
    if (!folder) {
        (void)eg_beside_find("spec", found, sizeof(found)); /* that it is nowhere shows when it is read */
    }
    return write_path(out, folder ? folder : found, name, err);
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
