/* SPDX-License-Identifier: BSD-3-Clause */
/* The command strays: the last replies that were not believed. */
#include "control/cli/strays.h"

#include <stdio.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/table.h"

#define STRAYS_SHOWN 32

void
attack_show(const json_t *attack)
{
	char queries[TABLE_NUMBER_BYTES], misses[TABLE_NUMBER_BYTES];

	if (!json_truth(attack, "active"))
		return;
	printf("ALARM          somebody forges replies since %s: %s quer%s saw %s near misses, %.0f a "
	       "second;\n"
	       "               the newest: upstream %s, question %s\n",
	       json_text(attack, "since"), number_format(json_number(attack, "queries"), queries),
	       json_number(attack, "queries") == 1 ? "y" : "ies",
	       number_format(json_number(attack, "near_misses"), misses),
	       json_number_value(json_object_get(attack, "rate_per_s")), json_text(attack, "upstream"),
	       json_text(attack, "question"));
}

static void
attacks_show(const json_t *attacks, bool all)
{
	struct table table = {.alignment = "lllrrl"};
	const json_t *attack;
	size_t i;

	table_heading(&table, "last|upstream|address|queries|near misses|question");
	json_array_foreach(attacks, i, attack)
	{
		if (!all && i == STRAYS_SHOWN)
			break;
		table_cell(&table, json_text(attack, "time"));
		table_cell(&table, json_text(attack, "upstream"));
		table_cell(&table, json_text(attack, "upstream_address"));
		table_number(&table, json_number(attack, "count"));
		table_number(&table, json_number(attack, "near_misses"));
		table_cell(&table, json_text(attack, "question"));
	}
	if (json_array_size(attacks) > 0)
		puts("\nqueries that saw near misses");
	table_print(&table, "  ");
	if (i < json_array_size(attacks))
		printf("  and %zu more: see them with --all\n", json_array_size(attacks) - i);
}

static void
strays_show(const json_t *result, bool all)
{
	struct table table = {.alignment = "llllrll"};
	const json_t *strays = json_object_get(result, "strays"), *stray;
	size_t i;

	attack_show(json_object_get(result, "attack"));
	table_heading(&table, "time|reason|from|to|id|near miss|question");
	json_array_foreach(strays, i, stray)
	{
		char id[TABLE_NUMBER_BYTES];

		if (!all && i == STRAYS_SHOWN)
			break;
		table_cell(&table, json_text(stray, "time"));
		table_cell(&table, json_text(stray, "reason"));
		table_cell(&table, json_text(stray, "from"));
		table_cell(&table, json_text(stray, "to"));
		snprintf(id, sizeof(id), "%lld", json_number(stray, "id"));
		table_cell(&table, id);
		table_cell(&table, json_truth(stray, "near_miss") ? "yes" : "no");
		table_cell(&table, json_text(stray, "question"));
	}
	puts(i > 0 ? "the last replies that were not believed" : "no strays since the dataplane started");
	table_print(&table, "  ");
	if (i < json_array_size(strays))
		printf("  and %zu more: see them with --all\n", json_array_size(strays) - i);
	attacks_show(json_object_get(result, "attacks"), all);
}

enum cli_exit
cli_strays(const struct cli_options *options)
{
	json_t *result;
	enum cli_exit status = client_ask(options, "strays", NULL, &result);

	if (status != CLI_OK)
		return status;
	if (options->json)
		client_print(result);
	else
		strays_show(result, options->all);
	json_decref(result);
	return CLI_OK;
}
