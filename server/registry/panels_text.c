/* The text of a panel, EGQL or SQL, cut into pieces: characters, $parameters, and [[parts]] that stand only when all of their
 * parameters are given. A dollar or a bracket within quotes or a comment is a character. */
#include <ctype.h>
#include <string.h>

#include "server/registry/panels_int.h"

#define MOST_TEXT_B ((size_t)64 << 10)
#define MOST_PIECES 200

struct cut { /* at work on a text */
    const struct eg_panel_load *load;
    const char *where;
    const struct eg_panel *panel;
    struct eg_panel_text *text;
    struct eg_panel_piece *pieces;
    int block;
    uint32_t used;
};

static eg_status push(struct cut *cut, const char *text, size_t len, int param) {
    if (cut->text->n_pieces == MOST_PIECES) {
        return eg_panel_wrong(cut->load, "%s: it has more than %d pieces", cut->where, MOST_PIECES);
    }
    cut->pieces[cut->text->n_pieces++] =
        (struct eg_panel_piece){.text = text, .len = len, .param = param, .block = cut->block};
    return EG_OK;
}

static eg_status push_chars(struct cut *cut, const char *from, const char *to) {
    return from == to ? EG_OK : push(cut, from, (size_t)(to - from), 0);
}

static int find_param(const struct eg_panel *panel, const char *name, size_t len) {
    for (size_t i = 0; i < panel->n_params; i++) {
        if (strlen(panel->params[i].name) == len && memcmp(panel->params[i].name, name, len) == 0) {
            return (int)i;
        }
    }
    return -2;
}

/* The parameter at `at`, behind its dollar; the end of its name. */
static const char *add_param(struct cut *cut, const char *at) {
    size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
    bool now = len == 3 && memcmp(at, "now", 3) == 0;
    int param = now ? EG_PANEL_NOW : find_param(cut->panel, at, len);
    if (!now && param < 0) {
        (void)eg_panel_wrong(cut->load, "%s: $%.*s is not among the parameters", cut->where, (int)len, at);
        return NULL;
    }
    if (!now) {
        const struct eg_panel_param *one = &cut->panel->params[param];
        bool optional = !one->required && !one->def;
        if (optional && cut->block < 0) {
            (void)eg_panel_wrong(cut->load, "%s: $%s may be left out, so it stands within [[ ]]", cut->where, one->name);
            return NULL;
        }
        if (optional) {
            cut->text->blocks[cut->block] |= 1u << param;
        }
        cut->used |= 1u << param;
    }
    return push(cut, NULL, 0, param) ? NULL : at + len;
}

/* Behind a quoted text or a comment that begins at `at`; else the next character. */
static const char *skip(const char *at) {
    if (*at == '\'' || *at == '"') {
        const char *end = strchr(at + 1, *at);
        return end ? end + 1 : at + strlen(at);
    }
    return at[0] == '-' && at[1] == '-' ? at + strcspn(at, "\n") : at + 1;
}

static eg_status turn_block(struct cut *cut, bool opens) {
    if (opens == (cut->block >= 0)) {
        return eg_panel_wrong(cut->load, "%s: [[ and ]] come in pairs, not within each other", cut->where);
    }
    if (opens && cut->text->n_blocks == EG_PANEL_MOST_BLOCKS) {
        return eg_panel_wrong(cut->load, "%s: it has more than %d [[ ]]", cut->where, EG_PANEL_MOST_BLOCKS);
    }
    if (!opens && !cut->text->blocks[cut->block]) {
        return eg_panel_wrong(cut->load, "%s: a [[ ]] holds no parameter that may be left out", cut->where);
    }
    cut->block = opens ? cut->text->n_blocks++ : -1;
    return EG_OK;
}

static eg_status cut_text(struct cut *cut, const char *at) {
    const char *from = at;
    while (*at) {
        bool opens = at[0] == '[' && at[1] == '[';
        bool closes = at[0] == ']' && at[1] == ']';
        bool named = at[0] == '$' && islower((unsigned char)at[1]);
        if (!opens && !closes && !named) {
            at = skip(at);
            continue;
        }
        if (push_chars(cut, from, at)) {
            return EG_FAIL;
        }
        if (named) {
            at = add_param(cut, at + 1);
            if (!at) {
                return EG_FAIL;
            }
        } else {
            if (turn_block(cut, opens)) {
                return EG_FAIL;
            }
            at += 2;
        }
        from = at;
    }
    if (cut->block >= 0) {
        return eg_panel_wrong(cut->load, "%s: a [[ is not closed", cut->where);
    }
    return push_chars(cut, from, at);
}

static char *join(const struct eg_panel_load *load, const json_t *value, const char *where) {
    struct eg_buf text;
    eg_buf_init(&text, MOST_TEXT_B);
    eg_buf_str(&text, json_is_string(value) ? json_string_value(value) : "");
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *line = json_string_value(json_array_get(value, i));
        text.failed = text.failed || !line;
        eg_buf_printf(&text, "%s%s", i ? "\n" : "", line ? line : "");
    }
    char *joined = NULL;
    if (text.failed || !text.len) {
        (void)eg_panel_wrong(load, "%s: a text, or an array of its lines, of at most 64 KiB is wanted", where);
    } else {
        joined = eg_arena_dup(load->arena, text.data, text.len);
    }
    eg_buf_free(&text);
    return joined;
}

eg_status eg_panel_read_text(const struct eg_panel_load *load, const json_t *value, const char *where,
                             const struct eg_panel *panel, const struct eg_panel_text **text) {
    struct eg_panel_text *made = eg_arena_zalloc(load->arena, sizeof *made);
    struct cut cut = {.load = load, .where = where, .panel = panel, .text = made, .block = -1};
    const char *joined = join(load, value, where);
    cut.pieces = eg_arena_alloc(load->arena, MOST_PIECES * sizeof *cut.pieces);
    if (!joined || !made || !cut.pieces || cut_text(&cut, joined)) {
        return eg_panel_wrong(load, "out of memory");
    }
    for (size_t i = 0; i < panel->n_params; i++) {
        bool of_answer = strcmp(where, "egql") == 0 && strcmp(panel->params[i].name, "limit") == 0;
        if (!(cut.used & 1u << i) && !of_answer) {
            return eg_panel_wrong(load, "%s: the parameter $%s is not used", where, panel->params[i].name);
        }
    }
    made->pieces = cut.pieces;
    *text = made;
    return EG_OK;
}

size_t eg_panel_write(const struct eg_panel *panel, const struct eg_panel_text *text, uint32_t given, bool numbered,
                      struct eg_buf *out, int *order) {
    size_t n = 0;
    for (size_t i = 0; i < text->n_pieces; i++) {
        const struct eg_panel_piece *piece = &text->pieces[i];
        uint32_t needs = piece->block < 0 ? 0 : text->blocks[piece->block];
        size_t at = 0;
        if ((needs & given) != needs) {
            continue;
        }
        if (piece->text) {
            eg_buf_add(out, piece->text, piece->len);
            continue;
        }
        while (at < n && order[at] != piece->param) {
            at++;
        }
        if (at == n) {
            order[n++] = piece->param;
        }
        if (numbered) {
            eg_buf_printf(out, "$%zu", at + 1);
        } else {
            eg_buf_printf(out, "$%s", piece->param == EG_PANEL_NOW ? "now" : panel->params[piece->param].name);
        }
    }
    return n;
}
