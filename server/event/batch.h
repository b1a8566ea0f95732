/* The batch in flight: one write transaction. store.c drives it, decide.c says what each item is, batch.c collects what is written,
 * pending.c keeps rows whose parents are missing. */
#ifndef EG_EVENT_BATCH_H
#define EG_EVENT_BATCH_H

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "db/db.h"
#include "server/event/phase.h"
#include "server/event/plan.h"

struct eg_event;
struct eg_item;

/* Parameters of one shape, row after row, grown in the batch's arena. */
struct eg_params_buf {
    const struct eg_dml *dml;
    size_t width;
    size_t n_rows;
    size_t cap;
    struct eg_value *values;
};

/* Rows that wait, in the order in which they are to be made: that of their events. */
struct eg_wait_list {
    struct eg_waiter *first, *last;
};

struct eg_need_state { /* of one natural key of one need shape */
    const struct eg_need_shape *shape;
    const struct eg_value *key; /* n_where */
    bool exists;
    bool created;  /* by this batch */
    bool wanted;   /* it stands in need_list, to be looked up */
    unsigned sure; /* the mark of the rows that make it themselves before they need it (eg_batch_note_rows) */
    bool may_come; /* a row of this batch may make it: rows that wait for it in the database are fetched */
    unsigned since; /* raised when the row is found or made (gone.c) */
    struct eg_need_state *next_coming; /* of those whose waiting rows were not asked for yet */
    struct eg_wait_list waiters;
};

struct eg_waiter { /* a row that cannot be made yet */
    struct eg_waiter *next;      /* in the list it stands in: of its parent, or of what is to be tried */
    struct eg_waiter *next_made; /* in batch.waiters */
    struct eg_waiter *next_gone; /* of those that one delete takes away (gone.c) */
    int64_t order;
    const struct eg_rule_plan *plan;
    const struct eg_value *params;
    struct eg_str event_id;
    int64_t created_us;
    int64_t received_us;
    int64_t pending_id; /* of its row in pending_rows; 0: not there yet */
    bool settled;       /* made or deleted, so nothing is to be written into pending_rows */
    const struct eg_need_state *waits_for;
    struct eg_str stored_table, stored_key; /* what its row in pending_rows waits for */
};

/* Rows of pending_rows that this batch makes, because their parents stand in pending_parents (fill.c). */
struct eg_filling {
    bool only;       /* the batch has no events: it goes on where an earlier one ended */
    size_t most;     /* rows that may be taken */
    int64_t most_b;
    size_t n;        /* rows that were taken */
    bool answered;   /* by the last round; how it ended is not written yet … */
    bool cut;        /* … that there may be more, behind `reached` */
    const struct eg_value *reached; /* cells of the last row */
    bool rest;       /* parents stand in pending_parents when the batch is committed */
};

struct eg_known_id {
    struct eg_str id;
    int64_t position;
    const uint8_t *content_hash;
};

struct eg_known_letter { /* of events_dlq */
    int64_t seen;
    struct eg_item *first; /* of this batch, when it is new */
    struct eg_item *again; /* the first of this batch that was seen before */
    bool gone;             /* removed by this batch: the next of its kind is new */
};

struct eg_letter_state { /* a row of events_dlq that is acted upon */
    const uint8_t *original_hash;
    struct eg_str code, topic, event_id, redriven_id; /* p NULL: null */
    bool gone;
};

struct eg_batch {
    bool busy;
    struct eg_arena *arena;
    struct eg_link items;
    size_t n_items;
    size_t n_units;       /* items, an atomic submission counting once */
    int64_t started_us;   /* monotonic */
    int64_t received_us;  /* what received_utc says */
    int64_t position;     /* the last that is taken */
    int64_t first_position;
    bool failed;          /* the arena is full */
    bool position_lost;   /* the counter's row is not there */
    bool guessed;         /* one round: nothing was asked first */
    bool some_wait;       /* in pending_rows */
    bool idle;            /* there is nothing to be done */
    bool crowded;         /* more rows wait than it may make, and they come before those of its later events: each is to be alone */
    struct eg_map *keys;  /* scope NUL key → struct eg_known_id */
    struct eg_map *ids;   /* id → struct eg_known_id */
    struct eg_map *dlq;   /* original hash → struct eg_known_letter */
    struct eg_map *letters; /* id → struct eg_letter_state, of those that are acted upon */
    struct eg_map *gone;  /* delete and key bytes → the rows that are there (gone.c) */
    struct eg_map *needs; /* shape id and key bytes → struct eg_need_state */
    struct eg_need_state **need_list; /* what rows need */
    size_t n_needs, cap_needs;
    size_t needs_asked;   /* need_list[0 … needs_asked) have been looked up */
    unsigned mark;        /* the last of eg_need_state.sure */
    struct eg_need_state *coming;
    struct eg_params_buf id_rows, key_rows, event_rows, artifact_rows, dlq_rows, dlq_seen_rows;
    struct eg_params_buf dlq_redriven_rows, dlq_gone_rows, pending_rows, pending_moved, pending_gone, pending_dropped;
    struct eg_waiter *waiters; /* all, newest first */
    size_t n_waiters;
    struct eg_phases phases;
    struct eg_op *ops;
    size_t n_ops, cap_ops;
    struct eg_need_state **asked;  /* by the round in flight: the states of each lookup's rows, one lookup after the other */
    struct eg_filling fill;
};

