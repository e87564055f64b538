/* SPDX-License-Identifier: BSD-3-Clause */
/* Several workers: ownership of sources, responses at the wrong worker, queries distributed by
 * hash, queues that only another worker has. Owners are random, as at each start, so no test may
 * depend on them. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

static struct rig rig;

/* The worker with the flow of this sent query, or UINT32_MAX. */
static uint32_t
holder_of(const struct pipeline_sent *asked)
{
	const struct be16 port = be16_from(asked->ends.source_port);
	const struct be16 id = be16_from(pipeline_dns_get(asked->frame, asked->dns));

	for (uint32_t i = 0; i < rig.options.workers; i++) {
		const struct flow_table *flows = &rig.workers[i]->flows;
		const uint32_t index = flow_find(flows, flow_slot(flows, port, id));
		const struct flow *flow = &flows->flows[index == FLOW_NONE ? 0 : index];

		if (index != FLOW_NONE && flow->state != FLOW_FREE &&
		    be16_equal(flow->source_port, port) && be16_equal(flow->id, id) &&
		    address_equal(&rig.view->snapshot->sources[flow->source].address,
				  &asked->ends.source))
			return i;
	}
	return UINT32_MAX;
}

static uint32_t
source_slot(const struct pipeline_sent *asked)
{
	const struct snapshot *s = rig.view->snapshot;

	for (uint32_t i = 0; i < s->source_count; i++)
		if (address_equal(&s->sources[i].address, &asked->ends.source))
			return i;
	return UINT32_MAX;
}

/* The expected owner of the query's source. */
static uint32_t
owner_expected(const struct pipeline_sent *asked)
{
	return owner_of(&rig.view->owners, (uint16_t)source_slot(asked), !asked->ipv6,
			asked->ends.source_port);
}

/* A query received by worker `in`, its response by worker `back`; checks the handoffs. */
static void
round_trip(uint32_t in, uint32_t back, bool ipv6, uint16_t client_port)
{
	struct pipeline_ends ends = rig_client_ends(&rig, ipv6);
	const struct pipeline_sent *asked, *delivered;
	struct pipeline_dns query, response;
	char description[96];

	snprintf(description, sizeof(description), "query at worker %u, response at %u, IPv%d", in,
		 back, ipv6 ? 6 : 4);
	rig_begin(&rig, description);
	rig.receive_queue = (uint16_t)in;
	ends.source_port = client_port;
	pipeline_dns_query(&query, 0x3131, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	rig_check(&rig, holder_of(asked) == in, "the flow is in another worker's table");
	rig_check(&rig, owner_expected(asked) == in, "drawn from a source of another worker");
	rig_expect_count(&rig, COUNTER_handoff_out, 0);
	rig.receive_queue = (uint16_t)back;
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	rig_response(&rig, asked, &response);
	delivered = rig_take_from(&rig, RIG_CLIENTS);
	rig_check(&rig,
		  pipeline_dns_get(delivered->frame, delivered->dns) == 0x3131 &&
			  delivered->ends.destination_port == client_port,
		  "wrong destination of the response");
	rig_expect_count(&rig, COUNTER_handoff_out, in != back);
	rig_expect_count(&rig, COUNTER_handoff_in, in != back);
	SUITE_ASSERT(rig_end(&rig) == 0, "%s", description);
}

/* Enough round trips that each worker draws from each of its addresses. */
static void
all_round_trips(uint32_t workers)
{
	for (uint16_t n = 0; n < 40; n++)
		for (uint32_t in = 0; in < workers; in++)
			for (uint32_t back = 0; back < workers; back++)
				round_trip(in, back, n & 1, (uint16_t)(20000 + n));
}

static void
publish_sources(uint32_t ipv4, uint32_t ipv6)
{
	struct snapshot *s = pipeline_snapshot_new();

	for (uint32_t i = ipv4; i < PIPELINE_SOURCE_IPV6; i++)
		s->sources[i].state = SLOT_EMPTY;
	for (uint32_t i = PIPELINE_SOURCE_IPV6 + ipv6; i < PIPELINE_SOURCE_COUNT; i++)
		s->sources[i].state = SLOT_EMPTY;
	pipeline_snapshot_usable(s, 1u << PIPELINE_UPSTREAM_IPV4 | 1u << PIPELINE_UPSTREAM_IPV6);
	rig_publish(&rig, s);
}

/* Whole addresses, dealt ports, and one family of each. */
static void
test_ownership(void)
{
	static const struct {
		uint32_t workers, ipv4, ipv6;
	} rows[] = {{2, 4, 4}, {2, 1, 1}, {3, 4, 4}, {3, 2, 1}, {3, 3, 2}, {2, 2, 1}};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		rig_open(&rig, &(struct rig_options){.workers = rows[i].workers});
		publish_sources(rows[i].ipv4, rows[i].ipv6);
		CU_ASSERT_EQUAL(rig.view->owners.dealt[0], rows[i].ipv4 < rows[i].workers);
		CU_ASSERT_EQUAL(rig.view->owners.dealt[1], rows[i].ipv6 < rows[i].workers);
		all_round_trips(rows[i].workers);
		rig_close(&rig);
	}
}

