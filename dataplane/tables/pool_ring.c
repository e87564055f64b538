/* SPDX-License-Identifier: BSD-3-Clause */
/* Fills the consistent-hash rings of pools.
 * Runs:  the main thread.
 * Never: uses a secret, a slot number or the order of members: the ring must be the same on every
 *        machine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dataplane/tables/pool.h"

#define RING_EMPTY UINT16_MAX
#define RING_TRIES 64 /* other places tried for an entry whose member is not usable */

/* A member while the ring is filled. */
struct ring_member {
	const char *name;
	uint64_t hash; /* of the name */
	uint32_t next; /* place in its permutation of the ring */
	uint32_t skip; /* to the next place */
	uint32_t weight;
	uint32_t credit; /* accumulates `weight` per round; a place costs the largest weight */
	uint16_t upstream;
	uint16_t usable; /* index, or RING_EMPTY */
};

static int
ring_member_compare(const void *a, const void *b)
{
	return strcmp(((const struct ring_member *)a)->name, ((const struct ring_member *)b)->name);
}

/* Lists all members, sorted by name. */
static void
ring_members_fill(const struct snapshot *s, const struct snapshot_pool *from,
		  const struct pool *pool, struct ring_member *members)
{
	const struct pool_member *listed = snapshot_members(s) + from->member_first;

	for (uint32_t i = 0; i < from->member_count; i++) {
		const char *name = s->upstreams[listed[i].upstream].name;
		const uint64_t hash = XXH3_64bits_withSeed(name, strlen(name), pool->hash_seed);

		members[i] = (struct ring_member){
			.name = name,
			.hash = hash,
			.next = (uint32_t)(hash % POOL_RING_SIZE),
			.skip = (uint32_t)((hash >> 32) % (POOL_RING_SIZE - 1)) + 1,
			.weight = listed[i].weight,
			.upstream = listed[i].upstream,
			.usable = RING_EMPTY,
		};
	}
	for (uint32_t i = 0; i < from->member_count; i++)
		for (uint16_t n = 0; n < pool->usable_count; n++)
			if (pool->usable[n].upstream == members[i].upstream)
				members[i].usable = n;
	qsort(members, from->member_count, sizeof(*members), ring_member_compare);
}

/* Takes the next free place of the member's permutation; there must be one. */
static void
ring_take(uint16_t *base, struct ring_member *member, uint16_t index)
{
	while (base[member->next] != RING_EMPTY)
		member->next = (member->next + member->skip) % POOL_RING_SIZE;
	base[member->next] = index;
}

/* Assigns every place of the ring to a member, by its index. */
static void
ring_base_fill(uint16_t *base, struct ring_member *members, uint32_t count)
{
	uint32_t largest = 1, left = POOL_RING_SIZE;

	memset(base, 0xff, POOL_RING_SIZE * sizeof(*base));
	for (uint32_t i = 0; i < count; i++)
		largest = members[i].weight > largest ? members[i].weight : largest;
	for (;;) {
		for (uint32_t i = 0; i < count; i++) {
			members[i].credit += members[i].weight;
			if (members[i].credit < largest)
				continue;
			members[i].credit -= largest;
			ring_take(base, &members[i], (uint16_t)i);
			if (--left == 0)
				return;
		}
	}
}

/* The usable member for an entry whose own member is not usable: tries other places, in an order
 * specific to the entry, so that the load of a failed member is spread; if none of them has a
 * usable member, takes the usable member with the highest hash. */
static uint16_t
ring_instead(const uint16_t *base, const struct ring_member *members, uint32_t count, uint64_t hash)
{
	const struct ring_member *best = NULL;
	uint64_t best_hash = 0;

	for (unsigned tries = 0; tries < RING_TRIES; tries++) {
		const struct ring_member *other;

		hash = pool_ring_step(hash);
		other = &members[base[pool_ring_place(hash)]];
		if (other->usable != RING_EMPTY)
			return other->usable;
	}
	for (uint32_t i = 0; i < count; i++) {
		const uint64_t score = pool_ring_step(pool_ring_step(members[i].hash ^ hash));

		if (members[i].usable == RING_EMPTY || (best != NULL && score <= best_hash))
			continue;
		best = &members[i];
		best_hash = score;
	}
	return best->usable;
}

int
pool_ring_fill(const struct snapshot *s, const struct snapshot_pool *from, struct pool *pool)
{
	struct ring_member *members = calloc(from->member_count, sizeof(*members));
	uint16_t *base = malloc(POOL_RING_SIZE * sizeof(*base));
	int status = -ENOMEM;

	if (members == NULL || base == NULL)
		goto free_both;
	ring_members_fill(s, from, pool, members);
	ring_base_fill(base, members, from->member_count);
	for (uint32_t i = 0; i < POOL_RING_SIZE; i++) {
		const uint16_t usable = members[base[i]].usable;

		pool->ring[i] = usable != RING_EMPTY
					? usable
					: ring_instead(base, members, from->member_count,
						       pool_ring_step(pool->hash_seed + i));
	}
	status = 0;
free_both:
	free(members);
	free(base);
	return status;
}
