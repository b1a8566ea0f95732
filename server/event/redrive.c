/* POST /v1/dlq/redrive: dead letters go the way of an event again, edited or not, a chunk at a time and no faster than asked. Each chunk is
 * read, prepared, stored by the group commit like any other events, and told of in the answer; so memory is bounded by a chunk, and what
 * an unlucky moment cuts off is simply asked for again. A dry run ends before the store. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/event/edit.h"
#include "server/event/redrive.h"
#include "server/registry/json_write.h"

#define WISH_MOST_B ((size_t)1 << 20)
#define CHUNK_ARENA_MOST_B ((size_t)256 << 20)
#define SLICE_US 250
#define CHUNKS_A_SECOND 10

enum phase { READ, READING, PREPARE, STORE, TELL, PAUSE, END };

struct eg_redrive {
    struct eg_request *req; /* NULL: gone */
    struct eg_event *event;
    struct eg_arena *arena;
    struct eg_redrive_wish wish;
    enum phase phase;
    uv_timer_t timer;
    struct eg_read_handle *handle;
    struct eg_chunk chunk;
    struct eg_submission *sub; /* of the chunk */
    size_t next_id;            /* of wish.ids */
    char after[EG_DLQ_ID_MOST_B + 1];
    bool exhausted;            /* nothing is behind the chunk */
    int64_t chunk_us;          /* when it began, monotonic */
    size_t room;               /* letters in a chunk, for which there was memory: 0 after one that did not take all that it had read */
    json_t *items;
    int64_t handled, redriven, already, failed;
    struct eg_err stopped;     /* why the page ends early */
};

static void free_on_close(uv_handle_t *handle) {
    struct eg_redrive *r = handle->data;
    eg_arena_free(r->chunk.arena);
    json_decref(r->wish.body);
    json_decref(r->items);
    eg_arena_free(r->arena);
    eg_gather_let_go(r->event);
    free(r);
}

static void end_chunk(struct eg_redrive *r) {
    if (r->sub) {
        EG_ASSERT(r->sub->n_open == 0);
        eg_gather_release(r->event, r->sub);
    }
    r->sub = NULL;
    eg_arena_free(r->chunk.arena);
    r->chunk.arena = NULL;
}

static void drop(struct eg_request *req) {
    struct eg_redrive *r = req->state;
    if (!r)
        return;
    req->state = NULL;
    r->req = NULL;
    if (r->phase == READING) {
        eg_db_read_cancel(r->handle); /* done comes, and frees */
        return;
    }
    end_chunk(r);
    uv_close((uv_handle_t *)&r->timer, free_on_close);
}

static void set_no_memory(struct eg_redrive *r) {
    if (r->chunk.arena && eg_arena_full(r->chunk.arena))
        eg_err_set(&r->stopped, EG_E_BODY_TOO_LARGE, NULL, "the next dead letter takes more memory than there is for all (event.memory_b)");
    else
        eg_err_set(&r->stopped, EG_E_OVERLOADED, NULL, EG_NO_MEMORY_NOW);
}

/* What finds no memory beside others may find it alone: the chunk ends in front of it, and the next begins with it. False: it is alone. */
static bool cut(struct eg_redrive *r, size_t at) {
    if (r->chunk.n_rows < 2)
        return false;
    r->chunk.n_rows = at;
    r->chunk.full = true;
    r->room = 0;
    return true;
}

static bool take_row(void *ctx, const struct eg_value *cells, size_t n) {
    struct eg_redrive *r = ctx;
    (void)n;
    return r->req && eg_redrive_take_row(&r->chunk, cells);
}

static void on_read(void *ctx, const struct eg_err *err) {
    struct eg_redrive *r = ctx;
    r->handle = NULL;
    r->phase = PREPARE;
    if (!r->req) {
        uv_close((uv_handle_t *)&r->timer, free_on_close);
        return;
    }
    if (err)
        r->stopped = *err;
    else if (r->chunk.no_memory)
        set_no_memory(r);
    eg_request_wake(r->req);
}

static void on_timer(uv_timer_t *timer) {
    struct eg_redrive *r = timer->data;
    eg_request_wake(r->req);
}

static enum eg_step_result take(struct eg_request *req) {
    struct eg_event *event = req->app;
    struct eg_redrive *r = calloc(1, sizeof *r);
    struct eg_arena *arena = r ? eg_arena_new(WISH_MOST_B) : NULL;
    if (!arena || uv_timer_init(event->loop, &r->timer) != 0) {
        eg_arena_free(arena);
        free(r);
        eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
        return eg_request_problem(req, NULL);
    }
    r->timer.data = r;
    r->req = req;
    r->event = event;
    event->open_handles++; /* the chunk's arena counts in the room's memory */
    r->arena = arena;
    r->items = json_array();
    r->room = EG_REDRIVE_CHUNK;
    req->state = r;
    if (eg_redrive_wish(req, arena, &r->wish) != EG_OK)
        return eg_request_problem(req, NULL);
    snprintf(r->after, sizeof r->after, "%s", r->wish.after);
    return EG_MORE;
}

