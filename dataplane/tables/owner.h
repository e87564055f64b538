/* SPDX-License-Identifier: BSD-3-Clause */
/* Which worker owns a source address and port, and so the flows on it.
 *
 * With at least as many source addresses of a family as workers, each worker owns whole addresses
 * with all their ports. With fewer, the 65,536 ports of every address are dealt to workers in an
 * order that is random and new at each start, never in ranges: a client that knows its worker must
 * not learn a range of ports from that.
 *
 * A reload keeps ownership: an address keeps its owner as long as every worker has one and the
 * family's mode stays the same. Otherwise flows in flight on an address that gets another owner are
 * lost.
 *
 * Threads: struct owners is used by the main thread only; struct owner_map is a value inside a
 *          view. */
#ifndef EPHEMERA_DATAPLANE_TABLES_OWNER_H
#define EPHEMERA_DATAPLANE_TABLES_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/shared/snapshot.h"

#define OWNER_NONE UINT8_MAX

struct owner_map {
	/* by family (IPv4, IPv6): 1: ports are dealt, and owner[] is not used */
	uint8_t dealt[2];
	uint8_t owner[SNAPSHOT_SOURCES_MAX]; /* whole addresses: the worker, or OWNER_NONE */
	/* dealt: position in `deal` of the address's port 0 */
	uint16_t offset[SNAPSHOT_SOURCES_MAX];
	const uint8_t *deal; /* [65536]: workers in random order, each equally often */
};

struct owners {
	uint32_t worker_count;
	uint8_t deal[65536];
	struct address address[SNAPSHOT_SOURCES_MAX]; /* the address that map.owner[] belongs to */
	struct owner_map map;
};

/* Deals the ports for this start. [main] */
void owners_init(struct owners *owners, uint32_t worker_count);

/* Updates `owners` for a new snapshot. [main] */
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
