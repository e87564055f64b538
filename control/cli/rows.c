/* SPDX-License-Identifier: BSD-3-Clause */
/* Fills tables from JSON objects. */
#include "control/cli/rows.h"

#include <stdio.h>

#include "control/cli/output.h"

void
rows_heading(struct table *table, const struct column *columns)
{
	for (; columns->heading != NULL; columns++)
		table_cell(table, columns->heading);
}

void
rows_add(struct table *table, const struct column *columns, const json_t *row)
{
	for (; columns->heading != NULL; columns++)
		columns->cell(table, row, columns->key);
}

void
rows_fill(struct table *table, const struct column *columns, const json_t *rows, size_t limit)
{
	rows_heading(table, columns);
	for (size_t i = 0; i < json_array_size(rows) && i < limit; i++)
		rows_add(table, columns, json_array_get(rows, i));
}

void
cell_text(struct table *table, const json_t *row, const char *key)
{
	table_cell(table, json_text(row, key));
}

void
cell_number(struct table *table, const json_t *row, const char *key)
{
	table_number(table, json_number(row, key));
}

void
cell_digits(struct table *table, const json_t *row, const char *key)
{
	char text[TABLE_NUMBER_BYTES];

	snprintf(text, sizeof(text), "%lld", json_number(row, key));
	table_cell(table, text);
}

void
cell_truth(struct table *table, const json_t *row, const char *key)
{
	table_cell(table, json_truth(row, key) ? "yes" : "no");
}

void
cell_link(struct table *table, const json_t *row, const char *key)
{
	const json_t *link = json_object_get(row, key);

	table_cell(table, json_is_null(link) ? "-" : json_is_true(link) ? "up" : "down");
}

/* A number as `format` writes it, "-" if it is null or absent. */
static void
cell_measure(struct table *table, const json_t *row, const char *key,
	     const char *(*format)(double value, char *text))
{
	const json_t *value = json_object_get(row, key);
	char text[TABLE_NUMBER_BYTES];

	table_cell(table, json_is_number(value) ? format(json_number_value(value), text) : "-");
}

void
cell_latency(struct table *table, const json_t *row, const char *key)
{
	cell_measure(table, row, key, latency_format);
}

void
cell_rate(struct table *table, const json_t *row, const char *key)
{
	cell_measure(table, row, key, rate_format);
}
