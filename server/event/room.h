/* The context of server/event/ and the functions that its files call in each other. The order of the calls is in event_flow.c. */
#ifndef EG_EVENT_ROOM_H
#define EG_EVENT_ROOM_H

#include "server/event/batch.h"
#include "server/event/item.h"
#include "server/event/plan.h"

#define EG_SENDER_BUCKETS 1024

#define EG_NO_MEMORY_NOW "what is being made of events, reports and dead letters needs all of event.memory_b; send this again later"

struct eg_event {
    uint32_t magic;
    uv_loop_t *loop;
    struct eg_db *db;
    const struct eg_registry *registry;
    struct eg_event_config config;
    struct eg_arena *arena; /* for what is made once */
    struct eg_arena_budget memory; /* of all submissions, reports and chunks of dead letters: no arena of these outlives the room */
    struct eg_plan plan;
    struct eg_event_stats stats;
    struct eg_log log;

    /* gather.c */
    struct eg_link queue;  /* items in the order of their arrival; atomic submissions' items stand together */
    uv_idle_t kick;        /* active while something waits to be started: the loop then does not sleep */
    uv_prepare_t starter;  /* starts a batch before the loop sleeps: all that one turn brought goes together */
    uv_timer_t timer;      /* retries, and the deadlines of what waits */
    int64_t retry_at_us;   /* monotonic: not before; 0: at once */
    int retry_wait_ms;     /* the back-off, 0 after a success */
    size_t batch_limit;    /* events in the next batch: halved by a refusal, doubled by a success */
    struct eg_err store_err; /* why the last batch failed */
    bool draining;
    int open_handles;
    void (*drained)(void *ctx);
    void *drained_ctx;

    struct eg_sender *senders[EG_SENDER_BUCKETS]; /* those with events in the queue */
    struct eg_batch batch; /* the one in flight */
    struct eg_tail *tail;  /* streams of events */
    struct eg_findings_policy *findings_policy; /* NULL: the declarations have none, and reports are refused */
    struct eg_secrets *secrets; /* NULL: events are not looked through */
    int reports;           /* being read now */

    /* store.c: batches of one round */
    int64_t position;      /* the counter, as this server's last commit left it; −1: not known */
    unsigned guess_pause;  /* batches that are asked for, the wrongly guessed one included, before the next is guessed … */
    unsigned guess_wait;   /* … after a wrong guess: doubled by each of these, one less after each right one */

    /* fill.c */
    bool filling;          /* parents may stand in pending_parents: batches without events go on with them, before any other */
    int64_t fill_look_us;  /* monotonic: when a quiet server looks next */
    bool fill_skip;        /* the next row is refused alone: it stays */
    int fill_alone;        /* failures of one row, one after the other */
    struct eg_err fill_err; /* of the last of them */
    size_t fill_limit;     /* waiting rows in the next batch: less after a failure, doubled by a success */
};

/* The steps of a request, in order. */
enum eg_step_result eg_event_receive(struct eg_request *req);
enum eg_step_result eg_event_prepare(struct eg_request *req);
enum eg_step_result eg_event_gather(struct eg_request *req);
enum eg_step_result eg_event_store(struct eg_request *req);
enum eg_step_result eg_event_acknowledge(struct eg_request *req);

/* The steps of an item. EG_FAIL: the item has been rejected. */
EG_MUST_CHECK eg_status eg_item_read_json(struct eg_item *item); /* the first half of parse: item->doc */
EG_MUST_CHECK eg_status eg_item_parse(struct eg_item *item);
EG_MUST_CHECK eg_status eg_item_secrets(struct eg_item *item);
EG_MUST_CHECK eg_status eg_item_authenticate(struct eg_item *item);
EG_MUST_CHECK eg_status eg_item_validate(struct eg_item *item);
EG_MUST_CHECK eg_status eg_item_key(struct eg_item *item);

/* glance.c: of an item that was refused by a value: what of its envelope can be read all the same. */
void eg_item_glance(struct eg_item *item);

/* secrets.c; both do nothing without event.secrets. What is told of a refusal (message, place) quotes no secret; and what a dead letter
 * keeps (bytes, headers, envelope) has none. */
void eg_secrets_tell(struct eg_item *item);
EG_MUST_CHECK eg_status eg_secrets_letter(struct eg_item *item);
/* parse.c: JSON within the bounds of depth and values, and what it takes to be built; a NUL or a number may be wrong in it. */
bool eg_json_bounded(struct eg_str text, size_t *built_b);

#define EG_KEY_HEADER_MOST_B 240 /* an envelope takes 255: room for #<number> of an item, which a dead letter has already */
EG_MUST_CHECK eg_status eg_key_check(const char *key, size_t most_b, struct eg_err *err); /* key.c: a header's; err: envelope_invalid */