/* The next chunk: no more than a tenth of a second's, and after one that was cut a single letter, then twice as many each time. */
static bool read_chunk(struct eg_redrive *r) {
    const struct eg_redrive_wish *wish = &r->wish;
    struct eg_chunk *chunk = &r->chunk;
    int64_t most = wish->rate / CHUNKS_A_SECOND, left = wish->limit - r->handled;
    r->room = r->room == 0 ? 1 : r->room < EG_REDRIVE_CHUNK / 2 ? 2 * r->room : EG_REDRIVE_CHUNK;
    most = most < 1 ? 1 : most > (int64_t)r->room ? (int64_t)r->room : most;
    chunk->most = (size_t)(most < left ? most : left);
    if (wish->ids && wish->n_ids - r->next_id < chunk->most)
        chunk->most = wish->n_ids - r->next_id;
    if (chunk->most == 0)
        return false;
    chunk->asked = wish->ids ? wish->ids + r->next_id : NULL;
    chunk->n_asked = wish->ids ? chunk->most : 0;
    chunk->n_rows = chunk->size_b = 0;
    chunk->full = chunk->no_memory = false;
    chunk->arena = eg_arena_new_of(&r->event->memory, CHUNK_ARENA_MOST_B);
    struct eg_read *read = chunk->arena ? eg_arena_zalloc(chunk->arena, sizeof *read) : NULL;
    if (!read || !eg_redrive_read(wish, r->after, chunk, read)) {
        set_no_memory(r);
        return false;
    }
    read->row = take_row;
    read->done = on_read;
    read->ctx = r;
    r->chunk_us = eg_clock_mono_us();
    r->phase = READING;
    r->handle = eg_db_read(r->event->db, read);
    return true;
}

/* The event's text, edited; false: the item is rejected. */
static bool edit_text(struct eg_redrive *r, struct eg_item *item) {
    struct eg_err err = {0};
    if (!r->wish.edit)
        return true;
    if (!json_object_get(r->wish.edit, "replace") && eg_item_read_json(item) != EG_OK)
        return false;
    eg_status status = eg_edit_apply(&item->doc, r->wish.edit, &err);
    struct eg_buf text;
    eg_buf_init(&text, CHUNK_ARENA_MOST_B);
    if (status == EG_OK)
        eg_json_write(&text, item->doc);
    char *kept = text.len && !text.failed ? eg_arena_dup(r->chunk.arena, text.data, text.len) : NULL;
    item->bytes = (struct eg_str){kept, kept ? text.len : 0};
    eg_buf_free(&text);
    eg_item_drop_docs(item);
    if (kept)
        return true;
    (void)(status == EG_OK ? eg_item_full(item) : eg_item_reject_with(item, &err, NULL));
    return false;
}

static void is_already(struct eg_item *item, const struct eg_dlq_row *row) {
    item->letter->already = true;
    item->result = EG_RESULT_DUPLICATE;
    item->receipt_id = (struct eg_str){row->redriven_id, strlen(row->redriven_id)};
}

static void prepare_item(struct eg_redrive *r, struct eg_item *item, const struct eg_dlq_row *row) {
    struct eg_arena *arena = r->chunk.arena;
    struct eg_letter *letter = eg_arena_zalloc(arena, sizeof *letter);
    json_t *headers = row->headers.p ? json_loadb(row->headers.p, row->headers.n, 0, NULL) : NULL;
    const json_t *key = json_object_get(headers, "idempotency-key");
    item->bytes = eg_letter_text(arena, headers, row->original);
    if (letter)
        *letter = (struct eg_letter){.id = row->id, .scope = row->scope, .low_trust = row->low_trust, .edit_text = r->wish.edit_text};
    if (letter && key)
        letter->idempotency_key = eg_arena_dup(arena, json_string_value(key), json_string_length(key));
    json_decref(headers);
    item->letter = letter;
    if (!letter || !item->bytes.p || (key && !letter->idempotency_key))
        (void)eg_item_full(item);
    else if (row->redriven_id)
        is_already(item, row);
    else if (edit_text(r, item))
        eg_item_prepare(item);
    eg_item_drop_docs(item);
}

