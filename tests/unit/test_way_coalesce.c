/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients that share an upstream query: each gets its own answer, bounds hold, and whatever ends the query
 * gives every waiter back. What may share is test_way_shares.c's. */
#include "way_clients.h"
#include "way_suite.h"

#define CLIENTS_MAX 1000

static struct rig rig;
static struct way_client clients[CLIENTS_MAX];
static struct way_sent asked[CLIENTS_MAX];

static void
publish(uint8_t waiters, bool random_case)
{
	struct snapshot *s = way_snapshot_new();

	s->waiters = waiters;
	s->upstreams[WAY_UPSTREAM_IPV4].random_case = random_case;
	rig_publish(&rig, s);
}

/* `count` clients from `first` on ask for one name, every other one over IPv6. Returns the upstream queries.
 */
static unsigned
clients_ask(unsigned first, unsigned count, const char *name, bool burst)
{
	struct way_dns query;

	way_dns_query(&query, 0, name, 1, 1);
	for (unsigned i = first; i < first + count; i++) {
		way_client_make(&rig, &clients[i], i, i & 1, &query);
		way_client_ask(&rig, &clients[i]);
		if (!burst)
			rig_run(&rig);
	}
	rig_run(&rig);
	return way_clients_collect(&rig, clients, first + count, asked, CLIENTS_MAX);
}

/* The answer is a function of the question's type and length, so that no client gets another's unnoticed. */
static void
upstream_replies(const struct way_sent *query, uint8_t rcode, size_t bytes)
{
	struct way_dns reply;

	way_dns_reply(&reply, query->frame + query->dns, query->dns_bytes, rcode, bytes);
	rig_reply(&rig, query, &reply);
}

static void
replies_all(unsigned queries, unsigned count, size_t bytes)
{
	for (unsigned i = 0; i < queries; i++)
		upstream_replies(&asked[i], 0, bytes);
	way_clients_collect(&rig, clients, count, asked, 0);
	way_clients_expect(&rig, clients, count, 1);
}

/* Two to ten clients of both families, in one burst or one by one, short names and long ones, 0x20 or none:
 * one upstream query, and each client's answer is the reply with its ID and its letter case. */
static void
test_own_answers(void)
{
	static const char long_name[] =
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz.ABCDEFGHIJKLMNOP.example.net";
	static const size_t sizes[] = {0, 64, 512, 1232, 1452};

	rig_open(&rig, NULL);
	for (int row = 0; row < 8 * 9; row++) {
		const unsigned count = 2 + (unsigned)row / 8;
		const size_t bytes =
			sizes[row % 5] > 0 && row & 4 ? RTE_MAX(sizes[row % 5], 160u) : sizes[row % 5];
		unsigned queries;

		publish(9, row & 1);
		rig_begin(&rig, "clients of one query");
		queries = clients_ask(0, count, row & 4 ? long_name : "www.example.net", row & 2);
		rig_check(&rig, queries == 1, "%u upstream queries", queries);
		rig_check(&rig, rig_free_waiters(rig.workers[0]) == 512 - (count - 1), "waiters taken");
		replies_all(queries, count, bytes);
		for (unsigned i = 1; i < count; i++)
			rig_check(&rig,
				  clients[i].answer.bytes == clients[0].answer.bytes &&
					  memcmp(clients[i].answer.message + 12 +
							 clients[i].query.question_bytes,
						 clients[0].answer.message + 12 +
							 clients[0].query.question_bytes,
						 clients[0].answer.bytes - 12 -
							 clients[0].query.question_bytes) == 0 &&
					  memcmp(clients[i].answer.message + 2, clients[0].answer.message + 2,
						 10) == 0,
				  "client %u got another answer", i);
		rig_check(&rig, bytes == 0 || clients[0].answer.bytes == bytes, "%zu bytes",
			  clients[0].answer.bytes);
		rig_expect_count(&rig, COUNTER_queries, 1);
		rig_expect_count(&rig, COUNTER_coalesced, count - 1);
		rig_expect_count(&rig, COUNTER_absorbed, count - 1);
		rig_expect_count(&rig, COUNTER_made, count - 1);
		rig_expect_count(&rig, COUNTER_answers, count);
		rig_expect_count(&rig, COUNTER_coalesce_bound, 0);
		WAY_ASSERT(rig_end(&rig) == 0, "row %d", row);
	}
	CU_ASSERT_EQUAL(rig.stats[0].upstreams[WAY_UPSTREAM_IPV4].answers, 72);
	rig_close(&rig);
}

