/* SPDX-License-Identifier: BSD-3-Clause */
/* The main thread's main_loop beside the workers: it sleeps in the event loop, refreshes the
 * segment's gauges, watches over the XDP programs, and stops the process in good order.
 *
 * Stopping: the first SIGTERM or SIGINT, or a MESSAGE_STOP, drains - no new queries, responses are
 * still served
 * - until no query is in flight, or until every query's time is over; the second one stops at once.
 * All [main]. */
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

struct main_loop {
	/* set by the owner before main_loop_open(); used from main_loop_clock_start() on */
	const struct interfaces *interfaces;
	const struct steer *steer;
	struct stats_segment *segment;
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

/* Makes the loop, and takes SIGTERM and SIGINT into it: to be called before there are other
 * threads. 0 or -errno. */
int main_loop_open(struct main_loop *main_loop);
void main_loop_close(struct main_loop *main_loop);

/* Starts the clock that refreshes and watches. 0 or -errno. */
int main_loop_clock_start(struct main_loop *main_loop);
void main_loop_clock_stop(struct main_loop *main_loop);

/* As the first SIGTERM does; nothing if it drains already. */
void main_loop_stop(struct main_loop *main_loop);

/* Until the end. Returns the exit status. */
int main_loop_run(struct main_loop *main_loop);

#endif
