/* SPDX-License-Identifier: BSD-3-Clause */
/* Derives pools from a snapshot.
 * Runs:  the main thread.
 * Never: judges health: the snapshot says which upstreams are usable. */
#include "dataplane/tables/pool.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* The operator set it to drain or down: it gets no queries in any case. */
static bool
taken_out(const struct snapshot_upstream *u)
{
	return u->admin_state == ADMIN_DRAIN || u->admin_state == ADMIN_DOWN;
}

/* Collects the members that are resolved and healthy; if there are none and the configuration is
 * keep_trying, all that are resolved and not set to drain or down. */
static void
usable_fill(const struct snapshot *s, const struct snapshot_pool *from, struct pool *pool)
{
	const struct pool_member *members = snapshot_members(s) + from->member_first;

	for (int healthy = 1; healthy >= 0 && pool->usable_count == 0; healthy--) {
		if (!healthy && s->no_upstream != NO_UPSTREAM_KEEP_TRYING)
			return;
		for (uint32_t i = 0; i < from->member_count; i++) {
			const struct snapshot_upstream *u = &s->upstreams[members[i].upstream];

			if (u->state != SLOT_ACTIVE || !u->resolved ||
			    (healthy ? !u->usable : taken_out(u)))
				continue;
			pool->usable[pool->usable_count++] = members[i];
			pool->weight_sum += members[i].weight;
		}
	}
}

/* Vose's method in integers: member i has weight x count to distribute over entries that hold
 * weight_sum each; an entry that its own member does not fill is filled up from a member with a
 * surplus. */
static int
aliases_fill(struct pool *pool)
{
	const uint32_t count = pool->usable_count;
	uint64_t *left = calloc(count, sizeof(*left));
	uint32_t *stack = calloc(count, sizeof(*stack));
	/* members with a deficit are stacked from the bottom up, those with a surplus from the
	 * top down */
	uint32_t small = 0, large = count;
	int status = left == NULL || stack == NULL ? -ENOMEM : 0;

	for (uint32_t i = 0; status == 0 && i < count; i++) {
		left[i] = (uint64_t)pool->usable[i].weight * count;
		stack[left[i] < pool->weight_sum ? small++ : --large] = i;
		pool->aliases[i] =
			(struct pool_alias){UINT32_MAX, pool->usable[i], pool->usable[i]};
	}
	while (status == 0 && small > 0 && large < count) {
		const uint32_t poor = stack[--small], rich = stack[large++];

		pool->aliases[poor].threshold = (uint32_t)((left[poor] << 32) / pool->weight_sum);
		pool->aliases[poor].other = pool->usable[rich];
		left[rich] -= pool->weight_sum - left[poor];
		stack[left[rich] < pool->weight_sum ? small++ : --large] = rich;
	}
	free(left);
	free(stack);
	return status;
}

int
pool_derive(const struct snapshot *s, unsigned index, struct pool *pool)
{
	const struct snapshot_pool *from = &s->pools[index];
	int status = 0;

	*pool = (struct pool){0};
	if (!from->used)
		return 0;
	pool->policy = from->policy;
	pool->load_percent = from->load_percent;
	pool->hash_seed = from->hash_seed;
	pool->usable = calloc(from->member_count + 1u, sizeof(*pool->usable));
	if (pool->usable == NULL)
		return -ENOMEM;
	usable_fill(s, from, pool);
	if (pool->usable_count == 0)
		return 0;
	if (pool->policy == POLICY_LEAST_OUTSTANDING || pool->policy == POLICY_RANDOM) {
		pool->aliases = calloc(pool->usable_count, sizeof(*pool->aliases));
		status = pool->aliases != NULL ? aliases_fill(pool) : -ENOMEM;
	}
	if (pool->policy == POLICY_HASH) {
		pool->ring = malloc(POOL_RING_SIZE * sizeof(*pool->ring));
		status = pool->ring != NULL ? pool_ring_fill(s, from, pool) : -ENOMEM;
	}
	return status;
}

void
pool_release(struct pool *pool)
{
	free(pool->usable);
	free(pool->aliases);
	free(pool->ring);
}
