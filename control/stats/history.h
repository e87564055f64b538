/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries, responses and drops in each second of the last ten minutes, for the dashboard. One
 * sample per second, also while the dataplane is not connected. */
#ifndef EPHEMERA_CONTROL_STATS_HISTORY_H
#define EPHEMERA_CONTROL_STATS_HISTORY_H

#include <stdint.h>

#include "control/lib/loop.h"
#include "control/stats/stats_reader.h"

#define HISTORY_SAMPLES	 601 /* 600 differences */
#define HISTORY_EVERY_NS (1 * NS_PER_S)

enum history_value {
	HISTORY_QUERIES,
	HISTORY_RESPONSES,
	HISTORY_DROPS, /* packets, all reasons */
	HISTORY_VALUES,
};

/* The counters at one moment. */
struct history_sample {
	uint64_t ns;
	uint64_t boot_id; /* of the dataplane; 0: not connected */
	uint64_t values[HISTORY_VALUES];
};

struct history {
	struct loop *loop;
	struct loop_timer timer;
	const struct stats_reader *stats;
	struct history_sample samples[HISTORY_SAMPLES]; /* a ring */
	unsigned count, newest;
};

/* The parts must outlive struct history. */
void history_init(struct history *history, struct loop *loop, const struct stats_reader *stats);
void history_fini(struct history *history);

/* Pure: adds a sample, replacing the oldest if there are HISTORY_SAMPLES. */
void history_add(struct history *history, const struct history_sample *sample);

/* Sample 0 is the oldest; NULL: no such sample. */
const struct history_sample *history_at(const struct history *history, unsigned index);

#endif
