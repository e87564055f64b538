/* SPDX-License-Identifier: BSD-3-Clause */
/* The command ports: the range of source ports as a map.
 *
 * A character shows two squares, one above the other. A square is one cell of ephemerad's response,
 * or a block of cells if the terminal is too narrow. Its brightness is the number of queries per
 * port, of the ports that may be drawn. Without colours it shows only whether there are any. */
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/output.h"
#include "control/cli/render.h"
#include "control/cli/table.h"

#define LABEL_COLUMNS 8 /* "  49152 " */
#define LEVELS	      8

enum level {
	LEVEL_NONE = -1, /* all ports excluded */
};

static const unsigned char level_colours[LEVELS] = {236, 54, 61, 67, 72, 113, 184, 226};

struct square {
	double queries;
	unsigned ports;
};

struct map {
	unsigned columns, rows; /* squares */
	unsigned scale;		/* cells along the side of a square */
	unsigned first, cell_ports, cell_columns;
	struct square *squares;
	double most; /* queries per port, of the fullest square */
};

/* Subtracts the excluded ports from their squares. */
static void
excluded_subtract(struct map *map, const json_t *excluded)
{
	const json_t *range;
	size_t i;

	json_array_foreach(excluded, i, range)
	{
		long long last = (long long)json_number_value(json_array_get(range, 1));

		for (long long port = (long long)json_number_value(json_array_get(range, 0));
		     port <= last; port++) {
			unsigned cell = (unsigned)(port - map->first) / map->cell_ports;
			unsigned column = cell % map->cell_columns / map->scale;
			unsigned row = cell / map->cell_columns / map->scale;

			if (port >= map->first && row < map->rows &&
			    map->squares[row * map->columns + column].ports > 0)
				map->squares[row * map->columns + column].ports--;
		}
	}
}

static void
cells_add(struct map *map, const json_t *cells, unsigned port_count)
{
	const json_t *cell;
	size_t i;

	json_array_foreach(cells, i, cell)
	{
		unsigned column = (unsigned)i % map->cell_columns / map->scale;
		unsigned row = (unsigned)i / map->cell_columns / map->scale;
		unsigned left = port_count > i * map->cell_ports
					? port_count - (unsigned)i * map->cell_ports
					: 0;
		struct square *square = &map->squares[row * map->columns + column];

		square->queries += json_number_value(cell);
		square->ports += left < map->cell_ports ? left : map->cell_ports;
	}
}

/* False: the response has no valid map, or out of memory. */
static bool
map_build(const json_t *result, bool live, unsigned columns, struct map *map)
{
	const json_t *cells = json_object_get(result, live ? "live" : "drawn");
	const long long first = json_number(result, "first"), last = json_number(result, "last");
	const unsigned cell_rows_count = (unsigned)json_array_size(cells);

	*map = (struct map){.scale = 1,
			    .first = (unsigned)first,
			    .cell_ports = (unsigned)json_number(result, "cell_ports"),
			    .cell_columns = (unsigned)json_number(result, "columns")};
	if (map->cell_ports == 0 || map->cell_columns == 0 || cell_rows_count == 0 || first < 0 ||
	    last > 65535 || last < first)
		return false;
	while (map->cell_columns / map->scale + LABEL_COLUMNS > columns &&
	       map->scale < map->cell_columns)
		map->scale *= 2;
	map->columns = (map->cell_columns + map->scale - 1) / map->scale;
	map->rows = (cell_rows_count + map->cell_columns * map->scale - 1) /
		    (map->cell_columns * map->scale);
	map->squares = calloc((size_t)map->columns * map->rows, sizeof(*map->squares));
	if (map->squares == NULL)
		return false;
	cells_add(map, cells, (unsigned)(last - first + 1));
	excluded_subtract(map, json_object_get(result, "excluded"));
	for (unsigned i = 0; i < map->columns * map->rows; i++) {
		const struct square *square = &map->squares[i];

		if (square->ports > 0 && square->queries / square->ports > map->most)
			map->most = square->queries / square->ports;
	}
	return true;
}

static int
level_of(const struct map *map, unsigned column, unsigned row)
{
	const struct square *square = &map->squares[row * map->columns + column];

	if (row >= map->rows || square->ports == 0)
		return LEVEL_NONE;
	if (square->queries <= 0)
		return 0;
	return 1 + (int)(square->queries / square->ports / map->most * (LEVELS - 1.001));
}

static void
pair_colour(int upper, int lower, FILE *out)
{
	if (upper == LEVEL_NONE && lower == LEVEL_NONE)
		fputs("\033[39;49m ", out);
	else if (upper == LEVEL_NONE)
		fprintf(out, "\033[38;5;%d;49m\xe2\x96\x84", level_colours[lower]);
	else if (lower == LEVEL_NONE)
		fprintf(out, "\033[38;5;%d;49m\xe2\x96\x80", level_colours[upper]);
	else
		fprintf(out, "\033[38;5;%d;48;5;%dm\xe2\x96\x80", level_colours[upper],
			level_colours[lower]);
}

