/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients that share an upstream query: each gets its own response, however many there are.
 * test_pipeline_shares.c tests which queries share; test_pipeline_waiters.c how many, and what ends
 * their query. */
#include "tests/unit/pipeline/pipeline_clients.h"
#include "tests/unit/suite.h"

static struct rig rig;
static struct pipeline_party party = {.rig = &rig};
static struct pipeline_client *const clients = party.clients;
static struct pipeline_sent *const asked = party.asked;

/* Two to ten clients of both families, in one burst or one by one, short names and long ones, 0x20
 * or none: one upstream query, and each client gets the response with its own ID and letter
 * case. */
static void
test_own_answers(void)
{
	static const char long_name[] =
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz.ABCDEFGHIJKLMNOP.example.net";
	static const size_t sizes[] = {0, 64, 512, 1232, 1452};

	rig_open(&rig, NULL);
	for (int row = 0; row < 8 * 9; row++) {
		const unsigned count = 2 + (unsigned)row / 8;
		const size_t bytes = sizes[row % 5] > 0 && row & 4 ? RTE_MAX(sizes[row % 5], 160u)
								   : sizes[row % 5];
		unsigned queries;

		pipeline_party_publish(&party, 9, row & 1);
		rig_begin(&rig, "clients of one query");
		queries = pipeline_party_ask(&party, 0, count,
					     row & 4 ? long_name : "www.example.net", row & 2);
		rig_check(&rig, queries == 1, "%u upstream queries", queries);
		rig_check(&rig, rig_free_waiters(rig.workers[0]) == 512 - (count - 1),
			  "waiters in use");
		pipeline_party_response_all(&party, queries, count, bytes);
		for (unsigned i = 1; i < count; i++)
			rig_check(&rig,
				  clients[i].delivered.bytes == clients[0].delivered.bytes &&
					  memcmp(clients[i].delivered.message + 12 +
							 clients[i].query.question_bytes,
						 clients[0].delivered.message + 12 +
							 clients[0].query.question_bytes,
						 clients[0].delivered.bytes - 12 -
							 clients[0].query.question_bytes) == 0 &&
					  memcmp(clients[i].delivered.message + 2,
						 clients[0].delivered.message + 2, 10) == 0,
				  "client %u got a wrong response", i);
		rig_check(&rig, bytes == 0 || clients[0].delivered.bytes == bytes, "%zu bytes",
			  clients[0].delivered.bytes);
		rig_expect_count(&rig, COUNTER_queries, 1);
		rig_expect_count(&rig, COUNTER_coalesced, count - 1);
		rig_expect_count(&rig, COUNTER_consumed, count - 1);
		rig_expect_count(&rig, COUNTER_generated, count - 1);
		rig_expect_count(&rig, COUNTER_responses, count);
		rig_expect_count(&rig, COUNTER_coalesce_bound, 0);
		SUITE_ASSERT(rig_end(&rig) == 0, "row %d", row);
	}
	CU_ASSERT_EQUAL(rig.stats[0].upstreams[PIPELINE_UPSTREAM_IPV4].responses, 72);
	rig_close(&rig);
}

