/* SPDX-License-Identifier: BSD-3-Clause */
/* Near misses mark the queries that they were aimed at, and no others; and what then becomes of the answer.
 * All on one port, so that every query is aimed at together. */
#include "tests/unit/pipeline/pipeline_clients.h"
#include "tests/unit/suite.h"

#include <rte_cycles.h>

#define PORT 50000

static struct rig rig;
static struct way_client clients[8];
static struct way_sent asked[8];

static void
publish(enum near_miss rule, uint8_t near_misses)
{
	struct snapshot *s = way_snapshot_new();

	s->near_miss = (uint8_t)rule;
	s->near_misses = near_misses;
	s->waiters = 8;
	way_snapshot_usable(s, 1u << WAY_UPSTREAM_IPV4);
	way_snapshot_ports(s, PORT, PORT);
	rig_publish(&rig, s);
}

/* `client` asks for a name of his own; asked[client]. */
static void
client_asks(unsigned client)
{
	static const char *const names[] = {"one.example", "two.example", "three.example", "four.example"};
	struct way_dns query;

	way_dns_query(&query, 0, names[client], 1, 1);
	way_client_make(&rig, &clients[client], client, client & 1, &query);
	way_client_ask(&rig, &clients[client]);
	rig_run(&rig);
	rig_check(&rig, way_clients_collect(&rig, clients, 4, &asked[client], 1) == 1, "no query");
}

static void
upstream_replies(unsigned query, size_t bytes)
{
	struct way_dns reply;

	way_dns_reply(&reply, asked[query].frame + asked[query].dns, asked[query].dns_bytes, 2, bytes);
	reply.message[2] |= 0x04; /* AA */
	reply.message[3] |= 0x20; /* AD */
	rig_reply(&rig, &asked[query], &reply);
	way_clients_collect(&rig, clients, RTE_DIM(clients), NULL, 0);
}

/* A near miss at the port: a wrong ID, that no query there has. */
static void
miss(unsigned query, const char *sender)
{
	struct way_ends ends = way_ends_back(&asked[query].ends);
	struct way_dns forged;
	struct way_frame frame;

	way_dns_reply(&forged, asked[query].frame + asked[query].dns, asked[query].dns_bytes, 0, 0);
	way_dns_set(forged.message, 0, (uint16_t)(way_dns_get(forged.message, 0) ^ 0x8421));
	ends.source = way_address(sender);
	way_frame_make(&frame, &ends, NULL, forged.message, (uint32_t)forged.bytes);
	rig_inject_frame(&rig, RIG_FARM, &frame);
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_reply_wrong_id, 1);
}

/* The other kind: everything right but the question. */
static void
miss_question(unsigned query)
{
	struct way_dns forged;

	way_dns_reply(&forged, asked[query].frame + asked[query].dns, asked[query].dns_bytes, 0, 0);
	forged.message[13] ^= 1;
	rig_reply(&rig, &asked[query], &forged);
	rig_expect_drop(&rig, DROP_reply_wrong_question, 1);
}

#define UPSTREAM "198.51.100.101"

/* Until the workers' coarse clock has gone on: what comes now is later than what came before. */
static void
next_tick(void)
{
	const uint64_t tick = rte_rdtsc() >> FLOW_TICK_SHIFT;

	while (rte_rdtsc() >> FLOW_TICK_SHIFT <= tick)
		;
}

static void
check_answer(unsigned client, bool believed)
{
	const struct way_client *c = &clients[client];

	if (!rig_check(&rig, c->answers == 1, "client %u: %u answers", client, c->answers))
		return;
	if (believed) {
		rig_check(&rig, !(c->answer.message[2] & 2) && c->answer.bytes == 100,
			  "client %u: not the answer", client);
		return;
	}
	rig_check(&rig, c->answer.bytes == c->query.bytes, "client %u: %zu bytes", client, c->answer.bytes);
	/* What would not be true of an answer without records goes: AA, AD and the rcode. */
	rig_check(&rig, c->answer.message[2] == 0x83, "client %u: QR, TC, RD alone", client);
	rig_check(&rig, c->answer.message[3] == 0x80, "client %u: RA alone", client);
	rig_check(&rig, memcmp(c->answer.message + 4, "\0\1\0\0\0\0\0\0", 8) == 0, "client %u: counts",
		  client);
}

