/* SPDX-License-Identifier: BSD-3-Clause */
/* The instance as a whole: whether it is ready for clients, and its drain (drain.h).
 *
 * Ready is what decides whether clients are to be sent here - `ephemeractl ready` for the health
 * checkers of BIRD, keepalived or ExaBGP, /ready over HTTP: the dataplane is connected and not
 * stopping, all its workers run on a configuration and their heartbeats advance, each pool that a
 * service address leads to has a usable upstream, and nobody drains it. */
#ifndef EPHEMERA_CONTROL_DAEMON_READINESS_H
#define EPHEMERA_CONTROL_DAEMON_READINESS_H

#include <stdbool.h>
#include <stdint.h>

#include "control/link/link.h"
#include "control/state/drain.h"
#include "control/farm/farm.h"
#include "control/lib/loop.h"
#include "control/publish/publisher.h"
#include "control/stats/heartbeat.h"
#include "control/state/state_file.h"
#include "control/stats/stats_reader.h"

#define READINESS_EVERY_NS     (250 * NS_PER_MS)
#define READINESS_REASON_BYTES 128

/* The parts that it looks at; they outlive it. */
struct readiness_parts {
	struct loop *loop;
	struct link *dataplane;
	const struct stats_reader *stats;
	const struct farm *farm;
	const struct publisher *publisher;
	void (*drain_changed)(
		void *owner); /* begun, asks to stop, called off: before anybody is told */
	void *owner;
};

struct readiness {
	struct readiness_parts parts;
	struct loop_timer timer; /* while the dataplane is connected */
	struct heartbeat heartbeat;
	struct drain drain;
};

/* A drain of `state`, an earlier process's, goes on. */
void readiness_init(struct readiness *readiness, const struct readiness_parts *parts,
		    const struct state *state);
void readiness_fini(struct readiness *readiness);

/* The dataplane said HELLO, its statistics are open if they can be: the `same` as the one before?
 * It is away. */
void readiness_connected(struct readiness *readiness, bool same);
void readiness_lost(struct readiness *readiness);

/* True if clients may be sent here; else `reason` says why not. */
bool readiness_is_ready(const struct readiness *readiness, char reason[READINESS_REASON_BYTES]);

/* The heartbeats of all workers advance; false also without a dataplane. For a watchdog. */
bool readiness_is_healthy(const struct readiness *readiness);

/* Begins to drain the instance, or gives a drain under way another timeout. 0; -EBUSY: the
 * dataplane stops already; -ENOTCONN: there is none, nothing to drain. */
int readiness_drain(struct readiness *readiness, uint32_t timeout_s);

/* As drain_cancel(). */
int readiness_undrain(struct readiness *readiness);

#endif
