/* A dead letter that an administrator acts upon, inside the batch that does it: what events_dlq knows of it, the row that is changed or
 * removed, and the event that tells of it. All in one transaction, and behind the lock of the position counter: a
 * dead letter that two redrive at once is stored once, and what died half-way can simply be asked for again. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "server/event/room.h"

#define REDRIVEN_TOPIC "bus.dlq.redriven@v1"
#define DELETED_TOPIC "bus.dlq.deleted@v1"
#define NOTICE_MOST_B 262144
#define NO_SHA "0000000000000000000000000000000000000000"

/* env.redriven_from: after the content hash was taken, so that the same event sent again by its producer is a duplicate. */
eg_status eg_letter_name(struct eg_item *item) {
    json_t *env = item->env_doc ? json_copy(item->env_doc) : json_object();
    json_object_set_new(env, "redriven_from", json_string(item->letter->id));
    char *text = env ? json_dumps(env, JSON_COMPACT) : NULL;
    char *kept = text ? eg_arena_dup(item->of->arena, text, strlen(text)) : NULL;
    if (kept)
        item->env.env_text = (struct eg_str){kept, strlen(kept)};
    free(text);
    json_decref(env);
    return kept ? EG_OK : EG_FAIL;
}

static struct eg_str str_of(const struct eg_value *cell) { return cell->null ? (struct eg_str){NULL, 0} : cell->s; }

void eg_batch_know_letters(struct eg_batch *batch, const struct eg_op *op) {
    for (size_t r = 0; r < op->result.n_rows; r++) { /* index, original_hash, code, topic, event_id, redriven_id */
        const struct eg_value *cells = op->result.cells + r * op->result.n_columns, *asked = op->params + cells[0].i;
        struct eg_letter_state *state = eg_arena_zalloc(batch->arena, sizeof *state);
        if (state)
            *state = (struct eg_letter_state){(const uint8_t *)cells[1].s.p, str_of(&cells[2]), str_of(&cells[3]), str_of(&cells[4]),
                                              str_of(&cells[5]), false};
        if (!state || !eg_map_put(batch->letters, asked->s.p, asked->s.n, state))
            batch->failed = true;
    }
}

static struct eg_letter_state *state_of(const struct eg_batch *batch, const struct eg_item *item) {
    return eg_map_get(batch->letters, item->letter->id, strlen(item->letter->id));
}

bool eg_batch_letter_stands(struct eg_batch *batch, struct eg_item *item) {
    const struct eg_letter_state *state = state_of(batch, item);
    if (!state || state->gone) {
        (void)eg_item_reject(item, EG_E_NOT_FOUND, NULL, "no dead letter %.128s is kept", item->letter->id);
        return false;
    }
    if (item->letter->remove || !state->redriven_id.p)
        return true;
    item->letter->already = true;
    eg_batch_is_duplicate(item, state->redriven_id, 0);
    return false;
}

static void put_text(struct eg_buf *buf, const char *name, struct eg_str text) {
    if (!text.p)
        return;
    eg_buf_printf(buf, "%s\"%s\":", buf->len > 1 ? "," : "", name);
    eg_buf_json_string(buf, text.p, text.n);
}

static struct eg_str cstr(const char *text) { return (struct eg_str){text, text ? strlen(text) : 0}; }

static void put_common(struct eg_buf *buf, const struct eg_item *item, const struct eg_letter_state *state) {
    eg_buf_init(buf, NOTICE_MOST_B);
    eg_buf_char(buf, '{');
    put_text(buf, "dlq_id", cstr(item->letter->id));
    put_text(buf, "by", cstr(item->of->req->who->sub));
    put_text(buf, "code", state->code);
}

/* Its content hash is of its text: nobody sends it a second time. */
static int64_t put_notice(struct eg_event *event, struct eg_item *about, const char *topic, struct eg_buf *payload) {
    struct eg_batch *batch = &event->batch;
    struct eg_item *notice = eg_notice_new(batch->arena, about, topic);
    char *text = payload->failed ? NULL : eg_arena_dup(batch->arena, payload->data, payload->len);
    if (!notice || !text) {
        batch->failed = true;
        return 0;
    }
    notice->env.payload_text = (struct eg_str){text, payload->len};
    if (!notice->env.repo_sha.p)
        notice->env.repo_sha = cstr(NO_SHA);
    eg_sha256(NULL, text, payload->len, notice->content_hash);
    int64_t position = ++batch->position;
    eg_batch_put_event(batch, notice, position);
    return position;
}

void eg_batch_put_redriven(struct eg_event *event, struct eg_item *item) {
    struct eg_batch *batch = &event->batch;
    struct eg_letter_state *state = state_of(batch, item);
    struct eg_value *row = eg_batch_row(batch, &batch->dlq_redriven_rows);
    struct eg_buf payload;
    if (!row)
        return;
    row[0] = eg_int(batch->received_us);
    row[1] = eg_text(item->receipt_id.p, item->receipt_id.n);
    row[2] = eg_cstr(item->letter->id);
    state->redriven_id = item->receipt_id;
    put_common(&payload, item, state);
    put_text(&payload, "topic", item->env.topic);
    put_text(&payload, "event_id", item->receipt_id);
    eg_buf_printf(&payload, ",\"duplicate\":%s", item->result == EG_RESULT_DUPLICATE ? "true" : "false");
    if (item->letter->edit_text) {
        eg_buf_str(&payload, ",\"edit\":");
        eg_buf_str(&payload, item->letter->edit_text);
    }
    eg_buf_char(&payload, '}');
    put_notice(event, item, REDRIVEN_TOPIC, &payload);
    eg_buf_free(&payload);
}

void eg_batch_remove_letter(struct eg_event *event, struct eg_item *item) {
    struct eg_batch *batch = &event->batch;
    struct eg_letter_state *state = state_of(batch, item);
    struct eg_value *row = eg_batch_row(batch, &batch->dlq_gone_rows);
    struct eg_known_letter *seen = eg_map_get(batch->dlq, state->original_hash, EG_HASH_B);
    struct eg_buf payload;
    char hex[2 * EG_HASH_B + 1];
    if (!row)
        return;
    row[0] = eg_cstr(item->letter->id);
    state->gone = true;
    if (seen)
        seen->gone = true;
    for (size_t i = 0; i < EG_HASH_B; i++)
        snprintf(hex + 2 * i, 3, "%02x", state->original_hash[i]);
    put_common(&payload, item, state);
    put_text(&payload, "topic", state->topic);
    put_text(&payload, "event_id", state->event_id);
    put_text(&payload, "redriven_id", state->redriven_id);
    put_text(&payload, "original_hash", cstr(hex));
    eg_buf_char(&payload, '}');
    item->position = put_notice(event, item, DELETED_TOPIC, &payload);
    item->result = EG_RESULT_STORED;
    eg_buf_free(&payload);
}
