/* SPDX-License-Identifier: BSD-3-Clause */
/* Near misses mark the attacked queries and no others, and change their responses. All on one port,
 * so that a miss counts for every query. */
#include "tests/unit/pipeline/pipeline_attack.h"
#include "tests/unit/suite.h"

#include <rte_cycles.h>

static struct rig rig;
static struct pipeline_attack attacked = {.rig = &rig};
static struct pipeline_client *const clients = attacked.clients;
static struct pipeline_sent *const asked = attacked.asked;

static void
upstream_responses(unsigned query, size_t bytes)
{
	struct pipeline_dns response;

	pipeline_dns_response(&response, asked[query].frame + asked[query].dns,
			      asked[query].dns_bytes, 2, bytes);
	response.message[2] |= 0x04; /* AA */
	response.message[3] |= 0x20; /* AD */
	rig_response(&rig, &asked[query], &response);
	pipeline_clients_collect(&rig, clients, RTE_DIM(attacked.clients), NULL, 0);
}

/* The other kind of near miss: everything right but the question. */
static void
miss_question(unsigned query)
{
	struct pipeline_dns forged;

	pipeline_dns_response(&forged, asked[query].frame + asked[query].dns,
			      asked[query].dns_bytes, 0, 0);
	forged.message[13] ^= 1;
	rig_response(&rig, &asked[query], &forged);
	rig_expect_drop(&rig, DROP_response_wrong_question, 1);
}

/* Waits for the next tick of the workers' coarse clock: what comes now is later than what came
 * before. */
static void
next_tick(void)
{
	const uint64_t tick = rte_rdtsc() >> FLOW_TICK_SHIFT;

	while (rte_rdtsc() >> FLOW_TICK_SHIFT <= tick)
		;
}

/* Checks that the newest entry of the ring of attacks is this query. */
static void
check_attack(unsigned query, uint16_t misses, uint64_t before_tsc)
{
	const struct worker_stats *stats = &rig.stats[0];
	const struct stray *attack = &stats->attacks[(stats->attack_count - 1) % STATS_ATTACKS];
	const struct pipeline_sent *sent = &asked[query];

	rig_check(&rig, attack->tsc >= before_tsc && attack->tsc <= rte_rdtsc(),
		  "attack: wrong TSC");
	rig_check(&rig,
		  address_equal(&attack->source, &sent->ends.destination) &&
			  be16_to(attack->source_port) == sent->ends.destination_port,
		  "attack: wrong upstream");
	rig_check(&rig,
		  address_equal(&attack->destination, &sent->ends.source) &&
			  be16_to(attack->destination_port) == sent->ends.source_port,
		  "attack: wrong source address or port");
	rig_check(&rig, be16_to(attack->id) == pipeline_dns_get(sent->frame, sent->dns),
		  "attack: wrong ID");
	rig_check(&rig, attack->near_miss == 1 && attack->reason == 0 && attack->misses == misses,
		  "attack: %u misses", attack->misses);
	rig_check(&rig,
		  attack->question_bytes == sent->dns_bytes - 12 &&
			  memcmp(attack->question, sent->frame + sent->dns + 12,
				 attack->question_bytes) == 0,
		  "attack: wrong question");
}

/* Both settings of near_miss, both kinds of miss: the query is marked once; the response is
 * delivered, or replaced by TC=1. */
