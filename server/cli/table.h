/* Rows as a table for people: aligned, cut to the width of the terminal. The first rows are held back until the widths are known;
 * the rest is printed as it comes. */
#ifndef EG_CLI_TABLE_H
#define EG_CLI_TABLE_H

#include <jansson.h>
#include <stdbool.h>

struct eg_table;

/* On standard output, cut to the terminal's width or to $COLUMNS, and dim unless $NO_COLOR is there. columns: [{"name","type"}], kept
 * until the end. NULL when memory is out. */
struct eg_table *eg_table_new(json_t *columns);
void eg_table_row(struct eg_table *table, json_t *row); /* takes the array over */
void eg_table_end(struct eg_table *table);              /* prints what is held, and frees */

#endif
