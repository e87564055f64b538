/* SPDX-License-Identifier: BSD-3-Clause */
/* Which worker owns a source address and port, and so the flows there.
 *
 * With at least as many source addresses of a family as workers, each worker owns whole addresses,
 * all ports of them. With fewer, the ports of every address are dealt out at random, again at each
 * start, over all 65,536, never in slices: a client that knows its worker must not know a range of
 * ports from it.
 *
 * Ownership outlives a reload: an address keeps its owner as long as every worker has one and the
 * family's mode stays. Where a reload breaks that, flows in flight on an address that changes hands
 * are lost.
 *
 * Threads: struct owners belongs to the main thread; struct owner_map is a value inside a view. */
#ifndef EPHEMERA_DATAPLANE_TABLES_OWNER_H
#define EPHEMERA_DATAPLANE_TABLES_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/shared/snapshot.h"

#define OWNER_NONE UINT8_MAX

struct owner_map {
	uint8_t dealt[2];		     /* by family: ports are dealt, owner[] is not used */
	uint8_t owner[SNAPSHOT_SOURCES_MAX]; /* whole addresses: the worker, or OWNER_NONE */
	uint16_t offset
		[SNAPSHOT_SOURCES_MAX]; /* dealt: where in the deal the address's port 0 lies */
	const uint8_t *deal;		/* [65536]: workers, in random order, equally often */
};

struct owners {
	uint32_t worker_count;
	uint8_t deal[65536];
	struct address address[SNAPSHOT_SOURCES_MAX]; /* whom the owner below was chosen for */
	struct owner_map map;
};

/* Deals the ports for this start. [main] */
void owners_init(struct owners *owners, uint32_t worker_count);

/* Brings `owners` up to a new snapshot. [main] */
void owners_update(struct owners *owners, const struct snapshot *snapshot);

/* The worker that owns `port` (host order) of the source in `slot`, or OWNER_NONE. [worker] */
static inline uint8_t
owner_of(const struct owner_map *map, uint16_t slot, bool is_ipv4, uint16_t port)
{
	if (map->dealt[is_ipv4 ? 0 : 1])
		return map->deal[(uint16_t)(port + map->offset[slot])];
	return map->owner[slot];
}

#endif