static void
test_rules(void)
{
	rig_open(&rig, NULL);
	for (int row = 0; row < 4; row++) {
		const bool truncate = row & 1;
		const uint64_t attacks = rig.stats[0].attack_count, before_tsc = rte_rdtsc();
		const struct upstream_stats before = rig.stats[0].upstreams[PIPELINE_UPSTREAM_IPV4];

		attack_publish(&attacked, truncate ? NEAR_MISS_TRUNCATE : NEAR_MISS_COUNT, 1);
		rig_begin(&rig, truncate ? "near_miss: truncate" : "near_miss: count");
		attack_client_asks(&attacked, 0);
		if (row & 2)
			miss_question(0);
		else
			attack_miss(&attacked, 0, ATTACK_UPSTREAM);
		rig_check(&rig,
			  rig.workers[0]->flows.in_flight == 1 &&
				  rig.stats[0].attack_count == attacks,
			  "a miss ended the query");
		rig_expect_count(&rig, COUNTER_near_misses, 1);
		CU_ASSERT_EQUAL(rig.stats[0].ports[ATTACK_PORT].misses, 1);
		upstream_responses(0, 100);
		attack_check_response(&attacked, 0, !truncate);
		rig_expect_count(&rig, COUNTER_attacked, 1);
		rig_expect_count(&rig, COUNTER_responses, 1);
		rig_expect_count(&rig, COUNTER_responses_attacked, truncate);
		rig_expect_count(&rig, COUNTER_responses_truncated, 0);
		rig_check(&rig, rig.stats[0].attack_count == attacks + 1, "%lu attacks",
			  rig.stats[0].attack_count - attacks);
		check_attack(0, 1, before_tsc);
		/* Once a port has no query in flight, its misses are reset: the next query there is
		 * not marked. */
		CU_ASSERT_EQUAL(rig.stats[0].ports[ATTACK_PORT].misses, 0);
		attack_client_asks(&attacked, 1);
		upstream_responses(1, 100);
		attack_check_response(&attacked, 1, true);
		rig_expect_count(&rig, COUNTER_attacked, 1);
		CU_ASSERT_EQUAL(rig.stats[0].upstreams[PIPELINE_UPSTREAM_IPV4].attacked,
				before.attacked + 1);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* Queries sent before the miss are marked, later ones are not, although the port still counts it;
 * earlier marks do not matter. */
static void
test_before_and_after(void)
{
	rig_open(&rig, NULL);
	attack_publish(&attacked, NEAR_MISS_TRUNCATE, 1);
	rig_begin(&rig, "two before the miss, two after it");
	attack_client_asks(&attacked, 0);
	attack_client_asks(&attacked, 1);
	next_tick();
	attack_miss(&attacked, 0, ATTACK_UPSTREAM);
	next_tick();
	attack_client_asks(&attacked, 2);
	attack_client_asks(&attacked, 3);
	upstream_responses(3, 100);
	attack_check_response(&attacked, 3, true);
	upstream_responses(1, 100);
	attack_check_response(&attacked, 1, false);
	upstream_responses(2, 100);
	attack_check_response(&attacked, 2, true);
	rig_expect_count(&rig, COUNTER_attacked, 1);
	CU_ASSERT_EQUAL(rig.stats[0].ports[ATTACK_PORT].misses, 1);
	upstream_responses(0, 100);
	attack_check_response(&attacked, 0, false);
	rig_expect_count(&rig, COUNTER_attacked, 2);
	rig_expect_count(&rig, COUNTER_responses_attacked, 2);
	CU_ASSERT_EQUAL(rig.stats[0].ports[ATTACK_PORT].misses, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);

	rig_begin(&rig, "a miss long after the query was sent");
	attack_client_asks(&attacked, 0);
	rig_age(&rig, 20000);
	attack_miss(&attacked, 0, ATTACK_UPSTREAM);
	upstream_responses(0, 100);
	attack_check_response(&attacked, 0, false);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);

	rig_begin(&rig, "the timeout has changed");
	attack_client_asks(&attacked, 0);
	attack_client_asks(&attacked, 1);
	rig_age(&rig, 3000);
	attack_miss(&attacked, 0, ATTACK_UPSTREAM);
	rig_age(&rig, 3000);
	attack_client_asks(&attacked, 2);
	for (int later = 0; later < 2; later++) {
		struct snapshot *s = pipeline_snapshot_new();

		s->near_miss = NEAR_MISS_TRUNCATE;
		s->timeout_ms = later ? 30000 : 50;
		pipeline_snapshot_ports(s, ATTACK_PORT, ATTACK_PORT);
		rig_publish(&rig, s);
		upstream_responses((unsigned)later, 100);
		attack_check_response(&attacked, (unsigned)later, false);
	}
	upstream_responses(2, 100);
	attack_check_response(&attacked, 2, true);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* The number of misses that mark a query. */
static void
test_threshold(void)
{
	static const struct {
		uint8_t near_misses;
		unsigned misses;
		bool marked;
	} rows[] = {{1, 0, false}, {1, 1, true}, {1, 9, true},	    {2, 1, false},   {2, 2, true},
		    {3, 2, false}, {3, 3, true}, {255, 254, false}, {255, 255, true}};

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		const uint64_t before_tsc = rte_rdtsc();

		attack_publish(&attacked, NEAR_MISS_TRUNCATE, rows[i].near_misses);
		rig_begin(&rig, "threshold of near misses");
		attack_client_asks(&attacked, 0);
		for (unsigned n = 0; n < rows[i].misses; n++)
			attack_miss(&attacked, 0, n & 1 ? ATTACK_UPSTREAM : "198.51.100.102");
		upstream_responses(0, 100);
		attack_check_response(&attacked, 0, !rows[i].marked);
		rig_expect_count(&rig, COUNTER_near_misses, rows[i].misses);
		rig_expect_count(&rig, COUNTER_attacked, rows[i].marked);
		if (rows[i].marked)
			check_attack(0, (uint16_t)rows[i].misses, before_tsc);
		SUITE_ASSERT(rig_end(&rig) == 0, "%u misses, %u mark", rows[i].misses,
			     rows[i].near_misses);
	}
	rig_close(&rig);
}

/* Responses that are no near misses mark nothing: from other addresses, late ones, with another
 * letter case, or without an ID to guess. */
static void
test_no_misses(void)
{
	struct pipeline_dns response;
	struct pipeline_ends ends;
	struct snapshot *s = pipeline_snapshot_new();

	rig_open(&rig, NULL);
	s->near_miss = NEAR_MISS_TRUNCATE;
	s->upstreams[PIPELINE_UPSTREAM_IPV4].random_case = 1;
	pipeline_snapshot_ports(s, ATTACK_PORT, ATTACK_PORT);
	rig_publish(&rig, s);
	rig_begin(&rig, "strays that are no near misses");
	attack_client_asks(&attacked, 0);
	attack_client_asks(&attacked, 1);
	upstream_responses(1, 100);
	attack_check_response(&attacked, 1, true);
	pipeline_dns_response(&response, asked[1].frame + asked[1].dns, asked[1].dns_bytes, 0, 0);
	rig_response(&rig, &asked[1], &response);
	rig_expect_drop(&rig, DROP_response_late, 1);
	attack_miss(&attacked, 0, "203.0.113.9");
	attack_miss(&attacked, 0, "192.0.2.2");
	pipeline_dns_response(&response, asked[0].frame + asked[0].dns, asked[0].dns_bytes, 0, 0);
	ends = pipeline_ends_back(&asked[0].ends);
	ends.source = pipeline_address("203.0.113.9");
	rig_inject_query(&rig, RIG_FARM, &ends, &response);
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_response_wrong_upstream, 1);
	response.message[13] ^= 0x20;
	rig_response(&rig, &asked[0], &response);
	rig_expect_drop(&rig, DROP_response_wrong_case, 1);
	rig_expect_count(&rig, COUNTER_near_misses, 0);
	CU_ASSERT_EQUAL(rig.stats[0].ports[ATTACK_PORT].misses, 0);
	upstream_responses(0, 100);
	attack_check_response(&attacked, 0, true);
	rig_expect_count(&rig, COUNTER_attacked, 0);
	CU_ASSERT_EQUAL(rig.stats[0].attack_count, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* A query that was attacked and timed out is recorded, too. */
static void
test_timeout(void)
{
	const struct stray *attack;

	rig_open(&rig, NULL);
	attack = &rig.stats[0].attacks[0];
	attack_publish(&attacked, NEAR_MISS_TRUNCATE, 1);
	rig_begin(&rig, "near miss, then no response");
	attack_client_asks(&attacked, 0);
	attack_miss(&attacked, 0, ATTACK_UPSTREAM);
	attack_miss(&attacked, 0, "198.51.100.102");
	rig_pass(&rig, 31000);
	rig_expect_count(&rig, COUNTER_timeouts, 1);
	rig_expect_count(&rig, COUNTER_attacked, 1);
	rig_expect_count(&rig, COUNTER_responses_attacked, 0);
	CU_ASSERT_EQUAL(rig.stats[0].attack_count, 1);
	rig_check(&rig,
		  attack->misses == 2 &&
			  be16_to(attack->id) == pipeline_dns_get(asked[0].frame, asked[0].dns),
		  "attack");
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* The ring of attacks wraps; its count is the total. */
static void
test_ring(void)
{
	rig_open(&rig, NULL);
	attack_publish(&attacked, NEAR_MISS_TRUNCATE, 1);
	for (unsigned n = 0; n < 2 * STATS_ATTACKS + 5; n++) {
		const uint64_t before_tsc = rte_rdtsc();

		rig_begin(&rig, "attack after attack");
		attack_client_asks(&attacked, n % 4);
		attack_miss(&attacked, n % 4, ATTACK_UPSTREAM);
		upstream_responses(n % 4, 100);
		attack_check_response(&attacked, n % 4, false);
		check_attack(n % 4, 1, before_tsc);
		CU_ASSERT_EQUAL(rig.stats[0].attack_count, n + 1);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"rules", test_rules},
			       {"before and after", test_before_and_after},
			       {"threshold", test_threshold},
			       {"no misses", test_no_misses},
			       {"timeout", test_timeout},
			       {"ring", test_ring},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("attacks", tests) : 1;
}
