/* SPDX-License-Identifier: BSD-3-Clause */
/* Picks the upstream of each query by its pool's policy.
 * Pipeline: coalesce -> [choose] -> draw
 * Runs:     workers; reads the view and this worker's own counts of queries in flight.
 * Never:    judges health: ephemerad decides which members of a pool are usable. */
#include "dataplane/pipeline/choose.h"

#include "dataplane/pipeline/stages.h"

/* Result of the first pass: an upstream, or two to compare, or a hash to look up. */
struct choice {
	struct pool_member first, second;
	uint64_t hash;
};

static struct pool_member
choose_round_robin(struct worker_pool *state, const struct pool *pool)
{
	if (++state->next >= pool->usable_count)
		state->next = 0;
	return pool->usable[state->next];
}

/* First pass: does what needs no memory outside the caches, and prefetches the rest. */
static void
choice_begin(struct worker *w, struct burst *b, uint8_t i, struct choice *choice)
{
	const struct packet *p = &b->packets[i];
	const struct pool *pool = &w->view->pools[p->pool];

	switch ((enum policy)pool->policy) {
	case POLICY_LEAST_OUTSTANDING:
		choice->second = pool_draw(pool, random_u64(&w->random));
		rte_prefetch0(&w->stats->upstreams[choice->second.upstream]);
		choice->first = pool_draw(pool, random_u64(&w->random));
		break;
	case POLICY_RANDOM:
		choice->first = pool_draw(pool, random_u64(&w->random));
		break;
	case POLICY_HASH:
		choice->hash =
			choose_hash_name(pool, packet_question(b, i), p->question_bytes - 4u);
		rte_prefetch0(&pool->ring[pool_ring_place(choice->hash)]);
		return;
	case POLICY_ROUND_ROBIN:
		choice->first = choose_round_robin(&w->pools[p->pool], pool);
		break;
	case POLICY_FIRST:
		choice->first = pool->usable[0];
		break;
	}
	rte_prefetch0(&w->stats->upstreams[choice->first.upstream]);
}

/* Of two drawn at random by weight, the one with fewer queries in flight per unit of weight: almost
 * as good as comparing all, at the cost of two (Mitzenmacher 2001). */
static struct pool_member
choose_less(const struct worker *w, const struct choice *choice)
{
	const uint64_t first = w->stats->upstreams[choice->first.upstream].in_flight;
	const uint64_t second = w->stats->upstreams[choice->second.upstream].in_flight;

	return second * choice->first.weight < first * choice->second.weight ? choice->second
									     : choice->first;
}

static uint16_t
choice_end(struct worker *w, const struct packet *p, const struct choice *choice)
{
	const struct pool *pool = &w->view->pools[p->pool];

	if (pool->policy == POLICY_LEAST_OUTSTANDING)
		return choose_less(w, choice).upstream;
	if (pool->policy == POLICY_HASH)
		return choose_hash(w, p->pool, choice->hash);
	return choice->first.upstream;
}

void
choose(struct worker *w, struct burst *b)
{
	struct choice choices[BURST_MAX];

	for (uint32_t n = 0; n < b->query_count; n++)
		choice_begin(w, b, b->queries[n], &choices[n]);
	for (uint32_t n = 0; n < b->query_count; n++) {
		struct packet *p = &b->packets[b->queries[n]];

		p->upstream = choice_end(w, p, &choices[n]);
		w->stats->upstreams[p->upstream].in_flight++;
	}
}
