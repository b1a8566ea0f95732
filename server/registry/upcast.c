/* {"from": "x.y.done@v1", "set": {"/new": "/old", "/unit": "=ms"}, "drop": ["/old"]}: the payload is copied, what is in
 * `drop` goes, and each target of `set` gets its source's value out of the payload as it was. A source is a pointer,
 * "=literal" (JSON, else a text), or a list of these: the first that exists. What does not exist sets nothing. */
#include "server/registry/upcast.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS_MOST 16
#define TARGETS_MOST 256

struct path {
    size_t n;
    const char *tokens[TOKENS_MOST];
};

struct source {
    struct path path;
    json_t *literal; /* NULL: path; owned by the registry's documents */
};

struct target {
    struct path path;
    size_t n;
    struct source *sources;
};

struct eg_upcast {
    const char *from;
    size_t n_targets, n_drops;
    struct target *targets;
    struct path *drops;
};

struct compiling {
    struct eg_arena *arena;
    json_t *documents;
    const char *file;
    struct eg_err *err;
};

static eg_status bad(const struct compiling *c, const char *what, const char *text) {
    return eg_err_set(c->err, EG_E_CONFIG, c->file, "x-egdb.upcast: `%.100s` %s", text, what);
}

static eg_status read_path(const struct compiling *c, const char *text, struct path *path) {
    char *at = eg_arena_dup(c->arena, text, strlen(text));
    if (!at)
        return eg_err_set(c->err, EG_E_INTERNAL, c->file, "the declarations take too much memory");
    path->n = 0;
    if (*at != '/')
        return bad(c, "is no pointer into the payload: write /name", text);
    for (bool more = true; more;) {
        char *token = ++at, *to = token; /* unescaped in place */
        if (path->n == TOKENS_MOST)
            return bad(c, "is too deep", text);
        for (; *at && *at != '/'; at++) {
            if (*at == '~' && at[1] != '0' && at[1] != '1')
                return bad(c, "has a ~ that is neither ~0 nor ~1", text);
            *to++ = *at != '~' ? *at : *++at == '0' ? '~' : '/';
        }
        more = *at == '/';
        *to = '\0';
        path->tokens[path->n++] = token;
    }
    return EG_OK;
}