static void
pair_plain(bool unicode, int upper, int lower, FILE *out)
{
	static const char *const unicodes[] = {" ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88"};
	static const char *const asciis[] = {" ", "'", ".", "#"};

	if (upper == LEVEL_NONE && lower == LEVEL_NONE)
		fputs(unicode ? "\xc2\xb7" : "-", out);
	else
		fputs((unicode ? unicodes : asciis)[(upper > 0) + 2 * (lower > 0)], out);
}

static void
map_write(const struct map *map, const struct style *style, FILE *out)
{
	const bool colour = style->colour && style->unicode;
	const unsigned row_ports = map->cell_ports * map->cell_columns * map->scale;

	for (unsigned row = 0; row < map->rows; row += 2) {
		fprintf(out, "%7u ", map->first + row * row_ports);
		for (unsigned column = 0; column < map->columns; column++) {
			int upper = level_of(map, column, row);
			int lower =
				row + 1 < map->rows ? level_of(map, column, row + 1) : LEVEL_NONE;

			if (colour)
				pair_colour(upper, lower, out);
			else
				pair_plain(style->unicode, upper, lower, out);
		}
		fputs(colour ? "\033[0m\n" : "\n", out);
	}
}

static void
legend_write(const struct map *map, const struct style *style, FILE *out)
{
	const unsigned ports = map->cell_ports * map->scale * map->scale;

	fputs("        ", out);
	if (style->colour && style->unicode) {
		for (unsigned i = 0; i < LEVELS; i++)
			fprintf(out, "\033[38;5;%dm\xe2\x96\x88%s", level_colours[i],
				i == 0 ? "\033[0m none  " : "");
		fprintf(out, "\033[0m up to %.1f queries per port", map->most);
	} else {
		fputs(style->unicode ? "queries in: \xe2\x96\x88 both squares, "
				       "\xe2\x96\x80 the upper, \xe2\x96\x84 the lower; "
				       "\xc2\xb7 excluded"
				     : "queries in: # both squares, ' the upper, . the lower; "
				       "- excluded",
		      out);
	}
	if (ports == 1)
		fputs("; 1 port per square\n", out);
	else
		fprintf(out, "; %u ports per square\n", ports);
}

static void
totals_write(const json_t *result, FILE *out)
{
	const json_t *test = json_object_get(result, "test");
	const long long ports = json_number(result, "ports"), used = json_number(result, "used");
	const long long range = json_number(result, "last") - json_number(result, "first") + 1;
	char text[4][TABLE_NUMBER_BYTES];

	fprintf(out, "range    %lld-%lld, %s ports, %s of them excluded\n",
		json_number(result, "first"), json_number(result, "last"),
		number_format(range, text[0]), number_format(range - ports, text[1]));
	fprintf(out, "window   %.0f s: %s queries from %s of %s ports (%.1f%%)\n",
		json_measure(result, "window_s"),
		number_format(json_number(result, "draws"), text[0]), number_format(used, text[1]),
		number_format(ports, text[2]),
		ports > 0 ? 100.0 * (double)used / (double)ports : 0);
	fprintf(out, "per port %s at least, %.1f on average, %s at most\n",
		number_format(json_number(result, "min"), text[0]), json_measure(result, "mean"),
		number_format(json_number(result, "max"), text[1]));
	fprintf(out, "now      %s in flight, on %s port%s",
		number_format(json_number(result, "in_flight"), text[0]),
		number_format(json_number(result, "in_flight_ports"), text[1]),
		json_number(result, "in_flight_ports") == 1 ? "" : "s");
	if (json_number(result, "in_flight_elsewhere") > 0)
		fprintf(out, ", %s outside the range",
			number_format(json_number(result, "in_flight_elsewhere"), text[0]));
	fprintf(out, "\ndraws    %s", json_text(result, "verdict"));
	if (json_is_object(test))
		fprintf(out, "; chi-square of the ports %.0f of %lld, p %.4f",
			json_measure(test, "chi_square"), json_number(test, "degrees"),
			json_measure(test, "p"));
	fputc('\n', out);
}

void
ports_render(const json_t *result, bool live, const struct style *style, FILE *out)
{
	struct map map;

	if (live)
		fputs("queries in flight now, by source port\n", out);
	else
		fprintf(out, "queries of the last %.0f s, by source port\n",
			json_measure(result, "window_s"));
	if (map_build(result, live, style->columns, &map)) {
		map_write(&map, style, out);
		legend_write(&map, style, out);
		free(map.squares);
	}
	fputc('\n', out);
	totals_write(result, out);
}

static void
ports_show(const struct cli_options *options, const json_t *result)
{
	const struct style style = style_of_stdout();

	ports_render(result, options->live, &style, stdout);
}

enum cli_exit
cli_ports(const struct cli_options *options)
{
	if (options->live && options->window) {
		output_error("ports: --live and --window exclude each other: give one");
		return CLI_USAGE;
	}
	return client_show(options, "ports", json_pack("{s:b}", "full", options->json), ports_show);
}
