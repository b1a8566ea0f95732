/* The patches of one commit's files, as `git log --patch --full-index` writes them behind the list of the files. What a hunk
 * holds is told by the numbers of lines in its head, so that no content can be mistaken for what stands around it. */
#ifndef EG_GIT_PATCH_H
#define EG_GIT_PATCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "git/log.h"

struct eg_patch_of { /* what the list says of a file: which patch is its own */
    struct eg_str old_oid, new_oid; /* in full; zeros: there is none */
    bool split;                     /* it becomes something of another kind: a patch that deletes, and one that adds */
};

struct eg_patch { /* all zeros but for line and hunks, which are eg_patch_init's: no patch is being read */
    struct eg_arena *arena; /* gets the hunks */
    struct eg_commit_file *files;
    const struct eg_patch_of *of;
    size_t n_files;
    size_t at;     /* the file, + 1; 0: before the first */
    bool again;    /* the second patch of a file that is split */
    bool in_hunks; /* of that patch */
    int64_t old_left, new_left; /* lines of the hunk */
    size_t left_b;              /* of what is kept of the commit */
    struct eg_buf line;         /* its beginning */
    size_t line_b;
    struct eg_buf hunks; /* the file's */
    bool odd;            /* that is no patch of these files */
};

void eg_patch_init(struct eg_patch *patch);
void eg_patch_free(struct eg_patch *patch);
void eg_patch_begin(struct eg_patch *patch, struct eg_arena *arena, struct eg_commit_file *files, const struct eg_patch_of *of,
                    size_t n_files);
/* Takes bytes up to where the patches end: before a byte 0 or 1 that begins a line outside of hunks. Returns how many. */
size_t eg_patch_feed(struct eg_patch *patch, const char *bytes, size_t n);
/* The last file has its hunks. False: they are cut off, odd, or memory is out. */
bool eg_patch_end(struct eg_patch *patch);

#endif
