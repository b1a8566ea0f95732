/* A redrive in progress: what was asked for, the dead letters of the chunk at hand, and what became of those before. redrive.c drives it,
 * redrive_read.c takes the request apart and reads the letters. */
#ifndef EG_EVENT_REDRIVE_H
#define EG_EVENT_REDRIVE_H

#include "server/event/room.h"

#define EG_REDRIVE_CHUNK 100 /* letters in memory at once */
#define EG_DLQ_ID_MOST_B 128

struct eg_dlq_row { /* of events_dlq; bytes live in the chunk's arena */
    const char *id;
    struct eg_str original;
    struct eg_str headers; /* JSON; p NULL: none */
    const char *scope;
    bool low_trust;
    const char *redriven_id; /* NULL: not yet */
};

struct eg_redrive_wish {
    json_t *body; /* owns the texts below */
    const json_t *edit;
    const char *edit_text; /* NULL: no edit */
    bool dry_run;
    int64_t rate;  /* letters a second */
    int64_t limit; /* of letters in this request */
    const char **ids; /* sorted, each once; NULL: by filter */
    size_t n_ids;
    const char *code, *topic; /* the filter's; NULL: any */
    int64_t since_us, until_us;
    bool has_since, has_until;
    const char *after;
};

struct eg_redrive;

/* From the request's body. err: usage, json_invalid, duplicate_key, body_too_large. Texts live in the arena. */
EG_MUST_CHECK eg_status eg_redrive_wish(struct eg_request *req, struct eg_arena *arena, struct eg_redrive_wish *wish);

struct eg_chunk {
    struct eg_arena *arena;
    const char *const *asked; /* ids; NULL: by filter */
    size_t n_asked, most;
    struct eg_dlq_row rows[EG_REDRIVE_CHUNK]; /* by id */
    size_t n_rows;
    size_t size_b;
    bool full; /* the letters are large: there may be more of what was asked */
    bool no_memory;
};

/* Fills in the read of a chunk: its text, parameters (in the chunk's arena) and row function, whose ctx is the chunk; done and ctx
 * are the caller's to wrap. false: no memory. */
bool eg_redrive_read(const struct eg_redrive_wish *wish, const char *after, struct eg_chunk *chunk, struct eg_read *read);
bool eg_redrive_take_row(struct eg_chunk *chunk, const struct eg_value *cells);

#endif
