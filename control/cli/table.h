/* SPDX-License-Identifier: BSD-3-Clause */
/* Aligned tables, and numbers with units. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_TABLE_H
#define EPHEMERA_CONTROL_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
	TABLE_COLUMNS_MAX = 12,
	TABLE_NUMBER_BYTES = 40,
};

/* Cells row by row; the first row is the heading unless `plain` is set. Initialize it with
 * {.alignment = "lrr"}, a letter 'l' or 'r' per column; table_write() and table_print()
 * free it. */
struct table {
	const char *alignment;
	bool plain;
	char **cells;
	size_t cell_count, room;
};

/* Appends a cell; "" and NULL become "-". The text may have style marks (style.h). */
void table_cell(struct table *table, const char *text);
void table_number(struct table *table, long long number);

/* Appends headings, separated by '|'. */
void table_heading(struct table *table, const char *names);

/* Writes each line after `indent` to `out` and frees the table. Writes nothing if a heading is the
 * only row. */
void table_write(struct table *table, const char *indent, FILE *out);

/* table_write() to stdout. */
void table_print(struct table *table, const char *indent);

/* Each writes to `text` (TABLE_NUMBER_BYTES) and returns it:
 *   number_format    1,234,567
 *   duration_format  3d 4h
 *   latency_format   850 us, 1.2 ms
 *   rate_format      an integer, or one decimal below ten
 *   share_format     12.3% */
const char *number_format(long long number, char *text);
const char *duration_format(long long seconds, char *text);
const char *latency_format(double us, char *text);
const char *rate_format(double per_second, char *text);
const char *share_format(double share, char *text);

#endif
