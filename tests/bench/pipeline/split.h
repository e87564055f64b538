/* SPDX-License-Identifier: BSD-3-Clause */
/* A turn of the loop with a time stamp around each stage. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_SPLIT_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_SPLIT_H

#include <stdint.h>

#include "dataplane/pipeline/worker.h"

#define SPLIT_STAGES(X)                                                                            \
	X(receive)                                                                                 \
	X(parse)                                                                                   \
	X(classify)                                                                                \
	X(match)                                                                                   \
	X(restore)                                                                                 \
	X(admit)                                                                                   \
	X(answer)                                                                                  \
	X(coalesce)                                                                                \
	X(choose)                                                                                  \
	X(draw)                                                                                    \
	X(rewrite)                                                                                 \
	X(transmit)                                                                                \
	X(probe)                                                                                   \
	X(sweep)                                                                                   \
	X(random)

enum split_stage {
#define X(name) SPLIT_##name,
	SPLIT_STAGES(X)
#undef X
		SPLIT_STAGE_COUNT
};

extern const char *const split_names[SPLIT_STAGE_COUNT];

/* Sums since they were last set to 0. Threads: one. */
struct split {
	uint64_t cycles[SPLIT_STAGE_COUNT];
	uint64_t stamps[SPLIT_STAGE_COUNT]; /* pairs of time stamps, whose cost is in the sums */
};

extern struct split split;

/* pipeline_turn(), timed by stage. */
unsigned split_turn(struct worker *worker);
int split_run(void *worker); /* pipeline_run() is defined with it, but unused */

/* Cycles of a pair of time stamps with nothing between. */
double split_stamp_cycles(void);

#endif
