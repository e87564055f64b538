/* SPDX-License-Identifier: BSD-3-Clause */
/* The pools of upstreams as workers see them: the usable members, and the table of the pool's
 * policy. Part of a view: made by the main thread, immutable while workers use it. */
#ifndef EPHEMERA_DATAPLANE_TABLES_POOL_H
#define EPHEMERA_DATAPLANE_TABLES_POOL_H

#include <stdint.h>

#include "dataplane/shared/snapshot.h"

/* Entries of a consistent-hash ring; a prime, as Maglev hashing requires. */
#define POOL_RING_SIZE 65537

/* An entry of an alias table: a draw of this entry selects `own` if its fraction is below the
 * threshold, else `other` (Walker 1977, Vose 1991: a weighted draw in constant time). */
struct pool_alias {
	uint32_t threshold; /* fraction of 2^32 */
	struct pool_member own, other;
};

struct pool {
	uint8_t policy; /* enum policy */
	uint16_t load_percent;
	uint32_t usable_count;
	uint64_t hash_seed;
	uint64_t weight_sum;	    /* of the usable members */
	struct pool_member *usable; /* in the order of the configuration */
	struct pool_alias *aliases; /* [usable_count]; NULL unless the policy draws by weight */
	uint16_t *ring; /* [POOL_RING_SIZE], indexes of `usable`; NULL unless POLICY_HASH */
};

/* Derives pool `index` of a snapshot, used or not. 0 or -ENOMEM; pool_release() is needed in either
 * case. [main] */
int pool_derive(const struct snapshot *snapshot, unsigned index, struct pool *pool);

void pool_release(struct pool *pool); /* [main] */

/* Fills the ring of a pool with at least one usable member: Maglev hashing (Eisenbud et al., NSDI
 * 2016, section 3.4) over ALL its members, each with its weight's share of the entries; entries of
 * unusable members are assigned to others. The ring depends only on names, weights, the pool's seed
 * and which members are usable: it is the same on every machine, whatever the slots and the order
 * of the members. When a member becomes unusable, only its own entries change. 0 or -ENOMEM.
 * [main] */
int pool_ring_fill(const struct snapshot *snapshot, const struct snapshot_pool *from,
		   struct pool *pool);

/* The next hash to try in the ring after `hash`. [any] */
static inline uint64_t
pool_ring_step(uint64_t hash)
{
	hash ^= hash >> 29;
	return hash * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x7f4a7c159e3779b9);
}

static inline uint32_t
pool_ring_place(uint64_t hash)
{
	return (uint32_t)((hash >> 32) * POOL_RING_SIZE >> 32);
}

/* Draws a usable member by weight, from 64 random bits. There must be one. [worker] */
static inline struct pool_member
pool_draw(const struct pool *pool, uint64_t random)
{
	const uint64_t place = (random & UINT32_MAX) * pool->usable_count >> 32;
	const struct pool_alias *alias = &pool->aliases[place];

	return (uint32_t)(random >> 32) < alias->threshold ? alias->own : alias->other;
}

#endif