/* Fewer queues than workers: clients are distributed, each always to the same worker. */
static void
test_fan_out(void)
{
	uint32_t queries[RIG_WORKERS_MAX] = {0};

	rig_open(&rig, &(struct rig_options){.workers = 3, .rx_queues = 1});
	for (uint16_t n = 0; n < 120; n++) {
		uint32_t first = UINT32_MAX;

		for (int again = 0; again < 2; again++) {
			struct pipeline_ends ends = rig_client_ends(&rig, n & 1);
			const struct pipeline_sent *asked;
			struct pipeline_dns query, response;
			uint32_t holder;

			rig_begin(&rig, "fan out");
			ends.source_port = (uint16_t)(30000 + n);
			pipeline_dns_query(&query, n, "www.example.net", 1, 1);
			asked = rig_ask(&rig, &ends, &query);
			holder = holder_of(asked);
			if (!rig_check(&rig, holder < 3, "no worker has the flow"))
				continue;
			rig_check(&rig, again == 0 || holder == first,
				  "another worker the second time");
			first = holder;
			queries[holder]++;
			rig_expect_count(&rig, COUNTER_handoff_out, holder != 0);
			pipeline_dns_response(&response, asked->frame + asked->dns,
					      asked->dns_bytes, 0, 0);
			rig_response(&rig, asked, &response);
			rig_take_from(&rig, RIG_CLIENTS);
			rig_expect_count(&rig, COUNTER_handoff_out, 2 * (holder != 0));
			SUITE_ASSERT(rig_end(&rig) == 0, "client port %u", 30000 + n);
		}
	}
	/* 240 queries among three: a mean of 80 each; the seed is fixed. */
	for (int i = 0; i < 3; i++)
		SUITE_ASSERT(queries[i] > 40 && queries[i] < 130, "worker %d had %u of 240", i,
			     queries[i]);
	rig_close(&rig);
}

