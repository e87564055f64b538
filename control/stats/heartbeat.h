/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether the dataplane's workers live: their heartbeats, which each counts in its loop, must go
 * on.
 *
 * Pure. A heartbeat that stands still says something only if it was looked at: time during which
 * nobody looked, ephemerad stopped, say, does not count against the workers. */
#ifndef EPHEMERA_CONTROL_STATS_HEARTBEAT_H
#define EPHEMERA_CONTROL_STATS_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "control/stats/stats_reader.h"

#define HEARTBEAT_STILL_NS                                                                         \
	UINT64_C(3000000000) /* a worker that shares its core may wait for it a while */

struct heartbeat {
	unsigned worker_count;
	uint64_t seen[STATS_READER_WORKERS_MAX];
	uint64_t moved_ns[STATS_READER_WORKERS_MAX]; /* when each was last seen to have moved */
};

/* Another dataplane, or none: begins again. */
void heartbeat_forget(struct heartbeat *heartbeat);

/* The heartbeats as they are now, of worker_count workers. */
void heartbeat_on_sample(struct heartbeat *heartbeat, const uint64_t *heartbeats,
			 unsigned worker_count, uint64_t now_ns);

/* The first worker whose heartbeat stood still for HEARTBEAT_STILL_NS at the last sample, or -1:
 * none. `now_ns`: of that sample. */
int heartbeat_still(const struct heartbeat *heartbeat, uint64_t now_ns);

#endif
