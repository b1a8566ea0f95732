/* Makes folders, from the top down. */
#include "base/folder.h"

#include <stdio.h>
#include <sys/stat.h>

#define PATH_MOST_B 4096

void eg_folders_make(const char *path) {
    char folder[PATH_MOST_B];
    snprintf(folder, sizeof(folder), "%s", path);
    for (char *at = *folder ? folder + 1 : folder; *at; at++) {
        if (*at == '/') {
            *at = '\0';
            (void)!mkdir(folder, 0777);
            *at = '/';
        }
    }
}
