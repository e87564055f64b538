/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables of JSON objects, a row each: the columns are data. Threads: one.
 *
 *     static const struct column columns[] = {
 *             {"name", cell_text, "name"}, {"probe", cell_latency, "probe_latency_us"}, {NULL, NULL, NULL}};
 *     struct table table = {.alignment = "lr"};
 *
 *     rows_fill(&table, columns, upstreams, ROWS_ALL);
 *     table_print(&table, ""); */
#ifndef EPHEMERA_CONTROL_CLI_ROWS_H
#define EPHEMERA_CONTROL_CLI_ROWS_H

#include <jansson.h>
#include <stdint.h>

#include "control/cli/table.h"

#define ROWS_ALL SIZE_MAX

/* What stands above it, and how a row's cell is made; `key` is a member of the row. */
struct column {
	const char *heading;
	void (*cell)(struct table *table, const json_t *row, const char *key);
	const char *key;
};

/* The heading of columns that end with one without a heading; a row; and both, of the first
 * `limit` rows. */
void rows_heading(struct table *table, const struct column *columns);
void rows_add(struct table *table, const struct column *columns, const json_t *row);
void rows_fill(struct table *table, const struct column *columns, const json_t *rows, size_t limit);

/* Cells: a text; a number with commas, and without them; yes or no; the state of a link, "-"
 * where it is null; microseconds and a rate with their units, "-" where they are null. */
void cell_text(struct table *table, const json_t *row, const char *key);
void cell_number(struct table *table, const json_t *row, const char *key);
void cell_digits(struct table *table, const json_t *row, const char *key);
void cell_truth(struct table *table, const json_t *row, const char *key);
void cell_link(struct table *table, const json_t *row, const char *key);
void cell_latency(struct table *table, const json_t *row, const char *key);
void cell_rate(struct table *table, const json_t *row, const char *key);

#endif
