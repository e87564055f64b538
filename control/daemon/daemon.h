/* SPDX-License-Identifier: BSD-3-Clause */
/* ephemerad as a whole: its parts, and what happens between them.
 *
 *     netlink ──> neighbour ──┐                      ┌──> steer_maps (XDP maps)
 *     probes  ──> farm ───────┼──> publisher ──build─┤
 *     file    ──> reload ─────┤                      └──> dataplane (snapshot)
 *     statistics segment ──> watch (case, alarm, draws, passive signs), recent (the last seconds),
 *                            readiness (ready or not, drain)
 *     farm, publisher, readiness ──> persist (what a restart must not forget, on file)
 *     control.sock ──> server ──> the command handler
 *     HTTP ──> http ──> the HTTP handler
 *
 * main.c hands in the two handlers: commands and http_routes of report/, which read from all of
 * these. */
#ifndef EPHEMERA_CONTROL_DAEMON_DAEMON_H
#define EPHEMERA_CONTROL_DAEMON_DAEMON_H

#include <stdint.h>

#include "control/daemon/readiness.h"
#include "control/config/config.h"
#include "control/link/link.h"
#include "control/farm/farm.h"
#include "control/stats/history.h"
#include "control/serve/http.h"
#include "control/lib/loop.h"
#include "control/kernel/neighbour.h"
#include "control/publish/publisher.h"
#include "control/stats/recent.h"
#include "control/publish/reload.h"
#include "control/daemon/persist.h"
#include "control/serve/server.h"
#include "control/stats/stats_reader.h"
#include "control/link/steer_maps.h"
#include "control/daemon/watch.h"

/* What shows the daemon to its clients, and lies above it; the first argument of both is the
 * daemon. */
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
	uint64_t boot_id; /* of the dataplane last seen, also by an earlier ephemerad; 0: none */
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

/* Sets up all parts. `config` is the daemon's from now on, also after an error. 0 or -errno, the
 * reason logged. */
int daemon_init(struct daemon *daemon, const struct daemon_handlers *handlers,
		const char *config_path, struct config *config);
void daemon_fini(struct daemon *daemon);

#endif
