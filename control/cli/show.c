/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands status, upstreams, port and reload: send one request and print the result. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/output.h"
#include "control/cli/rows.h"
#include "control/cli/strays.h"
#include "control/cli/table.h"

/* Whether the instance is ready for clients, and the state of a drain. */
static void
readiness_show(const json_t *status)
{
	const json_t *drain = json_object_get(status, "drain");
	const char *state = json_text(drain, "state");

	if (json_truth(status, "ready"))
		puts("ready          yes");
	else
		printf("ready          no: %s\n", json_text(status, "not_ready"));
	if (!json_is_object(drain))
		return;
	printf("drain          %s, started %s", state, json_text(drain, "since"));
	if (strcmp(state, "waiting") == 0)
		printf("; the dataplane stops when no more queries arrive, at %s at the latest",
		       json_text(drain, "until"));
	else if (strcmp(state, "stopped") == 0)
		printf("; the next start of the dataplane ends the drain");
	putchar('\n');
}

static const struct column interface_columns[] = {
	{"interface", cell_text, "name"},   {"mac", cell_text, "mac"},
	{"mtu", cell_number, "mtu"},	    {"link", cell_link, "link_up"},
	{"steered", cell_truth, "steered"}, {NULL, NULL, NULL},
};

static void
dataplane_show(const json_t *dataplane)
{
	char uptime[TABLE_NUMBER_BYTES], flows[TABLE_NUMBER_BYTES], used[TABLE_NUMBER_BYTES],
		all[TABLE_NUMBER_BYTES];
	struct table table = {.alignment = "llrll"};

	if (!json_truth(dataplane, "connected")) {
		puts("dataplane      not connected: start it with `systemctl start "
		     "ephemera-dataplane`,\n"
		     "               or `ephemeractl exec-dataplane -c FILE`");
		return;
	}
	printf("dataplane      pid %lld, up %s, boot %s%s\n", json_number(dataplane, "pid"),
	       duration_format(json_number(dataplane, "uptime_s"), uptime),
	       json_text(dataplane, "boot_id"),
	       json_truth(dataplane, "draining") ? ", draining" : "");
	printf("               generation %lld, %lld worker%s of %s flows, %s of %s packet buffers "
	       "in use\n",
	       json_number(dataplane, "generation"), json_number(dataplane, "workers"),
	       json_number(dataplane, "workers") == 1 ? "" : "s",
	       number_format(json_number(dataplane, "flows_per_worker"), flows),
	       number_format(json_number(dataplane, "mbufs_in_use"), used),
	       number_format(json_number(dataplane, "mbufs_total"), all));
	if (json_is_false(json_object_get(dataplane, "steer_usable")))
		puts("               cannot use the XDP program's maps: see ephemerad's log");
	putchar('\n');
	rows_fill(&table, interface_columns, json_object_get(dataplane, "interfaces"), ROWS_ALL);
	table_print(&table, "");
}

static void
status_show(const struct cli_options *options, const json_t *status)
{
	char uptime[TABLE_NUMBER_BYTES], flight[TABLE_NUMBER_BYTES];

	(void)options;
	printf("ephemerad      %s, pid %lld, up %s, generation %lld\n",
	       json_text(status, "version"), json_number(status, "pid"),
	       duration_format(json_number(status, "uptime_s"), uptime),
	       json_number(status, "generation"));
	printf("configuration  %s, loaded %s\n", json_text(status, "config_file"),
	       json_text(status, "config_loaded_at"));
	printf("upstreams      %lld of %lld up\n", json_number(status, "upstreams_up"),
	       json_number(status, "upstreams_total"));
	printf("in flight      %s\n", number_format(json_number(status, "in_flight"), flight));
	readiness_show(status);
	attack_show(json_object_get(status, "attack"));
	dataplane_show(json_object_get(status, "dataplane"));
}

static void
cell_address(struct table *table, const json_t *upstream, const char *key)
{
	char text[256];

	snprintf(text, sizeof(text), "%s#%lld", json_text(upstream, key),
		 json_number(upstream, "port"));
	table_cell(table, text);
}

static void
cell_interface(struct table *table, const json_t *upstream, const char *key)
{
	table_cell(table,
		   json_truth(upstream, "resolved") ? json_text(upstream, key) : "no neighbour");
}

