/* SPDX-License-Identifier: BSD-3-Clause */
/* The index by which queries find another in flight that asks the same.
 *
 * Buckets of one cache line, keyed with a secret, of fixed size. An entry is a hint: whether the flow that it
 * names still asks this is compared, byte for byte, and so nothing has to be taken out when a flow ends.
 * Full: an entry is overwritten, and two queries that could have shared do not. Threads: part of the worker's
 * flow table. */
#ifndef EPHEMERA_COALESCE_H
#define EPHEMERA_COALESCE_H

#include <stdint.h>

#include "batch.h"
#include "flow.h"

#define COALESCE_WAYS	    8
#define COALESCE_PENDING    0x80000000u /* with an index into the batch: its flow begins later in this burst */
#define COALESCE_NONE	    0xffffffffu
#define COALESCE_TIME_SHIFT 28 /* TSC cycles: a tenth of a second */

struct coalesce_entry {
	uint16_t tag;  /* of the hash */
	uint16_t time; /* COALESCE_TIME_SHIFT: when it was written; old entries are the first to go */
	uint32_t flow; /* index, or COALESCE_PENDING | index into the batch, or COALESCE_NONE */
};

struct coalesce_bucket {
	struct coalesce_entry entries[COALESCE_WAYS];
} __attribute__((aligned(64)));

struct worker;

/* Says which flow a query has become that coalesce() let through as the first of its kind. `flow`
 * COALESCE_NONE: it was dropped. [worker] */
void coalesce_settle(struct worker *worker, const struct packet *packet, uint32_t flow);

#endif
