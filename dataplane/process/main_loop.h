/* SPDX-License-Identifier: BSD-3-Clause */
/* The main thread's life beside the workers: it sleeps in the event loop, refreshes the segment's gauges,
 * watches over the XDP programs, and stops the process in good order.
 *
 * Stopping: the first SIGTERM or SIGINT, or a MESSAGE_STOP, drains - no new queries, replies are still served
 * - until no query is in flight, or until every query's time is over; the second one stops at once. All
 * [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_MAIN_LOOP_H
#define EPHEMERA_DATAPLANE_PROCESS_MAIN_LOOP_H

#include <stdint.h>

#include "dataplane/process/adopt.h"
#include "dataplane/lib/loop.h"
#include "dataplane/port/port.h"
#include "dataplane/process/prober.h"
#include "dataplane/process/stats_segment.h"
#include "dataplane/port/steer.h"
#include "dataplane/process/workers.h"

enum phase {
	PHASE_SERVING,
	PHASE_DRAINING,
	PHASE_STOPPING,
};

struct life {
	/* set by the owner before life_open(); used from life_clock_start() on */
	const struct ports *ports;
	const struct steer *steer;
	struct segment *segment;
	struct workers *workers;
	struct adopt *adopt;
	struct prober *prober;

	struct loop loop;
	struct loop_source signals;
	struct loop_source timer;
	enum phase phase;
	uint64_t drain_end_ns;
	uint64_t steer_check_ns;
	uint64_t watchdog_ns; /* how often the service manager wants to hear of us; 0: never */
	uint64_t fed_ns;
	uint64_t heartbeats[WORKERS_MAX]; /* of the workers, when it last did */
	int status;			  /* of the exit */
};

/* Makes the loop, and takes SIGTERM and SIGINT into it: to be called before there are other threads. 0 or
 * -errno. */
int life_open(struct life *life);
void life_close(struct life *life);

/* Starts the clock that refreshes and watches. 0 or -errno. */
int life_clock_start(struct life *life);
void life_clock_stop(struct life *life);

/* As the first SIGTERM does; nothing if it drains already. */
void life_stop(struct life *life);

/* Until the end. Returns the exit status. */
int life_run(struct life *life);

#endif
