/* SPDX-License-Identifier: BSD-3-Clause */
/* From a request's command to the report or act that answers it. */
#include "commands.h"

#include <string.h>

#include "daemon.h"
#include "reload.h"
#include "report.h"
#include "report_port.h"

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

static const struct command {
	const char *name;
	void (*handle)(struct daemon *daemon, const json_t *request, struct server_request from);
} commands[] = {
	{"status", command_status}, {"stats", command_stats},	  {"upstreams", command_upstreams},
	{"port", report_port},	    {"entropy", command_entropy}, {"strays", command_strays},
	{"reload", command_reload},
};

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
	server_refuse(from, "unknown command: \"command\" is one of status, stats, upstreams, port, "
			    "entropy, strays, reload");
}
