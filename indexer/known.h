/* What the server has of a repository's code graph, as far as it decides what is told to it: which state it shows now, and whether the
 * commit was told before. A state that returns must be other events than those that it was first, which are stored already. */
#ifndef EG_INDEXER_KNOWN_H
#define EG_INDEXER_KNOWN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/value.h"
#include "indexer/command.h"

struct eg_known_file {
    const char *path, *sha256, *event_id, *sha; /* sha: of the commit that told of it; "" where it is not known */
    int64_t position, after;                    /* of that event in the log; its payload's `after`; 0: none */
};

struct eg_known_name {
    struct eg_str uid, previous;
};

struct eg_known {
    struct eg_arena *arena;
    struct eg_known_file *files; /* sorted by path */
    size_t n_files;
    struct eg_map *by_path;
    const char *newest; /* sha of the file that was told of last; NULL: none, or not known */
    struct eg_known_name *names; /* definitions and files that had another name before */
    size_t n_names;
    bool told;   /* something of the commit's graph is in the log, of this repository */
    int64_t end; /* of the log; when told */
};

/* repo: its name in the events; sha: the commit that is to be told. timeout_ms: of a question, 0: as long as it takes. *known is NULL when
 * nothing is posted (--out), and when the token may not ask, which is said on standard error. err: store_unavailable, or what the
 * server said. */
EG_MUST_CHECK eg_status eg_known_read(const struct eg_index_flags *flags, long timeout_ms, const char *repo, const char *sha,
                                      struct eg_known **known, struct eg_err *err);
void eg_known_free(struct eg_known *known); /* NULL is fine */
const struct eg_known_file *eg_known_file(const struct eg_known *known, const char *path, size_t len); /* NULL: it has none */
/* Makes the payload, an object, one that the server takes for the state it shall show: as it is, where that is so already or was never
 * told, else with `after`. file: what the server has of it; NULL: nothing. */
void eg_known_settle(const struct eg_known *known, const struct eg_known_file *file, const char *topic, int64_t time_s,
                     struct eg_buf *payload);

#endif
