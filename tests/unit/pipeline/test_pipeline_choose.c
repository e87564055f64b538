/* SPDX-License-Identifier: BSD-3-Clause */
/* How single upstreams are chosen: round robin of several pools side by side, and the bounds of
 * bounded load, where one query in flight decides. test_pipeline_policy.c has the shares of many
 * queries. */
#include "tests/unit/pipeline/pipeline_clients.h"
#include "tests/unit/suite.h"

#include "dataplane/pipeline/choose.h"

#define OTHER_POOL 1 /* of PIPELINE_SERVICE_OTHER_PORT */

static struct rig rig;

/* Two pools of upstreams 0, 1 and 4, with weights 1, 2 and 5. */
static struct snapshot *
two_pools(enum policy policy, uint16_t load_percent)
{
	static const struct pool_member row[] = {
		{.upstream = PIPELINE_UPSTREAM_IPV4, .weight = 1},
		{.upstream = PIPELINE_UPSTREAM_IPV4_SECOND, .weight = 2},
		{.upstream = PIPELINE_UPSTREAM_OTHER_PORT, .weight = 5}};
	struct snapshot *s = pipeline_snapshot_resize(pipeline_snapshot_new(), 2, 6, 0, 0);

	for (unsigned i = 0; i < 2; i++) {
		memcpy(snapshot_members(s) + 3 * i, row, sizeof(row));
		s->pools[i] = (struct snapshot_pool){.used = 1,
						     .policy = (uint8_t)policy,
						     .load_percent = load_percent,
						     .hash_seed = 42 + i,
						     .member_first = 3 * i,
						     .member_count = 3};
	}
	s->services[PIPELINE_SERVICE_OTHER_PORT].pool = OTHER_POOL;
	pipeline_snapshot_usable(s, 0x1f);
	return s;
}

static uint64_t
upstream_queries(unsigned upstream)
{
	return rig.stats[0].upstreams[upstream].queries;
}