/* false: the page has stopped, or the chunk is read anew with less. */
static bool begin_items(struct eg_redrive *r) {
    struct eg_arena *arena = r->chunk.arena;
    size_t n = r->chunk.n_rows;
    r->sub = eg_arena_zalloc(arena, sizeof *r->sub);
    struct eg_item *items = eg_arena_zalloc(arena, (n + 1) * sizeof *items);
    if (!r->sub || !items) {
        r->sub = NULL;
        if (!eg_arena_full(arena) || !cut(r, 0))
            set_no_memory(r);
        return false;
    }
    *r->sub = (struct eg_submission){.magic = EG_SUBMISSION_MAGIC, .event = r->event, .req = r->req, .arena = arena,
                                     .form = EG_FORM_ARRAY, .items = items, .n_items = n};
    for (size_t i = 0; i < n; i++)
        items[i] = (struct eg_item){.of = r->sub, .index = i};
    return r->wish.dry_run || eg_gather_reserve(r->event, r->sub, r->chunk.size_b, &r->stopped) == EG_OK;
}

static bool too_large(const struct eg_item *item) {
    return item->result == EG_RESULT_REJECTED && item->failure->err.code == EG_E_BODY_TOO_LARGE;
}

/* true: all are prepared and, but for a dry run, in the queue. */
static bool prepare(struct eg_redrive *r) {
    int64_t start_us = eg_clock_mono_us();
    while (r->sub->next < r->chunk.n_rows) {
        size_t i = r->sub->next++;
        prepare_item(r, &r->sub->items[i], &r->chunk.rows[i]);
        if (too_large(&r->sub->items[i]) && cut(r, i))
            break;
        if (r->sub->next < r->chunk.n_rows && eg_clock_mono_us() - start_us > SLICE_US) {
            eg_request_wake(r->req);
            return false;
        }
    }
    for (size_t i = 0; !r->wish.dry_run && i < r->chunk.n_rows; i++) {
        if (r->sub->items[i].result == EG_RESULT_OPEN)
            eg_gather_push(r->event, &r->sub->items[i]);
    }
    return true;
}

static json_t *str(struct eg_str s) { return s.p ? json_stringn(s.p, s.n) : json_null(); }

static json_t *error_of(const struct eg_err *err, const char *errors_json) {
    json_t *error = json_pack("{s:s, s:i, s:s, s:s}", "code", eg_code_name(err->code), "status", eg_code_status(err->code), "detail",
                              err->message, "pointer", err->place);
    if (errors_json)
        json_object_set_new(error, "errors", json_loads(errors_json, 0, NULL));
    return error;
}

static json_t *rows_of(const struct eg_item *item) {
    json_t *rows = json_array();
    for (size_t i = 0; i < item->n_rows; i++) {
        const struct eg_dml *dml = &item->rows[i].rule->dml;
        json_array_append_new(rows, json_pack("{s:s, s:s}", "table", dml->table->name, "action", eg_dml_kind_name(dml->kind)));
    }
    return rows;
}

static void tell(struct eg_redrive *r, const struct eg_item *item, const struct eg_dlq_row *row) {
    json_t *entry = json_pack("{s:s}", "dlq_id", row->id);
    r->handled++;
    json_array_append_new(r->items, entry);
    if (item->result == EG_RESULT_REJECTED) {
        r->failed++;
        json_object_set_new(entry, "status", json_string("failed"));
        json_object_set_new(entry, "error", error_of(&item->failure->err, item->failure->errors_json));
        return;
    }
    bool already = item->letter->already;
    *(already ? &r->already : &r->redriven) += 1;
    json_object_set_new(entry, "status", json_string(already ? "already" : r->wish.dry_run ? "valid" : "redriven"));
    if (already || !r->wish.dry_run)
        json_object_set_new(entry, "event_id", str(item->receipt_id));
    if (!already && r->wish.dry_run) {
        json_object_set_new(entry, "topic", str(item->env.topic));
        json_object_set_new(entry, "rows", rows_of(item));
    } else if (!already) {
        json_object_set_new(entry, "position", json_integer(item->position));
        json_object_set_new(entry, "duplicate", json_boolean(item->result == EG_RESULT_DUPLICATE));
    }
}

static void tell_missing(struct eg_redrive *r, const char *id) {
    struct eg_err err = {0};
    eg_err_set(&err, EG_E_NOT_FOUND, NULL, "no dead letter %.128s is kept", id);
    r->handled++;
    r->failed++;
    json_array_append_new(r->items, json_pack("{s:s, s:s, s:o}", "dlq_id", id, "status", "failed", "error", error_of(&err, NULL)));
}

/* Ids and rows are both sorted. Those behind the last row of a chunk that was cut short are asked for again. */
static void tell_missing_before(struct eg_redrive *r, const char *id) {
    while (r->wish.ids && r->next_id < r->wish.n_ids && r->chunk.n_asked) {
        const char *asked = r->wish.ids[r->next_id];
        int order = id ? strcmp(asked, id) : -1;
        if (order > 0)
            return;
        r->next_id++;
        r->chunk.n_asked--;
        if (order == 0)
            return;
        tell_missing(r, asked);
        snprintf(r->after, sizeof r->after, "%s", asked);
    }
}

