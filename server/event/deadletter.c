/* Refused events: which are kept in events_dlq, with what, and the bus.dlq@v1 that tells of each. */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ulid.h"
#include "server/event/room.h"

#define NOTICE_TOPIC "bus.dlq@v1"
#define NOTICE_MOST_B 65536

/* Conflicts, permissions and overload are the sender's to repeat: only what can never be stored as it is is kept. */
bool eg_code_dead_letter(enum eg_code code) {
    switch (code) {
    case EG_E_JSON_INVALID:
    case EG_E_DUPLICATE_KEY:
    case EG_E_ENVELOPE_INVALID:
    case EG_E_NUL_CHARACTER:
    case EG_E_NUMBER_OUT_OF_RANGE:
    case EG_E_SECRET_FOUND:
    case EG_E_TOPIC_UNKNOWN:
    case EG_E_SCHEMA_INVALID:
    case EG_E_TIME_OUT_OF_RANGE:
    case EG_E_STORE_REFUSED: return true;
    default: return false;
    }
}

static const char *errors_of(struct eg_item *item) {
    const struct eg_failure *failure = item->failure;
    return failure->errors_json ? failure->errors_json : eg_failure_errors(item->of->arena, failure);
}

static void put_member(struct eg_buf *buf, const char *name, struct eg_str text) {
    eg_buf_str(buf, ",\"");
    eg_buf_str(buf, name);
    eg_buf_str(buf, "\":");
    eg_buf_json_string(buf, text.p, text.n);
}

/* What the server tells of itself: an event of its own beside the item's. */
struct eg_item *eg_notice_new(struct eg_arena *arena, const struct eg_item *about, const char *topic) {
    struct eg_item *notice = eg_arena_zalloc(arena, sizeof *notice);
    char *id = eg_arena_alloc(arena, EG_ULID_B);
    if (!notice || !id)
        return NULL;
    *notice = (struct eg_item){.of = about->of, .index = about->index, .env = about->env, .has_envelope = true};
    int64_t now_us = eg_clock_now_us();
    eg_ulid_make(now_us, id);
    struct eg_envelope *env = &notice->env;
    env->id = (struct eg_str){id, EG_ULID_LEN};
    env->topic = (struct eg_str){topic, strlen(topic)};
    env->source = (struct eg_str){"egdb", 4};
    env->causation_id = about->env.id;
    env->correlation_id = about->env.correlation_id.p ? about->env.correlation_id : about->env.id.p ? about->env.id : env->id;
    env->trust = (struct eg_str){"high", 4};
    env->env_text = env->artifacts_text = env->idempotency_key = (struct eg_str){NULL, 0};
    env->ts_us = now_us;
    return notice;
}

static eg_status make_notice(struct eg_item *item) {
    struct eg_arena *arena = item->of->arena;
    struct eg_item *notice = eg_notice_new(arena, item, NOTICE_TOPIC);
    struct eg_buf buf;
    if (!notice)
        return EG_FAIL;
    struct eg_envelope *env = &notice->env;
    eg_buf_init(&buf, NOTICE_MOST_B);
    eg_buf_str(&buf, "{\"dlq_id\":\"");
    eg_buf_str(&buf, item->dlq_id);
    eg_buf_str(&buf, "\",\"code\":\"");
    eg_buf_str(&buf, eg_code_name(item->failure->err.code));
    eg_buf_char(&buf, '"');
    put_member(&buf, "topic", item->env.topic);
    if (item->env.id.p)
        put_member(&buf, "event_id", item->env.id);
    eg_buf_str(&buf, ",\"errors\":");
    eg_buf_str(&buf, item->failure->errors_json);
    eg_buf_char(&buf, '}');
    char *text = buf.failed ? NULL : eg_arena_dup(arena, buf.data, buf.len);
    env->payload_text = (struct eg_str){text, buf.len};
    eg_buf_free(&buf);
    if (!text)
        return EG_FAIL;
    eg_sha256(item->of->hasher, env->payload_text.p, env->payload_text.n, notice->content_hash);
    item->notice = notice;
    return EG_OK;
}

eg_status eg_dead_letter_prepare(struct eg_item *item) {
    if (eg_letter_headers(item) != EG_OK || (item->bytes.n == 0 && !item->headers_json))
        return EG_FAIL; /* no memory, or nothing to keep */
    if (eg_secrets_letter(item) != EG_OK)
        return EG_FAIL;
    char *id = eg_arena_alloc(item->of->arena, EG_ULID_B);
    if (!id)
        return EG_FAIL;
    eg_ulid_make(eg_clock_now_us(), id);
    item->dlq_id = id;
    item->failure->errors_json = errors_of(item);
    if (!item->failure->errors_json)
        return EG_FAIL;
    eg_letter_hash(item);
    item->dead_letter = true;
    bool declared = eg_registry_topic(item->of->event->registry, NOTICE_TOPIC, strlen(NOTICE_TOPIC)) != NULL;
    return item->has_envelope && declared ? make_notice(item) : EG_OK;
}
