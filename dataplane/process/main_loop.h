/* SPDX-License-Identifier: BSD-3-Clause */
/* What the main thread does while the workers run: it serves the event loop, refreshes the gauges
 * of the statistics segment, checks that the XDP programs are still attached, and stops the
 * process.
 *
 * Stopping: the first SIGTERM or SIGINT, or a MESSAGE_STOP, begins to drain: new queries are
 * dropped, responses are still delivered. The process ends when no query is in flight, or after
 * the query timeout and a margin. A signal while draining stops it at once. All [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_MAIN_LOOP_H
#define EPHEMERA_DATAPLANE_PROCESS_MAIN_LOOP_H

#include <stdint.h>

#include "dataplane/lib/loop.h"
#include "dataplane/port/port.h"
#include "dataplane/port/steer.h"
#include "dataplane/process/adopt.h"
#include "dataplane/process/prober.h"
#include "dataplane/process/stats_segment.h"
#include "dataplane/process/workers.h"

enum phase {
	PHASE_SERVING,
	PHASE_DRAINING,
	PHASE_STOPPING,
};

struct main_loop {
	/* set by the owner before main_loop_open(); used from main_loop_timer_start() on */
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
	uint64_t watchdog_ns; /* interval of WATCHDOG=1 to the service manager; 0: none */
	uint64_t fed_ns;      /* when the last one was sent */
	uint64_t heartbeats[WORKERS_MAX]; /* [worker] at that time */
	int status;			  /* the exit status */
};

/* Opens the event loop and adds SIGTERM and SIGINT to it. Call it before other threads exist: they
 * inherit the signal mask. 0 or -errno. */
int main_loop_open(struct main_loop *main_loop);
void main_loop_close(struct main_loop *main_loop);

/* Starts the timer for the gauges, the watchdog and the XDP check. 0 or -errno. */
int main_loop_timer_start(struct main_loop *main_loop);
void main_loop_timer_stop(struct main_loop *main_loop);

/* Begins to drain, as the first SIGTERM does. No effect if it drains already. */
void main_loop_stop(struct main_loop *main_loop);

/* Runs until the process is to end. Returns the exit status. */
int main_loop_run(struct main_loop *main_loop);

#endif