/* What the server could not take, for reasons of its own, ends the page in front of it. */
static void tell_all(struct eg_redrive *r) {
    for (size_t i = 0; i < r->chunk.n_rows; i++) {
        const struct eg_item *item = &r->sub->items[i];
        bool unavailable = item->result == EG_RESULT_REJECTED && eg_code_status(item->failure->err.code) >= 500;
        tell_missing_before(r, r->chunk.rows[i].id);
        if (unavailable && r->stopped.code == EG_E_NONE)
            r->stopped = item->failure->err;
        tell(r, item, &r->chunk.rows[i]);
        if (r->stopped.code == EG_E_NONE)
            snprintf(r->after, sizeof r->after, "%s", r->chunk.rows[i].id);
    }
    if (!r->chunk.full && r->stopped.code == EG_E_NONE)
        tell_missing_before(r, NULL);
    r->exhausted = r->wish.ids ? r->next_id == r->wish.n_ids : !r->chunk.full && r->chunk.n_rows < r->chunk.most;
}

static enum phase next_phase(struct eg_redrive *r) {
    int64_t now_us = eg_clock_mono_us(), due_us = r->chunk_us + (int64_t)r->chunk.n_rows * 1000000 / r->wish.rate;
    end_chunk(r);
    if (r->exhausted || r->handled >= r->wish.limit || r->stopped.code != EG_E_NONE)
        return END;
    if (due_us <= now_us || r->wish.dry_run)
        return READ;
    uv_update_time(r->timer.loop); /* the timer counts from the time that the loop knows, which is that of its last turn */
    uv_timer_start(&r->timer, on_timer, (uint64_t)(due_us - now_us + 999) / 1000, 0);
    return PAUSE;
}

static enum eg_step_result redrive(struct eg_request *req) {
    struct eg_redrive *r = req->state;
    for (;;) {
        switch (r->phase) {
        case PAUSE:
        case READ:
            r->exhausted = !read_chunk(r);
            if (!r->exhausted)
                return EG_WAIT;
            end_chunk(r);
            r->phase = END;
            break;
        case READING: return EG_WAIT;
        case PREPARE:
            if (r->stopped.code != EG_E_NONE || (!r->sub && !begin_items(r))) {
                end_chunk(r);
                r->phase = r->stopped.code == EG_E_NONE ? READ : END;
                break;
            }
            if (!prepare(r))
                return EG_WAIT;
            r->phase = STORE;
            break;
        case STORE:
            if (r->sub->n_open)
                return EG_WAIT;
            r->phase = TELL;
            break;
        case TELL:
            tell_all(r);
            r->phase = next_phase(r);
            if (r->phase == PAUSE)
                return EG_WAIT;
            break;
        case END: return EG_MORE;
        }
    }
}

static enum eg_step_result answer(struct eg_request *req) {
    const struct eg_redrive *r = req->state;
    if (r->stopped.code != EG_E_NONE && r->redriven + r->already + r->failed == 0) {
        req->err = r->stopped;
        return eg_request_problem(req, NULL);
    }
    bool over = r->exhausted && r->stopped.code == EG_E_NONE;
    json_t *said = json_pack("{s:b, s:I, s:I, s:I, s:O, s:o}", "dry_run", (int)r->wish.dry_run, "redriven", (json_int_t)r->redriven,
                             "already", (json_int_t)r->already, "failed", (json_int_t)r->failed, "items", r->items, "next",
                             over ? json_null() : json_string(r->after));
    if (said && r->stopped.code != EG_E_NONE)
        json_object_set_new(said, "stopped", error_of(&r->stopped, NULL));
    if (said)
        eg_json_write(&req->answer, said);
    bool failed = !said || req->answer.failed;
    json_decref(said);
    if (failed) {
        eg_err_set(&req->err, EG_E_INTERNAL, NULL, "the answer does not fit into memory");
        return eg_request_problem(req, NULL);
    }
    eg_buf_char(&req->answer, '\n');
    return eg_request_answer(req, r->failed ? 207 : 200, "application/json");
}

static bool held(const struct eg_request *req) {
    const struct eg_redrive *r = req->state;
    return r && r->sub && r->sub->n_open > 0;
}

static const struct eg_step way[] = {{"take", take}, {"redrive", redrive}, {"answer", answer}};
const struct eg_flow eg_flow_dlq_redrive = {.name = "dlq_redrive", .n_steps = 3, .steps = way, .drop = drop, .held = held};