/* decide.c: a row of events and of event_ids. */
void eg_batch_put_event(struct eg_batch *batch, const struct eg_item *item, int64_t position);
void eg_batch_is_duplicate(struct eg_item *item, struct eg_str id, int64_t position);

/* A new row's place in the buffer, dml's parameters wide; NULL when the arena is full (the batch is then failed). */
struct eg_value *eg_batch_row(struct eg_batch *batch, struct eg_params_buf *rows);
struct eg_op *eg_batch_op(struct eg_batch *batch, const struct eg_dml *dml, size_t n_rows, const struct eg_value *params);
void eg_batch_ops_begin(struct eg_batch *batch); /* forgets the last round's */

/* decide.c: the first round's questions, their answers, and what each item is by these: its result, its rows into the buffers. */
void eg_batch_ask(struct eg_event *event);
/* Whether what the batch holds may be new, makes nothing that other rows wait for, and takes nothing away that they need. */
bool eg_batch_may_guess(const struct eg_event *event);
void eg_batch_guess(struct eg_event *event); /* in place of asking */
void eg_batch_take(struct eg_event *event);
void eg_batch_decide(struct eg_event *event);

/* pending.c */
/* Of a value of a key, to the bytes under which a map has the key: what two values make is never the same. */
void eg_batch_key_value(struct eg_buf *bytes, enum eg_type type, const struct eg_value *value);

/* Notes what a row, or an event's rows, need, so that the next lookup round asks. */
void eg_batch_note_needs(struct eg_event *event, const struct eg_rule_plan *plan, const struct eg_value *params);
void eg_batch_note_rows(struct eg_event *event, const struct eg_row *rows, size_t n_rows);
/* Makes the row, or lets it wait for the first parent that is missing; made rows wake those of the batch that wait for them. */
void eg_batch_make_row(struct eg_event *event, const struct eg_rule_plan *plan, const struct eg_value *params, struct eg_str event_id,
                       int64_t created_us);
/* Lookups of needs not asked yet, as operations of this round, and their answers. False: there is nothing to ask. In a batch that is
 * guessed they are demands, and taken as answered. */
bool eg_batch_ask_needs(struct eg_event *event);
void eg_batch_take_needs(struct eg_event *event);
/* What a row may make, so that the rows that wait for it in the database are asked for: before anything is decided, since they come
 * before the rows of this batch. */
void eg_batch_note_creates(struct eg_event *event, const struct eg_rule_plan *plan, const struct eg_value *params);
void eg_batch_add_waiter(struct eg_batch *batch, struct eg_waiter *waiter);
void eg_batch_join_waiting(struct eg_event *event); /* when all needs are answered: the rows wait here now */
/* Rows that still wait, into pending_rows' buffers. */
void eg_batch_keep_waiting(struct eg_event *event);

/* fill.c */

/* Rows that wait for what the batch may make, or is to go on with, as operations of this round: as many as the batch may take, and the
 * rest stays for the next. False: there is nothing to ask. */
bool eg_batch_ask_waiting(struct eg_event *event);
void eg_batch_take_waiting(struct eg_event *event); /* may note more needs, and more of what may be made */
void eg_batch_end_fill(struct eg_event *event);     /* how far the last round came, into the round that writes */
/* The next batch's bounds after a failure of this one, and after a success. False: no row that waited was in it. */
bool eg_fill_failed(struct eg_event *event, bool refused, const struct eg_err *err);
void eg_fill_committed(struct eg_event *event);

/* gone.c: a needed row was found (cells of the lookup's `out`) or made, a row waits, or rows are deleted: those that wait in this batch
 * or in the database as well. */
void eg_gone_note_found(struct eg_batch *batch, struct eg_need_state *state, const struct eg_value *cells);
void eg_gone_note_made(struct eg_batch *batch, struct eg_need_state *state, const struct eg_creates *creates,
                       const struct eg_value *params);
void eg_gone_note_waits(struct eg_batch *batch, struct eg_waiter *waiter);
/* Into row: the table that the waiting row is for, and the key of what deletes it, null when nothing does. */
void eg_gone_key(struct eg_batch *batch, const struct eg_rule_plan *plan, const struct eg_value *params, struct eg_value row[2]);
void eg_gone_delete(struct eg_batch *batch, const struct eg_rule_plan *plan, const struct eg_value *params);

/* waiting.c: parameters as the JSON that pending_rows keeps. */
struct eg_str eg_params_encode(struct eg_arena *arena, const enum eg_type *types, const struct eg_value *values, size_t n);
bool eg_params_decode(struct eg_arena *arena, struct eg_str text, const enum eg_type *types, struct eg_value *values, size_t n);

#endif
