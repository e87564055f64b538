/* SPDX-License-Identifier: BSD-3-Clause */
/* One worker on one case: fills the flow table, checks every frame, measures, and ends all
 * flows. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_RUN_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_RUN_H

#include "tests/bench/pipeline/result.h"
#include "tests/bench/pipeline/traffic.h"

#define RUN_PHASE_QUERIES                                                                          \
	512 /* put into the receive queues before the clock starts; eight bursts */

struct run {
	struct bed *bed;
	struct traffic_response *store, *baseline_store;
	uint32_t store_size;
	bool smoke;
	uint64_t faults; /* printed to stderr */
};

/* `in_flight`: the maximum of all cases. */
void run_open(struct run *run, struct bed *bed, uint32_t in_flight, bool smoke);

/* Adds a round to the result. */
void run_round(struct run *run, struct case_result *result);

/* Checks the counters of `workers` workers that answered `queries` queries and have none in flight.
 * Prints each fault to stderr and returns their number. */
unsigned run_check(const struct bed *bed, uint32_t workers, const struct traffic *traffic);

#endif
