/* SPDX-License-Identifier: BSD-3-Clause */
/* The measurements of all rounds, and their medians. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_RESULT_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/pipeline/cases.h"
#include "tests/bench/pipeline/split.h"

#define RESULT_ROUNDS_MAX 99
#define RESULT_CASES_MAX  32

/* One case in one round: cycles per forwarded query. */
struct round_result {
	double total, baseline;
	double stages[SPLIT_STAGE_COUNT];
	/* of the turns timed by stage; the cost of the time stamps is subtracted */
	double split_total;
};

struct case_result {
	const struct bench_case *c;
	uint32_t rounds;
	struct round_result round[RESULT_ROUNDS_MAX];
	uint64_t phases,
		interrupted; /* of all rounds; interrupted phases are excluded from the figures */
};

struct pair_result {
	uint32_t rounds;
	double one[RESULT_ROUNDS_MAX], two[RESULT_ROUNDS_MAX]; /* queries a second */
	double handed_off; /* share of the responses, two workers */
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

/* The mean of `count` phases, in cycles. A phase longer than five times the median was interrupted
 * (by another process or the hypervisor): it is excluded and counted. */
double phases_mean(const uint64_t *cycles, uint32_t count, uint64_t *interrupted);

/* Medians over the rounds. */
double case_total(const struct case_result *result);
double case_baseline(const struct case_result *result);
double case_own(const struct case_result *result); /* of total - baseline in each round */
double case_stage(const struct case_result *result, enum split_stage stage);
double case_rest(const struct case_result *result); /* the part of the turn outside the stages */

/* Median of two[i] / one[i]. */
double pair_ratio(const struct pair_result *pair);

/* The case with that name; NULL: it was not run. */
const struct case_result *result_case(const struct result *result, const char *name);

#endif