/* Worker 1 has receive queues but none to send on: its frames go through worker 0. */
static void
test_no_transmit_queue(void)
{
	struct pipeline_ends ends;
	const struct pipeline_sent *asked;
	struct pipeline_dns query, response;

	rig_open(&rig, &(struct rig_options){.workers = 2, .tx_queues = 1});
	ends = rig_client_ends(&rig, true);
	rig_begin(&rig, "worker without a transmit queue");
	rig.receive_queue = 1;
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	rig_check(&rig, holder_of(asked) == 1, "the flow is not in worker 1's table");
	rig_expect_count(&rig, COUNTER_handoff_out, 1);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	rig_response(&rig, asked, &response);
	rig_take_from(&rig, RIG_CLIENTS);
	rig_expect_count(&rig, COUNTER_handoff_out, 2);
	rig_expect_count(&rig, COUNTER_handoff_in, 2);
	CU_ASSERT_EQUAL(rig.stats[1].counters[COUNTER_tx], 0);
	CU_ASSERT_EQUAL(rig.stats[0].counters[COUNTER_tx], 2);
	CU_ASSERT_EQUAL(rig.stats[1].counters[COUNTER_responses], 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* Both: one receive and one transmit queue, three workers. */
static void
test_one_queue(void)
{
	struct pipeline_dns query;

	rig_open(&rig, &(struct rig_options){.workers = 3, .rx_queues = 1, .tx_queues = 1});
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	for (int upstream = PIPELINE_UPSTREAM_IPV4; upstream <= PIPELINE_UPSTREAM_IPV6;
	     upstream += 2) {
		struct snapshot *s = pipeline_snapshot_new();

		pipeline_snapshot_usable(s, 1u << upstream);
		rig_publish(&rig, s);
		for (int n = 0; n < 50; n++) {
			rig_begin(&rig, "one queue for three workers");
			pipeline_dns_query(&query, (uint16_t)n, "www.example.net", (uint16_t)n, 1);
			rig_exchange(&rig, n & 1, &query, 0);
			CU_ASSERT_EQUAL(rig_end(&rig), 0);
		}
	}
	rig_close(&rig);
}

/* A flood for a worker that does not poll its inbox. */
static void
test_handoff_full(void)
{
	const uint32_t room = WORKER_RING_SIZE - 1, flood = room + 25;
	struct pipeline_ends ends;
	struct pipeline_dns query, response;
	const struct pipeline_sent *asked;
	struct pipeline_frame frame;

	rig_open(&rig, &(struct rig_options){.workers = 2});
	ends = rig_client_ends(&rig, false);
	rig_begin(&rig, "inbox full");
	rig.receive_queue = 1;
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	ends = pipeline_ends_back(&asked->ends);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	pipeline_dns_set(response.message, 0,
			 (uint16_t)(pipeline_dns_get(response.message, 0) ^ 0x0101));
	pipeline_frame_make(&frame, &ends, NULL, response.message, (uint32_t)response.bytes);
	rig.receive_queue = 0;
	for (uint32_t n = 0; n < flood; n++) {
		rig_inject_frame(&rig, RIG_FARM, &frame);
		rig_turn(&rig, 0);
	}
	rig_expect_drop(&rig, DROP_handoff_full, flood - room);
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_response_wrong_id, room);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* A response handed to a worker that does not own it either, as after a change of owners: it must
 * not loop. */
static void
test_handoff_lost(void)
{
	struct pipeline_ends ends;
	struct pipeline_dns query, response;
	const struct pipeline_sent *asked;
	struct rte_mbuf *mbuf = NULL;

	rig_open(&rig, &(struct rig_options){.workers = 2});
	ends = rig_client_ends(&rig, false);
	rig_begin(&rig, "handed to the wrong worker");
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	ends = pipeline_ends_back(&asked->ends);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	rig_inject_query(&rig, RIG_FARM, &ends, &response);
	/* Put into worker 1's inbox as if worker 0 had received it and handed it over; also counted
	 * so, for the balance. */
	CU_ASSERT_EQUAL_FATAL(rte_ring_dequeue(rig.rx[RIG_FARM][0], (void **)&mbuf), 0);
	mbuf->port = RIG_FARM;
	CU_ASSERT_EQUAL(rte_ring_enqueue(rig.workers[1]->inbox, mbuf), 0);
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_handoff_lost, 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* An address that stays keeps its owner, and its flows in flight, across a reload. */
static void
test_reload(void)
{
	const struct pipeline_sent *asked[8];
	struct pipeline_dns query, response;
	struct snapshot *s;

	rig_open(&rig, &(struct rig_options){.workers = 2});
	rig_begin(&rig, "owners over a reload");
	for (int i = 0; i < 8; i++) {
		const struct pipeline_ends ends = rig_client_ends(&rig, false);

		rig.receive_queue = i & 1;
		pipeline_dns_query(&query, (uint16_t)i, "www.example.net", 1, 1);
		asked[i] = rig_ask(&rig, &ends, &query);
	}
	s = pipeline_snapshot_new();
	s->sources[8] = (struct snapshot_source){.address = pipeline_address("198.51.100.23"),
						 .state = SLOT_ACTIVE};
	s->source_count = 9;
	s->generation = 2;
	rig_publish(&rig, s);
	for (int i = 0; i < 8; i++) {
		pipeline_dns_response(&response, asked[i]->frame + asked[i]->dns,
				      asked[i]->dns_bytes, 0, 0);
		rig_response(&rig, asked[i], &response);
		rig_check(&rig, pipeline_dns_get(rig_take_from(&rig, RIG_CLIENTS)->frame, 42) == i,
			  "response %d", i);
	}
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"ownership", test_ownership},
			       {"fan out", test_fan_out},
			       {"no transmit queue", test_no_transmit_queue},
			       {"one queue for all", test_one_queue},
			       {"inbox full", test_handoff_full},
			       {"handoff to a worker that does not own it", test_handoff_lost},
			       {"owners over a reload", test_reload},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("workers", tests) : 1;
}
