/* Runs examples as the event path would: the payload's text is what a producer sends, its schema decides, its rules
 * make rows. */
#include "server/registry/check.h"

#include <stdlib.h>
#include <string.h>

#define MAX_EXAMPLE_B (64u << 20)

static const char example_id[] = "01JCHECK000000000000000000";

static eg_status check_schema(const struct eg_topic *topic, const json_t *example, size_t index, struct eg_arena *arena,
                              struct eg_err *err) {
    struct eg_schema_errors errors = {.arena = arena, .most = 1};
    if (eg_schema_valid(topic->schema, example, &errors)) {
        return EG_OK;
    }
    return eg_err_set(err, EG_E_SCHEMA_INVALID, topic->name, "examples[%zu]%s: %s (%s)", index,
                      errors.n ? errors.list[0].instance : "", errors.n ? errors.list[0].message : "is invalid",
                      errors.n ? errors.list[0].keyword : "");
}

static eg_status check_example(const struct eg_topic *topic, size_t index, struct eg_arena *arena, size_t *n_rows,
                               struct eg_err *err) {
    struct eg_err why = {0};
    struct eg_row *rows = NULL;
    size_t n = 0;
    json_t *example = json_array_get(topic->examples, index);
    char *text = json_dumps(example, JSON_COMPACT);
    if (!text) {
        return eg_err_set(err, EG_E_CONFIG, topic->name, "examples[%zu] is no JSON object", index);
    }
    struct eg_envelope envelope = {.id = {example_id, sizeof example_id - 1},
                                   .topic = {topic->name, strlen(topic->name)},
                                   .source = {"egdb check", 10},
                                   .correlation_id = {example_id, sizeof example_id - 1},
                                   .repo_sha = {"0000000000000000000000000000000000000000", 40},
                                   .repo_branch = {"main", 4},
                                   .payload_text = {text, strlen(text)},
                                   .payload = example};
    eg_status status = check_schema(topic, example, index, arena, err);
    if (status == EG_OK && eg_project(topic, &envelope, arena, &rows, &n, &why) != EG_OK) {
        status = eg_err_set(err, why.code, topic->name, "examples[%zu]%s: %s", index, why.place, why.message);
    }
    free(text);
    *n_rows += n;
    return status;
}

/* Of every earlier version whose events may be asked for as this one's: each example, one step or more up, is valid here. */
static eg_status check_upcasts(const struct eg_topic *from, struct eg_arena *arena, struct eg_err *err) {
    for (size_t i = 0; i < json_array_size(from->examples); i++) {
        json_t *payload = json_incref(json_array_get(from->examples, i));
        eg_status status = EG_OK;
        for (const struct eg_topic *to = from->next; to && status == EG_OK; to = to->next) {
            struct eg_schema_errors errors = {.arena = arena, .most = 1};
            json_t *made = eg_upcast(to->upcast, payload);
            json_decref(payload);
            payload = made;
            if (!made || !eg_schema_valid(to->schema, made, &errors))
                status = eg_err_set(err, EG_E_SCHEMA_INVALID, from->name, "examples[%zu], upcast to %s, is not valid there: %s %s", i,
                                    to->name, errors.n ? errors.list[0].instance : "", errors.n ? errors.list[0].message : "");
        }
        json_decref(payload);
        if (status != EG_OK)
            return EG_FAIL;
    }
    return EG_OK;
}

size_t eg_registry_check(const struct eg_registry *registry, eg_check_report report, void *ctx) {
    const struct eg_topic *const *topics;
    size_t n = eg_registry_topics(registry, &topics);
    size_t failed = 0;
    struct eg_arena *arena = eg_arena_new(MAX_EXAMPLE_B);
    for (size_t i = 0; i < n; i++) {
        struct eg_err err = {0};
        size_t n_rows = 0;
        eg_status status = arena ? EG_OK : eg_err_set(&err, EG_E_INTERNAL, "", "out of memory");
        for (size_t j = 0; j < json_array_size(topics[i]->examples) && status == EG_OK; j++) {
            eg_arena_reset(arena);
            status = check_example(topics[i], j, arena, &n_rows, &err);
        }
        if (status == EG_OK) {
            status = check_upcasts(topics[i], arena, &err);
        }
        failed += status != EG_OK;
        if (report) {
            report(ctx, topics[i], n_rows, status == EG_OK ? NULL : &err);
        }
    }
    eg_arena_free(arena);
    return failed;
}
