/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool that a query goes to: by its name, its type and the queried service; and that queries of
 * two pools never share a response. test_pipeline_policy.c tests which upstream of the pool. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

static struct rig rig;

enum {
	BULK = 1,
	TYPED = 2,
};

/* Pool 0: upstream 0; "bulk": upstream 1; "typed": upstream 4. Names under example.com go to
 * "bulk", PTR to "typed", and service 2 uses "bulk" by default. */
static struct snapshot *
routed(void)
{
	static const uint8_t suffix[] = "\7example\3com";
	struct snapshot *s = pipeline_snapshot_resize(pipeline_snapshot_new(), 2,
						      PIPELINE_UPSTREAM_COUNT, 1, sizeof(suffix));
	struct pool_member *members = snapshot_members(s);

	pipeline_snapshot_usable(s, 0x1f);
	members[0] = (struct pool_member){.upstream = PIPELINE_UPSTREAM_IPV4, .weight = 1};
	members[1] = (struct pool_member){.upstream = PIPELINE_UPSTREAM_IPV4_SECOND, .weight = 1};
	members[2] = (struct pool_member){.upstream = PIPELINE_UPSTREAM_OTHER_PORT, .weight = 1};
	for (unsigned i = 0; i < 3; i++)
		s->pools[i] = (struct snapshot_pool){
			.used = 1, .policy = POLICY_FIRST, .member_first = i, .member_count = 1};
	memcpy(snapshot_names(s), suffix, sizeof(suffix));
	snapshot_suffixes(s)[0] = (struct suffix_route){.name_bytes = sizeof(suffix), .pool = BULK};
	s->type_routes[0] = (struct type_route){.type = 12, .pool = TYPED};
	s->type_route_count = 1;
	s->services[PIPELINE_SERVICE_OTHER_PORT].pool = BULK;
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
		{"www.example.net", 1, 53, PIPELINE_UPSTREAM_IPV4},
		{"www.example.com", 1, 53, PIPELINE_UPSTREAM_IPV4_SECOND},
		{"WWW.EXAMPLE.COM", 28, 53, PIPELINE_UPSTREAM_IPV4_SECOND},
		{"example.com", 12, 53,
		 PIPELINE_UPSTREAM_IPV4_SECOND}, /* the name takes precedence over the type */
		{"1.2.0.192.in-addr.arpa", 12, 53, PIPELINE_UPSTREAM_OTHER_PORT},
		{"1.2.0.192.in-addr.arpa", 12, 5353, PIPELINE_UPSTREAM_OTHER_PORT},
		{".", 2, 53, PIPELINE_UPSTREAM_IPV4},
		{".", 2, 5353, PIPELINE_UPSTREAM_IPV4_SECOND}, /* the service's default */
		{"www.example.net", 12, 53, PIPELINE_UPSTREAM_OTHER_PORT},
	};
	struct pipeline_ends ends;

	rig_open(&rig, NULL);
	rig_publish(&rig, routed());
	for (int burst = 0; burst < 2; burst++) {
		rig_begin(&rig, burst ? "routes, in one burst" : "routes, one by one");
		for (size_t i = 0; i < RTE_DIM(rows); i++) {
			struct pipeline_dns query;

			ends = rig_client_ends(&rig, false);
			ends.destination_port = rows[i].port;
			pipeline_dns_query(&query, (uint16_t)i, rows[i].name, rows[i].type, 1);
			rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
			if (!burst) {
				rig_run(&rig);
				rig_check(&rig,
					  rig_upstream_of(&rig, rig_take_from(&rig, RIG_FARM)) ==
						  rows[i].upstream,
					  "%s", rows[i].name);
			}
		}
		rig_run(&rig);
		for (size_t i = 0; burst && i < RTE_DIM(rows); i++)
			rig_check(&rig,
				  rig_upstream_of(&rig, rig_take_from(&rig, RIG_FARM)) ==
					  rows[i].upstream,
				  "%s", rows[i].name);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* More look-ups than PROBES_ROOM: names of 127 labels, with routes of each number of labels down to
 * the root. Three of them and the root's one leave room for one look-up less than the next name
 * needs. */
static void
test_deep(void)
{
	struct snapshot *s = pipeline_snapshot_resize(pipeline_snapshot_new(), 2,
						      PIPELINE_UPSTREAM_COUNT, 128, 16384);
	uint32_t at = 0;

	pipeline_snapshot_usable(s, 0x1f);
	snapshot_members(s)[0] =
		(struct pool_member){.upstream = PIPELINE_UPSTREAM_IPV4, .weight = 1};
	snapshot_members(s)[1] =
		(struct pool_member){.upstream = PIPELINE_UPSTREAM_IPV4_SECOND, .weight = 1};
	for (unsigned i = 0; i < 2; i++)
		s->pools[i] = (struct snapshot_pool){
			.used = 1, .policy = POLICY_FIRST, .member_first = i, .member_count = 1};
	for (unsigned labels = 0; labels <= 127;
	     labels++) { /* of "z", those of 127 labels to pool 1 */
		snapshot_suffixes(s)[labels] =
			(struct suffix_route){.name_offset = at,
					      .name_bytes = (uint8_t)(2 * labels + 1),
					      .pool = labels == 127};
		for (unsigned i = 0; i < labels; i++, at += 2)
			memcpy(snapshot_names(s) + at, "\1z", 2);
		snapshot_names(s)[at++] = 0;
	}
	rig_open(&rig, NULL);
	rig_publish(&rig, s);
	rig_begin(&rig, "names of many labels");
	for (unsigned n = 0; n < 64; n++) {
		const struct pipeline_ends ends = rig_client_ends(&rig, false);
		const unsigned labels = n == 0 ? 0 : 127 - (n > 4 && n % 2 == 0);
		char name[256] = ".";
		struct pipeline_dns query;

		for (unsigned i = 0; i < labels; i++)
			memcpy(name + 2 * i, i & 2 ? "Z." : "z.", 3);
		pipeline_dns_query(&query, (uint16_t)n, name, 1, 1);
		rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
	}
	rig_run(&rig);
	for (unsigned n = 0; n < 64; n++)
		rig_check(&rig,
			  rig_upstream_of(&rig, rig_take_from(&rig, RIG_FARM)) ==
				  (n == 0 || (n > 4 && n % 2 == 0) ? PIPELINE_UPSTREAM_IPV4
								   : PIPELINE_UPSTREAM_IPV4_SECOND),
			  "name %u", n);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* A pool without a usable upstream answers SERVFAIL, or tries the unusable ones; other pools are
 * not affected. */
static void
test_empty_pool(void)
{
	const struct pipeline_sent *own;
	struct snapshot *s;
	struct pipeline_dns query;

	rig_open(&rig, NULL);
	for (int keep = 0; keep < 2; keep++) {
		struct pipeline_ends client = rig_client_ends(&rig, false);

		s = routed();
		s->upstreams[PIPELINE_UPSTREAM_IPV4_SECOND].usable = 0;
		s->no_upstream = keep ? NO_UPSTREAM_KEEP_TRYING : NO_UPSTREAM_SERVFAIL;
		rig_publish(&rig, s);
		rig_begin(&rig, keep ? "an empty pool, keep trying" : "an empty pool");
		for (unsigned n = 0; n < 6; n++) {
			pipeline_dns_query(&query, (uint16_t)n,
					   n & 1 ? "www.example.com" : "www.example.net", 1, 1);
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
				  rig_upstream_of(&rig, rig_take_from(&rig, RIG_FARM)) ==
					  (keep && (n & 1) ? PIPELINE_UPSTREAM_IPV4_SECOND
							   : PIPELINE_UPSTREAM_IPV4),
				  "query %u", n);
		rig_expect_count(&rig, COUNTER_own_servfail, keep ? 0 : 3);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* The same question to services of two pools: two upstream queries, one for each pool; in one burst
 * and one after the other. */
static void
test_shared_apart(void)
{
	rig_open(&rig, NULL);
	for (int burst = 0; burst < 2; burst++) {
		struct snapshot *s = routed();
		unsigned seen[PIPELINE_UPSTREAM_COUNT] = {0};

		s->waiters = 8;
		rig_publish(&rig, s);
		rig_begin(&rig, burst ? "two pools, one burst" : "two pools");
		for (unsigned n = 0; n < 6; n++) {
			struct pipeline_ends ends = rig_client_ends(&rig, false);
			struct pipeline_dns query;

			ends.source_port = (uint16_t)(20000 + n);
			ends.destination_port = n & 1 ? 5353 : 53;
			pipeline_dns_query(&query, (uint16_t)n, "www.example.net", 1, 1);
			rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
			if (!burst)
				rig_run(&rig);
		}
		rig_run(&rig);
		for (unsigned n = 0; n < 2; n++)
			seen[rig_upstream_of(&rig, rig_take_from(&rig, RIG_FARM))]++;
		rig_check(&rig,
			  seen[PIPELINE_UPSTREAM_IPV4] == 1 &&
				  seen[PIPELINE_UPSTREAM_IPV4_SECOND] == 1,
			  "not exactly one query to each pool");
		rig_expect_count(&rig, COUNTER_coalesced, 4);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* The latency of each upstream in the statistics segment. */
static void
test_statistics(void)
{
	const struct upstream_stats *stats;
	const struct pipeline_sent *asked;
	struct pipeline_dns query, response;
	struct pipeline_ends ends;

	rig_open(&rig, NULL);
	stats = rig.stats[0].upstreams;
	ends = rig_client_ends(&rig, false);
	rig_publish(&rig, routed());
	rig_begin(&rig, "latency of one upstream");
	pipeline_dns_query(&query, 1, "www.example.com", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	rig_age(&rig, 70);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	rig_response(&rig, asked, &response);
	rig_take_from(&rig, RIG_CLIENTS);
	rig_check(&rig, stats[PIPELINE_UPSTREAM_IPV4_SECOND].latency_sum_us >= 69999, "%lu us",
		  stats[PIPELINE_UPSTREAM_IPV4_SECOND].latency_sum_us);
	rig_check(&rig,
		  stats[PIPELINE_UPSTREAM_IPV4_SECOND].latency_sum_us ==
			  rig.stats[0].latency_sum_us,
		  "the worker has %lu us", rig.stats[0].latency_sum_us);
	rig_check(&rig, stats[PIPELINE_UPSTREAM_IPV4].latency_sum_us == 0,
		  "latency of another upstream");
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"routes", test_routes},		{"deep names", test_deep},
			       {"empty pool", test_empty_pool}, {"sharing", test_shared_apart},
			       {"statistics", test_statistics}, CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("pools", tests) : 1;
}
