/* The envelope's members: which there are, their bounds, and how each is read. One table serves native
 * envelopes and CloudEvents. */
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/jscan.h"
#include "server/event/room.h"

#define POINTER_MOST_B 4096 /* an unknown member with a longer name is told without it */

enum member_kind { MEMBER_TEXT, MEMBER_TIME, MEMBER_OBJECT, MEMBER_ARRAY };

struct member {
    const char *name;
    enum member_kind kind;
    size_t offset; /* of a struct eg_str in struct eg_envelope */
    size_t most_b;
    bool printable; /* ASCII 0x20 … 0x7e */
};

#define AT(field) offsetof(struct eg_envelope, field)

static const struct member members[] = {
    {"id", MEMBER_TEXT, AT(id), EG_ID_MOST_B, true},
    {"topic", MEMBER_TEXT, AT(topic), 128, true},
    {"ts_utc", MEMBER_TIME, 0, 64, true},
    {"source", MEMBER_TEXT, AT(source), 512, false},
    {"correlation_id", MEMBER_TEXT, AT(correlation_id), 128, true},
    {"causation_id", MEMBER_TEXT, AT(causation_id), 128, true},
    {"repo_sha", MEMBER_TEXT, AT(repo_sha), 128, true},
    {"repo_branch", MEMBER_TEXT, AT(repo_branch), 255, false},
    {"env", MEMBER_OBJECT, AT(env_text), 0, false},
    {"payload", MEMBER_OBJECT, AT(payload_text), 0, false},
    {"artifacts", MEMBER_ARRAY, AT(artifacts_text), 0, false},
    {"idempotency_key", MEMBER_TEXT, AT(idempotency_key), 255, false},
    {"trust", MEMBER_TEXT, AT(trust), 4, true},
};

static const struct member *member_of(const char *name) {
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    }
    return NULL;
}

/* A CloudEvent's members have other names, which stand in the pointer. */
static const char *called(const char *pointer, const char *name) { return pointer[0] == '/' ? pointer + 1 : name; }

static eg_status set_text(struct eg_item *item, const struct member *member, const char *pointer, const json_t *value) {
    size_t len = json_string_length(value);
    const char *text = json_string_value(value);
    if (!json_is_string(value) || len == 0 || len > member->most_b)
        return eg_item_reject(item, EG_E_ENVELOPE_INVALID, pointer, "%s is a string of 1 to %zu bytes",
                              called(pointer, member->name), member->most_b);
    for (size_t i = 0; member->printable && i < len; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e)
            return eg_item_reject(item, EG_E_ENVELOPE_INVALID, pointer, "%s is made of printable ASCII characters",
                                  called(pointer, member->name));
    }
    char *copy = eg_arena_dup(item->of->arena, text, len);
    if (!copy)
        return eg_item_full(item);
    struct eg_str str = {copy, len};
    memcpy((char *)&item->env + member->offset, &str, sizeof str);
    return EG_OK;
}

static eg_status set_time(struct eg_item *item, const char *pointer, const json_t *value) {
    const char *text = json_string_value(value);
    if (!text || !eg_time_parse(text, json_string_length(value), false, &item->env.ts_us))
        return eg_item_reject(item, EG_E_ENVELOPE_INVALID, pointer,
                              "%s is an RFC 3339 time such as 2025-10-10T12:34:56.123Z", called(pointer, "ts_utc"));
    item->has_ts = true;
    return EG_OK;
}

static eg_status refuse_unknown(struct eg_item *item, const char *name) {
    struct eg_buf pointer;
    eg_buf_init(&pointer, POINTER_MOST_B);
    eg_buf_pointer_token(&pointer, name, strlen(name));
    eg_status status = eg_item_reject(item, EG_E_ENVELOPE_INVALID, eg_buf_text(&pointer),
                                      "`%.40s` is no member of the envelope; what belongs to the event goes into payload or env", name);
    eg_buf_free(&pointer);
    return status;
}

eg_status eg_envelope_set(struct eg_item *item, const char *name, const char *pointer, const json_t *value) {
    const struct member *member = member_of(name);
    if (!member)
        return refuse_unknown(item, name);
    if (json_is_null(value))
        return EG_OK;
    switch (member->kind) {
    case MEMBER_TEXT: return set_text(item, member, pointer, value);
    case MEMBER_TIME: return set_time(item, pointer, value);
    case MEMBER_OBJECT:
        if (!json_is_object(value))
            return eg_item_reject(item, EG_E_ENVELOPE_INVALID, pointer, "%s is a JSON object", called(pointer, name));
        break;
    case MEMBER_ARRAY:
        if (!json_is_array(value))
            return eg_item_reject(item, EG_E_ENVELOPE_INVALID, pointer, "%s is a JSON array", name);
        break;
    }
    /* Handed to the database as it came: cut from the text, never printed anew. */
    struct eg_str text;
    const char *key = pointer[0] == '/' ? pointer + 1 : pointer;
    if (!eg_jscan_member(item->bytes.p, item->bytes.n, key, &text))
        return eg_item_reject(item, EG_E_INTERNAL, pointer, "the member's text was not found again");
    memcpy((char *)&item->env + member->offset, &text, sizeof text);
    return EG_OK;
}

eg_status eg_envelope_complete(struct eg_item *item, bool cloudevent) {
    struct eg_envelope *env = &item->env;
    const char *missing = !env->topic.p      ? (cloudevent ? "/type" : "/topic")
                          : !env->source.p   ? "/source"
                          : !env->repo_sha.p ? (cloudevent ? "/reposha" : "/repo_sha")
                          : !env->payload || json_is_null(env->payload) ? (cloudevent ? "/data" : "/payload")
                                             : NULL;
    if (missing)
        return eg_item_reject(item, EG_E_ENVELOPE_INVALID, missing, "the %s lacks `%s`", cloudevent ? "CloudEvent" : "envelope",
                              missing + 1);
    if (env->trust.p && !(env->trust.n == 4 && !memcmp(env->trust.p, "high", 4)) &&
        !(env->trust.n == 3 && !memcmp(env->trust.p, "low", 3)))
        return eg_item_reject(item, EG_E_ENVELOPE_INVALID, "/trust", "trust is \"high\" or \"low\"");
    if (item->has_ts && env->ts_us > eg_clock_now_us() + INT64_C(86400000000))
        return eg_item_reject(item, EG_E_TIME_OUT_OF_RANGE, cloudevent ? "/time" : "/ts_utc",
                              "%s is more than 24 hours ahead of the server's clock", cloudevent ? "time" : "ts_utc");
    item->sent_trust = env->trust;
    item->has_envelope = true;
    return EG_OK;
}

eg_status eg_envelope_read(struct eg_item *item) {
    const char *name;
    json_t *value;
    json_object_foreach(item->doc, name, value) {
        char pointer[64] = "/";
        strncat(pointer, name, sizeof pointer - 2);
        if (eg_envelope_set(item, name, pointer, value) != EG_OK)
            return EG_FAIL;
    }
    item->env.payload = json_object_get(item->doc, "payload");
    item->env_doc = json_object_get(item->doc, "env");
    item->artifacts_doc = json_object_get(item->doc, "artifacts");
    return eg_envelope_complete(item, false);
}
