/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients that wait for one upstream query: how many can, which query can still be joined, and that
 * every waiter is freed however the query ends. */
#include "tests/unit/pipeline/pipeline_clients.h"
#include "tests/unit/suite.h"

static struct rig rig;
static struct pipeline_party party = {.rig = &rig};
static struct pipeline_client *const clients = party.clients;
static struct pipeline_sent *const asked = party.asked;

/* At the bound the next query is sent, and later ones join it. */
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
		for (int mode = 0; mode < 4; mode++) {
			unsigned queries;

			pipeline_party_publish(&party, rows[i].waiters, mode & 2);
			rig_begin(&rig, "bound of waiters");
			queries = pipeline_party_ask(&party, 0, rows[i].count, "www.example.net",
						     mode & 1);
			rig_check(&rig, queries == rows[i].queries, "%u upstream queries, not %u",
				  queries, rows[i].queries);
			rig_expect_count(&rig, COUNTER_coalesce_bound,
					 rows[i].waiters > 0 ? rows[i].queries - 1 : 0);
			rig_expect_count(&rig, COUNTER_coalesced, rows[i].count - rows[i].queries);
			pipeline_party_response_all(&party, queries, rows[i].count, 0);
			SUITE_ASSERT(rig_end(&rig) == 0, "%u waiters, %u clients, %s",
				     rows[i].waiters, rows[i].count,
				     mode & 1 ? "in bursts" : "one by one");
		}
	}
	rig_close(&rig);
}

/* A reload with a query in flight: later clients share a query of the new snapshot, within its
 * bound. */
static void
test_reload(void)
{
	unsigned queries;

	rig_open(&rig, NULL);
	pipeline_party_publish(&party, 8, false);
	rig_begin(&rig, "reload in flight");
	CU_ASSERT_EQUAL(pipeline_party_ask(&party, 0, 6, "www.example.net", true), 1);
	pipeline_party_publish(&party, 2, false);
	asked[PIPELINE_PARTY_MAX - 1] = asked[0];
	queries = pipeline_party_ask(&party, 6, 3, "www.example.net", true);
	rig_check(&rig, queries == 1, "%u more upstream queries", queries);
	asked[queries++] = asked[PIPELINE_PARTY_MAX - 1];
	pipeline_party_response_all(&party, queries, 9, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* 1,024 entries have 128 waiters. A query without one is sent on its own. */
static void
test_pool_empty(void)
{
	rig_open(&rig, &(struct rig_options){.flows = 1024});
	pipeline_party_publish(&party, 255, true);
	for (int round = 0; round < 3; round++) {
		unsigned queries;

		rig_begin(&rig, "no waiters left");
		queries = pipeline_party_ask(&party, 0, 200, "www.example.net", true);
		rig_check(&rig, queries == 200 - 128, "%u upstream queries", queries);
		rig_check(&rig, rig.workers[0]->flows.waiter_free == FLOW_NONE, "waiters are left");
		rig_expect_count(&rig, COUNTER_coalesce_bound, 200 - 129);
		if (round < 2)
			pipeline_party_response_all(&party, queries, 200, 0);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

static void
table_full(struct worker *w, bool full)
{
	for (uint32_t i = 0; i <= w->flows.mask; i++)
		w->flows.slots[i] = full ? FLOW_LIVE : 0;
}

static void
cells_hide(struct worker *w, bool hide)
{
	static uint32_t kept;

	if (hide)
		kept = w->flows.cell_free_count;
	w->flows.cell_free_count = hide ? 0 : kept;
}

static void
sources_hide(struct worker *w, bool hide)
{
	struct snapshot *s = pipeline_snapshot_new();

	s->waiters = 8;
	for (int i = PIPELINE_SOURCE_IPV4; hide && i < PIPELINE_SOURCE_IPV6; i++)
		s->sources[i].state = SLOT_EMPTY;
	rig_publish(&rig, s);
}

/* The query that others of its burst joined is dropped: they are counted as lost, and their waiters
 * are freed. The next query starts again. */
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
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.net", cells_hide,
		 DROP_long_name_pool_full},
		{"no source address", "www.example.net", sources_hide, DROP_no_source},
	};

	rig_open(&rig, &(struct rig_options){.flows = 1024});
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		pipeline_party_publish(&party, 8, false);
		rig_begin(&rig, rows[i].description);
		rows[i].change(rig.workers[0], true);
		rig_check(&rig, pipeline_party_ask(&party, 0, 6, rows[i].name, true) == 0,
			  "a query was sent");
		rows[i].change(rig.workers[0], false);
		rig_expect_drop(&rig, rows[i].reason, 1);
		rig_expect_count(&rig, COUNTER_coalesced, 5);
		rig_expect_count(&rig, COUNTER_responses_lost, 5);
		rig_check(&rig, rig_free_waiters(rig.workers[0]) == 128, "waiters were not freed");
		rig_check(&rig, pipeline_party_ask(&party, 0, 2, rows[i].name, true) == 1,
			  "no new query");
		pipeline_party_response_all(&party, 1, 2, 0);
		SUITE_ASSERT(rig_end(&rig) == 0, "%s", rows[i].description);
	}
	rig_close(&rig);
}

