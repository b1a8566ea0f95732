/* Places and words by the server, asked in EGQL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "indexer/findings_place.h"

#define FILES_A_QUESTION 40
#define TWINS_A_QUESTION 60 /* parameters: a query has 64 */
#define ROWS "LIMIT 100000"

/* "… file IN ($f0, $f1)" and its parameters. NULL: memory is out. */
static json_t *ask_of_files(struct eg_buf *query, const char *select, const char *repo, const struct eg_finding *const *files, size_t n) {
    json_t *params = json_object();
    char name[32];
    query->len = 0;
    eg_buf_printf(query, "%s FROM all WHERE repo=$repo file IN (", select);
    json_object_set_new(params, "repo", json_string(repo));
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "f%zu", i);
        eg_buf_printf(query, "%s$%s", i ? ", " : "", name);
        json_object_set_new(params, name, json_string(files[i]->file));
    }
    eg_buf_str(query, ") " ROWS);
    return query->failed ? NULL : params;
}

static void heaviest(json_t *cells, const json_t *rows) {
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row) {
        char key[32];
        snprintf(key, sizeof(key), "%lld", (long long)json_integer_value(json_array_get(row, 0)));
        const json_t *known = json_object_get(cells, key);
        if (!known || json_number_value(json_array_get(row, 2)) > json_number_value(json_array_get(known, 2))) {
            json_object_set(cells, key, json_array_get(rows, i));
        }
    }
}

static struct eg_findings_node node_of(struct eg_findings *set, const json_t *row, const json_t *cells) {
    const json_t *meta = json_array_get(row, 4);
    const char *uid = json_string_value(json_array_get(row, 1)), *kind = json_string_value(json_array_get(row, 2));
    char key[32];
    snprintf(key, sizeof(key), "%lld", (long long)json_integer_value(json_array_get(row, 0)));
    const char *cell = json_string_value(json_array_get(json_object_get(cells, key), 1));
    struct eg_findings_node node = {.uid = eg_findings_keep(set, uid ? uid : ""), .cell = cell ? eg_findings_keep(set, cell) : NULL,
                                    .is_public = json_is_true(json_object_get(meta, "public"))};
    if (!kind || strcmp(kind, "Module") != 0) {
        node.line = (int)json_integer_value(json_array_get(row, 3));
        node.end_line = (int)json_integer_value(json_object_get(meta, "end_line"));
        node.end_line = node.end_line < node.line ? node.line : node.end_line;
    }
    return node;
}

/* A finding that the repository bound keeps that, and gets the cell of the same node. */
static void take_nodes(struct eg_findings *set, const struct eg_finding *const *files, size_t n_files, const struct eg_findings_node *nodes,
                       const json_t *rows) {
    size_t n_all, n_rows = json_array_size(rows);
    struct eg_finding *all = eg_findings_list(set, &n_all);
    struct eg_findings_node *own = calloc(n_rows + 1, sizeof(*own));
    for (size_t f = 0; own && f < n_files; f++) {
        const char *file = files[f]->file;
        bool bound = files[f]->ast_ref != NULL;
        size_t n = 0;
        for (size_t i = 0; i < n_rows; i++) {
            const char *of = json_string_value(json_array_get(json_array_get(rows, i), 5));
            if (of && strcmp(of, file) == 0) {
                own[n++] = nodes[i];
            }
        }
        if (!bound) {
            eg_findings_bind(set, file, own, n);
        }
        for (struct eg_finding *one = all + (files[f] - all); bound && one < all + n_all && strcmp(one->file, file) == 0; one++) {
            for (size_t i = 0; i < n && !one->cell; i++) {
                one->cell = one->ast_ref && strcmp(own[i].uid, one->ast_ref) == 0 ? own[i].cell : NULL;
            }
        }
    }
    free(own);
}

static eg_status ask_files(struct eg_findings *set, struct eg_asker *asker, const char *repo, const struct eg_finding *const *files,
                           size_t n, struct eg_err *err) {
    struct eg_buf query;
    json_t *rows = NULL, *phi = NULL, *cells = json_object(), *params;
    eg_buf_init(&query, 65536);
    params = ask_of_files(&query, "SELECT nodes (id, uid, kind, line, meta, file)", repo, files, n);
    eg_status status =
        params ? eg_ask(asker, eg_buf_text(&query), params, &rows, err) : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    if (status == EG_OK && json_array_size(rows) > 0) {
        params = ask_of_files(&query, "SELECT phi (ast_node_id, mosaic_cell, weight)", repo, files, n);
        status = params ? eg_ask(asker, eg_buf_text(&query), params, &phi, err) : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    size_t n_rows = json_array_size(rows);
    struct eg_findings_node *nodes = calloc(n_rows + 1, sizeof(*nodes));
    if (status == EG_OK && nodes) {
        heaviest(cells, phi);
        for (size_t i = 0; i < n_rows; i++) {
            nodes[i] = node_of(set, json_array_get(rows, i), cells);
        }
        take_nodes(set, files, n, nodes, rows);
    }
    free(nodes);
    json_decref(rows);
    json_decref(phi);
    json_decref(cells);
    eg_buf_free(&query);
    return status;
}

eg_status eg_findings_place_server(struct eg_findings *set, struct eg_asker *asker, const char *repo, struct eg_err *err) {
    const struct eg_finding *files[FILES_A_QUESTION];
    size_t n, n_files = 0;
    const struct eg_finding *all = eg_findings_list(set, &n);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(all[i].file, all[i - 1].file) != 0) {
            files[n_files++] = &all[i];
        }
        if (n_files == FILES_A_QUESTION || (i + 1 == n && n_files)) {
            if (ask_files(set, asker, repo, files, n_files, err)) {
                return EG_FAIL;
            }
            n_files = 0;
        }
    }
    return EG_OK;
}

