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
#ifndef EPHEMERA_DAEMON_H
#define EPHEMERA_DAEMON_H

#include <stdint.h>

#include "box.h"
#include "config.h"
#include "dataplane.h"
#include "farm.h"
#include "history.h"
#include "http.h"
#include "loop.h"
#include "neighbour.h"
#include "publisher.h"
#include "recent.h"
#include "reload.h"
#include "remember.h"
#include "server.h"
#include "stats_reader.h"
#include "steer_maps.h"
#include "watch.h"

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
