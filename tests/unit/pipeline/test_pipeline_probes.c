/* SPDX-License-Identifier: BSD-3-Clause */
/* Probes: they use the path of queries, and every order gets exactly one result. */
#include "dataplane/shared/message.h"
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

static struct rig rig;

/* Checks that there is exactly one result. */
static void
expect_result(uint64_t cookie, uint16_t upstream, uint8_t outcome, uint8_t rcode)
{
	struct probe_result result;

	if (!rig_check(&rig, rte_ring_dequeue_elem(rig.probe_results, &result, sizeof(result)) == 0,
		       "no result"))
		return;
	rig_check(&rig, result.cookie == cookie, "cookie");
	rig_check(&rig, result.upstream == upstream, "upstream %u", result.upstream);
	rig_check(&rig, result.outcome == outcome, "outcome %u", result.outcome);
	rig_check(&rig, result.rcode == rcode, "rcode %u", result.rcode);
	rig_check(&rig, rte_ring_dequeue_elem(rig.probe_results, &result, sizeof(result)) != 0,
		  "two results");
}

static void
test_response(void)
{
	rig_open(&rig, NULL);
	for (uint16_t upstream = 0; upstream < PIPELINE_UPSTREAM_COUNT; upstream++) {
		const struct snapshot *s = rig.view->snapshot;
		const struct pipeline_sent *asked;
		struct pipeline_dns response;

		/* Only upstream 0 is usable; the others are probed to find out whether they can
		 * become usable. */
		rig_begin(&rig, s->upstreams[upstream].name);
		rig_order_probe(&rig, upstream, 1000, 1000u + upstream);
		rig_run(&rig);
		asked = rig_take_from(&rig, RIG_FARM);
		rig_check(
			&rig,
			address_equal(&asked->ends.destination, &s->upstreams[upstream].address) &&
				asked->ends.destination_port ==
					be16_to(s->upstreams[upstream].port) &&
				memcmp(&asked->ends.destination_mac,
				       &s->upstreams[upstream].next_hop, 6) == 0,
			"to another address");
		rig_check(&rig, asked->ends.source_port >= PIPELINE_PORT_FIRST, "from port %u",
			  asked->ends.source_port);
		rig_check(&rig,
			  asked->dns_bytes == 17 &&
				  memcmp(asked->frame + asked->dns + 2,
					 "\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1", 15) == 0,
			  "not the ordered question with RD=1");
		pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 5,
				      60);
		rig_response(&rig, asked, &response);
		expect_result(1000u + upstream, upstream, PROBE_RESPONSE, 5);
		rig_expect_count(&rig, COUNTER_probes, 1);
		rig_expect_count(&rig, COUNTER_probe_responses, 1);
		rig_expect_count(&rig, COUNTER_consumed, 1);
		rig_expect_count(&rig, COUNTER_queries, 0);
		rig_expect_count(&rig, COUNTER_responses, 0);
		SUITE_ASSERT(rig_end(&rig) == 0, "%s", s->upstreams[upstream].name);
	}
	rig_close(&rig);
}

