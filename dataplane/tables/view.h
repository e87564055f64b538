/* SPDX-License-Identifier: BSD-3-Clause */
/* What the workers look at: a snapshot, and the tables derived from it when it was adopted.
 *
 * Made by the main thread (view_make), immutable while workers use it, freed by the main thread
 * after every worker passed a quiescent state (adopt.h). Hash tables are keyed with a secret of
 * this process. */
#ifndef EPHEMERA_DATAPLANE_TABLES_VIEW_H
#define EPHEMERA_DATAPLANE_TABLES_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/tables/limit_table.h"
#include "dataplane/tables/owner.h"
#include "dataplane/tables/pool.h"
#include "dataplane/tables/route_table.h"
#include "dataplane/shared/snapshot.h"

#define VIEW_NONE	   UINT16_MAX
#define VIEW_ADDRESS_SLOTS 2048 /* of the address table: 64 + 256 + 512 addresses at most */

enum view_family {
	FAMILY_IPV4,
	FAMILY_IPV6,
	FAMILY_COUNT,
};

/* All that an address of the snapshot is. Services and upstreams on one address and several ports
 * are chained. */
struct view_address {
	struct address address;
	uint16_t source;	 /* slot, or VIEW_NONE */
	uint16_t first_service;	 /* slot, or VIEW_NONE */
	uint16_t first_upstream; /* slot, or VIEW_NONE */
};

/* A source address that a worker may draw, and the ports that are its there. */
struct view_source {
	const uint16_t *ports; /* host order */
	uint32_t port_count;   /* never 0 */
	uint16_t slot;
};

/* All that a worker may draw from in one family. */
struct view_space {
	uint32_t source_count;
	struct view_source sources[SNAPSHOT_SOURCES_MAX];
};

struct view {
	struct snapshot *snapshot; /* owned */
	uint64_t seed;		   /* random: no two views have the same */
	uint32_t timeout_ticks;	   /* snapshot's timeout in the ticks of flow.h */

	struct limit_rule limit;
	struct routes routes;
	uint32_t
		/* pools of the snapshot with no upstream that queries may be given to now */
		empty_pools;
	struct pool pools[SNAPSHOT_POOLS_MAX];

	uint16_t next_service[SNAPSHOT_SERVICES_MAX];
	uint16_t next_upstream[SNAPSHOT_UPSTREAMS_MAX];
	uint64_t address_keys[2]; /* of the hash below */
	uint64_t addresses_used[VIEW_ADDRESS_SLOTS / 64];
	struct view_address addresses[VIEW_ADDRESS_SLOTS];

	struct owner_map owners;
	uint32_t worker_count;
	struct view_space *spaces; /* [worker_count][FAMILY_COUNT] */
	uint16_t *ports;	   /* the lists that spaces point into */
};

/* Derives a view from a snapshot that snapshot_validate() accepted, and takes ownership of it.
 * `owners` remembers from view to view who owns what. 0, or -ENOMEM (the snapshot is then still the
 * caller's). [main] */
int view_make(struct snapshot *snapshot, struct owners *owners, uint64_t tsc_hz,
	      struct view **view);

void view_free(struct view *view); /* [main] NULL is fine */

/* Where in the table to look for an address first: a product of two keyed halves (NH; Black et al.,
 * CRYPTO 1999). Only the snapshot's addresses are ever put there. */
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

/* What an address is, or NULL. The table is twice as large as the sum of all slots: the walk comes
 * to a place that is not used. [worker] */
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