/* A query that exceeds the interface's MTU is dropped, and its waiters are freed. */
static void
test_first_too_big(void)
{
	rig_open(&rig, NULL);
	pipeline_party_publish(&party, 8, false);
	rig_begin(&rig, "query larger than the MTU of the upstream's interface");
	rig.interfaces[RIG_FARM].mtu_bytes = 40;
	rig_check(&rig, pipeline_party_ask(&party, 0, 6, "www.example.net", true) == 0,
		  "a query was sent");
	rig_expect_drop(&rig, DROP_too_big, 1);
	rig_expect_count(&rig, COUNTER_coalesced, 5);
	rig_expect_count(&rig, COUNTER_responses_lost, 5);
	rig_check(&rig, rig_free_waiters(rig.workers[0]) == 512, "waiters were not freed");
	rig.interfaces[RIG_FARM].mtu_bytes = 1500;
	rig_check(&rig, pipeline_party_ask(&party, 0, 2, "www.example.net", true) == 1,
		  "no new query");
	pipeline_party_response_all(&party, 1, 2, 0);
	rig_expect_count(&rig, COUNTER_timeouts, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

static void
test_timeout(void)
{
	rig_open(&rig, NULL);
	pipeline_party_publish(&party, 8, true);
	rig_begin(&rig, "timeout of a query with waiters");
	CU_ASSERT_EQUAL(pipeline_party_ask(&party, 0, 7, "www.example.net", true), 1);
	rig_pass(&rig, 29000);
	rig_expect_count(&rig, COUNTER_timeouts, 0);
	rig_pass(&rig, 31000);
	rig_expect_count(&rig, COUNTER_timeouts, 7);
	rig_check(&rig, rig.stats[0].upstreams[PIPELINE_UPSTREAM_IPV4].timeouts == 1,
		  "wrong timeouts of the upstream");
	rig_check(&rig, rig_free_waiters(rig.workers[0]) == 512, "waiters were not freed");
	pipeline_party_response(&party, &asked[0], 0, 0);
	rig_expect_drop(&rig, DROP_response_late, 1);
	/* A query that has ended can't be joined. */
	rig_check(&rig, pipeline_party_ask(&party, 0, 2, "www.example.net", true) == 1,
		  "no new query");
	pipeline_party_response_all(&party, 1, 2, 0);
	rig_check(&rig, pipeline_party_ask(&party, 0, 2, "www.example.net", false) == 1,
		  "no new query");
	pipeline_party_response_all(&party, 1, 2, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* A query can be joined in the first quarter of its timeout, while its snapshot is in use. */
static void
test_age(void)
{
	static const struct {
		uint32_t timeout_ms;
		uint64_t age_ms;
		bool renewed;	  /* another snapshot between the first and the second */
		unsigned queries; /* of the second */
	} rows[] = {
		{30000, 0, false, 0},	  {30000, 7400, false, 0}, {30000, 7510, false, 1},
		{30000, 29000, false, 1}, {2000, 400, false, 0},   {2000, 510, false, 1},
		{30000, 0, true, 1},	  {2000, 400, true, 1},
	};

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		unsigned queries;

		for (int later = 0; later <= rows[i].renewed; later++) {
			struct snapshot *s = pipeline_snapshot_new();

			s->waiters = 8;
			s->timeout_ms = rows[i].timeout_ms;
			rig_publish(&rig, s);
			if (later)
				break;
			rig_begin(&rig, "age of the query to join");
			CU_ASSERT_EQUAL(pipeline_party_ask(&party, 0, 1, "www.example.net", true),
					1);
		}
		rig_age(&rig, rows[i].age_ms);
		asked[PIPELINE_PARTY_MAX - 1] = asked[0];
		queries = pipeline_party_ask(&party, 1, 1, "www.example.net", true);
		rig_check(&rig, queries == rows[i].queries, "%u queries", queries);
		asked[queries++] = asked[PIPELINE_PARTY_MAX - 1];
		/* Later ones join the second. */
		rig_check(&rig, pipeline_party_ask(&party, 2, 1, "www.example.net", true) == 0,
			  "a third query");
		asked[PIPELINE_PARTY_MAX - 2] = asked[0];
		pipeline_party_response_all(&party, queries, 3, 0);
		SUITE_ASSERT(rig_end(&rig) == 0, "timeout %u ms, age %lu, renewed %d",
			     rows[i].timeout_ms, rows[i].age_ms, rows[i].renewed);
	}
	rig_close(&rig);
}

/* Copies are made while there are packet buffers; the other responses are lost and counted, and the
 * query's own client gets the response's own buffer. */
static void
test_no_buffers(void)
{
	static struct rte_mbuf *held[8192];

	rig_open(&rig, NULL);
	pipeline_party_publish(&party, 8, true);
	for (unsigned left = 0; left < 8; left++) {
		unsigned count = 0, answered = 0;
		struct pipeline_dns response;
		struct pipeline_ends back;

		rig_begin(&rig, "no buffers for copies");
		CU_ASSERT_EQUAL(pipeline_party_ask(&party, 0, 7, "www.example.net", true), 1);
		back = pipeline_ends_back(&asked[0].ends);
		pipeline_dns_response(&response, asked[0].frame + asked[0].dns, asked[0].dns_bytes,
				      0, 300);
		rig_inject_query(&rig, RIG_FARM, &back, &response);
		while ((held[count] = rte_pktmbuf_alloc(rig.pool)) != NULL)
			count++;
		for (unsigned i = 0; i < left; i++)
			rte_pktmbuf_free(held[--count]);
		rig_run(&rig);
		while (count > 0)
			rte_pktmbuf_free(held[--count]);
		pipeline_clients_collect(&rig, clients, 7, asked, 0);
		for (unsigned i = 0; i < 7; i++) {
			rig_check(&rig, clients[i].responses <= 1, "client %u: %u responses", i,
				  clients[i].responses);
			answered += clients[i].responses;
		}
		rig_check(&rig, clients[0].responses == 1, "no response to the query's own client");
		rig_check(&rig, answered == 1 + RTE_MIN(left, 6u), "%u of 7 got a response",
			  answered);
		rig_expect_count(&rig, COUNTER_responses_lost, 7 - answered);
		rig_expect_count(&rig, COUNTER_responses, answered);
		rig_expect_count(&rig, COUNTER_generated, answered - 1);
		SUITE_ASSERT(rig_end(&rig) == 0, "%u buffers", left);
	}
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"bound", test_bound},
			       {"reload", test_reload},
			       {"pool empty", test_pool_empty},
			       {"first one dropped", test_first_dropped},
			       {"first one too big", test_first_too_big},
			       {"timeout", test_timeout},
			       {"age", test_age},
			       {"no buffers", test_no_buffers},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("waiters", tests) : 1;
}
