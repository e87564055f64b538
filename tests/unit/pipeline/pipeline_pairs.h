/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs of queries of two clients, and whether they may share an upstream query: only if their
 * responses can't differ. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_PAIRS_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_PAIRS_H

#include <stdbool.h>

#include "tests/unit/pipeline/pipeline_edit.h"

struct pipeline_pair {
	const char *description;
	const struct pipeline_message *first, *second;
	bool shares;
};

extern const struct pipeline_pair pipeline_pairs[];
extern const size_t pipeline_pair_count;

#endif
