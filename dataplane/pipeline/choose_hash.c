/* SPDX-License-Identifier: BSD-3-Clause */
/* Consistent hashing with bounded load.
 * Pipeline: called by choose, for pools with POLICY_HASH.
 * Runs:     workers.
 * Never:    uses a secret: all machines must make the same choice. */
#include "dataplane/pipeline/choose.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define LOAD_TRIES 16 /* places tried to find a member below its bound */

/* TSC cycles per member between two sums of the load: summing takes less than 1 % of the time */
#define LOAD_MEMBER_CYCLES 512

uint64_t
choose_hash_name(const struct pool *pool, const uint8_t *name, uint32_t name_bytes)
{
	uint64_t lower[(DNS_NAME_BYTES_MAX + 7) / 8];

	for (uint32_t n = 0; n * 8 < name_bytes; n++)
		lower[n] = case_lower(case_load(name, name_bytes, n));
	return XXH3_64bits_withSeed(lower, name_bytes, pool->hash_seed);
}

/* Queries in flight at the pool's usable members: the last sum, plus those assigned since. */
static uint64_t
load_sum(struct worker *w, struct worker_pool *state, const struct pool *pool)
{
	if (w->now_tsc - state->load_tsc >= (uint64_t)pool->usable_count * LOAD_MEMBER_CYCLES) {
		state->load = 0;
		for (uint32_t i = 0; i < pool->usable_count; i++)
			state->load += w->stats->upstreams[pool->usable[i].upstream].in_flight;
		state->load_tsc = w->now_tsc;
	}
	return state->load++;
}

uint16_t
choose_hash(struct worker *w, uint8_t index, uint64_t hash)
{
	const struct pool *pool = &w->view->pools[index];
	const struct pool_member *member = &pool->usable[pool->ring[pool_ring_place(hash)]],
				 *least = member;
	uint64_t share, in_flight, least_in_flight;

	if (pool->load_percent == 0)
		return member->upstream;
	share = (load_sum(w, &w->pools[index], pool) + 1) * pool->load_percent;
	least_in_flight = w->stats->upstreams[least->upstream].in_flight;
	for (unsigned tries = 0; tries < LOAD_TRIES; tries++) {
		in_flight = w->stats->upstreams[member->upstream].in_flight;
		/* Below the bound, rounded up: in_flight < share / 100 x weight / weight_sum. */
		if (likely(in_flight * 100 * pool->weight_sum < share * member->weight))
			return member->upstream;
		if (in_flight * least->weight < least_in_flight * member->weight) {
			least = member;
			least_in_flight = in_flight;
		}
		hash = pool_ring_step(hash);
		member = &pool->usable[pool->ring[pool_ring_place(hash)]];
	}
	return least->upstream;
}
