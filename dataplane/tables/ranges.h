/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks up an address in a sorted list of disjoint ranges. [any] */
#ifndef EPHEMERA_DATAPLANE_TABLES_RANGES_H
#define EPHEMERA_DATAPLANE_TABLES_RANGES_H

#include <endian.h>
#include <stdbool.h>

#include "dataplane/shared/snapshot.h"

/* Is `a` before `b`, as 128-bit numbers? */
static inline bool
address_before(const struct address *a, const struct address *b)
{
	const uint64_t high_a = be64toh(a->words[0]), high_b = be64toh(b->words[0]);

	return high_a != high_b ? high_a < high_b : be64toh(a->words[1]) < be64toh(b->words[1]);
}

/* Is the address in one of `count` ranges from `first` on? */
static inline bool
ranges_contain(const struct snapshot *snapshot, uint32_t first, uint32_t count,
	       const struct address *address)
{
	const struct address_range *ranges = snapshot->ranges + first;
	uint32_t low = 0, high = count;

	while (low < high) {
		const uint32_t middle = (low + high) / 2;

		if (address_before(address, &ranges[middle].first))
			high = middle;
		else if (address_before(&ranges[middle].last, address))
			low = middle + 1;
		else
			return true;
	}
	return false;
}

#endif
