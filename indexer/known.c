/* Questions in EGQL: the files with the events that told of them, the names that were carried on so far, and the commit's own events. */
#include "indexer/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/ask.h"
#include "indexer/event.h"

#define MEMORY_MOST_B ((size_t)1 << 30)
#define ROWS_A_QUESTION 10000 /* a server gives so many, whatever its configuration */
#define ROWS_TEXT "10000"

struct reading {
    struct eg_asker *asker;
    const char *repo;
    struct eg_known *known;
    size_t room;
    struct eg_err *err;
};

static eg_status no_memory(struct reading *reading) { return eg_err_set(reading->err, EG_E_INTERNAL, NULL, "memory is out"); }

static const char *keep(struct reading *reading, const json_t *row, size_t i) {
    const char *text = json_string_value(json_array_get(row, i));
    return eg_arena_dup(reading->known->arena, text ? text : "", text ? strlen(text) : 0);
}

static bool take_file(struct reading *reading, const json_t *row) {
    struct eg_known *known = reading->known;
    if (known->n_files == reading->room) {
        size_t room = reading->room ? 2 * reading->room : 256;
        struct eg_known_file *grown = realloc(known->files, room * sizeof(*grown));
        if (!grown) {
            return false;
        }
        known->files = grown;
        reading->room = room;
    }
    struct eg_known_file *file = &known->files[known->n_files++];
    *file = (struct eg_known_file){keep(reading, row, 0), keep(reading, row, 1), keep(reading, row, 2), keep(reading, row, 3),
                                   json_integer_value(json_array_get(row, 4)), json_integer_value(json_array_get(row, 5))};
    return !eg_arena_failed(known->arena);
}

static bool take_name(struct reading *reading, const json_t *row) {
    struct eg_known *known = reading->known;
    if (known->n_names == reading->room) {
        size_t room = reading->room ? 2 * reading->room : 256;
        struct eg_known_name *grown = realloc(known->names, room * sizeof(*grown));
        if (!grown) {
            return false;
        }
        known->names = grown;
        reading->room = room;
    }
    const char *uid = keep(reading, row, 0), *previous = keep(reading, row, 1);
    if (uid && previous) {
        known->names[known->n_names++] = (struct eg_known_name){{uid, strlen(uid)}, {previous, strlen(previous)}};
    }
    return uid && previous;
}

/* Page after page: the first column of a row is the key that the next page begins behind. */
static eg_status read_all(struct reading *reading, const char *query, bool (*take)(struct reading *reading, const json_t *row)) {
    char *last = strdup("");
    size_t n = ROWS_A_QUESTION;
    eg_status status = last ? EG_OK : no_memory(reading);
    reading->room = 0;
    while (status == EG_OK && n == ROWS_A_QUESTION) {
        json_t *rows = NULL;
        status = eg_ask(reading->asker, query, json_pack("{s:s, s:s}", "repo", reading->repo, "last", last), &rows, reading->err);
        n = json_array_size(rows);
        for (size_t i = 0; status == EG_OK && i < n; i++) {
            status = take(reading, json_array_get(rows, i)) ? EG_OK : no_memory(reading);
        }
        const char *end = n ? json_string_value(json_array_get(json_array_get(rows, n - 1), 0)) : NULL;
        free(last);
        last = strdup(end ? end : "");
        status = status || last ? status : no_memory(reading);
        json_decref(rows);
    }
    free(last);
    return status;
}

static eg_status number_files(struct reading *reading) {
    struct eg_known *known = reading->known;
    int64_t newest = 0;
    known->by_path = eg_map_new(known->arena, known->n_files + 1);
    bool good = known->by_path != NULL;
    for (size_t i = 0; good && i < known->n_files; i++) {
        struct eg_known_file *file = &known->files[i];
        good = eg_map_put(known->by_path, file->path, strlen(file->path), file);
        if (file->position > newest && *file->sha) {
            newest = file->position;
            known->newest = file->sha;
        }
    }
    return good ? EG_OK : no_memory(reading);
}

