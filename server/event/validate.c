/* The payload against its topic's schema, the topic's rows, and the artefacts. What can be refused is refused here, before the batch,
 * where it costs nobody else anything. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "server/event/room.h"

#define ERRORS_MOST_B 16384
#define SCHEMA_ERRORS_MOST 10

static const char *errors_text(struct eg_arena *arena, const struct eg_schema_errors *errors) {
    struct eg_buf buf;
    eg_buf_init(&buf, ERRORS_MOST_B);
    for (size_t i = 0; i < errors->n; i++) {
        const struct eg_schema_error *error = &errors->list[i];
        eg_buf_str(&buf, i ? ",{\"pointer\":" : "[{\"pointer\":");
        char *pointer = eg_arena_printf(arena, "/payload%s", error->instance);
        eg_buf_json_string(&buf, pointer ? pointer : "", pointer ? strlen(pointer) : 0);
        eg_buf_str(&buf, ",\"keyword\":");
        eg_buf_json_string(&buf, error->keyword, strlen(error->keyword));
        eg_buf_str(&buf, ",\"message\":");
        eg_buf_json_string(&buf, error->message, strlen(error->message));
        eg_buf_char(&buf, '}');
    }
    eg_buf_char(&buf, ']');
    const char *text = buf.failed ? NULL : eg_arena_dup(arena, buf.data, buf.len);
    eg_buf_free(&buf);
    return text;
}

static eg_status refuse_schema(struct eg_item *item, const struct eg_topic *topic) {
    struct eg_schema_errors errors = {.arena = item->of->arena, .most = SCHEMA_ERRORS_MOST};
    struct eg_err err = {0};
    eg_schema_valid(topic->schema, item->env.payload, &errors); /* once more, now for the reasons */
    char place[sizeof err.place];
    snprintf(place, sizeof place, "/payload%s", errors.n ? errors.list[0].instance : "");
    eg_err_set(&err, EG_E_SCHEMA_INVALID, place, "the payload is not valid for %s: %s %s%s", topic->name, place,
               errors.n ? errors.list[0].message : "", errors.n > 1 ? ", and more" : "");
    return eg_item_reject_with(item, &err, errors.n ? errors_text(item->of->arena, &errors) : NULL);
}

static const char *kind_of_path(struct eg_arena *arena, const char *path, size_t len) {
    const char *slash = memrchr(path, '/', len);
    const char *name = slash ? slash + 1 : path;
    const char *dot = memrchr(name, '.', len - (size_t)(name - path));
    size_t n = dot && dot != name ? len - (size_t)(dot + 1 - path) : 0;
    return n && n <= 16 ? eg_arena_dup(arena, dot + 1, n) : "file";
}

/* "path", or {kind, path, size_b, sha256}. */
static eg_status read_artifact(struct eg_item *item, size_t i, const json_t *value, struct eg_value row[4]) {
    struct eg_arena *arena = item->of->arena;
    const json_t *path = json_is_string(value) ? value : json_object_get(value, "path");
    const json_t *kind = json_object_get(value, "kind"), *size = json_object_get(value, "size_b");
    const json_t *sha = json_object_get(value, "sha256");
    char place[32];
    snprintf(place, sizeof place, "/artifacts/%zu", i);
    if (!json_is_string(path) || !json_string_length(path) || (kind && !json_is_string(kind)) ||
        (size && (!json_is_integer(size) || json_integer_value(size) < 0)) || (sha && !json_is_string(sha)))
        return eg_item_reject(item, EG_E_ENVELOPE_INVALID, place,
                              "an artefact is a path, or {\"path\", \"kind\"?, \"size_b\"?, \"sha256\"?}");
    const char *kind_text = kind ? eg_arena_dup(arena, json_string_value(kind), json_string_length(kind))
                                 : kind_of_path(arena, json_string_value(path), json_string_length(path));
    row[0] = eg_cstr(kind_text);
    row[1] = eg_cstr(eg_arena_dup(arena, json_string_value(path), json_string_length(path)));
    row[2] = size ? eg_int(json_integer_value(size)) : eg_null();
    row[3] = sha ? eg_cstr(eg_arena_dup(arena, json_string_value(sha), json_string_length(sha))) : eg_null();
    return row[0].null || row[1].null || (sha && row[3].null) ? eg_item_full(item) : EG_OK;
}

static eg_status read_artifacts(struct eg_item *item) {
    size_t n = json_array_size(item->artifacts_doc);
    if (!n)
        return EG_OK;
    item->artifacts = eg_arena_alloc(item->of->arena, n * 4 * sizeof *item->artifacts);
    if (!item->artifacts)
        return eg_item_full(item);
    for (size_t i = 0; i < n; i++) {
        if (read_artifact(item, i, json_array_get(item->artifacts_doc, i), item->artifacts + 4 * i) != EG_OK)
            return EG_FAIL;
    }
    item->n_artifacts = n;
    return EG_OK;
}

eg_status eg_item_validate(struct eg_item *item) {
    const struct eg_envelope *env = &item->env;
    const struct eg_topic *topic = eg_registry_topic(item->of->event->registry, env->topic.p, env->topic.n);
    if (!topic)
        return eg_item_reject(item, EG_E_TOPIC_UNKNOWN, "/topic", "no topic %.*s is declared", (int)env->topic.n, env->topic.p);
    if (!eg_schema_valid(topic->schema, env->payload, NULL))
        return refuse_schema(item, topic);
    return read_artifacts(item) == EG_OK && item->has_envelope ? EG_OK : EG_FAIL;
}
