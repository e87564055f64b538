/* SPDX-License-Identifier: BSD-3-Clause */
/* Full tables, and that they recover: the flow table, the pool of long questions, the transmit
 * queue; and the exact timeout. */
#include <rte_cycles.h>

#include "dataplane/pipeline/stages.h"
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

static struct rig rig;

static void
inject_query(const struct pipeline_dns *query, uint16_t client_port)
{
	struct pipeline_ends ends = rig_client_ends(&rig, false);

	ends.source_port = client_port;
	rig_inject_query(&rig, RIG_CLIENTS, &ends, query);
}

/* Responds to the queries from `first` on; checks that each response is delivered. */
static void
answer_all(uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++) {
		const struct pipeline_sent asked = rig.sent[i];
		struct pipeline_dns response;

		pipeline_dns_response(&response, asked.frame + asked.dns, asked.dns_bytes, 0, 0);
		rig_response(&rig, &asked, &response);
		rig_take_from(&rig, RIG_CLIENTS);
	}
}

/* More queries than entries. Those with a slot get responses, and then there is room again. */
static void
test_table_full(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	struct pipeline_dns query;
	uint64_t forwarded;

	rig_open(&rig, &(struct rig_options){.flows = 1024});
	rig_begin(&rig, "flow table full");
	for (uint32_t n = 0; n < 3000; n++) {
		pipeline_dns_query(&query, (uint16_t)n, "www.example.net", 1, 1);
		inject_query(&query, (uint16_t)(1024 + n));
	}
	rig_run(&rig);
	forwarded = rig_counted(&rig, COUNTER_queries);
	rig_check(&rig, forwarded > 900 && forwarded <= 1024, "%lu queries forwarded", forwarded);
	rig_expect_drop(&rig, DROP_flow_table_full, 3000 - forwarded);
	rig_check(&rig, rig.workers[0]->flows.in_flight == forwarded, "flows in flight");
	rig_check(&rig, rig.stats[0].flows_in_flight == forwarded, "wrong gauge of flows");
	rig_check(&rig, rig_counted(&rig, COUNTER_redraws) >= 16 * (3000 - forwarded), "redraws");
	rig.sent_taken = (uint32_t)forwarded;
	answer_all(0, 500);
	rig_check(&rig, rig.workers[0]->flows.in_flight == forwarded - 500,
		  "flows after 500 responses");
	rig_expect_count(&rig, COUNTER_responses, 500);
	rig_ask(&rig, &ends, &query);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_begin(&rig, "after the flood");
	rig_exchange(&rig, false, &query, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* 1,024 entries have 128 cells. Queries without a cell are dropped; short names are not
 * affected. */
static void
test_long_names(void)
{
	const uint32_t cells = 1024 / FLOW_CELL_SHARE;
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	struct pipeline_dns query;

	rig_open(&rig, &(struct rig_options){.flows = 1024});
	for (int round = 0; round < 3; round++) {
		rig_begin(&rig, "long names");
		for (uint32_t n = 0; n < cells + 7; n++) {
			pipeline_dns_query_long(&query, (uint16_t)n, 200, n + 1);
			inject_query(&query, 5000);
			rig_run(&rig);
		}
		rig_expect_drop(&rig, DROP_long_name_pool_full, 7);
		rig_check(&rig, rig.workers[0]->flows.cell_free_count == 0, "cells are left");
		rig.sent_taken = cells;
		pipeline_dns_query(&query, 1, "short.example", 1, 1);
		rig_exchange(&rig, true, &query, 0);
		/* Every long question is kept separately: responses match byte for byte. */
		if (round < 2)
			answer_all(0, cells);
		if (round == 0) {
			pipeline_dns_query_long(&query, 1, 255, 99);
			rig_ask(&rig, &ends, &query);
		}
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* When a flow was sent, at most 1,023 cycles too early. */
static uint64_t
flow_sent_tsc(const struct worker *w, const struct flow *flow)
{
	const uint64_t now = w->now_tsc >> FLOW_SENT_SHIFT;

	return (now - (uint32_t)((uint32_t)now - flow->sent)) << FLOW_SENT_SHIFT;
}

/* A query times out no earlier than its timeout, and at most a sweep and a tick later. */
static void
test_timeout(void)
{
	static const uint32_t timeouts_ms[] = {50, 2000, 30000};
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	struct pipeline_dns query;

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(timeouts_ms); i++) {
		struct worker *w = rig.workers[0];
		struct snapshot *s = pipeline_snapshot_new();
		uint64_t sent_tsc;

		s->timeout_ms = timeouts_ms[i];
		rig_publish(&rig, s);
		rig_begin(&rig, "timeout");
		pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
		rig_ask(&rig, &ends, &query);
		sent_tsc = 0;
		for (uint32_t f = 0; f <= w->flows.mask; f++)
			if (w->flows.flows[f].state != FLOW_FREE)
				sent_tsc = flow_sent_tsc(w, &w->flows.flows[f]);
		rig_check(&rig, sent_tsc != 0, "no flow");
		for (int late = 0; late < 2; late++) {
			/* Two ticks of FLOW_TICK_SHIFT cover the rounding of the deadline. */
			w->now_tsc = sent_tsc + w->tsc_hz / 1000 * timeouts_ms[i];
			w->now_tsc = late ? w->now_tsc + (2u << FLOW_TICK_SHIFT)
					  : w->now_tsc - (1u << FLOW_TICK_SHIFT);
			for (uint32_t n = 0; n <= w->flows.mask; n++) {
				w->sweep_next_tsc = w->now_tsc;
				sweep(w);
			}
			rig_check(&rig, w->flows.in_flight == (late ? 0u : 1u), "%u in flight",
				  w->flows.in_flight);
			rig_expect_count(&rig, COUNTER_timeouts, (uint64_t)late);
		}
		rig_sweeps(w, false);
		SUITE_ASSERT(rig_end(&rig) == 0, "timeout of %u ms", timeouts_ms[i]);
	}
	rig_close(&rig);
}

/* The sweep covers all used entries within FLOW_SWEEP_MS, in pieces spread over that time. */
static void
test_sweep_pace(void)
{
	static const uint32_t sizes[] = {1024, 4096, 65536};
	struct pipeline_dns query;

	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		const struct pipeline_ends ends = rig_client_ends(&rig, false);
		struct worker *w;
		uint64_t start, turns = 0;

		rig_open(&rig, &(struct rig_options){.flows = sizes[i]});
		w = rig.workers[0];
		rig_begin(&rig, "pace of the sweep");
		w->flows.used =
			sizes[i] - 1; /* as if all had been used: the query gets the last one */
		pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
		rig_ask(&rig, &ends, &query);
		start = rte_rdtsc() + 40 * w->tsc_hz;
		rig_sweeps(w, true);
		/* A turn every 0.1 ms. */
		for (w->now_tsc = start; w->flows.in_flight > 0 && turns < 10000; turns++) {
			sweep(w);
			w->now_tsc += w->tsc_hz / 10000;
		}
		rig_check(&rig, turns <= FLOW_SWEEP_MS * 10 * 11 / 10, "it took %lu ms",
			  turns / 10);
		rig_check(&rig, turns >= FLOW_SWEEP_MS * 10 / 2, "it took only %lu ms", turns / 10);
		rig_sweeps(w, false);
		w->flows.used = 0;
		w->flows.free_first = FLOW_NONE;
		SUITE_ASSERT(rig_end(&rig) == 0, "%u flows", sizes[i]);
		rig_close(&rig);
	}
}

/* The turns sweep by themselves: a flow ends on its timeout. */
static void
test_turns_sweep(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	struct pipeline_dns query;
	struct worker *w;

	rig_open(&rig, NULL);
	w = rig.workers[0];
	rig_begin(&rig, "turns sweep");
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	rig_ask(&rig, &ends, &query);
	for (uint32_t i = 0; i < w->flows.used; i++)
		w->flows.flows[i].deadline_tick = (uint32_t)(rte_rdtsc() >> FLOW_TICK_SHIFT);
	for (uint32_t n = 0; n <= w->flows.mask && w->flows.in_flight > 0; n++) {
		rig_sweeps(w, true);
		rig_turn(&rig, 0);
	}
	rig_sweeps(w, false);
	rig_expect_count(&rig, COUNTER_timeouts, 1);
	CU_ASSERT_EQUAL(rig.stats[0].flows_in_flight, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* An interface that accepts 63 frames: up to 64 others wait; the rest is dropped and counted. */
static void
test_transmit_full(void)
{
	struct pipeline_dns query;
	uint32_t taken = 0;

	rig_open(&rig, &(struct rig_options){.tx_ring = 64});
	rig_begin(&rig, "transmit queue full");
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	for (int n = 0; n < 300; n++)
		inject_query(&query, 5000);
	for (int turn = 0; turn < 20; turn++)
		rig_turn(&rig, 0);
	rig_expect_drop(&rig, DROP_tx_full, 300 - 63 - BURST_MAX);
	rig_expect_count(&rig, COUNTER_tx, 63);
	rig_expect_count(&rig, COUNTER_queries, 300);
	for (int round = 0; round < 3; round++)
		rig_run(&rig);
	while (rig_take(&rig) != NULL)
		taken++;
	rig_check(&rig, taken == 63 + BURST_MAX, "%u frames were sent", taken);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_begin(&rig, "transmit queue empty again");
	rig_exchange(&rig, false, &query, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* Waiting frames keep their order, and nothing is sent twice. */
static void
test_transmit_order(void)
{
	struct pipeline_dns query;
	uint32_t next = 0;

	rig_open(&rig, &(struct rig_options){.tx_ring = 16});
	rig_begin(&rig, "order on a slow interface");
	for (uint16_t n = 0; n < 60; n++) {
		pipeline_dns_query(&query, n, "www.example.net", (uint16_t)(1000 + n), 1);
		inject_query(&query, 5000);
	}
	for (int turn = 0; turn < 10; turn++)
		rig_run(&rig);
	for (const struct pipeline_sent *sent; (sent = rig_take(&rig)) != NULL; next++)
		rig_check(&rig,
			  pipeline_dns_get(sent->frame, sent->dns + 12 + query.question_bytes -
								4) == 1000 + next,
			  "frame %u is out of order", next);
	rig_check(&rig, next == 60, "%u frames", next);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* Statistics of one upstream, and the histogram of latencies. */
static void
test_statistics(void)
{
	struct pipeline_dns query;
	uint64_t histogram = 0;

	rig_open(&rig, NULL);
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	for (uint8_t rcode = 0; rcode < 6; rcode++) {
		const struct pipeline_ends ends = rig_client_ends(&rig, false);
		const struct pipeline_sent *asked;
		struct pipeline_dns response;

		rig_begin(&rig, "statistics");
		asked = rig_ask(&rig, &ends, &query);
		pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, rcode,
				      0);
		rig_response(&rig, asked, &response);
		rig_take_from(&rig, RIG_CLIENTS);
		SUITE_ASSERT(rig_end(&rig) == 0, "rcode %u", rcode);
	}
	for (int i = 0; i < STATS_LATENCY_BUCKETS; i++)
		histogram += rig.stats[0].latency[i];
	CU_ASSERT_EQUAL(histogram, 6);
	CU_ASSERT_EQUAL(rig.stats[0].upstreams[0].queries, 6);
	CU_ASSERT_EQUAL(rig.stats[0].upstreams[0].responses, 6);
	CU_ASSERT_EQUAL(rig.stats[0].upstreams[0].servfails, 1);
	CU_ASSERT_EQUAL(rig.stats[0].upstreams[0].timeouts, 0);
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"flow table full", test_table_full},
			       {"long names", test_long_names},
			       {"timeout", test_timeout},
			       {"pace of the sweep", test_sweep_pace},
			       {"turns sweep", test_turns_sweep},
			       {"transmit queue full", test_transmit_full},
			       {"order on a slow interface", test_transmit_order},
			       {"statistics", test_statistics},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("tables", tests) : 1;
}
