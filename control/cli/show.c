/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands status, upstreams, port and reload: ask ephemerad, show what it says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/strays.h"
#include "control/cli/table.h"

/* Whether clients may be sent here, and how far a drain has come. */
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
	printf("drain          %s, begun %s", state, json_text(drain, "since"));
	if (strcmp(state, "waiting") == 0)
		printf("; the dataplane stops when no more queries come, at %s at the latest",
		       json_text(drain, "until"));
	else if (strcmp(state, "stopped") == 0)
		printf("; the dataplane's next start ends it");
	putchar('\n');
}

static void
machine_ports_show(const json_t *ports)
{
	struct table table = {.alignment = "llrll"};
	const json_t *port;
	size_t i;

	table_heading(&table, "port|mac|mtu|link|steered");
	json_array_foreach(ports, i, port)
	{
		const json_t *link = json_object_get(port, "link_up");

		table_cell(&table, json_text(port, "name"));
		table_cell(&table, json_text(port, "mac"));
		table_number(&table, json_number(port, "mtu"));
		table_cell(&table, json_is_null(link) ? "-" : json_is_true(link) ? "up" : "down");
		table_cell(&table, json_truth(port, "steered") ? "yes" : "no");
	}
	table_print(&table, "");
}

static void
dataplane_show(const json_t *dataplane)
{
	char uptime[TABLE_NUMBER_BYTES], flows[TABLE_NUMBER_BYTES], used[TABLE_NUMBER_BYTES],
		all[TABLE_NUMBER_BYTES];

	if (!json_truth(dataplane, "connected")) {
		puts("dataplane      away: `systemctl start ephemera-dataplane` starts it, or by hand\n"
		     "               `ephemeractl exec-dataplane -c FILE`");
		return;
	}
	printf("dataplane      pid %lld, up %s, boot %s%s\n", json_number(dataplane, "pid"),
	       duration_format(json_number(dataplane, "uptime_s"), uptime), json_text(dataplane, "boot_id"),
	       json_truth(dataplane, "draining") ? ", draining" : "");
	printf("               generation %lld, %lld worker%s of %s flows, %s of %s packet buffers in use\n",
	       json_number(dataplane, "generation"), json_number(dataplane, "workers"),
	       json_number(dataplane, "workers") == 1 ? "" : "s",
	       number_format(json_number(dataplane, "flows_per_worker"), flows),
	       number_format(json_number(dataplane, "mbufs_in_use"), used),
	       number_format(json_number(dataplane, "mbufs_total"), all));
	if (json_is_false(json_object_get(dataplane, "steer_usable")))
		puts("               the XDP program's maps are not usable: ephemerad's log says why");
	putchar('\n');
	machine_ports_show(json_object_get(dataplane, "ports"));
}

