/* SPDX-License-Identifier: BSD-3-Clause */
/* Pools on a packet's way: which one a query goes to, which of its upstreams each policy gives it, and that
 * queries of two pools never share an answer. */
#include "tests/unit/pipeline/pipeline_clients.h"
#include "tests/unit/pipeline/pipeline_statistics.h"
#include "tests/unit/suite.h"

#include "dataplane/pipeline/choose.h"

static struct rig rig;

enum {
	BULK = 1,
	TYPED = 2,
};

static unsigned
upstream_of(const struct way_sent *asked)
{
	const struct snapshot *s = rig.view->snapshot;

	for (uint32_t i = 0; i < s->upstream_count; i++)
		if (address_equal(&s->upstreams[i].address, &asked->ends.destination) &&
		    be16_to(s->upstreams[i].port) == asked->ends.destination_port)
			return i;
	rig_check(&rig, false, "a query to no upstream");
	return 0;
}

/* A client asks; the upstream that was chosen. With `answered`, it replies. */
static unsigned
ask(unsigned client, const char *name, uint16_t type, bool answered)
{
	struct way_ends ends = rig_client_ends(&rig, false);
	const struct way_sent *asked;
	struct way_dns query, reply;
	unsigned upstream;

	ends.source_port = (uint16_t)(10000 + client);
	way_dns_query(&query, (uint16_t)client, name, type, 1);
	asked = rig_ask(&rig, &ends, &query);
	upstream = upstream_of(asked);
	if (answered) {
		way_dns_reply(&reply, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
		rig_reply(&rig, asked, &reply);
		rig_take_from(&rig, RIG_CLIENTS);
	}
	return upstream;
}

/* Upstreams 0, 1 and 4, which are reached over IPv4, with weights 1, 2 and 5. */
static struct snapshot *
weighted(enum policy policy, uint16_t load_percent)
{
	struct snapshot *s = way_snapshot_new();
	struct pool_member *members = snapshot_members(s);

	members[0] = (struct pool_member){.upstream = WAY_UPSTREAM_IPV4, .weight = 1};
	members[1] = (struct pool_member){.upstream = WAY_UPSTREAM_IPV4_SECOND, .weight = 2};
	members[2] = (struct pool_member){.upstream = WAY_UPSTREAM_OTHER_PORT, .weight = 5};
	s->pools[0].member_count = 3;
	s->pools[0].policy = (uint8_t)policy;
	s->pools[0].load_percent = load_percent;
	s->pools[0].hash_seed = 42;
	way_snapshot_usable(s, 0x1f);
	return s;
}

static double
weights_p(const unsigned seen[WAY_UPSTREAM_COUNT], unsigned asked)
{
	static const struct {
		unsigned upstream, weight;
	} shares[] = {{WAY_UPSTREAM_IPV4, 1}, {WAY_UPSTREAM_IPV4_SECOND, 2}, {WAY_UPSTREAM_OTHER_PORT, 5}};
	double chi = 0;

	for (unsigned i = 0; i < 3; i++) {
		const double wanted = asked * shares[i].weight / 8.0, off = seen[shares[i].upstream] - wanted;

		chi += off * off / wanted;
	}
	return chi_square_survival(chi, 2);
}

static void
ask_many(unsigned seen[WAY_UPSTREAM_COUNT], unsigned count, bool answered, const char *description)
{
	memset(seen, 0, WAY_UPSTREAM_COUNT * sizeof(seen[0]));
	rig_begin(&rig, description);
	for (unsigned n = 0; n < count; n++) {
		char name[32];

		snprintf(name, sizeof(name), "host-%u.example.net", n);
		seen[ask(n, name, 1, answered)]++;
	}
	WAY_ASSERT(rig_end(&rig) == 0, "%s", description);
}

static void
test_random(void)
{
	unsigned seen[WAY_UPSTREAM_COUNT];

	rig_open(&rig, NULL);
	rig_publish(&rig, weighted(POLICY_RANDOM, 0));
	ask_many(seen, 1600, true, "random by weight");
	WAY_ASSERT(chi_square_plausible(weights_p(seen, 1600)), "%u %u %u", seen[WAY_UPSTREAM_IPV4],
		   seen[WAY_UPSTREAM_IPV4_SECOND], seen[WAY_UPSTREAM_OTHER_PORT]);
	rig_close(&rig);
}

static void
test_first(void)
{
	struct snapshot *s;
	unsigned seen[WAY_UPSTREAM_COUNT];

	rig_open(&rig, NULL);
	rig_publish(&rig, weighted(POLICY_FIRST, 0));
	ask_many(seen, 20, false, "the first");
	CU_ASSERT_EQUAL(seen[WAY_UPSTREAM_IPV4], 20);
	s = weighted(POLICY_FIRST, 0);
	s->upstreams[WAY_UPSTREAM_IPV4].usable = 0;
	rig_publish(&rig, s);
	ask_many(seen, 20, false, "the second, while the first is down");
	CU_ASSERT_EQUAL(seen[WAY_UPSTREAM_IPV4_SECOND], 20);
	rig_close(&rig);
}

/* With nothing in flight elsewhere the draw decides; with nobody answering, what is in flight follows the
 * weights more closely than any draw. */
static void
test_least_outstanding(void)
{
	unsigned seen[WAY_UPSTREAM_COUNT];

	rig_open(&rig, NULL);
	rig_publish(&rig, weighted(POLICY_LEAST_OUTSTANDING, 0));
	ask_many(seen, 1600, true, "least outstanding, all answered at once");
	WAY_ASSERT(chi_square_plausible(weights_p(seen, 1600)), "%u %u %u", seen[WAY_UPSTREAM_IPV4],
		   seen[WAY_UPSTREAM_IPV4_SECOND], seen[WAY_UPSTREAM_OTHER_PORT]);
	ask_many(seen, 1600, false, "least outstanding, none answered");
	WAY_ASSERT(seen[WAY_UPSTREAM_IPV4] >= 190 && seen[WAY_UPSTREAM_IPV4] <= 210 &&
			   seen[WAY_UPSTREAM_IPV4_SECOND] >= 390 && seen[WAY_UPSTREAM_IPV4_SECOND] <= 410,
		   "%u %u %u", seen[WAY_UPSTREAM_IPV4], seen[WAY_UPSTREAM_IPV4_SECOND],
		   seen[WAY_UPSTREAM_OTHER_PORT]);
	rig_close(&rig);
}

/* One in a long list of pools' round robins does not move the others. */
static void
test_round_robin(void)
{
	unsigned seen[WAY_UPSTREAM_COUNT];

	rig_open(&rig, NULL);
	rig_publish(&rig, weighted(POLICY_ROUND_ROBIN, 0));
	ask_many(seen, 99, false, "round robin");
	CU_ASSERT(seen[WAY_UPSTREAM_IPV4] == 33 && seen[WAY_UPSTREAM_IPV4_SECOND] == 33 &&
		  seen[WAY_UPSTREAM_OTHER_PORT] == 33);
	rig_close(&rig);
}

#define HASH_NAMES 800

/* A name keeps its upstream, in any letter case, on another machine, with other slots and another order of
 * members; only those of one that fails go elsewhere, and come back. */
static void
test_hash(void)
{
	static unsigned first[HASH_NAMES];
	unsigned seen[WAY_UPSTREAM_COUNT] = {0}, moved = 0;
	char name[64];

	for (unsigned machine = 0; machine < 4; machine++) {
		struct snapshot *s = weighted(POLICY_HASH, 0);
		struct pool_member *members = snapshot_members(s), swap = members[0];

		if (machine == 1) { /* other slots, another order */
			struct snapshot_upstream upstream = s->upstreams[WAY_UPSTREAM_IPV4];

			s->upstreams[WAY_UPSTREAM_IPV4] = s->upstreams[WAY_UPSTREAM_IPV6];
			s->upstreams[WAY_UPSTREAM_IPV6] = upstream;
			members[0] = members[2];
			members[2] = swap;
			members[2].upstream = WAY_UPSTREAM_IPV6;
		}
		s->upstreams[WAY_UPSTREAM_OTHER_PORT].usable = machine != 2;
		rig_open(&rig, NULL);
		rig_publish(&rig, s);
		rig_begin(&rig, "names to upstreams");
		for (unsigned n = 0; n < HASH_NAMES; n++) {
			unsigned upstream;

			snprintf(name, sizeof(name),
				 machine == 3 ? "HOST-%u.eXAMPLE.NET" : "host-%u.example.net", n);
			upstream = ask(n, name, n & 1 ? 1 : 28, true);
			if (machine == 1 && upstream == WAY_UPSTREAM_IPV6)
				upstream = WAY_UPSTREAM_IPV4;
			if (machine == 0) {
				first[n] = upstream;
				seen[upstream]++;
			} else if (machine == 2 && first[n] == WAY_UPSTREAM_OTHER_PORT) {
				moved++;
			} else {
				rig_check(&rig, upstream == first[n], "machine %u: %s went to %u, not %u",
					  machine, name, upstream, first[n]);
			}
		}
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
		rig_close(&rig);
	}
	WAY_ASSERT(chi_square_plausible(weights_p(seen, HASH_NAMES)), "%u %u %u", seen[WAY_UPSTREAM_IPV4],
		   seen[WAY_UPSTREAM_IPV4_SECOND], seen[WAY_UPSTREAM_OTHER_PORT]);
	CU_ASSERT_EQUAL(moved, seen[WAY_UPSTREAM_OTHER_PORT]);
}

/* What one name brings, over and over, does not drown its upstream: none has more in flight than its bound, a
 * share of the pool's average by weight; without a bound it gets them all. */
static void
test_bounded_load(void)
{
	static const struct {
		uint16_t percent;
		double most; /* of 800 queries, for the one of weight 5 */
	} rows[] = {{0, 800}, {100, 501}, {125, 626}, {150, 751}};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		unsigned seen[WAY_UPSTREAM_COUNT] = {0}, most = 0;
		char name[32] = "";

		rig_open(&rig, NULL);
		rig_publish(&rig, weighted(POLICY_HASH, rows[i].percent));
		for (unsigned n = 0; n < 100; n++) { /* a name of the upstream with weight 5 */
			struct pool *pool = &rig.view->pools[0];
			struct way_dns query;
			uint64_t hash;

			snprintf(name, sizeof(name), "hot-%u.example", n);
			way_dns_query(&query, 0, name, 1, 1);
			hash = choose_hash_name(pool, query.message + 12, (uint32_t)query.question_bytes - 4);
			if (pool->usable[pool->ring[pool_ring_place(hash)]].weight == 5)
				break;
		}
		rig_begin(&rig, "one hot name");
		for (unsigned n = 0; n < 800; n++) {
			const uint64_t bound = rows[i].percent * (n + 1) * 5 / 8 / 100 + 1;
			const unsigned upstream = ask(n, name, 1, false);

			seen[upstream]++;
			most = seen[WAY_UPSTREAM_OTHER_PORT];
			/* The sum that the bound is a share of may be younger than what is in flight. */
			if (rows[i].percent > 0)
				rig_check(&rig, most <= bound + 1, "%u in flight of %u, bound %lu", most,
					  n + 1, bound);
		}
		WAY_ASSERT(most <= rows[i].most && most + 3 >= rows[i].most, "%u %%: %u of 800",
			   rows[i].percent, most);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
		rig_close(&rig);
	}
}