/* Waiters by another port of the machine, and of another service, are answered from there. */
static void
test_ways_back(void)
{
	struct way_dns query;
	unsigned queries;

	rig_open(&rig, NULL);
	publish(8, true);
	for (int burst = 0; burst < 2; burst++) {
		rig_begin(&rig, "ports and services");
		way_dns_query(&query, 0, "www.example.net", 1, 1);
		for (unsigned i = 0; i < 8; i++) {
			way_client_make(&rig, &clients[i], i, i & 1, &query);
			if (i & 2) {
				clients[i].port = RIG_FARM;
				clients[i].ends.destination_mac = rig.ports[RIG_FARM].mac;
			}
			if ((i & 5) == 4)
				clients[i].ends.destination_port = 5353;
			way_client_ask(&rig, &clients[i]);
			if (!burst)
				rig_run(&rig);
		}
		rig_run(&rig);
		queries = way_clients_collect(&rig, clients, 8, asked, CLIENTS_MAX);
		rig_check(&rig, queries == 1, "%u upstream queries", queries);
		replies_all(queries, 8, 200);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* A reply without question: each client gets the header with its own ID. */
static void
test_bare_error(void)
{
	struct way_dns reply = {.bytes = 12};

	rig_open(&rig, NULL);
	publish(8, true);
	rig_begin(&rig, "U9 bare REFUSED to all");
	CU_ASSERT_EQUAL(clients_ask(0, 5, "www.example.net", true), 1);
	memcpy(reply.message, asked[0].frame + asked[0].dns, 2);
	memcpy(reply.message + 2, "\x81\x85", 2);
	rig_reply(&rig, &asked[0], &reply);
	way_clients_collect(&rig, clients, 5, asked, 0);
	way_clients_expect(&rig, clients, 5, 1);
	for (unsigned i = 0; i < 5; i++)
		rig_check(&rig,
			  clients[i].answer.bytes == 12 &&
				  memcmp(clients[i].answer.message + 2, reply.message + 2, 10) == 0,
			  "client %u: not the bare header", i);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* At the bound the next query goes out, and those after it join that one. */
static void
test_bound(void)
{
	static const struct {
		uint8_t waiters;
		unsigned count, queries;
	} rows[] = {
		{0, 5, 5},  {1, 2, 1},	{1, 3, 2},  {1, 4, 2},	{3, 4, 1},     {3, 5, 2},
		{3, 10, 3}, {3, 12, 3}, {3, 13, 4}, {8, 60, 7}, {255, 256, 1}, {255, 257, 2},
	};

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		for (int way = 0; way < 4; way++) {
			unsigned queries;

			publish(rows[i].waiters, way & 2);
			rig_begin(&rig, "bound of waiters");
			queries = clients_ask(0, rows[i].count, "www.example.net", way & 1);
			rig_check(&rig, queries == rows[i].queries, "%u upstream queries, not %u", queries,
				  rows[i].queries);
			rig_expect_count(&rig, COUNTER_coalesce_bound,
					 rows[i].waiters > 0 ? rows[i].queries - 1 : 0);
			rig_expect_count(&rig, COUNTER_coalesced, rows[i].count - rows[i].queries);
			replies_all(queries, rows[i].count, 0);
			WAY_ASSERT(rig_end(&rig) == 0, "%u waiters, %u clients, %s", rows[i].waiters,
				   rows[i].count, way & 1 ? "in bursts" : "one by one");
		}
	}
	rig_close(&rig);
}

/* A bound that a reload lowered below what waits already. */
static void
test_bound_lowered(void)
{
	unsigned queries;

	rig_open(&rig, NULL);
	publish(8, false);
	rig_begin(&rig, "bound lowered in flight");
	CU_ASSERT_EQUAL(clients_ask(0, 6, "www.example.net", true), 1);
	publish(2, false);
	asked[CLIENTS_MAX - 1] = asked[0];
	queries = clients_ask(6, 3, "www.example.net", true);
	rig_check(&rig, queries == 1, "%u more upstream queries", queries);
	asked[queries++] = asked[CLIENTS_MAX - 1];
	replies_all(queries, 9, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* 128 waiters go with 1,024 entries. Whoever finds none goes out alone. */
static void
test_pool_empty(void)
{
	rig_open(&rig, &(struct rig_options){.flows = 1024});
	publish(255, true);
	for (int round = 0; round < 3; round++) {
		unsigned queries;

		rig_begin(&rig, "no waiters left");
		queries = clients_ask(0, 200, "www.example.net", true);
		rig_check(&rig, queries == 200 - 128, "%u upstream queries", queries);
		rig_check(&rig, rig.workers[0]->flows.waiter_free == FLOW_NONE, "waiters are left");
		rig_expect_count(&rig, COUNTER_coalesce_bound, 200 - 129);
		if (round < 2)
			replies_all(queries, 200, 0);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

static void
table_full(struct worker *w, bool full)
{
	for (uint32_t i = 0; i <= w->flows.mask; i++)
		w->flows.flows[i].state = full ? FLOW_PROBE : FLOW_FREE;
}

static void
cells_away(struct worker *w, bool away)
{
	static uint32_t kept;

	if (away)
		kept = w->flows.cell_free_count;
	w->flows.cell_free_count = away ? 0 : kept;
}

static void
sources_away(struct worker *w, bool away)
{
	struct snapshot *s = way_snapshot_new();

	s->waiters = 8;
	for (int i = WAY_SOURCE_IPV4; away && i < WAY_SOURCE_IPV6; i++)
		s->sources[i].state = SLOT_EMPTY;
	rig_publish(&rig, s);
}

/* The query that others of its burst joined is dropped: they are told of as lost, and nobody waits for ever.
 * The next one who asks starts anew. */
static void
test_first_dropped(void)
{
	static const struct {
		const char *description, *name;
		void (*change)(struct worker *, bool);
		enum drop_reason reason;
	} rows[] = {
		{"flow table full", "www.example.net", table_full, DROP_flow_table_full},
		{"no cell for a long name",
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.net", cells_away,
		 DROP_long_name_pool_full},
		{"no source address", "www.example.net", sources_away, DROP_no_source},
	};

	rig_open(&rig, &(struct rig_options){.flows = 1024});
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		publish(8, false);
		rig_begin(&rig, rows[i].description);
		rows[i].change(rig.workers[0], true);
		rig_check(&rig, clients_ask(0, 6, rows[i].name, true) == 0, "a query left");
		rows[i].change(rig.workers[0], false);
		rig_expect_drop(&rig, rows[i].reason, 1);
		rig_expect_count(&rig, COUNTER_coalesced, 5);
		rig_expect_count(&rig, COUNTER_answers_lost, 5);
		rig_check(&rig, rig_free_waiters(rig.workers[0]) == 128, "waiters were kept");
		rig_check(&rig, clients_ask(0, 2, rows[i].name, true) == 1, "no new query");
		replies_all(1, 2, 0);
		WAY_ASSERT(rig_end(&rig) == 0, "%s", rows[i].description);
	}
	rig_close(&rig);
}

/* What can't leave by its port is given up, and with it who waits for it. */
static void
test_first_too_big(void)
{
	rig_open(&rig, NULL);
	publish(8, false);
	rig_begin(&rig, "query larger than the upstream's path");
	rig.ports[RIG_FARM].mtu_bytes = 40;
	rig_check(&rig, clients_ask(0, 6, "www.example.net", true) == 0, "a query left");
	rig_expect_drop(&rig, DROP_too_big, 1);
	rig_expect_count(&rig, COUNTER_coalesced, 5);
	rig_expect_count(&rig, COUNTER_answers_lost, 5);
	rig_check(&rig, rig_free_waiters(rig.workers[0]) == 512, "waiters were kept");
	rig.ports[RIG_FARM].mtu_bytes = 1500;
	rig_check(&rig, clients_ask(0, 2, "www.example.net", true) == 1, "no new query");
	replies_all(1, 2, 0);
	rig_expect_count(&rig, COUNTER_timeouts, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

static void
test_timeout(void)
{
	rig_open(&rig, NULL);
	publish(8, true);
	rig_begin(&rig, "timeout of a query with waiters");
	CU_ASSERT_EQUAL(clients_ask(0, 7, "www.example.net", true), 1);
	rig_pass(&rig, 29000);
	rig_expect_count(&rig, COUNTER_timeouts, 0);
	rig_pass(&rig, 31000);
	rig_expect_count(&rig, COUNTER_timeouts, 7);
	rig_check(&rig, rig.stats[0].upstreams[WAY_UPSTREAM_IPV4].timeouts == 1,
		  "timeouts of the upstream's");
	rig_check(&rig, rig_free_waiters(rig.workers[0]) == 512, "waiters were kept");
	upstream_replies(&asked[0], 0, 0);
	rig_expect_drop(&rig, DROP_reply_late, 1);
	/* Nobody joins what is over. */
	rig_check(&rig, clients_ask(0, 2, "www.example.net", true) == 1, "no new query");
	replies_all(1, 2, 0);
	rig_check(&rig, clients_ask(0, 2, "www.example.net", false) == 1, "no new query");
	replies_all(1, 2, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* A query is joined in the first quarter of its time, of the time that is configured now. */
static void
test_age(void)
{
	static const struct {
		uint32_t timeout_ms, later_ms; /* configured when the first asks, and when the second does */
		uint64_t age_ms;
		unsigned queries; /* of the second */
	} rows[] = {
		{30000, 30000, 0, 0},	  {30000, 30000, 7400, 0}, {30000, 30000, 7510, 1},
		{30000, 30000, 29000, 1}, {2000, 2000, 400, 0},	   {2000, 2000, 510, 1},
		{30000, 2000, 400, 0},	  {30000, 2000, 510, 1},   {30000, 2000, 20000, 1},
		{2000, 30000, 510, 0},	  {2000, 30000, 1900, 0},
	};

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		unsigned queries;

		for (int later = 0; later < 2; later++) {
			struct snapshot *s = way_snapshot_new();

			s->waiters = 8;
			s->timeout_ms = later ? rows[i].later_ms : rows[i].timeout_ms;
			rig_publish(&rig, s);
			if (later)
				break;
			rig_begin(&rig, "age of the query that could be joined");
			CU_ASSERT_EQUAL(clients_ask(0, 1, "www.example.net", true), 1);
		}
		rig_age(&rig, rows[i].age_ms);
		asked[CLIENTS_MAX - 1] = asked[0];
		queries = clients_ask(1, 1, "www.example.net", true);
		rig_check(&rig, queries == rows[i].queries, "%u queries", queries);
		asked[queries++] = asked[CLIENTS_MAX - 1];
		/* Later ones join the second. */
		rig_check(&rig, clients_ask(2, 1, "www.example.net", true) == 0, "a third query");
		asked[CLIENTS_MAX - 2] = asked[0];
		replies_all(queries, 3, 0);
		WAY_ASSERT(rig_end(&rig) == 0, "timeout %u ms, then %u, age %lu", rows[i].timeout_ms,
			   rows[i].later_ms, rows[i].age_ms);
	}
	rig_close(&rig);
}

/* What one client's path does not carry is cut for him alone: ports of different MTU, families of different
 * size. */
static void
test_sizes(void)
{
	static const struct {
		const char *description;
		uint16_t mtu_bytes;
		size_t bytes;
		bool cut[4]; /* IPv4 and IPv6 clients of the first port, then of the second, whose MTU is 1500
			      */
	} rows[] = {
		{"fits everybody", 1500, 1452, {false, false, false, false}},
		{"too large for IPv6", 1500, 1453, {false, true, false, true}},
		{"too large for the first port", 600, 1000, {true, true, false, false}},
		{"too large for the first port and IPv6", 600, 1472, {true, true, false, true}},
		{"too large for IPv6 of the first port", 600, 560, {false, true, false, false}},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		rig_open(&rig, &(struct rig_options){.client_mtu_bytes = rows[i].mtu_bytes});
		publish(8, true);
		/* Each of them asks first once. */
		for (unsigned first = 0; first < 4; first++) {
			struct way_dns query;
			unsigned cut = 0;

			rig_begin(&rig, rows[i].description);
			way_dns_query(&query, 0, "www.example.net", 16, 1);
			for (unsigned n = 0; n < 4; n++) {
				struct way_client *client = &clients[(first + n) % 4];

				way_client_make(&rig, client, (first + n) % 4, (first + n) & 1, &query);
				if ((first + n) & 2) {
					client->port = RIG_FARM;
					client->ends.destination_mac = rig.ports[RIG_FARM].mac;
				}
				way_client_ask(&rig, client);
				rig_run(&rig);
			}
			CU_ASSERT_EQUAL(way_clients_collect(&rig, clients, 4, asked, CLIENTS_MAX), 1);
			upstream_replies(&asked[0], 3, rows[i].bytes);
			way_clients_collect(&rig, clients, 4, asked, 0);
			way_clients_expect(&rig, clients, 4, 1);
			for (unsigned n = 0; n < 4; n++) {
				const bool tc = clients[n].answer.message[2] & 2;

				cut += rows[i].cut[n];
				rig_check(&rig, tc == rows[i].cut[n], "client %u: TC=%d", n, tc);
				rig_check(&rig, clients[n].answer.bytes == (tc ? query.bytes : rows[i].bytes),
					  "client %u: %zu bytes", n, clients[n].answer.bytes);
				rig_check(&rig, (clients[n].answer.message[3] & 15) == 3, "client %u: rcode",
					  n);
				rig_check(&rig, way_dns_get(clients[n].answer.message, 6) == (tc ? 0 : 1),
					  "client %u: answers counted", n);
			}
			rig_expect_count(&rig, COUNTER_answers_truncated, cut);
			WAY_ASSERT(rig_end(&rig) == 0, "%s, client %u first", rows[i].description, first);
		}
		rig_close(&rig);
	}
}

/* S8: as many packet buffers as there are make copies; the others' answers are lost and counted, and the
 * query's own client has the reply's. */
static void
test_no_buffers(void)
{
	static struct rte_mbuf *held[8192];

	rig_open(&rig, NULL);
	publish(8, true);
	for (unsigned left = 0; left < 8; left++) {
		unsigned count = 0, answered = 0;
		struct way_dns reply;
		struct way_frame frame;
		struct way_ends back;

		rig_begin(&rig, "S8 no buffers for copies");
		CU_ASSERT_EQUAL(clients_ask(0, 7, "www.example.net", true), 1);
		back = way_ends_back(&asked[0].ends);
		way_dns_reply(&reply, asked[0].frame + asked[0].dns, asked[0].dns_bytes, 0, 300);
		way_frame_make(&frame, &back, NULL, reply.message, (uint32_t)reply.bytes);
		rig_inject_frame(&rig, RIG_FARM, &frame);
		while ((held[count] = rte_pktmbuf_alloc(rig.pool)) != NULL)
			count++;
		for (unsigned i = 0; i < left; i++)
			rte_pktmbuf_free(held[--count]);
		rig_run(&rig);
		while (count > 0)
			rte_pktmbuf_free(held[--count]);
		way_clients_collect(&rig, clients, 7, asked, 0);
		for (unsigned i = 0; i < 7; i++) {
			rig_check(&rig, clients[i].answers <= 1, "client %u: %u answers", i,
				  clients[i].answers);
			answered += clients[i].answers;
		}
		rig_check(&rig, clients[0].answers == 1, "the query's own client was not answered");
		rig_check(&rig, answered == 1 + RTE_MIN(left, 6u), "%u of 7 answered", answered);
		rig_expect_count(&rig, COUNTER_answers_lost, 7 - answered);
		rig_expect_count(&rig, COUNTER_answers, answered);
		rig_expect_count(&rig, COUNTER_made, answered - 1);
		WAY_ASSERT(rig_end(&rig) == 0, "%u buffers", left);
	}
	rig_close(&rig);
}

/* S5: 1,000 clients with one question, each its own letter case: as few copies as the bound allows, all
 * answered. */
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

			publish(rows[i].waiters, random_case);
			rig_begin(&rig, "S5 1,000 identical questions");
			queries = clients_ask(0, 1000, "www.example.net", true);
			rig_check(&rig, queries == rows[i].queries, "%u upstream queries", queries);
			replies_all(queries, 1000, 100);
			rig_expect_count(&rig, COUNTER_answers, 1000);
			WAY_ASSERT(rig_end(&rig) == 0, "S5 %u waiters", rows[i].waiters);
		}
	}
	rig_close(&rig);
}

/* S5: one upstream query a worker, however clients come in. */
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
		struct way_dns query;

		rig_open(&rig, &options[i]);
		publish(255, true);
		rig_begin(&rig, "S5 several workers");
		way_dns_query(&query, 0, "www.example.net", 1, 1);
		for (unsigned n = 0; n < 300; n++) {
			way_client_make(&rig, &clients[n], n, n & 1, &query);
			rig.receive_queue = (uint16_t)(n % options[i].rx_queues);
			way_client_ask(&rig, &clients[n]);
		}
		rig.receive_queue = 0;
		rig_run(&rig);
		queries = way_clients_collect(&rig, clients, 300, asked, CLIENTS_MAX);
		rig_check(&rig, queries == options[i].workers, "%u upstream queries", queries);
		replies_all(queries, 300, 100);
		WAY_ASSERT(rig_end(&rig) == 0, "set-up %zu", i);
		rig_close(&rig);
	}
}

/* 60 clients of 20 questions in one burst, and again: all mixed, each gets the answer to what it asked. */
static void
test_mixed(void)
{
	rig_open(&rig, NULL);
	publish(8, true);
	for (int round = 0; round < 50; round++) {
		unsigned queries;

		rig_begin(&rig, "many questions in one burst");
		for (unsigned i = 0; i < 60; i++) {
			struct way_dns query;
			char name[32];

			snprintf(name, sizeof(name), "host%u.r%d.example", (i * 7 + (unsigned)round) % 20,
				 round);
			way_dns_query(&query, 0, name, 1, 1);
			way_client_make(&rig, &clients[i], i, i & 1, &query);
			way_client_ask(&rig, &clients[i]);
		}
		rig_run(&rig);
		queries = way_clients_collect(&rig, clients, 60, asked, CLIENTS_MAX);
		/* Two of the 20 may have fallen into one place of the index, and cost each other their
		 * sharing. */
		rig_check(&rig, queries >= 20 && queries < 30, "%u upstream queries", queries);
		replies_all(queries, 60, 0);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* For ten thousand steps, whoever asks, whoever is answered and whatever times out is left to a seeded
 * chance. Each client gets the one answer to its question, or none because of a timeout. */
static void
test_random_talk(void)
{
	static struct way_sent open[CLIENTS_MAX];
	static uint32_t asks[CLIENTS_MAX];
	struct random_stream *random = malloc(sizeof(*random));
	unsigned open_count = 0, lost = 0;

	rig_open(&rig, &(struct rig_options){.flows = 1024});
	random_init_seeded(random, (const uint8_t[32]){0x7a, 0x1c});
	publish(5, true);
	rig_begin(&rig, "talk at random");
	memset(clients, 0, sizeof(clients));
	for (int step = 0; step < 2000; step++) {
		const unsigned burst = 1 + (unsigned)(random_u64(random) % 20);

		for (unsigned n = 0; n < burst; n++) {
			const unsigned i = (unsigned)(random_u64(random) % 300);
			struct way_dns query;
			char name[96];

			if (asks[i] > clients[i].answers)
				continue;
			snprintf(name, sizeof(name), "%s%u.example",
				 random_u64(random) & 1
					 ? "h"
					 : "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffff",
				 (unsigned)(random_u64(random) % 12));
			way_dns_query(&query, 0, name, 1, 1);
			asks[i] = 1;
			way_client_make(&rig, &clients[i], i, i & 1, &query);
			way_client_ask(&rig, &clients[i]);
		}
		rig_run(&rig);
		open_count +=
			way_clients_collect(&rig, clients, 300, open + open_count, CLIENTS_MAX - open_count);
		while (open_count > 0 && (random_u64(random) % 3 != 0 || open_count > 100)) {
			const unsigned n = (unsigned)(random_u64(random) % open_count);
			const struct way_sent query = open[n];

			open[n] = open[--open_count];
			upstream_replies(&query, 0, 0);
			way_clients_collect(&rig, clients, 300, open, 0);
		}
		rig.sent_count = rig.sent_taken = 0;
		if (step % 100 == 99) {
			rig_pass(&rig, 31000);
			open_count = 0;
			for (unsigned i = 0; i < 300; i++) {
				lost += asks[i] > clients[i].answers;
				asks[i] = 0;
				clients[i].answers = 0;
			}
			rig_check(&rig, rig_free_waiters(rig.workers[0]) == 128, "step %d: waiters were kept",
				  step);
		}
	}
	rig_expect_count(&rig, COUNTER_timeouts, lost);
	rig_check(&rig, rig_counted(&rig, COUNTER_coalesced) > 1000 && lost > 100, "too little happened");
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
	free(random);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"own answers", test_own_answers},
			       {"ways back", test_ways_back},
			       {"bare error", test_bare_error},
			       {"bound", test_bound},
			       {"bound lowered", test_bound_lowered},
			       {"pool empty", test_pool_empty},
			       {"first one dropped", test_first_dropped},
			       {"first one too big", test_first_too_big},
			       {"timeout", test_timeout},
			       {"age", test_age},
			       {"sizes", test_sizes},
			       {"no buffers", test_no_buffers},
			       {"a thousand", test_thousand},
			       {"workers", test_workers},
			       {"mixed", test_mixed},
			       {"random talk", test_random_talk},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? way_suite_run("coalesce", tests) : 1;
}
