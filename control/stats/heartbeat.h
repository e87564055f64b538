/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether the dataplane's workers run: each counts a heartbeat in its loop, which must advance.
 *
 * Pure. Only sampled time counts: a pause of ephemerad itself does not count against the
 * workers. */
#ifndef EPHEMERA_CONTROL_STATS_HEARTBEAT_H
#define EPHEMERA_CONTROL_STATS_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "control/stats/stats_reader.h"

/* Long enough for a worker that shares its core with other processes. */
#define HEARTBEAT_STALLED_NS UINT64_C(3000000000)

struct heartbeat {
	unsigned worker_count;
	uint64_t seen[STATS_READER_WORKERS_MAX];
	uint64_t moved_ns[STATS_READER_WORKERS_MAX]; /* when each last advanced */
};

/* Another dataplane, or none: starts again. */
void heartbeat_forget(struct heartbeat *heartbeat);

/* The current heartbeats of worker_count workers. */
void heartbeat_on_sample(struct heartbeat *heartbeat, const uint64_t *heartbeats,
			 unsigned worker_count, uint64_t now_ns);

/* The first worker whose heartbeat had not advanced for HEARTBEAT_STALLED_NS at the last sample, or
 * -1. `now_ns`: of that sample. */
int heartbeat_stalled(const struct heartbeat *heartbeat, uint64_t now_ns);

#endif
