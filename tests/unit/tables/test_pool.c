/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables derived from a pool: the shares of weighted draws, and the consistent-hash ring. */
#include "dataplane/tables/pool.h"

#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "dataplane/tables/random.h"
#include "tests/unit/pipeline/pipeline_frame.h"
#include "tests/unit/pipeline/pipeline_snapshot.h"
#include "tests/unit/pipeline/pipeline_statistics.h"
#include "tests/unit/suite.h"

#define SEED UINT64_C(0x1122334455667788)

/* A snapshot whose pool 0 has `count` members: member i is upstream "server-<i>" in slot
 * `slot(i)`. */
static struct snapshot *
members_make(unsigned count, enum policy policy, const uint16_t *weights, bool turned)
{
	struct snapshot *s = pipeline_snapshot_resize(pipeline_snapshot_new(), 2, count, 0, 0);

	s->upstream_count = turned ? SNAPSHOT_UPSTREAMS_MAX : count;
	memset(s->upstreams, 0, sizeof(s->upstreams));
	s->pools[0].policy = (uint8_t)policy;
	s->pools[0].hash_seed = SEED;
	s->pools[0].member_count = count;
	for (unsigned i = 0; i < count; i++) {
		const unsigned slot = turned ? (i * 7 + 3) % SNAPSHOT_UPSTREAMS_MAX : i;
		const unsigned place = turned ? count - 1 - i : i;

		s->upstreams[slot] = (struct snapshot_upstream){
			.port = be16_from(53), .state = SLOT_ACTIVE, .usable = 1, .resolved = 1};
		snprintf(s->upstreams[slot].name, sizeof(s->upstreams[slot].name), "server-%u", i);
		snapshot_members(s)[place] = (struct pool_member){
			.upstream = (uint16_t)slot, .weight = weights != NULL ? weights[i] : 1};
	}
	return s;
}

static struct pool
pool_new(const struct snapshot *s)
{
	struct pool pool;

	if (pool_derive(s, 0, &pool) != 0)
		abort();
	return pool;
}

/* Every member's share of the alias table is its weight's, to a precision of 32 bits. */
static void
test_aliases(void)
{
	static const struct {
		unsigned count;
		uint16_t weights[8];
	} rows[] = {
		{1, {1}},
		{1, {10000}},
		{2, {1, 1}},
		{3, {1, 2, 5}},
		{5, {10000, 1, 1, 1, 1}},
		{8, {1, 2, 3, 4, 5, 6, 7, 8}},
		{7, {3, 3, 3, 3, 3, 3, 1}},
	};

	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct snapshot *s =
			members_make(rows[row].count, POLICY_RANDOM, rows[row].weights, false);
		struct pool pool = pool_new(s);
		double share[8] = {0}, sum = 0;

		CU_ASSERT_EQUAL_FATAL(pool.usable_count, rows[row].count);
		for (unsigned i = 0; i < rows[row].count; i++) {
			const struct pool_alias *a = &pool.aliases[i];
			const double own = a->own.upstream == a->other.upstream
						   ? 1
						   : a->threshold / 4294967296.0;

			share[a->own.upstream] += own / rows[row].count;
			share[a->other.upstream] += (1 - own) / rows[row].count;
			sum += rows[row].weights[i];
		}
		for (unsigned i = 0; i < rows[row].count; i++)
			SUITE_ASSERT(share[i] > rows[row].weights[i] / sum - 1e-8 &&
					     share[i] < rows[row].weights[i] / sum + 1e-8,
				     "row %zu: member %u has %f", row, i, share[i]);
		pool_release(&pool);
		free(s);
	}
}

/* Draws, 1:2:5. */
static void
test_draws(void)
{
	static const uint16_t weights[] = {1, 2, 5};
	static struct random_stream random;
	const uint8_t seed[32] = {0x77};
	struct snapshot *s = members_make(3, POLICY_RANDOM, weights, false);
	struct pool pool = pool_new(s);
	double counts[3] = {0}, chi = 0;

	random_init_seeded(&random, seed);
	for (int n = 0; n < 80000; n++)
		counts[pool_draw(&pool, random_u64(&random)).upstream]++;
	for (int i = 0; i < 3; i++) {
		const double wanted = 10000.0 * weights[i];

		chi += (counts[i] - wanted) * (counts[i] - wanted) / wanted;
	}
	SUITE_ASSERT(chi_square_plausible(chi_square_survival(chi, 2)), "%.0f %.0f %.0f", counts[0],
		     counts[1], counts[2]);
	pool_release(&pool);
	free(s);
}

