/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs of queries of two clients, and whether they may share an upstream query: only if their answers can't
 * differ. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_PAIRS_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_PAIRS_H

#include <stdbool.h>

#include "tests/unit/pipeline/pipeline_edit.h"

struct way_pair {
	const char *description;
	const struct way_message *first, *second;
	bool shares;
};

extern const struct way_pair way_pairs[];
extern const size_t way_pair_count;

#endif
