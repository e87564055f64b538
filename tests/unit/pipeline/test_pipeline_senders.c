/* SPDX-License-Identifier: BSD-3-Clause */
/* Which clients may query: addresses that no client can have, the allowed prefixes, and states in
 * which no query is accepted. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

#define FORWARDED DROP_NONE

static struct rig rig;

/* Sends one query from `source` and port to the service of its family, and checks the outcome. */
static void
play(const char *source, uint16_t port, enum drop_reason outcome)
{
	const struct address address = pipeline_address(source);
	struct pipeline_ends ends = rig_client_ends(&rig, !address_is_ipv4(&address));
	struct pipeline_dns query;
	char description[96];

	snprintf(description, sizeof(description), "query from %s port %u", source, port);
	rig_begin(&rig, description);
	ends.source = address;
	ends.source_port = port;
	pipeline_dns_query(&query, 9, "www.example.net", 1, 1);
	rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
	rig_run(&rig);
	if (outcome == FORWARDED)
		rig_take_from(&rig, RIG_FARM);
	else
		rig_expect_drop(&rig, outcome, 1);
	SUITE_ASSERT(rig_end(&rig) == 0, "%s", description);
}

static void
allow(struct snapshot **s, uint32_t count, const char *const ranges[][2])
{
	*s = pipeline_snapshot_resize(*s, count, (*s)->member_count, 0, 0);
	for (uint32_t i = 0; i < (*s)->service_count; i++)
		(*s)->services[i].allow_count = count;
	for (uint32_t i = 0; i < count; i++)
		(*s)->ranges[i] = (struct address_range){pipeline_address(ranges[i][0]),
							 pipeline_address(ranges[i][1])};
}

/* With all clients allowed: queries from these sources are dropped in any case (CVE-2024-2169 among
 * others). */
