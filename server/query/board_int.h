/* What the files of the board share. */
#ifndef EG_QUERY_BOARD_INT_H
#define EG_QUERY_BOARD_INT_H

#include "base/list.h"
#include "server/query/answer.h"
#include "server/query/board.h"

#define EG_BOARD_MAGIC 0x45474252u

/* What was asked: the panel, the values, and the form of the answer. Two asks of one key have one answer. */
struct eg_board_ask {
    const struct eg_panel *panel;
    enum eg_format format;
    const char *given[EG_PANEL_MOST_PARAMS]; /* as text, the default put in; NULL: left out */
    struct eg_str key;
};

struct eg_board_answer { /* immutable once made */
    int refs;
    int64_t made_us;  /* monotonic */
    char etag[48];    /* W/"…", of the rows */
    char *body;
    size_t len;
};

struct eg_board_kept { /* an answer in the cache */
    struct eg_link link; /* newest first */
    char *key;
    size_t key_len;
    int64_t until_us;
    struct eg_board_answer *answer;
};

/* A panel made ready: its columns, and for EGQL one compiled query for each set of its optional parts. */
struct eg_board_panel {
    size_t n_columns;
    const struct egql_column *columns;
    const struct egql_compiled *compiled[1 << EG_PANEL_MOST_BLOCKS]; /* by the bits of the parts that stand */
};

struct eg_board {
    uint32_t magic;
    struct eg_board_config config;
    const char *dialect;
    struct eg_arena *arena; /* what is compiled */
    const struct egql_dialect *egql;
    const struct egql_compiled *commit; /* looks up the `sha` of a panel in SQL by its first digits; NULL: no source `events` */
    struct eg_board_panel *panels; /* as config.panels has them */
    struct eg_link kept;    /* struct eg_board_kept */
    struct eg_link runs;    /* struct eg_board_run */
    struct eg_board_stats stats;
};

/* The cache */
struct eg_board_answer *eg_board_find(struct eg_board *board, const struct eg_str *key, int64_t now_us); /* borrowed */
void eg_board_keep(struct eg_board *board, const struct eg_str *key, struct eg_board_answer *answer, int64_t until_us);
void eg_board_forget(struct eg_board *board);
struct eg_board_answer *eg_board_hold(struct eg_board_answer *answer);
void eg_board_let_go(struct eg_board_answer *answer); /* NULL is fine */

/* The answer in the making. */
struct eg_board_writer {
    const char *panel;
    struct eg_answer answer;
    int64_t rows_most;
    bool truncated;
    struct eg_buf body; /* the owner frees it */
};
/* False: memory is out. */
EG_MUST_CHECK bool eg_board_write_begin(struct eg_board_writer *writer, const struct eg_board_ask *ask,
                                        const struct eg_board_panel *made, int64_t rows_most, struct eg_arena *arena);
bool eg_board_write_row(struct eg_board_writer *writer, const struct eg_value *cells); /* false: no more */
/* NULL when memory is out. took_us: of the run. */
struct eg_board_answer *eg_board_write_end(struct eg_board_writer *writer, int64_t took_us);

/* Runs */
struct eg_board_run;
struct eg_board_waiter {
    struct eg_link link;
    struct eg_board_run *run;
    void (*wake)(struct eg_board_waiter *waiter);
    bool done;
    struct eg_board_answer *answer; /* held; NULL: err says why */
    struct eg_err err;
};

/* Joins the run of this key, or starts one; wake comes from the loop, not inside this call. False: no memory. */
bool eg_board_join(struct eg_board *board, const struct eg_board_ask *ask, struct eg_board_waiter *waiter);
void eg_board_leave(struct eg_board_waiter *waiter); /* before it was woken */

const struct eg_board_panel *eg_board_panel(const struct eg_board *board, const struct eg_panel *panel);
EG_MUST_CHECK eg_status eg_board_compile(struct eg_board *board, const struct eg_panel *panel, struct eg_board_panel *made,
                                         struct eg_err *err);
EG_MUST_CHECK eg_status eg_board_compile_commit(struct eg_board *board, struct eg_err *err);
/* A run of board->commit for this sha, up to the statement of its answer. NULL when the arena is full. */
struct egql_run *eg_board_commit(const struct eg_board *board, const struct eg_value *sha, int64_t now_us, struct eg_arena *arena);
/* A run of a panel in EGQL; values by parameter. NULL when the arena is full. */
struct egql_run *eg_board_egql(const struct eg_board *board, const struct eg_panel *panel, uint32_t given,
                               const struct eg_value *values, int64_t now_us, struct eg_arena *arena);
const struct eg_panel_text *eg_board_sql(const struct eg_board *board, const struct eg_panel *panel);

#endif