/* The newest entry of the ring of attacks tells of this query. */
static void
check_attack(unsigned query, uint16_t misses, uint64_t before_tsc)
{
	const struct worker_stats *stats = &rig.stats[0];
	const struct stray *attack = &stats->attacks[(stats->attack_count - 1) % STATS_ATTACKS];
	const struct way_sent *sent = &asked[query];

	rig_check(&rig, attack->tsc >= before_tsc && attack->tsc <= rte_rdtsc(), "attack: the stamp");
	rig_check(&rig,
		  address_equal(&attack->source, &sent->ends.destination) &&
			  be16_to(attack->source_port) == sent->ends.destination_port,
		  "attack: the upstream");
	rig_check(&rig,
		  address_equal(&attack->destination, &sent->ends.source) &&
			  be16_to(attack->destination_port) == sent->ends.source_port,
		  "attack: our end");
	rig_check(&rig, be16_to(attack->id) == way_dns_get(sent->frame, sent->dns), "attack: the ID");
	rig_check(&rig, attack->near_miss == 1 && attack->reason == 0 && attack->misses == misses,
		  "attack: %u misses", attack->misses);
	rig_check(&rig,
		  attack->question_bytes == sent->dns_bytes - 12 &&
			  memcmp(attack->question, sent->frame + sent->dns + 12, attack->question_bytes) == 0,
		  "attack: the question");
}

/* Both rules, both kinds of miss: the query is marked, once; the answer is delivered, or TC=1 is. */
static void
test_rules(void)
{
	rig_open(&rig, NULL);
	for (int row = 0; row < 4; row++) {
		const bool truncate = row & 1;
		const uint64_t attacks = rig.stats[0].attack_count, before_tsc = rte_rdtsc();
		const struct upstream_stats before = rig.stats[0].upstreams[WAY_UPSTREAM_IPV4];

		publish(truncate ? NEAR_MISS_TRUNCATE : NEAR_MISS_COUNT, 1);
		rig_begin(&rig, truncate ? "near_miss: truncate" : "near_miss: count");
		client_asks(0);
		if (row & 2)
			miss_question(0);
		else
			miss(0, UPSTREAM);
		rig_check(&rig, rig.workers[0]->flows.in_flight == 1 && rig.stats[0].attack_count == attacks,
			  "a miss ended the query");
		rig_expect_count(&rig, COUNTER_near_misses, 1);
		CU_ASSERT_EQUAL(rig.stats[0].ports[PORT].misses, 1);
		upstream_replies(0, 100);
		check_answer(0, !truncate);
		rig_expect_count(&rig, COUNTER_attacked, 1);
		rig_expect_count(&rig, COUNTER_answers, 1);
		rig_expect_count(&rig, COUNTER_answers_attacked, truncate);
		rig_expect_count(&rig, COUNTER_answers_truncated, 0);
		rig_check(&rig, rig.stats[0].attack_count == attacks + 1, "%lu attacks",
			  rig.stats[0].attack_count - attacks);
		check_attack(0, 1, before_tsc);
		/* The port has no query any more, and with it forgets: the next one there is clean. */
		CU_ASSERT_EQUAL(rig.stats[0].ports[PORT].misses, 0);
		client_asks(1);
		upstream_replies(1, 100);
		check_answer(1, true);
		rig_expect_count(&rig, COUNTER_attacked, 1);
		CU_ASSERT_EQUAL(rig.stats[0].upstreams[WAY_UPSTREAM_IPV4].attacked, before.attacked + 1);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* Queries that began before the miss are marked, those after it are not, although the port remembers it; and
 * what they were before plays no part. */
static void
test_before_and_after(void)
{
	rig_open(&rig, NULL);
	publish(NEAR_MISS_TRUNCATE, 1);
	rig_begin(&rig, "two before the miss, two after it");
	client_asks(0);
	client_asks(1);
	next_tick();
	miss(0, UPSTREAM);
	next_tick();
	client_asks(2);
	client_asks(3);
	upstream_replies(3, 100);
	check_answer(3, true);
	upstream_replies(1, 100);
	check_answer(1, false);
	upstream_replies(2, 100);
	check_answer(2, true);
	rig_expect_count(&rig, COUNTER_attacked, 1);
	CU_ASSERT_EQUAL(rig.stats[0].ports[PORT].misses, 1);
	upstream_replies(0, 100);
	check_answer(0, false);
	rig_expect_count(&rig, COUNTER_attacked, 2);
	rig_expect_count(&rig, COUNTER_answers_attacked, 2);
	CU_ASSERT_EQUAL(rig.stats[0].ports[PORT].misses, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);

	rig_begin(&rig, "a miss long after the query began");
	client_asks(0);
	rig_age(&rig, 20000);
	miss(0, UPSTREAM);
	upstream_replies(0, 100);
	check_answer(0, false);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);

	rig_begin(&rig, "the timeout is another by now");
	client_asks(0);
	client_asks(1);
	rig_age(&rig, 3000);
	miss(0, UPSTREAM);
	rig_age(&rig, 3000);
	client_asks(2);
	for (int later = 0; later < 2; later++) {
		struct snapshot *s = way_snapshot_new();

		s->near_miss = NEAR_MISS_TRUNCATE;
		s->timeout_ms = later ? 30000 : 50;
		way_snapshot_ports(s, PORT, PORT);
		rig_publish(&rig, s);
		upstream_replies((unsigned)later, 100);
		check_answer((unsigned)later, false);
	}
	upstream_replies(2, 100);
	check_answer(2, true);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* So many misses mark a query. */
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

		publish(NEAR_MISS_TRUNCATE, rows[i].near_misses);
		rig_begin(&rig, "threshold of near misses");
		client_asks(0);
		for (unsigned n = 0; n < rows[i].misses; n++)
			miss(0, n & 1 ? UPSTREAM : "198.51.100.102");
		upstream_replies(0, 100);
		check_answer(0, !rows[i].marked);
		rig_expect_count(&rig, COUNTER_near_misses, rows[i].misses);
		rig_expect_count(&rig, COUNTER_attacked, rows[i].marked);
		if (rows[i].marked)
			check_attack(0, (uint16_t)rows[i].misses, before_tsc);
		WAY_ASSERT(rig_end(&rig) == 0, "%u misses, %u mark", rows[i].misses, rows[i].near_misses);
	}
	rig_close(&rig);
}

