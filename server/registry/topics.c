/* Loads the topics: each file is read, its name compared with its $id, its annotation checked; then, when all are known
 * to each other, schemas and rules are compiled. */
#include "server/registry/topics.h"

#include <stdlib.h>
#include <string.h>

#include "server/registry/files.h"
#include "server/registry/rules.h"
#include "server/registry/upcast.h"

#define MAX_TOPIC_B 200

struct file {
    const char *path;
    struct eg_topic *topic;
    json_t *document;
};

/* namespace.subject.verb@vN */
static bool name_valid(const char *name) {
    size_t at = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-");
    const char *version = name + at;
    if (at == 0 || strlen(name) > MAX_TOPIC_B || strncmp(version, "@v", 2) != 0 || version[2] < '1' ||
        version[2] > '9') {
        return false;
    }
    return version[2 + strspn(version + 2, "0123456789")] == 0;
}

static eg_status check_annotation(const char *path, json_t *document, struct eg_topic *topic, struct eg_err *err) {
    json_t *annotation = json_object_get(document, "x-egdb");
    const char *member;
    json_t *value;
    json_t *rows = json_object_get(annotation, "rows");
    topic->title = json_string_value(json_object_get(document, "title"));
    topic->examples = json_object_get(annotation, "examples");
    if (!topic->title) {
        return eg_err_set(err, EG_E_CONFIG, path, "needs a `title`: one line that says what happened");
    }
    if (!json_is_object(annotation)) {
        return eg_err_set(err, EG_E_CONFIG, path,
                          "needs the annotation \"x-egdb\": {\"rows\": [...], \"examples\": [...]}");
    }
    json_object_foreach(annotation, member, value) {
        if (strcmp(member, "rows") != 0 && strcmp(member, "examples") != 0 && strcmp(member, "upcast") != 0 &&
            strcmp(member, "server_only") != 0) {
            return eg_err_set(err, EG_E_CONFIG, path, "x-egdb has no member `%s`: rows, examples, upcast and server_only are known",
                              member);
        }
    }
    const json_t *server_only = json_object_get(annotation, "server_only");
    if (server_only && !json_is_boolean(server_only)) {
        return eg_err_set(err, EG_E_CONFIG, path, "x-egdb.server_only is true or false");
    }
    topic->server_only = json_is_true(server_only);
    if (rows && !json_is_array(rows)) {
        return eg_err_set(err, EG_E_CONFIG, path, "x-egdb.rows is an array of row rules");
    }
    if (!json_is_array(topic->examples) || json_array_size(topic->examples) < 2) {
        return eg_err_set(err, EG_E_CONFIG, path, "x-egdb.examples needs at least two payloads");
    }
    return EG_OK;
}

static eg_status read_file(struct eg_topics *topics, const char *folder, const char *system, const char *name,
                           struct file *file, struct eg_err *err) {
    struct eg_topic *topic = eg_arena_zalloc(topics->arena, sizeof *topic);
    char *stem = eg_arena_dup(topics->arena, name, strlen(name) - strlen(".json"));
    file->path = eg_arena_printf(topics->arena, "%s/%s", folder, name);
    if (!topic || !stem || !file->path) {
        return eg_err_set(err, EG_E_INTERNAL, name, "the declarations take too much memory");
    }
    file->topic = topic;
    file->document = eg_file_object(file->path, err);
    if (!file->document) {
        return EG_FAIL;
    }
    if (json_array_append_new(topics->documents, file->document) != 0) {
        return eg_err_set(err, EG_E_INTERNAL, file->path, "out of memory");
    }
    const char *id = json_string_value(json_object_get(file->document, "$id"));
    if (!name_valid(stem)) {
        return eg_err_set(err, EG_E_CONFIG, file->path,
                          "a topic's file is named namespace.subject.verb@vN.json, in lower case");
    }
    if (!id || strcmp(id, stem) != 0) {
        return eg_err_set(err, EG_E_CONFIG, file->path, "$id must be `%s`, as the file is named", stem);
    }
    topic->name = stem;
    topic->system = system;
    topic->document = file->document;
    const json_t *upcast = json_object_get(json_object_get(file->document, "x-egdb"), "upcast");
    if (check_annotation(file->path, file->document, topic, err) != EG_OK ||
        eg_upcast_compile(upcast, file->path, topics, topic, err) != EG_OK) {
        return EG_FAIL;
    }
    return eg_schema_set_add(topics->set, stem, file->document, err);
}

