/* SPDX-License-Identifier: BSD-3-Clause */
/* The command stats: all counters. */
#include <stdio.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/output.h"
#include "control/cli/rows.h"
#include "control/lib/counter_names.h"

static const char *
help_find(const struct counter_name *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].help;
	return "";
}

/* Prints the members of an object that are not 0 (`all`: all members), one per line, with their
 * meaning if `names` has it. */
static void
counts_show(const char *title, const json_t *counts, bool all, const struct counter_name *names,
	    size_t name_count)
{
	struct table table = {.alignment = names != NULL ? "lrl" : "lr", .plain = true};
	const json_t *count;
	const char *name;

	json_object_foreach((json_t *)counts, name, count)
	{
		if (!all && json_number_value(count) == 0)
			continue;
		table_cell(&table, name);
		table_number(&table, (long long)json_number_value(count));
		if (names != NULL)
			table_cell(&table, help_find(names, name_count, name));
	}
	printf("\n%s%s\n", title, table.cell_count == 0 ? ": none" : "");
	table_print(&table, "  ");
}

static const struct column total_columns[] = {
	{"queries", cell_number, "queries"},
	{"responses", cell_number, "responses"},
	{"timeouts", cell_number, "timeouts"},
	{"in flight", cell_number, "in_flight"},
	{"packet buffers in use", cell_number, "mbufs_in_use"},
	{"packet buffers", cell_number, "mbufs_total"},
	{NULL, NULL, NULL},
};

static const struct column latency_columns[] = {
	{"latency p50", cell_latency, "p50"},
	{"latency p99", cell_latency, "p99"},
	{"latency p99.9", cell_latency, "p999"},
	{"latency mean", cell_latency, "mean"},
	{NULL, NULL, NULL},
};

/* Adds each column as a line: heading and value. */
static void
totals_add(struct table *table, const struct column *columns, const json_t *row)
{
	for (; columns->heading != NULL; columns++) {
		table_cell(table, columns->heading);
		columns->cell(table, row, columns->key);
	}
}

static void
totals_show(const json_t *stats)
{
	struct table table = {.alignment = "lr", .plain = true};

	totals_add(&table, total_columns, stats);
	totals_add(&table, latency_columns, json_object_get(stats, "latency_us"));
	table_print(&table, "");
}

static const struct column upstream_columns[] = {
	{"upstream", cell_text, "name"},
	{"address", cell_text, "address"},
	{"queries", cell_number, "queries"},
	{"responses", cell_number, "responses"},
	{"servfails", cell_number, "servfails"},
	{"timeouts", cell_number, "timeouts"},
	{"wrong case", cell_number, "wrong_case"},
	{"in flight", cell_number, "in_flight"},
	{NULL, NULL, NULL},
};

static const struct column pool_columns[] = {
	{"pool", cell_text, "name"},
	{"policy", cell_text, "policy"},
	{"upstreams", cell_number, "members"},
	{"usable", cell_number, "usable"},
	{NULL, NULL, NULL},
};

static const struct column interface_columns[] = {
	{"interface", cell_text, "name"},
	{"link", cell_link, "link_up"},
	{"received", cell_number, "received"},
	{"sent", cell_number, "sent"},
	{"missed", cell_number, "missed"},
	{"no buffer", cell_number, "no_buffers"},
	{"bad", cell_number, "bad"},
	{"send errors", cell_number, "send_errors"},
	{NULL, NULL, NULL},
};

static void
rows_show(const char *alignment, const struct column *columns, const json_t *rows)
{
	struct table table = {.alignment = alignment};

	rows_fill(&table, columns, rows, ROWS_ALL);
	table_print(&table, "");
}

static long long
sum_of(const json_t *counts)
{
	const json_t *count;
	const char *name;
	long long sum = 0;

	json_object_foreach((json_t *)counts, name, count) sum +=
		(long long)json_number_value(count);
	return sum;
}

static void
cell_counter(struct table *table, const json_t *worker, const char *key)
{
	table_number(table, json_number(json_object_get(worker, "counters"), key));
}

static void
cell_dropped(struct table *table, const json_t *worker, const char *key)
{
	table_number(table, sum_of(json_object_get(worker, key)));
}

static const struct column worker_columns[] = {
	{"rx", cell_counter, "rx"},
	{"tx", cell_counter, "tx"},
	{"queries", cell_counter, "queries"},
	{"responses", cell_counter, "responses"},
	{"handoff in", cell_counter, "handoff_in"},
	{"handoff out", cell_counter, "handoff_out"},
	{"dropped", cell_dropped, "drops"},
	{"in flight", cell_number, "flows_in_flight"},
	{NULL, NULL, NULL},
};

static void
workers_show(const json_t *workers)
{
	struct table table = {.alignment = "rrrrrrrrr"};
	const json_t *worker;
	size_t i;

	table_cell(&table, "worker");
	rows_heading(&table, worker_columns);
	json_array_foreach(workers, i, worker)
	{
		table_number(&table, (long long)i);
		rows_add(&table, worker_columns, worker);
	}
	table_print(&table, "");
}

static void
stats_show(const struct cli_options *options, const json_t *stats)
{
	const json_t *pools = json_object_get(stats, "pools"),
		     *interfaces = json_object_get(stats, "interfaces");

	totals_show(stats);
	counts_show("counters", json_object_get(stats, "counters"), options->all, counter_names,
		    WORKER_COUNTER_COUNT);
	counts_show("drops", json_object_get(stats, "drops"), options->all, drop_names,
		    DROP_REASON_COUNT);
	counts_show("XDP verdicts", json_object_get(stats, "steer"), options->all, NULL, 0);
	putchar('\n');
	rows_show("llrrrrrr", upstream_columns, json_object_get(stats, "upstreams"));
	if (json_array_size(pools) > 0)
		putchar('\n');
	rows_show("llrr", pool_columns, pools);
	if (json_array_size(interfaces) > 0)
		putchar('\n');
	rows_show("llrrrrrr", interface_columns, interfaces);
	putchar('\n');
	workers_show(json_object_get(stats, "workers"));
}

enum cli_exit
cli_stats(const struct cli_options *options)
{
	return client_show(options, "stats", NULL, stats_show);
}
