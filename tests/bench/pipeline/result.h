/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rounds measured, and how it is condensed. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_RESULT_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/pipeline/cases.h"
#include "tests/bench/pipeline/split.h"

#define RESULT_ROUNDS_MAX 99
#define RESULT_CASES_MAX  32

/* Of one case in one round: cycles a forwarded query. */
struct round_result {
	double total, floor;
	double stages[SPLIT_STAGE_COUNT];
	double split_total; /* of the turns that were timed stage by stage, with the cost of the stamps taken
			       off */
};

struct case_result {
	const struct bench_case *c;
	uint32_t rounds;
	struct round_result round[RESULT_ROUNDS_MAX];
	uint64_t phases,
		interrupted; /* of all rounds; interrupted ones are left out of the figures */
};

struct pair_result {
	uint32_t rounds;
	double one[RESULT_ROUNDS_MAX], two[RESULT_ROUNDS_MAX]; /* queries a second */
	double handed_over; /* share of the responses, two workers */
	uint64_t phases, interrupted;
};

struct result {
	uint32_t case_count;
	struct case_result cases[RESULT_CASES_MAX];
	struct pair_result pair;
	double tsc_hz, stamp_cycles;
	double line_before_ns, line_after_ns;
	const char *pages;
	bool smoke;
};

double median(const double *values, uint32_t count);

/* The mean of what `count` phases took, cycles. A phase of more than five times the median was
 * interrupted (another process, the hypervisor): it is left out and counted. */
double phases_mean(const uint64_t *cycles, uint32_t count, uint64_t *interrupted);

/* Medians over the rounds. */
double case_total(const struct case_result *result);
double case_floor(const struct case_result *result);
double case_own(const struct case_result *result); /* of total - floor of each round */
double case_stage(const struct case_result *result, enum split_stage stage);
double case_rest(const struct case_result *result); /* of the turn, that belongs to no stage */

/* Median of two[i] / one[i]. */
double pair_ratio(const struct pair_result *pair);

/* The case of that name; NULL: it was not run. */
const struct case_result *result_case(const struct result *result, const char *name);

#endif
