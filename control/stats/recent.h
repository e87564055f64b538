/* SPDX-License-Identifier: BSD-3-Clause */
/* What happened within the last seconds: a sample of what the dataplane counts, each second, of
 * which the oldest is RECENT_SECONDS old. Reports take differences from that one to now.
 *
 * It rests while the dataplane is away, and begins again with each one that comes. */
#ifndef EPHEMERA_CONTROL_STATS_RECENT_H
#define EPHEMERA_CONTROL_STATS_RECENT_H

#include <stdint.h>

#include "control/lib/loop.h"
#include "control/stats/stats_reader.h"
#include "control/link/steer_maps.h"

#define RECENT_SECONDS 10

struct recent_sample {
	uint64_t ns;
	uint64_t drops[DROP_REASON_COUNT];
	uint64_t verdicts[STEER_VERDICT_COUNT]; /* all 0 where the maps can't be read */
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

/* The parts outlive it. */
void recent_init(struct recent *recent, struct loop *loop, const struct stats_reader *stats,
		 const struct steer_maps *steer);
void recent_fini(struct recent *recent);

/* The statistics are open. */
void recent_connected(struct recent *recent);
/* They are going to be closed. */
void recent_lost(struct recent *recent);

/* What is counted now; the statistics are open. */
void recent_read(const struct recent *recent, uint64_t now_ns, struct recent_sample *sample);

/* The oldest sample; NULL: there is none. */
const struct recent_sample *recent_base(const struct recent *recent);

/* How many a second, from `before` at `before_ns` to `now` at `now_ns`; 0 where no time passed. */
double recent_rate(uint64_t before, uint64_t before_ns, uint64_t now, uint64_t now_ns);

#endif