/* Pool 0: upstream 0; "bulk": upstream 1; "typed": upstream 4. Names under example.com go to "bulk", PTR to
 * "typed", and service 2 asks "bulk" by default. */
static struct snapshot *
routed(void)
{
	static const uint8_t suffix[] = "\7example\3com";
	struct snapshot *s =
		way_snapshot_resize(way_snapshot_new(), 2, WAY_UPSTREAM_COUNT, 1, sizeof(suffix));
	struct pool_member *members = snapshot_members(s);

	way_snapshot_usable(s, 0x1f);
	members[0] = (struct pool_member){.upstream = WAY_UPSTREAM_IPV4, .weight = 1};
	members[1] = (struct pool_member){.upstream = WAY_UPSTREAM_IPV4_SECOND, .weight = 1};
	members[2] = (struct pool_member){.upstream = WAY_UPSTREAM_OTHER_PORT, .weight = 1};
	for (unsigned i = 0; i < 3; i++)
		s->pools[i] = (struct snapshot_pool){
			.used = 1, .policy = POLICY_FIRST, .member_first = i, .member_count = 1};
	memcpy(snapshot_names(s), suffix, sizeof(suffix));
	snapshot_suffixes(s)[0] = (struct suffix_route){.name_bytes = sizeof(suffix), .pool = BULK};
	s->type_routes[0] = (struct type_route){.type = 12, .pool = TYPED};
	s->type_route_count = 1;
	s->services[WAY_SERVICE_OTHER_PORT].pool = BULK;
	return s;
}

