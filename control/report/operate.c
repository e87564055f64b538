/* SPDX-License-Identifier: BSD-3-Clause */
/* Applies the operator's commands to the farm and to readiness. */
#include "control/report/operate.h"

#include <errno.h>
#include <string.h>

#include "control/daemon/daemon.h"
#include "control/lib/drain_timeout.h"
#include "control/report/report.h"

static const struct {
	const char *text;
	enum admin_state admin_state;
} actions[] = {
	{"drain", ADMIN_DRAIN},
	{"up", ADMIN_UP},
	{"down", ADMIN_DOWN},
	{"auto", ADMIN_AUTO},
};

void
operate_upstream(struct daemon *daemon, const json_t *request, struct server_request from)
{
	const char *name = json_string_value(json_object_get(request, "name"));
	const char *action = json_string_value(json_object_get(request, "action"));
	int slot = name != NULL ? slots_upstream_named(&daemon->publisher.slots, name) : -1;

	if (name == NULL || action == NULL) {
		server_refuse(from, "\"name\" must be the name of an upstream, and \"action\" "
				    "drain, up, down or auto");
		return;
	}
	if (slot < 0) {
		server_refuse(from, "unknown upstream %.64s: `ephemeractl upstreams` lists them",
			      name);
		return;
	}
	for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(action, actions[i].text) != 0)
			continue;
		farm_override(&daemon->farm, (unsigned)slot, actions[i].admin_state, loop_now_ns());
		persist_save(&daemon->persist);
		server_respond(from, report_upstream(daemon, (unsigned)slot));
		return;
	}
	server_refuse(from, "unknown action %.64s: use drain, up, down or auto", action);
}

void
operate_drain(struct daemon *daemon, const json_t *request, struct server_request from)
{
	const json_t *timeout = json_object_get(request, "timeout_s");
	json_int_t seconds =
		timeout != NULL ? json_integer_value(timeout) : DRAIN_TIMEOUT_S_DEFAULT;
	char until[REPORT_TIME_BYTES];
	int status;

	if ((timeout != NULL && !json_is_integer(timeout)) || seconds < 0 ||
	    seconds > DRAIN_TIMEOUT_S_MAX) {
		server_refuse(from, "\"timeout_s\" must be a number of seconds from 0 to %d",
			      DRAIN_TIMEOUT_S_MAX);
		return;
	}
	status = readiness_drain(&daemon->readiness, (uint32_t)seconds);
	if (status == -EBUSY)
		server_refuse(from, "the dataplane is stopping already");
	else if (status != 0)
		server_refuse(from, "not connected to the dataplane: nothing to drain");
	else
		server_respond(from,
			       json_pack("{s:b, s:s}", "draining", 1, "until",
					 report_time(daemon->readiness.drain.until_ns, until)));
}

void
operate_undrain(struct daemon *daemon, const json_t *request, struct server_request from)
{
	int status = readiness_undrain(&daemon->readiness);

	(void)request;
	if (status == -EBUSY)
		server_refuse(from,
			      "too late: the dataplane is stopping; start it again afterwards");
	else if (status != 0)
		server_refuse(from, "the instance is not being drained");
	else
		server_respond(from, json_pack("{s:b}", "draining", 0));
}

void
operate_ready(struct daemon *daemon, const json_t *request, struct server_request from)
{
	char reason[READINESS_REASON_BYTES];
	bool ready = readiness_is_ready(&daemon->readiness, reason);

	(void)request;
	server_respond(from, json_pack("{s:b, s:s}", "ready", ready, "reason", reason));
}
