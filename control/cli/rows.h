/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables of JSON objects, one row each; the columns are data. Threads: one.
 *
 *     static const struct column columns[] = {
 *             {"name", cell_text, "name"},
 *             {"probe", cell_latency, "probe_latency_us"},
 *             {NULL, NULL, NULL}};
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

/* A column: its heading, and the function that adds a row's cell from the member `key`. */
struct column {
	const char *heading;
	void (*cell)(struct table *table, const json_t *row, const char *key);
	const char *key;
};

/* Columns end with one whose heading is NULL. */

/* Adds the headings. */
void rows_heading(struct table *table, const struct column *columns);

/* Adds one row. */
void rows_add(struct table *table, const struct column *columns, const json_t *row);

/* Adds the headings and the first `limit` rows of an array. */
void rows_fill(struct table *table, const struct column *columns, const json_t *rows, size_t limit);

/* Functions for struct column:
 *   cell_text     a string
 *   cell_number   an integer, with commas
 *   cell_digits   an integer, without commas
 *   cell_truth    yes or no
 *   cell_link     up or down, "-" if null
 *   cell_latency  microseconds, with a unit, "-" if null
 *   cell_rate     a rate per second, "-" if null */
void cell_text(struct table *table, const json_t *row, const char *key);
void cell_number(struct table *table, const json_t *row, const char *key);
void cell_digits(struct table *table, const json_t *row, const char *key);
void cell_truth(struct table *table, const json_t *row, const char *key);
void cell_link(struct table *table, const json_t *row, const char *key);
void cell_latency(struct table *table, const json_t *row, const char *key);
void cell_rate(struct table *table, const json_t *row, const char *key);

#endif
