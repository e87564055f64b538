/* SPDX-License-Identifier: BSD-3-Clause */
/* Aligned tables and formatted numbers. */
#include "control/cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli/style.h"

static void
cell_add(struct table *table, const char *text, size_t bytes)
{
	if (table->cell_count == table->room) {
		size_t room = table->room == 0 ? 64 : 2 * table->room;
		char **cells = realloc(table->cells, room * sizeof(*cells));

		if (cells == NULL)
			goto out_of_memory;
		table->cells = cells;
		table->room = room;
	}
	table->cells[table->cell_count] = strndup(text, bytes);
	if (table->cells[table->cell_count++] != NULL)
		return;
out_of_memory:
	fputs("ephemeractl: out of memory\n", stderr);
	exit(EXIT_FAILURE);
}

void
table_cell(struct table *table, const char *text)
{
	if (text == NULL || *text == 0)
		text = "-";
	cell_add(table, text, strlen(text));
}

void
table_number(struct table *table, long long number)
{
	char text[TABLE_NUMBER_BYTES];

	table_cell(table, number_format(number, text));
}

void
table_heading(struct table *table, const char *names)
{
	for (;;) {
		size_t bytes = strcspn(names, "|");

		cell_add(table, names, bytes);
		if (names[bytes] == 0)
			return;
		names += bytes + 1;
	}
}

/* A cell, padded with blanks to its column's width; no blanks after the last column. */
static void
cell_write(const char *text, int width, bool right, bool last, FILE *out)
{
	int blanks = width - style_width(text);

	fprintf(out, "%*s%s%*s", right ? blanks : 0, "", text, right || last ? 0 : blanks, "");
}

void
table_write(struct table *table, const char *indent, FILE *out)
{
	size_t columns = strlen(table->alignment);
	int widths[TABLE_COLUMNS_MAX] = {0};

	for (size_t i = 0; i < table->cell_count; i++) {
		int width = style_width(table->cells[i]);

		if (width > widths[i % columns])
			widths[i % columns] = width;
	}
	for (size_t i = 0; i < table->cell_count; i++) {
		size_t column = i % columns;
		bool last = column + 1 == columns;

		if (table->plain || table->cell_count > columns) {
			fputs(column == 0 ? indent : "  ", out);
			cell_write(table->cells[i], widths[column], table->alignment[column] == 'r',
				   last, out);
			fputs(last ? "\n" : "", out);
		}
		free(table->cells[i]);
	}
	free(table->cells);
	*table = (struct table){0};
}

void
table_print(struct table *table, const char *indent)
{
	table_write(table, indent, stdout);
}

const char *
number_format(long long number, char *text)
{
	char digits[TABLE_NUMBER_BYTES], *out = text;
	int count = snprintf(digits, sizeof(digits), "%lld", number);

	for (int i = 0; i < count; i++) {
		if (i > (number < 0) && (count - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = 0;
	return text;
}

const char *
duration_format(long long seconds, char *text)
{
	static const struct {
		long long seconds;
		char unit, part_unit;
		long long part_seconds;
	} steps[] = {{86400, 'd', 'h', 3600}, {3600, 'h', 'm', 60}, {60, 'm', 's', 1}};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (seconds >= steps[i].seconds) {
			snprintf(text, TABLE_NUMBER_BYTES, "%lld%c %lld%c",
				 seconds / steps[i].seconds, steps[i].unit,
				 seconds % steps[i].seconds / steps[i].part_seconds,
				 steps[i].part_unit);
			return text;
		}
	}
	snprintf(text, TABLE_NUMBER_BYTES, "%llds", seconds);
	return text;
}

const char *
latency_format(double us, char *text)
{
	if (us < 1000)
		snprintf(text, TABLE_NUMBER_BYTES, "%.0f us", us);
	else if (us < 1e6)
		snprintf(text, TABLE_NUMBER_BYTES, "%.1f ms", us / 1e3);
	else
		snprintf(text, TABLE_NUMBER_BYTES, "%.1f s", us / 1e6);
	return text;
}

const char *
rate_format(double per_second, char *text)
{
	if (per_second > 0 && per_second < 9.95)
		snprintf(text, TABLE_NUMBER_BYTES, "%.1f", per_second);
	else
		number_format((long long)(per_second + 0.5), text);
	return text;
}

const char *
share_format(double share, char *text)
{
	snprintf(text, TABLE_NUMBER_BYTES, "%.1f%%", 100 * share);
	return text;
}
