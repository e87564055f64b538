/* SPDX-License-Identifier: BSD-3-Clause */
/* The instance as a whole: whether it is ready for clients, and its drain (drain.h).
 *
 * Readiness decides whether clients are sent to this instance: `ephemeractl ready` is for the
 * health checks of BIRD, keepalived or ExaBGP, /ready is the same over HTTP. Ready means: the
 * dataplane is connected and not stopping, all its workers have a snapshot and their heartbeats
 * advance, each pool of a service address has a usable upstream, and no drain is active. */
#ifndef EPHEMERA_CONTROL_DAEMON_READINESS_H
#define EPHEMERA_CONTROL_DAEMON_READINESS_H

#include <stdbool.h>
#include <stdint.h>

#include "control/farm/farm.h"
#include "control/lib/loop.h"
#include "control/link/link.h"
#include "control/publish/publisher.h"
#include "control/state/drain.h"
#include "control/state/state_file.h"
#include "control/stats/heartbeat.h"
#include "control/stats/stats_reader.h"

#define READINESS_EVERY_NS     (250 * NS_PER_MS)
#define READINESS_REASON_BYTES 128

/* The parts that readiness depends on; they must outlive it. */
struct readiness_parts {
	struct loop *loop;
	struct link *dataplane;
	const struct stats_reader *stats;
	const struct farm *farm;
	const struct publisher *publisher;
	/* The state of the drain changed; called before the command is answered. */
	void (*drain_changed)(void *owner);
	void *owner;
};

struct readiness {
	struct readiness_parts parts;
	struct loop_timer timer; /* while the dataplane is connected */
	struct heartbeat heartbeat;
	struct drain drain;
};

/* Continues a drain found in `state`, the state file of an earlier process. */
void readiness_init(struct readiness *readiness, const struct readiness_parts *parts,
		    const struct state *state);
void readiness_fini(struct readiness *readiness);

/* The dataplane answered HELLO, and its statistics are open if they can be read; `same`: it is the
 * same process as before. The connection to the dataplane was lost. */
void readiness_connected(struct readiness *readiness, bool same);
void readiness_lost(struct readiness *readiness);

/* True if clients may be sent to this instance; else `reason` says why not. */
bool readiness_is_ready(const struct readiness *readiness, char reason[READINESS_REASON_BYTES]);

/* True if the heartbeats of all workers advance; false also without a dataplane. For /health. */
bool readiness_is_healthy(const struct readiness *readiness);

/* Starts to drain the instance, or changes the timeout of a drain in progress. 0, or
 *
 *     -EBUSY     the dataplane is stopping already
 *     -ENOTCONN  not connected to the dataplane: nothing to drain */
int readiness_drain(struct readiness *readiness, uint32_t timeout_s);

/* Cancels the drain; returns what drain_cancel() does. */
int readiness_undrain(struct readiness *readiness);

#endif
