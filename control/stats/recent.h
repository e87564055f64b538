/* SPDX-License-Identifier: BSD-3-Clause */
/* A sample of the dataplane's counters each second; the oldest is RECENT_SECONDS old. Reports show
 * the difference between that one and now.
 *
 * Idle while the dataplane is not connected; starts again with each connection. */
#ifndef EPHEMERA_CONTROL_STATS_RECENT_H
#define EPHEMERA_CONTROL_STATS_RECENT_H

#include <stdint.h>

#include "control/lib/loop.h"
#include "control/link/steer_maps.h"
#include "control/stats/stats_reader.h"

#define RECENT_SECONDS 10

struct recent_sample {
	uint64_t ns;
	uint64_t drops[DROP_REASON_COUNT];
	uint64_t verdicts[STEER_VERDICT_COUNT]; /* all 0 if the maps can't be read */
	struct stats_histogram latency;
};

struct recent {
	struct loop *loop;
	struct loop_timer timer;
	const struct stats_reader *stats;
	const struct steer_maps *steer;
	struct recent_sample samples[RECENT_SECONDS + 1]; /* a ring */
	unsigned count, newest;
};

/* The parts must outlive struct recent. */
void recent_init(struct recent *recent, struct loop *loop, const struct stats_reader *stats,
		 const struct steer_maps *steer);
void recent_fini(struct recent *recent);

/* The statistics are open. */
void recent_connected(struct recent *recent);
/* The statistics are about to be closed. */
void recent_lost(struct recent *recent);

/* The current counters. The statistics must be open. */
void recent_read(const struct recent *recent, uint64_t now_ns, struct recent_sample *sample);

/* The oldest sample, or NULL. */
const struct recent_sample *recent_base(const struct recent *recent);

/* The rate per second, from `before` at `before_ns` to `now` at `now_ns`; 0 if no time passed. */
double recent_rate(uint64_t before, uint64_t before_ns, uint64_t now, uint64_t now_ns);

#endif
