/* Looks around the program's own place. */
#include "base/beside.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool program_folder(char *out, size_t size_b) {
    ssize_t n = readlink("/proc/self/exe", out, size_b - 1);
    if (n <= 0) {
        return false;
    }
    out[n] = '\0';
    char *slash = strrchr(out, '/');
    if (slash) {
        *slash = '\0';
    }
    return slash != NULL;
}

bool eg_beside_find(const char *name, char *path, size_t size_b) {
    static const char *const places[] = {"", "/../share/egdb", "/..", "/../.."};
    char folder[PATH_MAX];
    bool known = program_folder(folder, sizeof(folder));
    for (size_t i = 0; known && i < sizeof(places) / sizeof(places[0]); i++) {
        int n = snprintf(path, size_b, "%s%s/%s", folder, places[i], name);
        if (n > 0 && (size_t)n < size_b && access(path, R_OK) == 0) {
            return true;
        }
    }
    snprintf(path, size_b, "%s", name);
    return access(path, R_OK) == 0;
}
