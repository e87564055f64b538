/* SPDX-License-Identifier: BSD-3-Clause */
/* Aligned tables and numbers with units, for people. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_TABLE_H
#define EPHEMERA_CONTROL_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
	TABLE_COLUMNS_MAX = 12,
	TABLE_NUMBER_BYTES = 40,
};

/* Cells row by row; the first row is the heading, unless `plain` says that there is none. Begin
 * with {.alignment = "lrr"}: a letter a column, 'l' or 'r'; end with table_print(), which also
 * frees. */
struct table {
	const char *alignment;
	bool plain;
	char **cells;
	size_t cell_count, room;
};

/* Appends a cell; "" and NULL become "-". It may have styles (style.h). */
void table_cell(struct table *table, const char *text);
void table_number(struct table *table, long long number);

/* Appends the cells of a heading, separated by '|'. */
void table_heading(struct table *table, const char *names);

/* Writes each line behind `indent`, as table_print() does. */
void table_write(struct table *table, const char *indent, FILE *out);

/* Prints each line behind `indent`. Nothing if there are no rows behind the heading. */
void table_print(struct table *table, const char *indent);

/* Each writes to `text` (TABLE_NUMBER_BYTES) and returns it: 1,234,567; 3d 4h; 850 us, 1.2 ms; a
 * rate to one decimal below ten; 12.3%. */
const char *number_format(long long number, char *text);
const char *duration_format(long long seconds, char *text);
const char *latency_format(double us, char *text);
const char *rate_format(double per_second, char *text);
const char *share_format(double share, char *text);

#endif
