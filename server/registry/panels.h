/* The declarations of spec/panels: questions with parameters, written once, that the HUD, the command line and any program
 * ask by name. Loaded and checked once at start; immutable after; live as long as the program. The registry knows no EGQL: who
 * answers a panel compiles its text. */
#ifndef EG_REGISTRY_PANELS_H
#define EG_REGISTRY_PANELS_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/scope.h"
#include "base/value.h"

#define EG_PANEL_MOST_PARAMS 16
#define EG_PANEL_MOST_BLOCKS 5  /* optional parts of one text */
#define EG_PANEL_MOST_COLUMNS 64
#define EG_PANEL_NOW (-1) /* in place of a parameter's index: $now, the moment of the run */

enum eg_panel_type {
    EG_PANEL_TEXT,
    EG_PANEL_INTEGER,
    EG_PANEL_NUMBER,
    EG_PANEL_BOOLEAN,
    EG_PANEL_TIME,
    EG_PANEL_DURATION /* "7d": the value is the moment so long before the run; a time is itself the moment */
};

struct eg_panel_param {
    const char *name;
    const char *title;
    enum eg_panel_type type;
    bool required;
    const char *def;         /* the default as a query string says it; NULL without: then it may be left out */
    double least, most;      /* integer, number: the value; text: bytes; duration: µs */
    size_t n_values;         /* text: 0, or the only values */
    const char *const *values;
};

struct eg_panel_column {
    const char *name;
    const char *title;
    enum eg_type type;
};

struct eg_panel_piece { /* of a text: characters, or a parameter */
    const char *text;   /* NULL: a parameter */
    size_t len;
    int param;          /* index, or EG_PANEL_NOW */
    int block;          /* −1, or the [[…]] that it stands in */
};

struct eg_panel_text {
    size_t n_pieces;
    const struct eg_panel_piece *pieces;
    int n_blocks;
    uint32_t blocks[EG_PANEL_MOST_BLOCKS]; /* parameters that a block needs, by bit */
};

struct eg_panel {
    const char *name;
    const char *file; /* for messages */
    size_t n_params;
    const struct eg_panel_param *params;
    const struct eg_panel_text *egql; /* NULL: it is SQL */
    const struct eg_panel_text *postgresql, *sqlite;
    size_t n_columns; /* of SQL; EGQL brings its own */
    const struct eg_panel_column *columns;
    int64_t cache_us;
    enum eg_scope scope;    /* needed beside the right to ask; EG_SCOPE_NONE: none */
    const json_t *document; /* the whole file */
};

struct eg_panels;

/* Reads every *.json of spec_dir/panels; a missing folder holds none. err: config_invalid; place is the file, the message names
 * the member. */
EG_MUST_CHECK eg_status eg_panels_load(const char *spec_dir, struct eg_panels **panels, struct eg_err *err);
void eg_panels_free(struct eg_panels *panels);
size_t eg_panels_all(const struct eg_panels *panels, const struct eg_panel **list); /* sorted by name */
const struct eg_panel *eg_panels_find(const struct eg_panels *panels, const char *name);
/* Each word of `draw` beside its kind must name a column. */
EG_MUST_CHECK eg_status eg_panel_check_draw(const struct eg_panel *panel, const char *const *columns, size_t n,
                                            struct eg_err *err);

/* The text with the blocks whose parameters are all in `given` (by bit). numbered: parameters are written as $1, $2 … and `order`
 * (room for EG_PANEL_MOST_PARAMS + 1) says which; otherwise they keep their names. Answers how many were written. */
size_t eg_panel_write(const struct eg_panel *panel, const struct eg_panel_text *text, uint32_t given, bool numbered,
                      struct eg_buf *out, int *order);

/* Values. The type that a value of the parameter has when it is bound. */
enum eg_type eg_panel_value_type(enum eg_panel_type type);
/* A value as a query string has it. NULL: what is required
 * was not given. err: param_invalid that says what the parameter is. A text points to `text`. */
EG_MUST_CHECK eg_status eg_panel_value(const struct eg_panel_param *param, const char *text, int64_t now_us,
                                       struct eg_value *value, struct eg_err *err);
void eg_panel_param_describe(const struct eg_panel_param *param, struct eg_buf *out); /* "integer, 1 to 1000, default 10" */

#endif