/* A probe checks responses as strictly as a query. */
static void
test_forged(void)
{
	const struct pipeline_sent *asked;
	struct pipeline_dns response;

	rig_open(&rig, NULL);
	rig_begin(&rig, "forged response to a probe");
	rig_order_probe(&rig, 0, 1000, 7);
	rig_run(&rig);
	asked = rig_take_from(&rig, RIG_FARM);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	response.message[0] ^= 1;
	rig_response(&rig, asked, &response);
	rig_expect_drop(&rig, DROP_response_wrong_id, 1);
	response.message[0] ^= 1;
	response.message[14] = 6;
	rig_response(&rig, asked, &response);
	rig_expect_drop(&rig, DROP_response_wrong_question, 1);
	response.message[14] = 2;
	rig_response(&rig, asked, &response);
	expect_result(7, 0, PROBE_RESPONSE, 0);
	rig_response(&rig, asked, &response);
	rig_expect_drop(&rig, DROP_response_late, 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* A probe has its own timeout. */
static void
test_timeout(void)
{
	const struct pipeline_sent *asked;
	struct pipeline_dns response;

	rig_open(&rig, NULL);
	rig_begin(&rig, "probe's timeout");
	rig_order_probe(&rig, 0, 20000, 9);
	rig_run(&rig);
	asked = rig_take_from(&rig, RIG_FARM);
	rig_pass(&rig, 10000);
	rig_expect_count(&rig, COUNTER_probe_timeouts, 0);
	rig_pass(&rig, 20010);
	rig_expect_count(&rig, COUNTER_probe_timeouts, 1);
	rig_expect_count(&rig, COUNTER_timeouts, 0);
	CU_ASSERT_EQUAL(rig.stats[0].upstreams[0].timeouts, 0);
	expect_result(9, 0, PROBE_TIMEOUT, 0);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	rig_response(&rig, asked, &response);
	rig_expect_drop(&rig, DROP_response_late, 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

static void
unresolved(struct snapshot *s)
{
	s->upstreams[0].resolved = 0;
}

static void
slot_empty(struct snapshot *s)
{
	s->upstreams[0].state = SLOT_EMPTY;
}

static void
no_slots(struct snapshot *s)
{
	s->upstream_count = 0;
}

static void
no_source(struct snapshot *s)
{
	s->sources[0].state = s->sources[1].state = s->sources[2].state = s->sources[3].state =
		SLOT_EMPTY;
}

static void
port_beyond(struct snapshot *s)
{
	s->upstreams[0].interface_index = RIG_INTERFACE_COUNT;
}

static void
test_unsent(void)
{
	static const struct {
		const char *description;
		void (*change)(struct snapshot *);
		enum drop_reason reason;
	} rows[] = {
		{"unresolved", unresolved, DROP_probe_unsent},
		{"empty slot", slot_empty, DROP_probe_unsent},
		{"slot beyond the count", no_slots, DROP_probe_unsent},
		{"no source", no_source, DROP_probe_unsent},
	};

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct snapshot *s = pipeline_snapshot_new();

		rows[i].change(s);
		rig_publish(&rig, s);
		rig_begin(&rig, rows[i].description);
		rig_order_probe(&rig, 0, 1000, 3);
		rig_run(&rig);
		expect_result(3, 0, PROBE_UNSENT, 0);
		rig_expect_drop(&rig, rows[i].reason, 1);
		SUITE_ASSERT(rig_end(&rig) == 0, "%s", rows[i].description);
	}
	rig_close(&rig);
}

/* An interface that does not exist: nothing is sent, no flow is left, and there is one result at
 * once. */
static void
test_port_beyond(void)
{
	struct snapshot *s = pipeline_snapshot_new();
	struct pipeline_ends ends;
	struct pipeline_dns query;

	rig_open(&rig, NULL);
	port_beyond(s);
	rig_publish(&rig, s);
	rig_begin(&rig, "upstream behind an interface that does not exist");
	rig_order_probe(&rig, 0, 1000, 3);
	ends = rig_client_ends(&rig, false);
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_too_big, 1);
	rig_expect_drop(&rig, DROP_probe_unsent, 1);
	rig_expect_count(&rig, COUNTER_probes, 0);
	rig_check(&rig, rig.workers[0]->flows.in_flight == 0, "flows of unsent probes");
	expect_result(3, 0, PROBE_UNSENT, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* A full table leaves no slot for a probe either. */
static void
test_table_full(void)
{
	struct worker *w;

	rig_open(&rig, &(struct rig_options){.flows = 1024});
	w = rig.workers[0];
	rig_begin(&rig, "probe into a full table");
	for (uint32_t i = 0; i < 1024; i++)
		w->flows.slots[i] = FLOW_LIVE;
	rig_order_probe(&rig, 0, 1000, 4);
	rig_run(&rig);
	for (uint32_t i = 0; i < 1024; i++)
		w->flows.slots[i] = 0;
	expect_result(4, 0, PROBE_UNSENT, 0);
	rig_expect_drop(&rig, DROP_probe_unsent, 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* More orders than one turn processes; all get their result. */
static void
test_many(void)
{
	bool seen[500] = {false};
	struct probe_result result;

	rig_open(&rig, NULL);
	rig_begin(&rig, "500 probes");
	for (uint64_t cookie = 0; cookie < 500; cookie++)
		rig_order_probe(&rig, PIPELINE_UPSTREAM_IPV6, 1000, cookie);
	for (int n = 0; n < 100; n++)
		rig_run(&rig);
	for (int n = 0; n < 500; n++)
		rig_take_from(&rig, RIG_FARM);
	for (uint32_t i = 0; i < 250; i++) {
		const struct pipeline_sent asked = rig.sent[i];
		struct pipeline_dns response;

		pipeline_dns_response(&response, asked.frame + asked.dns, asked.dns_bytes, 0, 0);
		rig_response(&rig, &asked, &response);
	}
	rig_pass(&rig, 1010);
	for (int n = 0; n < 500; n++) {
		if (rte_ring_dequeue_elem(rig.probe_results, &result, sizeof(result)) != 0 ||
		    result.cookie >= 500)
			break;
		rig_check(&rig, !seen[result.cookie], "two results for %lu", result.cookie);
		rig_check(&rig, result.outcome == (n < 250 ? PROBE_RESPONSE : PROBE_TIMEOUT),
			  "result %d", n);
		seen[result.cookie] = true;
	}
	for (int n = 0; n < 500; n++)
		rig_check(&rig, seen[n], "no result for %d", n);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"response", test_response},
			       {"forged response", test_forged},
			       {"timeout", test_timeout},
			       {"unsent", test_unsent},
			       {"no such interface", test_port_beyond},
			       {"table full", test_table_full},
			       {"many", test_many},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("probes", tests) : 1;
}
