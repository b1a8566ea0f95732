/* CloudEvents 1.0, structured and binary, mapped to the envelope. Attributes that the envelope has no place for (subject, dataschema,
 * foreign extensions) are kept in env under "cloudevents", so nothing but datacontenttype, which says that data is JSON, is lost. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/event/room.h"

#define HEADER_MOST_B 2048

struct attribute {
    const char *name;
    const char *member;
};

static const struct attribute attributes[] = {
    {"id", "id"},
    {"type", "topic"},
    {"time", "ts_utc"},
    {"source", "source"},
    {"correlationid", "correlation_id"},
    {"causationid", "causation_id"},
    {"reposha", "repo_sha"},
    {"repobranch", "repo_branch"},
    {"idempotencykey", "idempotency_key"},
    {"trust", "trust"},
};

static const char *member_of(const char *attribute) {
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (strcmp(attributes[i].name, attribute) == 0)
            return attributes[i].member;
    }
    return NULL;
}

/* The rest of the attributes becomes env = {"cloudevents": {…}}. */
static eg_status keep_rest(struct eg_item *item, json_t *rest) {
    eg_status status = EG_OK;
    if (json_object_size(rest)) {
        json_t *env = json_pack("{s:O}", "cloudevents", rest);
        char *text = env ? json_dumps(env, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
        char *copy = text ? eg_arena_dup(item->of->arena, text, strlen(text)) : NULL;
        free(text);
        item->extra = item->env_doc = env;
        if (copy)
            item->env.env_text = (struct eg_str){copy, strlen(copy)};
        else
            status = eg_item_full(item);
    }
    json_decref(rest);
    return status;
}

static eg_status check_version(struct eg_item *item, const char *version) {
    if (version && strcmp(version, "1.0") == 0)
        return EG_OK;
    return eg_item_reject(item, EG_E_ENVELOPE_INVALID, "/specversion", "specversion is \"1.0\"");
}

/* Data is JSON, whatever its content type is called: application/json, application/vnd.x+json. It is not kept, since what is stored as a
 * payload is always JSON, and the same event in another mode has none. */
static eg_status check_data_type(struct eg_item *item, const json_t *given) {
    const char *type = json_string_value(given);
    size_t n = type ? strcspn(type, "; \t") : 0;
    bool json = n >= 5 && (strncasecmp(type + n - 5, "/json", 5) == 0 || strncasecmp(type + n - 5, "+json", 5) == 0);
    if (!given || json_is_null(given) || json)
        return EG_OK;
    return eg_item_reject(item, EG_E_ENVELOPE_INVALID, "/datacontenttype",
                          "datacontenttype is application/json, or missing: data is JSON");
}

static eg_status set_attribute(struct eg_item *item, json_t *rest, const char *name, json_t *value) {
    char pointer[64] = "/";
    strncat(pointer, name, sizeof pointer - 2);
    const char *member = member_of(name);
    if (member)
        return eg_envelope_set(item, member, pointer, value);
    if (json_object_set_nocheck(rest, name, value) != 0)
        return eg_item_full(item);
    return EG_OK;
}

eg_status eg_cloudevent_read(struct eg_item *item) {
    json_t *rest = json_object();
    const char *name;
    json_t *value;
    eg_status status = check_version(item, json_string_value(json_object_get(item->doc, "specversion")));
    if (status == EG_OK && json_object_get(item->doc, "data_base64"))
        status = eg_item_reject(item, EG_E_ENVELOPE_INVALID, "/data_base64", "send the payload as JSON in `data`");
    if (status == EG_OK)
        status = check_data_type(item, json_object_get(item->doc, "datacontenttype"));
    if (status == EG_OK) {
        json_object_foreach(item->doc, name, value) {
            if (strcmp(name, "specversion") == 0 || strcmp(name, "data") == 0 || strcmp(name, "datacontenttype") == 0)
                continue;
            status = set_attribute(item, rest, name, value);
            if (status != EG_OK)
                break;
        }
    }
    item->env.payload = json_object_get(item->doc, "data");
    if (status == EG_OK && item->env.payload)
        status = eg_envelope_set(item, "payload", "/data", item->env.payload);
    if (status != EG_OK) {
        json_decref(rest);
        return EG_FAIL;
    }
    return keep_rest(item, rest) == EG_OK ? eg_envelope_complete(item, true) : EG_FAIL;
}

json_t *eg_cloudevent_decoded(const char *raw) {
    char *text = malloc(strlen(raw) + 1);
    size_t n = 0;
    bool good = text != NULL;
    for (const char *p = raw; good && *p; p++) {
        char byte = *p;
        if (byte == '%') {
            char hex[3] = {p[1], p[1] ? p[2] : '\0', '\0'};
            good = isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]);
            byte = (char)strtoul(hex, NULL, 16);
            p += good ? 2 : 0;
        }
        good = good && byte != '\0';
        text[n++] = byte;
    }
    json_t *value = good ? json_stringn(text, n) : NULL;
    free(text);
    return value;
}

struct headers_ctx {
    struct eg_item *item;
    json_t *rest;
    eg_status status;
};

static bool take_header(void *ctx, const char *header, const char *raw) {
    struct headers_ctx *to = ctx;
    char name[48];
    if (strncasecmp(header, "ce-", 3) != 0 || strcasecmp(header, "ce-specversion") == 0)
        return true;
    size_t n = 0;
    for (const char *p = header + 3; *p && n + 1 < sizeof name; p++)
        name[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    name[n] = '\0';
    json_t *value = strlen(raw) <= HEADER_MOST_B ? eg_cloudevent_decoded(raw) : NULL;
    if (!value)
        to->status = eg_item_reject(to->item, EG_E_ENVELOPE_INVALID, name,
                                    "header ce-%s is not percent-encoded UTF-8 of at most %d bytes", name, HEADER_MOST_B);
    else
        to->status = set_attribute(to->item, to->rest, name, value);
    json_decref(value);
    return to->status == EG_OK;
}

eg_status eg_cloudevent_read_binary(struct eg_item *item) {
    struct headers_ctx to = {.item = item, .rest = json_object(), .status = EG_OK};
    to.status = check_version(item, eg_request_header(item->of->req, "ce-specversion"));
    if (to.status == EG_OK)
        eg_request_headers(item->of->req, take_header, &to);
    if (to.status == EG_OK && !json_is_object(item->doc))
        to.status = eg_item_reject(item, EG_E_ENVELOPE_INVALID, "", "the data of an event is a JSON object");
    if (to.status != EG_OK) {
        json_decref(to.rest);
        return EG_FAIL;
    }
    item->env.payload = item->doc;
    item->env.payload_text = item->bytes;
    return keep_rest(item, to.rest) == EG_OK ? eg_envelope_complete(item, true) : EG_FAIL;
}
