/* SPDX-License-Identifier: BSD-3-Clause */
/* Dispatches the commands of the control socket. */
#include "control/report/commands.h"

#include <stdio.h>
#include <string.h>

#include "control/daemon/daemon.h"
#include "control/publish/config_diff.h"
#include "control/publish/reload.h"
#include "control/report/operate.h"
#include "control/report/port.h"
#include "control/report/report.h"

static void
command_stats(struct daemon *daemon, const json_t *request, struct server_request from)
{
	(void)request;
	if (daemon->dataplane.state != LINK_CONNECTED)
		server_refuse(
			from,
			"no statistics: not connected to the dataplane: start ephemera-dataplane");
	else if (!stats_reader_is_open(&daemon->stats))
		server_refuse(from,
			      "the dataplane's statistics cannot be read: see ephemerad's log");
	else
		server_respond(from, report_stats(daemon));
}

/* Runs a report that needs the dataplane's statistics. */
static void
measure_respond(struct daemon *daemon, struct server_request from,
		json_t *(*report)(const struct daemon *daemon))
{
	json_t *response;

	if (!stats_reader_is_open(&daemon->stats)) {
		server_refuse(
			from,
			daemon->dataplane.state != LINK_CONNECTED
				? "no statistics: not connected to the dataplane: start "
				  "ephemera-dataplane"
				: "the dataplane's statistics cannot be read: see ephemerad's log");
		return;
	}
	response = report(daemon);
	if (response == NULL)
		server_refuse(from, "no measurements yet: try again in a few seconds");
	else
		server_respond(from, response);
}

static json_t *
report_ports_full(const struct daemon *daemon)
{
	return report_port_map(daemon, true);
}

static json_t *
report_ports_map(const struct daemon *daemon)
{
	return report_port_map(daemon, false);
}

static void
command_ports(struct daemon *daemon, const json_t *request, struct server_request from)
{
	measure_respond(daemon, from,
			json_is_true(json_object_get(request, "full")) ? report_ports_full
								       : report_ports_map);
}

static void
command_reload(struct daemon *daemon, const json_t *request, struct server_request from)
{
	(void)request;
	reload_requested(&daemon->reload, from);
}

static void
command_config_diff(struct daemon *daemon, const json_t *request, struct server_request from)
{
	(void)request;
	server_respond(from, config_diff(daemon->publisher.config, daemon->config_path));
}

/* Each command has one of: a report that is always available, a report that needs the statistics,
 * or a function. */
static const struct command {
	const char *name;
	json_t *(*report)(const struct daemon *daemon);
	json_t *(*measure)(const struct daemon *daemon);
	void (*handle)(struct daemon *daemon, const json_t *request, struct server_request from);
} commands[] = {
	{"status", .report = report_status},	   {"stats", .handle = command_stats},
	{"upstreams", .report = report_upstreams}, {"port", .handle = report_port},
	{"ports", .handle = command_ports},	   {"latency", .measure = report_latency},
	{"drops", .measure = report_drops},	   {"entropy", .measure = report_entropy},
	{"strays", .measure = report_strays},	   {"config-diff", .handle = command_config_diff},
	{"reload", .handle = command_reload},	   {"upstream", .handle = operate_upstream},
	{"drain", .handle = operate_drain},	   {"undrain", .handle = operate_undrain},
	{"ready", .handle = operate_ready},
};

static void
command_run(const struct command *command, struct daemon *daemon, const json_t *request,
	    struct server_request from)
{
	if (command->report != NULL)
		server_respond(from, command->report(daemon));
	else if (command->measure != NULL)
		measure_respond(daemon, from, command->measure);
	else
		command->handle(daemon, request, from);
}

/* Refuses an unknown command with the names of all commands. */
static void
unknown_refuse(struct server_request from)
{
	char names[512] = "";
	size_t used = 0;

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
					 i > 0 ? ", " : "", commands[i].name);
	server_refuse(from, "unknown command: \"command\" must be one of %s", names);
}

void
commands_handle(void *daemon, const json_t *request, struct server_request from)
{
	const char *name = json_string_value(json_object_get(request, "command"));

	for (unsigned i = 0; name != NULL && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name) == 0) {
			command_run(&commands[i], daemon, request, from);
			return;
		}
	}
	unknown_refuse(from);
}