static void
test_bad_sources(void)
{
	static const char *const all_clients[][2] = {
		{"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}};
	static const struct {
		const char *source;
		uint16_t port;
		enum drop_reason outcome;
	} rows[] = {
		{"192.0.2.53", 53, DROP_query_bad_source},
		{"192.0.2.53", 40000, DROP_query_bad_source},
		{"2001:db8:1::53", 40000, DROP_query_bad_source},
		{"198.51.100.16", 53, DROP_query_bad_source},
		{"198.51.100.19", 50000, DROP_query_bad_source},
		{"2001:db8:2::16", 50000, DROP_query_bad_source},
		{"198.51.100.101", 53, DROP_query_bad_source},
		{"198.51.100.101", 5300, DROP_query_bad_source},
		{"198.51.100.101", 5301, FORWARDED},
		{"198.51.100.102", 53, DROP_query_bad_source},
		{"198.51.100.102", 5300, FORWARDED},
		{"2001:db8:2::101", 53, DROP_query_bad_source},
		{"2001:db8:2::101", 54, FORWARDED},
		{"0.0.0.0", 40000, DROP_query_bad_source},
		{"0.1.2.3", 40000, DROP_query_bad_source},
		{"1.0.0.0", 40000, FORWARDED},
		{"127.0.0.1", 40000, DROP_query_bad_source},
		{"127.255.255.255", 40000, DROP_query_bad_source},
		{"128.0.0.1", 40000, FORWARDED},
		{"223.255.255.255", 40000, FORWARDED},
		{"224.0.0.1", 40000, DROP_query_bad_source},
		{"240.0.0.1", 40000, DROP_query_bad_source},
		{"255.255.255.255", 40000, DROP_query_bad_source},
		{"::", 40000, DROP_query_bad_source},
		{"::1", 40000, DROP_query_bad_source},
		{"::2", 40000, FORWARDED},
		{"ff02::1", 40000, DROP_query_bad_source},
		{"fe80::1", 40000, FORWARDED},
		{"192.0.2.2", 0, DROP_query_bad_source},
		{"192.0.2.2", 1, FORWARDED},
		{"192.0.2.2", 53, FORWARDED},
		{"192.0.2.2", 65535, FORWARDED},
	};
	struct snapshot *s = pipeline_snapshot_new();

	rig_open(&rig, NULL);
	allow(&s, 1, all_clients);
	rig_publish(&rig, s);
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		play(rows[i].source, rows[i].port, rows[i].outcome);
	rig_close(&rig);
}

static void
test_allowed(void)
{
	static const char *const ranges[][2] = {
		{"10.0.0.0", "10.0.0.255"},
		{"10.0.2.7", "10.0.2.7"},
		{"192.168.0.0", "192.168.255.255"},
		{"2001:db8:a::", "2001:db8:a:ffff:ffff:ffff:ffff:ffff"},
		{"2001:db8:c::1", "2001:db8:c::1"},
	};
	static const struct {
		const char *source;
		bool allowed;
	} rows[] = {
		{"9.255.255.255", false},
		{"10.0.0.0", true},
		{"10.0.0.128", true},
		{"10.0.0.255", true},
		{"10.0.1.0", false},
		{"10.0.2.6", false},
		{"10.0.2.7", true},
		{"10.0.2.8", false},
		{"192.167.255.255", false},
		{"192.168.0.0", true},
		{"192.168.255.255", true},
		{"192.169.0.0", false},
		{"2001:db8:9:ffff:ffff:ffff:ffff:ffff", false},
		{"2001:db8:a::", true},
		{"2001:db8:a:ffff:ffff:ffff:ffff:ffff", true},
		{"2001:db8:b::", false},
		{"2001:db8:c::", false},
		{"2001:db8:c::1", true},
		{"2001:db8:c::2", false},
		{"2002::1", false},
		{"::a00:1", false},
	};

	rig_open(&rig, NULL);
	for (uint32_t count = 0; count <= RTE_DIM(ranges); count++) {
		struct snapshot *s = pipeline_snapshot_new();

		allow(&s, count, ranges);
		rig_publish(&rig, s);
		for (size_t i = 0; i < RTE_DIM(rows); i++) {
			const struct address a = pipeline_address(rows[i].source);
			bool allowed = false;

			for (uint32_t r = 0; r < count; r++)
				allowed |= memcmp(a.bytes, s->ranges[r].first.bytes, 16) >= 0 &&
					   memcmp(a.bytes, s->ranges[r].last.bytes, 16) <= 0;
			if (count == RTE_DIM(ranges))
				SUITE_ASSERT(allowed == rows[i].allowed, "row %s", rows[i].source);
			play(rows[i].source, 40000, allowed ? FORWARDED : DROP_query_not_allowed);
		}
	}
	rig_close(&rig);
}

/* While shutting down no query is accepted, but responses to those in flight are. */
static void
test_draining(void)
{
	struct pipeline_ends ends;
	const struct pipeline_sent *asked;
	struct pipeline_dns query, response;

	rig_open(&rig, NULL);
	ends = rig_client_ends(&rig, false);
	rig_begin(&rig, "draining");
	pipeline_dns_query(&query, 10, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	rig.draining = true;
	rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_draining, 1);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	rig_response(&rig, asked, &response);
	rig_take_from(&rig, RIG_CLIENTS);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

static void
test_no_snapshot(void)
{
	struct pipeline_ends ends;
	struct pipeline_frame frame;
	struct pipeline_dns query;

	rig_open(&rig, NULL);
	ends = rig_client_ends(&rig, false);
	rig_publish(&rig, NULL);
	rig_begin(&rig, "before the first snapshot");
	pipeline_dns_query(&query, 10, "www.example.net", 1, 1);
	pipeline_frame_make(&frame, &ends, NULL, query.message, (uint32_t)query.bytes);
	rig_inject_frame(&rig, RIG_CLIENTS, &frame);
	frame.frame[12] = 0x12;
	rig_inject_frame(&rig, RIG_CLIENTS, &frame);
	rig_order_probe(&rig, 0, 1000, 1);
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_no_snapshot, 1);
	rig_expect_drop(&rig, DROP_ethertype, 1);
	rig_expect_drop(&rig, DROP_probe_unsent, 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_publish(&rig, pipeline_snapshot_new());
	rig_begin(&rig, "after the first snapshot");
	rig_exchange(&rig, false, &query, 0);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* Which addresses and ports accept queries: active services only. */
static void
test_destinations(void)
{
	static const struct {
		const char *destination;
		uint16_t port;
		enum drop_reason outcome;
	} rows[] = {
		{"192.0.2.53", 53, FORWARDED},
		{"192.0.2.53", 5353, FORWARDED},
		{"192.0.2.53", 54, DROP_not_ours},
		{"192.0.2.53", 0, DROP_not_ours},
		{"2001:db8:1::53", 53, FORWARDED},
		{"2001:db8:1::53", 5353, DROP_not_ours},
		{"192.0.2.54", 53, DROP_not_ours},
		{"255.255.255.255", 53, DROP_not_ours},
		{"198.51.100.101", 53, DROP_not_ours},
		{"198.51.100.16", 53, DROP_response_bad_header},
		{"198.51.100.16", 50000, DROP_response_bad_header},
	};
	struct pipeline_dns query;

	rig_open(&rig, NULL);
	pipeline_dns_query(&query, 10, "www.example.net", 1, 1);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		const struct address to = pipeline_address(rows[i].destination);
		struct pipeline_ends ends = rig_client_ends(&rig, !address_is_ipv4(&to)), back;
		const struct pipeline_sent *asked, *delivered;
		struct pipeline_dns response;

		rig_begin(&rig, rows[i].destination);
		ends.destination = to;
		ends.destination_port = rows[i].port;
		back = pipeline_ends_back(&ends);
		if (rows[i].outcome == FORWARDED) {
			asked = rig_ask(&rig, &ends, &query);
			pipeline_dns_response(&response, asked->frame + asked->dns,
					      asked->dns_bytes, 0, 0);
			rig_response(&rig, asked, &response);
			delivered = rig_take_from(&rig, RIG_CLIENTS);
			rig_check(&rig, pipeline_ends_equal(&delivered->ends, &back),
				  "wrong addresses or ports of the response");
		} else {
			rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
			rig_expect_drop(&rig, rows[i].outcome, 1);
		}
		SUITE_ASSERT(rig_end(&rig) == 0, "to %s port %u", rows[i].destination,
			     rows[i].port);
	}
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"sources that no client can have", test_bad_sources},
			       {"allowed prefixes", test_allowed},
			       {"draining", test_draining},
			       {"no snapshot", test_no_snapshot},
			       {"destinations", test_destinations},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("senders", tests) : 1;
}
