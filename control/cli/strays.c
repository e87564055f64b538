/* SPDX-License-Identifier: BSD-3-Clause */
/* The command strays: the last rejected responses. */
#include "control/cli/strays.h"

#include <stdio.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/output.h"
#include "control/cli/rows.h"

#define STRAYS_SHOWN 32

void
attack_show(const json_t *attack)
{
	char queries[TABLE_NUMBER_BYTES], misses[TABLE_NUMBER_BYTES];

	if (!json_truth(attack, "active"))
		return;
	printf("ALARM          forged responses since %s: %s quer%s saw %s near misses,\n"
	       "               %.0f per second; the latest: upstream %s, question %s\n",
	       json_text(attack, "since"), number_format(json_number(attack, "queries"), queries),
	       json_number(attack, "queries") == 1 ? "y" : "ies",
	       number_format(json_number(attack, "near_misses"), misses),
	       json_measure(attack, "rate_per_s"), json_text(attack, "upstream"),
	       json_text(attack, "question"));
}

static const struct column attack_columns[] = {
	{"last", cell_text, "time"},
	{"upstream", cell_text, "upstream"},
	{"address", cell_text, "upstream_address"},
	{"queries", cell_number, "count"},
	{"near misses", cell_number, "near_misses"},
	{"question", cell_text, "question"},
	{NULL, NULL, NULL},
};

static const struct column stray_columns[] = {
	{"time", cell_text, "time"},	     {"reason", cell_text, "reason"},
	{"from", cell_text, "from"},	     {"to", cell_text, "to"},
	{"id", cell_digits, "id"},	     {"near miss", cell_truth, "near_miss"},
	{"question", cell_text, "question"}, {NULL, NULL, NULL},
};

/* The first STRAYS_SHOWN rows, or all. */
static void
newest_show(const char *alignment, const struct column *columns, const json_t *rows, bool all)
{
	const size_t count = json_array_size(rows),
		     shown = all || count < STRAYS_SHOWN ? count : STRAYS_SHOWN;
	struct table table = {.alignment = alignment};

	rows_fill(&table, columns, rows, shown);
	table_print(&table, "  ");
	if (shown < count)
		printf("  and %zu more: see them with --all\n", count - shown);
}

static void
strays_show(const struct cli_options *options, const json_t *result)
{
	const json_t *strays = json_object_get(result, "strays"),
		     *attacks = json_object_get(result, "attacks");

	attack_show(json_object_get(result, "attack"));
	puts(json_array_size(strays) > 0 ? "the last rejected responses"
					 : "no rejected responses since the dataplane started");
	newest_show("llllrll", stray_columns, strays, options->all);
	if (json_array_size(attacks) > 0)
		puts("\nqueries that saw near misses");
	newest_show("lllrrl", attack_columns, attacks, options->all);
}

enum cli_exit
cli_strays(const struct cli_options *options)
{
	return client_show(options, "strays", NULL, strays_show);
}