/* Another repository of the same history may have it too. */
static eg_status ask_of_commit(struct reading *reading, const char *sha) {
    json_t *rows = NULL;
    static const char own[] = "SELECT events (id) FROM all WHERE repo_sha=$sha topic IN (code.graph.indexed@v1, code.file.removed@v1) "
                              "payload.repo=$repo LIMIT 1";
    eg_status status = eg_ask(reading->asker, own, json_pack("{s:s, s:s}", "sha", sha, "repo", reading->repo), &rows, reading->err);
    reading->known->told = json_array_size(rows) > 0;
    json_decref(rows);
    return status;
}

static eg_status ask_of_end(struct reading *reading) {
    json_t *rows = NULL;
    static const char last[] = "SELECT events (position) FROM all ORDER BY position DESC LIMIT 1";
    eg_status status = eg_ask(reading->asker, last, NULL, &rows, reading->err);
    reading->known->end = json_integer_value(json_array_get(json_array_get(rows, 0), 0));
    json_decref(rows);
    return status;
}

/* First whether the commit was told: where two runs tell of it at once, what the other one says in between must not count, else both would
 * be stored. The end comes last: it lies behind every file that was read. */
static eg_status read_known(struct reading *reading, const char *sha) {
    eg_status status = ask_of_commit(reading, sha);
    status = status ? status : read_all(reading, "SELECT files (path, sha256, event_id, sha, position, after) FROM all WHERE repo=$repo "
                                                 "path>$last ORDER BY path LIMIT " ROWS_TEXT, take_file);
    status = status ? status : number_files(reading);
    status = status ? status : read_all(reading, "SELECT nodes (uid, meta.previous_uid) FROM all WHERE repo=$repo uid>$last EXISTS "
                                                 "meta.previous_uid ORDER BY uid LIMIT " ROWS_TEXT, take_name);
    return status == EG_OK && reading->known->told ? ask_of_end(reading) : status;
}

eg_status eg_known_read(const struct eg_index_flags *flags, long timeout_ms, const char *repo, const char *sha, struct eg_known **out,
                        struct eg_err *err) {
    struct reading reading = {.repo = repo, .err = err};
    *out = NULL;
    if (flags->out) {
        return EG_OK;
    }
    eg_status status = timeout_ms ? eg_asker_open_within(flags->server, flags->token_file, timeout_ms, &reading.asker, err)
                                  : eg_asker_open(flags->server, flags->token_file, &reading.asker, err);
    if (status) {
        return status;
    }
    struct eg_known *known = reading.known = calloc(1, sizeof(*known));
    if (known) {
        known->arena = eg_arena_new(MEMORY_MOST_B);
    }
    status = known && known->arena ? read_known(&reading, sha) : no_memory(&reading);
    eg_asker_close(reading.asker);
    if (status) {
        eg_known_free(known);
        known = NULL;
    }
    if (status && (err->code == EG_E_FORBIDDEN || err->code == EG_E_QUERY_INVALID)) {
        fprintf(stderr, "egdb-index: what the server has cannot be asked, so a commit that it was told of before is not told again: %s\n",
                err->message);
        eg_err_clear(err);
        status = EG_OK;
    }
    *out = known;
    return status;
}

void eg_known_free(struct eg_known *known) {
    if (known) {
        free(known->files);
        free(known->names);
        eg_arena_free(known->arena);
        free(known);
    }
}

const struct eg_known_file *eg_known_file(const struct eg_known *known, const char *path, size_t len) {
    return known ? eg_map_get(known->by_path, path, len) : NULL;
}

/* Behind the last member. Returns where the payload ended before. */
static size_t add_after(struct eg_buf *payload, int64_t after) {
    size_t end = payload->len;
    if (!payload->failed) {
        payload->len--;
        eg_buf_printf(payload, ",\"after\":%lld}", (long long)after);
    }
    return end;
}

static void take_back(struct eg_buf *payload, size_t end) {
    if (!payload->failed) {
        payload->len = end - 1;
        eg_buf_char(payload, '}');
    }
}

void eg_known_settle(const struct eg_known *known, const struct eg_known_file *file, const char *topic, int64_t time_s,
                     struct eg_buf *payload) {
    char id[EG_ULID_B];
    if (!known || !known->told) {
        return;
    }
    if (file) {
        size_t end = file->after > 0 ? add_after(payload, file->after) : payload->len;
        eg_index_id(topic, time_s, payload, id);
        if (strcmp(id, file->event_id) == 0) {
            return;
        }
        if (file->after > 0) {
            take_back(payload, end);
        }
    }
    add_after(payload, known->end);
}
