/* SPDX-License-Identifier: BSD-3-Clause */
/* Searches for the highest rate without loss (RFC 2544 section 26.1, by bisection), and measures
 * latency at shares of it. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_SEARCH_H
#define EPHEMERA_TESTS_BENCH_LOAD_SEARCH_H

#include "tests/bench/load/load.h"

#define SEARCH_STEPS_MAX 128

struct search_step {
	double target, offered, answered;
	double loss; /* a share */
	uint64_t wrong;
	bool passed;
};

struct search {
	uint32_t step_count;
	struct search_step steps[SEARCH_STEPS_MAX];
	double rate; /* the highest that passed, as offered; 0: none did */
	/* higher steps failed because this program did not reach their rate, not by loss */
	bool is_limited_by_load;
	struct measured best; /* at that rate */
	struct measured at[OPTIONS_SHARES_MAX];
};

/* Runs the search and the measurements at shares. A stop ends it early. */
void search_run(struct search *search, struct load *load);

/* Did this measurement lose no more than allowed, without a wrong response? */
bool measured_is_clean(const struct measured *measured, const struct options *options);

#endif
