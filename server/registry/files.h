/* Folders and JSON files of spec/, read at start. */
#ifndef EG_REGISTRY_FILES_H
#define EG_REGISTRY_FILES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

/* The names in a folder, sorted bytewise, in the arena: of folders, or of files that end in .json. Hidden ones are left
 * out. */
EG_MUST_CHECK eg_status eg_folder_names(const char *path, bool folders, struct eg_arena *arena,
                                        const char *const **names, size_t *n, struct eg_err *err);
/* A JSON object; the caller owns the reference. NULL with config_invalid (file, line, column). */
json_t *eg_file_object(const char *path, struct eg_err *err);

#endif
