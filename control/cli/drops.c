/* SPDX-License-Identifier: BSD-3-Clause */
/* The command drops: packets that went no further, and why. */
#include <stdio.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/render.h"
#include "control/cli/table.h"

static void
rows_render(const char *title, const char *key, const json_t *rows, bool all, FILE *out)
{
	struct table table = {.alignment = "lrrl"};
	const json_t *row;
	char heading[64], number[TABLE_NUMBER_BYTES];
	size_t i;

	snprintf(heading, sizeof(heading), "%s|packets|a second|meaning", key);
	table_heading(&table, heading);
	json_array_foreach(rows, i, row)
	{
		if (!all && json_number(row, "count") == 0)
			continue;
		table_cell(&table, json_text(row, key));
		table_number(&table, json_number(row, "count"));
		table_cell(&table, rate_format(json_measure(row, "rate_per_s"), number));
		table_cell(&table, json_text(row, "help"));
	}
	fprintf(out, "%s%s\n", title, table.cell_count <= 4 ? ": none" : "");
	table_write(&table, "  ", out);
}

void
drops_render(const json_t *result, bool all, FILE *out)
{
	char total[TABLE_NUMBER_BYTES], rate[TABLE_NUMBER_BYTES];

	fprintf(out, "packets dropped: %s since the dataplane started, %s a second in the last %.0f s\n\n",
		number_format(json_number(result, "total"), total),
		rate_format(json_measure(result, "rate_per_s"), rate), json_measure(result, "window_s"));
	rows_render("drops by reason", "reason", json_object_get(result, "drops"), all, out);
	fputc('\n', out);
	rows_render("what the XDP program did with packets", "verdict", json_object_get(result, "steer"), all,
		    out);
}

static void
drops_show(const struct cli_options *options, const json_t *result)
{
	drops_render(result, options->all, stdout);
}

enum cli_exit
cli_drops(const struct cli_options *options)
{
	return client_show(options, "drops", drops_show);
}