struct twins {
    struct eg_findings_twin *v;
    size_t n, room;
};

static bool take_twin(struct eg_findings *set, struct twins *twins, const json_t *row) {
    const char *cells[3];
    for (size_t i = 0; i < 3; i++) {
        const char *text = json_string_value(json_array_get(row, i));
        cells[i] = text ? eg_findings_keep(set, text) : "";
    }
    if (twins->n == twins->room) {
        size_t room = twins->room ? 2 * twins->room : 64;
        struct eg_findings_twin *grown = realloc(twins->v, room * sizeof(*grown));
        if (!grown) {
            return false;
        }
        twins->v = grown;
        twins->room = room;
    }
    twins->v[twins->n++] = (struct eg_findings_twin){cells[0], cells[1], cells[2], (int)json_integer_value(json_array_get(row, 3))};
    return true;
}

/* Rows whose `column` is one of these. */
static eg_status ask_twins(struct eg_findings *set, struct eg_asker *asker, const char *repo, const char *column, json_t *params,
                           struct twins *twins, struct eg_err *err) {
    struct eg_buf query;
    json_t *rows = NULL, *row;
    size_t i;
    eg_buf_init(&query, 65536);
    eg_buf_printf(&query, "SELECT findings (fingerprint, alias, file, line) FROM all WHERE repo=$repo %s IN (", column);
    for (i = 0; i < json_object_size(params); i++) {
        eg_buf_printf(&query, "%s$v%zu", i ? ", " : "", i);
    }
    eg_buf_str(&query, ") " ROWS);
    json_object_set_new(params, "repo", json_string(repo));
    eg_status status = eg_ask(asker, eg_buf_text(&query), params, &rows, err);
    json_array_foreach(rows, i, row) {
        if (status == EG_OK && !take_twin(set, twins, row)) {
            status = eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
        }
    }
    json_decref(rows);
    eg_buf_free(&query);
    return status;
}

/* values: the keys of an object, so that each is asked for once, however many findings have it. */
static eg_status ask_all(struct eg_findings *set, struct eg_asker *asker, const char *repo, const char *column, json_t *values,
                         struct twins *twins, struct eg_err *err) {
    json_t *value, *params = json_object();
    const char *text;
    char name[32];
    eg_status status = EG_OK;
    json_object_foreach(values, text, value) {
        snprintf(name, sizeof(name), "v%zu", json_object_size(params));
        json_object_set_new(params, name, json_string(text));
        if (json_object_size(params) == TWINS_A_QUESTION) {
            status = ask_twins(set, asker, repo, column, params, twins, err);
            params = json_object();
        }
        if (status) {
            break;
        }
    }
    if (json_object_size(params) > 0 && status == EG_OK) {
        return ask_twins(set, asker, repo, column, params, twins, err);
    }
    json_decref(params);
    return status;
}

/* Each may be stored by its line, when there is a checkout, or by its message. */
static eg_status adopt(struct eg_findings *set, struct eg_asker *asker, const char *repo, struct eg_err *err) {
    struct twins twins = {0};
    json_t *fingerprints = json_object(), *aliases = json_object();
    size_t n;
    const struct eg_finding *all = eg_findings_list(set, &n);
    for (size_t i = 0; i < n; i++) {
        char alias[EG_ALIAS_B];
        if (all[i].mark == EG_MARK_OWN) {
            continue;
        }
        json_object_set_new(fingerprints, all[i].fingerprint, json_true());
        for (enum eg_mark mark = EG_MARK_LINE; mark <= EG_MARK_MESSAGE; mark++) {
            eg_alias_make(&all[i], mark, alias);
            json_object_set_new(aliases, alias, json_true());
        }
    }
    eg_status status = ask_all(set, asker, repo, "fingerprint", fingerprints, &twins, err);
    status = status ? status : ask_all(set, asker, repo, "alias", aliases, &twins, err);
    status = status ? status : eg_findings_adopt(set, twins.v, twins.n, err);
    json_decref(fingerprints);
    json_decref(aliases);
    free(twins.v);
    return status;
}

eg_status eg_findings_ask_words(struct eg_findings *set, struct eg_asker *asker, const char *repo, struct eg_err *err) {
    json_t *rows = NULL, *words = json_object();
    size_t n, i;
    const json_t *row;
    struct eg_finding *all = eg_findings_list(set, &n);
    int64_t now_us = eg_clock_now_us();
    if (adopt(set, asker, repo, err)) {
        json_decref(words);
        return EG_FAIL;
    }
    if (eg_ask(asker, "SELECT findings (fingerprint, suppression) FROM all WHERE repo=$repo EXISTS suppression " ROWS,
               json_pack("{s:s}", "repo", repo), &rows, err)) {
        json_decref(words);
        return EG_FAIL;
    }
    json_array_foreach(rows, i, row) {
        const char *fingerprint = json_string_value(json_array_get(row, 0));
        if (fingerprint) {
            json_object_set(words, fingerprint, json_array_get(row, 1));
        }
    }
    for (i = 0; i < n; i++) {
        const json_t *word = json_object_get(words, all[i].fingerprint);
        char *text = json_is_object(word) ? json_dumps(word, JSON_COMPACT) : NULL;
        if (text) {
            eg_finding_suppress(set, &all[i], text, now_us);
        }
        free(text);
    }
    json_decref(rows);
    json_decref(words);
    return EG_OK;
}
