/* A commit as an event commit.recorded@v1. The same commit gives the same id, whoever makes it and how often: the id is a
 * ULID of the commit's time and a hash of the payload without the branch, which is where the commit was found. */
#ifndef EG_GIT_EVENT_H
#define EG_GIT_EVENT_H

#include "base/buf.h"
#include "base/err.h"
#include "git/log.h"

struct eg_secrets;
struct eg_change_types; /* spec/policies/change_types.json, compiled */

/* path: of the file. err: config_invalid, naming the rule. The caller frees it. */
EG_MUST_CHECK eg_status eg_change_types_load(const char *path, struct eg_change_types **types, struct eg_err *err);
void eg_change_types_free(struct eg_change_types *types);
/* "test", "docs" … of a path in UTF-8. */
const char *eg_change_type(const struct eg_change_types *types, const char *path, size_t len);

struct eg_git_source {
    const char *repo;   /* the repository's name in the payload */
    const char *branch; /* NULL: none */
    const struct eg_change_types *types;
    const struct eg_secrets *secrets; /* are taken out of hunks; may be NULL where commits come without these */
};

/* Writes the event as one line of JSON into out (emptied first). What is not UTF-8 is replaced; what the schema's
 * bounds do not take (a path of more than 1,024 characters, files past 6 MiB of text) is left out and counted in
 * *left_out. */
EG_MUST_CHECK eg_status eg_git_event(const struct eg_git_source *source, const struct eg_commit *commit,
                                     struct eg_buf *out, size_t *left_out, struct eg_err *err);

/* The repository's name: the last part of its origin's URL, else of its folder. */
void eg_git_repo_name(const char *folder, char *out, size_t size_b);
/* As UTF-8, in place, cut between characters: U+FFFD for each byte that is none, as events have it. */
void eg_git_clean_name(char *text, size_t size_b);
/* Of a URL or a path, in place: without `.git` and slashes behind it. */
void eg_git_last_part(char *text);

#endif
