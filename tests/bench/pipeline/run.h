/* SPDX-License-Identifier: BSD-3-Clause */
/* One worker on one case: fill, look at every frame, time, and end all that is in flight. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_RUN_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_RUN_H

#include "tests/bench/pipeline/result.h"
#include "tests/bench/pipeline/traffic.h"

#define RUN_PHASE_QUERIES                                                                          \
	512 /* laid into the receive queues before the clock starts; eight bursts */

struct run {
	struct bed *bed;
	struct traffic_response *store, *floor_store;
	uint32_t store_size;
	bool smoke;
	uint64_t faults; /* said on stderr */
};

/* `in_flight`: the most that a case will have. */
void run_open(struct run *run, struct bed *bed, uint32_t in_flight, bool smoke);

/* Adds a round to the result. */
void run_round(struct run *run, struct case_result *result);

/* What is wrong with the counters of `workers` workers that answered `queries` queries and have
 * nothing in flight; says it on stderr and returns how many things. */
unsigned run_check(const struct bed *bed, uint32_t workers, const struct traffic *traffic);

#endif