/* Each pool has its own round robin: queries of two pools, alternating. */
static void
test_turns(void)
{
	static const unsigned upstreams[] = {PIPELINE_UPSTREAM_IPV4, PIPELINE_UPSTREAM_IPV4_SECOND,
					     PIPELINE_UPSTREAM_OTHER_PORT};

	rig_open(&rig, NULL);
	rig_publish(&rig, two_pools(POLICY_ROUND_ROBIN, 0));
	rig_begin(&rig, "round robin of two pools");
	for (unsigned n = 0; n < 60; n++) {
		struct pipeline_ends ends = rig_client_ends(&rig, false);
		struct pipeline_dns query;
		char name[32];

		ends.destination_port = n & 1 ? 5353 : 53;
		snprintf(name, sizeof(name), "n%u.example.net", n);
		pipeline_dns_query(&query, (uint16_t)n, name, 1, 1);
		rig_ask(&rig, &ends, &query);
		/* The n-th queries of both pools go to the same upstream. */
		for (unsigned i = 0; i < 3 && (n & 1); i++)
			rig_check(&rig, upstream_queries(upstreams[i]) % 2 == 0,
				  "pair %u went to two upstreams", n / 2);
	}
	for (unsigned i = 0; i < 3; i++)
		rig_check(&rig, upstream_queries(upstreams[i]) == 20, "upstream %u: %lu",
			  upstreams[i], upstream_queries(upstreams[i]));
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* A name's hash is the same in any letter case, and differs between seeds, names and lengths. */
static void
test_hash_name(void)
{
	static const uint8_t name[] = "\4hOsT\7example\3NET", lower[] = "\4host\7example\3net",
			     other[] = "\4hosu\7example\3net";
	const struct pool one = {.hash_seed = 1}, two = {.hash_seed = 2};
	const uint64_t hash = choose_hash_name(&one, lower, sizeof(lower));

	CU_ASSERT_EQUAL(choose_hash_name(&one, name, sizeof(name)), hash);
	CU_ASSERT_NOT_EQUAL(choose_hash_name(&two, lower, sizeof(lower)), hash);
	CU_ASSERT_NOT_EQUAL(choose_hash_name(&one, other, sizeof(other)), hash);
	CU_ASSERT_NOT_EQUAL(choose_hash_name(&one, lower, sizeof(lower) - 1), hash);
}

/* The hash depends on every byte of the name and on the seed, and on nothing else, for every
 * length. */
static void
test_hash_bytes(void)
{
	const struct pool pool = {.hash_seed = 7};
	uint8_t name[DNS_NAME_BYTES_MAX];

	memset(name, 'a', sizeof(name));
	for (uint32_t bytes = 1; bytes <= sizeof(name); bytes++) {
		const uint64_t hash = choose_hash_name(&pool, name, bytes);

		for (uint32_t at = 0; at < bytes; at++) {
			name[at] = 'b';
			SUITE_ASSERT(choose_hash_name(&pool, name, bytes) != hash, "byte %u of %u",
				     at, bytes);
			name[at] = 'a';
			SUITE_ASSERT(choose_hash_name(&pool, name, bytes) == hash,
				     "%u bytes, after byte %u", bytes, at);
		}
	}
}

/* ---- bounded load ---- */

/* Sets the queries in flight at upstreams 0, 1 and 4. */
struct flight {
	uint64_t one, two, five;
};

static void
flight_set(const struct flight *flight)
{
	struct upstream_stats *stats = rig.workers[0]->stats->upstreams;

	stats[PIPELINE_UPSTREAM_IPV4].in_flight = flight->one;
	stats[PIPELINE_UPSTREAM_IPV4_SECOND].in_flight = flight->two;
	stats[PIPELINE_UPSTREAM_OTHER_PORT].in_flight = flight->five;
}

/* The upstream at the `step`th place that a hash selects in the other pool. */
static unsigned
place_of(uint64_t hash, unsigned step)
{
	const struct pool *pool = &rig.view->pools[OTHER_POOL];

	while (step-- > 0)
		hash = pool_ring_step(hash);
	return pool->usable[pool->ring[pool_ring_place(hash)]].upstream;
}

static uint64_t
hash_next(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return pool_ring_step(pool_ring_step(*state));
}

/* Makes the pool sum its load again at this time. */
static void
bound_open(uint16_t load_percent)
{
	struct worker *w;

	rig_open(&rig, NULL);
	rig_publish(&rig, two_pools(POLICY_HASH, load_percent));
	rig_begin(&rig, "bounded load");
	rig_run(&rig);
	w = rig.workers[0];
	w->now_tsc += UINT64_C(1) << 40;
	/* The sum of one pool must not affect another. */
	w->pools[0] = (struct worker_pool){.load = 1000000, .load_tsc = w->now_tsc};
}

static void
bound_close(void)
{
	flight_set(&(struct flight){0});
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* A name of the upstream with weight 5 stays there while fewer queries than its share are in
 * flight: 5/8 of those in flight including this one, times the percentage. */
static void
test_border(void)
{
	static const struct {
		const char *description;
		uint16_t percent;
		struct flight flight;
		bool stays;
	} rows[] = {
		{"nothing in flight", 100, {0, 0, 0}, true},
		{"9 of 15: below 10", 100, {2, 4, 9}, true},
		{"10 of 15: exactly its share", 100, {2, 3, 10}, false},
		{"10 of 16: below 10.6", 100, {2, 4, 10}, true},
		{"all 3 are here: above 2.5", 100, {0, 0, 3}, false},
		{"all 2 are here: above 1.9", 100, {0, 0, 2}, false},
		{"the 1 is here: below 1.25", 100, {0, 0, 1}, true},
		{"29 of 31, half more: below 30", 150, {1, 1, 29}, true},
		{"30 of 31, half more: exactly its share", 150, {1, 0, 30}, false},
		{"30 of 32, half more: below 30.9", 150, {1, 1, 30}, true},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		uint64_t hash, state = 1;
		unsigned upstream;

		bound_open(rows[i].percent);
		do
			hash = hash_next(&state);
		while (place_of(hash, 0) != PIPELINE_UPSTREAM_OTHER_PORT ||
		       place_of(hash, 1) == PIPELINE_UPSTREAM_OTHER_PORT);
		flight_set(&rows[i].flight);
		upstream = choose_hash(rig.workers[0], OTHER_POOL, hash);
		SUITE_ASSERT((upstream == PIPELINE_UPSTREAM_OTHER_PORT) == rows[i].stays,
			     "%s: upstream %u", rows[i].description, upstream);
		bound_close();
	}
}

/* The sum is refreshed at intervals, and counts queries assigned since: it bounds the queries of a
 * burst, too. Ended queries are subtracted at the next refresh. */
static void
test_sum(void)
{
	uint64_t hash, state = 1;
	struct worker *w;

	bound_open(100);
	w = rig.workers[0];
	do
		hash = hash_next(&state);
	while (place_of(hash, 0) != PIPELINE_UPSTREAM_OTHER_PORT ||
	       place_of(hash, 1) == PIPELINE_UPSTREAM_OTHER_PORT);
	flight_set(&(struct flight){2, 3, 10});
	CU_ASSERT_NOT_EQUAL(choose_hash(w, OTHER_POOL, hash),
			    PIPELINE_UPSTREAM_OTHER_PORT); /* 10 of 15 */
	CU_ASSERT_EQUAL(choose_hash(w, OTHER_POOL, hash),
			PIPELINE_UPSTREAM_OTHER_PORT); /* 10 of 16 */
	w->now_tsc += UINT64_C(1) << 20;
	CU_ASSERT_NOT_EQUAL(choose_hash(w, OTHER_POOL, hash),
			    PIPELINE_UPSTREAM_OTHER_PORT); /* 10 of 15 again */
	bound_close();
}

/* If no place tried is below its bound, the upstream with the lowest load per weight is chosen;
 * else the first one below its bound, if not the home. */
static void
test_least(void)
{
	static const struct {
		const char *description;
		struct flight flight;
		unsigned upstream;
	} rows[] = {
		{"4 per weight, not 5", {1, 10, 20}, PIPELINE_UPSTREAM_OTHER_PORT},
		{"4.5 per weight, not 4.8", {1, 9, 24}, PIPELINE_UPSTREAM_IPV4_SECOND},
		{"room for one more", {2, 9, 25}, PIPELINE_UPSTREAM_IPV4_SECOND},
		{"4 per weight both: the first", {0, 8, 20}, PIPELINE_UPSTREAM_IPV4_SECOND},
	};
	static const unsigned places = 16; /* places that are tried: the seventeenth is not */

	for (size_t i = 0; i < 2 * RTE_DIM(rows); i++) {
		const unsigned home =
			i & 1 ? PIPELINE_UPSTREAM_OTHER_PORT : PIPELINE_UPSTREAM_IPV4_SECOND;
		const unsigned second =
			PIPELINE_UPSTREAM_OTHER_PORT + PIPELINE_UPSTREAM_IPV4_SECOND - home;
		const bool tie = i / 2 == 3;
		uint64_t hash, state = 1;
		bool fits;
		unsigned upstream;

		bound_open(100);
		do {
			hash = hash_next(&state);
			fits = place_of(hash, 0) == home && place_of(hash, 1) == second &&
			       place_of(hash, places) == PIPELINE_UPSTREAM_IPV4;
			for (unsigned step = 0; fits && step < places; step++)
				fits = place_of(hash, step) != PIPELINE_UPSTREAM_IPV4;
		} while (!fits);
		flight_set(&rows[i / 2].flight);
		upstream = choose_hash(rig.workers[0], OTHER_POOL, hash);
		SUITE_ASSERT(upstream == (tie ? home : rows[i / 2].upstream),
			     "%s, home %u: upstream %u", rows[i / 2].description, home, upstream);
		bound_close();
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"round robin of two pools", test_turns},
			       {"hash of a name", test_hash_name},
			       {"bytes of a name's hash", test_hash_bytes},
			       {"bound of the load", test_border},
			       {"sum of the load", test_sum},
			       {"least load", test_least},
			       CU_TEST_INFO_NULL};

	if (!rig_eal_start())
		return 1;
	return suite_run("pipeline_choose", tests);
}