/* The name that each entry of the ring belongs to. */
static void
ring_names(const struct snapshot *s, const struct pool *pool, const char *names[POOL_RING_SIZE])
{
	for (uint32_t i = 0; i < POOL_RING_SIZE; i++)
		names[i] = s->upstreams[pool->usable[pool->ring[i]].upstream].name;
}

static unsigned
ring_share(const char *names[POOL_RING_SIZE], const char *name)
{
	unsigned share = 0;

	for (uint32_t i = 0; i < POOL_RING_SIZE; i++)
		share += strcmp(names[i], name) == 0;
	return share;
}

static void
test_ring_shares(void)
{
	static const uint16_t weights[] = {1, 2, 5};
	static const char *names[POOL_RING_SIZE];
	struct snapshot *s = members_make(3, POLICY_HASH, weights, false);
	struct pool pool = pool_new(s);

	ring_names(s, &pool, names);
	for (unsigned i = 0; i < 3; i++) {
		const unsigned wanted = POOL_RING_SIZE * weights[i] / 8;
		unsigned share = ring_share(names, s->upstreams[i].name);

		SUITE_ASSERT(share + 2 >= wanted && share <= wanted + 2, "%s: %u of %u",
			     s->upstreams[i].name, share, wanted);
	}
	pool_release(&pool);
	free(s);

	s = members_make(SNAPSHOT_UPSTREAMS_MAX, POLICY_HASH, NULL, false);
	pool = pool_new(s);
	ring_names(s, &pool, names);
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		unsigned share = ring_share(names, s->upstreams[i].name);

		SUITE_ASSERT(share >= 128 && share <= 129, "%s: %u of 512", s->upstreams[i].name,
			     share);
	}
	pool_release(&pool);
	free(s);
}

/* The ring depends on the pool's seed, not on slots or the order of members. These first entries
 * are fixed: every release must produce them. */
static void
test_ring_same(void)
{
	static const char *one[POOL_RING_SIZE], *other[POOL_RING_SIZE];
	static const uint16_t weights[] = {3, 1, 4, 1, 5, 9, 2, 6};
	struct snapshot *a = members_make(8, POLICY_HASH, weights, false);
	struct snapshot *b = members_make(8, POLICY_HASH, weights, true);
	struct pool pool_a = pool_new(a), pool_b = pool_new(b);
	unsigned differ = 0;
	char text[128] = "";

	ring_names(a, &pool_a, one);
	ring_names(b, &pool_b, other);
	for (uint32_t i = 0; i < POOL_RING_SIZE; i++)
		differ += strcmp(one[i], other[i]) != 0;
	CU_ASSERT_EQUAL(differ, 0);
	for (unsigned i = 0; i < 32; i++)
		strncat(text, one[i] + strlen("server-"), 1);
	SUITE_ASSERT(strcmp(text, "05555565052447200227755555555274") == 0,
		     "the ring begins with %s", text);
	pool_release(&pool_b);

	b->pools[0].hash_seed++;
	pool_b = pool_new(b);
	ring_names(b, &pool_b, other);
	for (uint32_t i = 0; i < POOL_RING_SIZE; i++)
		differ += strcmp(one[i], other[i]) != 0;
	SUITE_ASSERT(differ > POOL_RING_SIZE / 2, "%u entries differ with another seed", differ);
	pool_release(&pool_a);
	pool_release(&pool_b);
	free(a);
	free(b);
}

/* Members go down one after the other, not in the order of their names: only the entries of that
 * member change, they spread over the others by weight, and the ring is as before once they are
 * back. */
