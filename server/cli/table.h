/* Rows as a table for people: aligned, cut to the width of the terminal. The first rows are held back until the widths are known;
 * the rest is printed as it comes. */
#ifndef EG_CLI_TABLE_H
#define EG_CLI_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct eg_table;

/* columns: [{"name","type"}], kept until the end. width: of the terminal in characters; 0: nothing is cut. dim: nulls and rules
 * may be shown dimmed. NULL when memory is out. */
struct eg_table *eg_table_new(FILE *out, json_t *columns, int width, bool dim);
void eg_table_row(struct eg_table *table, json_t *row); /* takes the array over */
void eg_table_end(struct eg_table *table);              /* prints what is held, and frees */

#endif
