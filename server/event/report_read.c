/* What the store knows of the places of a report: definitions, what the commit changed, and what people said of the findings. Rows
 * are kept as they come; threads look at them later. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/event/report.h"

#define NODES_MOST 200000
#define FILES_MOST 5000 /* beyond, findings are stored unbound */
#define KNOWN_MOST 400000
#define ASKED_MOST_B ((size_t)16 << 20)

void eg_report_ended(struct eg_report *report) {
    report->busy = false;
    report->done = true;
    if (report->req)
        eg_request_wake(report->req);
    else
        eg_report_free(report);
}

static void read_done(void *ctx, const struct eg_err *err) {
    struct eg_report *report = ctx;
    report->handle = NULL;
    if (err && report->err.code == EG_E_NONE)
        report->err = *err;
    eg_report_ended(report);
}

static const char *keep(struct eg_report *report, const struct eg_value *cell) {
    const char *copy = cell->null ? NULL : eg_arena_dup(report->arena, cell->s.p, cell->s.n);
    if (!copy && !cell->null)
        eg_report_no_memory(report, report->arena);
    return copy;
}

static struct eg_report_file *file_of(struct eg_report *report, const struct eg_value *cell) {
    size_t low = 0, high = cell->null ? 0 : report->n_files;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *path = report->files[middle].path;
        int order = strncmp(path, cell->s.p, cell->s.n);
        order = order ? order : path[cell->s.n] != '\0';
        if (order == 0)
            return &report->files[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool text_is(const struct eg_value *cell, const char *text) {
    return !cell->null && cell->s.n == strlen(text) && memcmp(cell->s.p, text, cell->s.n) == 0;
}

static bool take_node(void *ctx, const struct eg_value *cells, size_t n_columns) {
    struct eg_report *report = ctx;
    struct eg_report_file *file = file_of(report, &cells[0]);
    EG_ASSERT(n_columns == 7);
    if (!file)
        return true;
    if (report->n_nodes == NODES_MOST) {
        eg_warn(NULL, "a report is bound to the first %d nodes of its files: more are in the graph", NODES_MOST);
        return false;
    }
    report->n_nodes++;
    if (file->n == file->room) {
        size_t room = file->room ? 2 * file->room : 16;
        struct eg_findings_node *more = realloc(file->nodes, room * sizeof *more);
        if (!more)
            return false;
        file->nodes = more;
        file->room = room;
    }
    bool module = text_is(&cells[2], "Module");
    json_t *meta = cells[4].null ? NULL : json_loadb(cells[4].s.p, cells[4].s.n, 0, NULL);
    json_int_t end = json_integer_value(json_object_get(meta, "end_line"));
    struct eg_findings_node node = {.uid = keep(report, &cells[1]), .cell = keep(report, &cells[5]), .is_called = cells[6].b,
                                    .is_public = json_is_true(json_object_get(meta, "public"))};
    node.line = module || cells[3].null ? 0 : (int)cells[3].i;
    node.end_line = module ? 0 : end > node.line && end < 2147483647 ? (int)end : node.line;
    json_decref(meta);
    if (node.uid)
        file->nodes[file->n++] = node;
    return node.uid != NULL;
}

static bool take_change(void *ctx, const struct eg_value *cells, size_t n_columns) {
    struct eg_report *report = ctx;
    struct eg_report_file *file = file_of(report, &cells[0]);
    EG_ASSERT(n_columns == 3);
    report->commit_known = true;
    if (file) {
        file->status = cells[1].null || !cells[1].s.n ? 'M' : *cells[1].s.p;
        file->diff = keep(report, &cells[2]);
    }
    return true;
}

/* One that is found by both its fingerprint and its alias comes twice, which does no harm. */
static bool take_known(void *ctx, const struct eg_value *cells, size_t n_columns) {
    struct eg_report *report = ctx;
    EG_ASSERT(n_columns == 4);
    if (report->n_known == KNOWN_MOST) {
        eg_warn(NULL, "a report is compared with the first %d findings that are like its own: more are stored", KNOWN_MOST);
        return false;
    }
    if (report->n_known == report->known_room) {
        size_t room = report->known_room ? 2 * report->known_room : 64;
        struct eg_report_known *more = realloc(report->known, room * sizeof *more);
        if (!more)
            return false;
        report->known = more;
        report->known_room = room;
    }
    json_t *place = cells[2].null ? NULL : json_loadb(cells[2].s.p, cells[2].s.n, 0, NULL);
    const char *file = json_string_value(json_object_get(place, "file"));
    json_int_t line = json_integer_value(json_object_get(place, "line"));
    struct eg_report_known known = {{.fingerprint = keep(report, &cells[0]), .alias = cells[1].null ? "" : keep(report, &cells[1]),
                                     .file = file ? eg_arena_dup(report->arena, file, strlen(file)) : "",
                                     .line = line > 0 && line < 2147483647 ? (int)line : 0},
                                    cells[3].null ? NULL : keep(report, &cells[3])};
    json_decref(place);
    bool good = known.twin.fingerprint && known.twin.alias && known.twin.file && (cells[3].null || known.suppression);
    if (good)
        report->known[report->n_known++] = known;
    return good;
}

/* One row: how many events the key stands for, the first's id, the last's position, those of other content, and the findings' queues. */
static bool take_key(void *ctx, const struct eg_value *cells, size_t n_columns) {
    struct eg_report *report = ctx;
    EG_ASSERT(n_columns == 8);
    if (cells[3].i > 0)
        eg_err_set(&report->err, EG_E_KEY_CONFLICT, "/idempotency_key",
                   "the key was used for event %.*s, which is of another report, or of one that was sent with other parameters",
                   (int)cells[1].s.n, cells[1].s.p);
    report->again = (size_t)cells[0].i;
    report->again_position = cells[2].null ? 0 : cells[2].i;
    for (int i = 0; i < 4; i++)
        report->again_queues[i] = (size_t)cells[4 + i].i;
    return true;
}

static bool ask(struct eg_report *report, enum eg_sql sql, size_t n_params,
                bool (*row)(void *ctx, const struct eg_value *cells, size_t n_columns)) {
    report->read =
        (struct eg_read){.sql = sql, .n_params = n_params, .params = report->params, .row = row, .done = read_done, .ctx = report};
    report->busy = true;
    report->done = false;
    report->handle = eg_db_read(report->event->db, &report->read);
    return true;
}

/* A JSON array of texts, as a parameter. */
static bool set_list(struct eg_report *report, struct eg_value *param, struct eg_buf *list) {
    eg_buf_char(list, ']');
    char *text = list->failed ? NULL : eg_arena_dup(report->arena, list->data, list->len);
    *param = eg_text(text, list->len);
    eg_buf_free(list);
    return text != NULL;
}

static bool list_files(struct eg_report *report, struct eg_value *param) {
    struct eg_buf list;
    if (report->n_files == 0 || report->n_files > FILES_MOST)
        return false;
    eg_buf_init(&list, ASKED_MOST_B);
    for (size_t i = 0; i < report->n_files; i++) {
        eg_buf_char(&list, i ? ',' : '[');
        eg_buf_json_string(&list, report->files[i].path, strlen(report->files[i].path));
    }
    return set_list(report, param, &list);
}

bool eg_report_ask_key(struct eg_report *report) {
    const char *sub = report->req->who->sub, *scope = eg_arena_dup(report->arena, sub, strlen(sub));
    report->params[0] = eg_cstr(scope ? scope : "");
    report->params[1] = eg_cstr(report->key);
    report->params[2] = eg_text((const char *)report->key_hash, EG_HASH_B);
    return ask(report, EG_SQL_REPORT_KEY, 3, take_key);
}

bool eg_report_ask_nodes(struct eg_report *report) {
    report->params[0] = eg_cstr(report->repo);
    return list_files(report, &report->params[1]) && ask(report, EG_SQL_REPORT_NODES, 2, take_node);
}

bool eg_report_ask_changes(struct eg_report *report) {
    report->params[0] = eg_cstr(report->about.sha);
    return list_files(report, &report->params[1]) && ask(report, EG_SQL_REPORT_CHANGES, 2, take_change);
}

bool eg_report_ask_known(struct eg_report *report) {
    size_t n;
    struct eg_buf list, aliases;
    const struct eg_finding *all = eg_findings_list(report->set, &n);
    if (n == 0)
        return false;
    eg_buf_init(&list, ASKED_MOST_B);
    eg_buf_init(&aliases, ASKED_MOST_B);
    for (size_t i = 0; i < n; i++) {
        eg_buf_char(&list, i ? ',' : '[');
        eg_buf_json_string(&list, all[i].fingerprint, strlen(all[i].fingerprint));
        for (enum eg_mark mark = EG_MARK_LINE; all[i].mark && mark <= EG_MARK_MESSAGE; mark++) {
            char alias[EG_ALIAS_B];
            eg_alias_make(&all[i], mark, alias);
            eg_buf_char(&aliases, aliases.len ? ',' : '[');
            eg_buf_json_string(&aliases, alias, strlen(alias));
        }
    }
    if (aliases.len == 0)
        eg_buf_char(&aliases, '[');
    report->params[0] = eg_cstr(report->repo);
    bool good = set_list(report, &report->params[1], &list);
    return set_list(report, &report->params[2], &aliases) && good && ask(report, EG_SQL_REPORT_KNOWN, 3, take_known);
}
