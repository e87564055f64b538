/* SPDX-License-Identifier: BSD-3-Clause */
/* ephemerad as a whole: its parts and the data flow between them.
 *
 *     netlink ──> neighbour ──┐                      ┌──> steer_maps (XDP maps)
 *     probes  ──> farm ───────┼──> publisher ──build─┤
 *     file    ──> reload ─────┤                      └──> dataplane (snapshot)
 *     statistics segment ──> watch (letter case, alarm, draws, passive health),
 *                            recent (last seconds), readiness (ready or not, drain)
 *     farm, publisher, readiness ──> persist (state kept across restarts)
 *     control.sock ──> server ──> the command handler
 *     HTTP ──> http ──> the HTTP handler
 *
 * main.c passes the two handlers, commands_handle() and http_routes_handle() of report/, which read
 * from all of these parts. */
#ifndef EPHEMERA_CONTROL_DAEMON_DAEMON_H
#define EPHEMERA_CONTROL_DAEMON_DAEMON_H

#include <stdint.h>

#include "control/config/config.h"
#include "control/daemon/persist.h"
#include "control/daemon/readiness.h"
#include "control/daemon/watch.h"
#include "control/farm/farm.h"
#include "control/kernel/neighbour.h"
#include "control/lib/loop.h"
#include "control/link/link.h"
#include "control/link/steer_maps.h"
#include "control/publish/publisher.h"
#include "control/publish/reload.h"
#include "control/serve/http.h"
#include "control/serve/server.h"
#include "control/stats/history.h"
#include "control/stats/recent.h"
#include "control/stats/stats_reader.h"

/* The handlers of the control socket and of HTTP, which live in a folder above this one. Their
 * first argument is the struct daemon. */
struct daemon_handlers {
	void (*command)(void *daemon, const json_t *request, struct server_request from);
	void (*http)(void *daemon, const struct http_request *request,
		     struct http_response *response);
};

struct daemon {
	struct daemon_handlers handlers;
	const char *config_path;
	uint64_t started_ns;
	uint64_t config_loaded_ns;
	uint64_t boot_id; /* of the last dataplane, also one of an earlier ephemerad; 0: none */
	struct loop loop;
	struct link dataplane;
	struct stats_reader stats; /* open while the dataplane is connected */
	struct steer_maps steer;
	struct neighbour neighbour;
	struct farm farm;
	struct publisher publisher;
	struct watch watch;
	struct readiness readiness;
	struct persist persist;
	struct recent recent;
	struct reload reload;
	struct server server;
	struct history history;
	struct http http;
};

/* Starts all parts. Takes ownership of `config`, also on error. 0; or -errno after logging the
 * reason. */
int daemon_init(struct daemon *daemon, const struct daemon_handlers *handlers,
		const char *config_path, struct config *config);
void daemon_fini(struct daemon *daemon);

#endif
