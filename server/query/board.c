/* The board's opening and end, and the list of panels. */
#include "server/query/board.h"

#include <stdlib.h>
#include <string.h>

#include "server/query/board_int.h"
#include "server/registry/json_write.h"

#define COMPILED_MOST_B ((size_t)16 << 20)

const struct eg_panel_text *eg_board_sql(const struct eg_board *board, const struct eg_panel *panel) {
    return strcmp(board->dialect, "sqlite") == 0 ? panel->sqlite : panel->postgresql;
}

static eg_status take_columns(struct eg_board *board, const struct eg_panel *panel, struct eg_board_panel *made,
                              struct eg_err *err) {
    struct egql_column *columns = eg_arena_alloc(board->arena, (panel->n_columns + 1) * sizeof *columns);
    if (!columns) {
        return eg_err_set(err, EG_E_INTERNAL, panel->file, "memory is out");
    }
    for (size_t i = 0; i < panel->n_columns; i++) {
        columns[i] = (struct egql_column){.name = panel->columns[i].name, .type = panel->columns[i].type};
    }
    *made = (struct eg_board_panel){.n_columns = panel->n_columns, .columns = columns};
    return EG_OK;
}

eg_status eg_board_open(const struct eg_board_config *config, struct eg_board **out, struct eg_err *err) {
    struct eg_board *board = calloc(1, sizeof *board);
    const struct eg_panel *panels;
    *out = NULL;
    if (!board || !(board->arena = eg_arena_new(COMPILED_MOST_B))) {
        free(board);
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    board->magic = EG_BOARD_MAGIC;
    board->config = *config;
    board->dialect = eg_db_name(config->db);
    eg_list_init(&board->kept);
    eg_list_init(&board->runs);
    board->egql = egql_dialect_find(board->dialect);
    size_t n = eg_panels_all(config->panels, &panels);
    board->panels = eg_arena_zalloc(board->arena, (n + 1) * sizeof *board->panels);
    for (size_t i = 0; i < n; i++) {
        if (!board->panels || (panels[i].egql ? eg_board_compile(board, &panels[i], &board->panels[i], err)
                                              : take_columns(board, &panels[i], &board->panels[i], err))) {
            eg_board_close(board);
            return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
        }
    }
    if (eg_board_compile_commit(board, err)) {
        eg_board_close(board);
        return EG_FAIL;
    }
    *out = board;
    return EG_OK;
}

void eg_board_close(struct eg_board *board) {
    if (board) {
        EG_ASSERT(eg_list_empty(&board->runs));
        eg_board_forget(board);
        eg_arena_free(board->arena);
        board->magic = 0;
        free(board);
    }
}

void eg_board_stats(const struct eg_board *board, struct eg_board_stats *stats) { *stats = board->stats; }

/* GET /v1/panels */

static json_t *panel_json(const struct eg_board *board, const struct eg_panel *panel) {
    const struct eg_board_panel *made = eg_board_panel(board, panel);
    static const char *const copied[] = {"name",    "system", "group",      "title", "description",
                                         "cache_s", "draw",   "parameters", "scope"};
    json_t *one = json_object(), *columns = json_array();
    for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++) {
        json_object_set(one, copied[i], json_object_get(panel->document, copied[i]));
    }
    for (size_t i = 0; i < made->n_columns; i++) {
        json_t *column = json_pack("{s:s, s:s}", "name", made->columns[i].name, "type",
                                   egql_type_name(made->columns[i].type));
        if (i < panel->n_columns) {
            json_object_set_new(column, "title", json_string(panel->columns[i].title));
        }
        json_array_append_new(columns, column);
    }
    json_object_set_new(one, "columns", columns);
    return one;
}

static enum eg_step_result list(struct eg_request *req) {
    const struct eg_board *board = req->app;
    const struct eg_panel *panels;
    EG_ASSERT(board && board->magic == EG_BOARD_MAGIC);
    size_t n = eg_panels_all(board->config.panels, &panels);
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(all, panel_json(board, &panels[i]));
    }
    json_t *answer = json_pack("{s:o}", "panels", all);
    if (answer) {
        eg_json_write(&req->answer, answer);
    }
    bool failed = !answer || req->answer.failed;
    json_decref(answer);
    if (failed) {
        (void)eg_err_set(&req->err, EG_E_INTERNAL, NULL, "the answer does not fit into memory");
        return eg_request_problem(req, NULL);
    }
    eg_buf_char(&req->answer, '\n');
    return eg_request_answer(req, 200, "application/json");
}

static const struct eg_step way[] = {{"list", list}};
const struct eg_flow eg_flow_panels_list = {.name = "panels_list", .n_steps = 1, .steps = way};
