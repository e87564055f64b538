/* SPDX-License-Identifier: BSD-3-Clause */
/* The index in which a query finds an identical query in flight.
 *
 * A table of fixed size with buckets of one cache line, hashed with a secret key. An entry is a
 * hint: the flow that it names is compared byte for byte, so entries need not be removed when a
 * flow ends.
 *
 * Full:    an entry is overwritten, and two queries that could have shared do not.
 * Threads: part of a worker's flow table. */
#ifndef EPHEMERA_DATAPLANE_TABLES_COALESCE_TABLE_H
#define EPHEMERA_DATAPLANE_TABLES_COALESCE_TABLE_H

#include <assert.h>
#include <stdint.h>

#define COALESCE_WAYS 8
/* combined with an index in the burst: the flow of that query begins later in this burst */
#define COALESCE_PENDING    0x80000000u
#define COALESCE_NONE	    0xffffffffu
#define COALESCE_TIME_SHIFT 28 /* TSC cycles: a tenth of a second */

/* Element n of the three arrays is one entry; each array is compared as one vector. */
struct coalesce_bucket {
	uint16_t tags[COALESCE_WAYS]; /* high bits of the hashes */
	/* COALESCE_TIME_SHIFT: when each entry was written; the stale ones are replaced first */
	uint16_t times[COALESCE_WAYS];
	/* entry of the flow table, COALESCE_PENDING | index in the burst, or COALESCE_NONE */
	uint32_t flows[COALESCE_WAYS];
} __attribute__((aligned(64)));

static_assert(sizeof(struct coalesce_bucket) == 64, "a cache line");

#endif
