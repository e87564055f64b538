/* SPDX-License-Identifier: BSD-3-Clause */
/* The command entropy: the bits a forger has to guess, as configured and as measured. */
#include <stdio.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/output.h"
#include "control/cli/table.h"

static void
cell_real(struct table *table, int decimals, double value)
{
	char text[TABLE_NUMBER_BYTES];

	snprintf(text, sizeof(text), "%.*f", decimals, value);
	table_cell(table, text);
}

static void
bits_show(const json_t *bits)
{
	struct table table = {.alignment = "lrrrrr"};
	const json_t *family;
	char ports[TABLE_NUMBER_BYTES];
	size_t i;

	puts("bits that a forger has to guess for each query");
	table_heading(&table, "family|ports|IDs|addresses|case|total");
	json_array_foreach(json_object_get(bits, "families"), i, family)
	{
		table_cell(&table, json_text(family, "family"));
		cell_real(&table, 2, json_measure(bits, "port_bits"));
		cell_real(&table, 2, json_measure(bits, "id_bits"));
		cell_real(&table, 2, json_measure(family, "address_bits"));
		cell_real(&table, 2, json_measure(bits, "case_bits"));
		cell_real(&table, 2, json_measure(family, "total_bits"));
	}
	table_print(&table, "  ");
	printf("  from %s ports", number_format(json_number(bits, "ports"), ports));
	json_array_foreach(json_object_get(bits, "families"), i, family) printf(
		", %lld %s address%s", json_number(family, "addresses"),
		json_text(family, "family"), json_number(family, "addresses") == 1 ? "" : "es");
	printf("; case: letters of an average query, randomized for %lld of %lld upstreams\n",
	       json_number(bits, "upstreams_random_case"), json_number(bits, "upstreams"));
}

/* The p of a test, or "-" if it has too few draws. */
static void
cell_p(struct table *table, const json_t *test)
{
	if (json_is_object(test))
		cell_real(table, 4, json_measure(test, "p"));
	else
		table_cell(table, "-");
}

static void
cell_z(struct table *table, const json_t *serial)
{
	char text[TABLE_NUMBER_BYTES] = "-";

	if (json_is_object(serial))
		snprintf(text, sizeof(text), "%+.2f", json_measure(serial, "z"));
	table_cell(table, text);
}

static const json_t *
family_test(const json_t *measure, const char *name)
{
	const json_t *family;
	size_t i;

	json_array_foreach(json_object_get(measure, "addresses"), i, family)
	{
		if (strcmp(json_text(family, "family"), name) == 0)
			return json_object_get(family, "test");
	}
	return NULL;
}

static void
measure_add(struct table *table, const char *who, const json_t *measure)
{
	const json_t *ports = json_object_get(measure, "ports");
	const json_t *test = json_object_get(ports, "test");
	char text[2 * TABLE_NUMBER_BYTES];

	table_cell(table, who);
	table_number(table, json_number(measure, "draws"));
	table_number(table, json_number(ports, "distinct"));
	snprintf(text, sizeof(text), "%.1f%%", 100 * json_measure(ports, "share"));
	table_cell(table, text);
	if (json_is_object(test))
		snprintf(text, sizeof(text), "%.0f/%lld", json_measure(test, "chi_square"),
			 json_number(test, "degrees"));
	else
		snprintf(text, sizeof(text), "-");
	table_cell(table, text);
	cell_p(table, test);
	cell_p(table, json_object_get(measure, "id_high"));
	cell_p(table, json_object_get(measure, "id_low"));
	cell_p(table, family_test(measure, "IPv4"));
	cell_p(table, family_test(measure, "IPv6"));
	cell_z(table, json_object_get(measure, "port_serial"));
	cell_z(table, json_object_get(measure, "id_serial"));
}

static void
entropy_show(const struct cli_options *options, const json_t *result)
{
	struct table table = {.alignment = "lrrrrrrrrrrr"};
	const json_t *workers = json_object_get(result, "workers"), *worker;
	size_t i;

	(void)options;
	bits_show(json_object_get(result, "bits"));
	printf("\ndraws of the last %.0f s\n", json_measure(result, "window_s"));
	table_heading(&table, "worker|draws|ports|share|chi-square|p|p ID high|p ID low|"
			      "p IPv4|p IPv6|z ports|z IDs");
	json_array_foreach(workers, i, worker)
	{
		char number[TABLE_NUMBER_BYTES];

		snprintf(number, sizeof(number), "%zu", i);
		measure_add(&table, number, worker);
	}
	measure_add(&table, "all", json_object_get(result, "all"));
	table_print(&table, "  ");
	printf("\n%s\n", json_text(result, "verdict"));
	json_array_foreach(workers, i,
			   worker) if (json_array_size(workers) > 1 &&
				       strncmp(json_text(worker, "verdict"), "not", 3) == 0)
		printf("worker %zu: %s\n", i, json_text(worker, "verdict"));
}

enum cli_exit
cli_entropy(const struct cli_options *options)
{
	return client_show(options, "entropy", NULL, entropy_show);
}