static void
test_routes(void)
{
	static const struct {
		const char *name;
		uint16_t type, port;
		unsigned upstream;
	} rows[] = {
		{"www.example.net", 1, 53, WAY_UPSTREAM_IPV4},
		{"www.example.com", 1, 53, WAY_UPSTREAM_IPV4_SECOND},
		{"WWW.EXAMPLE.COM", 28, 53, WAY_UPSTREAM_IPV4_SECOND},
		{"example.com", 12, 53, WAY_UPSTREAM_IPV4_SECOND}, /* the name before the type */
		{"1.2.0.192.in-addr.arpa", 12, 53, WAY_UPSTREAM_OTHER_PORT},
		{"1.2.0.192.in-addr.arpa", 12, 5353, WAY_UPSTREAM_OTHER_PORT},
		{".", 2, 53, WAY_UPSTREAM_IPV4},
		{".", 2, 5353, WAY_UPSTREAM_IPV4_SECOND}, /* the service's own */
		{"www.example.net", 12, 53, WAY_UPSTREAM_OTHER_PORT},
	};
	struct way_ends ends;

	rig_open(&rig, NULL);
	rig_publish(&rig, routed());
	for (int burst = 0; burst < 2; burst++) {
		rig_begin(&rig, burst ? "routes, in one burst" : "routes, one by one");
		for (size_t i = 0; i < RTE_DIM(rows); i++) {
			struct way_dns query;

			ends = rig_client_ends(&rig, false);
			ends.destination_port = rows[i].port;
			way_dns_query(&query, (uint16_t)i, rows[i].name, rows[i].type, 1);
			rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
			if (!burst) {
				rig_run(&rig);
				rig_check(&rig,
					  upstream_of(rig_take_from(&rig, RIG_FARM)) == rows[i].upstream,
					  "%s", rows[i].name);
			}
		}
		rig_run(&rig);
		for (size_t i = 0; burst && i < RTE_DIM(rows); i++)
			rig_check(&rig, upstream_of(rig_take_from(&rig, RIG_FARM)) == rows[i].upstream, "%s",
				  rows[i].name);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* More look-ups than a part of the burst has room for: names of 127 labels, with routes of each size down to
 * the root's, of which three and the root's one leave room for one look-up less than the next name needs. */
static void
test_deep(void)
{
	struct snapshot *s = way_snapshot_resize(way_snapshot_new(), 2, WAY_UPSTREAM_COUNT, 128, 16384);
	uint32_t at = 0;

	way_snapshot_usable(s, 0x1f);
	snapshot_members(s)[0] = (struct pool_member){.upstream = WAY_UPSTREAM_IPV4, .weight = 1};
	snapshot_members(s)[1] = (struct pool_member){.upstream = WAY_UPSTREAM_IPV4_SECOND, .weight = 1};
	for (unsigned i = 0; i < 2; i++)
		s->pools[i] = (struct snapshot_pool){
			.used = 1, .policy = POLICY_FIRST, .member_first = i, .member_count = 1};
	for (unsigned labels = 0; labels <= 127; labels++) { /* of "z", those of 127 labels to pool 1 */
		snapshot_suffixes(s)[labels] = (struct suffix_route){
			.name_offset = at, .name_bytes = (uint8_t)(2 * labels + 1), .pool = labels == 127};
		for (unsigned i = 0; i < labels; i++, at += 2)
			memcpy(snapshot_names(s) + at, "\1z", 2);
		snapshot_names(s)[at++] = 0;
	}
	rig_open(&rig, NULL);
	rig_publish(&rig, s);
	rig_begin(&rig, "names of many labels");
	for (unsigned n = 0; n < 64; n++) {
		const struct way_ends ends = rig_client_ends(&rig, false);
		const unsigned labels = n == 0 ? 0 : 127 - (n > 4 && n % 2 == 0);
		char name[256] = ".";
		struct way_dns query;

		for (unsigned i = 0; i < labels; i++)
			memcpy(name + 2 * i, i & 2 ? "Z." : "z.", 3);
		way_dns_query(&query, (uint16_t)n, name, 1, 1);
		rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
	}
	rig_run(&rig);
	for (unsigned n = 0; n < 64; n++)
		rig_check(&rig,
			  upstream_of(rig_take_from(&rig, RIG_FARM)) == (n == 0 || (n > 4 && n % 2 == 0)
										 ? WAY_UPSTREAM_IPV4
										 : WAY_UPSTREAM_IPV4_SECOND),
			  "name %u", n);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* A pool without a usable upstream answers SERVFAIL, or tries the others, while other pools go on. */
static void
test_empty_pool(void)
{
	const struct way_sent *own;
	struct snapshot *s;
	struct way_dns query;

	rig_open(&rig, NULL);
	for (int keep = 0; keep < 2; keep++) {
		struct way_ends client = rig_client_ends(&rig, false);

		s = routed();
		s->upstreams[WAY_UPSTREAM_IPV4_SECOND].usable = 0;
		s->no_upstream = keep ? NO_UPSTREAM_KEEP_TRYING : NO_UPSTREAM_SERVFAIL;
		rig_publish(&rig, s);
		rig_begin(&rig, keep ? "an empty pool, keep trying" : "an empty pool");
		for (unsigned n = 0; n < 6; n++) {
			way_dns_query(&query, (uint16_t)n, n & 1 ? "www.example.com" : "www.example.net", 1,
				      1);
			rig_inject_query(&rig, RIG_CLIENTS, &client, &query);
		}
		rig_run(&rig);
		for (unsigned n = 0; n < 3 && !keep; n++) {
			own = rig_take_from(&rig, RIG_CLIENTS);
			rig_check(&rig,
				  (own->frame[own->dns + 3] & 15) == 2 &&
					  own->frame[own->dns + 1] == 2 * n + 1,
				  "not SERVFAIL to query %u", 2 * n + 1);
		}
		for (unsigned n = 0; n < (keep ? 6 : 3); n++)
			rig_check(&rig,
				  upstream_of(rig_take_from(&rig, RIG_FARM)) ==
					  (keep && (n & 1) ? WAY_UPSTREAM_IPV4_SECOND : WAY_UPSTREAM_IPV4),
				  "query %u", n);
		rig_expect_count(&rig, COUNTER_own_servfail, keep ? 0 : 3);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* The same question to services of two pools: two upstream queries, each for those of its own pool; in one
 * burst and one after the other. */
static void
test_shared_apart(void)
{
	rig_open(&rig, NULL);
	for (int burst = 0; burst < 2; burst++) {
		struct snapshot *s = routed();
		unsigned seen[WAY_UPSTREAM_COUNT] = {0};

		s->waiters = 8;
		rig_publish(&rig, s);
		rig_begin(&rig, burst ? "two pools, one burst" : "two pools");
		for (unsigned n = 0; n < 6; n++) {
			struct way_ends ends = rig_client_ends(&rig, false);
			struct way_dns query;

			ends.source_port = (uint16_t)(20000 + n);
			ends.destination_port = n & 1 ? 5353 : 53;
			way_dns_query(&query, (uint16_t)n, "www.example.net", 1, 1);
			rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
			if (!burst)
				rig_run(&rig);
		}
		rig_run(&rig);
		for (unsigned n = 0; n < 2; n++)
			seen[upstream_of(rig_take_from(&rig, RIG_FARM))]++;
		rig_check(&rig, seen[WAY_UPSTREAM_IPV4] == 1 && seen[WAY_UPSTREAM_IPV4_SECOND] == 1,
			  "not one query to each pool");
		rig_expect_count(&rig, COUNTER_coalesced, 4);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* What the segment says of each upstream: the time its answers took. */
static void
test_statistics(void)
{
	const struct upstream_stats *stats;
	const struct way_sent *asked;
	struct way_dns query, reply;
	struct way_ends ends;

	rig_open(&rig, NULL);
	stats = rig.stats[0].upstreams;
	ends = rig_client_ends(&rig, false);
	rig_publish(&rig, routed());
	rig_begin(&rig, "latency of one upstream");
	way_dns_query(&query, 1, "www.example.com", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	rig_age(&rig, 70);
	way_dns_reply(&reply, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	rig_reply(&rig, asked, &reply);
	rig_take_from(&rig, RIG_CLIENTS);
	rig_check(&rig, stats[WAY_UPSTREAM_IPV4_SECOND].latency_sum_us >= 69999, "%lu us",
		  stats[WAY_UPSTREAM_IPV4_SECOND].latency_sum_us);
	rig_check(&rig, stats[WAY_UPSTREAM_IPV4_SECOND].latency_sum_us == rig.stats[0].latency_sum_us,
		  "the worker has %lu us", rig.stats[0].latency_sum_us);
	rig_check(&rig, stats[WAY_UPSTREAM_IPV4].latency_sum_us == 0, "another's latency");
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
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
			       {"routes", test_routes},
			       {"deep names", test_deep},
			       {"empty pool", test_empty_pool},
			       {"sharing", test_shared_apart},
			       {"statistics", test_statistics},
			       CU_TEST_INFO_NULL};

	if (!rig_eal_start())
		return 1;
	return way_suite_run("way_policy", tests);
}
