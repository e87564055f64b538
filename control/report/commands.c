/* SPDX-License-Identifier: BSD-3-Clause */
/* From a request's command to the report or act that answers it. */
#include "control/report/commands.h"

#include <stdio.h>
#include <string.h>

#include "control/publish/config_diff.h"
#include "control/daemon/daemon.h"
#include "control/report/operate.h"
#include "control/publish/reload.h"
#include "control/report/report.h"
#include "control/report/port.h"

static void
command_status(struct daemon *daemon, const json_t *request, struct server_request from)
{
	(void)request;
	server_answer(from, report_status(daemon));
}

static void
command_stats(struct daemon *daemon, const json_t *request, struct server_request from)
{
	(void)request;
	if (daemon->dataplane.state != DATAPLANE_CONNECTED)
		server_refuse(from,
			      "the dataplane is away, and the statistics with it: start ephemera-dataplane");
	else if (!stats_reader_is_open(&daemon->stats))
		server_refuse(from, "the dataplane's statistics can't be read: see ephemerad's log");
	else
		server_answer(from, report_stats(daemon));
}

/* What can't be told without the dataplane's statistics. */
static void
measure_answer(struct daemon *daemon, struct server_request from,
	       json_t *(*report)(const struct daemon *daemon))
{
	json_t *answer;

	if (!stats_reader_is_open(&daemon->stats)) {
		server_refuse(from,
			      daemon->dataplane.state != DATAPLANE_CONNECTED
				      ? "the dataplane is away, and its figures with it: start "
					"ephemera-dataplane"
				      : "the dataplane's statistics can't be read: see ephemerad's log");
		return;
	}
	answer = report(daemon);
	if (answer == NULL)
		server_refuse(from, "nothing is measured yet: try again in a moment");
	else
		server_answer(from, answer);
}

static void
command_entropy(struct daemon *daemon, const json_t *request, struct server_request from)
{
	(void)request;
	measure_answer(daemon, from, report_entropy);
}

static void
command_strays(struct daemon *daemon, const json_t *request, struct server_request from)
{
	(void)request;
	measure_answer(daemon, from, report_strays);
}

static void
command_drops(struct daemon *daemon, const json_t *request, struct server_request from)
{
	(void)request;
	measure_answer(daemon, from, report_drops);
}

static void
command_latency(struct daemon *daemon, const json_t *request, struct server_request from)
{
	(void)request;
	measure_answer(daemon, from, report_latency);
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
	measure_answer(daemon, from,
		       json_is_true(json_object_get(request, "full")) ? report_ports_full : report_ports_map);
}

static void
command_upstreams(struct daemon *daemon, const json_t *request, struct server_request from)
{
	(void)request;
	server_answer(from, report_upstreams(daemon));
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
	server_answer(from, config_diff(daemon->publisher.config, daemon->config_path));
}

static const struct command {
	const char *name;
	void (*handle)(struct daemon *daemon, const json_t *request, struct server_request from);
} commands[] = {
	{"status", command_status},	  {"stats", command_stats},
	{"upstreams", command_upstreams}, {"port", report_port},
	{"ports", command_ports},	  {"latency", command_latency},
	{"drops", command_drops},	  {"entropy", command_entropy},
	{"strays", command_strays},	  {"config-diff", command_config_diff},
	{"reload", command_reload},	  {"upstream", operate_upstream},
	{"drain", operate_drain},	  {"undrain", operate_undrain},
	{"ready", operate_ready},
};

/* "unknown command: ...", with the names of all. */
static void
unknown_refuse(struct server_request from)
{
	char names[512] = "";
	size_t used = 0;

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "",
					 commands[i].name);
	server_refuse(from, "unknown command: \"command\" is one of %s", names);
}

void
commands_handle(void *daemon, const json_t *request, struct server_request from)
{
	const char *name = json_string_value(json_object_get(request, "command"));

	for (unsigned i = 0; name != NULL && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name) == 0) {
			commands[i].handle(daemon, request, from);
			return;
		}
	}
	unknown_refuse(from);
}
