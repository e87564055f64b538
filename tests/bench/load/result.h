/* SPDX-License-Identifier: BSD-3-Clause */
/* Results as a table and as JSON. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_RESULT_H
#define EPHEMERA_TESTS_BENCH_LOAD_RESULT_H

#include "tests/bench/load/search.h"

/* The result of a run; `search` is NULL without --search. */
struct result {
	const struct load *load;
	const struct measured *measured; /* of the run, or the best of the search */
	const struct search *search;
	char arguments[2048]; /* the command line */
};

/* Prints the table on stdout. */
void result_print(const struct result *result);

/* Writes JSON to `file`, or to stdout for "-". 0 or -errno. */
int result_write(const struct result *result, const char *file);

#endif
