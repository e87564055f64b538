/* SPDX-License-Identifier: BSD-3-Clause */
/* Which upstream of its pool each policy selects. test_pipeline_pools.c tests which pool. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/pipeline/pipeline_statistics.h"
#include "tests/unit/suite.h"

#include "dataplane/pipeline/choose.h"

static struct rig rig;

/* A client sends a query; returns the chosen upstream. With `answered`, it responds. */
static unsigned
ask(unsigned client, const char *name, uint16_t type, bool answered)
{
	struct pipeline_ends ends = rig_client_ends(&rig, false);
	const struct pipeline_sent *asked;
	struct pipeline_dns query, response;
	unsigned upstream;

	ends.source_port = (uint16_t)(10000 + client);
	pipeline_dns_query(&query, (uint16_t)client, name, type, 1);
	asked = rig_ask(&rig, &ends, &query);
	upstream = rig_upstream_of(&rig, asked);
	if (answered) {
		pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
		rig_response(&rig, asked, &response);
		rig_take_from(&rig, RIG_CLIENTS);
	}
	return upstream;
}

/* Upstreams 0, 1 and 4, which are reached over IPv4, with weights 1, 2 and 5. */
static struct snapshot *
weighted(enum policy policy, uint16_t load_percent)
{
	struct snapshot *s = pipeline_snapshot_new();
	struct pool_member *members = snapshot_members(s);

	members[0] = (struct pool_member){.upstream = PIPELINE_UPSTREAM_IPV4, .weight = 1};
	members[1] = (struct pool_member){.upstream = PIPELINE_UPSTREAM_IPV4_SECOND, .weight = 2};
	members[2] = (struct pool_member){.upstream = PIPELINE_UPSTREAM_OTHER_PORT, .weight = 5};
	s->pools[0].member_count = 3;
	s->pools[0].policy = (uint8_t)policy;
	s->pools[0].load_percent = load_percent;
	s->pools[0].hash_seed = 42;
	pipeline_snapshot_usable(s, 0x1f);
	return s;
}

static double
weights_p(const unsigned seen[PIPELINE_UPSTREAM_COUNT], unsigned asked)
{
	static const struct {
		unsigned upstream, weight;
	} shares[] = {{PIPELINE_UPSTREAM_IPV4, 1},
		      {PIPELINE_UPSTREAM_IPV4_SECOND, 2},
		      {PIPELINE_UPSTREAM_OTHER_PORT, 5}};
	double chi = 0;

	for (unsigned i = 0; i < 3; i++) {
		const double wanted = asked * shares[i].weight / 8.0,
			     off = seen[shares[i].upstream] - wanted;

		chi += off * off / wanted;
	}
	return chi_square_survival(chi, 2);
}

static void
ask_many(unsigned seen[PIPELINE_UPSTREAM_COUNT], unsigned count, bool answered,
	 const char *description)
{
	memset(seen, 0, PIPELINE_UPSTREAM_COUNT * sizeof(seen[0]));
	rig_begin(&rig, description);
	for (unsigned n = 0; n < count; n++) {
		char name[32];

		snprintf(name, sizeof(name), "host-%u.example.net", n);
		seen[ask(n, name, 1, answered)]++;
	}
	SUITE_ASSERT(rig_end(&rig) == 0, "%s", description);
}

static void
test_random(void)
{
	unsigned seen[PIPELINE_UPSTREAM_COUNT];

	rig_open(&rig, NULL);
	rig_publish(&rig, weighted(POLICY_RANDOM, 0));
	ask_many(seen, 1600, true, "random by weight");
	SUITE_ASSERT(chi_square_plausible(weights_p(seen, 1600)), "%u %u %u",
		     seen[PIPELINE_UPSTREAM_IPV4], seen[PIPELINE_UPSTREAM_IPV4_SECOND],
		     seen[PIPELINE_UPSTREAM_OTHER_PORT]);
	rig_close(&rig);
}

