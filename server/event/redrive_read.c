/* What a redrive is asked for, and the dead letters that it means. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "server/event/edit.h"
#include "server/event/redrive.h"

#define IDS_MOST 1000
#define LIMIT_DEFAULT 100
#define LIMIT_MOST 1000
#define RATE_DEFAULT 100
#define RATE_MOST 5000
#define EDIT_MOST_B 65536
#define BODY_MOST_B ((size_t)1 << 20)
#define LONGEST_S 10 /* of one request: what a drain can wait for */
#define CHUNK_MOST_B ((size_t)16 << 20)

static eg_status wrong(struct eg_request *req, const char *name, const char *what) {
    return eg_err_set(&req->err, EG_E_USAGE, name, "%s %s", name, what);
}

static eg_status parse(struct eg_request *req, struct eg_redrive_wish *wish) {
    static const struct eg_json_most most = {BODY_MOST_B, EDIT_MOST_B};
    static const char *const members[] = {"ids", "filter", "edit", "dry_run", "rate", "limit", "after"};
    const char *name;
    json_t *value;
    wish->body = eg_request_json(req, req->body, req->body_len, &most);
    if (!wish->body)
        return EG_FAIL;
    json_object_foreach(wish->body, name, value) {
        size_t i = 0, n = sizeof members / sizeof members[0];
        while (i < n && strcmp(members[i], name) != 0)
            i++;
        if (i == n)
            return eg_err_set(&req->err, EG_E_USAGE, NULL,
                              "`%.40s` is unknown; a redrive has ids or filter, and edit, dry_run, rate, limit, after", name);
    }
    return EG_OK;
}