/* envelope.c, cloudevents.c: item->doc → item->env. */
EG_MUST_CHECK eg_status eg_envelope_read(struct eg_item *item);
EG_MUST_CHECK eg_status eg_cloudevent_read(struct eg_item *item);
EG_MUST_CHECK eg_status eg_cloudevent_read_binary(struct eg_item *item);
json_t *eg_cloudevent_decoded(const char *raw); /* a header's value, percent-decoded; NULL: a broken escape, NUL, or no UTF-8 */
/* Checks one member's text against its bounds and keeps a copy: name as in the envelope, pointer for the message. */
EG_MUST_CHECK eg_status eg_envelope_set(struct eg_item *item, const char *name, const char *pointer, const json_t *value);
EG_MUST_CHECK eg_status eg_envelope_complete(struct eg_item *item, bool cloudevent); /* whose names errors are told in */

#define EG_CANONICAL_MOST_B ((size_t)64 << 20)
/* canonical.c: SHA-256 over what the sender sent, in canonical form; false when memory is out. */
EG_MUST_CHECK bool eg_canonical_hash(struct eg_item *item);
struct eg_hasher; /* working memory of one thread; NULL is the loop's */
struct eg_hasher *eg_hasher_new(void);
void eg_hasher_free(struct eg_hasher *hasher);
void eg_sha256(struct eg_hasher *hasher, const void *bytes, size_t len, uint8_t out[EG_HASH_B]);

/* deadletter.c */
bool eg_code_dead_letter(enum eg_code code); /* whether a refusal with this code is kept */
EG_MUST_CHECK eg_status eg_dead_letter_prepare(struct eg_item *item); /* hash, id, and the notice */

struct eg_item *eg_notice_new(struct eg_arena *arena, const struct eg_item *about, const char *topic); /* NULL: no memory */

/* letter.c: what of a request's headers is part of a dead letter, and the way back to one text. */
EG_MUST_CHECK eg_status eg_letter_headers(struct eg_item *item);
void eg_letter_hash(struct eg_item *item); /* of bytes and headers: which originals are one */
/* The event as one JSON text: of a binary CloudEvent its structured form, else original itself. p NULL: no memory. */
struct eg_str eg_letter_text(struct eg_arena *arena, const json_t *headers, struct eg_str original);

/* audit.c: a dead letter that is acted upon, inside the batch. */
EG_MUST_CHECK eg_status eg_letter_name(struct eg_item *item); /* the event says which dead letter it was */
void eg_batch_know_letters(struct eg_batch *batch, const struct eg_op *op);
bool eg_batch_letter_stands(struct eg_batch *batch, struct eg_item *item); /* false: gone, or redriven already; it is decided */
void eg_batch_put_redriven(struct eg_event *event, struct eg_item *item);  /* once it is stored, or found stored */
void eg_batch_remove_letter(struct eg_event *event, struct eg_item *item);

/* event_flow.c */
void eg_submission_drop(struct eg_request *req);
bool eg_submission_held(const struct eg_request *req); /* by the queue, or the batch */
void eg_item_prepare(struct eg_item *item); /* from bytes to rows, or to a rejection */

#define EG_ASIDE_BODY_B ((size_t)512 << 10) /* a larger body is taken apart by a thread … */
#define EG_ASIDE_EVENT_B ((size_t)64 << 10) /* … and a larger event is prepared by one, with what follows it */
/* aside.c: run(sub) by a thread; its request's step then runs again, with sub->aside NULL. False: there is no thread, and nothing runs. */
bool eg_submission_aside(struct eg_submission *sub, void (*run)(struct eg_submission *sub));

/* gather.c */
EG_MUST_CHECK eg_status eg_gather_open(struct eg_event *event, struct eg_err *err);
void eg_gather_close(struct eg_event *event);
void eg_gather_let_go(struct eg_event *event); /* one of open_handles less; with the last the room goes */
EG_MUST_CHECK eg_status eg_gather_reserve(struct eg_event *event, struct eg_submission *sub, size_t size_b, struct eg_err *err);
void eg_gather_release(struct eg_event *event, struct eg_submission *sub);
void eg_gather_push(struct eg_event *event, struct eg_item *item);
/* Puts a failed batch's items back in front, in order; pause: the next try waits, longer each time. */
void eg_gather_put_back(struct eg_event *event, struct eg_link *items, bool pause);
size_t eg_gather_take(struct eg_event *event, struct eg_link *into, size_t *n_units); /* the next batch: events taken */
void eg_gather_done(struct eg_event *event, struct eg_item *item); /* result is set: wakes its request when all are */
void eg_gather_next(struct eg_event *event);       /* starts the next batch, if there is one and nothing is to be waited for */
void eg_gather_batch_over(struct eg_event *event); /* after its items were answered: deadlines, and the end of a drain */

/* sender.c: a sender's share of the queue. err: too_many_requests, overloaded. */
EG_MUST_CHECK eg_status eg_sender_take(struct eg_event *event, struct eg_submission *sub, struct eg_err *err);
void eg_sender_give_back(struct eg_event *event, struct eg_submission *sub);

/* store.c */
void eg_store_start(struct eg_event *event); /* takes a batch and begins */

/* fill.c: waiting rows that a batch may take */
#define EG_FILL_MOST_ROWS 256
#define EG_FILL_LOOK_MS 60000 /* a quiet server looks whether another one left rows that can be made */
#define EG_FILL_MOST_B ((int64_t)1 << 20)

#endif
