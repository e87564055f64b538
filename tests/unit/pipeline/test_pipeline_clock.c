/* SPDX-License-Identifier: BSD-3-Clause */
/* The pipeline at several TSC rates: times set in milliseconds are right on every machine.
 *
 * The rig's clock runs at this machine's rate; workers and views assume the row's rate. So times
 * are simulated by rig_age() and rig_pass(), which use the row's rate. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

#define TIMEOUT_MS 30000 /* of pipeline_snapshot_new() */
#define LATE_MS	   10	 /* more than the rounding of a deadline, at the slowest rate */

static const uint64_t rates_hz[] = {1000000000, 2100000000, 2600000000, 5000000000};

static struct rig rig;

static void
open_at(uint64_t tsc_hz)
{
	rig_open(&rig, &(struct rig_options){.flows = 1024, .tsc_hz = tsc_hz});
}

/* A complete exchange; rig_end() checks that all flows end on their timeout. */
static void
test_exchange(void)
{
	struct pipeline_dns query;

	for (size_t i = 0; i < RTE_DIM(rates_hz); i++) {
		struct pipeline_ends ends;

		open_at(rates_hz[i]);
		rig_begin(&rig, "exchange");
		ends = rig_client_ends(&rig, false);
		pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
		rig_exchange(&rig, false, &query, 100);
		rig_exchange(&rig, true, &query, 0);
		rig_ask(&rig, &ends, &query); /* unanswered */
		SUITE_ASSERT(rig_end(&rig) == 0, "%lu Hz", rates_hz[i]);
		rig_close(&rig);
	}
}

/* A query without a response waits for its timeout, in each view: of rig_publish() and of
 * rig_view_make(). */
static void
test_timeout(void)
{
	struct pipeline_dns query;

	for (size_t i = 0; i < 2 * RTE_DIM(rates_hz); i++) {
		const uint64_t hz = rates_hz[i / 2];
		struct view *published, *own;
		struct pipeline_ends ends;

		open_at(hz);
		own = rig_view_make(&rig, pipeline_snapshot_new());
		published = rig.view;
		rig.view = i & 1 ? own : published;
		rig_begin(&rig, i & 1 ? "timeout, a view of the test's" : "timeout");
		ends = rig_client_ends(&rig, false);
		pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
		rig_ask(&rig, &ends, &query);
		rig_pass(&rig, TIMEOUT_MS - 1000);
		rig_expect_count(&rig, COUNTER_timeouts, 0);
		rig_age(&rig, TIMEOUT_MS + LATE_MS);
		rig_pass(&rig, 0);
		rig_expect_count(&rig, COUNTER_timeouts, 1);
		SUITE_ASSERT(rig_end(&rig) == 0, "%lu Hz", hz);
		rig.view = published;
		view_free(own);
		rig_close(&rig);
	}
}

static void
test_probe_timeout(void)
{
	for (size_t i = 0; i < RTE_DIM(rates_hz); i++) {
		open_at(rates_hz[i]);
		rig_begin(&rig, "a probe's timeout");
		rig_order_probe(&rig, 0, 20000, 9);
		rig_run(&rig);
		rig_take_from(&rig, RIG_FARM);
		rig_pass(&rig, 19000);
		rig_expect_count(&rig, COUNTER_probe_timeouts, 0);
		rig_age(&rig, 20000 + LATE_MS);
		rig_pass(&rig, 0);
		rig_expect_count(&rig, COUNTER_probe_timeouts, 1);
		SUITE_ASSERT(rig_end(&rig) == 0, "%lu Hz", rates_hz[i]);
		rig_close(&rig);
	}
}

/* The latency in the statistics segment, in microseconds. */
static void
test_latency(void)
{
	struct pipeline_dns query, response;

	for (size_t i = 0; i < RTE_DIM(rates_hz); i++) {
		const struct pipeline_sent *asked;
		struct pipeline_ends ends;
		uint64_t us;

		open_at(rates_hz[i]);
		rig_begin(&rig, "latency");
		ends = rig_client_ends(&rig, false);
		pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
		asked = rig_ask(&rig, &ends, &query);
		rig_age(&rig, 20000);
		pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
		rig_response(&rig, asked, &response);
		rig_take_from(&rig, RIG_CLIENTS);
		us = rig.stats[0].latency_sum_us;
		/* At most this much later, or the query would have timed out. */
		rig_check(&rig, us >= 19999999 && us < TIMEOUT_MS * UINT64_C(1000), "%lu us", us);
		SUITE_ASSERT(rig_end(&rig) == 0, "%lu Hz", rates_hz[i]);
		rig_close(&rig);
	}
}

/* A query can be joined only in the first quarter of its timeout. */
static void
test_quarter(void)
{
	static const uint64_t ages_ms[] = {TIMEOUT_MS / 4 - 1000, TIMEOUT_MS / 4 + LATE_MS};
	struct pipeline_dns query;

	for (size_t i = 0; i < 2 * RTE_DIM(rates_hz); i++) {
		struct snapshot *s = pipeline_snapshot_new();
		struct pipeline_ends ends;

		open_at(rates_hz[i / 2]);
		s->waiters = 8;
		rig_publish(&rig, s);
		rig_begin(&rig, i & 1 ? "too old to be joined" : "young enough to be joined");
		ends = rig_client_ends(&rig, false);
		pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
		rig_ask(&rig, &ends, &query);
		rig_age(&rig, ages_ms[i & 1]);
		ends.source_port++;
		rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
		rig_run(&rig);
		rig_expect_count(&rig, COUNTER_coalesced, i & 1 ? 0 : 1);
		if (i & 1)
			rig_take_from(&rig, RIG_FARM);
		SUITE_ASSERT(rig_end(&rig) == 0, "%lu Hz", rates_hz[i / 2]);
		rig_close(&rig);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"exchange", test_exchange},
			       {"timeout", test_timeout},
			       {"a probe's timeout", test_probe_timeout},
			       {"latency", test_latency},
			       {"first quarter", test_quarter},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("clock", tests) : 1;
}
