/* SPDX-License-Identifier: BSD-3-Clause */
/* The responses to queries marked by near misses: to every waiting client, to clients with EDNS,
 * and to a probe. test_pipeline_attacks.c tests when a query is marked. */
#include "tests/unit/pipeline/pipeline_attack.h"
#include "tests/unit/suite.h"

static struct rig rig;
static struct pipeline_attack attacked = {.rig = &rig};
static struct pipeline_client *const clients = attacked.clients;
static struct pipeline_sent *const asked = attacked.asked;

/* Every client that waits for an attacked response gets TC=1, in its own letter case, which is
 * checked where responses are collected. A bare error becomes a bare header. */
static void
test_waiters(void)
{
	rig_open(&rig, NULL);
	for (int row = 0; row < 4; row++) {
		const bool truncate = row & 1, bare = row & 2;
		struct pipeline_dns query, response;

		attack_publish(&attacked, truncate ? NEAR_MISS_TRUNCATE : NEAR_MISS_COUNT, 1);
		rig_begin(&rig, "near miss on a shared query");
		pipeline_dns_query(&query, 0, "www.example.net", 1, 1);
		for (unsigned i = 0; i < 6; i++) {
			pipeline_client_make(&rig, &clients[i], i, i & 1, &query);
			pipeline_client_ask(&rig, &clients[i]);
		}
		rig_run(&rig);
		rig_check(&rig, pipeline_clients_collect(&rig, clients, 6, asked, 1) == 1,
			  "not exactly one query");
		attack_miss(&attacked, 0, ATTACK_UPSTREAM);
		pipeline_dns_response(&response, asked[0].frame + asked[0].dns, asked[0].dns_bytes,
				      5, bare ? 0 : 100);
		if (bare) {
			response.bytes = 12;
			pipeline_dns_set(response.message, 4, 0);
		}
		rig_response(&rig, &asked[0], &response);
		pipeline_clients_collect(&rig, clients, 6, NULL, 0);
		for (unsigned i = 0; i < 6 && !bare; i++)
			attack_check_response(&attacked, i, !truncate);
		for (unsigned i = 0; i < 6 && bare; i++)
			rig_check(&rig,
				  clients[i].delivered.bytes == 12 &&
					  (clients[i].delivered.message[2] & 2) ==
						  (truncate ? 2 : 0) &&
					  (clients[i].delivered.message[3] & 15) ==
						  (truncate ? 0 : 5) &&
					  memcmp(clients[i].delivered.message + 4,
						 "\0\0\0\0\0\0\0\0", 8) == 0,
				  "client %u: not a bare response", i);
		pipeline_clients_expect(&rig, clients, 6, 1);
		rig_expect_count(&rig, COUNTER_attacked, 1);
		rig_expect_count(&rig, COUNTER_responses, 6);
		rig_expect_count(&rig, COUNTER_responses_attacked, truncate ? 6 : 0);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* With EDNS the response has an OPT record (RFC 6891 section 7), with the DO bit of the query. */
static void
test_edns(void)
{
	static const struct {
		uint32_t ttl;
		const char *opt;
	} rows[] = {{0, "\0\0\51\4\320\0\0\0\0\0\0"}, {0x8000, "\0\0\51\4\320\0\0\200\0\0\0"}};

	rig_open(&rig, NULL);
	attack_publish(&attacked, NEAR_MISS_TRUNCATE, 1);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct pipeline_dns query, response;
		const uint8_t *message = clients[0].delivered.message;

		rig_begin(&rig, "near miss on a query with EDNS");
		rig.tail_bytes = 32;
		pipeline_dns_query(&query, 0, "www.example.net", 1, 1);
		pipeline_dns_opt(&query, 4096, rows[i].ttl, NULL, 0);
		for (unsigned n = 0; n < 2; n++) {
			pipeline_client_make(&rig, &clients[n], n, n & 1, &query);
			pipeline_client_ask(&rig, &clients[n]);
		}
		rig_run(&rig);
		rig_check(&rig, pipeline_clients_collect(&rig, clients, 2, asked, 1) == 1,
			  "not exactly one query");
		attack_miss(&attacked, 0, ATTACK_UPSTREAM);
		pipeline_dns_response(&response, asked[0].frame + asked[0].dns, asked[0].dns_bytes,
				      2, 0);
		rig_response(&rig, &asked[0], &response);
		pipeline_clients_collect(&rig, clients, 2, NULL, 0);
		for (unsigned n = 0; n < 2; n++) {
			message = clients[n].delivered.message;
			rig_check(&rig,
				  clients[n].delivered.bytes == query.bytes && (message[2] & 2) &&
					  (message[3] & 15) == 0 &&
					  memcmp(message + 4, "\0\1\0\0\0\0\0\1", 8) == 0 &&
					  memcmp(message + query.opt, rows[i].opt, 11) == 0,
				  "client %u: not only question and OPT", n);
		}
		pipeline_clients_expect(&rig, clients, 2, 1);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* Probes are attacked like queries, but their result stays the same. A probe has its own timeout,
 * shorter or longer than that of queries: only near misses after its start mark it. */
static void
test_probes(void)
{
	static const struct {
		const char *description;
		uint16_t timeout_ms;
		uint32_t age_ms; /* age of the probe at the miss; 0: the miss was before */
		bool marked;
	} rows[] = {
		{"miss before a short probe", 1000, 0, false},
		{"miss before a long probe", 29000, 0, false},
		{"miss during a short probe", 1000, 500, true},
		{"miss during a long probe, early", 29000, 100, true},
		{"miss during a long probe, late", 29000, 25000, true},
	};

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct probe_result result = {.outcome = 99};
		struct pipeline_dns response;
		struct snapshot *s = pipeline_snapshot_new();

		s->near_miss = NEAR_MISS_TRUNCATE;
		s->timeout_ms = 10000;
		pipeline_snapshot_ports(s, ATTACK_PORT, ATTACK_PORT);
		rig_publish(&rig, s);
		rig_begin(&rig, rows[i].description);
		attack_client_asks(&attacked, 0);
		if (rows[i].age_ms == 0) {
			attack_miss(&attacked, 0, ATTACK_UPSTREAM);
			rig_age(&rig, 2000);
		}
		rig_order_probe(&rig, PIPELINE_UPSTREAM_IPV4, rows[i].timeout_ms, 42);
		rig_run(&rig);
		rig_check(&rig, pipeline_clients_collect(&rig, clients, 1, &asked[1], 1) == 1,
			  "no probe");
		if (rows[i].age_ms > 0) {
			rig_age(&rig, rows[i].age_ms);
			attack_miss(&attacked, 1, ATTACK_UPSTREAM);
		}
		pipeline_dns_response(&response, asked[1].frame + asked[1].dns, asked[1].dns_bytes,
				      0, 0);
		rig_response(&rig, &asked[1], &response);
		rig_expect_count(&rig, COUNTER_attacked, rows[i].marked);
		rig_expect_count(&rig, COUNTER_responses_attacked, 0);
		rig_check(&rig,
			  rte_ring_dequeue_elem(rig.probe_results, &result, sizeof(result)) == 0 &&
				  result.cookie == 42 && result.outcome == 0,
			  "wrong result of the probe");
		SUITE_ASSERT(rig_end(&rig) == 0, "%s", rows[i].description);
	}
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"waiters", test_waiters},
			       {"EDNS", test_edns},
			       {"probes", test_probes},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("responses under attack", tests) : 1;
}