static eg_status read_source(const struct compiling *c, const json_t *json, struct source *source) {
    const char *text = json_string_value(json);
    if (!text)
        return bad(c, "has a source that is neither a pointer nor \"=literal\" nor a list of these", "set");
    if (*text != '=')
        return read_path(c, text, &source->path);
    source->literal = json_loads(text + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (!source->literal)
        source->literal = json_string(text + 1);
    return source->literal && json_array_append_new(c->documents, source->literal) == 0
               ? EG_OK
               : eg_err_set(c->err, EG_E_INTERNAL, c->file, "out of memory");
}

static eg_status read_target(const struct compiling *c, const char *pointer, const json_t *json, struct target *target) {
    bool list = json_is_array(json);
    target->n = list ? json_array_size(json) : 1;
    target->sources = eg_arena_zalloc(c->arena, (target->n + 1) * sizeof *target->sources);
    if (!target->sources)
        return eg_err_set(c->err, EG_E_INTERNAL, c->file, "the declarations take too much memory");
    if (read_path(c, pointer, &target->path) != EG_OK)
        return EG_FAIL;
    for (size_t i = 0; i < target->n; i++) {
        if (read_source(c, list ? json_array_get(json, i) : json, &target->sources[i]) != EG_OK)
            return EG_FAIL;
    }
    return EG_OK;
}

static long version_of(const char *topic, size_t *stem) {
    const char *at = strrchr(topic, '@');
    *stem = at ? (size_t)(at - topic) : strlen(topic);
    return at && at[1] == 'v' ? strtol(at + 2, NULL, 10) : 0;
}

static eg_status check_from(const struct compiling *c, const char *topic, const char *from) {
    size_t stem = 0, from_stem = 0;
    if (version_of(from, &from_stem) >= version_of(topic, &stem) || stem != from_stem || strncmp(topic, from, stem) != 0)
        return bad(c, "is no earlier version of this topic", from);
    return EG_OK;
}

eg_status eg_upcast_compile(const json_t *json, const char *file, struct eg_topics *topics, struct eg_topic *topic,
                            struct eg_err *err) {
    struct eg_arena *arena = topics->arena;
    const struct compiling c = {arena, topics->documents, file, err};
    const json_t *set = json_object_get(json, "set"), *drop = json_object_get(json, "drop");
    const char *from = json_string_value(json_object_get(json, "from")), *name;
    json_t *value;
    if (!json)
        return EG_OK;
    if (!from || (set && !json_is_object(set)) || (drop && !json_is_array(drop)) ||
        json_object_size(json) != 1u + (set != NULL) + (drop != NULL) || json_object_size(set) > TARGETS_MOST)
        return eg_err_set(err, EG_E_CONFIG, file,
                          "x-egdb.upcast is {\"from\": \"topic@v1\", \"set\": {pointer: source}, \"drop\": [pointer]}");
    struct eg_upcast *upcast = eg_arena_zalloc(arena, sizeof *upcast);
    struct target *targets = eg_arena_zalloc(arena, (json_object_size(set) + 1) * sizeof *targets);
    struct path *drops = eg_arena_zalloc(arena, (json_array_size(drop) + 1) * sizeof *drops);
    if (!upcast || !targets || !drops)
        return eg_err_set(err, EG_E_INTERNAL, file, "the declarations take too much memory");
    *upcast = (struct eg_upcast){.from = from, .targets = targets, .drops = drops};
    topic->upcast = upcast;
    if (check_from(&c, topic->name, from) != EG_OK)
        return EG_FAIL;
    /* jansson's loop takes no const object, and changes nothing. */
    json_object_foreach((json_t *)(uintptr_t)set, name, value) {
        if (read_target(&c, name, value, &targets[upcast->n_targets++]) != EG_OK)
            return EG_FAIL;
    }
    for (size_t i = 0; i < json_array_size(drop); i++) {
        const char *text = json_string_value(json_array_get(drop, i));
        if (read_path(&c, text ? text : "", &drops[upcast->n_drops++]) != EG_OK)
            return EG_FAIL;
    }
    return EG_OK;
}

eg_status eg_upcast_link(struct eg_topic *const *list, size_t n, struct eg_err *err) {
    for (size_t i = 0; i < n; i++) {
        const struct eg_upcast *upcast = list[i]->upcast;
        struct eg_topic *from = NULL;
        for (size_t j = 0; upcast && j < n; j++)
            from = strcmp(list[j]->name, upcast->from) == 0 ? list[j] : from;
        if (upcast && !from)
            return eg_err_set(err, EG_E_CONFIG, list[i]->name, "x-egdb.upcast: there is no topic %s", upcast->from);
        if (from && from->next)
            return eg_err_set(err, EG_E_CONFIG, list[i]->name, "x-egdb.upcast: %s is upcast by %s already", upcast->from,
                              from->next->name);
        if (from)
            from->next = list[i];
    }
    return EG_OK;
}

/* The member or element that a token names; NULL when there is none. */
static json_t *child(json_t *value, const char *token) {
    if (json_is_object(value))
        return json_object_get(value, token);
    size_t digits = strspn(token, "0123456789");
    return json_is_array(value) && digits && !token[digits] ? json_array_get(value, strtoul(token, NULL, 10)) : NULL;
}

static json_t *walk(json_t *value, const struct path *path, size_t n) {
    for (size_t i = 0; value && i < n; i++)
        value = child(value, path->tokens[i]);
    return value;
}

/* Objects on the way are made; what is there and no object stays, and the value is not set. */
static bool put(json_t *payload, const struct path *path, const json_t *value) {
    json_t *at = payload;
    for (size_t i = 0; i + 1 < path->n; i++) {
        json_t *next = child(at, path->tokens[i]);
        if (!next && json_is_object(at) && json_object_set_new(at, path->tokens[i], json_object()) == 0)
            next = json_object_get(at, path->tokens[i]);
        at = next;
    }
    return !json_is_object(at) || json_object_set_new(at, path->tokens[path->n - 1], json_deep_copy(value)) == 0;
}

json_t *eg_upcast(const struct eg_upcast *upcast, const json_t *payload) {
    json_t *old = (json_t *)(uintptr_t)payload; /* read only */
    json_t *made = json_deep_copy(payload);
    for (size_t i = 0; made && i < upcast->n_drops; i++) {
        json_t *above = walk(made, &upcast->drops[i], upcast->drops[i].n - 1);
        if (json_is_object(above))
            json_object_del(above, upcast->drops[i].tokens[upcast->drops[i].n - 1]);
    }
    for (size_t i = 0; made && i < upcast->n_targets; i++) {
        const struct target *target = &upcast->targets[i];
        const json_t *value = NULL;
        for (size_t j = 0; !value && j < target->n; j++)
            value = target->sources[j].literal ? target->sources[j].literal
                                               : walk(old, &target->sources[j].path, target->sources[j].path.n);
        if (value && !put(made, &target->path, value)) {
            json_decref(made);
            made = NULL;
        }
    }
    return made;
}