/* Waiters on another interface, and of another service, get their response from there. */
static void
test_ways_back(void)
{
	struct pipeline_dns query;
	unsigned queries;

	rig_open(&rig, NULL);
	pipeline_party_publish(&party, 8, true);
	for (int burst = 0; burst < 2; burst++) {
		rig_begin(&rig, "interfaces and services");
		pipeline_dns_query(&query, 0, "www.example.net", 1, 1);
		for (unsigned i = 0; i < 8; i++) {
			pipeline_client_make(&rig, &clients[i], i, i & 1, &query);
			if (i & 2) {
				clients[i].interface = RIG_FARM;
				clients[i].ends.destination_mac = rig.interfaces[RIG_FARM].mac;
			}
			if ((i & 5) == 4)
				clients[i].ends.destination_port = 5353;
			pipeline_client_ask(&rig, &clients[i]);
			if (!burst)
				rig_run(&rig);
		}
		rig_run(&rig);
		queries = pipeline_clients_collect(&rig, clients, 8, asked, PIPELINE_PARTY_MAX);
		rig_check(&rig, queries == 1, "%u upstream queries", queries);
		pipeline_party_response_all(&party, queries, 8, 200);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* A response without question: each client gets the header with its own ID. */
static void
test_bare_error(void)
{
	struct pipeline_dns response = {.bytes = 12};

	rig_open(&rig, NULL);
	pipeline_party_publish(&party, 8, true);
	rig_begin(&rig, "bare REFUSED to all");
	CU_ASSERT_EQUAL(pipeline_party_ask(&party, 0, 5, "www.example.net", true), 1);
	memcpy(response.message, asked[0].frame + asked[0].dns, 2);
	memcpy(response.message + 2, "\x81\x85", 2);
	rig_response(&rig, &asked[0], &response);
	pipeline_clients_collect(&rig, clients, 5, asked, 0);
	pipeline_clients_expect(&rig, clients, 5, 1);
	for (unsigned i = 0; i < 5; i++)
		rig_check(&rig,
			  clients[i].delivered.bytes == 12 &&
				  memcmp(clients[i].delivered.message + 2, response.message + 2,
					 10) == 0,
			  "client %u: not a bare header", i);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* A response too large for one client's interface is truncated for that client only: interfaces of
 * different MTU, families with different header sizes. */
static void
test_sizes(void)
{
	static const struct {
		const char *description;
		uint16_t mtu_bytes;
		size_t bytes;
		/* IPv4 and IPv6 clients of the first interface, then of the second (MTU 1500) */
		bool cut[4];
	} rows[] = {
		{"fits all", 1500, 1452, {false, false, false, false}},
		{"too large for IPv6", 1500, 1453, {false, true, false, true}},
		{"too large for the first interface", 600, 1000, {true, true, false, false}},
		{"too large for the first interface and IPv6",
		 600,
		 1472,
		 {true, true, false, true}},
		{"too large for IPv6 of the first interface",
		 600,
		 560,
		 {false, true, false, false}},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		rig_open(&rig, &(struct rig_options){.client_mtu_bytes = rows[i].mtu_bytes});
		pipeline_party_publish(&party, 8, true);
		/* Each client is the first once. */
		for (unsigned first = 0; first < 4; first++) {
			struct pipeline_dns query;
			unsigned cut = 0;

			rig_begin(&rig, rows[i].description);
			pipeline_dns_query(&query, 0, "www.example.net", 16, 1);
			for (unsigned n = 0; n < 4; n++) {
				struct pipeline_client *client = &clients[(first + n) % 4];

				pipeline_client_make(&rig, client, (first + n) % 4, (first + n) & 1,
						     &query);
				if ((first + n) & 2) {
					client->interface = RIG_FARM;
					client->ends.destination_mac = rig.interfaces[RIG_FARM].mac;
				}
				pipeline_client_ask(&rig, client);
				rig_run(&rig);
			}
			CU_ASSERT_EQUAL(pipeline_clients_collect(&rig, clients, 4, asked,
								 PIPELINE_PARTY_MAX),
					1);
			pipeline_party_response(&party, &asked[0], 3, rows[i].bytes);
			pipeline_clients_collect(&rig, clients, 4, asked, 0);
			pipeline_clients_expect(&rig, clients, 4, 1);
			for (unsigned n = 0; n < 4; n++) {
				const bool tc = clients[n].delivered.message[2] & 2;

				cut += rows[i].cut[n];
				rig_check(&rig, tc == rows[i].cut[n], "client %u: TC=%d", n, tc);
				rig_check(&rig,
					  clients[n].delivered.bytes ==
						  (tc ? query.bytes : rows[i].bytes),
					  "client %u: %zu bytes", n, clients[n].delivered.bytes);
				rig_check(&rig, (clients[n].delivered.message[3] & 15) == 3,
					  "client %u: rcode", n);
				rig_check(&rig,
					  pipeline_dns_get(clients[n].delivered.message, 6) ==
						  (tc ? 0 : 1),
					  "client %u: wrong section counts", n);
			}
			rig_expect_count(&rig, COUNTER_responses_truncated, cut);
			SUITE_ASSERT(rig_end(&rig) == 0, "%s, client %u first", rows[i].description,
				     first);
		}
		rig_close(&rig);
	}
}

/* 1,000 clients with one question, each in its own letter case: as few upstream queries as the
 * bound allows, and a response to each client. */
static void
test_thousand(void)
{
	static const struct {
		uint8_t waiters;
		unsigned queries;
	} rows[] = {{255, 4}, {15, 63}, {0, 1000}};

	rig_open(&rig, &(struct rig_options){.flows = 16384});
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		for (int random_case = 0; random_case < 2; random_case++) {
			unsigned queries;

			pipeline_party_publish(&party, rows[i].waiters, random_case);
			rig_begin(&rig, "1,000 identical questions");
			queries = pipeline_party_ask(&party, 0, 1000, "www.example.net", true);
			rig_check(&rig, queries == rows[i].queries, "%u upstream queries", queries);
			pipeline_party_response_all(&party, queries, 1000, 100);
			rig_expect_count(&rig, COUNTER_responses, 1000);
			SUITE_ASSERT(rig_end(&rig) == 0, "%u waiters", rows[i].waiters);
		}
	}
	rig_close(&rig);
}

/* One upstream query per worker, whichever queue the clients use. */
static void
test_workers(void)
{
	static const struct rig_options options[] = {
		{.workers = 3, .rx_queues = 3, .tx_queues = 3},
		{.workers = 3, .rx_queues = 1, .tx_queues = 1},
		{.workers = 2, .rx_queues = 1, .tx_queues = 2},
	};

	for (size_t i = 0; i < RTE_DIM(options); i++) {
		unsigned queries;
		struct pipeline_dns query;

		rig_open(&rig, &options[i]);
		pipeline_party_publish(&party, 255, true);
		rig_begin(&rig, "several workers");
		pipeline_dns_query(&query, 0, "www.example.net", 1, 1);
		for (unsigned n = 0; n < 300; n++) {
			pipeline_client_make(&rig, &clients[n], n, n & 1, &query);
			rig.receive_queue = (uint16_t)(n % options[i].rx_queues);
			pipeline_client_ask(&rig, &clients[n]);
		}
		rig.receive_queue = 0;
		rig_run(&rig);
		queries = pipeline_clients_collect(&rig, clients, 300, asked, PIPELINE_PARTY_MAX);
		rig_check(&rig, queries == options[i].workers, "%u upstream queries", queries);
		pipeline_party_response_all(&party, queries, 300, 100);
		SUITE_ASSERT(rig_end(&rig) == 0, "set-up %zu", i);
		rig_close(&rig);
	}
}

/* 60 clients of 20 questions in one burst, and again: mixed; each gets the response to its
 * question. */
static void
test_mixed(void)
{
	rig_open(&rig, NULL);
	pipeline_party_publish(&party, 8, true);
	for (int round = 0; round < 50; round++) {
		unsigned queries;

		rig_begin(&rig, "many questions in one burst");
		for (unsigned i = 0; i < 60; i++) {
			struct pipeline_dns query;
			char name[32];

			snprintf(name, sizeof(name), "host%u.r%d.example",
				 (i * 7 + (unsigned)round) % 20, round);
			pipeline_dns_query(&query, 0, name, 1, 1);
			pipeline_client_make(&rig, &clients[i], i, i & 1, &query);
			pipeline_client_ask(&rig, &clients[i]);
		}
		rig_run(&rig);
		queries = pipeline_clients_collect(&rig, clients, 60, asked, PIPELINE_PARTY_MAX);
		/* Two of the 20 may collide in the index and then not share. */
		rig_check(&rig, queries >= 20 && queries < 30, "%u upstream queries", queries);
		pipeline_party_response_all(&party, queries, 60, 0);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* Ten thousand steps with queries, responses and timeouts in seeded random order. Each client gets
 * the one response to its question, or none because of a timeout. */
static void
test_random_talk(void)
{
	static struct pipeline_sent open[PIPELINE_PARTY_MAX];
	static uint32_t asks[PIPELINE_PARTY_MAX];
	struct random_stream *random = malloc(sizeof(*random));
	unsigned open_count = 0, lost = 0;

	rig_open(&rig, &(struct rig_options){.flows = 1024});
	random_init_seeded(random, (const uint8_t[32]){0x7a, 0x1c});
	pipeline_party_publish(&party, 5, true);
	rig_begin(&rig, "random exchanges");
	memset(party.clients, 0, sizeof(party.clients));
	for (int step = 0; step < 2000; step++) {
		const unsigned burst = 1 + (unsigned)(random_u64(random) % 20);

		for (unsigned n = 0; n < burst; n++) {
			const unsigned i = (unsigned)(random_u64(random) % 300);
			struct pipeline_dns query;
			char name[96];

			if (asks[i] > clients[i].responses)
				continue;
			snprintf(name, sizeof(name), "%s%u.example",
				 random_u64(random) & 1 ? "h"
							: "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"
							  "eeeeeeeeeeffffff",
				 (unsigned)(random_u64(random) % 12));
			pipeline_dns_query(&query, 0, name, 1, 1);
			asks[i] = 1;
			pipeline_client_make(&rig, &clients[i], i, i & 1, &query);
			pipeline_client_ask(&rig, &clients[i]);
		}
		rig_run(&rig);
		open_count += pipeline_clients_collect(&rig, clients, 300, open + open_count,
						       PIPELINE_PARTY_MAX - open_count);
		while (open_count > 0 && (random_u64(random) % 3 != 0 || open_count > 100)) {
			const unsigned n = (unsigned)(random_u64(random) % open_count);
			const struct pipeline_sent query = open[n];

			open[n] = open[--open_count];
			pipeline_party_response(&party, &query, 0, 0);
			pipeline_clients_collect(&rig, clients, 300, open, 0);
		}
		rig.sent_count = rig.sent_taken = 0;
		if (step % 100 == 99) {
			rig_pass(&rig, 31000);
			open_count = 0;
			for (unsigned i = 0; i < 300; i++) {
				lost += asks[i] > clients[i].responses;
				asks[i] = 0;
				clients[i].responses = 0;
			}
			rig_check(&rig, rig_free_waiters(rig.workers[0]) == 128,
				  "step %d: waiters were not freed", step);
		}
	}
	rig_expect_count(&rig, COUNTER_timeouts, lost);
	rig_check(&rig, rig_counted(&rig, COUNTER_coalesced) > 1000 && lost > 100,
		  "too little happened");
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
	free(random);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"own responses", test_own_answers},
			       {"return paths", test_ways_back},
			       {"bare error", test_bare_error},
			       {"sizes", test_sizes},
			       {"a thousand", test_thousand},
			       {"workers", test_workers},
			       {"mixed", test_mixed},
			       {"random exchanges", test_random_talk},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("coalesce", tests) : 1;
}