static eg_status compile(struct eg_topics *topics, const struct file *file, struct eg_err *err) {
    struct eg_err why = {0};
    if (eg_schema_compile(topics->set, file->topic->name, &file->topic->schema, &why) != EG_OK) {
        return eg_err_set(err, why.code, file->path, "at %s: %s", why.place[0] ? why.place : "#", why.message);
    }
    if (!topics->catalogue) {
        return EG_OK;
    }
    struct eg_rules rules = {.arena = topics->arena,
                             .catalogue = topics->catalogue,
                             .policies = topics->policies,
                             .document = file->document,
                             .file = file->path,
                             .topic = file->topic->name,
                             .err = err};
    return eg_rules_compile(&rules, json_object_get(json_object_get(file->document, "x-egdb"), "rows"), file->topic);
}

static int by_name(const void *a, const void *b) {
    const struct file *one = a;
    const struct file *two = b;
    return strcmp(one->topic->name, two->topic->name);
}

/* Appends the files of one system. */
static eg_status read_system(struct eg_topics *topics, const char *schemas, const char *system, struct file **files,
                             size_t *n, struct eg_err *err) {
    const char *folder = eg_arena_printf(topics->arena, "%s/%s", schemas, system);
    const char *const *names;
    size_t n_names;
    if (!folder || eg_folder_names(folder, false, topics->arena, &names, &n_names, err) != EG_OK) {
        return EG_FAIL;
    }
    struct file *grown = eg_arena_zalloc(topics->arena, (*n + n_names + 1) * sizeof *grown);
    if (!grown) {
        return eg_err_set(err, EG_E_INTERNAL, folder, "the declarations take too much memory");
    }
    if (*n) {
        memcpy(grown, *files, *n * sizeof *grown);
    }
    *files = grown;
    for (size_t i = 0; i < n_names; i++) {
        if (read_file(topics, folder, system, names[i], &grown[(*n)++], err) != EG_OK) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

eg_status eg_topics_load(struct eg_topics *topics, const char *spec_dir, struct eg_err *err) {
    const char *schemas = eg_arena_printf(topics->arena, "%s/schemas", spec_dir);
    const char *const *systems;
    size_t n_systems;
    struct file *files = NULL;
    size_t n = 0;
    if (!schemas || eg_folder_names(schemas, true, topics->arena, &systems, &n_systems, err) != EG_OK) {
        return EG_FAIL;
    }
    for (size_t i = 0; i < n_systems; i++) {
        if (read_system(topics, schemas, systems[i], &files, &n, err) != EG_OK) {
            return EG_FAIL;
        }
    }
    if (n == 0) {
        return eg_err_set(err, EG_E_CONFIG, schemas, "there is no topic: files are <system>/<topic>@vN.json");
    }
    qsort(files, n, sizeof *files, by_name);
    topics->list = eg_arena_alloc(topics->arena, n * sizeof *topics->list);
    if (!topics->list) {
        return eg_err_set(err, EG_E_INTERNAL, schemas, "the declarations take too much memory");
    }
    for (size_t i = 0; i < n; i++) {
        if (i && strcmp(files[i - 1].topic->name, files[i].topic->name) == 0) {
            return eg_err_set(err, EG_E_CONFIG, files[i].path, "the topic is declared a second time, after %s",
                              files[i - 1].path);
        }
        if (compile(topics, &files[i], err) != EG_OK) {
            return EG_FAIL;
        }
        topics->list[topics->n++] = files[i].topic;
    }
    return eg_upcast_link(topics->list, topics->n, err);
}