static void
test_ring_disturbance(void)
{
	static const char *before[POOL_RING_SIZE], *after[POOL_RING_SIZE], *first[POOL_RING_SIZE];
	static const unsigned order[] = {3, 7, 0, 5, 6, 1, 2};
	struct snapshot *s = members_make(8, POLICY_HASH, NULL, false);
	struct pool pool = pool_new(s);

	ring_names(s, &pool, before);
	memcpy(first, before, sizeof(first));
	pool_release(&pool);
	for (unsigned n = 0; n < 7; n++) {
		const char *gone = s->upstreams[order[n]].name;
		const unsigned share = ring_share(before, gone);
		unsigned strayed = 0;

		s->upstreams[order[n]].usable = 0;
		pool = pool_new(s);
		ring_names(s, &pool, after);
		for (uint32_t i = 0; i < POOL_RING_SIZE; i++)
			strayed += before[i] != after[i] && before[i] != gone;
		SUITE_ASSERT(strayed == 0, "%u entries of others moved when %s went", strayed,
			     gone);
		CU_ASSERT_EQUAL(ring_share(after, gone), 0);
		for (unsigned i = 0; i < 8; i++) {
			const double grown = (double)ring_share(after, s->upstreams[i].name) -
					     (double)ring_share(before, s->upstreams[i].name);
			const double wanted = (double)share / (7 - n);

			if (s->upstreams[i].usable)
				SUITE_ASSERT(grown > 0.9 * wanted && grown < 1.1 * wanted,
					     "%s got %.0f of the %u entries of %s",
					     s->upstreams[i].name, grown, share, gone);
		}
		memcpy(before, after, sizeof(before));
		pool_release(&pool);
	}
	for (unsigned i = 0; i < 8; i++)
		s->upstreams[i].usable = 1;
	pool = pool_new(s);
	ring_names(s, &pool, after);
	CU_ASSERT(memcmp(first, after, sizeof(first)) == 0);
	pool_release(&pool);
	free(s);
}

/* One of 512 left: it has every entry. Removing a member for good moves a few more entries. */
static void
test_ring_extremes(void)
{
	static const char *before[POOL_RING_SIZE], *after[POOL_RING_SIZE];
	struct snapshot *s = members_make(SNAPSHOT_UPSTREAMS_MAX, POLICY_HASH, NULL, false);
	struct snapshot *fewer = members_make(63, POLICY_HASH, NULL, false);
	struct pool pool;
	unsigned moved = 0;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		s->upstreams[i].usable = i == 77;
	pool = pool_new(s);
	ring_names(s, &pool, before);
	CU_ASSERT_EQUAL(ring_share(before, "server-77"), POOL_RING_SIZE);
	pool_release(&pool);
	free(s);

	s = members_make(64, POLICY_HASH, NULL, false);
	pool = pool_new(s);
	ring_names(s, &pool, before);
	pool_release(&pool);
	pool = pool_new(fewer);
	ring_names(fewer, &pool, after);
	for (uint32_t i = 0; i < POOL_RING_SIZE; i++)
		moved += strcmp(before[i], "server-63") != 0 && strcmp(before[i], after[i]) != 0;
	SUITE_ASSERT(moved < POOL_RING_SIZE / 20, "%u entries of the other 63 moved", moved);
	pool_release(&pool);
	free(s);
	free(fewer);
}

/* Usable members are those of the pool, not of the snapshot. */
static void
test_usable(void)
{
	struct snapshot *s = members_make(4, POLICY_FIRST, NULL, false);
	struct pool pool;

	s->upstreams[0].usable = 0;
	s->upstreams[1].resolved = 0;
	pool = pool_new(s);
	CU_ASSERT(pool.usable_count == 2 && pool.usable[0].upstream == 2 &&
		  pool.usable[1].upstream == 3);
	pool_release(&pool);
	s->upstreams[2].usable = s->upstreams[3].usable = 0;
	pool = pool_new(s);
	CU_ASSERT_EQUAL(pool.usable_count, 0);
	pool_release(&pool);
	s->no_upstream = NO_UPSTREAM_KEEP_TRYING;
	pool = pool_new(s);
	CU_ASSERT(pool.usable_count == 3 && pool.usable[0].upstream == 0 &&
		  pool.usable[2].upstream == 3);
	pool_release(&pool);
	s->pools[0].used = 0;
	pool = pool_new(s);
	CU_ASSERT_EQUAL(pool.usable_count, 0);
	pool_release(&pool);
	free(s);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"shares of draws", test_aliases},
			       {"draws", test_draws},
			       {"shares of the ring", test_ring_shares},
			       {"the same ring", test_ring_same},
			       {"members that fail", test_ring_disturbance},
			       {"extremes", test_ring_extremes},
			       {"usable members", test_usable},
			       CU_TEST_INFO_NULL};

	return sodium_init() < 0 ? 1 : suite_run("pool", tests);
}
