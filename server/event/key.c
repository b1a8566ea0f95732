/* Who this event is: its id, its idempotency key, its hashes, and what the server sets where the sender left it out. Then its rows,
 * which carry the id. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/ulid.h"
#include "server/event/room.h"

eg_status eg_key_check(const char *key, size_t most_b, struct eg_err *err) {
    size_t len = strlen(key);
    if (len == 0 || len > most_b)
        return eg_err_set(err, EG_E_ENVELOPE_INVALID, "/idempotency_key", "Idempotency-Key has 1 to %d bytes", EG_KEY_HEADER_MOST_B);
    for (const char *p = key; *p; p++) {
        if (*p < 0x20 || *p > 0x7e)
            return eg_err_set(err, EG_E_ENVELOPE_INVALID, "/idempotency_key", "Idempotency-Key is printable ASCII");
    }
    return EG_OK;
}

static eg_status set_key_of_header(struct eg_item *item) {
    const struct eg_submission *sub = item->of;
    const struct eg_letter *letter = item->letter;
    const char *header = letter ? letter->idempotency_key : sub->key;
    if (!header || item->env.idempotency_key.p)
        return EG_OK;
    struct eg_err err = {0};
    if (eg_key_check(header, letter ? 255 : EG_KEY_HEADER_MOST_B, &err) != EG_OK)
        return eg_item_reject_with(item, &err, NULL);
    char *key = sub->form == EG_FORM_ONE || letter ? eg_arena_dup(sub->arena, header, strlen(header))
                                         : eg_arena_printf(sub->arena, "%s#%zu", header, item->index);
    if (!key)
        return eg_item_full(item);
    item->env.idempotency_key = (struct eg_str){key, strlen(key)};
    return EG_OK;
}

static eg_status set_defaults(struct eg_item *item) {
    struct eg_envelope *env = &item->env;
    int64_t now_us = eg_clock_now_us();
    if (!item->has_ts)
        env->ts_us = now_us;
    if (!env->id.p) {
        char *id = eg_arena_alloc(item->of->arena, EG_ULID_B);
        if (!id)
            return eg_item_full(item);
        eg_ulid_make(now_us, id);
        env->id = (struct eg_str){id, EG_ULID_LEN};
        item->id_made = true;
    }
    if (!env->correlation_id.p)
        env->correlation_id = env->id;
    if (!env->trust.p)
        env->trust = (struct eg_str){"high", 4};
    return EG_OK;
}

/* A rule's pointers lead into the payload, those that are told into the event. */
static eg_status refuse_row(struct eg_item *item, const struct eg_err *err) {
    char place[sizeof err->place + 8];
    snprintf(place, sizeof place, "/payload%s", err->place);
    return eg_item_reject(item, err->code, place, "%s", err->message);
}

eg_status eg_item_key(struct eg_item *item) {
    struct eg_err err = {0};
    if (set_key_of_header(item) != EG_OK)
        return EG_FAIL;
    if (!eg_canonical_hash(item)) /* before the defaults: of what the sender sent */
        return item->bytes.n > EG_CANONICAL_MOST_B / 2 ? eg_item_too_large(item) : eg_item_full(item);
    if (item->of->key_hash)
        memcpy(item->key_hash, item->of->key_hash, EG_HASH_B);
    if (set_defaults(item) != EG_OK)
        return EG_FAIL;
    item->receipt_id = item->env.id;
    const struct eg_topic *topic = eg_registry_topic(item->of->event->registry, item->env.topic.p, item->env.topic.n);
    if (eg_project(topic, &item->env, item->of->arena, &item->rows, &item->n_rows, &err) != EG_OK)
        return err.code != EG_E_BODY_TOO_LARGE        ? refuse_row(item, &err)
               : eg_arena_failed(item->of->arena) ? eg_item_full(item)
                                                  : eg_item_too_large(item);
    return EG_OK;
}