static void
test_first(void)
{
	struct snapshot *s;
	unsigned seen[PIPELINE_UPSTREAM_COUNT];

	rig_open(&rig, NULL);
	rig_publish(&rig, weighted(POLICY_FIRST, 0));
	ask_many(seen, 20, false, "the first");
	CU_ASSERT_EQUAL(seen[PIPELINE_UPSTREAM_IPV4], 20);
	s = weighted(POLICY_FIRST, 0);
	s->upstreams[PIPELINE_UPSTREAM_IPV4].usable = 0;
	rig_publish(&rig, s);
	ask_many(seen, 20, false, "the second, while the first is down");
	CU_ASSERT_EQUAL(seen[PIPELINE_UPSTREAM_IPV4_SECOND], 20);
	rig_close(&rig);
}

/* With nothing in flight the draw decides; without responses, queries in flight follow the weights
 * more closely than any draw. */
static void
test_least_outstanding(void)
{
	unsigned seen[PIPELINE_UPSTREAM_COUNT];

	rig_open(&rig, NULL);
	rig_publish(&rig, weighted(POLICY_LEAST_OUTSTANDING, 0));
	ask_many(seen, 1600, true, "least outstanding, all answered at once");
	SUITE_ASSERT(chi_square_plausible(weights_p(seen, 1600)), "%u %u %u",
		     seen[PIPELINE_UPSTREAM_IPV4], seen[PIPELINE_UPSTREAM_IPV4_SECOND],
		     seen[PIPELINE_UPSTREAM_OTHER_PORT]);
	ask_many(seen, 1600, false, "least outstanding, none answered");
	SUITE_ASSERT(seen[PIPELINE_UPSTREAM_IPV4] >= 190 && seen[PIPELINE_UPSTREAM_IPV4] <= 210 &&
			     seen[PIPELINE_UPSTREAM_IPV4_SECOND] >= 390 &&
			     seen[PIPELINE_UPSTREAM_IPV4_SECOND] <= 410,
		     "%u %u %u", seen[PIPELINE_UPSTREAM_IPV4], seen[PIPELINE_UPSTREAM_IPV4_SECOND],
		     seen[PIPELINE_UPSTREAM_OTHER_PORT]);
	rig_close(&rig);
}

/* The round robin of a pool does not depend on other pools. */
static void
test_round_robin(void)
{
	unsigned seen[PIPELINE_UPSTREAM_COUNT];

	rig_open(&rig, NULL);
	rig_publish(&rig, weighted(POLICY_ROUND_ROBIN, 0));
	ask_many(seen, 99, false, "round robin");
	CU_ASSERT(seen[PIPELINE_UPSTREAM_IPV4] == 33 && seen[PIPELINE_UPSTREAM_IPV4_SECOND] == 33 &&
		  seen[PIPELINE_UPSTREAM_OTHER_PORT] == 33);
	rig_close(&rig);
}

#define HASH_NAMES 800

/* A name keeps its upstream, in any letter case, on another machine, with other slots and another
 * order of members; only names of a failed upstream move, and they return. */