/* What is no near miss marks nothing: strangers' replies, late ones, another case, what has no ID to guess.
 */
static void
test_no_misses(void)
{
	struct way_dns reply;
	struct way_ends ends;
	struct way_frame frame;
	struct snapshot *s = way_snapshot_new();

	rig_open(&rig, NULL);
	s->near_miss = NEAR_MISS_TRUNCATE;
	s->upstreams[WAY_UPSTREAM_IPV4].random_case = 1;
	way_snapshot_ports(s, PORT, PORT);
	rig_publish(&rig, s);
	rig_begin(&rig, "strays that are no near misses");
	client_asks(0);
	client_asks(1);
	upstream_replies(1, 100);
	check_answer(1, true);
	way_dns_reply(&reply, asked[1].frame + asked[1].dns, asked[1].dns_bytes, 0, 0);
	rig_reply(&rig, &asked[1], &reply);
	rig_expect_drop(&rig, DROP_reply_late, 1);
	miss(0, "203.0.113.9");
	miss(0, "192.0.2.2");
	way_dns_reply(&reply, asked[0].frame + asked[0].dns, asked[0].dns_bytes, 0, 0);
	ends = way_ends_back(&asked[0].ends);
	ends.source = way_address("203.0.113.9");
	way_frame_make(&frame, &ends, NULL, reply.message, (uint32_t)reply.bytes);
	rig_inject_frame(&rig, RIG_FARM, &frame);
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_reply_wrong_upstream, 1);
	reply.message[13] ^= 0x20;
	rig_reply(&rig, &asked[0], &reply);
	rig_expect_drop(&rig, DROP_reply_wrong_case, 1);
	rig_expect_count(&rig, COUNTER_near_misses, 0);
	CU_ASSERT_EQUAL(rig.stats[0].ports[PORT].misses, 0);
	upstream_replies(0, 100);
	check_answer(0, true);
	rig_expect_count(&rig, COUNTER_attacked, 0);
	CU_ASSERT_EQUAL(rig.stats[0].attack_count, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* Everyone who waits for an attacked answer is told to come by TCP; each in his own letter case, which is
 * checked where answers are collected. A bare error becomes a bare header. */
static void
test_waiters(void)
{
	rig_open(&rig, NULL);
	for (int row = 0; row < 4; row++) {
		const bool truncate = row & 1, bare = row & 2;
		struct way_dns query, reply;

		publish(truncate ? NEAR_MISS_TRUNCATE : NEAR_MISS_COUNT, 1);
		rig_begin(&rig, "near miss at a shared query");
		way_dns_query(&query, 0, "www.example.net", 1, 1);
		for (unsigned i = 0; i < 6; i++) {
			way_client_make(&rig, &clients[i], i, i & 1, &query);
			way_client_ask(&rig, &clients[i]);
		}
		rig_run(&rig);
		rig_check(&rig, way_clients_collect(&rig, clients, 6, asked, 1) == 1, "not one query");
		miss(0, UPSTREAM);
		way_dns_reply(&reply, asked[0].frame + asked[0].dns, asked[0].dns_bytes, 5, bare ? 0 : 100);
		if (bare) {
			reply.bytes = 12;
			way_dns_set(reply.message, 4, 0);
		}
		rig_reply(&rig, &asked[0], &reply);
		way_clients_collect(&rig, clients, 6, NULL, 0);
		for (unsigned i = 0; i < 6 && !bare; i++)
			check_answer(i, !truncate);
		for (unsigned i = 0; i < 6 && bare; i++)
			rig_check(&rig,
				  clients[i].answer.bytes == 12 &&
					  (clients[i].answer.message[2] & 2) == (truncate ? 2 : 0) &&
					  (clients[i].answer.message[3] & 15) == (truncate ? 0 : 5) &&
					  memcmp(clients[i].answer.message + 4, "\0\0\0\0\0\0\0\0", 8) == 0,
				  "client %u: bare answer", i);
		way_clients_expect(&rig, clients, 6, 1);
		rig_expect_count(&rig, COUNTER_attacked, 1);
		rig_expect_count(&rig, COUNTER_answers, 6);
		rig_expect_count(&rig, COUNTER_answers_attacked, truncate ? 6 : 0);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* With EDNS the answer has an OPT record (RFC 6891 section 7), with the DO bit of the query. */
static void
test_edns(void)
{
	static const struct {
		uint32_t ttl;
		const char *opt;
	} rows[] = {{0, "\0\0\51\4\320\0\0\0\0\0\0"}, {0x8000, "\0\0\51\4\320\0\0\200\0\0\0"}};

	rig_open(&rig, NULL);
	publish(NEAR_MISS_TRUNCATE, 1);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct way_dns query, reply;
		const uint8_t *message = clients[0].answer.message;

		rig_begin(&rig, "near miss at a query with EDNS");
		rig.tail_bytes = 32;
		way_dns_query(&query, 0, "www.example.net", 1, 1);
		way_dns_opt(&query, 4096, rows[i].ttl, NULL, 0);
		for (unsigned n = 0; n < 2; n++) {
			way_client_make(&rig, &clients[n], n, n & 1, &query);
			way_client_ask(&rig, &clients[n]);
		}
		rig_run(&rig);
		rig_check(&rig, way_clients_collect(&rig, clients, 2, asked, 1) == 1, "not one query");
		miss(0, UPSTREAM);
		way_dns_reply(&reply, asked[0].frame + asked[0].dns, asked[0].dns_bytes, 2, 0);
		rig_reply(&rig, &asked[0], &reply);
		way_clients_collect(&rig, clients, 2, NULL, 0);
		for (unsigned n = 0; n < 2; n++) {
			message = clients[n].answer.message;
			rig_check(&rig,
				  clients[n].answer.bytes == query.bytes && (message[2] & 2) &&
					  (message[3] & 15) == 0 &&
					  memcmp(message + 4, "\0\1\0\0\0\0\0\1", 8) == 0 &&
					  memcmp(message + query.opt, rows[i].opt, 11) == 0,
				  "client %u: not the question and OPT", n);
		}
		way_clients_expect(&rig, clients, 2, 1);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* A query that was aimed at and then timed out is noted too. */
static void
test_timeout(void)
{
	const struct stray *attack;

	rig_open(&rig, NULL);
	attack = &rig.stats[0].attacks[0];
	publish(NEAR_MISS_TRUNCATE, 1);
	rig_begin(&rig, "near miss, then no answer");
	client_asks(0);
	miss(0, UPSTREAM);
	miss(0, "198.51.100.102");
	rig_pass(&rig, 31000);
	rig_expect_count(&rig, COUNTER_timeouts, 1);
	rig_expect_count(&rig, COUNTER_attacked, 1);
	rig_expect_count(&rig, COUNTER_answers_attacked, 0);
	CU_ASSERT_EQUAL(rig.stats[0].attack_count, 1);
	rig_check(&rig,
		  attack->misses == 2 && be16_to(attack->id) == way_dns_get(asked[0].frame, asked[0].dns),
		  "attack");
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* Probes are aimed at like queries; their result is what it was. A probe's time is its own, shorter or longer
 * than that of queries: only what came after it began marks it. */
static void
test_probes(void)
{
	static const struct {
		const char *description;
		uint16_t timeout_ms;
		uint32_t age_ms; /* of the probe when the miss comes; 0: the miss is older */
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
		struct way_dns reply;
		struct snapshot *s = way_snapshot_new();

		s->near_miss = NEAR_MISS_TRUNCATE;
		s->timeout_ms = 10000;
		way_snapshot_ports(s, PORT, PORT);
		rig_publish(&rig, s);
		rig_begin(&rig, rows[i].description);
		client_asks(0);
		if (rows[i].age_ms == 0) {
			miss(0, UPSTREAM);
			rig_age(&rig, 2000);
		}
		rig_order_probe(&rig, WAY_UPSTREAM_IPV4, rows[i].timeout_ms, 42);
		rig_run(&rig);
		rig_check(&rig, way_clients_collect(&rig, clients, 1, &asked[1], 1) == 1, "no probe");
		if (rows[i].age_ms > 0) {
			rig_age(&rig, rows[i].age_ms);
			miss(1, UPSTREAM);
		}
		way_dns_reply(&reply, asked[1].frame + asked[1].dns, asked[1].dns_bytes, 0, 0);
		rig_reply(&rig, &asked[1], &reply);
		rig_expect_count(&rig, COUNTER_attacked, rows[i].marked);
		rig_expect_count(&rig, COUNTER_answers_attacked, 0);
		rig_check(&rig,
			  rte_ring_dequeue_elem(rig.probe_results, &result, sizeof(result)) == 0 &&
				  result.cookie == 42 && result.outcome == 0,
			  "the probe's result");
		WAY_ASSERT(rig_end(&rig) == 0, "%s", rows[i].description);
	}
	rig_close(&rig);
}

/* The ring of attacks goes around; its count is of all of them. */
static void
test_ring(void)
{
	rig_open(&rig, NULL);
	publish(NEAR_MISS_TRUNCATE, 1);
	for (unsigned n = 0; n < 2 * STATS_ATTACKS + 5; n++) {
		const uint64_t before_tsc = rte_rdtsc();

		rig_begin(&rig, "attack after attack");
		client_asks(n % 4);
		miss(n % 4, UPSTREAM);
		upstream_replies(n % 4, 100);
		check_answer(n % 4, false);
		check_attack(n % 4, 1, before_tsc);
		CU_ASSERT_EQUAL(rig.stats[0].attack_count, n + 1);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"rules", test_rules},	      {"before and after", test_before_and_after},
			       {"threshold", test_threshold}, {"no misses", test_no_misses},
			       {"waiters", test_waiters},     {"EDNS", test_edns},
			       {"timeout", test_timeout},     {"probes", test_probes},
			       {"ring", test_ring},	      CU_TEST_INFO_NULL};

	return rig_eal_start() ? way_suite_run("attacks", tests) : 1;
}