static void
cell_since(struct table *table, const json_t *upstream, const char *key)
{
	const char *reason = json_text(upstream, "reason");
	char text[256];

	if (strcmp(reason, "-") == 0)
		reason = "";
	snprintf(text, sizeof(text), "%s%s%s", json_text(upstream, key), *reason != 0 ? ", " : "",
		 reason);
	table_cell(table, text);
}

static const struct column upstream_columns[] = {
	{"name", cell_text, "name"},
	{"address", cell_address, "address"},
	{"state", cell_text, "state"},
	{"case", cell_text, "case"},
	{"interface", cell_interface, "interface"},
	{"queries", cell_number, "queries"},
	{"responses", cell_number, "responses"},
	{"timeouts", cell_number, "timeouts"},
	{"in flight", cell_number, "in_flight"},
	{"probe", cell_latency, "probe_latency_us"},
	{"since, reason", cell_since, "since"},
	{NULL, NULL, NULL},
};

static void
upstreams_show(const struct cli_options *options, const json_t *result)
{
	const json_t *upstreams = json_object_get(result, "upstreams"), *upstream;
	struct table table = {.alignment = "lllllrrrrrl"};
	size_t i;

	if (options->names) {
		json_array_foreach(upstreams, i, upstream) puts(json_text(upstream, "name"));
		return;
	}
	if (json_array_size(upstreams) == 0)
		puts("no upstreams");
	rows_fill(&table, upstream_columns, upstreams, ROWS_ALL);
	table_print(&table, "");
}

static void
cell_upstream(struct table *table, const json_t *flow, const char *key)
{
	char text[256];

	snprintf(text, sizeof(text), "%s (%s)", json_text(flow, key),
		 json_text(flow, "upstream_address"));
	table_cell(table, text);
}

static const struct column flow_columns[] = {
	{"worker", cell_number, "worker"},	 {"source", cell_text, "source"},
	{"upstream", cell_upstream, "upstream"}, {"question", cell_text, "question"},
	{"client", cell_text, "client"},	 {"id", cell_digits, "id"},
	{"age", cell_latency, "age_us"},	 {NULL, NULL, NULL},
};

static void
port_show(const struct cli_options *options, const json_t *result)
{
	const json_t *flows = json_object_get(result, "flows");
	const long long total = json_number(result, "total"),
			shown = (long long)json_array_size(flows);
	struct table table = {.alignment = "rllllrr"};

	(void)options;
	printf("port %lld: %s", json_number(result, "port"), json_text(result, "state"));
	if (total > 0)
		printf(", %lld quer%s in flight", total, total == 1 ? "y" : "ies");
	putchar('\n');
	rows_fill(&table, flow_columns, flows, ROWS_ALL);
	table_print(&table, "");
	if (shown < total)
		printf("and %lld more\n", total - shown);
}

static void
reload_show(const struct cli_options *options, const json_t *result)
{
	const json_t *changes = json_object_get(result, "changes"), *change;
	size_t i;

	(void)options;
	printf("generation %lld%s\n", json_number(result, "generation"),
	       json_array_size(changes) > 0 ? ":" : ": no change");
	json_array_foreach(changes, i, change) printf("  %s\n", json_string_value(change));
}

enum cli_exit
cli_status(const struct cli_options *options)
{
	return client_show(options, "status", NULL, status_show);
}

enum cli_exit
cli_upstreams(const struct cli_options *options)
{
	return client_show(options, "upstreams", NULL, upstreams_show);
}

enum cli_exit
cli_port(const struct cli_options *options)
{
	size_t digits = strspn(options->operands[0], "0123456789");
	unsigned long port =
		digits > 0 && digits <= 5 ? strtoul(options->operands[0], NULL, 10) : 65536;

	if (options->operands[0][digits] != 0 || port < 1 || port > 65535) {
		output_error("\"%s\" is not a port number: use 1 to 65535", options->operands[0]);
		return CLI_USAGE;
	}
	return client_show(options, "port", json_pack("{s:I}", "port", (json_int_t)port),
			   port_show);
}

enum cli_exit
cli_reload(const struct cli_options *options)
{
	return client_show(options, "reload", NULL, reload_show);
}