static eg_status read_number(struct eg_request *req, const json_t *body, const char *name, int64_t most, int64_t *value) {
    const json_t *given = json_object_get(body, name);
    if (!given)
        return EG_OK;
    if (!json_is_integer(given) || json_integer_value(given) < 1 || json_integer_value(given) > most)
        return eg_err_set(&req->err, EG_E_USAGE, name, "%s is a whole number from 1 to %lld", name, (long long)most);
    *value = json_integer_value(given);
    return EG_OK;
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static eg_status read_ids(struct eg_request *req, struct eg_arena *arena, const json_t *ids, struct eg_redrive_wish *wish) {
    size_t n = json_array_size(ids), kept = 0;
    if (n == 0 || n > IDS_MOST)
        return wrong(req, "ids", "is an array of 1 to 1000 ids of dead letters");
    if (!(wish->ids = eg_arena_alloc(arena, n * sizeof *wish->ids)))
        return eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
    for (size_t i = 0; i < n; i++) {
        const json_t *id = json_array_get(ids, i);
        if (!json_is_string(id) || json_string_length(id) == 0 || json_string_length(id) > EG_DLQ_ID_MOST_B)
            return wrong(req, "ids", "is an array of 1 to 1000 ids of dead letters");
        wish->ids[i] = json_string_value(id);
    }
    qsort(wish->ids, n, sizeof *wish->ids, by_text);
    for (size_t i = 0; i < n; i++) {
        bool repeated = kept && strcmp(wish->ids[kept - 1], wish->ids[i]) == 0;
        if (!repeated && strcmp(wish->ids[i], wish->after) > 0)
            wish->ids[kept++] = wish->ids[i];
    }
    wish->n_ids = kept;
    return EG_OK;
}

static eg_status read_moment(struct eg_request *req, const char *name, const json_t *value, int64_t *us) {
    if (!json_is_string(value) || !eg_time_parse(json_string_value(value), json_string_length(value), true, us))
        return wrong(req, name, "is a moment like 2025-10-10T12:00:00Z");
    return EG_OK;
}

static eg_status read_filter(struct eg_request *req, const json_t *filter, struct eg_redrive_wish *wish) {
    const char *name;
    json_t *value;
    eg_status status = EG_OK;
    if (!json_is_object(filter))
        return wrong(req, "filter", "is an object: code, topic, since, until; {} means all that were not redriven");
    json_object_foreach((json_t *)(uintptr_t)filter, name, value) {
        if (strcmp(name, "code") == 0)
            status = (wish->code = json_string_value(value)) ? EG_OK : wrong(req, name, "is a string");
        else if (strcmp(name, "topic") == 0)
            status = (wish->topic = json_string_value(value)) ? EG_OK : wrong(req, name, "is a string");
        else if (strcmp(name, "since") == 0)
            wish->has_since = (status = read_moment(req, name, value, &wish->since_us)) == EG_OK;
        else if (strcmp(name, "until") == 0)
            wish->has_until = (status = read_moment(req, name, value, &wish->until_us)) == EG_OK;
        else
            status = eg_err_set(&req->err, EG_E_USAGE, "filter", "filter has code, topic, since and until, not `%.40s`", name);
        if (status != EG_OK)
            return EG_FAIL;
    }
    return EG_OK;
}

static eg_status read_edit(struct eg_request *req, struct eg_arena *arena, struct eg_redrive_wish *wish) {
    wish->edit = json_object_get(wish->body, "edit");
    if (!wish->edit)
        return EG_OK;
    if (eg_edit_check(wish->edit, &req->err) != EG_OK)
        return EG_FAIL;
    if (json_object_get(wish->edit, "replace") && wish->n_ids != 1)
        return wrong(req, "edit", "with `replace` is for one dead letter, named in ids");
    char *text = json_dumps(wish->edit, JSON_COMPACT);
    size_t n = text ? strlen(text) : 0;
    wish->edit_text = n <= EDIT_MOST_B && n ? eg_arena_dup(arena, text, n) : NULL;
    free(text);
    if (n > EDIT_MOST_B)
        return eg_err_set(&req->err, EG_E_BODY_TOO_LARGE, "edit",
                          "an edit has at most %d bytes, since each event that comes of it is told of with its edit; change less with "
                          "a patch, or post the event anew", EDIT_MOST_B);
    return wish->edit_text ? EG_OK : eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
}

eg_status eg_redrive_wish(struct eg_request *req, struct eg_arena *arena, struct eg_redrive_wish *wish) {
    *wish = (struct eg_redrive_wish){.rate = RATE_DEFAULT, .limit = LIMIT_DEFAULT, .after = ""};
    if (parse(req, wish) != EG_OK)
        return EG_FAIL;
    const json_t *ids = json_object_get(wish->body, "ids"), *filter = json_object_get(wish->body, "filter");
    const json_t *dry_run = json_object_get(wish->body, "dry_run"), *after = json_object_get(wish->body, "after");
    if (!ids == !filter)
        return eg_err_set(&req->err, EG_E_USAGE, NULL, "say either \"ids\": […] or \"filter\": {…}");
    if (dry_run && !json_is_boolean(dry_run))
        return wrong(req, "dry_run", "is true or false");
    if (after && !json_is_null(after) && (!json_is_string(after) || json_string_length(after) > EG_DLQ_ID_MOST_B))
        return wrong(req, "after", "is the id of a dead letter, `next` of the answer before");
    wish->dry_run = json_is_true(dry_run);
    wish->after = json_is_string(after) ? json_string_value(after) : "";
    if (ids)
        wish->limit = LIMIT_MOST;
    if (read_number(req, wish->body, "rate", RATE_MOST, &wish->rate) != EG_OK ||
        read_number(req, wish->body, "limit", LIMIT_MOST, &wish->limit) != EG_OK ||
        (ids ? read_ids(req, arena, ids, wish) : read_filter(req, filter, wish)) != EG_OK || read_edit(req, arena, wish) != EG_OK)
        return EG_FAIL;
    if (wish->limit > wish->rate * LONGEST_S)
        wish->limit = wish->rate * LONGEST_S;
    return EG_OK;
}

#define PARAMS_MOST (EG_REDRIVE_CHUNK + 8)

struct texts {
    struct eg_buf sql;
    struct eg_value *params;
    enum eg_type *types;
    size_t n;
};

static void param(struct texts *t, const char *before, enum eg_type type, struct eg_value value) {
    EG_ASSERT(t->n < PARAMS_MOST);
    t->params[t->n] = value;
    t->types[t->n++] = type;
    eg_buf_printf(&t->sql, "%s$%zu", before, t->n);
}

static const enum eg_type columns[] = {EG_TEXT, EG_BYTES, EG_JSON, EG_TEXT, EG_TEXT, EG_TEXT};

bool eg_redrive_read(const struct eg_redrive_wish *wish, const char *after, struct eg_chunk *chunk, struct eg_read *read) {
    struct texts t = {.params = eg_arena_alloc(chunk->arena, PARAMS_MOST * sizeof *t.params),
                      .types = eg_arena_alloc(chunk->arena, PARAMS_MOST * sizeof *t.types)};
    char *from = eg_arena_dup(chunk->arena, after, strlen(after));
    if (!t.params || !t.types || !from)
        return false;
    eg_buf_init(&t.sql, 8192);
    eg_buf_str(&t.sql, "SELECT id, original, headers_json, scope, trust, redriven_id FROM events_dlq");
    param(&t, " WHERE id > ", EG_TEXT, eg_cstr(chunk->asked ? "" : from));
    for (size_t i = 0; i < chunk->n_asked; i++)
        param(&t, i ? ", " : " AND id IN (", EG_TEXT, eg_cstr(chunk->asked[i]));
    if (chunk->asked)
        eg_buf_char(&t.sql, ')');
    if (wish->code)
        param(&t, " AND code = ", EG_TEXT, eg_cstr(wish->code));
    if (wish->topic)
        param(&t, " AND topic = ", EG_TEXT, eg_cstr(wish->topic));
    if (wish->has_since)
        param(&t, " AND received_utc >= ", EG_TIME, eg_int(wish->since_us));
    if (wish->has_until)
        param(&t, " AND received_utc < ", EG_TIME, eg_int(wish->until_us));
    if (!chunk->asked)
        eg_buf_str(&t.sql, " AND redriven_utc IS NULL");
    param(&t, " ORDER BY id LIMIT ", EG_INT8, eg_int((int64_t)chunk->most));
    char *sql = t.sql.failed ? NULL : eg_arena_dup(chunk->arena, t.sql.data, t.sql.len);
    eg_buf_free(&t.sql);
    *read = (struct eg_read){.sql = EG_SQL_COUNT, .text = sql, .n_params = t.n, .params = t.params, .param_types = t.types,
                             .n_columns = sizeof columns / sizeof columns[0], .column_types = columns};
    return sql != NULL;
}

static const char *text_of(struct eg_chunk *chunk, const struct eg_value *cell) {
    const char *copy = cell->null ? NULL : eg_arena_dup(chunk->arena, cell->s.p, cell->s.n);
    chunk->no_memory |= !copy && !cell->null;
    return copy;
}

bool eg_redrive_take_row(struct eg_chunk *chunk, const struct eg_value *cells) {
    if (chunk->n_rows == chunk->most || chunk->size_b > CHUNK_MOST_B) {
        chunk->full = true;
        return false;
    }
    struct eg_dlq_row *row = &chunk->rows[chunk->n_rows];
    const char *original = text_of(chunk, &cells[1]), *headers = text_of(chunk, &cells[2]);
    *row = (struct eg_dlq_row){.id = text_of(chunk, &cells[0]), .original = {original, cells[1].s.n},
                               .headers = {headers, headers ? cells[2].s.n : 0}, .scope = text_of(chunk, &cells[3]),
                               .low_trust = !cells[4].null, .redriven_id = text_of(chunk, &cells[5])};
    if (chunk->no_memory && chunk->n_rows) { /* the chunk is what there was room for */
        chunk->full = true;
        chunk->no_memory = false;
        return false;
    }
    if (chunk->no_memory)
        return false;
    chunk->size_b += cells[1].s.n;
    chunk->n_rows++;
    return true;
}
