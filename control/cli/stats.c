/* SPDX-License-Identifier: BSD-3-Clause */
/* The command stats: everything that is counted. */
#include <stdio.h>
#include <string.h>

#include "dataplane/shared/counters.h"
#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/table.h"

/* What a counter or a drop reason means; the same lists that they are made of. */
static const struct counter_help {
	const char *name, *help;
} counter_helps[] =
	{
#define X(name, help) {#name, help},
		WORKER_COUNTERS(X)
#undef X
},
  drop_helps[] = {
#define X(name, help) {#name, help},
	  DROP_REASONS(X)
#undef X
};

static const char *
help_find(const struct counter_help *helps, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(helps[i].name, name) == 0)
			return helps[i].help;
	}
	return "";
}

/* The members of an object that are not 0 (or all), a line each; with their meaning where `helps` knows it.
 */
static void
counts_show(const char *title, const json_t *counts, bool all, const struct counter_help *helps,
	    size_t help_count)
{
	struct table table = {.alignment = helps != NULL ? "lrl" : "lr", .plain = true};
	const json_t *count;
	const char *name;

	json_object_foreach((json_t *)counts, name, count)
	{
		if (!all && json_number_value(count) == 0)
			continue;
		table_cell(&table, name);
		table_number(&table, (long long)json_number_value(count));
		if (helps != NULL)
			table_cell(&table, help_find(helps, help_count, name));
	}
	printf("\n%s%s\n", title, table.cell_count == 0 ? ": none" : "");
	table_print(&table, "  ");
}

static void
totals_show(const json_t *stats)
{
	const json_t *latency = json_object_get(stats, "latency_us");
	static const char *const keys[] = {"p50", "p99", "p999", "mean"};
	static const char *const names[] = {"p50", "p99", "p99.9", "mean"};
	struct table table = {.alignment = "lr", .plain = true};
	char number[TABLE_NUMBER_BYTES];

	table_cell(&table, "queries");
	table_number(&table, json_number(stats, "queries"));
	table_cell(&table, "answers");
	table_number(&table, json_number(stats, "answers"));
	table_cell(&table, "timeouts");
	table_number(&table, json_number(stats, "timeouts"));
	table_cell(&table, "in flight");
	table_number(&table, json_number(stats, "in_flight"));
	table_cell(&table, "packet buffers in use");
	table_number(&table, json_number(stats, "mbufs_in_use"));
	table_cell(&table, "packet buffers");
	table_number(&table, json_number(stats, "mbufs_total"));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *value = json_object_get(latency, keys[i]);
		char name[32];

		snprintf(name, sizeof(name), "latency %s", names[i]);
		table_cell(&table, name);
		table_cell(&table,
			   json_is_number(value) ? latency_format(json_number_value(value), number) : "-");
	}
	table_print(&table, "");
}

static void
upstreams_show(const json_t *upstreams)
{
	struct table table = {.alignment = "llrrrrrr"};
	const json_t *upstream;
	size_t i;

	table_heading(&table, "upstream|address|queries|answers|servfails|timeouts|wrong case|in flight");
	json_array_foreach(upstreams, i, upstream)
	{
		table_cell(&table, json_text(upstream, "name"));
		table_cell(&table, json_text(upstream, "address"));
		table_number(&table, json_number(upstream, "queries"));
		table_number(&table, json_number(upstream, "answers"));
		table_number(&table, json_number(upstream, "servfails"));
		table_number(&table, json_number(upstream, "timeouts"));
		table_number(&table, json_number(upstream, "wrong_case"));
		table_number(&table, json_number(upstream, "in_flight"));
	}
	putchar('\n');
	table_print(&table, "");
}

static void
pools_show(const json_t *pools)
{
	struct table table = {.alignment = "llrr"};
	const json_t *pool;
	size_t i;

	table_heading(&table, "pool|policy|upstreams|usable");
	json_array_foreach(pools, i, pool)
	{
		table_cell(&table, json_text(pool, "name"));
		table_cell(&table, json_text(pool, "policy"));
		table_number(&table, json_number(pool, "members"));
		table_number(&table, json_number(pool, "usable"));
	}
	if (i > 0)
		putchar('\n');
	table_print(&table, "");
}

/* The ports of the machine. */
static void
ports_show(const json_t *ports)
{
	static const char *const keys[] = {"received", "sent", "missed", "no_buffers", "bad", "send_errors"};
	struct table table = {.alignment = "llrrrrrr"};
	const json_t *port;
	size_t i;

	table_heading(&table, "port|link|received|sent|missed|no buffer|bad|not sent");
	json_array_foreach(ports, i, port)
	{
		table_cell(&table, json_text(port, "name"));
		table_cell(&table, json_truth(port, "link_up") ? "up" : "down");
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			table_number(&table, json_number(port, keys[k]));
	}
	if (i > 0)
		putchar('\n');
	table_print(&table, "");
}

static long long
sum_of(const json_t *counts)
{
	const json_t *count;
	const char *name;
	long long sum = 0;

	json_object_foreach((json_t *)counts, name, count) sum += (long long)json_number_value(count);
	return sum;
}

static void
workers_show(const json_t *workers)
{
	struct table table = {.alignment = "rrrrrrrrr"};
	const json_t *worker;
	size_t i;

	table_heading(&table, "worker|rx|tx|queries|answers|handed in|handed out|dropped|in flight");
	json_array_foreach(workers, i, worker)
	{
		const json_t *counters = json_object_get(worker, "counters");

		table_number(&table, (long long)i);
		table_number(&table, json_number(counters, "rx"));
		table_number(&table, json_number(counters, "tx"));
		table_number(&table, json_number(counters, "queries"));
		table_number(&table, json_number(counters, "answers"));
		table_number(&table, json_number(counters, "handed_in"));
		table_number(&table, json_number(counters, "handed_out"));
		table_number(&table, sum_of(json_object_get(worker, "drops")));
		table_number(&table, json_number(worker, "flows_in_flight"));
	}
	putchar('\n');
	table_print(&table, "");
}

enum cli_exit
cli_stats(const struct cli_options *options)
{
	json_t *stats;
	enum cli_exit status = client_ask(options, "stats", NULL, &stats);

	if (status != CLI_OK)
		return status;
	if (options->json) {
		client_print(stats);
	} else {
		totals_show(stats);
		counts_show("counters", json_object_get(stats, "counters"), options->all, counter_helps,
			    sizeof(counter_helps) / sizeof(counter_helps[0]));
		counts_show("drops", json_object_get(stats, "drops"), options->all, drop_helps,
			    sizeof(drop_helps) / sizeof(drop_helps[0]));
		counts_show("XDP verdicts", json_object_get(stats, "steer"), options->all, NULL, 0);
		upstreams_show(json_object_get(stats, "upstreams"));
		pools_show(json_object_get(stats, "pools"));
		ports_show(json_object_get(stats, "ports"));
		workers_show(json_object_get(stats, "workers"));
	}
	json_decref(stats);
	return CLI_OK;
}
