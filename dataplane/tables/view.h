/* SPDX-License-Identifier: BSD-3-Clause */
/* What workers run on: a snapshot, and the tables derived from it when it was adopted.
 *
 * Made by the main thread (view_make), immutable while workers use it, freed by the main thread
 * after every worker has passed a quiescent state (adopt.h). Hash tables are keyed with secrets of
 * this process. */
#ifndef EPHEMERA_DATAPLANE_TABLES_VIEW_H
#define EPHEMERA_DATAPLANE_TABLES_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/shared/snapshot.h"
#include "dataplane/tables/limit_table.h"
#include "dataplane/tables/owner.h"
#include "dataplane/tables/pool.h"
#include "dataplane/tables/route_table.h"

#define VIEW_NONE	   UINT16_MAX
#define VIEW_ADDRESS_SLOTS 2048 /* of the address table: 64 + 256 + 512 addresses at most */

enum view_family {
	FAMILY_IPV4,
	FAMILY_IPV6,
	FAMILY_COUNT,
};

/* The slots of an address of the snapshot. Services and upstreams on several ports of one address
 * are chained. */
struct view_address {
	struct address address;
	uint16_t source;	 /* slot, or VIEW_NONE */
	uint16_t first_service;	 /* slot, or VIEW_NONE */
	uint16_t first_upstream; /* slot, or VIEW_NONE */
};

/* A source address that a worker may draw, and its ports there. */
struct view_source {
	const uint16_t *ports; /* host order */
	uint32_t port_count;   /* at least 1 */
	uint16_t slot;
};

/* All sources of one family that a worker may draw. */
struct view_space {
	uint32_t source_count;
	struct view_source sources[SNAPSHOT_SOURCES_MAX];
};

struct view {
	struct snapshot *snapshot; /* owned */
	uint64_t seed;		   /* random, differs between views */
	uint32_t timeout_ticks;	   /* the snapshot's timeout, FLOW_TICK_SHIFT */

	struct limit_rule limit;
	struct routes routes;
	uint32_t empty_pools; /* pools of the snapshot without a usable upstream */
	struct pool pools[SNAPSHOT_POOLS_MAX];

	uint16_t next_service[SNAPSHOT_SERVICES_MAX];
	uint16_t next_upstream[SNAPSHOT_UPSTREAMS_MAX];
	uint64_t address_keys[2]; /* of view_address_place() */
	uint64_t addresses_used[VIEW_ADDRESS_SLOTS / 64];
	struct view_address addresses[VIEW_ADDRESS_SLOTS];

	struct owner_map owners;
	uint32_t worker_count;
	struct view_space *spaces; /* [worker_count][FAMILY_COUNT] */
	uint16_t *ports;	   /* the lists that spaces point into */
};

/* Derives a view from a snapshot that snapshot_validate() accepted, and takes ownership of it.
 * `owners` carries the ownership of sources from view to view. 0, or -ENOMEM; the snapshot is then
 * still the caller's. [main] */
int view_make(struct snapshot *snapshot, struct owners *owners, uint64_t tsc_hz,
	      struct view **view);

void view_free(struct view *view); /* NULL is allowed. [main] */

/* The first place to look for an address: the product of its two halves, each with a key added (NH;
 * Black et al., CRYPTO 1999). Only the snapshot's addresses are in the table. */
static inline uint32_t
view_address_place(const struct view *view, const struct address *address)
{
	const unsigned __int128 product =
		(unsigned __int128)(address->words[0] + view->address_keys[0]) *
		(address->words[1] + view->address_keys[1]);

	return (uint32_t)((uint64_t)(product >> 64) ^ (uint64_t)product) & (VIEW_ADDRESS_SLOTS - 1);
}

static inline bool
view_address_used(const struct view *view, uint32_t place)
{
	return view->addresses_used[place / 64] >> place % 64 & 1;
}

/* The entry of an address, or NULL. The table is more than twice as large as the sum of all slots,
 * so the walk ends at an unused place. [worker] */
static inline const struct view_address *
view_find(const struct view *view, const struct address *address)
{
	for (uint32_t i = view_address_place(view, address); view_address_used(view, i);
	     i = (i + 1) & (VIEW_ADDRESS_SLOTS - 1))
		if (address_equal(&view->addresses[i].address, address))
			return &view->addresses[i];
	return NULL;
}

static inline const struct view_space *
view_space(const struct view *view, unsigned worker, enum view_family family)
{
	return &view->spaces[worker * FAMILY_COUNT + family];
}

#endif