static void
status_show(const json_t *status)
{
	char uptime[TABLE_NUMBER_BYTES], flight[TABLE_NUMBER_BYTES];

	printf("ephemerad      %s, pid %lld, up %s, generation %lld\n", json_text(status, "version"),
	       json_number(status, "pid"), duration_format(json_number(status, "uptime_s"), uptime),
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
upstreams_show(const json_t *result)
{
	struct table table = {.alignment = "lllllrrrrrl"};
	const json_t *upstream;
	size_t i;

	table_heading(&table,
		      "name|address|state|case|via|queries|answers|timeouts|in flight|probe|since, why");
	json_array_foreach(json_object_get(result, "upstreams"), i, upstream)
	{
		const json_t *probe = json_object_get(upstream, "probe_latency_us");
		char text[256], number[TABLE_NUMBER_BYTES];
		const char *reason = json_text(upstream, "reason");

		table_cell(&table, json_text(upstream, "name"));
		snprintf(text, sizeof(text), "%s#%lld", json_text(upstream, "address"),
			 json_number(upstream, "port"));
		table_cell(&table, text);
		table_cell(&table, json_text(upstream, "state"));
		table_cell(&table, json_text(upstream, "case"));
		table_cell(&table,
			   json_truth(upstream, "resolved") ? json_text(upstream, "via") : "no neighbour");
		table_number(&table, json_number(upstream, "queries"));
		table_number(&table, json_number(upstream, "answers"));
		table_number(&table, json_number(upstream, "timeouts"));
		table_number(&table, json_number(upstream, "in_flight"));
		table_cell(&table,
			   json_is_number(probe) ? latency_format(json_number_value(probe), number) : "-");
		snprintf(text, sizeof(text), "%s%s%s", json_text(upstream, "since"),
			 *reason != 0 && strcmp(reason, "-") != 0 ? ", " : "",
			 strcmp(reason, "-") != 0 ? reason : "");
		table_cell(&table, text);
	}
	if (i == 0)
		puts("no upstreams");
	table_print(&table, "");
}

static void
port_show(const json_t *result)
{
	struct table table = {.alignment = "rllllrr"};
	long long total = json_number(result, "total");
	const json_t *flow;
	size_t i;

	printf("port %lld: %s", json_number(result, "port"), json_text(result, "state"));
	if (total > 0)
		printf(", %lld quer%s in flight", total, total == 1 ? "y" : "ies");
	putchar('\n');
	table_heading(&table, "worker|source|upstream|question|client|id|age");
	json_array_foreach(json_object_get(result, "flows"), i, flow)
	{
		char text[256], number[TABLE_NUMBER_BYTES];

		table_number(&table, json_number(flow, "worker"));
		table_cell(&table, json_text(flow, "source"));
		snprintf(text, sizeof(text), "%s (%s)", json_text(flow, "upstream"),
			 json_text(flow, "upstream_address"));
		table_cell(&table, text);
		table_cell(&table, json_text(flow, "question"));
		table_cell(&table, json_text(flow, "client"));
		snprintf(text, sizeof(text), "%lld", json_number(flow, "id"));
		table_cell(&table, text);
		table_cell(&table, latency_format((double)json_number(flow, "age_us"), number));
	}
	table_print(&table, "");
	if ((long long)i < total)
		printf("and %lld more\n", total - (long long)i);
}

static void
reload_show(const json_t *result)
{
	const json_t *changes = json_object_get(result, "changes"), *change;
	size_t i;

	printf("generation %lld%s\n", json_number(result, "generation"),
	       json_array_size(changes) > 0 ? ":" : ": nothing changed");
	json_array_foreach(changes, i, change) printf("  %s\n", json_string_value(change));
}

static enum cli_exit
ask_and_show(const struct cli_options *options, const char *command, json_t *arguments,
	     void (*show)(const json_t *result))
{
	json_t *result;
	enum cli_exit status = client_ask(options, command, arguments, &result);

	if (status != CLI_OK)
		return status;
	if (options->json)
		client_print(result);
	else
		show(result);
	json_decref(result);
	return CLI_OK;
}

enum cli_exit
cli_status(const struct cli_options *options)
{
	return ask_and_show(options, "status", NULL, status_show);
}

static void
names_show(const json_t *result)
{
	const json_t *upstream;
	size_t i;

	json_array_foreach(json_object_get(result, "upstreams"), i, upstream)
		puts(json_text(upstream, "name"));
}

enum cli_exit
cli_upstreams(const struct cli_options *options)
{
	if (options->names && !options->json)
		return ask_and_show(options, "upstreams", NULL, names_show);
	return ask_and_show(options, "upstreams", NULL, upstreams_show);
}

enum cli_exit
cli_port(const struct cli_options *options)
{
	size_t digits = strspn(options->operands[0], "0123456789");
	unsigned long port = digits > 0 && digits <= 5 ? strtoul(options->operands[0], NULL, 10) : 65536;

	if (options->operands[0][digits] != 0 || port < 1 || port > 65535) {
		cli_complain("\"%s\" is not a port: give a number from 1 to 65535", options->operands[0]);
		return CLI_USAGE;
	}
	return ask_and_show(options, "port", json_pack("{s:I}", "port", (json_int_t)port), port_show);
}

enum cli_exit
cli_reload(const struct cli_options *options)
{
	return ask_and_show(options, "reload", NULL, reload_show);
}
