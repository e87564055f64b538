/* SPDX-License-Identifier: BSD-3-Clause */
/* The pools of upstreams as workers see them: who can be given queries now, and what each policy
 * looks things up in. Part of a view: made by the main thread, immutable while workers use it. */
#ifndef EPHEMERA_DATAPLANE_TABLES_POOL_H
#define EPHEMERA_DATAPLANE_TABLES_POOL_H

#include <stdint.h>

#include "dataplane/shared/snapshot.h"

/* Entries of a consistent-hash ring; a prime, as Maglev hashing wants. */
#define POOL_RING_SIZE 65537

/* An entry of an alias table: a draw that falls on it takes `own` if its fraction is below the
 * threshold, else `other` (Walker 1977, Vose 1991: a draw by weight in constant time). */
struct pool_alias {
	uint32_t threshold; /* of 2^32 */
	struct pool_member own, other;
};

struct pool {
	uint8_t policy; /* enum policy */
	uint16_t load_percent;
	uint32_t usable_count;
	uint64_t hash_seed;
	uint64_t weight_sum;	    /* of the usable ones */
	struct pool_member *usable; /* in the order of the configuration */
	struct pool_alias *aliases; /* [usable_count]; of policies that draw by weight, else NULL */
	uint16_t *ring; /* [POOL_RING_SIZE], indexes of `usable`; of POLICY_HASH, else NULL */
};

/* Derives pool `index` of a snapshot, an unused one too. 0 or -ENOMEM, and then pool_release() is
 * due all the same. [main] */
int pool_derive(const struct snapshot *snapshot, unsigned index, struct pool *pool);

void pool_release(struct pool *pool); /* [main] */

/* Fills the ring of a pool with at least one usable member: Maglev hashing (Eisenbud et al., NSDI
 * 2016, section 3.4) over ALL its members, each with its weight's share of the entries; the entries
 * of one that is not usable go to others. Only names, weights, the pool's seed and which members
 * are usable decide: the ring is the same on each machine, whatever the slots and the order of the
 * members. While a member is not usable, no entry but its own changes hands. 0 or -ENOMEM.
 * [main] */
int pool_ring_fill(const struct snapshot *snapshot, const struct snapshot_pool *from,
		   struct pool *pool);

/* The next place in the ring that a hash goes to. [any] */
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

/* One of the usable members by weight, from 64 random bits. There must be one. [worker] */
static inline struct pool_member
pool_draw(const struct pool *pool, uint64_t random)
{
	const uint64_t place = (random & UINT32_MAX) * pool->usable_count >> 32;
	const struct pool_alias *alias = &pool->aliases[place];

	return (uint32_t)(random >> 32) < alias->threshold ? alias->own : alias->other;
}

#endif
