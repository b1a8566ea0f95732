/* Panels in EGQL: compiled when the server starts, once for each set of optional parts, and run like any query. Moments are given to a
 * query as text. A parameter `limit` is the answer's limit: the language has none there. */
#include <string.h>

#include "base/clock.h"
#include "server/query/board_int.h"

#define TEXT_MOST_B ((size_t)128 << 10)

const struct eg_board_panel *eg_board_panel(const struct eg_board *board, const struct eg_panel *panel) {
    const struct eg_panel *all;
    (void)eg_panels_all(board->config.panels, &all);
    return &board->panels[panel - all];
}

static enum eg_type given_type(const struct eg_panel *panel, int param) {
    enum eg_type type = param == EG_PANEL_NOW ? EG_TIME : eg_panel_value_type(panel->params[param].type);
    return type == EG_TIME ? EG_TEXT : type;
}

/* The parts that stand when these parameters are given. */
static unsigned parts_of(const struct eg_panel_text *text, uint32_t given) {
    unsigned parts = 0;
    for (int i = 0; i < text->n_blocks; i++) {
        parts |= (text->blocks[i] & given) == text->blocks[i] ? 1U << i : 0;
    }
    return parts;
}

static eg_status compile_parts(struct eg_board *board, const struct eg_panel *panel, uint32_t given,
                               const struct egql_compiled **compiled, struct eg_err *err) {
    int order[EG_PANEL_MOST_PARAMS + 1];
    struct egql_param params[EG_PANEL_MOST_PARAMS + 1];
    struct egql_diag diag = {0};
    struct eg_buf text;
    eg_buf_init(&text, TEXT_MOST_B);
    size_t n = eg_panel_write(panel, panel->egql, given, false, &text, order);
    for (size_t i = 0; i < n; i++) {
        const char *name = order[i] == EG_PANEL_NOW ? "now" : panel->params[order[i]].name;
        params[i] = (struct egql_param){.name = {name, strlen(name)}, .type = given_type(panel, order[i])};
    }
    const char *copy = text.failed ? NULL : eg_arena_dup(board->arena, text.data, text.len);
    size_t len = text.len;
    eg_buf_free(&text);
    if (!copy) {
        return eg_err_set(err, EG_E_INTERNAL, panel->file, "memory is out");
    }
    if (egql_compile(board->config.sources, board->egql, copy, len, params, n, board->arena, compiled, &diag) != EG_OK) {
        return eg_err_set(err, EG_E_CONFIG, panel->file, "egql, line %d, column %d: %s", diag.line, diag.column,
                          diag.message ? diag.message : "memory is out");
    }
    if ((*compiled)->scope & ~panel->scope) {
        egql_forbid(*compiled, board->arena, &diag);
        return eg_err_set(err, EG_E_CONFIG, panel->file, "egql, line %d, column %d: %s: the panel must declare it as its own scope",
                          diag.line, diag.column, diag.message);
    }
    return EG_OK;
}

static eg_status take_columns(struct eg_board *board, const struct eg_panel *panel, struct eg_board_panel *made,
                              struct eg_err *err) {
    const struct egql_compiled *compiled = made->compiled[0];
    const char **names = eg_arena_alloc(board->arena, (compiled->n_columns + 1) * sizeof *names);
    for (size_t i = 0; names && i < compiled->n_columns; i++) {
        names[i] = compiled->columns[i].name;
    }
    made->n_columns = compiled->n_columns;
    made->columns = compiled->columns;
    return names ? eg_panel_check_draw(panel, names, made->n_columns, err)
                 : eg_err_set(err, EG_E_INTERNAL, panel->file, "memory is out");
}

eg_status eg_board_compile(struct eg_board *board, const struct eg_panel *panel, struct eg_board_panel *made,
                           struct eg_err *err) {
    if (!board->config.sources) {
        return eg_err_set(err, EG_E_CONFIG, panel->file, "egql: this program has no sources");
    }
    for (unsigned parts = 0; parts < 1U << panel->egql->n_blocks; parts++) {
        uint32_t given = 0;
        for (int i = 0; i < panel->egql->n_blocks; i++) {
            given |= parts & 1U << i ? panel->egql->blocks[i] : 0;
        }
        if (compile_parts(board, panel, given, &made->compiled[parts], err)) {
            return EG_FAIL;
        }
    }
    return take_columns(board, panel, made, err);
}

eg_status eg_board_compile_commit(struct eg_board *board, struct eg_err *err) {
    static const char text[] = "SELECT events (id) FROM sha($sha) LIMIT 1";
    const struct egql_param sha = {.name = {"sha", 3}, .type = EG_TEXT};
    struct egql_diag diag = {0};
    if (!board->config.sources || !egql_sources_have(board->config.sources, "events")) {
        return EG_OK; /* declarations of one's own may lack it: then a sha is taken as it is given */
    }
    if (egql_compile(board->config.sources, board->egql, text, sizeof text - 1, &sha, 1, board->arena, &board->commit, &diag) != EG_OK) {
        return eg_err_set(err, EG_E_CONFIG, NULL, "panels: %s", diag.message ? diag.message : "memory is out");
    }
    return EG_OK;
}

struct egql_run *eg_board_commit(const struct eg_board *board, const struct eg_value *sha, int64_t now_us, struct eg_arena *arena) {
    struct eg_value *bound = eg_arena_alloc(arena, sizeof *bound);
    struct egql_limits limits = {.rows_default = 1, .rows_most = 1, .nodes_most = 1};
    if (!bound) {
        return NULL;
    }
    *bound = *sha;
    return egql_run_new(board->commit, bound, now_us, &limits, arena);
}

static struct eg_value moment_text(const struct eg_value *moment, struct eg_arena *arena) {
    char text[EG_TIME_TEXT_B];
    eg_time_format(moment->i, text);
    return eg_cstr(eg_arena_dup(arena, text, strlen(text)));
}

struct egql_run *eg_board_egql(const struct eg_board *board, const struct eg_panel *panel, uint32_t given,
                               const struct eg_value *values, int64_t now_us, struct eg_arena *arena) {
    const struct egql_compiled *compiled = eg_board_panel(board, panel)->compiled[parts_of(panel->egql, given)];
    struct eg_value *bound = eg_arena_alloc(arena, (compiled->n_params + 1) * sizeof *bound);
    struct egql_limits limits = {.rows_default = board->config.rows_most,
                                 .rows_most = board->config.rows_most,
                                 .nodes_most = board->config.nodes_most};
    const struct eg_value now = eg_int(now_us);
    for (size_t i = 0; bound && i < compiled->n_params; i++) {
        const struct eg_str *name = &compiled->params[i].name;
        bound[i] = moment_text(&now, arena);
        for (size_t j = 0; j < panel->n_params; j++) {
            const struct eg_panel_param *param = &panel->params[j];
            if (strlen(param->name) == name->n && memcmp(param->name, name->p, name->n) == 0) {
                bool moment = eg_panel_value_type(param->type) == EG_TIME;
                bound[i] = moment ? moment_text(&values[j], arena) : values[j];
            }
        }
    }
    for (size_t j = 0; j < panel->n_params; j++) {
        if (strcmp(panel->params[j].name, "limit") == 0) {
            limits.rows_default = values[j].i;
            limits.default_asked = true;
        }
    }
    return bound ? egql_run_new(compiled, bound, now_us, &limits, arena) : NULL;
}
