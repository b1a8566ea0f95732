/* What was installed with the program. */
#ifndef EG_BASE_BESIDE_H
#define EG_BASE_BESIDE_H

#include <stdbool.h>
#include <stddef.h>

/* Finds a file or folder beside the program, in ../share/egdb, above it (a checkout's build/), and last in the working directory, since
 * many projects have a folder spec/ of their own, and what stands in a checkout is not the user's word. False: it is nowhere, and path is
 * name. */
bool eg_beside_find(const char *name, char *path, size_t size_b);

#endif
