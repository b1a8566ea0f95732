/* Files that are written whole: beside their name first, and renamed when all is there. What somebody else put on the way (a checkout
 * may bring symbolic links) leads no file elsewhere. */
#ifndef EG_BASE_FILE_H
#define EG_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

struct eg_file {
    FILE *out;
    int folder;  /* where it stands; -1: written in place, as a pipe or a device is */
    char *name;  /* in that folder */
    char *part;  /* its name until it is whole */
    char *place; /* as given */
};

/* Makes the folders on the way, as far as they are not there. Symbolic links are refused: as the file, and as a folder of a relative path.
 * An absolute path's folders are the user's own. err: usage. */
EG_MUST_CHECK eg_status eg_file_open(const char *path, struct eg_file *file, struct eg_err *err);
/* Ends it in every case. keep false: what was there before stays. err: usage, when it could not be written. */
EG_MUST_CHECK eg_status eg_file_close(struct eg_file *file, bool keep, struct eg_err *err);
EG_MUST_CHECK eg_status eg_file_write(const char *path, const void *bytes, size_t n, struct eg_err *err);
EG_MUST_CHECK eg_status eg_file_write_line(const char *path, const char *text, struct eg_err *err); /* with a line end behind it */
/* Opens a file beside others as a lock, under the same rules; -1 with err: usage. */
int eg_file_lock_open(const char *path, struct eg_err *err);

#endif
