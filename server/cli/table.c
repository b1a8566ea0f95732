/* The table's widths are those of its first rows; later cells that are longer are cut. Control characters never reach the
 * terminal. */
#include "server/cli/table.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/buf.h"
#include "server/registry/json_write.h"

#define HELD_MOST 100
#define LEAST_WIDTH 6
#define GAP 2
#define CELL_MOST_B ((size_t)1 << 20)
#define DIM "\x1b[2m"
#define PLAIN "\x1b[0m"

struct column {
    const char *name;
    bool right; /* numbers */
    int width;
};

struct eg_table {
    FILE *out;
    json_t *columns;
    int screen;
    bool dim;
    size_t n;
    struct column *column;
    json_t *held[HELD_MOST];
    size_t n_held;
    bool printing; /* the widths are known */
    struct eg_buf cell;
};

static int screen_width(void) {
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    if (columns && atoi(columns) > 0) {
        return atoi(columns);
    }
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && isatty(STDOUT_FILENO) ? size.ws_col : 0;
}

struct eg_table *eg_table_new(json_t *columns) {
    struct eg_table *table = calloc(1, sizeof(*table));
    size_t n = json_array_size(columns);
    struct column *column = calloc(n + 1, sizeof(*column));
    if (!table || !column) {
        free(table);
        free(column);
        return NULL;
    }
    *table = (struct eg_table){.out = stdout, .columns = json_incref(columns), .screen = screen_width(), .n = n, .column = column};
    table->dim = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    setlocale(LC_CTYPE, "C.UTF-8"); /* widths of characters */
    eg_buf_init(&table->cell, CELL_MOST_B);
    for (size_t i = 0; i < n; i++) {
        json_t *of = json_array_get(columns, i);
        const char *name = json_string_value(json_object_get(of, "name"));
        const char *type = json_string_value(json_object_get(of, "type"));
        column[i].name = name ? name : "";
        column[i].right = type && (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0);
    }
    return table;
}

/* The text of a cell, in table->cell; NULL stands for null. */
static const char *text_of(struct eg_table *table, json_t *value) {
    table->cell.len = 0;
    table->cell.failed = false;
    if (!value || json_is_null(value)) {
        return NULL;
    }
    if (json_is_string(value)) {
        eg_buf_add(&table->cell, json_string_value(value), json_string_length(value));
    } else {
        eg_json_write(&table->cell, value);
    }
    return table->cell.failed ? "(more than a mebibyte)" : eg_buf_text(&table->cell);
}

/* The next character of a text and its place on the screen: 0, 1 or 2 wide; −1: a control character, or no UTF-8. */
static size_t next_character(const char *at, int *width) {
    wchar_t wide;
    mbstate_t state = {0};
    size_t n = mbrtowc(&wide, at, MB_CUR_MAX, &state);
    if (n == 0 || n > 8) {
        *width = -1;
        return 1;
    }
    *width = wcwidth(wide);
    return n;
}

static int width_of(const char *text) {
    int sum = 0, width;
    for (; *text; sum += width < 0 ? 1 : width) {
        text += next_character(text, &width);
    }
    return sum;
}

static void pad(FILE *out, int n) { fprintf(out, "%*s", n > 0 ? n : 0, ""); }

/* Exactly `room` wide, or less in the last column. */
static void put(struct eg_table *table, const char *text, int room, bool right, bool last) {
    int whole = width_of(text), used = 0, width;
    bool cut = whole > room && !right; /* a part of a number is another number */
    if (right) {
        pad(table->out, room - whole);
    }
    while (*text) {
        size_t n = next_character(text, &width);
        int takes = width < 0 ? 1 : width;
        if (cut && used + takes > room - 1) {
            break;
        }
        if (width < 0) {
            fputs("·", table->out); /* a line break or an escape sequence would spoil more than its cell */
        } else {
            fwrite(text, 1, n, table->out);
        }
        used += takes;
        text += n;
    }
    if (cut) {
        fputs("…", table->out);
        used++;
    }
    if (!last && !right) {
        pad(table->out, room - used);
    }
}

static void print_row(struct eg_table *table, const json_t *row) {
    for (size_t i = 0; i < table->n; i++) {
        const struct column *column = &table->column[i];
        const char *text = text_of(table, json_array_get(row, i));
        if (i) {
            pad(table->out, GAP);
        }
        if (!text && table->dim) {
            fputs(DIM, table->out);
        }
        put(table, text ? text : "∅", column->width, column->right, i + 1 == table->n);
        if (!text && table->dim) {
            fputs(PLAIN, table->out);
        }
    }
    fputc('\n', table->out);
}

/* The widest give way until all fit; when even the least widths do not, the lines are long. */
static void fit(struct eg_table *table) {
    for (;;) {
        int sum = -GAP;
        size_t widest = 0;
        for (size_t i = 0; i < table->n; i++) {
            sum += table->column[i].width + GAP;
            widest = table->column[i].width > table->column[widest].width ? i : widest;
        }
        if (!table->screen || table->n == 0 || sum <= table->screen || table->column[widest].width <= LEAST_WIDTH) {
            return;
        }
        int over = sum - table->screen, width = table->column[widest].width;
        table->column[widest].width -= over > width / 8 + 1 ? width / 8 + 1 : over;
        if (table->column[widest].width < LEAST_WIDTH) {
            table->column[widest].width = LEAST_WIDTH;
        }
    }
}

static void print_held(struct eg_table *table) {
    table->printing = true;
    for (size_t i = 0; i < table->n; i++) {
        table->column[i].width = width_of(table->column[i].name);
        for (size_t k = 0; k < table->n_held; k++) {
            const char *text = text_of(table, json_array_get(table->held[k], i));
            int width = text ? width_of(text) : 1;
            table->column[i].width = width > table->column[i].width ? width : table->column[i].width;
        }
    }
    fit(table);
    for (size_t i = 0; i < table->n; i++) {
        pad(table->out, i ? GAP : 0);
        put(table, table->column[i].name, table->column[i].width, table->column[i].right, i + 1 == table->n);
    }
    fputc('\n', table->out);
    fputs(table->dim ? DIM : "", table->out);
    for (size_t i = 0; i < table->n; i++) {
        pad(table->out, i ? GAP : 0);
        for (int k = 0; k < table->column[i].width; k++) {
            fputs("─", table->out);
        }
    }
    fputs(table->dim ? PLAIN "\n" : "\n", table->out);
    for (size_t k = 0; k < table->n_held; k++) {
        print_row(table, table->held[k]);
        json_decref(table->held[k]);
    }
    table->n_held = 0;
}

void eg_table_row(struct eg_table *table, json_t *row) {
    if (table->printing) {
        print_row(table, row);
        json_decref(row);
        return;
    }
    table->held[table->n_held++] = row;
    if (table->n_held == HELD_MOST) {
        print_held(table);
    }
}

void eg_table_end(struct eg_table *table) {
    if (!table->printing) {
        print_held(table);
    }
    eg_buf_free(&table->cell);
    json_decref(table->columns);
    free(table->column);
    free(table);
}
