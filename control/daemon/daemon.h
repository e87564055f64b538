/* SPDX-License-Identifier: BSD-3-Clause */
/* ephemerad as a whole: its parts, and what happens between them.
 *
 *     netlink ──> neighbour ──┐                      ┌──> steer_maps (XDP maps)
 *     probes  ──> farm ───────┼──> publisher ──build─┤
 *     file    ──> reload ─────┤                      └──> dataplane (snapshot)
 *     statistics segment ──> watch (case, alarm, draws, passive signs), recent (the last seconds),
 *                            box (ready or not, drain)
 *     farm, publisher, box ──> remember (what a restart must not forget, on file)
 *     control.sock ──> server ──> commands ──> reports (from all of these and the statistics segment)
 *     HTTP ──> http ──> http_routes ──> metrics, reports, web */
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

struct daemon {
	const char *config_path;
	uint64_t started_ns;
	uint64_t config_loaded_ns;
	uint64_t boot_id; /* of the dataplane last seen, also by an earlier ephemerad; 0: none */
	struct loop loop;
	struct dataplane dataplane;
	struct stats_reader stats; /* open while the dataplane is connected */
	struct steer_maps steer;
	struct neighbour neighbour;
	struct farm farm;
	struct publisher publisher;
	struct watch watch;
	struct box box;
	struct remember remember;
	struct recent recent;
	struct reload reload;
	struct server server;
	struct history history;
	struct http http;
};

/* Sets up all parts. `config` is the daemon's from now on, also after an error. 0 or -errno, the reason
 * logged. */
int daemon_init(struct daemon *daemon, const char *config_path, struct config *config);
void daemon_fini(struct daemon *daemon);

#endif
