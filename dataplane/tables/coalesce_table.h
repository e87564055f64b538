/* SPDX-License-Identifier: BSD-3-Clause */
/* The index by which queries find another in flight that asks the same.
 *
 * Buckets of one cache line, keyed with a secret, of fixed size. An entry is a hint: whether the
 * flow that it names still asks this is compared, byte for byte, and so nothing has to be taken out
 * when a flow ends.
 * Full: an entry is overwritten, and two queries that could have shared do not. Threads: part of
 * the worker's flow table. */
#ifndef EPHEMERA_DATAPLANE_TABLES_COALESCE_TABLE_H
#define EPHEMERA_DATAPLANE_TABLES_COALESCE_TABLE_H

#include <assert.h>
#include <stdint.h>

#define COALESCE_WAYS 8
#define COALESCE_PENDING                                                                           \
	0x80000000u /* with an index into the burst: its flow begins later in this burst */
#define COALESCE_NONE	    0xffffffffu
#define COALESCE_TIME_SHIFT 28 /* TSC cycles: a tenth of a second */

/* Way n is one entry: what is looked at of all of them lies together. */
struct coalesce_bucket {
	uint16_t tags[COALESCE_WAYS]; /* of the hashes */
	uint16_t times
		[COALESCE_WAYS]; /* COALESCE_TIME_SHIFT: when each was written; old ones are the first
					  to go */
	uint32_t flows
		[COALESCE_WAYS]; /* entries of the flow table, or COALESCE_PENDING | index into the
					* burst, or COALESCE_NONE */
} __attribute__((aligned(64)));

static_assert(sizeof(struct coalesce_bucket) == 64, "a cache line");

#endif
