/* SPDX-License-Identifier: BSD-3-Clause */
/* The command drops: dropped packets by reason. */
#include <stdio.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/output.h"
#include "control/cli/render.h"
#include "control/cli/rows.h"

static void
rows_render(const char *title, const char *key, const json_t *rows, bool all, FILE *out)
{
	const struct column columns[] = {{key, cell_text, key},
					 {"packets", cell_number, "count"},
					 {"per second", cell_rate, "rate_per_s"},
					 {"meaning", cell_text, "help"},
					 {NULL, NULL, NULL}};
	struct table table = {.alignment = "lrrl"};
	const json_t *row;
	bool any = false;
	size_t i;

	rows_heading(&table, columns);
	json_array_foreach(rows, i, row)
	{
		if (!all && json_number(row, "count") == 0)
			continue;
		rows_add(&table, columns, row);
		any = true;
	}
	fprintf(out, "%s%s\n", title, any ? "" : ": none");
	table_write(&table, "  ", out);
}

void
drops_render(const json_t *result, bool all, FILE *out)
{
	char total[TABLE_NUMBER_BYTES], rate[TABLE_NUMBER_BYTES];

	fprintf(out,
		"packets dropped: %s since the dataplane started, %s per second in the last "
		"%.0f s\n\n",
		number_format(json_number(result, "total"), total),
		rate_format(json_measure(result, "rate_per_s"), rate),
		json_measure(result, "window_s"));
	rows_render("drops by reason", "reason", json_object_get(result, "drops"), all, out);
	fputc('\n', out);
	rows_render("verdicts of the XDP program", "verdict", json_object_get(result, "steer"), all,
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
	return client_show(options, "drops", NULL, drops_show);
}