static void
test_hash(void)
{
	static unsigned first[HASH_NAMES];
	unsigned seen[PIPELINE_UPSTREAM_COUNT] = {0}, moved = 0;
	char name[64];

	for (unsigned machine = 0; machine < 4; machine++) {
		struct snapshot *s = weighted(POLICY_HASH, 0);
		struct pool_member *members = snapshot_members(s), swap = members[0];

		if (machine == 1) { /* other slots, another order */
			struct snapshot_upstream upstream = s->upstreams[PIPELINE_UPSTREAM_IPV4];

			s->upstreams[PIPELINE_UPSTREAM_IPV4] = s->upstreams[PIPELINE_UPSTREAM_IPV6];
			s->upstreams[PIPELINE_UPSTREAM_IPV6] = upstream;
			members[0] = members[2];
			members[2] = swap;
			members[2].upstream = PIPELINE_UPSTREAM_IPV6;
		}
		s->upstreams[PIPELINE_UPSTREAM_OTHER_PORT].usable = machine != 2;
		rig_open(&rig, NULL);
		rig_publish(&rig, s);
		rig_begin(&rig, "names to upstreams");
		for (unsigned n = 0; n < HASH_NAMES; n++) {
			unsigned upstream;

			snprintf(name, sizeof(name),
				 machine == 3 ? "HOST-%u.eXAMPLE.NET" : "host-%u.example.net", n);
			upstream = ask(n, name, n & 1 ? 1 : 28, true);
			if (machine == 1 && upstream == PIPELINE_UPSTREAM_IPV6)
				upstream = PIPELINE_UPSTREAM_IPV4;
			if (machine == 0) {
				first[n] = upstream;
				seen[upstream]++;
			} else if (machine == 2 && first[n] == PIPELINE_UPSTREAM_OTHER_PORT) {
				moved++;
			} else {
				rig_check(&rig, upstream == first[n],
					  "machine %u: %s went to %u, not %u", machine, name,
					  upstream, first[n]);
			}
		}
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
		rig_close(&rig);
	}
	SUITE_ASSERT(chi_square_plausible(weights_p(seen, HASH_NAMES)), "%u %u %u",
		     seen[PIPELINE_UPSTREAM_IPV4], seen[PIPELINE_UPSTREAM_IPV4_SECOND],
		     seen[PIPELINE_UPSTREAM_OTHER_PORT]);
	CU_ASSERT_EQUAL(moved, seen[PIPELINE_UPSTREAM_OTHER_PORT]);
}

/* A flood of queries for one name does not overload its upstream: none has more in flight than its
 * bound, a percentage of the pool's average by weight; without a bound it gets all. */
static void
test_bounded_load(void)
{
	static const struct {
		uint16_t percent;
		double most; /* of 800 queries, for the one of weight 5 */
	} rows[] = {{0, 800}, {100, 501}, {125, 626}, {150, 751}};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		unsigned seen[PIPELINE_UPSTREAM_COUNT] = {0}, most = 0;
		char name[32] = "";

		rig_open(&rig, NULL);
		rig_publish(&rig, weighted(POLICY_HASH, rows[i].percent));
		for (unsigned n = 0; n < 100; n++) { /* a name of the upstream with weight 5 */
			struct pool *pool = &rig.view->pools[0];
			struct pipeline_dns query;
			uint64_t hash;

			snprintf(name, sizeof(name), "hot-%u.example", n);
			pipeline_dns_query(&query, 0, name, 1, 1);
			hash = choose_hash_name(pool, query.message + 12,
						(uint32_t)query.question_bytes - 4);
			if (pool->usable[pool->ring[pool_ring_place(hash)]].weight == 5)
				break;
		}
		rig_begin(&rig, "one hot name");
		for (unsigned n = 0; n < 800; n++) {
			const uint64_t bound = rows[i].percent * (n + 1) * 5 / 8 / 100 + 1;
			const unsigned upstream = ask(n, name, 1, false);

			seen[upstream]++;
			most = seen[PIPELINE_UPSTREAM_OTHER_PORT];
			/* The sum for the bound may be newer than the counts. */
			if (rows[i].percent > 0)
				rig_check(&rig, most <= bound + 1, "%u in flight of %u, bound %lu",
					  most, n + 1, bound);
		}
		SUITE_ASSERT(most <= rows[i].most && most + 3 >= rows[i].most, "%u %%: %u of 800",
			     rows[i].percent, most);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
		rig_close(&rig);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"random", test_random},
			       {"first", test_first},
			       {"least outstanding", test_least_outstanding},
			       {"round robin", test_round_robin},
			       {"hash", test_hash},
			       {"bounded load", test_bounded_load},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("policies", tests) : 1;
}
