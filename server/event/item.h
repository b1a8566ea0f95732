/* What travels along the way of an event: items (one event each), the submission that holds a request's items, and the room's
 * context. Only server/event/ includes this. */
#ifndef EG_EVENT_ITEM_H
#define EG_EVENT_ITEM_H

#include "base/list.h"
#include "server/auth/identity.h"
#include "server/event/event.h"

#define EG_HASH_B 32
#define EG_ID_MOST_B 128
#define EG_SUBMISSION_MAGIC 0x45475355u

enum eg_item_result {
    EG_RESULT_OPEN,      /* not decided */
    EG_RESULT_STORED,
    EG_RESULT_DUPLICATE, /* the same event, or the same key with the same content, is stored already */
    EG_RESULT_REJECTED   /* item->failure says why */
};

struct eg_failure {
    struct eg_err err;
    const char *errors_json; /* a JSON array of {pointer, keyword, message}, or NULL */
};

/* A dead letter that an administrator acts upon: the item is its event on its way again, or nothing but its removal. */
struct eg_letter {
    bool remove;                 /* false: it is redriven */
    const char *id;              /* in events_dlq */
    const char *scope;           /* of the token that sent it */
    const char *idempotency_key; /* that came in a header; NULL without */
    bool low_trust;              /* the token that sent it was of low trust */
    const char *edit_text;       /* JSON, as it was asked for; NULL without */
    bool already;                /* redriven before, to the receipt's id: nothing was done */
};

struct eg_item {
    struct eg_link link; /* in the queue or the batch */
    struct eg_submission *of;
    size_t index;         /* in its request */
    struct eg_str bytes;  /* as it came: what a dead letter keeps */
    json_t *doc;          /* the parsed text, while the item is prepared */
    size_t doc_b;         /* what is counted for it beside the arena */
    struct eg_envelope env;
    json_t *extra;        /* env of a CloudEvent, which its own text has not */
    json_t *env_doc, *artifacts_doc; /* parts of doc; NULL: absent */
    struct eg_str sent_trust; /* as the sender set it; p NULL: absent */
    bool has_ts;          /* the sender set ts_utc */
    bool has_envelope;    /* env is complete and valid by itself */
    bool id_made;         /* the sender gave none */
    bool dead_letter;     /* refused in a way that events_dlq keeps */
    uint8_t content_hash[EG_HASH_B]; /* see canonical.c */
    uint8_t key_hash[EG_HASH_B];     /* … also without ts_utc; only with an idempotency key */
    uint8_t original_hash[EG_HASH_B]; /* of bytes, for dead letters */
    struct eg_row *rows;
    size_t n_rows;
    struct eg_value *artifacts; /* n_artifacts × kind, path, size_b, sha256 */
    size_t n_artifacts;
    struct eg_item *notice; /* of a dead letter with an envelope: its bus.dlq@v1 */
    const char *dlq_id;
    const char *headers_json; /* of a dead letter: the headers that are part of it; NULL without */
    struct eg_letter *letter; /* what is done to a dead letter; NULL: the event comes from its sender */
    enum eg_item_result result;
    struct eg_failure *failure;
    struct eg_str receipt_id; /* the id to answer with: of a key's first use it is the original's … */
    char duplicate_of[EG_ID_MOST_B]; /* … which then stands here: once the batch is decided, no memory may be wanting */
    int64_t position;
    int n_late; /* times that it was alone in a batch which took too long */
};

enum eg_form { EG_FORM_ONE, EG_FORM_ARRAY, EG_FORM_NDJSON };

struct eg_sender; /* sender.c */

struct eg_submission {
    uint32_t magic;
    struct eg_event *event;
    struct eg_request *req;
    struct eg_arena *arena;
    const char *key; /* the request's Idempotency-Key; NULL without, and where each item has its own (redriven letters) */
    const uint8_t *key_hash; /* of a report: its items' keys stand for it whole, so that all are duplicates when the first is; NULL: each
                                for its own content */
    enum eg_form form;
    bool cloudevents;  /* items are structured CloudEvents */
    bool binary;       /* one CloudEvent, its attributes in headers */
    bool atomic;       /* ?mode=atomic */
    bool failed_only;  /* ?return=failed */
    struct eg_item *items;
    size_t n_items;
    size_t next;       /* the next to be prepared */
    uv_work_t work;    /* aside.c */
    void (*aside)(struct eg_submission *sub); /* what a thread of the pool does with it now; NULL: nothing */
    struct eg_hasher *hasher; /* the thread's; NULL: the loop's */
    eg_status split;   /* of the body that was taken apart aside */
    size_t n_open;     /* queued and not yet decided */
    bool reserved;
    struct eg_sender *sender; /* whose share of the queue it is; NULL: not reserved, or no bound */
    size_t reserved_b; /* of the queue's bound */
    int64_t deadline_us; /* monotonic: when waiting for the store ends */
};

struct eg_event;

/* Whose event it is: the scope of its idempotency key. */
const char *eg_item_scope(const struct eg_item *item);
/* Lets the parsed texts go: rows and envelope live on in the arena and the body. */
void eg_item_drop_docs(struct eg_item *item);
/* Marks the item rejected with code and text; returns EG_FAIL. place may be NULL. */
eg_status eg_item_reject(struct eg_item *item, enum eg_code code, const char *place, const char *format, ...) EG_PRINTF(4, 5);
/* The request's memory is out: 413 when a bound was reached that the same request would reach again, else 503. */
eg_status eg_item_full(struct eg_item *item);
/* It can never be taken as it is sent. One that is alone in its request is kept as a dead letter. */
eg_status eg_item_too_large(struct eg_item *item);
/* [{pointer, message}] of a refusal that has one reason; NULL when memory is out. */
const char *eg_failure_errors(struct eg_arena *arena, const struct eg_failure *failure);
/* The same with an error that is already made; errors_json (or NULL) lives in the submission's arena. */
eg_status eg_item_reject_with(struct eg_item *item, const struct eg_err *err, const char *errors_json);

#endif
